# SPDX-License-Identifier: GPL-2.0-only
#
# The tool on a kernel without the series, where it can only look, and must say why.

load ../host
load ../vmm

setup_file() {
	host_boot --no-panic
}

setup() {
	vm_start
	vm allocate 24
}

teardown() {
	vm_end
}

json() {
	jq -r "$1" <<<"$output"
}

@test "pool-status shows what this kernel shows, and names the source" {
	run host kvm-htab pool-status
	assert_success
	assert_output --partial /sys/kernel/debug/cma
	run host_as nobody kvm-htab pool-status
	assert_success
	assert_output --partial /sys/kernel/mm/cma
	# Linux 6.15 and later show total and free pages there, and need nothing else
	if host test -e /sys/kernel/mm/cma/kvm_cma/total_pages; then
		refute_output --partial /proc/meminfo
	else
		assert_output --partial /proc/meminfo
	fi
}

@test "reset, resize and vm-status say that this kernel refuses, and how to get one that does not" {
	local command
	for command in reset 'resize --order 26' vm-status; do
		vm offer @stock
		# shellcheck disable=SC2086 # words
		run host kvm-htab $command --vm @stock
		assert_failure 5
		assert_output --partial 'this kernel refuses VM ioctls from any process but the VM'
		assert_output --partial 'boot a kernel with the kvm-htab series'
		run vm offered
		assert_success
		assert_equal "$(json .exit_status)" 5
	done
}
