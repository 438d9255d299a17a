# SPDX-License-Identifier: GPL-2.0-only
#
# Debian's own QEMU with a Linux guest on a hashed page table; neither knows of the series. They boot, resize, restart
# and end on the patched kernel as on the stock one (--stock), and kvm-htab sees what they do. HOST_QEMU=offer in the
# environment: with the QEMU of integration/qemu, which has to behave the same unless it is asked for an offer.
#
# A hash guest requires a hash host to start on; only on POWER10 can QEMU turn a guest that has started as radix,
# which then asks for its table late, from a vCPU's thread. It takes minutes, so `make check` runs it on one machine.
#
# Runs on: powernv8; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series stock
# Longer: MOVING_MOVES=1000 MOVING_SECONDS=1800 HOST_RUN_LIMIT=2700
# Longer: HOST_QEMU=offer --stock
# Takes: 80 s

bats_require_minimum_version 1.5.0
load host
load vmm
load guest

# 512 MiB: QEMU's order is log2(RAM) - 7
MEMORY=512M
ORDER=22

setup_file() {
	guest_host --add "${HOST_QEMU:-qemu}"
	pool_used >"$BATS_FILE_TMPDIR/before"
}

setup() {
	[[ $HOST_MACHINE != powernv10 ]] || guest_kernel disable_radix
	before=$(<"$BATS_FILE_TMPDIR/before")
}

# A guest that a test has left alive serves the next one.
teardown() {
	guest_end_failed || true
}

teardown_file() {
	guest_kill
}

guest_up() {
	guest_alive || {
		guest_start "$MEMORY"
		guest_expect 'up, .*'
	}
}

# table_is ORDER: what the guest has by its own word, by that of the pool, to the byte, and of kvm-htab
table_is() {
	guest_tell order
	run guest_expect 'order .*'
	assert_output "guest: order $1"
	assert_equal "$(pool_used)" $((before + (1 << $1)))
	run --separate-stderr guest_htab vm-status -rn -o MMU,ORDER,SOURCE,HAS-RUN,RESIZING
	if [[ $HOST_IS_STOCK == 1 ]]; then
		assert_failure 5
		return
	fi
	assert_success
	assert_output "hash $1 pool yes no"
}

works() {
	guest_tell 'load 32'
	guest_expect 'loaded 32'
}

@test "a guest boots, from SLOF, on a table of the order that QEMU's rule gives, and powers off" {
	guest_kill
	guest_start "$MEMORY" -machine x-vof=off
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $ORDER"
	table_is $ORDER
	works
	guest_tell poweroff
	guest_ended
	pool_back_to "$before"
}

@test "it resizes its table, up and down" {
	guest_up
	works
	guest_tell "resize $((ORDER + 1))"
	guest_expect "resized $((ORDER + 1))"
	table_is $((ORDER + 1))
	works
	guest_tell "resize $((ORDER - 1))"
	guest_expect "resized $((ORDER - 1))"
	table_is $((ORDER - 1))
	works
}

@test "system_reset: it boots again, on a table of QEMU's order and not of its own" {
	guest_up
	guest_tell "resize $((ORDER + 1))"
	guest_expect "resized $((ORDER + 1))"
	qmp '{ "execute": "system_reset" }'
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $ORDER"
	table_is $ORDER
	works
}

@test "another process is refused while it runs, and it lives on" {
	local status=4
	guest_up
	[[ $HOST_IS_STOCK == 0 ]] || status=5
	run guest_htab reset
	assert_failure $status
	run guest_htab resize --order $((ORDER + 1))
	assert_failure $status
	guest_tell 'say still here'
	guest_expect 'still here'
	table_is $ORDER
	works
}

@test "paused, its VM is in use; looked at, it goes on" {
	guest_up
	qmp '{ "execute": "stop" }'
	run --separate-stderr guest_htab vm-status -rn -o STATE,MMU,ORDER,HAS-RUN
	if [[ $HOST_IS_STOCK == 1 ]]; then
		assert_failure 5
	else
		assert_success
		assert_output "in\x20use hash $ORDER yes"
		run --separate-stderr guest_htab reset --dry-run -rn -o RESULT,ORDER
		assert_failure 1
	fi
	qmp '{ "execute": "cont" }'
	works
	table_is $ORDER
}

@test "kvm-htab takes its VM out of QEMU, and without --force does it no harm" {
	local pid command status=4 why='the VM is running; stop it first'
	guest_up
	pid=$(host cat /run/guest/pid)
	if [[ $HOST_IS_STOCK == 1 ]]; then
		status=5 why='this kernel accepts VM ioctls only'
	else
		run --separate-stderr host kvm-htab vm-status --vm "pid:$pid" -rn -o MMU,ORDER,SOURCE,HAS-RUN
		assert_success
		assert_output "hash $ORDER pool yes"
	fi
	run --separate-stderr host kvm-htab list -rn -o PID,VMM
	assert_output "$pid qemu-system-ppc"
	for command in reset "reset --wait=1" "resize --order $((ORDER + 1))"; do
		# shellcheck disable=SC2086 # words
		run host kvm-htab $command --vm "pid:$pid"
		assert_failure $status
		assert_output --partial "$why"
	done
	qmp '{ "execute": "stop" }'
	if [[ $HOST_IS_STOCK != 1 ]]; then
		status=1 why='the VM has run and was not offered'
	fi
	run host kvm-htab reset --vm "pid:$pid"
	assert_failure $status
	assert_output --partial "$why"
	qmp '{ "execute": "cont" }'
	works
	table_is $ORDER
}

# MOVING_MOVES: how often (10), in at most MOVING_SECONDS (600)
@test "its table is moved while it is under load" {
	local last checked=0
	[[ $HOST_IS_STOCK == 0 ]] || skip "no other kernel moves tables"
	guest_up
	last=$(last_vm)
	host "rm -f /tmp/moved; mover --aim 1 ${MOVING_MOVES:-10} ${MOVING_SECONDS:-600} $last >/tmp/moved 2>&1 &"
	until host '[ -s /tmp/moved ]'; do
		works
		checked=$((checked + 1))
	done
	run host cat /tmp/moved
	echo "# $HOST_MACHINE: $output, the guest checked its memory $checked times" >&3
	[[ $output =~ ^of-those=([0-9]+) ]]
	((BASH_REMATCH[1] >= ${MOVING_MOVES:-10}))
	pool_back_to $((before + (1 << ORDER)))
	table_is $ORDER
	works
}

@test "it restarts itself, on the table it has, and powers off" {
	guest_up
	guest_tell reboot
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $ORDER"
	table_is $ORDER
	works
	guest_tell poweroff
	guest_ended
	pool_back_to "$before"
}

@test "the VM of a guest that has not run yet is reset; the guest then boots; killed, it leaves nothing" {
	guest_kill
	guest_start "$MEMORY" -S
	run --separate-stderr guest_htab reset -rn -o RESULT,MMU,ORDER
	if [[ $HOST_IS_STOCK == 1 ]]; then
		assert_failure 5
	elif [[ $HOST_MACHINE == powernv10 ]]; then
		assert_success
		assert_output "nothing-to-do radix -"
	else
		assert_success
		assert_output "reset hash $ORDER"
	fi
	qmp '{ "execute": "cont" }'
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $ORDER"
	table_is $ORDER
	guest_kill
	pool_back_to "$before"
}

@test "no room for a table: QEMU says so as ever, and ends" {
	guest_kill
	# without resizing, the order is that of maxmem
	run guest_start 256M,slots=1,maxmem=128G -machine resize-hpt=disabled
	[[ $HOST_MACHINE != powernv10 ]] || assert_success # asks for it when the guest's kernel wants one
	run guest_ended
	assert_failure 1
	run guest_logs
	assert_output --partial 'Failed to allocate KVM HPT of order 30'
	assert_output --partial 'Try smaller maxmem?'
	pool_back_to "$before"
}

@test "a guest on a radix host's own MMU has no table" {
	[[ $HOST_MACHINE == powernv10 ]] || return 0 # a hash host
	guest_kill
	guest_kernel ''
	guest_start "$MEMORY"
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Radix, order 0"
	assert_equal "$(pool_used)" "$before"
	run --separate-stderr guest_htab vm-status -rn -o MMU,TABLE,HAS-RUN
	if [[ $HOST_IS_STOCK == 1 ]]; then
		assert_failure 5
	else
		assert_output "radix no no"
	fi
	works
	guest_tell poweroff
	guest_ended
}
