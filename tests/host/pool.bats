# SPDX-License-Identifier: GPL-2.0-only
#
# A host without a pool, because none was asked for or it could not be reserved. VMs use the page allocator.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Runs on: powernv9; lines: other; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 20 s

bats_require_minimum_version 1.5.0
load host
load vmm

# no_pool STATE: what the host says, and that VMs get along
no_pool() {
	local dir=/sys/kernel/kvm_htab most

	run host cat $dir/pool/state
	assert_output "$1"
	run host "cat $dir/pool/total_bytes $dir/pool/free_bytes $dir/pool/largest_free_order"
	assert_output $'0\n0\n0'
	run host "tr -d '0 \n' <$dir/pool/fits"
	assert_output ''
	run host kvm-htab pool-status
	assert_success
	assert_output --partial "$1"

	run --separate-stderr host kvm-htab fit -rn -o FITS,ANSWER,REASON --order 25
	assert_failure 3
	assert_output "0 no $1"
	run --separate-stderr host kvm-htab fit -rn -o FITS,ANSWER,REASON --order 25 --probe
	assert_failure 3
	assert_output "0 no $1"
	run --separate-stderr host kvm-htab fit -rn -o FITS,ANSWER,REASON --order 20
	assert_failure 5
	assert_output '0 unknown pages'
	run host kvm-htab fit -rn -o FITS,ANSWER,REASON,SOURCE --order 20 --probe
	assert_success
	assert_output '1 yes room pages'
	run --separate-stderr host kvm-htab pool-status --probe -rn -o STATE,CONDITION,FREE,LARGEST
	assert_success
	assert_output "$1 $1 0B 0"

	vm_start
	most=$(host cat $dir/order_max_pages)
	run vm allocate2 20
	assert_output 'order=20 source=2'
	run vm allocate $((most + 1))
	assert_output ENOMEM
	run vm info
	assert_output --partial 'order=20 source=2'
	vm run
	run vm allocate2 46 18
	assert_output --regexp '^order=[0-9]+ source=2$'
	vm_end
}

setup() {
	only_patched_kernel "the pool in sysfs"
}

@test "no pool was asked for: absent" {
	hash_boot --append kvm_cma_resv_ratio=0
	no_pool absent
	host_verdict
}

@test "a pool was asked for and could not be had: failed" {
	hash_boot --append kvm_cma_resv_ratio=99
	run host dmesg
	assert_output --partial 'cma: Failed to reserve'
	no_pool failed
	host_verdict
}

# The pool lies near the end of the host's 4 GiB. A zone for movable pages that begins in its middle makes an area of two
# zones, which CMA gives up when it is to be activated.
@test "a pool was reserved and could not be activated: failed" {
	local mib start
	hash_boot
	read -r mib start _ < <(host "dmesg | sed -n 's/.*cma: Reserved \([0-9]*\) MiB at /\1 /p'")
	[[ $mib && $start ]]
	hash_boot --append movablecore=$((4096 - (start >> 20) - mib / 2))M
	run host dmesg
	assert_output --partial 'cma: CMA area kvm_cma could not be activated'
	no_pool failed
	host_verdict
}
