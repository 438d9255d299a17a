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
	assert_output --regexp 'sent 2 file descriptors instead of one|not a KVM VM'
	run peer_said
	assert_line "fds 0"
}

@test "a peer that sends more fds than may be open here" {
	not_under memcheck 'valgrind needs some itself'
	start_peer many "$SOCK"
	run bash -c 'ulimit -n 20; exec "$@"' - "$KVM_HTAB" reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "file descriptors from the peer were lost; the limit on open files may be too low"
	run peer_said
	assert_line "fds 0"
}

@test "a peer that sends a fd that is no VM" {
	refused pipe 'not a KVM VM but "pipe:['
}

@test "a peer that sends a fd without data" {
	start_peer -s bare "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "the peer sent a file descriptor without a byte of data"
	run peer_said
	assert_line "fds 0"
}

# in_time: a limit that begins anew with each byte or signal, or that is none, would take minutes. A busy machine takes longer
# than the limits of a few seconds, too.
in_time() {
	local spent=$((SECONDS - STARTED))

	[ "$spent" -le 60 ] || fail "took $spent s"
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
	in_time
}

@test "with --wait, a peer that sends nothing keeps its VM running" {
	STARTED=$SECONDS
	start_peer silent "$SOCK"
	run kvm_htab reset --vm "$SOCK" --timeout 0.1 --wait 0.5
	assert_failure 4
	assert_output --partial "its VMM did not offer the VM within 0.5 s of --wait; stop it first"
	run peer_said
	assert_output --partial '"exit_status":4'
	rm -f "$SOCK"
	start_peer late "$SOCK"
	run kvm_htab reset --vm "$SOCK" --timeout 0.1 --wait 5
	assert_failure 1
	assert_output --partial 'not a KVM VM but "pipe:['
	in_time
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
		assert_output --partial "the VMM did not accept a connection within 0.5 s"
	done
	in_time
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
	assert_output --partial "no such socket; check that the VMM is running"
	start_peer gone "$SOCK"
	stop_peer
	wait
	run kvm_htab reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "no process listens on this socket; check that the VMM is running; nothing was changed"
	rm "$SOCK"
	touch "$SOCK"
	for path in "$SOCK" "$BATS_TEST_TMPDIR" /dev/null; do
		run kvm_htab reset --vm "$path"
		assert_failure 1
		assert_output --partial "$path: not a socket; use the one on which the VMM offers its VM; nothing was changed"
	done
	run kvm_htab reset --vm "$SOCK/vm"
	assert_failure 1
	assert_output --partial "cannot connect: Not a directory; nothing was changed"
	mkdir "$BATS_TEST_TMPDIR/closed"
	chmod 000 "$BATS_TEST_TMPDIR/closed"
	run without_privileges "$KVM_HTAB" reset --vm "$BATS_TEST_TMPDIR/closed/vm"
	chmod 700 "$BATS_TEST_TMPDIR/closed"
	assert_failure 1
	assert_output --partial "permission denied: the socket"
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
	assert_output --partial "unix:vm.sock: no such socket"
	run kvm_htab vm-status --vm ./vm.sock
	assert_failure 1
	assert_output --partial "./vm.sock: no such socket"
}

@test "fd:N that is not open, or no VM" {
	run kvm_htab vm-status --vm fd:77
	assert_failure 1
	assert_output --partial "fd:77: file descriptor 77 is not open; let the parent process pass it on"
	# nor one that the program itself has opened by then
	run bash -c 'exec 3<&- 4<&- 5<&- 6<&-; "$1" vm-status --vm fd:3; "$1" vm-status --vm fd:4' - "$KVM_HTAB"
	assert_failure 1
	assert_output --partial "fd:3: file descriptor 3 is not open"
	assert_output --partial "fd:4: file descriptor 4 is not open"
	run bash -c 'exec 9</dev/null; exec "$@"' - "$KVM_HTAB" vm-status --vm fd:9
	assert_failure 1
	assert_output --partial 'not a KVM VM but "/dev/null"'
}

@test "a real VM of this machine: EIO, told by the host it belongs to" {
	need_kvm
	[ "$(uname -m)" != ppc64le ] || skip "a POWER host: see tests/host"
	start_peer vm "$SOCK"
	run kvm_htab reset --vm "$SOCK"
	assert_failure 5
	assert_output --partial "this VM is not on a POWER host ($(uname -m))"
	run peer_said
	assert_output --partial '"result":"failed"'
	assert_output --partial '"exit_status":5'
	rm "$SOCK"
	start_peer -s vm "$SOCK"
	need_mounts
	run on_host "$TREES/stock-6.1-meminfo" "$KVM_HTAB" reset --vm "$SOCK"
	assert_failure 5
	assert_output --partial "this kernel accepts VM ioctls only from the VM's own process"
	assert_output --partial "nothing was changed"
	run peer_said
	assert_output --partial '"errno":"EIO"'
	run on_host "$POWER" "$TOOLS/peer" run "$KVM_HTAB" vm-status --vm fd:9
	assert_failure 1
	assert_output --partial "the kernel rejects this VM: its owner has exited"
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

# stop_and_go PID: stops and continues it, again and again, as long as it is there
stop_and_go() {
	while kill -STOP "$1" && kill -CONT "$1"; do
		sleep 0.01
	done 2>/dev/null
}

# interrupted ARGS...: the program, stopped and continued all the time
interrupted() {
	local pid

	"$KVM_HTAB" "$@" 3>&- &
	pid=$!
	stop_and_go $pid 3>&- &
	wait $pid
}

@test "a client that is stopped and continued all the time: time limits hold, and nothing else shows" {
	for mode in deaf silent; do
		rm -f "$SOCK"
		STARTED=$SECONDS
		start_peer $mode "$SOCK"
		run interrupted reset --vm "$SOCK" --timeout 2
		stop_peer
		assert_failure 1
		assert_output --regexp "(the VMM did not accept a connection|the peer sent nothing) within 2 s"
		in_time
	done
	rm "$SOCK"
	start_peer late "$SOCK"
	run interrupted reset --vm "$SOCK" --timeout 5
	assert_failure 1
	assert_output --partial 'not a KVM VM but "pipe:['
	run peer_said
	assert_line "fds 0"
}

@test "a peer that takes its time, but not too much" {
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind late "$SOCK"
		run kvm_htab reset --vm "$SOCK" --timeout 5
		assert_failure 1
		assert_output --partial 'not a KVM VM but "pipe:['
		run peer_said
		assert_line "fds 0"
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind late "$SOCK"
		run kvm_htab reset --vm "$SOCK" --timeout 0.2
		assert_failure 1
		assert_output --partial "the peer sent nothing within 0.2 s"
	done
}

@test "a peer that sends a byte now and then: the first is to bring the fd" {
	STARTED=$SECONDS
	start_peer drip "$SOCK"
	run kvm_htab reset --vm "$SOCK" --timeout 5
	assert_failure 1
	assert_output --partial "the peer sent no file descriptor with its first message"
	run peer_said
	assert_line closed
	in_time
}

@test "a peer that sends file descriptors without end, and one that sends hundreds one by one" {
	for kind in "" -s; do
		for mode in flood hundreds; do
			STARTED=$SECONDS
			rm -f "$SOCK"
			# shellcheck disable=SC2086
			start_peer $kind $mode "$SOCK"
			run kvm_htab reset --vm "$SOCK" --timeout 5
			assert_failure 1
			# of 17 messages at most
			if [ $mode = flood ]; then count='[0-9]{3,4}'; else count='(1[0-7]|[2-9])'; fi
			assert_output --regexp "the peer sent $count file descriptors instead of one; all were closed|not a KVM VM"
			run peer_said
			assert_line "fds 0"
			in_time
		done
	done
}

@test "a VM whose owner ends as soon as it has sent it" {
	need_kvm
	need_mounts
	for kind in "" -s; do
		rm -f "$SOCK"
		# shellcheck disable=SC2086
		start_peer $kind dies "$SOCK"
		run on_host "$POWER" "$KVM_HTAB" reset --vm "$SOCK"
		assert_failure 1
		assert_output --partial "the kernel rejects this VM: its owner has exited, or the VM is dead or not one of KVM-HV; nothing was changed"
	done
}

@test "a link to a socket is as good as the socket, and one to nowhere is none" {
	ln -s vm.sock "$BATS_TEST_TMPDIR/link"
	start_peer pipe "$SOCK"
	run kvm_htab reset --vm "$BATS_TEST_TMPDIR/link"
	assert_failure 1
	assert_output --partial 'not a KVM VM but "pipe:['
	ln -s nowhere "$BATS_TEST_TMPDIR/broken"
	ln -s circle "$BATS_TEST_TMPDIR/circle"
	run kvm_htab reset --vm "$BATS_TEST_TMPDIR/broken"
	assert_failure 1
	assert_output --partial "no such socket"
	run kvm_htab reset --vm "$BATS_TEST_TMPDIR/circle"
	assert_failure 1
	assert_output --partial "cannot connect: Too many levels of symbolic links"
}

@test "another user's socket" {
	[ "$(id -u)" = 0 ] || skip "needs root to become another user"
	chmod 711 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	cp "$KVM_HTAB" "$BATS_TEST_TMPDIR/kvm-htab" # where others may read it
	start_peer pipe "$SOCK"
	chmod 700 "$SOCK"
	run setpriv --reuid=65534 --clear-groups "$BATS_TEST_TMPDIR/kvm-htab" reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial "permission denied: the socket's owner decides who may connect; nothing was changed"
	# who lets others connect has decided
	chmod 777 "$SOCK"
	run setpriv --reuid=65534 --clear-groups "$BATS_TEST_TMPDIR/kvm-htab" reset --vm "$SOCK"
	assert_failure 1
	assert_output --partial 'not a KVM VM but "pipe:['
	run peer_said
	assert_line "fds 0"
}

@test "SIGPIPE, whether it was ignored or not, is no way to end" {
	for trap in "" "trap - PIPE;" "trap '' PIPE;"; do
		rm -f "$SOCK"
		start_peer hangup "$SOCK"
		run bash -c "$trap"' exec "$@"' - "$KVM_HTAB" reset --vm "$SOCK"
		assert_failure 1
		assert_output --partial "the peer hung up without sending a file descriptor"
	done
}
