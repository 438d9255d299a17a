# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
#
# Tables that are moved to make room for another one.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Runs on: powernv9; lines: other; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 60 s

load host
load vmm

setup_file() {
	hash_boot
}

setup() {
	only_patched_kernel "moving tables"
	before=$(pool_used)
	((before == 0))
	tables_move running
	vm_start
	[[ $HOST_MACHINE != powernv10 ]] || vm hash
	plans=$(stat_of plans)
	moves=$(stat_of moves)
}

teardown() {
	vm_end
	# shellcheck disable=SC2016 # for the host
	host 'for vmm in /run/vmm/filler*; do [ -e "$vmm" ] || continue; vmm ctl "${vmm##*/}" quit; rm -r "$vmm"; done'
	tables_move running
	pool_back_to 0
}

stat_of() {
	host "cat /sys/kernel/kvm_htab/stats/$1"
}

# The pool, which is of 400 MiB and some more, in tables of 16 MiB, of which every second one is given back; those that
# stay have run
checkered() {
	# shellcheck disable=SC2016 # for the host
	host_limit 200 '
		for i in $(seq 25); do vmm start filler$i --ram 16 >/dev/null || exit 1; done
		for i in $(seq 25); do vmm ctl filler$i allocate 24 >/dev/null || exit 2; done
		for i in $(seq 1 2 25); do vmm ctl filler$i run >/dev/null || exit 3; done
		for i in $(seq 2 2 24); do vmm ctl filler$i close-vm; done'
	assert_equal "$(pool_used)" $((13 << 24))
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 24
}

# What each of the others has in its table
entries() {
	# shellcheck disable=SC2016 # for the host
	host 'for i in $(seq 1 2 25); do vmm ctl filler$i entries-list | sort | md5sum; done'
}

@test "never: what does not fit is refused" {
	checkered
	tables_move never
	run vm allocate2 26
	assert_output ENOMEM
	assert_equal "$(stat_of plans)" "$plans"
}

@test "room is made, and the entries of those that moved are as they were" {
	local entries i
	checkered
	tables_move stopped
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

# The pool, in groups of 64 MiB: a table of 16 MiB, 16 free and a table of 32 MiB; at its end another of these. A group can
# only be emptied if room is made for its larger table first.
grouped() {
	# shellcheck disable=SC2016 # for the host
	host_limit 200 '
		allocate() { vmm start filler$1 --ram 16 && vmm ctl filler$1 allocate $2; }
		units=$(($(cat /sys/kernel/kvm_htab/pool/total_bytes) >> 24))
		for i in $(seq 13); do allocate $i 25 || exit 1; done
		for i in $(seq 2 2 12); do vmm ctl filler$i close-vm; done
		for i in $(seq 14 $((units - 1))); do allocate $i 24 || exit 2; done
		for i in $(seq 15 2 $((units - 1))); do vmm ctl filler$i close-vm; done
		for i in $(seq 1 2 13); do vmm ctl filler$i run || exit 3; done' >/dev/null
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 24
}

@test "several steps: a table is moved to room that is made for it" {
	local entries plan
	grouped
	entries=$(entries)
	run --separate-stderr host kvm-htab compact --order 26 --dry-run -rn -o ID
	assert_success
	plan=${#lines[@]}
	((plan >= 3))
	run vm allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(stat_of plans) $(stat_of moves)" "$((plans + 1)) $((moves + plan))"
	assert_equal "$(entries)" "$entries"
	run vm run
	assert_success
	run host vmm ctl filler1 run
	assert_success
}

@test "guests run on while their tables are moved, and stay where they are if they may not be held up" {
	local i running=(1 3 5 7 9 11)
	checkered
	for i in $(seq 1 2 25); do
		host vmm ctl "filler$i" "$([[ " ${running[*]} " == *" $i "* ]] && echo check || echo cede)"
	done
	tables_move stopped
	run vm allocate2 27
	assert_output ENOMEM
	tables_move running 0
	run vm allocate2 27
	assert_output ENOMEM
	tables_move running
	run vm allocate2 27
	assert_output 'order=27 source=1'
	(($(stat_of longest_stop_us) > 0))
	for i in "${running[@]}"; do
		run host vmm ctl "filler$i" stop
		assert_success
	done
}

# Of the tables side by side that may be moved, one is that of the VM that asks, which is moved no further than others
# are moved out of its way: what it has is given up anyway
@test "who asks is in the way itself" {
	local i
	checkered
	tables_move stopped
	for i in 1 $(seq 7 2 25); do
		host vmm ctl "filler$i" cede
	done
	run host vmm ctl filler3 allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(stat_of moves)" $((moves + 1))
	assert_equal "$(pool_used)" $(((12 << 24) + (1 << 26)))
	for i in 3 5; do
		run host vmm ctl "filler$i" run
		assert_success
	done
}

@test "a table grows into its own place and that of a neighbour, which moves to all that is free" {
	local entries own grown
	# shellcheck disable=SC2016 # for the host
	host_limit 200 '
		for i in $(seq 25); do vmm start filler$i --ram 16 >/dev/null || exit 1; done
		for i in $(seq 25); do vmm ctl filler$i allocate2 24 >/dev/null || exit 2; done
		for i in $(seq 25); do vmm ctl filler$i run >/dev/null || exit 3; done
		vmm ctl filler10 close-vm'
	entries=$(entries)
	own=$(host vmm ctl filler20 entries-list)
	grown=$(in_place)

	# if that cannot be, nothing is lost
	tables_move never
	run host vmm ctl filler20 allocate2 25
	assert_output ENOMEM
	assert_equal "$(host vmm ctl filler20 entries-list)" "$own"

	tables_move running
	run host vmm ctl filler20 allocate2 25
	assert_output 'order=25 source=1'
	assert_equal "$(in_place)" $((grown + 1))
	assert_equal "$(stat_of moves)" $((moves + 1))
	assert_equal "$(pool_used)" $(((23 << 24) + (1 << 25)))
	assert_equal "$(entries)" "$entries"
	for i in 19 20 21; do
		run host vmm ctl "filler$i" run
		assert_success
	done
	host 'vmm ctl filler20 close-vm'
	assert_equal "$(pool_used)" $((23 << 24))
}

# The kernel's thread hardly gets to run, so that the limit is there before the room is.
@test "room is made around a table, and then its owner's cgroup cannot pay: nothing of that room is lost" {
	checkered
	vm allocate2 24 >/dev/null
	# shellcheck disable=SC2016 # for the host
	run host_limit 100 '
		cd /sys/fs/cgroup
		echo +memory >cgroup.subtree_control
		mkdir owner
		cat /run/vmm/vm/pid >owner/cgroup.procs
		kthread=$(pgrep -x kvm-htab)
		chrt --idle -p 0 $kthread
		while :; do :; done &
		vmm ctl vm allocate2 26 25 >/tmp/answer &
		while read -r n </sys/kernel/kvm_htab/stats/plans && [ $n -eq '"$plans"' ]; do :; done
		# the reverse maps of order 26 and 25 take 64 and 32 MiB
		echo $(($(<owner/memory.current) + (48 << 20))) >owner/memory.max
		kill %1
		chrt --other -p 0 $kthread
		wait %2
		cat /run/vmm/vm/pid >cgroup.procs
		rmdir owner
		cat /tmp/answer'
	assert_output 'order=25 source=1'
	assert_equal "$(pool_used)" $(((13 << 24) + (1 << 25)))
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

@test "a table that is being moved is as ready as it was" {
	checkered
	# shellcheck disable=SC2016 # for the host
	run host_limit 60 '
		ready=$(grep -l 1 /sys/kernel/kvm_htab/vm/*/ready)
		(while for file in $ready; do read -r is <$file; echo $is; done; [ ! -e /tmp/moved ]; do :; done | sort -u >/tmp/seen) &
		echo 27 >/sys/kernel/kvm_htab/compact
		touch /tmp/moved
		wait
		rm /tmp/moved
		set -- $ready
		echo $# $(cat /tmp/seen)'
	assert_output '13 1'
	(($(stat_of moves) > moves))
}

# ends NAME: the VM of NAME ends while room is made for a resize of "vm". What there is then of VMs and of the pool.
ends() {
	vm allocate2 24 >/dev/null
	# shellcheck disable=SC2016 # for the host
	host_limit 60 '
		vmm ctl vm prepare-nowait 27 >/dev/null
		while read -r n </sys/kernel/kvm_htab/stats/plans && [ $n -eq '"$plans"' ]; do :; done
		vmm ctl '"$1"' close-vm >/dev/null
		read -r pages </sys/kernel/debug/cma/kvm_cma/used
		echo $(ls /sys/kernel/kvm_htab/vm | wc -l) $((pages * $(getconf PAGESIZE)))'
}

@test "a VM that ends while tables are moved is gone at once: who asked for that" {
	checkered
	run ends vm
	assert_output "13 $((13 << 24))"
}

@test "a VM that ends while tables are moved is gone at once: a neighbour" {
	checkered
	run ends filler25
	assert_output --regexp '^13 '
	run vm prepare 27
	assert_success
	assert_equal "$(pool_used)" $(((13 << 24) + (1 << 27)))
}

@test "debugfs shows the pool and a plan, which is what happens then" {
	local granules
	checkered
	# shellcheck disable=SC2016 # for the host
	granules=$(host 'echo $(($(cat /sys/kernel/kvm_htab/pool/total_bytes) >> 18))')
	run host cat /sys/kernel/debug/kvm_htab/pool
	assert_success
	assert_equal "$(awk '{ n += $2 } END { print n }' <<<"$output")" "$granules"
	assert_equal "$(grep -c ' vm ' <<<"$output")" 13
	run host 'exec 3<>/sys/kernel/debug/kvm_htab/plan; echo 26 >&3; cat <&3'
	assert_success
	assert_line --regexp '^room [0-9]+ 256$'
}

# columns ARG...: what compact says to scripts of order 26
columns() {
	run --separate-stderr host kvm-htab compact --order 26 --raw --bytes --noheadings "$@"
}

# Whose tables are to be where is asked before, and looked up afterwards.
@test "compact: what would be moved, then it is, and then nothing is to do" {
	local plan id to
	checkered
	columns --dry-run --output ID,TO
	assert_success
	assert_equal "${#lines[@]}" 2
	plan=$output
	run host kvm-htab compact --order 26 --dry-run
	assert_success
	assert_line --index 0 --regexp '^ *ID +ORDER +SIZE +FROM +TO +EXITS +PID +VMM +DOMAIN$'
	assert_line --index 3 'Would move 2 tables (32M) to make room for a table of order 26 (64M)'
	assert_equal "$(stat_of moves)" "$moves"

	run host kvm-htab compact --order 26
	assert_success
	assert_line --index 1 --regexp '^ *[0-9]+ +24 +16M +[0-9.]+[MB] +[0-9.]+[MB] +4096 +[0-9]+ +vmm +-$'
	assert_line --index 3 'Moved 2 tables (32M); there is now room for a table of order 26 (64M)'
	assert_equal "$(stat_of moves)" $((moves + 2))
	run host cat /sys/kernel/kvm_htab/pool/largest_free_order
	assert_output 26
	run host cat /sys/kernel/debug/kvm_htab/pool
	while read -r id to; do
		assert_line "$((to >> 18)) 64 vm $id"
	done <<<"$plan"

	columns
	assert_success
	assert_output ''
	run host kvm-htab compact --order 26
	assert_success
	assert_output 'There is already room for a table of order 26 (64M)'
	assert_equal "$(stat_of moves)" $((moves + 2))
}

@test "compact: the largest order that can be had, in JSON" {
	checkered
	run host kvm-htab compact --json --dry-run
	assert_success
	assert_equal "$(json '.results[0] | [.result, .order, .largest_free_order_before, .largest_free_order] | join(" ")')" \
		'would-move 27 24 24'
	run host kvm-htab compact --json
	assert_success
	assert_equal "$(json '.results[0] | [.result, .order, .largest_free_order_before, .largest_free_order] | join(" ")')" \
		'moved 27 24 27'
	assert_equal "$(json '.results[0] | ([.tables[].table_bytes] | add) == .moved_bytes')" true
	assert_equal "$(json '.results[0].tables | map(select(.pid == null or .max_exits != 4096)) | length')" 0
}

@test "compact: what cannot be had, and who may not ask" {
	checkered
	# more than there is
	run --separate-stderr host kvm-htab compact --order 30
	assert_failure 3
	assert_output ''
	[[ $stderr == 'kvm-htab: no room for a table of order 30 (1G): the pool ('*'is too small, even if it were empty; boot with kvm_cma_resv_ratio='* ]] || fail "$stderr"
	run --separate-stderr host_as nobody kvm-htab compact
	assert_failure 1
	assert_equal "$stderr" 'kvm-htab: only root may move tables, or see the plan: try as root'
	tables_move never
	for order in '' '--order 27'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr host kvm-htab compact $order
		assert_failure 3
		[[ $stderr == 'kvm-htab: no free piece of the pool holds order 27 (128M), and the kernel may not move tables; '* ]] ||
			fail "$stderr"
	done
	# what is there needs no moves
	run host kvm-htab compact --order 24
	assert_success
	assert_output 'There is already room for a table of order 24 (16M)'
	assert_equal "$(stat_of moves)" "$moves"
}

@test "pool-status: the map, and what was moved" {
	local total
	checkered
	total=$(host cat /sys/kernel/kvm_htab/pool/total_bytes)
	run host kvm-htab pool-status --map
	echo "$output"
	assert_success
	assert_line "Free            $(((total >> 20) - 13 * 16))M (order 27 if it were in one piece)"
	assert_line 'Map (512K per character, 32M per line)'
	assert_equal "$(grep -E '^  [A-Z.]{1,64}$' <<<"$output" | tr -cd . | wc -c)" $(((total + (1 << 19) - 1 >> 19) - 13 * 32))
	assert_equal "$(grep -E '^  [A-Z.]{1,64}$' <<<"$output" | tr -cd A-M | wc -c)" $((13 * 32))
	assert_equal "$(grep -cE '^  [A-M]  VM [0-9]+, 16M, process [0-9]+$' <<<"$output")" 13
	run host kvm-htab pool-status --json --map
	assert_equal "$(json '[.results[0].map[].bytes] | add')" "$total"
	assert_equal "$(json '[.results[0].map[] | select(.kind == "vm")] | length')" 13
	run host_as nobody kvm-htab pool-status --map
	assert_failure 1
	assert_line 'kvm-htab: only root may read the map of the pool: try as root'

	host kvm-htab compact --quiet --order 26
	run --separate-stderr host kvm-htab pool-status -rbn -o MOVES,MOVED
	assert_output "$((moves + 2)) $(stat_of moved_bytes)"
	run host kvm-htab pool-status
	assert_line --regexp '^Moved +[0-9]+ tables to make room \([0-9.]+[MG]\); longest pause [0-9.]+ ms$'
	run host kvm-htab pool-status --format=prometheus
	assert_line "kvm_htab_moves_total $((moves + 2))"
	assert_line --regexp '^kvm_htab_longest_stop_seconds [0-9]+\.[0-9]{6}$'
}

@test "fit: yes, after moving so much" {
	checkered
	run --separate-stderr host kvm-htab fit -rn -o ANSWER,REASON,MOVED,SOURCE --order 26
	assert_success
	assert_output 'yes moves 32M pool'
	assert_equal "$stderr" "kvm-htab: order: a table of order 26 (64M) fits after the kernel moves other tables (32M), \
which it does when the guest starts"
	assert_equal "$(stat_of plans)" "$plans"
	run --separate-stderr host_as nobody kvm-htab fit -rn -o ANSWER,REASON,MOVED --order 26
	assert_failure 5
	assert_output 'unknown moves -'
	[[ $stderr == *'to find out, ask for one table at a time, as root, with debugfs mounted' ]] || fail "$stderr"
	run --separate-stderr host kvm-htab fit -rn -o ANSWER,REASON,MOVED --order 26 --count 2
	assert_failure 5
	assert_output 'unknown moves -'
	# more than is free
	run --separate-stderr host kvm-htab fit -rn -o ANSWER,REASON --order 28
	assert_failure 3
	assert_output 'no too-little'
	tables_move never
	run --separate-stderr host kvm-htab fit -rn -o ANSWER,REASON --order 26
	assert_failure 3
	assert_output 'no pieces'
	# shellcheck disable=SC2016 # quoted by the message
	[[ $stderr == *'allow it with `echo running >/sys/module/kvm_hv/parameters/htab_move`' ]] || fail "$stderr"
	tables_move running
	run --separate-stderr host kvm-htab fit -rn -o ANSWER,REASON,SOURCE --order 26 --probe
	assert_success
	assert_output 'yes room pool'
	assert_equal "$(stat_of plans)" $((plans + 1))
}

@test "a neighbour that is stalled stays where it is, and holds up nobody" {
	checkered
	# shellcheck disable=SC2016 # for the host
	host 'for i in 3 5; do vmm ctl filler$i htab-write-stalled $((0x100 * 8)) 0x200015 0x40000000 || exit 1; done'
	run host_limit 30 vmm ctl vm allocate2 26
	assert_output 'order=26 source=1'
	# shellcheck disable=SC2016 # for the host
	run host 'for i in 3 5; do vmm ctl filler$i htab-write-release || exit 1; done'
	assert_output $'24\n24'
}
