# SPDX-License-Identifier: GPL-2.0-only
#
# A Linux guest migrates between two of Debian's own QEMUs on one host, to and fro, while it is under load and the tables
# of both are moved all the time: that of the guest, from which entries are sent and whose dirty log is read, and that
# at the other end, to which they are written. The guest goes on, with all that it had in its memory.
#
# KVM has the guest's interrupts, and so the guest uses the emulated XIVE itself, through entries that came by migration: see
# defect 19 in kernel/README.md.
#
# MOVING_MOVES: how often the tables of sources, and those of destinations, are moved (10 each), in so many migrations as
# that takes, but in four, in at most MOVING_SECONDS (900).
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Longer: MOVING_MOVES=500 MOVING_SECONDS=3300 HOST_RUN_LIMIT=4200
# Takes: 110 s

bats_require_minimum_version 1.5.0
load host
load vmm
load guest

MEMORY=512M
ORDER=22 # of the table that QEMU gives such a guest
MIGRATIONS=4
BANDWIDTH=$((4 << 20)) # bytes a second, so that there is time for moves
guest_dir=/run/guest # as in guest.bash

setup_file() {
	export MOVES=${MOVING_MOVES:-10} LIMIT=${MOVING_SECONDS:-900}
	guest_host --add qemu
}

setup() {
	[[ $HOST_MACHINE != powernv10 ]] || guest_kernel disable_radix
	before=$(pool_used)
}

teardown() {
	guest_end_failed || true
	# shellcheck disable=SC2016 # for the host
	host 'kill -9 $(</run/mover)' 2>/dev/null || true
}

teardown_file() {
	guest_kill_all
}

# the number of the guest's VM
vm_of_guest() {
	host "cd /sys/kernel/kvm_htab/vm && grep -lx \$(<$guest_dir/pid) */pid" | sed 's,/.*,,'
}

moving_starts() {
	host "rm -f /run/moved; mover --aim $RANDOM 1000000 100000 $1 >/run/moved 2>&1 & echo \$! >/run/mover"
}

moving_ends() {
	# shellcheck disable=SC2016 # for the host
	host 'kill -USR1 $(</run/mover)'
	host_wait 60 '[ -s /run/moved ]'
	host cat /run/moved
}

# moves_of VM: in $output
moves_of() {
	[[ $output =~ \ vm$1=([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

memory_is_right() {
	guest_tell 'load 16'
	guest_expect 'loaded 16'
	run host grep -h 'is wrong' $guest_dir/console
	assert_output ''
}

# cross FROM TO: the guest, which is there, goes to another QEMU; adds to $sent and $received
cross() {
	local from to rounds
	guest_use "$1"
	from=$(vm_of_guest)
	guest_use "$2"
	guest_start "$MEMORY" -incoming unix:/run/migration.sock
	to=$(vm_of_guest)
	((to > from))
	guest_use "$1"
	memory_is_right
	rounds=$(rounds)
	qmp "{ \"execute\": \"migrate-set-parameters\", \"arguments\": { \"max-bandwidth\": $BANDWIDTH } }"
	moving_starts "$to"
	migrate unix:/run/migration.sock
	migrated
	guest_kill
	guest_use "$2"
	memory_is_right
	(($(rounds) > rounds))
	run moving_ends
	assert_success
	sent=$((sent + $(moves_of "$from")))
	received=$((received + $(moves_of "$to")))
	guest_tell order
	run guest_expect 'order .*'
	assert_output "guest: order $ORDER"
	pool_back_to $((before + (1 << ORDER)))
}

@test "while tables are moved all the time, a guest migrates to and fro" {
	local sent=0 received=0 n=0 from=one to=two end=$((SECONDS + LIMIT))
	guest_use $from
	guest_start "$MEMORY"
	guest_expect 'up, .*'
	guest_tell busy
	while ((n < MIGRATIONS || sent < MOVES || received < MOVES)); do
		((SECONDS < end)) || break
		cross "$from" "$to"
		read -r to from <<<"$from $to"
		n=$((n + 1))
	done
	echo "# $HOST_MACHINE: $n migrations; tables were moved $sent times at the source, $received at the destination" >&3
	((n >= MIGRATIONS && sent >= MOVES && received >= MOVES))
	guest_tell poweroff
	guest_ended
	pool_back_to "$before"
}
