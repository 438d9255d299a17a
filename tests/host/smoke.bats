# SPDX-License-Identifier: GPL-2.0-only
#
# The test bed itself: a POWER host with KVM-HV and a pool, a way in and out of it, and a reference VMM whose guest
# really uses its hashed page table.
#
# Runs on: powernv8 powernv9 powernv10; lines: all; kernels: series
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: modules
# Takes: 7 s

load fixture

setup() {
	pool_before
}

@test "the host boots with KVM-HV and a pool" {
	local pool
	run host 'uname -m; test -c /dev/kvm && lsmod'
	assert_success
	assert_line ppc64le
	assert_line --regexp '^kvm_hv '
	# 10 % of 4 GiB, rounded up to what areas of the kind come in: 16 MiB, or less with smaller pages
	# shellcheck disable=SC2016 # for the host
	if [[ ${HOST_ON:-} ]]; then
		pool=$(host kvm-htab pool-status -rnb -o TOTAL)
	else
		pool=$(host 'echo $(($(</sys/kernel/debug/cma/kvm_cma/count) * $(getconf PAGESIZE)))')
	fi
	((pool >= (4 << 30) / 10 && pool < (4 << 30) / 10 + (16 << 20)))
}

@test "commands in the host behave like local ones" {
	run --separate-stderr host 'echo out; echo err >&2; exit 7'
	assert_failure 7
	assert_output out
	# shellcheck disable=SC2154 # set by run
	assert_equal "$stderr" err
	run host false now
	assert_failure 1
	run -127 host no-such-command now
	run host_limit 1 sleep 30
	assert_failure 124
	run host_as nobody id -un
	assert_output nobody
	# does not wait for what goes on in the background
	run host_limit 5 'sleep 20 & echo started'
	assert_success
	assert_output started
}

@test "binary data gets in and out unharmed" {
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	host_put "$BATS_TEST_TMPDIR/data" /tmp/data
	host cat /tmp/data >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/back"
}

@test "a guest runs on its hashed page table and leaves entries" {
	vm_start
	run vm allocate 24
	assert_output 24
	run vm entries
	assert_output 0
	run vm run 8
	assert_success
	assert_output --partial entered=9
	run vm entries
	assert_output "$(entries_after_run)"
}

@test "the u32 ioctl clears the table of a stopped VM only, and the guest starts afresh" {
	vm_start
	vm allocate 24
	vm run
	vm run-loop
	run vm allocate 24
	assert_failure
	assert_output EBUSY
	vm stop
	vm cede
	run vm allocate 24
	assert_output EBUSY
	vm stop
	run vm entries
	assert_output "$(entries_after_run)"
	run vm allocate 24
	assert_success
	run vm entries
	assert_output 0
	run vm run
	assert_success
	run vm entries
	assert_output "$(entries_after_run)"
}

@test "a table's place in the pool is exact to the byte" {
	local before
	before=$(pool_used)
	vm_start
	vm allocate 26
	run pool_used
	assert_output $((before + (1 << 26)))
	vm prepare 24
	vm run
	vm commit 24
	run pool_used
	assert_output $((before + (1 << 24)))
	vm close-vm
	run pool_used
	assert_output "$before"
}

@test "another process gets EIO for VM ioctls" {
	vm_start
	vm allocate 24
	vm offer @smoke
	run host_as nobody foreign @smoke create-vcpu set-memory get-htab-fd allocate 24 \
		check-extension 105 say cleared
	assert_success
	assert_line "create-vcpu EIO"
	assert_line "set-memory EIO"
	assert_line "get-htab-fd EIO"
	assert_line "say 0"
	if [[ $HOST_STOCK == 1 ]]; then
		assert_line "allocate EIO"
		assert_line "check-extension EIO"
	else
		assert_line "allocate EPERM"
		assert_line --regexp '^check-extension [0-9]+$'
	fi
	run vm offered
	assert_success
	assert_output cleared
}
