# SPDX-License-Identifier: GPL-2.0-only
#
# Defects of the stock kernel that the series fixes, numbered as in kernel/README.md. With --stock each test passes
# only if the kernel shows exactly that defect, otherwise only if it does not. UBSAN reports each place once per boot,
# and some defects damage the host: the order of the tests matters.
#
# Unpatched kernels of later lines run on one machine only: what they show there was seen on all three before.
#
# Runs on: powernv8 powernv9 powernv10; lines: all; kernels: series
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Runs on: powernv9; lines: other; kernels: stock
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock modules
# Takes: 10 s

load host
load vmm

setup_file() {
	if [[ $HOST_STOCK == 1 ]]; then
		host_boot --no-panic
	else
		host_boot
	fi
}

# An unpatched kernel is in no state to be used by another file.
teardown_file() {
	[[ $HOST_STOCK != 1 ]] || host_verdict
}

setup() {
	before=$(pool_used)
	mark=$(host_mark)
}

teardown() {
	vm_end
}

stock() {
	[[ $HOST_STOCK == 1 ]]
}

has_radix() {
	[[ $HOST_MACHINE != powernv8 ]]
}

# A hash VM without a table: what a fresh VM is on a hash host.
vm_start_hash() {
	vm_start
	if has_radix; then
		vm hash
	fi
}

# No word in the kernel log since this test began
assert_quiet() {
	run host_dmesg_since "$mark"
	refute_output --regexp 'WARNING:|UBSAN|BUG|Oops|Call Trace'
}

@test "10: the htab file of a hash VM without a table reads as empty" {
	vm_start_hash
	run vm entries
	assert_output 0
	run host_dmesg_since "$mark"
	if stock; then
		assert_output --regexp 'UBSAN: shift-out-of-bounds in .*kvm_book3s_64.h'
		assert_output --partial kvm_htab_read
	else
		assert_quiet
	fi
}

@test "9: a refused order after one from the pool does not free what is not there" {
	vm_start
	vm allocate 26
	run vm allocate 17
	assert_output EINVAL
	vm close-vm
	if stock; then
		run host_dmesg_since "$mark"
		assert_output --regexp 'UBSAN: shift-out-of-bounds in .*book3s_64_mmu_hv.c'
		assert_output --partial kvmppc_free_hpt
	else
		assert_quiet
		run pool_used
		assert_output "$before"
	fi
}

@test "2: an order that is refused or cannot be had leaves table and entries" {
	local order error
	for order in 17 47 40; do
		error=EINVAL
		[[ $order != 40 ]] || error=ENOMEM
		vm_start
		vm allocate 24
		vm run
		run vm allocate $order
		assert_failure
		assert_output "$error"
		run pool_used
		if stock; then
			assert_output "$before"
		else
			assert_output $((before + (1 << 24)))
			run vm entries
			assert_output "$(entries_after_run)"
		fi
		vm_end
	done
}

@test "11: a refused order leaves a radix VM radix" {
	local order
	for order in 17 46; do
		vm_start
		if ! has_radix; then
			# there is no radix VM here; what the refusal may not change is the table
			run vm radix
			assert_output ENODEV
			run vm allocate $order
			assert_failure
			run vm allocate 20
			assert_output 20
			vm_end
			continue
		fi
		# a request that only a hash VM accepts, and that does nothing
		run vm prepare-nowait 0
		assert_output EINVAL
		run vm allocate $order
		assert_failure
		run vm prepare-nowait 0
		if stock; then
			assert_output 0
		else
			assert_output EINVAL
		fi
		vm_end
	done
}

@test "3: RESIZE_HPT_COMMIT before a vCPU has run" {
	vm_start
	vm allocate 24
	run vm prepare 25
	assert_success
	run vm commit 25
	if stock; then
		assert_output EIO
		run host_dmesg_since "$mark"
		assert_output --regexp 'WARNING: .*kvm_vm_ioctl_resize_hpt_commit'
	else
		assert_success
		assert_quiet
		run pool_used
		assert_output $((before + (1 << 25)))
		run vm run
		assert_success
	fi
}

@test "7: a VM that ends after RESIZE_HPT_PREPARE leaves nothing behind" {
	vm_start
	vm allocate 20
	vm prepare 22
	run pool_used
	assert_output $((before + (1 << 20) + (1 << 22)))
	vm close-vm
	run pool_used
	if stock; then
		assert_output $((before + (1 << 22)))
	else
		assert_output "$before"
	fi
}

@test "7: a VMM killed after RESIZE_HPT_PREPARE leaves nothing behind" {
	vm_start
	vm allocate 20
	vm prepare 22
	# shellcheck disable=SC2016 # for the shell in the host
	host 'kill -9 $(</run/vmm/vm/pid)'
	vm_end
	if stock; then
		run pool_back_to $((before + (1 << 22)))
	else
		run pool_back_to "$before"
	fi
	assert_success
}

@test "7: a VMM killed during RESIZE_HPT_PREPARE leaves nothing behind" {
	vm_start
	vm allocate 20
	# shellcheck disable=SC2016 # for the host
	run host 'vmm ctl vm prepare-nowait 26 && kill -9 $(</run/vmm/vm/pid)'
	assert_line 100
	vm_end
	if stock; then
		run pool_back_to $((before + (1 << 26)))
	else
		run pool_back_to "$before"
	fi
	assert_success
}

# Without KASAN the use after free need not be visible; the table that nobody owns is.
@test "7: a VM that ends during RESIZE_HPT_PREPARE leaves nothing behind" {
	vm_start
	vm allocate 20
	run host 'vmm ctl vm prepare-nowait 27 && vmm ctl vm close-vm'
	assert_success
	assert_line 100
	if stock; then
		run pool_back_to $((before + (1 << 27)))
		assert_success
	else
		run pool_back_to "$before"
		assert_success
		assert_quiet
	fi
}

@test "14: a write to the htab file takes no more than it is given" {
	vm_start
	vm allocate 20
	vm run
	run vm htab-write $((0x100 * 8)) 0x200015 0x40000000 17
	if stock; then
		assert_output 24
	else
		assert_output 0
		run vm entries-list
		refute_line --regexp '^2048 '
	fi
}

@test "15: a write to the htab file with several records takes them all" {
	vm_start
	vm allocate 20
	vm run
	run vm htab-write $((0x100 * 8)) 0x200015 0x40000000 $((0x180 * 8)) 0x300015 0x41000000
	assert_success
	if stock; then
		assert_output 24
	else
		assert_output 48
		run vm entries-list
		assert_line --regexp '^2048 v=0x2000[15]5 r=0x40000'
		assert_line --regexp '^3072 v=0x3000[15]5 r=0x41000'
	fi
}

# vm_with_colliders ORDER V: a VM with two bolted 16M entries of the same V, in groups to which only a guest that means
# harm would put them; in a table of any other size their place is the same one.
vm_with_colliders() {
	vm_start
	vm allocate "$1"
	vm run
	vm htab-write $((0x100 * 8)) "$2" 0x40000000
	vm htab-write $((0x101 * 8)) "$2" 0x40000000
}

# 1T segments: their size has moved to the second doubleword with POWER9.
@test "16: a resize that fails leaves the entries as they were" {
	vm_with_colliders 22 0x4000000000200015
	run host "cat /sys/kernel/debug/kvm/*-*/htab"
	local had=$output
	vm prepare 20
	run vm commit 20
	assert_failure 1
	assert_output ENOSPC
	run host "cat /sys/kernel/debug/kvm/*-*/htab"
	if stock && has_radix; then
		refute_output "$had"
		assert_line --regexp '^ *808 4000000000'
	else
		assert_output "$had"
	fi
}

# A page that the guest has loaded from by an entry of its own; seen by who migrates it
@test "20: a resize keeps the reference bit of a bolted entry" {
	vm_start
	vm allocate 24
	vm device-memory
	vm htab-write $((0x234 * 8)) $((0x234011)) $((0x4000002a))
	run vm mmio
	assert_success
	# reading the entries here would put the bit where the resize looks for it
	vm prepare 25
	vm commit 25
	run vm entries-list
	if stock; then
		assert_line --regexp '^4512 v=0x2340[15]1 r=0x4000002a'
	else
		assert_line --regexp '^4512 v=0x2340[15]1 r=0x4000012a'
	fi
}

# What is wrong with the answers to a guest that uses its table at random, for some seeds; see vmm-model.c
wrong_answers() {
	local seed
	for seed in {1..12}; do
		vm_start --ram 16 >/dev/null
		vm allocate 20 >/dev/null
		host vmm ctl vm model "$seed" 30 20 || :
		echo
		vm_end
	done
}

# The modules do not fix it, since it is in built-in code
@test "17, 18: dirty log, reference and change bits: as the guest has used its pages" {
	run wrong_answers
	if stock || [[ ${HOST_ON:-} ]]; then
		assert_line --regexp 'H_READ of [0-9]+: r[0-9]+ is 0x[0-9a-f]+ and not'
		has_radix || assert_line --partial 'was stored to and is not in the dirty log'
	else
		refute_output --regexp '[a-z]'
	fi
}

# Both entries are in segment 0x200 at offset 0.
@test "8: two bolted 16M entries that collide when rehashed" {
	vm_with_colliders 20 0x200015
	vm prepare 22
	run vm commit 22
	if stock; then
		assert_failure 2
		run host_dmesg_since "$mark"
		assert_output --regexp 'kernel BUG at .*book3s_64_mmu_hv.c'
	else
		assert_failure 1
		assert_output ENOSPC
		assert_quiet
		vm close-vm
		run pool_used
		assert_output "$before"
	fi
}

@test "1: order 0 on a fresh VM" {
	vm_start
	run vm allocate 0
	if stock; then
		assert_failure 2
		run host_dmesg_since "$mark"
		assert_output --regexp 'BUG: Kernel NULL pointer dereference on write at 0x00000000'
		assert_output --partial kvmppc_alloc_reset_hpt
	else
		assert_failure 1
		assert_output EINVAL
		assert_quiet
	fi
}
