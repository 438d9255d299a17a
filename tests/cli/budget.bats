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

# json_within TENTHS ARGS...: the same of JSON. hugeadm looks at each size of huge pages; where the kernel has but one it
# takes less, and three times that is allowed.
json_within() {
	local sizes=(/sys/kernel/mm/hugepages/*) tenths=$1

	((${#sizes[@]} > 1)) || tenths=30
	within "$tenths" "${@:2}" --json
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
	json_within 25 pool-status
	within 40 pool-status
}

# It has a row, and is named where its table is in the pool.
@test "the same where a VM is listed, JSON 2.7 times" {
	HOST_TREE=$TREES/power10-6.1
	measure_hugeadm
	within 20 pool-status --raw
	json_within 27 pool-status
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
	json_within 25 pool-status
	within 40 pool-status
}

# crowd N: $HOST_TREE is a host with the series and N VMs, each with a table in the pool, a process and a domain
crowd() {
	HOST_TREE=$BATS_TEST_TMPDIR/crowd$1
	cp -r "$TREES/power9-6.1" "$HOST_TREE"
	rm -r "$HOST_TREE"/sys/kernel/kvm_htab/vm/* "$HOST_TREE"/sys/kernel/debug/kvm_htab/pool
	mkdir -p "$HOST_TREE/run/libvirt/qemu"
	(
		cd "$HOST_TREE" || exit
		seq "$1" | awk '{ printf "sys/kernel/kvm_htab/vm/%d%cproc/%d/fd%c", $1, 0, $1 + 100, 0 }' | xargs -0 mkdir -p
		# one process for all of them
		perl -e 'symlink "anon_inode:kvm-vm", "proc/$_/fd/9" or die $! for 101 .. 100 + $ARGV[0]' "$1"
		seq "$1" | awk -v n="$1" '
			function put(path, text) { print text >path; close(path) }
			{
				vm = "sys/kernel/kvm_htab/vm/" $1 "/"
				put(vm "order", 24); put(vm "table_bytes", 16777216); put(vm "revmap_bytes", 16777216)
				put(vm "vcpus_running", 0); put(vm "source", "pool"); put(vm "mmu", "hash")
				put(vm "ready", 1); put(vm "resizing", 0); put(vm "offered", 0); put(vm "owner", 0)
				put(vm "pid", $1 + 100)
				put("proc/" $1 + 100 "/comm", "qemu")
				put("run/libvirt/qemu/vm" $1 ".pid", n + 101 - $1)
				print ($1 - 1) * 64, 64, "vm", $1 >"sys/kernel/debug/kvm_htab/pool"
			}'
	)
}

# per_vm N ARGS...: instructions of the program in a crowd, for each VM
per_vm() {
	local ours

	ours=$(instructions "$KVM_HTAB" "${@:2}" --sysroot "$BATS_TEST_TMPDIR/crowd$1")
	echo $((ours / $1))
}

# as_many COMMAND...: fails unless the instructions for each of 10,000 VMs are those for each of 1,000, within a fifth
as_many() {
	local few many

	few=$(per_vm 1000 "$@") many=$(per_vm 10000 "$@")
	echo "# kvm-htab $*: $few instructions for each of 1,000 VMs, $many of 10,000" >&3
	((many * 10 < few * 12)) || fail "$*: $few, $many"
}

@test "instructions for a VM are the same with 10,000 VMs as with 1,000, with and without the series" {
	local n
	crowd 1000
	crowd 10000
	as_many list --raw
	as_many list --json
	as_many pool-status --map
	for n in 1000 10000; do
		rm -r "$BATS_TEST_TMPDIR/crowd$n"/sys/kernel/{kvm_htab,debug/kvm_htab}
		echo $n >"$BATS_TEST_TMPDIR/crowd$n/sys/module/kvm_hv/refcnt"
	done
	as_many list --raw
}
