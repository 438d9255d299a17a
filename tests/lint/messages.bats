#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the tool says to people, read from the calls that say it: each message is quoted by a test.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/../.." || return
	calls=$BATS_TEST_TMPDIR/calls
	# what is said when memory has run out, what is no message, and what tests/cli/docs.bats looks for in each help
	awk -f tests/lint/calls.awk cli/main.c cli/*/*.c | grep -vE '"(out of memory|the process|%s[^"]*\\vColumns)"$' >"$calls"
	tests=(tests/cli/*.bats tests/faults/*.bats)
	while read -r file; do tests+=("$file"); done < <(find tests/host -name '*.bats')
}

@test "every message is quoted by a test" {
	(($(wc -l <"$calls") > 200))
	run awk -f tests/lint/messages.awk "$calls" "${tests[@]}"
	assert_success
	assert_output ''
}

@test "a message that no test quotes is found" {
	cat >"$BATS_TEST_TMPDIR/said.c" <<-'END'
		static int one(struct error *err)
		{
			return error_set(err, STATUS_FAILED, EIO, "there is no such thing \"%s\": "
								  "what now?", strerror(EIO));
		}

		static void others(struct item *item, char **text, int i)
		{
			item_set(item, ITEM_OK, "%s: no thing", item->name);
			text_add(text, "%d is a thing: use it", i);
			complain(NULL, "%s is a thing",
				 item->name);
			text_add(text, "%s", item->name);
			text_add(text, "-%d", i);
			printf("what is not a message\n");
		}
	END
	awk -f tests/lint/calls.awk "$BATS_TEST_TMPDIR/said.c" >>"$calls"
	printf '@%s\n' 'test "there is no such thing" {' '' >"$BATS_TEST_TMPDIR/test.bats"
	printf '\t%s\n' '# : no thing' 'says "12 is a thing: use it"' >>"$BATS_TEST_TMPDIR/test.bats"
	run awk -f tests/lint/messages.awk "$calls" "$BATS_TEST_TMPDIR/test.bats" "${tests[@]}"
	assert_success
	assert_equal "$(sort <<<"$output")" $'SAID_3\nSAID_9'
}
