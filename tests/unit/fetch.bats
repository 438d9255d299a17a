#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# How entries are fetched after a table was moved, as a model in which memory is as weak as on POWER: see fetch.pml. Spin
# goes through all that can happen, and has to find an error if something is left out.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_TMPDIR" || return
}

# spin_finds [WHAT IS LEFT OUT]
spin_finds() {
	spin -a ${1:+-D"$1"} "$BATS_TEST_DIRNAME/fetch.pml" >/dev/null &&
		"${CC:-gcc}" -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c &&
		./pan -m100000 >out || return
	sed -n 's/^pan:1: //p; s/.*, \(errors: [0-9]*\)$/\1/p; s/^error: //p' out
}

@test "nothing goes wrong" {
	run spin_finds
	assert_output 'errors: 0'
	# Each of them has come to its end
	run grep -A1 -E '^unreached in (proctype (worker|remover|reader|hardware)|init)$' out
	assert_equal "$(grep -c '(0 of' <<<"$output")" 5
}

# left_out WHAT ERROR
left_out() {
	run spin_finds "$1"
	assert_line --partial "$2"
	assert_line 'errors: 1'
}

@test "without a barrier between the halves of an entry, hardware finds one half" {
	left_out NO_EIEIO 'assertion violated (r&1)'
}

@test "without a release before the mark, who finds the mark does not find the entry" {
	left_out NO_RELEASE 'assertion violated (v&1)'
}

@test "without an acquire of the mark, the same" {
	left_out NO_ACQUIRE 'assertion violated'
}

@test "without the lock, what was removed comes back" {
	left_out NO_LOCK 'assertion violated'
}

@test "without waiting before the end is told, who is told does not find the entry" {
	left_out NO_FIRST_WAIT 'assertion violated'
}

@test "without waiting afterwards, somebody looks into memory that was given back" {
	left_out NO_SECOND_WAIT 'assertion violated  !(freed)'
}

@test "who does not fetch does not find the entry" {
	left_out NO_FETCH 'assertion violated (v&1)'
}
