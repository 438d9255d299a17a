#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Which patches differ between kernel lines is listed, and the check of that notices what is not.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/../.." || return
}

@test "kernel/README.md lists the patches that differ between lines" {
	run kernel/scripts/lines-check
	assert_success
	refute_line --regexp '^kernel: '
	assert_line --regexp '^[0-9. =,]+: '
}

# patch LINE NUMBER SUBJECT CONTEXT ADDED
patch() {
	mkdir -p "patches/$1"
	cat >"patches/$1/$2.patch" <<-END
		From: A
		Subject: [PATCH] KVM: PPC: Book3S HV: $3

		Text.
		---
		diff --git a/file b/file
		--- a/file
		+++ b/file
		@@ -1 +1,2 @@
		 $4
		+$5
	END
}

# Two lines with three patches: one is the same but for its context, one differs, and one is 6's alone.
toy_lines() {
	mkdir "$BATS_TEST_TMPDIR/kernel"
	cp -r scripts "$BATS_TEST_TMPDIR/"
	cp -r kernel/scripts "$BATS_TEST_TMPDIR/kernel/"
	cd "$BATS_TEST_TMPDIR/kernel" || return
	mkdir lines
	touch lines/{5,6}
	patch 5 0001 'Same' before added
	patch 6 0001 'Same' behind added
	patch 5 0002 'Other' context five
	patch 6 0002 'Other' context six
	patch 6 0003 'Own' context own
	cat >README.md <<-END
		### Where the lines differ

		| patch | lines | why |
		|---|---|---|
		| Other | 5, 6 | a number |
		| Own | 6 | its own |

		### And so on

		| Same | 5, 6 | no longer of that table |
	END
}

@test "the check of that says what differs, and is content if it is listed" {
	toy_lines
	run scripts/lines-check
	assert_success
	assert_output "$(printf '%s\n' '5, 6: Other' '6: Own')"
}

@test "it notices a patch that has come to differ, and one that is missing in a line" {
	toy_lines
	patch 6 0001 'Same' before changed
	run scripts/lines-check
	assert_failure 1
	assert_output --partial 'differs, and kernel/README.md does not list it so: | Same | 5, 6 |'
	rm patches/6/0001.patch
	run scripts/lines-check
	assert_failure 1
	assert_output --partial 'does not list it so: | Same | 5 |'
}

@test "it notices an entry for what does not differ any longer" {
	toy_lines
	patch 6 0002 'Other' context five
	run scripts/lines-check
	assert_failure 1
	assert_output --partial 'does not differ as kernel/README.md lists it: | Other | 5, 6 |'
}

@test "it notices another order" {
	toy_lines
	mv patches/6/0002.patch patches/6/0000.patch
	run scripts/lines-check
	assert_failure 1
	assert_output --partial 'lines 5 and 6 have patches in another order'
}

@test "it notices an entry that is taken away" {
	toy_lines
	sed -i '/^| Own/d' README.md
	run scripts/lines-check
	assert_failure 1
	assert_output --partial 'does not list it so: | Own | 6 |'
}
