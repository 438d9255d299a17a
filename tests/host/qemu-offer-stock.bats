# SPDX-License-Identifier: GPL-2.0-only
#
# On a kernel that cannot offer tables, QEMU with the series of integration/qemu says so if it is asked to, and otherwise
# behaves as Debian's.
#
# Check-long: powernv8 powernv9; lines: all; kernels: stock
# Takes: 11 s

bats_require_minimum_version 1.5.0
load host
load vmm
load guest

setup_file() {
	guest_host --add offer
}

teardown_file() {
	guest_kill
}

@test "an error at start names what the kernel lacks" {
	run guest_start 512M -object kvm-htab-offer,id=htab0,path=/run/guest/vm.sock
	assert_failure
	assert_output --partial 'This kernel cannot offer a hash page table to other processes'
	assert_output --partial 'It requires the kvm-htab series (KVM_CAP_PPC_HTAB_CTL).'
	run host test -e /run/guest/vm.sock
	assert_failure
}

@test "without the object a guest boots and restarts" {
	guest_start 512M
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order 22"
	qmp '{ "execute": "system_reset" }'
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order 22"
	guest_tell poweroff
	guest_ended
}
