#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The messages of the tool, which are all in cli/messages.h: each is used, and tested.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/../.." || return
}

@test "every message is quoted by a test" {
	run awk -f tests/lint/messages.awk cli/messages.h tests/cli/*.bats tests/host/*.bats
	assert_success
	assert_output ''
}

@test "what doctor says of its items is quoted by a test" {
	awk -f tests/lint/items.awk cli/doctor*.c >"$BATS_TEST_TMPDIR/items.h"
	(($(grep -c '^#define MSG_DOCTOR_' "$BATS_TEST_TMPDIR/items.h") > 80))
	run awk -f tests/lint/messages.awk "$BATS_TEST_TMPDIR/items.h" tests/cli/doctor.bats tests/host/*.bats
	assert_success
	run awk 'FNR == NR { missed["#define " $1]; next } ($1 " " $2) in missed' - "$BATS_TEST_TMPDIR/items.h" <<<"$output"
	assert_output ''
}

@test "a message that no test quotes is found" {
	cp cli/messages.h "$BATS_TEST_TMPDIR"
	cat >>"$BATS_TEST_TMPDIR/messages.h" <<-'END'
		#define MSG_ONE "there is no such thing \"%s\": " \
			"what now?"
		#define MSG_TWO "%s: no thing"
		#define MSG_THREE "%s is a thing: use it"
		#define MSG_FOUR "%s is a thing"
	END
	printf '@%s\n' 'test "there is no such thing" {' '' >"$BATS_TEST_TMPDIR/test.bats"
	printf '\t%s\n' '# : no thing' 'says "12 is a thing: use it"' >>"$BATS_TEST_TMPDIR/test.bats"
	run awk -f tests/lint/messages.awk "$BATS_TEST_TMPDIR/messages.h" "$BATS_TEST_TMPDIR/test.bats" \
		tests/cli/*.bats tests/host/*.bats
	assert_success
	assert_equal "$(sort <<<"$output")" $'MSG_ONE\nMSG_TWO'
}

@test "every message is used" {
	local name
	sed -n 's/^#define \(MSG_[A-Z_]*\).*/\1/p' cli/messages.h | while read -r name; do
		grep -qw "$name" cli/*.c || echo "$name"
	done >"$BATS_TEST_TMPDIR/unused"
	run cat "$BATS_TEST_TMPDIR/unused"
	assert_output ''
}

# The exceptions are about a lack of memory.
@test "no message is written elsewhere" {
	run bash -c 'grep -nE "\b(complain|argp_error|options_fail|error_set|error_append|process_error)\(" cli/*.c |
		grep -vE "\"(out of memory|the process)\"" |
		grep -E "^[^\"]*(\"[^\"]*\"[^\"]*)*\"[^\"]*[a-z]{3}[^\"]*\""'
	assert_output ''
}
