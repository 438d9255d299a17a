#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What a call costs, counted in instructions against a tool of the same kind, and what it loads for that.

bats_require_minimum_version 1.5.0
load common

# instructions COMMAND...: how many it executes, its output thrown away
instructions() {
	local log=$BATS_TEST_TMPDIR/callgrind

	LC_ALL=C valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" "$@" >/dev/null
	sed -n 's/.*Collected : //p' "$log"
}

# within TENTHS COMMAND ARGS...: at most so many tenths of what hugeadm takes
within() {
	local ours

	ours=$(instructions "$KVM_HTAB" "${@:2}" --sysroot "$POWER")
	echo "# kvm-htab ${*:2}: $ours instructions, hugeadm $hugeadm" >&3
	((ours * 10 < hugeadm * $1))
}

# A directory whose libsmartcols is no library, or one without functions.
broken_library() {
	mkdir "$BATS_TEST_TMPDIR/$1"
	"broken_$1" "$BATS_TEST_TMPDIR/$1/libsmartcols.so.1"
	echo "$BATS_TEST_TMPDIR/$1"
}

broken_none() {
	: >"$1"
}

broken_empty() {
	echo 'int nothing;' | gcc -shared -fPIC -x c -o "$1" -
}

@test "raw takes less than twice the instructions of hugeadm, JSON 2.5 times, the table 4 times" {
	hugeadm --pool-list >/dev/null # needs a kernel with huge pages
	hugeadm=$(instructions hugeadm --pool-list)
	((hugeadm > 0))
	within 20 pool-status --raw
	within 20 pool-status --quiet
	within 25 pool-status --json
	within 40 pool-status
}

@test "a missing library is an error that says what to do, before anything is done" {
	for what in none empty; do
		LD_LIBRARY_PATH=$(broken_library $what)
		export LD_LIBRARY_PATH
		for args in "pool-status --sysroot $POWER" "reset --vm $BATS_TEST_TMPDIR/no.sock"; do
			# shellcheck disable=SC2086
			run kvm_htab $args
			assert_failure 1
			assert_line --index 0 --partial "kvm-htab: a library is missing: "
			assert_line --index 0 --partial "libsmartcols"
			assert_line --index 0 --partial "install it (Debian: libsmartcols1), or do without tables: --raw"
			refute_line --index 1 --regexp .
		done
	done
}

@test "raw, JSON and quiet need no library but the C library" {
	LD_LIBRARY_PATH=$(broken_library none)
	export LD_LIBRARY_PATH
	for form in --raw --json --quiet --help; do
		run kvm_htab pool-status --sysroot "$POWER" $form
		assert_success
	done
}
