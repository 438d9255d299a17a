# SPDX-License-Identifier: GPL-2.0-only
#
# Tables that are moved again and again, on a host with two CPUs that take turns (see torture.bats), while guests
# check their memory through them, others come and go, and VMMs are killed. The guests notice nothing, and the pool is
# exact.
#
# MOVING_MOVES: how many moves of tables of guests that check their memory each test waits for (50), in at most
# MOVING_SECONDS (300). MOVING_AIM=1: every other move is of those tables, and not one in ten. TORTURE_SEED: seed for what
# happens when; the tests print it.
#
# Runs on: powernv8 powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Longer: MOVING_MOVES=1000 MOVING_SECONDS=2400 HOST_RUN_LIMIT=9000
# Takes: 70 s

load host
load vmm

setup_file() {
	export MOVES=${MOVING_MOVES:-50} LIMIT=${MOVING_SECONDS:-300}
	export SEED=${TORTURE_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# $HOST_MACHINE: TORTURE_SEED=$SEED" >&3
	[[ $HOST_ON ]] || host_boot --smp 2 --in-turn --memory 2G --append kvm_cma_resv_ratio=2
}

CHECKED='check1 check2 check3'

setup() {
	only_patched_kernel "moving tables"
	# In a memory cgroup, whose memory can be reclaimed
	# shellcheck disable=SC2016 # for the host
	host '
		mkdir -p /tmp/cgroup
		[ -e /tmp/cgroup/cgroup.procs ] || mount -t cgroup2 none /tmp/cgroup
		echo +memory >/tmp/cgroup/cgroup.subtree_control
		mkdir -p /tmp/cgroup/vms
		echo $$ >/tmp/cgroup/vms/cgroup.procs
		for name in '"$CHECKED"'; do
			vmm start $name --vcpus 2 --ram 16 && vmm ctl $name allocate 20 &&
				vmm ctl $name check 0 && vmm ctl $name check 1 || exit 1
		done >/dev/null'
	last=$(last_vm)
}

teardown() {
	[[ ${HOST_DIR-} ]] || return 0
	# shellcheck disable=SC2086 # names
	vm_end killed resized cleared $CHECKED
	host 'echo 2 >/sys/kernel/mm/ksm/run; ! grep -q ram0 /proc/swaps || swapoff /dev/ram0'
	pool_back_to 0
}

# moving TEXT [EVENT]...: tables are moved, and TEXT is done over and over beside that, until all these events of
# /proc/vmstat have happened, too; then those that check have seen nothing
moving() {
	local beside=$1 event
	shift
	# shellcheck disable=SC2016 # for the host
	run host_limit $((LIMIT + 120)) '
		RANDOM='"$SEED"'
		for_all() { for name in '"$CHECKED"'; do vmm ctl $name "$@" || exit 7; done; }
		rm -f /run/moved
		while [ ! -e /run/moved ]; do
			'"$beside"'
		done >/dev/null &
		beside=$!
		nice -n -10 mover '"${MOVING_AIM:+--aim} $SEED $MOVES $LIMIT $last $*"'
		status=$?
		touch /run/moved
		wait $beside || exit 8
		for_all stop
		exit $status'
	echo "# $HOST_MACHINE: $output" >&3
	assert_success
	[[ $output =~ of-those=([0-9]+) ]]
	((BASH_REMATCH[1] >= MOVES))
	for event; do
		[[ $output =~ \ $event=([0-9]+) ]]
		((BASH_REMATCH[1] > 0))
	done
}

# from <linux/mman.h>
MADV_MERGEABLE=12
MADV_UNMERGEABLE=13
MADV_COLLAPSE=25

# What the guests use is not idle, so they are stopped while memory is reclaimed.
@test "guests' memory is merged, moved, collapsed and swapped out, and their tables move" {
	host 'cd /sys/kernel/mm/ksm && echo 0 >sleep_millisecs && echo 2000 >pages_to_scan && echo 1 >run
		[ ! -e smart_scan ] || echo 0 >smart_scan # which leaves out pages that were not merged before
		modprobe brd rd_nr=1 rd_size=65536 && mkswap /dev/ram0 && swapon /dev/ram0'
	moving "
		for_all advise $MADV_MERGEABLE
		echo 1 >/proc/sys/vm/compact_memory
		for name in $CHECKED; do vmm ctl \$name advise $MADV_COLLAPSE || :; done
		pids=\$(for name in $CHECKED; do cat /run/vmm/\$name/pid; done)
		kill -STOP \$pids
		echo 16M 2>/dev/null >/tmp/cgroup/vms/memory.reclaim || :
		sleep 0.\$((RANDOM % 3))
		kill -CONT \$pids
		((RANDOM % 4)) || for_all advise $MADV_UNMERGEABLE" pgmigrate_success pswpin cow_ksm
}

@test "tables are read, resized, cleared and replaced meanwhile, and room is made" {
	host 'vmm start resized --vcpus 2 --ram 16 && vmm ctl resized allocate 20 && vmm ctl resized hammer &&
		vmm start cleared --ram 16 && vmm ctl cleared allocate 20' >/dev/null
	# shellcheck disable=SC2016 # for the host
	moving '
		for order in 21 20; do
			vmm ctl resized prepare $order && vmm ctl resized commit $order
			vmm ctl check2 entries || exit 1
			cat /sys/kernel/debug/kvm/*-*/htab /sys/kernel/debug/kvm_htab/pool
			echo $((RANDOM % 4 + 20)) >/sys/kernel/kvm_htab/compact || :
			vmm ctl cleared run || exit 2
			kvm-htab reset --vm pid:$(cat /run/vmm/cleared/pid) --force --quiet || exit 3
			[[ $(vmm ctl cleared entries) == 0 ]] || exit 4
			vmm ctl cleared allocate2 $((RANDOM % 3 + 19)) 18 || exit 5
		done 2>/dev/null'
	host vmm ctl resized stop
}

@test "VMMs are killed" {
	# shellcheck disable=SC2016 # for the host
	moving '
		vmm start killed --ram 16 || exit 1
		read -r pid </run/vmm/killed/pid
		vmm ctl killed hash 2>/dev/null
		vmm ctl killed allocate2 $((RANDOM % 3 + 20))
		vmm ctl killed hammer
		sleep 0.$((RANDOM % 5))
		kill -9 $pid
		while [ -d /proc/$pid ]; do sleep 0.05; done
		rm -rf /run/vmm/killed'
}
