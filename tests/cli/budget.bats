#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What a call costs, counted in instructions against a tool of the same kind.

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
