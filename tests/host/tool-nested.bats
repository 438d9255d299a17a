# SPDX-License-Identifier: GPL-2.0-only
#
# A host that is itself a guest: its KVM-HV has radix guests only, neither tables nor a pool, and every command says
# so.
#
# Runs on: pseries; lines: all; kernels: series
# Takes: 5 s

load host

setup_file() {
	host_boot
	host modprobe kvm_hv
}

@test "KVM-HV is there, and refuses hashed page tables" {
	run host 'lsmod; test -c /dev/kvm && echo device'
	assert_success
	assert_line --regexp '^kvm_hv '
	assert_line device
	host vmm start vm
	run host vmm ctl vm allocate 24
	assert_failure
	assert_output EOPNOTSUPP
	run host vmm ctl vm allocate2 24
	assert_output EOPNOTSUPP
	run host vmm ctl vm info
	assert_output EOPNOTSUPP
	run host vmm ctl vm permit
	assert_output EINVAL
}

@test "sysfs says that there is no pool" {
	run host 'cd /sys/kernel/kvm_htab && cat pool/state pool/total_bytes pool/largest_free_order order_min'
	assert_success
	assert_output "absent
0
0
18"
}

@test "the commands explain, exit status 5" {
	local command
	run host_as nobody kvm-htab pool-status
	assert_failure 5
	assert_output --partial 'this host is itself a guest (pSeries)'
	for command in 'fit --ram 4G' 'fit --order 20 --probe' 'pool-status --probe'; do
		# shellcheck disable=SC2086 # words
		run host kvm-htab $command
		assert_failure 5
		assert_output --partial 'this host is itself a guest (pSeries)'
	done
	run host kvm-htab pool-status --format=prometheus
	assert_success
	assert_line 'kvm_htab_available 0'
	run host kvm-htab list
	assert_success
	assert_line --regexp '^( +-){7} +[0-9]+ vmm +-$'
	assert_output --partial 'this host is itself a guest (pSeries): its VMs use radix'
	for command in vm-status reset 'resize --order 24'; do
		host vmm ctl vm offer @nested
		# shellcheck disable=SC2086 # words
		run host kvm-htab $command --vm @nested
		assert_failure 5
		assert_output --partial 'this host is itself a guest (pSeries)'
	done
}
