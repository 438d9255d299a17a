# SPDX-License-Identifier: GPL-2.0-only
#
# Each vCPU remembers which entries led it to addresses that are not memory, so that a guest that is busy with a
# device does not pay for a search each time. This cache is about one table with its entries, and must end with them.
# Numbered as in kernel/README.md: with --stock each test passes only if the kernel shows that defect, otherwise only
# if it does not.
#
# Runs on: powernv8 powernv9 powernv10; lines: all; kernels: series
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Runs on: powernv9; lines: other; kernels: stock
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock modules
# Takes: 8 s

load fixture

setup() {
	vm_with_table 24
	# both loads get to the VMM; from here on the entry is known to the vCPU
	run vm mmio-enter
	assert_success
	assert_output --partial 'loads=2 h_enter=0 '
}

# The guest, which enters nothing, gets a data storage interrupt for its first load.
assert_forgotten() {
	run vm mmio
	if [[ $HOST_STOCK == 1 ]]; then
		assert_success
		assert_output --partial 'loads=2 '
	else
		assert_failure
		assert_output 'EFAULT: guest interrupt 0x300, loads=0'
	fi
	# entered again, it is there again
	run vm mmio-enter
	assert_success
	assert_output --partial 'loads=2 h_enter=0 '
}

@test "no entry, no device: the guest gets a data storage interrupt" {
	vm close-vm
	vm create
	vm allocate 24
	run vm mmio
	assert_failure
	assert_output 'EFAULT: guest interrupt 0x300, loads=0'
}

@test "an entry that is still there is found again" {
	run vm mmio
	assert_success
	assert_output --partial 'loads=2 '
}

@test "13: a reset that clears the table" {
	vm allocate 24
	run vm entries
	assert_output 0
	assert_forgotten
	# and once more, with what was learnt since
	vm allocate 24
	assert_forgotten
}

@test "13: a reset to another size" {
	vm allocate 22
	run vm entries
	assert_output 0
	assert_forgotten
	vm allocate 25
	assert_forgotten
}

@test "13: the commit of a resize, which drops entries that are not bolted" {
	vm prepare 25
	run vm commit 25
	assert_success
	# those of the real mode area are bolted
	run vm entries
	assert_output "$(guest_pages)"
	assert_forgotten
}

@test "13: a change to radix and back" {
	run vm radix
	if [[ $HOST_MACHINE == powernv8 ]]; then
		assert_output ENODEV
		return
	fi
	assert_success
	vm allocate 24
	assert_forgotten
}

# Where the guest's address was that of a device when it was entered, there is memory now.
assert_memory() {
	run vm mmio
	assert_success
	assert_output --partial 'loads=0 '
}

# As assert_memory; the unpatched kernel takes it for the device.
assert_no_device() {
	if [[ $HOST_STOCK == 1 ]]; then
		run vm mmio
		assert_success
		assert_output --partial 'loads=2 '
	else
		assert_memory
	fi
}

@test "19: memory takes the place of a device, and its page is unmapped" {
	vm device-memory
	assert_memory
	vm device-unmap
	assert_no_device
}

@test "19: memory takes the place of a device, and cannot be accessed at first" {
	vm device-memory
	vm device-protect 1
	run vm mmio
	assert_failure
	assert_output --partial 'loads=0'
	vm device-protect 0
	assert_no_device
}
