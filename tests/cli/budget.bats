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

	ours=$(instructions "$KVM_HTAB" "${@:2}" --sysroot "${HOST_TREE:-$POWER}")
	echo "# kvm-htab ${*:2}: $ours instructions, hugeadm $hugeadm" >&3
	((ours * 10 < hugeadm * $1))
}

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

# measure_hugeadm: what it takes, into $hugeadm
measure_hugeadm() {
	hugeadm --pool-list >/dev/null # needs a kernel with huge pages
	hugeadm=$(instructions hugeadm --pool-list)
	((hugeadm > 0))
}

@test "raw and fit take less than twice the instructions of hugeadm, JSON 2.5 times, the table 4 times" {
	measure_hugeadm
	within 20 pool-status --raw
	within 20 pool-status --quiet
	within 20 fit --quiet --ram 64G
	within 25 pool-status --json
	within 40 pool-status
}

@test "the same where a VM is listed" {
	HOST_TREE=$TREES/power9-6.1
	measure_hugeadm
	within 20 pool-status --raw
	within 25 pool-status --json
	within 40 pool-status
}

# Who uses the pool is in the processes there, which the short forms leave alone.
@test "the same on a kernel without the series and with many processes, of which none is a VMM" {
	HOST_TREE=$(tree stock-6.1-debugfs)
	for pid in {1000..1199}; do
		mkdir -p "$HOST_TREE/proc/$pid/fd"
		ln -s /dev/null "$HOST_TREE/proc/$pid/fd/0"
	done
	measure_hugeadm
	within 20 pool-status --raw
	within 20 fit --quiet --ram 64G
	within 25 pool-status --json
	within 40 pool-status
}

# missing LIBRARY PACKAGE ADVICE ARGS...: the call says so, and does nothing
missing() {
	run kvm_htab "${@:4}"
	assert_failure 1
	assert_line --index 0 --partial "kvm-htab: a library is missing: "
	assert_line --index 0 --partial "$1"
	assert_line --index 0 --partial "install it (Debian: $2)$3"
	refute_line --index 1 --regexp .
}

@test "a missing library is an error that says what to do, before anything is done" {
	for what in none empty; do
		LD_LIBRARY_PATH=$(broken_libraries $what)
		export LD_LIBRARY_PATH
		missing libsmartcols libsmartcols1 ', or do without tables: --raw' pool-status --sysroot "$POWER"
		missing libsmartcols libsmartcols1 ', or do without tables: --raw' reset --vm "$BATS_TEST_TMPDIR/no.sock"
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
	for command in pool-status "fit --order 24" list "vm-status --vm fd:77" "reset --vm fd:77" \
		"resize --vm fd:77 --order 24"; do
		read -r -a words <<<"$command"
		loads libc.so "${words[@]}"
		! loads libkmod.so "${words[@]}" || fail "$command loads it"
	done
}
