# SPDX-License-Identifier: GPL-2.0-only
#
# If old and new table do not fit at the same time, the new one includes the place of the old one. The pool is filled
# for that, so that the only other way is mainline's: free first, then allocate.
#
# Runs on: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 16 s

bats_require_minimum_version 1.5.0
load fixture

setup() {
	pool_before
	only_patched_kernel "growing in place"
	one_block
}

first_vm() {
	vm_start
	vm hash >/dev/null 2>&1 || :
	vm allocate2 "$1"
}

# Orders from 25 up, which the page allocator never has
@test "a table grows into what is free behind it" {
	first_vm 25
	neighbour behind 25
	fill_pool
	vm run
	local n entries
	n=$(in_place)
	entries=$(vm entries)

	run vm allocate 26
	assert_output ENOMEM
	assert_equal "$(vm entries)" "$entries"
	run vm info
	assert_output --partial 'order=25 source=1 flags=0x2 '

	vm_end behind
	run vm allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(in_place)" $((n + 1))
	assert_equal "$(vm entries)" 0
	vm run
	assert_equal "$(vm entries)" "$entries"
	assert_equal "$(host cat /sys/kernel/kvm_htab/pool/largest_free_order)" 0
}

@test "a table grows into what is free before it" {
	neighbour front 25
	first_vm 25
	fill_pool
	vm run
	vm_end front
	local n
	n=$(in_place)

	run vm allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(in_place)" $((n + 1))
	assert_equal "$(vm entries)" 0
	vm run
}

@test "a table grows into what is free on both sides, and gives it back when it shrinks" {
	neighbour corner 25
	neighbour front 25
	first_vm 26
	neighbour behind 25
	fill_pool
	local used
	used=$(pool_used)
	vm_end front behind
	vm run

	run vm allocate2 27
	assert_output 'order=27 source=1'
	assert_equal "$(pool_used)" "$used"
	vm run

	# Room for both would not be there
	run vm allocate2 25
	assert_output 'order=25 source=1'
	assert_equal "$(vm entries)" 0
	assert_equal "$(pool_used)" $((used - (1 << 27) + (1 << 25)))
	vm run
	run vm info
	assert_output --partial 'order=25 source=1 flags=0x2 '
}

@test "no room in one piece even with its own place: ENOMEM, table and entries are kept" {
	first_vm 25
	neighbour behind 25
	fill_pool
	vm_end behind
	vm run
	local entries
	entries=$(vm entries)

	run vm allocate 27
	assert_output ENOMEM
	assert_equal "$(vm entries)" "$entries"
	# and what was found beside it is free as before
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 25
	run vm allocate2 27 18
	assert_output 'order=26 source=1'
}

@test "a larger table around the old one beats a smaller one" {
	first_vm 25
	neighbour behind 25
	fill_pool
	vm_end behind
	local fallbacks
	fallbacks=$(host cat /sys/kernel/kvm_htab/stats/fallbacks)
	run vm allocate2 28 18
	assert_output 'order=26 source=1'
	assert_equal "$(host cat /sys/kernel/kvm_htab/stats/fallbacks)" $((fallbacks + 1))
}
