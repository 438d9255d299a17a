# SPDX-License-Identifier: GPL-2.0-only
#
# A host without a radix MMU, which only POWER8 is: its guests are hash guests from the start and stay so.
#
# Runs on: powernv8; lines: all; kernels: series
# Check-long: powernv8; lines: all; kernels: modules
# Takes: 5 s

load fixture

setup() {
	vm_with_table 0
}

# has FLAGS ORDER: what INFO says
has() {
	run vm info
	assert_output --partial "order=$2 source=$(($2 > 0)) flags=$1 vcpus_running=0 "
}

@test "a host without radix refuses it, before the guest has run and after" {
	has 0 0
	run vm radix
	assert_output ENODEV
	# it has no choice, and no request to choose
	run vm hash
	assert_output ENODEV
	has 0 0
	vm allocate 24
	run vm run
	assert_success
	has 0x2 24
	run vm radix
	assert_output ENODEV
	has 0x2 24
	run vm entries
	assert_output "$(entries_after_run)"
}
