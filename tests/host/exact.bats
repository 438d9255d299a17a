# shellcheck disable=SC2016 # for the host
# SPDX-License-Identifier: GPL-2.0-only
#
# Tables that only the page allocator can give, of exactly one size: the series gives at least as many as the unpatched
# kernel, and neither ends other processes for them. What is tried for sizes that are optional is less.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 90 s

load host
load vmm

# given NAME OPTION...: boots such a host, fills the page cache, and prints how many VMs then get a table of order 24
given() {
	local name=$1
	shift
	host_boot --memory 1G "$@" >&3
	# The unpatched kernel may end processes, but not those of the test bed
	host_limit 200 '
		for pid in $$ $(pgrep -x init); do echo -1000 >/proc/$pid/oom_score_adj; done
		may_end() { (echo 0 >/proc/$BASHPID/oom_score_adj && exec "$@"); }
		modprobe brd rd_nr=1 rd_size=716800
		cat /dev/ram0 >/dev/null
		n=0
		if [ '"$name"' = full ]; then
			for order in 26 25 24 23 22 21 20 19 18; do
				while may_end vmm start fill$n --ram 16 >/dev/null && may_end vmm ctl fill$n allocate $order >/dev/null &&
					[ $(cat /sys/kernel/debug/cma/kvm_cma/used) -gt ${used:--1} ]; do
					used=$(cat /sys/kernel/debug/cma/kvm_cma/used)
					n=$((n + 1))
				done
				may_end vmm ctl fill$n quit
				rm -r /run/vmm/fill$n
			done
		fi
		cat /dev/ram0 >/dev/null
		for i in $(seq 40); do
			may_end vmm start vm$i --ram 16 >/dev/null && may_end vmm ctl vm$i allocate 24 >/dev/null || break
		done
		echo $((i - 1)) $(sed -n "s/^oom_kill //p" /proc/vmstat)'
	# They leave little memory, even for the last look at the host
	host 'rmmod brd; for vmm in /run/vmm/vm*; do vmm ctl "${vmm##*/}" quit; done' >&3 2>&1 || :
	host_verdict >&3
}

# both NAME OPTION...: the unpatched kernel and the series
both() {
	local stock patched
	# It may end processes, which is a splat
	stock=$(given "$1" --stock --no-panic "${@:2}" | tail -n 1)
	patched=$(given "$@" | tail -n 1)
	echo "# $HOST_MACHINE: stock $stock, series $patched (tables, processes ended)" >&3
	((${stock% *} > 0))
	((${patched% *} >= ${stock% *}))
	assert_equal "${patched#* }" 0
}

@test "no pool, and the page cache is full" {
	both none --append kvm_cma_resv_ratio=0
}

@test "the pool is full, and the page cache, too" {
	both full --append kvm_cma_resv_ratio=10
}
