#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The libraries that a call loads, and what it says where there are none.

bats_require_minimum_version 1.5.0
load common

# A directory whose libraries are none, or have no functions.
broken_libraries() {
	local dir=$BATS_TEST_TMPDIR/$1 name

	mkdir "$dir"
	for name in libsmartcols.so.1 libjson-c.so.5; do
		"broken_$1" "$dir/$name"
	done
	echo "$dir"
}

broken_none() {
	: >"$1"
}

broken_empty() {
	echo 'int nothing;' | gcc -shared -fPIC -x c -o "$1" -
}

# missing LIBRARY PACKAGE ADVICE ARGS...: the call says so, and does nothing
missing() {
	run kvm_htab "${@:4}"
	assert_failure 1
	assert_line --index 0 --partial "kvm-htab: cannot load a library: "
	assert_line --index 0 --partial "$1"
	assert_line --index 0 --partial "install it (Debian: $2)$3"
	refute_line --index 1 --regexp .
}

@test "a missing library is an error that says what to do, before anything is done" {
	for what in none empty; do
		LD_LIBRARY_PATH=$(broken_libraries $what)
		export LD_LIBRARY_PATH
		missing libsmartcols libsmartcols1 ', or use --raw' pool-status --sysroot "$POWER"
		missing libsmartcols libsmartcols1 ', or use --raw' reset --vm "$BATS_TEST_TMPDIR/no.sock"
		missing libjson-c libjson-c5 '' pool-status --json --sysroot "$POWER"
		# its answer to the VMM is JSON
		missing libjson-c libjson-c5 '' reset --raw --vm "$BATS_TEST_TMPDIR/no.sock"
	done
}

@test "raw and quiet need no library but the C library" {
	LD_LIBRARY_PATH=$(broken_libraries none)
	export LD_LIBRARY_PATH
	for form in --raw --quiet --help; do
		run kvm_htab pool-status --sysroot "$POWER" $form
		assert_success
	done
}

# loads LIBRARY ARGS...: whether the call looks for it
loads() {
	LD_DEBUG=libs kvm_htab "${@:2}" --sysroot "$POWER" 2>&1 | grep -q "find library=$1"
}

@test "libkmod, which costs more than all else, is for doctor alone" {
	loads libkmod.so doctor
	for command in pool-status "fit --order 24" list "inspect --all" "vm-status --vm fd:77" "reset --vm fd:77" \
		"resize --vm fd:77 --order 24"; do
		read -r -a words <<<"$command"
		loads libc.so "${words[@]}"
		! loads libkmod.so "${words[@]}" || fail "$command loads it"
	done
}
