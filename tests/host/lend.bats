# SPDX-License-Identifier: GPL-2.0-only
#
# The VMM's side that kvm-htab-vm-socket(7) shows, in C (in the reference VMM) and in Python (with a VM of its own): what
# the VMM learns after a client that is honest, lies, is late or dies, and that nobody can change the table afterwards.
# tests/cli/examples.bats has what clients can send.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 60 s

bats_require_minimum_version 1.5.0
load fixture
load python

DIR=/run/lend
SOCKET=$DIR/guest.sock

setup_file() {
	host_boot
	put_python
	host_put "$BATS_TEST_DIRNAME/../../examples/share_vm_fd.py" /tmp/share_vm_fd.py
}

setup() {
	vm_with_table 24 --vcpus 2
	host "mkdir -p -m 0700 $DIR"
	used
}

teardown() {
	host "rm -rf $DIR /tmp/lent" || return
	pool_after
}

# used: the guest has run, and its table has entries
used() {
	vm run
	run vm entries
	refute_output 0
}

# lend [MAX-ORDER]: the VMM lends its VM; returns when it listens
lend() {
	host "rm -f /tmp/lent; vmm ctl vm lend $SOCKET ${1:-0} >/tmp/lent 2>&1 &"
	host_wait 20 "[ -S $SOCKET ]"
}

# lent: what the VMM prints in the end
lent() {
	host_wait 30 '[ -s /tmp/lent ]'
	host cat /tmp/lent
}

@test "the tool resets the VM: the guest must be reset" {
	lend
	run host kvm-htab reset --vm $SOCKET -rn -o RESULT
	assert_output reset
	run lent
	assert_output --regexp '^goes_on=0 order=24 answer=\{.*"result": ?"reset"'
	run vm entries
	assert_output 0
}

@test "the tool resizes the VM within the limit: the VMM learns the order" {
	lend 25
	run host kvm-htab resize --vm $SOCKET --order 25
	assert_success
	run lent
	assert_output --regexp '^goes_on=0 order=25 '
	used
	lend 24
	run host_as nobody foreign $SOCKET allocate 25 say '{}'
	assert_failure # may not enter the directory
	run host foreign $SOCKET info say '{}'
	assert_line 'info 25'
	run lent
	assert_output --regexp '^goes_on=1 order=25 '
}

@test "the tool looks, or a client lies that it has changed the table: the guest can go on" {
	lend
	run host kvm-htab vm-status --vm $SOCKET
	assert_success
	run lent
	assert_output --regexp '^goes_on=1 order=24 '
	lend
	host taker boast $SOCKET
	run lent
	assert_output --regexp '^goes_on=1 order=24 answer=.*"result": "reset"'
	run vm entries
	refute_output 0
}

@test "a client lies that it has not changed the table: the guest must be reset" {
	lend
	run host taker deny $SOCKET
	assert_line reset
	run lent
	assert_output --regexp '^goes_on=0 order=24 answer=.*"failed"'
}

@test "no answer, in time or at all, and one that is too long: the VM is taken back" {
	lend
	run host timeout 2 taker reset $SOCKET
	assert_line reset
	run lent
	assert_output 'goes_on=0 order=24 answer='
	used
	lend
	run host timeout 20 taker late $SOCKET
	assert_line closed
	# root may clear the table of a VM that has not run since; this one has
	assert_line EBUSY
	run lent
	assert_output 'goes_on=1 order=24 answer='
	lend
	run host taker flood $SOCKET
	assert_line closed
	run lent
	assert_output 'goes_on=1 order=24 answer='
}

@test "a socket that a VMM has left behind is replaced, another file is not" {
	host "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"$SOCKET\")'"
	lend
	host_wait 20 "foreign $SOCKET say '{}'"
	run lent
	assert_output 'goes_on=1 order=24 answer={}'
	host "touch $SOCKET"
	run vm lend $SOCKET 0
	assert_failure
	assert_output EADDRINUSE
}

@test "a VM that runs is not lent" {
	vm run-loop
	host "rm -f /tmp/lent; vmm ctl vm lend $SOCKET 0 >/tmp/lent 2>&1 &"
	host_wait 20 "[ -S $SOCKET ]"
	run host taker boast $SOCKET
	assert_line nothing
	run lent
	assert_output EBUSY
	vm stop
}

@test "in Python: an honest client, one that lies, and one that is late" {
	local client
	for client in "kvm-htab resize --order 25 --vm $SOCKET" "taker deny $SOCKET" "taker garbage $SOCKET" \
		"taker flood $SOCKET" "timeout 20 taker late $SOCKET" "foreign $SOCKET allocate 26 say {}"; do
		host "rm -f /tmp/lent; python3 /tmp/share_vm_fd.py $SOCKET 25 >/tmp/lent 2>&1 &"
		host_wait 60 "[ -S $SOCKET ]"
		run host "$client"
		run lent
		assert_output --partial '"goes_on": false'
		case $client in
		*resize*) assert_output --partial '"order": 25' ;;
		*deny* | *foreign*) refute_output --partial '"answer": null' ;;
		*) assert_output --partial '"answer": null' ;;
		esac
	done
}
