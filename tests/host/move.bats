# SPDX-License-Identifier: GPL-2.0-only
#
# Tables that are moved to make room for another one.

load host
load vmm

FILLERS=26

setup_file() {
	host_boot
}

setup() {
	before=$(pool_used)
	((before == 0))
	mode running
	vm_start
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	plans=$(stat_of plans)
	moves=$(stat_of moves)
}

teardown() {
	vm_end
	# shellcheck disable=SC2016 # for the host
	host 'for vmm in /run/vmm/filler*; do [ -e "$vmm" ] || continue; vmm ctl "${vmm##*/}" quit; rm -r "$vmm"; done'
	mode running
	pool_back_to 0
}

mode() {
	host "echo $1 >/sys/module/kvm_hv/parameters/htab_move"
}

stat_of() {
	host "cat /sys/kernel/kvm_htab/stats/$1"
}

# The whole pool in tables of 16 MiB, of which every second one is given back; those that stay have run
checkered() {
	# shellcheck disable=SC2016 # for the host
	host_limit 200 '
		for i in $(seq 26); do vmm start filler$i --ram 16 >/dev/null || exit 1; done
		for i in $(seq 26); do vmm ctl filler$i allocate 24 >/dev/null || exit 2; done
		for i in $(seq 1 2 26); do vmm ctl filler$i run >/dev/null || exit 3; done
		for i in $(seq 2 2 26); do vmm ctl filler$i close-vm; done'
	assert_equal "$(pool_used)" $((13 << 24))
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 24
}

# What each of the others has in its table
entries() {
	# shellcheck disable=SC2016 # for the host
	host 'for i in $(seq 1 2 26); do vmm ctl filler$i entries-list | sort | md5sum; done'
}

@test "never: what does not fit is refused" {
	checkered
	mode never
	run vm allocate2 26
	assert_output ENOMEM
	assert_equal "$(stat_of plans)" "$plans"
}

@test "room is made, and the entries of those that moved are as they were" {
	local entries i
	checkered
	mode stopped
	entries=$(entries)
	run vm allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(entries)" "$entries"
	assert_equal "$(stat_of plans)" $((plans + 1))
	(($(stat_of moves) > moves))
	run vm run
	assert_success
	for i in 1 3 5 7 9; do
		run host vmm ctl "filler$i" run
		assert_success
	done
	assert_equal "$(pool_used)" $(((13 << 24) + (1 << 26)))
	vm close-vm
	assert_equal "$(pool_used)" $((13 << 24))
}

@test "guests run on while their tables are moved" {
	# shellcheck disable=SC2016 # for the host
	local i
	checkered
	for i in 1 3 5 7 9 11; do
		host vmm ctl filler$i check
	done
	mode stopped
	run vm allocate2 27
	echo "$output"
	mode running
	run vm allocate2 27
	assert_output 'order=27 source=1'
	host sh -c 'head /sys/kernel/kvm_htab/stats/*' >&3
	sleep 2
	for i in 1 3 5 7 9 11; do
		run host vmm ctl filler$i stop
		assert_success
	done
}

@test "room ahead of time" {
	checkered
	host 'echo 26 >/sys/kernel/kvm_htab/compact'
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 26
	assert_equal "$(pool_used)" $((13 << 24))
}

@test "a resize that is prepared" {
	checkered
	vm allocate2 24
	run vm prepare 26
	assert_success
	run vm commit 26
	assert_success
	run vm info
	assert_output --partial 'order=26 source=1'
}

@test "debugfs shows the pool and a plan, which is what happens then" {
	local granules plan
	checkered
	granules=$(host 'echo $(($(cat /sys/kernel/kvm_htab/pool/total_bytes) >> 18))')
	run host cat /sys/kernel/debug/kvm_htab/pool
	assert_success
	assert_equal "$(awk '{ n += $2 } END { print n }' <<<"$output")" "$granules"
	assert_equal "$(grep -c ' vm ' <<<"$output")" 13
	echo "$output" >&3
	run host 'exec 3<>/sys/kernel/debug/kvm_htab/plan; echo 26 >&3; cat <&3'
	echo "$output" >&3
	assert_line --regexp '^room [0-9]+ 256$'
}

@test "compact: what would be moved, then it is, and then nothing is to do" {
	checkered
	run host kvm-htab compact --order 26 --dry-run
	echo "$output" >&3
	assert_success
	run host kvm-htab compact --order 26
	echo "$output" >&3
	assert_success
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 26
	run host kvm-htab compact --order 26
	assert_success
	assert_output --partial 'there is room already for a table of order 26'
	run host kvm-htab compact --json
	echo "$output" | jq -c . >&3
	run host kvm-htab compact --order 30
	assert_failure 3
	echo "$output" >&3
	run host_as nobody kvm-htab compact
	assert_failure 1
	echo "$output" >&3
}

@test "pool-status --map" {
	checkered
	run host kvm-htab pool-status --map
	echo "$output" >&3
	assert_success
	run host kvm-htab pool-status --json --map
	assert_equal "$(json '[.results[0].map[].bytes] | add')" "$(host cat /sys/kernel/kvm_htab/pool/total_bytes)"
	assert_equal "$(json '[.results[0].map[] | select(.kind == "vm")] | length')" 13
}

@test "fit: yes, after moving so much" {
	checkered
	run host kvm-htab fit -rn -o ANSWER,REASON,MOVED,SOURCE --order 26
	assert_success
	assert_output 'yes moves 32M pool'
	run host_as nobody kvm-htab fit -rn -o ANSWER,REASON,MOVED --order 26
	assert_failure 5
	echo "$output" >&3
	run host kvm-htab fit -rn -o ANSWER,REASON --order 26 --count 2
	assert_failure 5
	run host kvm-htab fit -rn -o ANSWER,REASON --order 26 --probe
	assert_success
	echo "$output" >&3
	run host kvm-htab fit -rn -o ANSWER,REASON --order 28
	assert_failure 3
	run host kvm-htab fit --order 26
	echo "$output" >&3
}

@test "a neighbour that is stalled stays where it is, and holds up nobody" {
	checkered
	host 'for i in 3 5; do vmm ctl filler$i htab-write-stalled $((0x100 * 8)) 0x200015 0x40000000 || exit 1; done'
	run host_limit 30 vmm ctl vm allocate2 26
	assert_output 'order=26 source=1'
	run host 'for i in 3 5; do vmm ctl filler$i htab-write-release || exit 1; done'
	assert_output $'24\n24'
}
