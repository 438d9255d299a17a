# SPDX-License-Identifier: GPL-2.0-only
#
# Tables that are moved again and again, on a host with two CPUs that take turns (see torture.bats), while guests check
# their memory through them, others come and go, and VMMs are killed. Nobody notices, and the pool is exact.
#
# MOVING_SECONDS: how long each is to take, about (15). TORTURE_SEED: for what happens when; the tests print it.

load host
load vmm

setup_file() {
	export SECONDS_EACH=${MOVING_SECONDS:-15}
	export SEED=${TORTURE_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# $HOST_MACHINE: TORTURE_SEED=$SEED" >&3
	host_boot --smp 2 --in-turn
}

teardown_file() {
	host_verdict
}

setup() {
	moves=$(host cat /sys/kernel/kvm_htab/stats/moves)
	# shellcheck disable=SC2016 # for the host
	host '
		for i in 1 2 3; do vmm start check$i --vcpus 2 >/dev/null && vmm ctl check$i allocate 24 >/dev/null || exit 1; done
		for i in $(seq 8); do vmm start churn$i --ram 16 >/dev/null || exit 2; vmm ctl churn$i hash; done >/dev/null 2>&1
		for i in 1 2 3; do vmm ctl check$i check 0; vmm ctl check$i check 1; done'
}

teardown() {
	vm_end killed resized check1 check2 check3 churn1 churn2 churn3 churn4 churn5 churn6 churn7 churn8
	pool_back_to 0
}

# churn TEXT: others' tables come, go and change, and TEXT happens beside that; then those that check have seen nothing
churn() {
	# shellcheck disable=SC2016 # for the host
	run host_limit $((SECONDS_EACH * 4 + 120)) '
		RANDOM='"$SEED"'
		end=$((SECONDS + '"$SECONDS_EACH"'))
		over() { ((SECONDS >= end)); }
		'"$1"'
		until over; do
			n=churn$((RANDOM % 8 + 1))
			case $((RANDOM % 4)) in
			0) vmm ctl $n close-vm >/dev/null; vmm ctl $n create >/dev/null; vmm ctl $n hash >/dev/null 2>&1 ;;
			*) vmm ctl $n allocate2 $((RANDOM % 5 + 23)) >/dev/null 2>&1 ;;
			esac
		done
		[ -z "$beside" ] || wait $beside
		[ ! -e /run/vmm/resized ] || vmm ctl resized stop || exit 8
		for i in 1 2 3; do vmm ctl check$i stop || exit 9; done'
	echo "$output"
	assert_success
	echo "# $HOST_MACHINE: $(($(host cat /sys/kernel/kvm_htab/stats/moves) - moves)) tables moved" >&3
}

@test "guests that check their memory" {
	churn beside=
}

@test "tables are read and resized meanwhile, and room is made" {
	# shellcheck disable=SC2016 # for the host
	churn '
		vmm start resized --vcpus 2 >/dev/null && vmm ctl resized allocate 24 && vmm ctl resized hammer || exit 1
		until over; do
			for order in 25 24; do vmm ctl resized prepare $order && vmm ctl resized commit $order; done
			vmm ctl check2 entries
			cat /sys/kernel/debug/kvm/*-*/htab /sys/kernel/debug/kvm_htab/pool
			echo $((RANDOM % 4 + 24)) >/sys/kernel/kvm_htab/compact
		done >/dev/null 2>&1 &
		beside=$!'
}

@test "VMMs are killed" {
	# shellcheck disable=SC2016 # for the host
	churn '
		until over; do
			vmm start killed --ram 16 >/dev/null || exit 1
			read -r pid </run/vmm/killed/pid
			vmm ctl killed hash >/dev/null 2>&1
			vmm ctl killed allocate $((RANDOM % 3 + 23)) >/dev/null
			vmm ctl killed hammer >/dev/null
			sleep 0.$((RANDOM % 5))
			kill -9 $pid
			while [ -d /proc/$pid ]; do sleep 0.05; done
			rm -rf /run/vmm/killed
		done &
		beside=$!'
}
