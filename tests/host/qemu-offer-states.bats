# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with the series of integration/qemu offers the table in each state in which a guest is stopped, and takes the offer
# back before the guest runs again, whatever starts it. Snapshots keep the order.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Longer: QEMU_LINE=10.0
# Takes: 120 s

load offer

ORDER=22 # of the table that QEMU gives a guest with $MEMORY
guest_dir=/run/guest # as in guest.bash
SOCKET=$guest_dir/vm.sock

hmp() {
	qmp "{ \"execute\": \"human-monitor-command\", \"arguments\": { \"command-line\": \"$1\" } }"
}

# stopped_as STATE COMMAND: what the guest is told, and the state it is in then
stopped_as() {
	guest_tell "$2"
	host_wait 60 "grep -q '\"STOP\"' $guest_dir/qmp"
	assert_equal "$(runstate)" "$1"
	assert_equal "$(status .state)" '"listening"'
}

looked_at() {
	run --separate-stderr host kvm-htab vm-status --vm $SOCKET -rn -o STATE,ORDER
	assert_success
	assert_output "offered $1"
	ended answered false
}

@test "shut down: looked at, it stays so; changed, it is about to boot" {
	offer_start -no-shutdown
	stopped_as shutdown poweroff
	looked_at $ORDER
	assert_equal "$(runstate)" shutdown
	run vm_cont
	assert_output --partial 'Resetting the Virtual Machine is required'
	host kvm-htab reset --vm $SOCKET
	ended answered true
	assert_equal "$(runstate)" prelaunch
	vm_cont
	boots_afresh $ORDER
	stopped_as shutdown poweroff
	host kvm-htab resize --order $((ORDER + 1)) --vm $SOCKET
	qmp '{ "execute": "system_reset" }'
	vm_cont
	boots_afresh $((ORDER + 1))
	table_is $((ORDER + 1))
	stopped_as shutdown poweroff
	take reset
	take_says reset
	qmp '{ "execute": "system_reset" }'
	ended reset true
	vm_cont
	boots_afresh $((ORDER + 1))
}

@test "panicked: looked at, it stays so; changed, it is about to boot" {
	offer_start -no-shutdown
	stopped_as guest-panicked panic
	looked_at $ORDER
	assert_equal "$(runstate)" guest-panicked
	host kvm-htab resize --order $((ORDER + 1)) --vm $SOCKET
	ended answered true
	assert_equal "$(runstate)" prelaunch
	vm_cont
	boots_afresh $((ORDER + 1))
	stopped_as guest-panicked panic
	take silent
	qmp '{ "execute": "system_reset" }'
	ended reset false
	vm_cont
	boots_afresh $((ORDER + 1))
	take_killed
	stopped_as guest-panicked panic
	take reset
	take_says reset
	vm_cont
	ended resumed true
	boots_afresh $((ORDER + 1))
}

@test "not started yet" {
	offer_start
	guest_kill
	guest_start "$MEMORY" -S -object "kvm-htab-offer,id=htab0,path=$SOCKET"
	assert_equal "$(runstate)" prelaunch
	if [[ $HOST_MACHINE == powernv10 ]]; then # the guest chooses the hash MMU only when its kernel starts
		assert_equal "$(status .state)" '"waiting"'
		return
	fi
	looked_at $ORDER
	take silent
	vm_cont
	ended resumed false
	boots_afresh $ORDER
}

@test "continued by a debugger" {
	offer_start
	host 'rm -f /tmp/gdb.*; mkfifo /tmp/gdb.in /tmp/gdb.out; cat /tmp/gdb.out >/tmp/gdb.said &'
	hmp 'gdbserver pipe:/tmp/gdb'
	assert_equal "$(runstate)" paused
	take reset
	take_says reset
	host "printf '\$c#63' 1<>/tmp/gdb.in"
	ended resumed true
	boots_afresh $ORDER
}

@test "quit while a client has the VM: it is told, and nothing is left" {
	offer_up
	vm_stop
	take late
	qmp '{ "execute": "quit" }' || true
	guest_ended
	take_says closed
	# the offer has ended, or QEMU has by then
	take_says 'EBUSY|EIO'
	guests_use 0
	run host test -e $SOCKET
	assert_failure
}

# A disk for snapshots: qcow2, made by QEMU.
add_disk() {
	host "rm -f /tmp/disk"
	qmp '{ "execute": "blockdev-create", "arguments": { "job-id": "file", "options":
		{ "driver": "file", "filename": "/tmp/disk", "size": 0 } } }'
	expect_event '"concluded"'
	qmp '{ "execute": "job-dismiss", "arguments": { "id": "file" } }'
	qmp '{ "execute": "blockdev-add", "arguments": { "driver": "file", "node-name": "file", "filename": "/tmp/disk" } }'
	qmp '{ "execute": "blockdev-create", "arguments": { "job-id": "qcow2", "options":
		{ "driver": "qcow2", "file": "file", "size": 67108864 } } }'
	expect_event '"concluded"'
	qmp '{ "execute": "job-dismiss", "arguments": { "id": "qcow2" } }'
	qmp '{ "execute": "blockdev-del", "arguments": { "node-name": "file" } }'
	qmp '{ "execute": "blockdev-add", "arguments": { "driver": "qcow2", "node-name": "disk", "file":
		{ "driver": "file", "filename": "/tmp/disk" } } }'
}

# snapshot save|load NAME
snapshot() {
	run hmp "$1vm $2"
	assert_output --partial '{"return": ""}'
}

@test "saved and loaded: the offer ends first, and the guest has the order that it was saved with" {
	offer_start
	add_disk
	vm_stop
	take reset
	take_says reset
	snapshot save fresh
	ended snapshot true
	assert_equal "$(runstate)" paused
	take_killed
	vm_cont
	boots_afresh $ORDER
	resized $((ORDER + 1))
	guest_tell busy
	snapshot save larger
	works
	resized $((ORDER + 2))
	vm_stop
	take reset
	take_says reset
	snapshot load larger
	ended reset true
	take_killed
	vm_cont
	works
	table_is $((ORDER + 1))
	assert_equal "$(status '."reset-order"')" $((ORDER + 1))
	guest_tell rounds
	run guest_expect 'rounds .*'
	refute_output 'guest: rounds 0'
	qmp '{ "execute": "system_reset" }'
	boots_afresh $((ORDER + 1))
	snapshot load fresh
	boots_afresh $ORDER
	table_is $ORDER
	host rm /tmp/disk
}

@test "the socket: where it cannot be, QEMU says why" {
	local long
	long=/tmp/$(printf 'x%.0s' {1..108})
	offer_up
	qmp '{ "execute": "object-del", "arguments": { "id": "htab0" } }'
	add() {
		run qmp "{ \"execute\": \"object-add\", \"arguments\": { \"qom-type\": \"kvm-htab-offer\", \"id\": \"htab0\", $1 } }"
	}
	add "\"path\": \"$long\""
	assert_output --partial "'path' is longer than 107 bytes"
	add '"path": "/tmp/nowhere/vm.sock"'
	assert_output --partial 'Cannot bind a socket to /tmp/nowhere/vm.sock'
	add '"path": "/tmp/vm.sock", "group": "nobodys"'
	assert_output --partial 'There is no group \"nobodys\"'
	run host test -e /tmp/vm.sock
	assert_failure
	add '"path": "/tmp/vm.sock"'
	assert_output --partial '{"return": {}}'
	run host stat -c %a /tmp/vm.sock
	assert_output 600
	vm_stop
	run --separate-stderr host kvm-htab vm-status --vm /tmp/vm.sock -rn -o STATE
	assert_output offered
	goes_on
	guest_kill
}
