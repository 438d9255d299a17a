#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# The VM socket with peers that behave and peers that do not, and fd:N.

bats_require_minimum_version 1.5.0
load common

setup() {
	SOCK=$BATS_TEST_TMPDIR/vm.sock
}

teardown() {
	stop_peer 2>/dev/null
}

# refused MODE TEXT: the peer's MODE gives exit status 1 and TEXT, here and in
# the answer to the peer, and no descriptor stays behind
refused() {
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind "$1" "$SOCK"
		run --separate-stderr kvm_htab reset --vm "unix:$SOCK" --timeout 5
		assert_failure 1
		[[ $stderr == *"$2"*"; nothing was changed" ]] || fail "$stderr"
		run peer_said
		assert_output --partial '"exit_status":1'
		assert_output --partial "${2//\"/\\\"}"
		assert_line "fds 0"
		assert_line closed
	done
}

@test "a peer that sends no fd" {
	refused none "the peer sent no file descriptor with its first message"
}

@test "a peer that sends two fds, or 200" {
	refused two "the peer sent 2 file descriptors instead of one; all were closed"
	refused many "the peer sent 200 file descriptors instead of one; all were closed"
}

@test "a peer that sends a second fd in a message of its own" {
	start_peer split "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 1
	# the second message may come too late to be seen, but not to be closed
	assert_output --regexp 'sent 2 file descriptors instead of one|this is no KVM VM'
	run peer_said
	assert_line "fds 0"
}

@test "a peer that sends more fds than may be open here" {
	start_peer many "$SOCK"
	run bash -c 'ulimit -n 20; exec "$@"' - "$KVM_HTAB" reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "file descriptors from the peer were lost on the way"
	run peer_said
	assert_line "fds 0"
}

@test "a peer that sends a fd that is no VM" {
	refused pipe 'this is no KVM VM but "pipe:['
}

@test "a peer that sends a fd without data" {
	start_peer -s bare "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "the peer sent a file descriptor without a byte of data"
	run peer_said
	assert_line "fds 0"
}

# within SECONDS: the test has taken at least one and less than so many
within() {
	local spent=$((SECONDS - STARTED))

	[ "$spent" -le "$1" ] || fail "took $spent s"
}

@test "a peer that sends nothing: time limit" {
	STARTED=$SECONDS
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind silent "$SOCK"
		run kvm_htab reset --vm "$SOCK" --timeout 0.5
		assert_failure 1
		assert_output --partial "the peer sent nothing within 0.5 s (see --timeout); nothing was changed"
		run peer_said
		assert_output --partial '"errno":"ETIMEDOUT"'
	done
	within 4
}

@test "a peer that does not accept: time limit" {
	STARTED=$SECONDS
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind deaf "$SOCK"
		run kvm_htab reset --vm "$SOCK" --timeout 0.5
		stop_peer
		assert_failure 1
		assert_output --partial "could not connect within 0.5 s"
	done
	within 4
}

@test "a peer that hangs up" {
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind hangup "$SOCK"
		run kvm_htab reset --vm "$SOCK"
		assert_failure 1
		assert_output --partial "the peer hung up without sending a file descriptor; nothing was changed"
	done
}

@test "a peer that ends instead of accepting" {
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind gone "$SOCK"
		run kvm_htab reset --vm "$SOCK"
		assert_failure 1
		assert_output --partial "cannot receive from the peer: Connection reset by peer; nothing was changed"
	done
}

@test "no socket, no listener, no socket at all, no permission" {
	run kvm_htab reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "there is no such socket: is the VMM running"
	touch "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "nobody listens on this socket"
	run kvm_htab reset --vm "$SOCK/vm"
	assert_failure 1
	assert_output --partial "cannot connect: Not a directory; nothing was changed"
	mkdir "$BATS_TEST_TMPDIR/closed"
	chmod 000 "$BATS_TEST_TMPDIR/closed"
	without=()
	[ "$(id -u)" != 0 ] || without=(setpriv --bounding-set "-dac_override,-dac_read_search")
	run "${without[@]}" "$KVM_HTAB" reset --vm "$BATS_TEST_TMPDIR/closed/vm"
	chmod 700 "$BATS_TEST_TMPDIR/closed"
	assert_failure 1
	assert_output --partial "no permission to connect"
}

@test "abstract names, all spellings" {
	for spelling in "unix:@" "@"; do
		start_peer none "@kvm-htab-test.$$"
		run kvm_htab vm-status --vm "${spelling}kvm-htab-test.$$"
		assert_failure 1
		assert_output --partial "sent no file descriptor"
		run peer_said
		assert_line closed
	done
}

@test "a relative path needs unix: or a slash" {
	cd "$BATS_TEST_TMPDIR"
	run kvm_htab vm-status --vm unix:vm.sock
	assert_failure 1
	assert_output --partial "unix:vm.sock: there is no such socket"
	run kvm_htab vm-status --vm ./vm.sock
	assert_failure 1
	assert_output --partial "./vm.sock: there is no such socket"
}

@test "fd:N that is not open, or no VM" {
	run kvm_htab vm-status --vm fd:77
	assert_failure 1
	assert_output --partial "fd:77: there is no open file descriptor 77: was it handed down"
	run bash -c 'exec 9</dev/null; exec "$@"' - "$KVM_HTAB" vm-status --vm fd:9
	assert_failure 1
	assert_output --partial 'this is no KVM VM but "/dev/null"'
}

@test "a real VM of this machine: EIO, told by the host it belongs to" {
	need_kvm
	[ "$(uname -m)" != ppc64le ] || skip "a POWER host: see tests/host"
	start_peer vm "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 5
	assert_output --partial "this is a VM of a host that is not POWER ($(uname -m))"
	run peer_said
	assert_output --partial '"result":"failed"'
	assert_output --partial '"exit_status":5'
	rm "$SOCK"
	start_peer -s vm "$SOCK"
	run kvm_htab reset --vm "$SOCK" --sysroot "$TREES/stock-6.1-meminfo"
	assert_failure 5
	assert_output --partial "this kernel refuses VM ioctls from any process but the VM's own"
	assert_output --partial "nothing was changed"
	run peer_said
	assert_output --partial '"errno":"EIO"'
	run "$TOOLS/peer" run "$KVM_HTAB" vm-status --vm fd:9 --sysroot "$POWER"
	assert_failure 1
	assert_output --partial "the kernel refuses this VM: its owner is gone"
}

@test "a kernel that refuses to say what it can" {
	need_kvm
	# EINVAL is 22
	run "$TOOLS/peer" run "$TOOLS/peer" refuse ioctl 22 "$KVM_HTAB" reset --vm fd:9
	assert_failure 1
	assert_output --partial "the kernel refuses: Invalid argument; nothing was changed"
}

@test "a peer that sends a lot besides, and one that does not wait for the answer" {
	need_kvm
	[ "$(uname -m)" != ppc64le ] || skip "a POWER host: see tests/host"
	start_peer chatter "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 5
	run peer_said
	assert_output --partial '"exit_status":5'
	rm "$SOCK"
	start_peer unread "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 5
}

@test "several VMs: one result each, the first of 1, 5, 3, 4 is the exit status" {
	start_peer none "$SOCK"
	run stdout_of vm-status --vm "$SOCK" --vm fd:77 --json
	assert_failure 1
	run jq -c '[.exit_status, (.results[] | [.vm, .result, .exit_status])]' <<<"$output"
	assert_output "[1,[\"$SOCK\",\"failed\",1],[\"fd:77\",\"failed\",1]]"
}
