# SPDX-License-Identifier: GPL-2.0-only
#
# A copy of the host: the tool says of it what it says of the host.
#
# Runs on: powernv8 powernv9; lines: first; kernels: series stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series stock
# Check-long: powernv9; lines: all; kernels: distribution
# Takes: 15 s

bats_require_minimum_version 1.5.0
load host
load vmm

setup_file() {
	host_boot --no-panic
	host modprobe kvm_hv
}

setup() {
	neighbours=()
	neighbour a 24
	neighbour b 26
	host rm -rf /tmp/copy
}

teardown() {
	vm_end "${neighbours[@]}"
}

# said ARGS...: of the host or, with --sysroot, of its copy. Only the host has /dev/kvm, and a name for its VMM, and what
# memory is free changes all the time.
said() {
	# shellcheck disable=SC2016 # for the host
	host 'for args in doctor pool-status list "list -o ID,CHARGED" "inspect --all -o ID,ORDER,LOAD,RAM,VERDICT" "fit --order 27" \
		"fit --ram 64G --suggest-ratio"; do
		kvm-htab $args '"$*"' 2>&1; echo "status $?"; done' |
		sed -E '/ \/dev\/kvm /d; /give the device to group kvm/d; /chgrp kvm/d; /others look at it/d; /^(ok|warning) +memory/d; /^Guests with/s/;.*//' |
		sed -E 's/~[0-9.]+[KMG]/~/g'
}

@test "doctor, pool-status, list, inspect and fit say the same of a copy" {
	local there
	said >"$BATS_TEST_TMPDIR/here"
	run host kvm-htab capture /tmp/copy
	assert_success
	assert_output ''
	there=$(said --sysroot /tmp/copy)
	diff "$BATS_TEST_TMPDIR/here" <(cat <<<"$there") >&3
}

@test "nobody may have a copy, too, of less" {
	run host_as nobody 'cd /tmp && kvm-htab capture copy-of-nobody && kvm-htab pool-status --sysroot copy-of-nobody -rn -o STATE 2>/dev/null'
	host rm -rf /tmp/copy-of-nobody
	assert_success
	assert_output ready
}
