# SPDX-License-Identifier: GPL-2.0-only
#
# doctor on a kernel without the series, which reports less, and only to root.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Takes: 20 s

bats_require_minimum_version 1.5.0
load host
load vmm
load doctor

setup_file() {
	doctor_boot --no-panic
}

teardown() {
	[[ -e $HOST_DIR/judged ]] || vm_end
}

@test "guests can run, and what the series would add is a warning" {
	doctor
	assert_equal "$(said kernel state)" warning
	assert_regex "$(said kernel what)" ', without the kvm-htab modules or series$'
	assert_equal "$(said reservation state)" ok
	assert_equal "$(said pool state)" ok
	assert_equal "$(said /dev/kvm state)" ok
	assert_equal "$(said refusals state)" ok
}

@test "as a user of the device: the pool is not to be seen, and it says by whom it is" {
	vm_start # or the counters of CMA tell that the pool is empty
	vm allocate 24
	DOCTOR_AS="host setpriv --reuid=nobody --regid=kvm --clear-groups" doctor
	assert_equal "$(said pool state)" unknown
	assert_regex "$(said pool advice)" 'run as root'
	run host setpriv --reuid=nobody --regid=kvm --clear-groups kvm-htab doctor
	assert_success
	assert_regex "${lines[-1]}" 'as far as known; unknown: pool; see the warnings: kernel$'
}

@test "a table that the pool refused is told" {
	# one that would fit into an empty pool: Linux 6.12 does not count others
	host vmm start other
	host vmm ctl other allocate 28
	vm_start
	run vm allocate 28
	assert_output ENOMEM
	vm_end other
	doctor
	assert_equal "$(said refusals state)" warning
	assert_regex "$(said refusals what)" '^the pool (had no gap for a table since boot|has refused )'
}

@test "no pool was asked for, or it could not be had: boot as told, and it is there" {
	local percent
	for percent in 0 99; do
		doctor_boot --no-panic --append "kvm_cma_resv_ratio=$percent"
		doctor reservation
		assert_regex "$(said reservation what)" "\(kvm_cma_resv_ratio=$percent\)$"
		host_verdict
	done
	doctor_boot --no-panic --append "$(boot_word reservation)"
	doctor
	assert_equal "$(said reservation state)" ok
	host_verdict
}

@test "the module is not loaded" {
	host modprobe -r kvm_hv
	doctor kvm_hv
	mend kvm_hv
	doctor
	assert_equal "$(said kvm_hv state)" ok
}
