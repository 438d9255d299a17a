# SPDX-License-Identifier: GPL-2.0-only
#
# Hashed page tables under load, on a host with two CPUs: memory that is merged, moved and collapsed under guests that
# check it, hardly any memory left, a write to the htab file that stalls, processes that are killed at any moment. At
# the end the pool must be as it was.
#
# The CPUs take turns, in one thread of the emulator. With a thread for each CPU, the QEMU of Debian 12 does not wait
# until the other CPUs have dropped a translation that one invalidates, as POWER does: on an unpatched kernel, a
# process whose pages are merged by KSM then loses stores, even without KVM. (A kernel that patches its code for
# ftrace while it boots, as Debian's does, takes hours for that.)
#
# TORTURE_SECONDS: about how long each test takes (5). TORTURE_SEED: seed for the moments; the tests print it.
#
# Runs on: powernv8; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Longer: TORTURE_SECONDS=120
# Takes: 35 s

load host
load vmm

setup_file() {
	export SECONDS_EACH=${TORTURE_SECONDS:-5}
	export SEED=${TORTURE_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# $HOST_MACHINE: TORTURE_SEED=$SEED" >&3
	[[ $HOST_ON ]] || host_boot --smp 2 --in-turn --memory 2G
}

setup() {
	[[ ${HOST_DIR-} ]] || skip "a kernel with ftrace does not get through its boot when CPUs take turns"
	before=$(pool_used)
	neighbours=()
	vm_start --vcpus 2
	vm allocate 24
	PID=$(host cat /run/vmm/vm/pid)
}

teardown() {
	[[ ${HOST_DIR-} ]] || return 0
	host 'echo 2 >/sys/kernel/mm/ksm/run; rm -rf /tmp/hog'
	vm_end vm "${neighbours[@]}"
	pool_back_to "$before"
}

# torture COMMANDS: for the host's shell, in which "over" says whether it is time to end
torture() {
	host_limit $((SECONDS_EACH * 4 + 120)) "
		end=\$((SECONDS + $SECONDS_EACH))
		over() { ((SECONDS >= end)); }
		RANDOM=$SEED
		$1"
}

# from <linux/mman.h>
MADV_MERGEABLE=12
MADV_UNMERGEABLE=13
MADV_COLLAPSE=25

merge_pages() {
	host 'cd /sys/kernel/mm/ksm && echo 0 >sleep_millisecs && echo 2000 >pages_to_scan && echo 1 >run
		[ ! -e smart_scan ] || echo 0 >smart_scan' # which leaves out pages that were not merged before
	vm advise $MADV_MERGEABLE
}

# Pages are merged if they are the same for a while, so the VMM is stopped now and then.
@test "guests' memory is merged, moved and collapsed under them, and their tables are read" {
	merge_pages
	vm check 0
	vm check 1
	# until pages were moved, and stores went to merged ones, but no more than a minute for that
	run torture "
		counted() { sed -n \"s/^\$1 //p\" /proc/vmstat; }
		moved=\$(counted pgmigrate_success)
		stores=\$(counted cow_ksm)
		seen() { ((\$(counted pgmigrate_success) > moved && \$(counted cow_ksm) > stores)); }
		until over && { seen || ((SECONDS > end + 60)); }; do
			echo 1 >/proc/sys/vm/compact_memory
			cat /sys/kernel/debug/kvm/*-*/htab >/dev/null
			vmm ctl vm entries >/dev/null || exit 1
			vmm ctl vm advise $MADV_COLLAPSE
			kvm-htab reset --vm pid:$PID --force --quiet 2>/dev/null
			((\$? == 4)) || exit 2
			vmm ctl vm advise $MADV_MERGEABLE
			kill -STOP $PID
			sleep 0.\$((RANDOM % 10))
			kill -CONT $PID
			((RANDOM % 4)) || vmm ctl vm advise $MADV_UNMERGEABLE
		done >/dev/null"
	echo "$output"
	assert_success
	run vm stop
	assert_success
}

@test "the same, and their tables are cleared and replaced" {
	merge_pages
	run torture "
		while echo 1 >/proc/sys/vm/compact_memory; do echo 2 >/sys/kernel/mm/ksm/run; echo 1 >/sys/kernel/mm/ksm/run; done &
		beside=\$!
		until over; do
			for order in 24 22 26; do
				vmm ctl vm check 0 && vmm ctl vm check 1 || exit 1
				sleep 0.\$((RANDOM % 5))
				vmm ctl vm stop || exit 2
				kvm-htab resize --vm pid:$PID --force --order \$order --quiet || exit 3
				vmm ctl vm check 0 && vmm ctl vm check 1 || exit 4
				vmm ctl vm stop || exit 5
				kvm-htab reset --vm pid:$PID --force --quiet || exit 6
			done
		done
		kill \$beside
		wait \$beside
		vmm ctl vm run"
	echo "$output"
	assert_success
}

@test "hardly any memory is left" {
	merge_pages
	vm check 0
	host vmm start other --ram 16
	neighbours+=(other)
	host 'vmm ctl other hash || :'
	run torture "
		mkdir -p /tmp/hog && mount -t tmpfs -o size=100% none /tmp/hog
		hog() {
			local left=\$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
			dd if=/dev/zero of=/tmp/hog/\$1 bs=1M count=\$(((left >> 10) - 96)) 2>/dev/null
		}
		n=0
		until over; do
			hog \$((n++))
			for order in 20 25 18 24; do
				vmm ctl other allocate2 \$order 18 1
				vmm ctl vm entries || exit 1
			done
			rm /tmp/hog/*
		done >/dev/null
		umount /tmp/hog
		vmm ctl vm stop"
	echo "$output"
	assert_success
}

@test "a write to the htab file that does not get on: nobody else has to wait who can not be ended" {
	vm run
	vm htab-write-stalled $((0x100 * 8)) 0x200015 0x40000000
	host_limit 20 "kvm-htab vm-status --vm pid:$PID -rn -o ORDER"
	[[ ${HOST_ON:-} ]] || host_limit 20 'cat /sys/kernel/kvm_htab/vm/*/order'
	neighbour beside 22
	run host_limit 20 "timeout 2 kvm-htab reset --vm pid:$PID --force; echo \$?"
	assert_output 124
	run vm htab-write-release
	assert_output 24
	host_limit 20 "kvm-htab reset --vm pid:$PID --force"
	run vm entries
	assert_output 0
}

@test "VMMs and kvm-htab are killed at any moment" {
	vm_end
	run torture "
		n=0
		until over; do
			vmm start killed --ram 16 --vcpus 2 || exit 1
			read -r pid </run/vmm/killed/pid
			vmm ctl killed hash >/dev/null 2>&1
			((RANDOM % 4)) && vmm ctl killed allocate \$((22 + RANDOM % 5)) >/dev/null
			((RANDOM % 2)) && vmm ctl killed hammer >/dev/null
			kvm-htab \$( ((RANDOM % 2)) && echo reset || echo resize --order \$((22 + RANDOM % 6))) \
				--vm pid:\$pid --force --quiet 2>/dev/null &
			tool=\$!
			vmm ctl killed prepare-nowait \$((22 + RANDOM % 5)) >/dev/null 2>&1 &
			sleep 0.0\$((RANDOM % 10))
			((RANDOM % 2)) && kill -9 \$tool
			sleep 0.0\$((RANDOM % 10))
			kill -9 \$pid
			wait 2>/dev/null
			n=\$((n + 1))
		done
		rm -rf /run/vmm/killed
		echo \$n"
	echo "$output"
	assert_success
	((${lines[-1]} > 0))
	pool_back_to 0
	run host kvm-htab list -rn
	assert_output ''
}
