# SPDX-License-Identifier: GPL-2.0-only
#
# A host without a pool: none was asked for, or it could not be had. The two look different, VMs get along with what
# the page allocator has.

bats_require_minimum_version 1.5.0
load host
load vmm

DIR=/sys/kernel/kvm_htab

no_pool() {
	run host "cat $DIR/pool/total_bytes $DIR/pool/free_bytes $DIR/pool/largest_free_order"
	assert_output $'0\n0\n0'
	run host "tr -d '0 \n' <$DIR/pool/fits"
	assert_output ''

	vm_start
	local most
	most=$(host cat "$DIR/order_max_pages")
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

@test "no pool was asked for: absent" {
	host_boot --append kvm_cma_resv_ratio=0
	run host cat $DIR/pool/state
	assert_output absent
	no_pool
	run host kvm-htab pool-status
	assert_success
	assert_output --partial absent
}

@test "a pool was asked for and could not be had: failed" {
	host_boot --append kvm_cma_resv_ratio=99
	run host cat $DIR/pool/state
	assert_output failed
	run host dmesg
	assert_output --partial 'cma: Failed to reserve'
	no_pool
	run host kvm-htab pool-status
	assert_success
	assert_output --partial failed
}
