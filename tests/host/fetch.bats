# shellcheck disable=SC2016 # for the host
# SPDX-License-Identifier: GPL-2.0-only
#
# Tables that have been moved, and whose entries are still in the old place, for as long as a test wants it: by the hooks
# of arch/powerpc/kvm/book3s_hv_htab_test.c, which also make sure that nobody writes to the old place, that each piece is
# fetched once and to where nothing is yet, and that nothing is copied while a VM is held up.
#
# FETCH_WINDOWS: how often each test stops a move halfway (12). TORTURE_SEED: seed for what happens meanwhile.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: moves
# Takes: 120 s

load host
load vmm

setup_file() {
	export WINDOWS=${FETCH_WINDOWS:-12}
	export SEED=${TORTURE_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# $HOST_MACHINE: TORTURE_SEED=$SEED" >&3
	host_boot --memory 2G --append kvm_cma_resv_ratio=2
}

setup() {
	hooks 'hold=-1 hold_ms=0 delay_us=0 checksum=1 mutant='
	tables_move running
	vm_start --ram 16
	vm allocate 20
	last=$(last_vm)
}

teardown() {
	hooks 'hold=-1 hold_ms=0 delay_us=0 stop_us=0 touch_stopped=0 mutant='
	host '[ ! -e /run/mover ] || kill $(cat /run/mover); rm -f /run/mover'
	vm_end
	pool_back_to 0
}

# hooks "NAME=VALUE...": of the kernel
hooks() {
	host 'for set in '"$1"'; do
		echo "${set#*=}" >/sys/module/book3s_hv_htab_test/parameters/${set%%=*} || exit 1; done'
}

hook() {
	host "cat /sys/module/book3s_hv_htab_test/parameters/$1"
}

stat_of() {
	host "cat /sys/kernel/kvm_htab/stats/$1"
}

# windows TEXT: as often as there are to be windows, the VM's table is moved, and TEXT is done before the kthread fetches
# anything, or before it has fetched much. $n is the number of the window.
windows() {
	run host_limit $((120 + 30 * WINDOWS)) '
		cd /sys/module/book3s_hv_htab_test/parameters
		RANDOM='"$SEED"'
		# Longer than a VM that was held up for 1 % of a minute is left alone
		until_holding() {
			for ((i = 0; i < 9000; i++)); do
				[ $(<holding) = $1 ] && return
				sleep 0.01
			done
			echo "holding is not $1"
			exit 9
		}
		echo 0 >hold
		mover '"$SEED"' 1000000 100000 '"$last"' >/dev/null 2>&1 &
		echo $! >/run/mover
		for ((n = 0; n < '"$WINDOWS"'; n++)); do
			until_holding Y
			'"$1"'
			echo -1 >hold
			until_holding N
			# where a table can be moved
			while [[ $(vmm ctl vm info) == *source=2* ]]; do
				vmm ctl vm allocate 19
				vmm ctl vm allocate 20
			done >/dev/null
			echo $((RANDOM % 3 ? 0 : RANDOM % 200)) >hold
		done
		echo -1 >hold
		kill $!
		wait $! 2>/dev/null
		rm /run/mover
		exit 0'
	echo "$output"
	assert_success
}

@test "nothing is copied while a VM is held up, and what does so is noticed" {
	vm cede
	windows :
	(($(hook stops) >= WINDOWS))
	assert_equal "$(hook stopped_bytes)" 0
	(($(hook fetched_bytes) > 0 && $(stat_of fetched_by_worker) > 0))
	hooks touch_stopped=1
	windows :
	(($(hook stopped_bytes) >= 4096))
	hooks touch_stopped=0
}

@test "each answer is as if the table had not been moved" {
	windows '
		vmm ctl vm model $((RANDOM * 32768 + RANDOM)) 12 || { echo; exit 2; }'
	assert_equal "$(vm model-check)" ''
	(($(stat_of fetched_on_access) > 0))
}

@test "the same, with CPUs that are slow at the wrong moment" {
	hooks delay_us=300
	windows '
		echo $((RANDOM % 600)) >delay_us
		vmm ctl vm model $((RANDOM * 32768 + RANDOM)) 4 || { echo; exit 2; }
		echo -1 >hold
		vmm ctl vm model $((RANDOM * 32768 + RANDOM)) 4 || { echo; exit 2; }'
	assert_equal "$(vm model-check)" ''
}

@test "guests whose memory is checked, while others read, age and unmap" {
	vm check
	windows '
		cat /sys/kernel/debug/kvm/*-*/htab >/dev/null || exit 2
		vmm ctl vm entries >/dev/null || exit 3
		vmm ctl vm advise 4 || exit 4'
	run vm stop
	# Its memory has been taken away
	[[ $output == *'vCPU 0: at '[23]': 0, '* || $output == '' ]] || fail "$output"
}

@test "a resize keeps what real mode is mapped by" {
	vm run
	windows '
		order=$((20 + (n + 1) % 2))
		vmm ctl vm prepare $order >/dev/null && vmm ctl vm commit $order || exit 2
		vmm ctl vm run 3 >/dev/null || exit 3'
}

@test "a reset, or another table, ends the move" {
	vm model 1 3
	windows '
		case $((n % 3)) in
		0) vmm ctl vm allocate 20 ;;
		1) vmm ctl vm allocate2 $((19 + RANDOM % 3)) 18 ;;
		2) vmm ctl vm allocate 22 ;;
		esac >/run/answer || { echo "$n: $(</run/answer)"; exit 2; }
		[ $(vmm ctl vm entries) = 0 ] || exit 3
		vmm ctl vm run >/dev/null || exit 4'
}

@test "a VM that ends, or whose VMM is killed, ends the move" {
	windows '
		if ((n % 2)); then
			vmm ctl vm close-vm
			vmm ctl vm create
		else
			read -r pid </run/vmm/vm/pid
			kill -9 $pid
			while [ -d /proc/$pid ]; do sleep 0.05; done
			rm -rf /run/vmm/vm
			vmm start vm --ram 16
		fi >/dev/null || exit 2
		until_holding N
		vmm ctl vm allocate 20 >/dev/null || exit 3
		kill $!
		wait $! 2>/dev/null
		last=$(ls /sys/kernel/kvm_htab/vm | sort -n | tail -n 1)
		mover $RANDOM 1000000 100000 $last >/dev/null 2>&1 &
		echo $! >/run/mover
		[ $(<hold) = 0 ] || echo 0 >hold'
}

@test "whoever asks, and however often: a VM that was held up for 1 % of a minute is left alone" {
	local stays
	vm cede
	stays=$(stat_of stays)
	hooks stop_us=70000
	run host_limit 200 "mover $SEED 30 40 $last"
	echo "$output"
	assert_success
	[[ $output =~ of-those=([0-9]+) ]]
	((BASH_REMATCH[1] > 0 && BASH_REMATCH[1] <= 9))
	(($(stat_of stays) > stays))
	hooks stop_us=0
}
