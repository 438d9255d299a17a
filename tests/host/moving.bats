# SPDX-License-Identifier: GPL-2.0-only
load host
load vmm

setup_file() {
	host_boot --smp 2 --in-turn
}

teardown_file() {
	host_verdict
}

stat_of() {
	host "cat /sys/kernel/kvm_htab/stats/$1"
}

@test "guests that check their memory see nothing of many moves" {
	# shellcheck disable=SC2016 # for the host
	host '
		for i in 1 2 3; do vmm start check$i --vcpus 2 >/dev/null && vmm ctl check$i allocate 24 >/dev/null || exit 1; done
		for i in $(seq 8); do vmm start churn$i --ram 16 >/dev/null || exit 2; vmm ctl churn$i hash; done >/dev/null 2>&1
		for i in 1 2 3; do vmm ctl check$i check 0; vmm ctl check$i check 1; done'
	run host_limit 900 '
		RANDOM='"${SEED:-1}"'
		moves=0
		end=$((SECONDS + '"${MOVING_SECONDS:-60}"'))
		while ((SECONDS < end)); do
			n=churn$((RANDOM % 8 + 1))
			case $((RANDOM % 4)) in
			0) vmm ctl $n close-vm >/dev/null; vmm ctl $n create >/dev/null; vmm ctl $n hash >/dev/null 2>&1 ;;
			*) vmm ctl $n allocate2 $((RANDOM % 5 + 23)) >/dev/null 2>&1 ;;
			esac
		done
		for i in 1 2 3; do vmm ctl check$i stop || exit 9; done'
	echo "$output"
	host 'grep . /sys/kernel/kvm_htab/stats/*; cat /proc/uptime' >&3
	assert_success
}
