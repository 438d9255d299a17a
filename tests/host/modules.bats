# SPDX-License-Identifier: GPL-2.0-only
#
# A distribution's kernel as it is, with our modules where DKMS puts them (tests/host/run --on NAME).
#
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv9; lines: all; kernels: modules
# Takes: 20 s

bats_require_minimum_version 1.5.0
load host
load vmm
load doctor

setup_file() {
	hash_boot
}

teardown() {
	[[ -e $HOST_DIR/judged ]] || vm_end
}

@test "modprobe loads ours" {
	host 'modprobe -r kvm_hv kvm'
	run host 'modprobe kvm_hv && cat /sys/module/kvm/version /sys/module/kvm_hv/version'
	assert_success
	assert_equal "${#lines[@]}" 2
	assert_line --index 0 --partial +kvmhtab.
	assert_line --index 1 --partial +kvmhtab.
	run host modinfo -F filename kvm_hv
	assert_output --partial /updates/dkms/kvm-hv.ko
}

@test "doctor knows them, and all is ok" {
	host 'chgrp kvm /dev/kvm; chmod 0660 /dev/kvm'
	doctor
	assert_equal "$(said kernel state)" ok
	assert_regex "$(said kernel what)" modules
	run host kvm-htab doctor
	assert_success
	assert_equal "${lines[-1]}" "Guests with a hashed page table can run here"
}

@test "another process resets the table of a stopped VM over a socket" {
	vm_start
	vm allocate 24
	vm share
	vm run
	run vm entries
	assert_output "$(entries_after_run)"
	vm offer @modules
	run host_as nobody kvm-htab reset --vm @modules
	assert_success
	run vm entries
	assert_output 0
}

@test "the map is that of the ranges in use" {
	vm_start
	vm allocate 26
	run --separate-stderr host kvm-htab pool-status --json --map
	assert_success
	assert_equal "$(json '.results[0] | ([.map[].bytes] | add) == .total_bytes')" true
	assert_equal "$(json '[.results[0].map[] | select(.kind == "used") | .bytes] | add')" $((1 << 26))
	run host kvm-htab compact
	assert_failure 5
	assert_output --partial 'this kernel cannot move tables'
}

@test "no key that the kernel knows has signed them: it loads them, and says so" {
	run host 'cat /sys/module/kvm_hv/taint'
	assert_output OE
	run host 'cat /sys/module/virtio_console/taint'
	assert_output ''
	run host 'dmesg | grep "module verification failed"'
	assert_success
}

# refuses_ours WORD COMMAND REGEX: in a host of its own, whose command line has WORD, COMMAND has the kernel demand
# signatures, and modprobe then says REGEX
refuses_ours() {
	hash_boot --append "$1"
	host "modprobe -r kvm_hv kvm; $2"
	run host modprobe kvm_hv
	assert_failure
	assert_output --regexp "$3"
	# shellcheck disable=SC2016 # for the host
	run host 'cd /lib/modules/$(uname -r)/kernel/arch/powerpc/kvm && for module in kvm kvm-hv; do insmod $module.ko* || exit; done'
	assert_success
	host_verdict
}

@test "a kernel that demands signatures takes the distribution's modules only" {
	refuses_ours signatures 'echo 1 >/sys/module/module/parameters/sig_enforce' \
		'Key was rejected by service|Required key not available'
}

@test "and so it does under lockdown" {
	refuses_ours lockdown 'mount -t securityfs none /sys/kernel/security; echo integrity >/sys/kernel/security/lockdown' \
		'Operation not permitted|Key was rejected|Required key'
}
