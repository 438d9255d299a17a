# SPDX-License-Identifier: GPL-2.0-only
#
# A distribution's kernel with its own modules (tests/host/run --on NAME --stock): debugfs does not show the pool, and
# only root may read the boot log and the flags of pages.
#
# Check-long: powernv9; lines: all; kernels: distribution
# Takes: 20 s

bats_require_minimum_version 1.5.0
load host
load vmm
load doctor

setup_file() {
	doctor_boot --no-panic
}

setup() {
	vm_start
	vm allocate 24
}

teardown() {
	vm_end
}

@test "doctor: guests can run, and what our modules would add is a warning" {
	doctor
	assert_equal "$(said kvm_hv state)" ok
	assert_equal "$(said reservation state)" ok
	assert_equal "$(said kernel state)" warning
	assert_regex "$(said kernel what)" ', without the kvm-htab modules or series$'
	assert_regex "$(said kernel advice)" 'nothing outside a VMM can see or reset'
	host touch /etc/debian_version
	doctor
	assert_equal "$(said kernel next)" 'apt install kvm-htab-dkms'
	host rm /etc/debian_version
}

@test "pool-status: for root the size is the boot log's, and the bytes in tables exact; for others all is approximate" {
	local total
	run --separate-stderr host kvm-htab pool-status --json
	assert_success
	assert_equal "$(json '.results[0] | [.state, .approximate, .kernel_patched] | @csv')" '"ready",false,false'
	assert_equal "$(json '.results[0].used_bytes')" $((1 << 24))
	assert_equal "$(json '.results[0].sources | join(" ")')" 'dmesg /proc/vmallocinfo /proc/kpageflags'
	total=$(json '.results[0].total_bytes')
	((total >= (4 << 30) / 10 && total < (4 << 30) / 10 + (16 << 20)))
	run --separate-stderr host_as nobody kvm-htab pool-status --json
	assert_success
	assert_equal "$(json '.results[0] | [.approximate, .kernel_patched] | @csv')" 'true,false'
	assert_equal "$(json '.results[0].sources | join(" ")')" /proc/meminfo
}

@test "the map shows what is not in tables, and whose the rest is not" {
	run host kvm-htab pool-status --map
	assert_success
	assert_line --partial '#  in use; this kernel does not report by which VM'
	run host_as nobody kvm-htab pool-status --map
	assert_failure 1
	assert_line --regexp '^Total '
}

@test "--probe finds out what fits" {
	run host kvm-htab fit --order 24 --probe -rn -o ANSWER,SOURCE
	assert_success
	assert_output 'yes pool'
	run host kvm-htab fit --order 34 --probe -rn -o ANSWER
	assert_failure 3
}

@test "list shows the VM by its process" {
	run --separate-stderr host kvm-htab list -rn -o ORDER,PID,VMM
	assert_success
	assert_output "- $(host cat /run/vmm/vm/pid) vmm"
}

@test "reset and vm-status say that this kernel refuses, and what would not" {
	local command
	for command in reset vm-status; do
		vm offer @stock
		run host kvm-htab $command --vm @stock
		assert_failure 5
		assert_output --partial 'this kernel accepts VM ioctls only from the VM'
	done
}
