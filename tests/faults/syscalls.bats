#!/usr/bin/env bats
# shellcheck disable=SC2154 # faults.bash sets base
# SPDX-License-Identifier: GPL-2.0-only
# Every system call of every command fails in turn, in the ways in which it can: no success that was none, no crash, no
# hang, a message. Of all these faults each 59th is tried; with FAULTS_EVERY=1, as tests/check-sanitize has it, all.

bats_require_minimum_version 1.5.0
load faults

setup() {
	EVERY=${FAULTS_EVERY:-59}
	export FAULTS_VM=24 denied=
	tried=0 seen=0
}

teardown() {
	stop_peer 2>/dev/null || true
}

# errors NAME LINE: how the call in a LINE of strace's can fail; into $errors
errors() {
	errors=
	case $1 in
	openat | openat2 | open)
		# what is only looked for is there or not, and cpuinfo may be read by all
		errors+=' EMFILE ENOMEM'
		[[ $2 == *O_PATH* || $2 == */proc/cpuinfo* ]] || errors+=' EACCES'
		[[ $1 != openat2 ]] || errors+=' ENOSYS' # kernels before 5.6
		;;
	readlink | readlinkat) errors+=' EACCES ENOMEM' ;;
	read | getdents64) errors+=' EIO EINTR' ;;
	write)
		# of what goes to stderr nobody could be told
		[[ $2 == write\(2,* ]] || errors+=' EINTR EIO ENOSPC EPIPE'
		;;
	sendto) errors+=' EAGAIN EINTR ECONNRESET ENOMEM EPIPE' ;;
	newfstatat | fstat | stat) errors+=' EIO ENOMEM' ;;
	ioctl) errors+=' EINTR EIO ENOMEM EPERM EBUSY' ;;
	mmap | mprotect) errors+=' ENOMEM' ;;
	brk) errors+=' break' ;; # has no error
	close | poll) errors+=' EINTR ENOMEM' ;;
	socket | fcntl) errors+=' EMFILE ENOMEM' ;;
	connect) errors+=' EINTR EAGAIN EACCES ECONNREFUSED ENOMEM' ;;
	recvmsg) errors+=' EINTR EAGAIN ENOMEM ECONNRESET' ;;
	pidfd_open | pidfd_getfd) errors+=' EMFILE EPERM ENOSYS ESRCH' ;;
	kcmp) errors+=' EPERM ENOSYS' ;;
	exit_group | rt_sigreturn | geteuid | getuid | getpid) ;;
	*) errors+=' EINVAL ENOSYS' ;;
	esac
}

# fault ERROR: what strace is to make of the call
fault() {
	case $1 in
	break) echo retval=0 ;;
	*) echo "error=$1" ;;
	esac
}

# traced NAME STRACE-ARGUMENT... -- ARGS...: the program's call under strace
traced() {
	local name=$1 options=()
	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	measured "$name" strace -qq -E LD_PRELOAD="$TOOLS/faults.so" "${options[@]}" "$KVM_HTAB" "${@:2}"
}

# points FILE: what can fail, as "NAME NUMBER ERROR": the calls between the begin of main() and the end of the program
points() {
	local line name error errors begun=
	local -A count=()
	while read -r line; do
		name=${line%%(*}
		[[ $name =~ ^[a-z0-9_]+$ ]] || continue
		[[ $line != *'"'"$base.log"'"'* ]] || break
		[[ $line != 'fcntl(0, F_GETFD)'* ]] || begun=1
		count[$name]=$((${count[$name]-0} + 1))
		[[ $begun ]] || continue
		errors "$name" "$line"
		for error in $errors; do
			echo "$name ${count[$name]} $error"
		done
	done <"$1"
}

# fail_each [-p] CALL...: one system call after the other; -p: a new peer for each try
fail_each() {
	local name=$BATS_TEST_TMPDIR/one call number error peer=
	[[ $1 != -p ]] || { peer=1; shift; }
	[[ ! $peer ]] || new_peer
	base=$BATS_TEST_TMPDIR/base
	traced "$base" -o "$base.trace" -- "$@"
	points "$base.trace" >"$base.points"
	[[ -s $base.points ]] || echo "$*: no system calls"
	while read -r call number error; do
		((++seen % EVERY == 0)) || continue
		((++tried))
		[[ ! $peer ]] || new_peer
		traced "$name" -o /dev/null -e trace="$call" -e inject="$call:$(fault "$error"):when=$number" -- "$@"
		denied=
		[[ $error != EACCES && $call != ioctl ]] || denied=1
		judge "$name" "$call $number $error" "$@"
	done <"$base.points"
}

new_peer() {
	stop_peer 2>/dev/null || true
	rm -f "$BATS_TEST_TMPDIR/sock"
	start_peer pipe "$BATS_TEST_TMPDIR/sock"
}

# nothing_wrong FILE: what judge() has said
nothing_wrong() {
	echo "# $tried of $seen faults" >&3
	run cat "$1"
	assert_output ''
}

@test "each system call fails: the commands that look" {
	local host
	for host in power9-6.1 power9-6.1-stock; do
		for form in --json ''; do
			for command in pool-status 'fit --ram 4G --maxmem 1T' list doctor; do
				read -r -a args <<<"$command $form --sysroot $TREES/$host"
				fail_each "${args[@]}"
			done
		done
	done >"$BATS_TEST_TMPDIR/wrong"
	nothing_wrong "$BATS_TEST_TMPDIR/wrong"
}

@test "each system call fails: what is where in the pool, what would be moved, and how full tables are" {
	for form in --json ''; do
		for command in 'pool-status --map' 'fit --order 27' 'compact --dry-run --order 27'; do
			read -r -a args <<<"$command $form --sysroot $TREES/fragmented-6.1"
			fail_each "${args[@]}"
		done
		read -r -a args <<<"pool-status --map $form --sysroot $TREES/power9-6.1-stock"
		fail_each "${args[@]}"
		for command in 'inspect --all' 'list -o +CGROUP,CHARGED,LOAD'; do
			read -r -a args <<<"$command $form --sysroot $TREES/loaded-6.1"
			fail_each "${args[@]}"
		done
	done >"$BATS_TEST_TMPDIR/wrong"
	nothing_wrong "$BATS_TEST_TMPDIR/wrong"
}

@test "each system call fails: the commands on a VM that is handed down" {
	for form in --json ''; do
		for command in vm-status reset 'resize --order 25'; do
			read -r -a args <<<"$command $form --vm fd:9"
			fail_each "${args[@]}"
		done
	done >"$BATS_TEST_TMPDIR/wrong"
	nothing_wrong "$BATS_TEST_TMPDIR/wrong"
}

@test "each system call fails: a VM that comes over a socket" {
	for command in 'reset --json' resize\ --order\ 25; do
		read -r -a args <<<"$command --vm $BATS_TEST_TMPDIR/sock --timeout 2"
		fail_each -p "${args[@]}"
	done >"$BATS_TEST_TMPDIR/wrong"
	nothing_wrong "$BATS_TEST_TMPDIR/wrong"
}

# On a host that is not POWER it ends with an error anyway: with the same one, or another.
@test "each system call fails: a VM that is taken out of its VMM" {
	need_kvm
	start_peer vm "$BATS_TEST_TMPDIR/sock"
	fail_each reset --raw --vm "pid:$(<"$BATS_TEST_TMPDIR/peer.pid")" >"$BATS_TEST_TMPDIR/wrong"
	nothing_wrong "$BATS_TEST_TMPDIR/wrong"
}
