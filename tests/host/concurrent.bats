# SPDX-License-Identifier: GPL-2.0-only
#
# Changes of a table while others use it, on a host with two CPUs: vCPUs that enter and remove entries by hypercall,
# readers of the htab file descriptor and of debugfs, changes of the dirty log.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Runs on: powernv9; lines: other; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 55 s

load fixture

setup_file() {
	host_boot --smp 2
}

setup() {
	vm_with_table 24 --vcpus 2
}

# beside TEXT COMMAND...: runs COMMAND in the host, with TEXT in a loop beside it.
beside() {
	host_limit 120 "
		touch /tmp/beside
		while [ -e /tmp/beside ]; do $1; done >/dev/null 2>&1 &
		$2
		status=\$?
		rm /tmp/beside
		wait
		((status == 0)) || dmesg | tail -n 20
		exit \$status"
}

@test "an HPT is moved while vCPUs enter and remove entries, and debugfs is read" {
	vm hammer 0
	vm hammer 1
	# shellcheck disable=SC2016 # for the host
	run beside 'cat /sys/kernel/debug/kvm/*-*/htab' '
		for i in $(seq 10); do
			for order in 25 22 24; do
				vmm ctl vm prepare $order && vmm ctl vm commit $order && vmm ctl vm entries || exit 1
			done
		done'
	assert_success
	run vm info
	[[ $HOST_STOCK == 1 ]] || assert_output --partial 'order=24 '
	run vm stop
	assert_success
}

@test "a table is cleared and replaced while debugfs and the htab fd are read" {
	# shellcheck disable=SC2016 # for the host
	run beside 'cat /sys/kernel/debug/kvm/*-*/htab' '
		for i in $(seq 8); do
			for order in 22 26 24 24; do
				vmm ctl vm run && vmm ctl vm entries && vmm ctl vm allocate $order || exit 1
			done
		done'
	assert_success
	run vm entries
	assert_output 0
}

@test "a vCPU that wants to run during a reset waits, and runs on the new table" {
	# shellcheck disable=SC2016 # for the host
	run host_limit 120 '
		for i in $(seq 6); do
			vmm ctl vm allocate 28 || exit 1
			vmm ctl vm run || exit 1
			vmm ctl vm permit
			vmm ctl vm offer @concurrent
			kvm-htab reset --vm @concurrent --wait=20 &
			for j in 1 2 3; do vmm ctl vm run 8 || exit 1; done
			vmm ctl vm permit || exit 1
			wait $! || exit 1
		done'
	assert_success
}

@test "a guest in a loop of exits, a stranger in a loop of resets" {
	run a_stranger_in_a_loop @concurrent
	assert_success
	assert_output --regexp 'reset-loop done=[1-9][0-9]* EBUSY=[1-9][0-9]* EPERM=0 other=0'
}

@test "READY is steady through resizes and writes to the table" {
	run ready_through_resizes @concurrent
	assert_success
	assert_output --regexp 'flag-loop with=[1-9][0-9]* without=0'
}
