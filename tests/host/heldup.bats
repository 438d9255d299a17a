# shellcheck disable=SC2016,SC2154 # for the host; vmm.bash sets pool_used_bytes
# SPDX-License-Identifier: GPL-2.0-only
#
# Nobody is held up for long by others, whoever they are: VMs whose tables are moved, those who asked for that, and those
# who come to an end. Times are not measured: with one CPU, what else ran while a VM was held up is in the trace.
#
# Runs on: powernv9; lines: 7.2; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 45 s

load host
load vmm

KVM_PPC_HTAB_CTL_NOMOVE=8

setup_file() {
	host_boot
}

setup() {
	only_patched_kernel "moving tables"
	assert_equal "$(pool_used)" 0
	tables_move running
	vm_start
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
}

teardown() {
	host '
		cd /sys/kernel/tracing
		echo 0 >tracing_on
		for event in sched/sched_switch heldup; do [ ! -e events/$event ] || echo 0 >events/$event/enable; done
		: >kprobe_events
		for file in /run/heldup/*; do [ ! -e $file ] || kill -9 $(cat $file) 2>/dev/null; done
		rm -rf /run/heldup'
	vm_end
	host 'for vmm in /run/vmm/filler*; do [ -e "$vmm" ] || continue; vmm ctl "${vmm##*/}" quit; rm -r "$vmm"; done'
	tables_move running 100
	pool_back_to 0
}

stat_of() {
	host "cat /sys/kernel/kvm_htab/stats/$1 2>/dev/null || echo 0"
}

# pieces ORDER [COMMAND]: the pool, which is of 400 MiB and some more, in tables of that order, of which every second one
# is given back; in those that stay COMMAND is done (cede)
pieces() {
	host_limit 200 '
		n='$((400 >> ($1 - 20)))'
		for i in $(seq $n); do vmm start filler$i --ram 16 >/dev/null && vmm ctl filler$i allocate '"$1"' >/dev/null || exit 1; done
		for i in $(seq 2 2 $n); do vmm ctl filler$i quit; rm -r /run/vmm/filler$i; done
		for i in $(seq 1 2 $n); do vmm ctl filler$i '"${2:-cede}"' || exit 3; done' >/dev/null
}

# background NAME TEXT: in the host, until the test ends
background() {
	host "mkdir -p /run/heldup; (echo \$BASHPID >/run/heldup/$1; $2) >/dev/null 2>&1 </dev/null &"
}

# The trace has from now on when VMs are held up and what runs meanwhile
trace() {
	host '
		cd /sys/kernel/tracing
		echo "p:heldup/hold kvm_hv:hpt_switch" >kprobe_events
		echo "r:heldup/let_go kvm_hv:hpt_switch" >>kprobe_events
		echo 4096 >buffer_size_kb
		: >trace
		for event in heldup sched/sched_switch; do echo 1 >events/$event/enable; done
		echo 1 >tracing_on'
}

# How often a table was moved, or was to be, and how often NAME, or the idle task if none is given, ran meanwhile
#
# Who is to make room for others already when hpt_switch() is entered (PREEMPT_LAZY; the second of the flags) may do so right
# there, once, before anything is held: what runs until the kthread is back does not count.
traced() {
	host '
		cd /sys/kernel/tracing
		echo 0 >tracing_on
		pid='"${1:+\$(cat /run/heldup/$1)}"'
		awk -v next_pid="next_pid=${pid:-0} " "
			/ hold: / { held = 1; n++; due = substr(\$3, 2, 1) != \".\" }
			/ let_go: / { held = due = 0 }
			due && /sched_switch: prev_comm=kvm-htab .* prev_state=R[+]/ { due = 0; away = 1 }
			away && / next_comm=kvm-htab / { away = 0 }
			held && !away && /sched_switch: / && index(\$0, next_pid) { ran++ }
			END { print n + 0, ran + 0 }" trace'
}

@test "who asks has the lowest priority beside a busy CPU: nothing else runs while a VM is held up" {
	pieces 24
	background busy 'while :; do :; done'
	trace
	run host_limit 300 'chrt --idle -p 0 $BASHPID && echo 26 >/sys/kernel/kvm_htab/compact'
	assert_success
	run traced busy
	assert_output --regexp '^[1-9][0-9]* 0$'
}

@test "who asks has used up what CPU time its control group has: nobody waits for the next period" {
	pieces 24
	host '
		cd /sys/fs/cgroup
		echo +cpu >cgroup.subtree_control
		mkdir -p slow
		echo "1000 200000" >slow/cpu.max'
	trace
	run host_limit 300 'bash -c "echo \$\$ >/sys/fs/cgroup/slow/cgroup.procs; echo 26 >/sys/kernel/kvm_htab/compact"'
	assert_success
	run traced
	assert_output --regexp '^[1-9][0-9]* 0$'
}

@test "a reader of the lowest priority goes through a table again and again: it is moved, and nobody waits for the reader" {
	pieces 24
	background busy 'while :; do :; done'
	background reader '
		chrt --idle -p 0 $BASHPID
		while :; do for file in /sys/kernel/debug/kvm/*-*/htab; do while read -r; do :; done <$file; done; done'
	trace
	run host_limit 300 'for order in 25 26; do echo $order >/sys/kernel/kvm_htab/compact || exit 1; done'
	assert_success
	run traced busy
	assert_output --regexp '^[1-9][0-9]* 0$'
}

@test "no VM may be held up: tables stay where they are until their VMs stop" {
	local moves stays i
	pieces 24
	moves=$(stat_of moves)
	stays=$(stat_of stays)
	tables_move running 0
	run host 'echo 26 >/sys/kernel/kvm_htab/compact'
	assert_failure
	assert_equal "$(stat_of moves)" "$moves"
	(($(stat_of stays) > stays))
	host 'for i in $(seq 1 2 25); do vmm ctl filler$i stop || exit 1; done'
	run host 'echo 26 >/sys/kernel/kvm_htab/compact'
	assert_success
	(($(stat_of moves) > moves))
}

@test "NOMOVE: the table stays where it is once its VM has run" {
	local moves i
	pieces 24
	host 'for i in $(seq 1 2 25); do vmm ctl filler$i enable-cap '$KVM_PPC_HTAB_CTL_NOMOVE' || exit 1; done'
	moves=$(stat_of moves)
	run host 'echo 26 >/sys/kernel/kvm_htab/compact'
	assert_failure
	assert_equal "$(stat_of moves)" "$moves"
	run vm allocate2 26
	assert_output ENOMEM
	# although its VMM may look as if it were stopped
	host 'vmm ctl filler3 stop; vmm ctl filler5 stop; vmm ctl filler7 stop; vmm ctl filler9 stop'
	run vm allocate2 26
	assert_output ENOMEM
	# of one that has changed its mind, and of one whose table was cleared
	host 'vmm ctl filler3 enable-cap 0; vmm ctl filler5 allocate 24'
	run vm allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(stat_of moves)" $((moves + 2))
}

# Who asks and who kills it come before the kthread that moves tables, which has the only CPU otherwise.
@test "SIGKILL ends the wait of who asked, and what it asked for is not done" {
	local moves
	pieces 24
	moves=$(stat_of moves)
	run --separate-stderr host_limit 60 '
		mkfifo /tmp/never
		chrt --fifo -p 50 $$
		exec 4<>/tmp/never
		read -r before </sys/kernel/kvm_htab/stats/moves
		bash -c "echo 27 >/sys/kernel/kvm_htab/compact" &
		while read -r n </sys/kernel/kvm_htab/stats/moves && [ $n -eq $before ]; do read -t 0.002 -u 4; done
		kill -9 $!
		wait $! 2>/dev/null
		echo $? $(($(</sys/kernel/kvm_htab/stats/moves) - before))'
	assert_output '137 1'
	# room for order 27 takes at least three of the 13 tables
	host_wait 20 "[ $pool_used_bytes -eq $((13 << 24)) ]"
	run stat_of moves
	((output <= moves + 2))
}

@test "memory of a guest is unmapped all the time: VMs come and go, and tables are moved" {
	local moves
	pieces 24 check
	moves=$(stat_of moves)
	for i in 1 5 9; do
		background "unmaps$i" "while vmm ctl filler$i advise 4; do :; done"
	done
	run host_limit 120 '
		for order in 24 25 26; do
			echo $order >/sys/kernel/kvm_htab/compact || exit 1
			for i in 1 2 3 4; do vmm start new --ram 16 >/dev/null && vmm ctl new quit && rm -r /run/vmm/new || exit 2; done
		done'
	assert_success
	(($(stat_of moves) > moves))
}
