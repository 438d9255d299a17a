# SPDX-License-Identifier: GPL-2.0-only
#
# The tool on a kernel without the series, where it can only look, and must say why.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Runs on: powernv9; lines: other; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Takes: 5 s

bats_require_minimum_version 1.5.0
load fixture

setup_file() {
	host_boot --no-panic
}

@test "pool-status shows what this kernel shows, and names the source" {
	run host kvm-htab pool-status
	assert_success
	assert_output --partial /sys/kernel/debug/cma
	run host_as nobody kvm-htab pool-status
	assert_success
	assert_output --partial /sys/kernel/mm/cma
	# Linux 6.9 and later show there what was given back, too, and need no guess of what is free
	if host test -e /sys/kernel/mm/cma/kvm_cma/release_pages_success; then
		refute_output --partial /proc/meminfo
	else
		assert_output --partial /proc/meminfo
	fi
}

@test "the map is that of the bitmap, and no table is moved" {
	run --separate-stderr host kvm-htab pool-status --json --map
	assert_success
	assert_equal "$(json '.results[0] | ([.map[].bytes] | add) == .total_bytes')" true
	assert_equal "$(json '[.results[0].map[] | select(.kind == "used") | .bytes] | add')" "$(pool_used)"
	run host kvm-htab pool-status --map
	assert_success
	assert_line '  #  in use; this kernel does not report by which VM'
	run host_as nobody kvm-htab pool-status --map
	assert_failure 1
	assert_line 'kvm-htab: only root may read the map of the pool: try as root'
	run host kvm-htab compact
	assert_failure 5
	assert_output --partial 'this kernel cannot move tables'
}

# shellcheck disable=SC2016 # for the host
@test "without the bitmap the log of the boot tells how large the pool is" {
	local total
	total=$(host 'echo $(($(</sys/kernel/debug/cma/kvm_cma/count) * $(getconf PAGESIZE)))')
	run --separate-stderr host_as nobody kvm-htab pool-status -brn -o STATE,TOTAL
	assert_success
	assert_output "ready $total"
}

@test "list shows the VMs by their processes, and says what this kernel does not" {
	local pid
	pid=$(host cat /run/vmm/vm/pid)
	run --separate-stderr host kvm-htab list --json
	assert_success
	assert_equal "$(json '[.hidden_vms, (.sources | join(",")), (.results | length)] | @csv')" '0,"/proc",1'
	assert_equal "$(json '.results[0] | [.id, .order, .table_bytes, .pid, .uid, .vmm, .domain] | @csv')" \
		",,,$pid,0,\"vmm\","
	run --separate-stderr host kvm-htab list -rn -o ORDER,PID,VMM
	assert_output "- $pid vmm"
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *'tables in use: '* ]]
	run --separate-stderr host_as nobody kvm-htab list --json
	assert_success
	assert_equal "$(json '[.hidden_vms, (.results | length)] | @csv')" '1,0'
	run host_as nobody kvm-htab list
	assert_success
	assert_output --partial 'VMs of other users are visible to root only'
	host mount -o remount,hidepid=2 /proc
	run host_as nobody kvm-htab list
	host mount -o remount,hidepid=0 /proc
	assert_success
	assert_output --partial 'VMs of other users are visible to root only'
	host vmm start other
	host vmm ctl vm run-loop
	run host cat /sys/module/kvm_hv/refcnt
	assert_output 2
	run --separate-stderr host_as nobody kvm-htab list --json
	assert_equal "$(json .hidden_vms)" 2
	vm_end vm other
	run host_as nobody kvm-htab list
	assert_success
	assert_output ''
	run host kvm-htab list
	assert_success
	assert_output ''
}

@test "reset, resize and vm-status say that this kernel refuses, and how to get one that does not" {
	local command
	for command in reset 'resize --order 26' vm-status; do
		vm offer @stock
		# shellcheck disable=SC2086 # words
		run host kvm-htab $command --vm @stock
		assert_failure 5
		assert_output --partial 'this kernel accepts VM ioctls only from the VM'
		assert_output --partial 'load the kvm-htab modules or boot a kernel with the series'
		run vm offered
		assert_success
		assert_equal "$(json .exit_status)" 5
		# shellcheck disable=SC2086 # words
		run host kvm-htab $command --vm "pid:$(host cat /run/vmm/vm/pid)"
		assert_failure 5
		assert_output --partial 'this kernel accepts VM ioctls only from the VM'
	done
}
