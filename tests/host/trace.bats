# SPDX-License-Identifier: GPL-2.0-only
#
# The tracepoints of the series: what was asked for a VM's table and by whom, what came of it, and which tables moved for it.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 15 s

load host
load vmm

TRACING=/sys/kernel/tracing

setup_file() {
	host_boot --memory 2G --append kvm_cma_resv_ratio=2
	host "mountpoint -q $TRACING || mount -t tracefs tracefs $TRACING
		for event in $TRACING/events/kvm_hv/kvmppc_htab_*/enable; do echo 1 >\$event; done"
}

setup() {
	vm_start --ram 16
	owner=$(host cat /run/vmm/vm/pid)
	host "echo >$TRACING/trace"
}

teardown() {
	vm_end
	pool_back_to 0
}

# traced: what was traced since the last time, without CPU and time: TASK-PID EVENT: TEXT
traced() {
	host "sed -nE 's/^ *(.*-[0-9]+) .* (kvmppc_htab_[a-z]+: .*)/\1 \2/p' $TRACING/trace; echo >$TRACING/trace"
}

@test "a request: who asked, what for, and what came of it" {
	vm allocate 24
	run traced
	assert_output "vmm-$owner kvmppc_htab_request: owner=$owner order=24 min_order=0 flags=0x0: order=24 source=1 ret=0"
	run vm allocate2 46 44
	run traced
	assert_output --partial "owner=$owner order=46 min_order=44 flags=0x0: order=24 source=1 ret=-12"
	# 4 is FORCE
	host "foreign pid:$owner allocate2 25 0 4" >/dev/null
	run traced
	assert_output --regexp "^foreign-[0-9]+ kvmppc_htab_request: owner=$owner order=25 min_order=0 flags=0x[0-9a-f]+: order=25 source=1 ret=0"
	refute_output --partial "foreign-$owner "
}

@test "a table that is cleared, and one of the default size" {
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	vm run >/dev/null
	run traced
	assert_output --regexp "owner=$owner order=24 min_order=18 flags=0x[0-9a-f]+: order=24 source=1 ret=0"
	vm allocate 24
	run traced
	assert_line --partial "kvmppc_htab_clear: owner=$owner order=24"
	assert_line --partial "kvmppc_htab_request: owner=$owner order=24 min_order=0"
}

@test "a resize of the guest's own" {
	vm allocate 20
	vm run >/dev/null
	vm prepare 22 >/dev/null
	vm commit 22
	run traced
	assert_line --partial "kvmppc_htab_resize: owner=$owner order=22 prepare ret=100"
	assert_line --partial "kvmppc_htab_resize: owner=$owner order=22 commit ret=0"
}

@test "a plan, and a table that moves" {
	only_patched_kernel "moving tables"
	local last
	vm allocate 20
	tables_move running
	last=$(last_vm)
	host "mover 1 1 60 $last" >/dev/null
	run traced
	assert_line --regexp 'kvmppc_htab_plan: order=[0-9]+ at=0x[0-9a-f]+ moves=[1-9][0-9]* bytes=[0-9]+$'
	assert_line --regexp "kvmppc_htab_move: owner=$owner order=20 from=0x[0-9a-f]+ to=0x[0-9a-f]+ pause=[0-9]+ ns fetched: 0 on access, 256 by kthread; ret=0"
}
