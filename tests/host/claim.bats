# shellcheck disable=SC2154 # run sets output
# SPDX-License-Identifier: GPL-2.0-only
#
# Room is made for a table where a page is in the way that cannot be moved: how many attempts to take a part of the pool
# the kernel makes, and that SIGKILL ends them.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 35 s

load host
load vmm

# Of the pool, which is of 416 MiB, a table of order 28 and one of 25 leave a gap of 128 MiB at its end, 512 granules, which
# is the only place for one of order 27. To take it takes one attempt. If that fails, the kernel makes up to 4 * log2(512)
# attempts more.
ORDER=27
ATTEMPTS=$((1 + 4 * 9))

setup_file() {
	host_boot
}

# shellcheck disable=SC2016 # for the host
setup() {
	only_patched_kernel "making room"
	tables_move never
	neighbour first 28
	vm_start
	hold
	run vm allocate2 25
	assert_output 'order=25 source=1'
	host 'cd /sys/kernel/tracing && echo 1 >tracing_on && echo p:attempt cma_alloc_at >kprobe_events && echo 1 >events/kprobes/attempt/enable'
	plans=$(host cat /sys/kernel/kvm_htab/stats/plans)
}

# shellcheck disable=SC2016 # for the host
teardown() {
	host 'kill $(cat /run/hold.pid); cd /sys/kernel/tracing && echo 0 >events/enable; echo >kprobe_events; echo >trace'
	host_wait 10 '[ ! -e /proc/$(cat /run/hold.pid) ]; rm /run/hold.pid'
	vm_end vm first
	tables_move running
	pool_back_to 0
}

# A page of the gap is held by a pipe, see hold.c: pages come from the end of the pool first
# shellcheck disable=SC2016 # for the host
hold() {
	local granule
	run host hold
	assert_success
	host_wait 10 '[ -e /run/hold.pid ]'
	granule=$(host "echo \$(((${output#held } - \$(cat /sys/kernel/debug/cma/kvm_cma/base_pfn)) * \$(getconf PAGESIZE) >> 18))")
	echo "a page of granule $granule is held"
}

# shellcheck disable=SC2016 # for the host
@test "a page in the way: few attempts are made to find out where" {
	local attempts
	run host 'echo >/sys/kernel/tracing/trace; { echo '$ORDER' >/sys/kernel/kvm_htab/compact; } 2>/dev/null; echo $?
		grep -c attempt: /sys/kernel/tracing/trace'
	echo "$output"
	assert_line --index -2 1
	attempts=${lines[-1]}
	((attempts > 1 && attempts <= ATTEMPTS))
	assert_equal "$(host cat /sys/kernel/kvm_htab/stats/plans)" $((plans + 1))
	# which leaves what is beside it to others
	run host "echo $((ORDER - 1)) >/sys/kernel/kvm_htab/compact"
	assert_success
}

# Whoever asks is killed at the first attempt, while the kthread that makes them gets little time beside busy CPUs, or
# all would be made before the signal arrives. How many were made, each time:
# shellcheck disable=SC2016 # for the host
@test "a page in the way: SIGKILL ends the attempts" {
	local made
	run host_limit 300 '
		for cpu in $(seq $(nproc)); do while :; do :; done & done
		kthread=$(pgrep -x kvm-htab)
		chrt --idle -p 0 $kthread
		cd /sys/kernel/tracing
		n=0
		for try in $(seq 20); do
			echo >trace
			(echo '$ORDER' >/sys/kernel/kvm_htab/compact) 2>/dev/null & pid=$!
			while [[ $(<trace) != *attempt:* ]] && kill -0 $pid 2>/dev/null; do :; done
			kill -9 $pid 2>/dev/null
			wait $pid 2>/dev/null
			[ $? -eq 137 ] || continue
			sleep 2
			grep -c attempt: trace
			n=$((n + 1))
			[ $n -lt 3 ] || break
		done
		chrt --other -p 0 $kthread
		kill $(jobs -p)'
	echo "$output"
	assert_equal "${#lines[@]}" 3
	for made in "${lines[@]}"; do
		((made <= 3))
	done
}
