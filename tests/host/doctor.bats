# SPDX-License-Identifier: GPL-2.0-only
#
# doctor on a host where nothing is wrong, and what it reports about the machine. doctor-causes.bats has the rest.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 15 s

bats_require_minimum_version 1.5.0
load host
load doctor

setup_file() {
	doctor_boot
}

@test "nothing is wrong: every item is ok" {
	doctor
	run jq -r '.results[] | "\(.item) \(.state)"' "$BATS_TEST_TMPDIR/doctor"
	refute_line --regexp ' (warning|failed|unknown|n/a)$'
	assert_line '/dev/kvm ok'
	assert_line 'pool ok'
	assert_equal "$(said kvm_hv what)" loaded
	assert_regex "$(said cpu what)" "^POWER${HOST_MACHINE#powernv}.* \(PVR 00"
	run host kvm-htab doctor
	assert_success
	assert_equal "${lines[-1]}" "Guests with a hashed page table can run here"
}

@test "POWER9 before DD2.2 on a radix host: boot as told" {
	[[ $HOST_MACHINE == powernv9 ]] || {
		assert_equal "$(host kvm-htab doctor -rn -o ITEM,STATE | grep '^mmu')" 'mmu ok'
		return
	}
	host_boot
	doctor mmu
	assert_equal "$(boot_word mmu)" disable_radix
	# without the device it says the same, from the CPU's version
	DOCTOR_AS="host_as nobody" doctor /dev/kvm mmu
	host_boot --append disable_radix
	doctor
	assert_equal "$(said mmu what)" hash
}

# QEMU 7.2 crashes when a powernv machine is to have threads: those are left to tests/cli.
@test "two cores are not taken for two threads of one" {
	doctor_boot --smp 2
	run host cat /sys/devices/system/cpu/online
	assert_output 0-1
	doctor
	assert_equal "$(said threads state)" ok
	if [[ $HOST_MACHINE == powernv8 ]]; then
		assert_regex "$(said threads what)" '^only the first of each core is online'
	else
		assert_equal "$(said threads what)" 'independent of each other'
	fi
	host_verdict
}
