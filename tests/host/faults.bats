# SPDX-License-Identifier: GPL-2.0-only
#
# Each allocation of memory fails once, one after the other, while a table is requested, a resize prepared or a VM
# created. This requires a kernel with fault injection:
#
#	tests/host/run --config host+debug --machine powernv9 tests/host/faults.bats
#
# A request may use something else than what it did not get: the pool instead of the page allocator, a smaller order,
# another place in the pool. If it fails, it returns ENOMEM and has changed nothing.
#
# Check-long: powernv9; lines: all; kernels: debug
# Takes: 1000 s

load host
load vmm

setup_file() {
	# Some failures are told in the kernel log with a call trace, which is no defect.
	host_boot --no-panic
	# also those that could wait for memory, and the small ones
	# shellcheck disable=SC2016 # for the host
	host 'cd /sys/kernel/debug || exit 1
		for fault in failslab fail_page_alloc; do
			echo N >$fault/ignore-gfp-wait
			echo 0 >$fault/verbose
			echo Y >$fault/task-filter
			echo -1 >$fault/times
		done
		echo N >fail_page_alloc/ignore-gfp-highmem
		echo 0 >fail_page_alloc/min-order'
	host_put "$BATS_TEST_DIRNAME/programs/faults.sh" /tmp/faults.sh
}

setup() {
	mark=$(host_mark)
	before=$(pool_used)
	vm_start
}

teardown() {
	host 'echo 0 | tee /sys/kernel/debug/fail*/probability'
	vm_end
	pool_back_to "$before"
	run host_dmesg_since "$mark"
	refute_output --regexp 'WARNING:|UBSAN|KASAN|BUG|Oops|INFO:|possible .* locking|unreferenced'
}

# sites FAILURES SCENARIO ARG...: runs it, and says how many allocations it has; of the requests, at least
# FAILURES have to fail
sites() {
	run host_limit 3000 "bash /tmp/faults.sh ${*:2}"
	assert_success
	echo "# $HOST_MACHINE, $2 ${*:3}: ${lines[-1]}" >&3
	# one that does not allocate anything has not been where it should
	[[ ${lines[-1]} =~ ^([0-9]+)\ sites,\ ([0-9]+)\ ENOMEM ]]
	((BASH_REMATCH[1] >= 5 && BASH_REMATCH[2] >= $1))
}

@test "a table for a VM that has one, with entries: exact order" {
	sites 0 replace 20 0 0
}

@test "the same from the page allocator" {
	sites 0 replace 20 0 2
}

@test "the same with a range of orders" {
	sites 0 replace 20 19 2
}

@test "a table for a radix VM" {
	if [[ $HOST_MACHINE == powernv8 ]]; then
		run vm radix
		assert_output ENODEV
		return
	fi
	sites 0 radix 20 0 0
}

@test "a resize is prepared" {
	sites 1 prepare 20
}

@test "a VM is created" {
	sites 1 create
}

# There is room for both tables in the pool, so the old one need not be given up for the new one.
@test "no memory at all: the table and its entries stay" {
	vm allocate 18
	vm run
	host 'echo 100 | tee /sys/kernel/debug/fail*/probability'
	run vm faulty 0 allocate2 20 0 0
	assert_failure
	assert_output --partial ENOMEM
	run vm faulty 0 prepare-nowait 20
	assert_failure
	assert_output --partial ENOMEM
	host 'echo 0 | tee /sys/kernel/debug/fail*/probability'
	run vm info
	assert_output --partial 'order=18 source=1 flags=0x2 '
	run vm entries
	assert_output "$(entries_after_run 18)"
	assert_equal "$(pool_used)" $((before + (1 << 18)))
}
