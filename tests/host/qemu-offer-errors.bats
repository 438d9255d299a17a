# SPDX-License-Identifier: GPL-2.0-only
#
# Where QEMU with the series of integration/qemu cannot offer a table, it says why and ends. Here on a POWER9 host that
# uses radix, on which no guest has a table.
#
# Check-long: powernv9; lines: first; kernels: series
# Takes: 15 s

load offer

setup_file() {
	host_boot --add offer
}

setup() {
	:
}

# refused OPTIONS OBJECT MESSAGE
refused() {
	run host "qemu-system-ppc64 -S $1 -nodefaults -display none -object kvm-htab-offer,id=htab0$2"
	assert_failure 1
	assert_output --partial "$3"
}

MACHINE=$(guest_machine),accel=kvm

@test "a host whose guests all use radix" {
	refused "-machine $MACHINE" ,path=/tmp/vm.sock 'This host runs guests with the radix MMU only'
	run host test -e /tmp/vm.sock
	assert_failure
}

@test "a machine that has no table" {
	refused '-machine none,accel=kvm' ,path=/tmp/vm.sock 'kvm-htab-offer requires a pseries machine with KVM'
	refused "-machine $(guest_machine),accel=qtest" ,path=/tmp/vm.sock 'kvm-htab-offer requires a pseries machine with KVM'
}

@test "properties" {
	refused "-machine $MACHINE" '' "'path'"
	refused "-machine $MACHINE" ,path=/tmp/vm.sock,max-order=17 "'max-order' is not 0 or between 18 and 46"
	refused "-machine $MACHINE" ,path=/tmp/vm.sock,max-order=47 "'max-order' is not 0 or between 18 and 46"
	refused "-machine $MACHINE" ,path=/tmp/vm.sock,timeout=0 "'timeout' is not between 1 and 3600"
	refused "-machine $MACHINE" ,path=/tmp/vm.sock,timeout=3601 "'timeout' is not between 1 and 3600"
}
