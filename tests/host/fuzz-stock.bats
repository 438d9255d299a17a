# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzer finds the defects of an unpatched kernel, numbered as in kernel/README.md, within a minute each.
#
# UBSAN reports each place once per boot, and a vCPU or VM that the kernel has left behind stays: the order of the
# tests matters. The operations are those that lead to the defect in question and not to one before it.
#
# Check-long: powernv9; lines: all; kernels: stock
# Takes: 30 s

load host

setup_file() {
	[[ $HOST_STOCK == 1 ]] || skip "these are defects of the unpatched kernel"
	host_boot --no-panic
}

# finds PATTERN OPERATIONS [EXCUSED]
finds() {
	run host_limit 120 fuzz-htab --seconds 60 --only "$2" ${3:+--excuse "$3"}
	echo "# ${lines[0]}; $(grep -o -m 1 'FAILED in sequence.*,' <<<"$output")" >&3
	assert_failure 1
	assert_line --regexp '^FAILED in sequence [0-9]+, step [0-9]+; again: --seed 0x[0-9a-f]+ --sequences 1$'
	assert_line --regexp "$1"
}

@test "9: a VM freed after a failed request releases page 0 to the pool" {
	finds 'in the kernel log: UBSAN: shift-out-of-bounds in .*book3s_64_mmu_hv.c' \
		hash,allocate,allocate-odd,close 1,2
}

@test "2: a refused or failed change of size has freed the table already" {
	finds '^pool, .*: a table is there whose memory is free$' hash,allocate
	finds '^pool, .*: a table is there whose memory is free$' hash,allocate,allocate-odd,close 1
}

@test "7: a prepared resize is leaked when its VM ends" {
	finds '^pool, .*: (memory is taken that belongs to no table|what the pool has lost is not .*)$' \
		hash,prepare,close 3
}

@test "3: RESIZE_HPT_COMMIT before a vCPU has run" {
	finds 'WARNING: .*kvm_vm_ioctl_resize_hpt_commit' hash,prepare,commit 7
}

@test "8: two bolted entries that want the same place in a larger table" {
	finds 'in the kernel log: kernel BUG at .*book3s_64_mmu_hv.c' hash,prepare,commit,run,collide 3,7,10
}

@test "1: order 0 on a VM without a table" {
	finds 'in the kernel log: BUG: Kernel NULL pointer dereference' allocate-odd 2
}
