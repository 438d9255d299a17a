# SPDX-License-Identifier: GPL-2.0-only
#
# What a command says on a terminal while it waits. The tool alone: one machine is enough.
#
# Check-long: powernv9; lines: first; kernels: series
# Takes: 15 s

bats_require_minimum_version 1.5.0
load fixture

@test "--wait says what it waits for, until the VM is offered" {
	vm permit
	vm run-loop
	vm offer @progress
	host '(sleep 4; vmm ctl vm stop; vmm ctl vm permit) >/dev/null 2>&1 &'
	run host onpty kvm-htab reset --vm @progress --wait=20
	assert_success
	assert_output --partial 'kvm-htab: @progress: waiting for its VMM to stop the VM and to offer it (1 of 20 s)'
	# the line is erased before the answer
	assert_output --regexp $'of 20 s\\)\r\e\\[K'
	assert_output --partial ' reset '
}

@test "without a terminal it says nothing of that" {
	vm permit
	vm run-loop
	vm offer @progress
	run host kvm-htab reset --vm @progress --wait=1.5
	assert_failure 4
	refute_output --partial waiting
	vm stop
}
