# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
#
# What a command says on a terminal while it waits, or while the kernel works. The tool alone: one machine is enough.
#
# Check-long: powernv9; lines: first; kernels: series
# Takes: 90 s

bats_require_minimum_version 1.5.0
load fixture

# A pool of 4 GiB, whose tables take the kernel longer than the half second after which a command says what it does, and
# as much memory for their reverse maps
setup_file() {
	host_boot --memory 9G --append kvm_cma_resv_ratio=45
}

# busy NICE: from now on two others want the host's CPU, too, so that the kernel takes three times as long with 0, and
# twenty times with -10; idle: no longer
busy() {
	# shellcheck disable=SC2016 # for the host
	host 'for i in 1 2; do nice -n '"$1"' sh -c "while :; do :; done" >/dev/null 2>&1 & echo $! >>/run/busy; done'
}

idle() {
	# shellcheck disable=SC2016 # for the host
	host '[ ! -e /run/busy ] || { kill $(cat /run/busy); rm /run/busy; }'
}

teardown() {
	idle
	# shellcheck disable=SC2119 # no names
	pool_after
}

# said: the lines of progress, one a line
said() {
	tr '\r' '\n' <<<"$output" | sed 's/\x1b\[K//g' | grep '^kvm-htab: '
}

@test "--wait says what it waits for, until the VM is offered" {
	vm permit
	vm run-loop
	vm offer @progress
	host '(sleep 4; vmm ctl vm stop; vmm ctl vm permit) >/dev/null 2>&1 &'
	run host onpty kvm-htab reset --vm @progress --wait=20
	assert_success
	assert_output --partial 'kvm-htab: @progress: waiting for its VMM to stop the VM and to offer it (1 of 20 s)'
	# the line is erased before the answer
	assert_output --regexp $'of 20 s\\)\r\e\\[K'
	assert_output --partial ' reset '
}

@test "without a terminal it says nothing of that" {
	vm permit
	vm run-loop
	vm offer @progress
	run host kvm-htab reset --vm @progress --wait=1.5
	assert_failure 4
	refute_output --partial waiting
	vm stop
}

# large_reset [OPTION...]: on a terminal, of a table that was written to, since one that is clear is not cleared again
large_reset() {
	vm htab-write 2048 0x200005 0x40000000
	vm permit
	vm offer @progress
	busy 0
	run host onpty kvm-htab reset --vm @progress "$@"
	idle
	assert_success
}

@test "a reset of a large table says that it is under way, and for how long" {
	vm_end
	vm_with_table 31
	large_reset
	assert_output --regexp $' s\\)\r\e\\[K' # the line is erased before the answer
	assert_output --regexp '@progress +reset +31 +2G +pool'
	run -0 said
	for line in "${lines[@]}"; do
		assert_regex "$line" '^kvm-htab: @progress: reset is under way \([0-9]+ s\)$'
	done
	large_reset --quiet
	assert_output ''
}

# every_second: of 14 tables of 256 MiB those at every second place stay, so that 3 or 4 are to be copied for 2 GiB
every_second() {
	local i
	vm_end
	for i in {0..13}; do
		neighbour "large$i" 28
	done
	vm_end large{1,3,5,7,9,11,13}
	tables_move running
}

@test "compact says how many tables have moved, and how many bytes" {
	every_second
	run host kvm-htab compact --order 31 --dry-run
	assert_line --regexp '^Would move [34] tables \((768M|1G)\) to make room for a table of order 31'
	all=$(sed -n 's/^Would move \([34] tables\) (\(.*\)) to make room .*/\1, [0-9.]+[BMG] of \2/p' <<<"$output")
	busy -10
	run host onpty kvm-htab compact --order 31
	idle
	assert_success
	assert_output --regexp $' s\\)\r\e\\[K' # the line is erased before the answer
	run -0 said
	printf '# %s\n' "${lines[@]}" >&3
	for line in "${lines[@]}"; do
		assert_regex "$line" "^kvm-htab: moved [0-4] of $all \\([0-9]+ s\\)\$"
	done
}

@test "compact without a terminal, or with --quiet, says nothing of that" {
	every_second
	busy -10
	run host onpty kvm-htab compact --order 30 --quiet
	assert_success
	assert_output ''
	run --separate-stderr host kvm-htab compact --order 31
	assert_success
	assert_equal "$stderr" ''
}
