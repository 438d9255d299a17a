# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with the series of integration/qemu and a guest that uses the radix MMU, on a host where it could use the hash MMU:
# there is nothing to offer.
#
# Check-long: powernv10; lines: all; kernels: series
# Takes: 40 s

load offer

guest_dir=/run/guest # as in guest.bash

@test "a guest that uses the radix MMU has no table to offer" {
	guest_kernel ''
	offer_start
	run guest_expect 'up, MMU Radix.*'
	assert_success
	vm_stop
	assert_equal "$(status '[.radix, .state, .order]')" '[true,"waiting",0]'
	run host kvm-htab reset --vm "$guest_dir/vm.sock"
	assert_failure 1
	assert_output --partial 'hung up without sending a file descriptor'
	run events KVM_HTAB
	refute_output
	vm_cont
	works
	guests_use 0
}
