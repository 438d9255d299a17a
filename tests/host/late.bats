# SPDX-License-Identifier: GPL-2.0-only
#
# A guest that ran with radix first and gets its hashed page table late, as a Linux guest does that asks for the hash
# MMU when it negotiates with its hypervisor; and back again. POWER8 has no radix MMU: see hashonly.bats.
#
# Runs on: powernv9; lines: all; kernels: series
# Runs on: powernv10; lines: first; kernels: series
# Check-long: powernv9 powernv10; lines: all; kernels: series modules
# Takes: 14 s

load fixture

setup() {
	vm_with_table 0
}

# is FLAGS ORDER: what INFO says, and that the pool has lost what that takes
is() {
	run vm info
	assert_output --partial "order=$2 source=$(($2 > 0)) flags=$1 vcpus_running=0 "
	pool_gave $(($2 ? 1 << $2 : 0))
}

# A radix guest computes, in guest real mode, until it is stopped. [FLAGS] before that: 0x1, or 0x3 if it has run before
run_radix() {
	is "${1:-0x1}" 0
	vm run-loop
	run vm info
	assert_output --partial 'order=0 source=0 flags=0x3 vcpus_running=1 '
	vm stop
	is 0x3 0
}

# And a hash guest uses its table and leaves entries.
run_hash() {
	run vm run
	assert_success
	is 0x2 "$1"
	run vm entries
	assert_output "$(entries_after_run "$1")"
}

@test "radix, hash by KVM_PPC_CONFIGURE_V3_MMU, a table, hash" {
	run_radix
	run vm hash
	assert_success
	is 0x2 0
	run vm allocate 22
	assert_success
	is 0 22
	run_hash 22
}

@test "radix, hash by KVM_PPC_CONFIGURE_V3_MMU, no request: the default order" {
	run_radix
	vm hash
	run_hash 24
}

@test "radix, a table by KVM_PPC_ALLOCATE_HTAB, which makes it hash" {
	run_radix
	run vm allocate 25
	assert_success
	is 0 25
	run_hash 25
	# the one that says what it is already changes nothing
	run vm hash
	assert_success
	is 0x2 25
	run vm entries
	assert_output "$(entries_after_run)"
}

@test "radix, a table by KVM_PPC_ALLOCATE_HTAB2, with and without KEEP" {
	local flags
	for flags in 0 1 2 3; do
		run_radix "0x$((flags ? 3 : 1))"
		run vm allocate2 24 18 $flags
		assert_success
		assert_output "order=24 source=$((flags & 2 ? 2 : 1))"
		run vm run
		assert_success
		run vm entries
		assert_output "$(entries_after_run)"
		vm radix
	done
}

@test "radix, a reset: nothing to do, and radix it stays" {
	run_radix
	run vm allocate2 0 0 1
	assert_success
	assert_output 'order=0 source=0'
	run_radix 0x3
}

@test "a radix guest that runs is not made hash" {
	vm run-loop
	run vm allocate 24
	assert_output EBUSY
	run vm allocate2 24 18 3
	assert_output EBUSY
	run vm hash
	assert_output EBUSY
	run vm info
	assert_output --partial 'order=0 source=0 flags=0x3 vcpus_running=1 '
	vm stop
	run_radix 0x3
}

@test "there and back, several times, on the same vCPU" {
	local order has_run=0x1
	for order in 24 26 18; do
		run_radix $has_run
		has_run=0x3
		vm allocate $order
		run_hash $order
		# the table is given up
		run vm radix
		assert_success
		is 0x3 0
		run_radix 0x3
		vm hash
		run_hash 24
		vm radix
	done
}
