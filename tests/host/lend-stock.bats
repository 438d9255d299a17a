# SPDX-License-Identifier: GPL-2.0-only
#
# The VMM's side that kvm-htab-vm-socket(7) shows, in C and in Python, on a kernel that takes no offers.
#
# Runs on: powernv9; lines: first; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Takes: 15 s

bats_require_minimum_version 1.5.0
load fixture
load python

setup_file() {
	host_boot
	put_python
	host_put "$BATS_TEST_DIRNAME/../../examples/share_vm_fd.py" /tmp/share_vm_fd.py
}

@test "both notice it, and make no offer" {
	run vm lend /run/guest.sock 0
	assert_success
	assert_output 'takes no offers'
	run host python3 /tmp/share_vm_fd.py /run/guest.sock 0
	assert_failure 1
	assert_output 'this kernel takes no offers'
	run host ls /run/guest.sock
	assert_failure
}

@test "an offer all the same: EINVAL, as the manual says" {
	run vm permit
	assert_failure
	assert_output EINVAL
}
