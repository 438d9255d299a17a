# SPDX-License-Identifier: GPL-2.0-only
#
# Peers on the VM socket that do not behave like a VMM: a clear error, no hang, no descriptor left open. The peer
# (tests/cli/peer.c) prints what the client answered, how many copies of what it sent are still open elsewhere ("fds
# N"), and "closed" when the client has hung up. The tool alone: one machine is enough.
#
# Runs on: powernv9; lines: first; kernels: series
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 5 s

load fixture

setup() {
	pool_before
}

# with_peer MODE ARG...: kvm-htab reset by an unprivileged user; then "--" and what the peer says.
with_peer() {
	local mode=$1
	shift
	host_limit 20 "
		rm -f /tmp/peer.sock
		peer $mode /tmp/peer.sock >/tmp/peer.out 2>&1 &
		until grep -q ready /tmp/peer.out; do sleep 0.05; done
		chmod 666 /tmp/peer.sock
		setpriv --reuid=nobody --clear-groups kvm-htab reset --vm /tmp/peer.sock $*
		status=\$?
		wait
		echo --
		cat /tmp/peer.out
		exit \$status"
}

# refused MODE TEXT ARG...
refused() {
	run with_peer "$1" "${@:3}"
	assert_failure 1
	assert_output --partial "$2"
	assert_output --partial 'nothing was changed'
	assert_line closed
}

@test "no file descriptor" {
	refused none 'the peer sent no file descriptor with its first message'
}

@test "two, and two hundred" {
	refused two 'the peer sent 2 file descriptors instead of one; all were closed'
	assert_line 'fds 0'
	refused many 'the peer sent 200 file descriptors instead of one; all were closed'
	assert_line 'fds 0'
}

@test "one that is no VM" {
	refused pipe 'not a KVM VM but'
	assert_line 'fds 0'
}

@test "nothing at all" {
	refused silent 'the peer sent nothing within 1 s' --timeout=1
}

@test "hanging up" {
	run with_peer hangup
	assert_failure 1
	assert_output --partial 'the peer hung up without sending a file descriptor'
}

@test "a VM, and gone before the answer" {
	run with_peer unread
	assert_failure
	refute_output --partial Broken
}

@test "a VM that was reset, and nobody who wants to know: done, and said" {
	run host '
		peer unread @unread >/tmp/peer.out 2>&1 &
		until grep -q ready /tmp/peer.out; do sleep 0.05; done
		kvm-htab reset --vm @unread -rn -o RESULT'
	assert_success
	assert_line 'kvm-htab: @unread: cannot send the answer to the peer: Broken pipe'
	assert_line nothing-to-do
}

@test "a VMM that dies after offering its VM leaves the pool whole" {
	local before
	before=$(pool_used)
	vm_start
	vm allocate 26
	vm share
	vm offer /run/peers.sock
	# shellcheck disable=SC2016 # for the host
	host 'kill -9 $(</run/vmm/vm/pid)'
	run host kvm-htab reset --vm /run/peers.sock
	assert_failure 1
	assert_output --partial 'is the VMM running?'
	vm_end
	pool_back_to "$before"
}
