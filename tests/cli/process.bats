#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# pid:PID[:FD] and domain:NAME on processes that have no VM of ours.

bats_require_minimum_version 1.5.0
load common

setup() {
	not_under memcheck 'valgrind knows no pidfd_open(2) yet'
}

teardown() {
	local pid

	stop_peer 2>/dev/null || true
	while read -r pid; do
		kill -9 "$pid" 2>/dev/null || true
	done < <(cat "$BATS_TEST_TMPDIR/started" 2>/dev/null)
}

# start COMMAND...: $PID is a process in the background, which ends with the test
start() {
	"$@" 3>&- >/dev/null 2>&1 &
	PID=$!
	disown
	echo "$PID" >>"$BATS_TEST_TMPDIR/started"
}

# until_true COMMAND...
until_true() {
	for _ in $(seq 200); do
		if "$@"; then return; fi
		sleep 0.02
	done
	return 1
}

# refused VM TEXT: exit status 1, and that text
refused() {
	run --separate-stderr kvm_htab reset --vm "$1"
	assert_failure 1
	[[ $stderr == "kvm-htab: $1: $2; nothing was changed" ]] || fail "$stderr"
}

# of_domain NAME TEXT: the same, with the pid files of a tree
of_domain() {
	need_mounts
	run --separate-stderr on_host "$BATS_TEST_TMPDIR" "$KVM_HTAB" vm-status --vm "domain:$1"
	assert_failure 1
	# shellcheck disable=SC2053 # a pattern
	[[ $stderr == "kvm-htab: domain:$1: "$2 ]] || fail "$stderr"
}

# pid_file NAME TEXT
pid_file() {
	mkdir -p "$BATS_TEST_TMPDIR/run/libvirt/qemu"
	echo "$2" >"$BATS_TEST_TMPDIR/run/libvirt/qemu/$1.pid"
}

two_threads() {
	(($(find "/proc/$PID/task" -mindepth 1 -maxdepth 1 | wc -l) > 1))
}

@test "a number that no process has, and that of a thread" {
	refused pid:2147483647 "no such process: 2147483647"
	if [ "$(</proc/sys/kernel/pid_max)" -gt 4000000 ]; then
		refused pid:4194303 "no such process: 4194303"
	fi
	start "$TOOLS/peer" threads
	until_true two_threads || fail "no thread"
	thread=$(basename -a /proc/"$PID"/task/* | grep -vx "$PID")
	refused "pid:$thread" "$thread is a thread of process $PID; use pid:$PID"
}

@test "a process without a VM, and descriptors that are none" {
	start sleep 60
	until_true grep -q sleep "/proc/$PID/comm"
	refused "pid:$PID" "process $PID (sleep) has no KVM VM; \`kvm-htab list\` shows the processes that have one"
	refused "pid:$PID:77" "process $PID (sleep) has no open file descriptor 77"
	refused "pid:$PID:0" "in process $PID (sleep), file descriptor 0 is not a KVM VM but \"/dev/null\""
}

@test "a process that has ended, as long as its parent has not noticed" {
	# It ends when its parent is no longer one that would notice.
	# shellcheck disable=SC2016
	start bash -c 'until grep -q sleep /proc/$$/comm; do sleep 0.05; done & echo $! >"$0"; exec sleep 60' \
		"$BATS_TEST_TMPDIR/zombie"
	until_true test -s "$BATS_TEST_TMPDIR/zombie"
	zombie=$(<"$BATS_TEST_TMPDIR/zombie")
	until_true grep -q '^State:.Z' "/proc/$zombie/status"
	refused "pid:$zombie" "process $zombie has exited with its VM"
	refused "pid:$zombie:5" "process $zombie has exited with its VM"
}

@test "a process of another user: the privilege that is needed is named" {
	[ "$(id -u)" = 0 ] || skip "needs root to become another user"
	start sleep 60
	until_true grep -q sleep "/proc/$PID/comm"
	run setpriv --reuid=65534 --clear-groups "$KVM_HTAB" reset --vm "pid:$PID"
	assert_failure 1
	assert_output --partial "permission denied: finding the VM of process $PID (sleep) requires ptrace access; run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
	run setpriv --reuid=65534 --clear-groups "$KVM_HTAB" reset --vm "pid:$PID:5"
	assert_failure 1
	assert_output --partial "permission denied: taking the VM of process $PID (sleep) requires ptrace access; run as root, or with CAP_SYS_PTRACE"
}

@test "the name of a command does not steer the terminal" {
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/"$'s\e[31m'
	start "$BATS_TEST_TMPDIR/"$'s\e[31m' 60
	until_true grep -q '^s' "/proc/$PID/comm"
	run kvm_htab reset --vm "pid:$PID"
	assert_failure 1
	assert_output --partial "process $PID (s\\x1b[31m) has no KVM VM"
}

@test "domains that are not running, and pid files that are none" {
	of_domain web 'domain "web" is not running: there is no /run/libvirt/qemu/web.pid, nor *virsh list*'
	for text in "" x -5 "5 6" 99999999999; do
		pid_file web "$text"
		of_domain web '/run/libvirt/qemu/web.pid does not contain a process ID'
	done
	pid_file web 2147483647
	of_domain web 'no such process: 2147483647'
	pid_file .. 2147483647
	of_domain .. 'no such process: 2147483647'
	mkdir "$BATS_TEST_TMPDIR/run/libvirt/qemu/directory.pid"
	of_domain directory 'cannot read /run/libvirt/qemu/directory.pid: *'
	start sleep 60
	until_true grep -q sleep "/proc/$PID/comm"
	pid_file web "$PID"
	of_domain web "process $PID (sleep) has no KVM VM*"
}

@test "a pid file that may not be read" {
	pid_file web 1
	chmod 000 "$BATS_TEST_TMPDIR/run/libvirt/qemu/web.pid"
	need_mounts
	run on_host "$BATS_TEST_TMPDIR" "${NO_PRIVILEGES[@]}" "$KVM_HTAB" reset --vm domain:web
	assert_failure 1
	assert_output --partial "domain:web: cannot read /run/libvirt/qemu/web.pid: Permission denied; run as root"
}

@test "domains of one's own session, and two of the same name" {
	export XDG_RUNTIME_DIR=/run/user/1000
	mkdir -p "$BATS_TEST_TMPDIR$XDG_RUNTIME_DIR/libvirt/qemu/run"
	echo 2147483646 >"$BATS_TEST_TMPDIR$XDG_RUNTIME_DIR/libvirt/qemu/run/web.pid"
	of_domain web 'no such process: 2147483646'
	pid_file web 2147483647
	of_domain web 'ambiguous domain "web": process 2147483647 of the system, or process 2147483646 of your session; use pid:PID'
	pid_file web 2147483646
	of_domain web 'no such process: 2147483646'
	XDG_RUNTIME_DIR=run of_domain web 'no such process: 2147483646'
}

@test "a pid file whose process runs another domain by now" {
	# shellcheck disable=SC2016 # for the shell within
	start bash -c 'kill -STOP $$' - -name guest=other,debug-threads=on
	until_true grep -q guest=other "/proc/$PID/cmdline"
	pid_file web "$PID"
	of_domain web "process $PID (bash) runs domain \"other\": libvirt's pid file of \"web\" is out of date"
	# shellcheck disable=SC2016
	start bash -c 'kill -STOP $$' - -name other,debug-threads=on
	until_true grep -q other,debug "/proc/$PID/cmdline"
	pid_file web "$PID"
	of_domain web "process $PID (bash) runs domain \"other\": libvirt's pid file of \"web\" is out of date"
	pid_file other "$PID"
	of_domain other "process $PID (bash) has no KVM VM*"
}

@test "a real VM of this machine is taken out of its process, whoever made it" {
	need_kvm
	[ "$(uname -m)" != ppc64le ] || skip "a POWER host: see tests/host"
	start_peer vm "$BATS_TEST_TMPDIR/sock"
	pid=$(<"$BATS_TEST_TMPDIR/peer.pid")
	run kvm_htab reset --vm "pid:$pid"
	assert_failure 5
	assert_output --partial "this VM is not on a POWER host ($(uname -m))"
	need_mounts
	run on_host "$TREES/stock-6.1-meminfo" "$KVM_HTAB" reset --vm "pid:$pid"
	assert_failure 5
	assert_output --partial "this kernel accepts VM ioctls only from the VM's own process"
	pid_file web "$pid"
	run on_host "$BATS_TEST_TMPDIR" "$KVM_HTAB" vm-status --vm domain:web
	assert_failure 5
	stop_peer
}

@test "a process with two VMs" {
	need_kvm
	# its parent's parent has one of them, its parent the other
	# shellcheck disable=SC2016
	start "$TOOLS/peer" run bash -c 'exec 8>&9; exec "$0" run bash -c "echo \$\$ >$1; exec sleep 60"' "$TOOLS/peer" \
		"$BATS_TEST_TMPDIR/two"
	until_true test -s "$BATS_TEST_TMPDIR/two"
	two=$(<"$BATS_TEST_TMPDIR/two")
	echo "$two" >>"$BATS_TEST_TMPDIR/started"
	until_true grep -q sleep "/proc/$two/comm"
	refused "pid:$two" "process $two (sleep) has several VMs (file descriptors 8, 9); choose one, as in pid:$two:8"
}

@test "descriptors of the same VM are one, where the kernel can tell" {
	need_kvm
	[ "$(uname -m)" = x86_64 ] || skip "knows the system call's number on x86-64 only"
	perl -e 'exit syscall(312, $$ + 0, $$ + 0, 0, 0, 0) != 0' || skip "no kcmp(2)"
	# the parent has the VM twice
	# shellcheck disable=SC2016
	run "$TOOLS/peer" run bash -c 'exec "$0" vm-status --vm "pid:$PPID"' "$KVM_HTAB"
	assert_failure 5
	assert_output --partial "this VM is not on a POWER host"
}

@test "kernels that cannot do it, and limits" {
	need_kvm
	start_peer vm "$BATS_TEST_TMPDIR/sock"
	pid=$(<"$BATS_TEST_TMPDIR/peer.pid") # listens, hence is no shell any more
	# pidfd_open is 434 and pidfd_getfd 438 on all architectures; ENOSYS is 38, EMFILE 24, EPERM 1
	for number in 434 438; do
		run "$TOOLS/peer" refuse $number 38 "$KVM_HTAB" reset --vm "pid:$pid"
		assert_failure 5
		assert_output --partial "this kernel lacks pidfd_getfd(2) (Linux 5.6 or later); let the VMM offer its VM on a socket; nothing was changed"
	done
	run "$TOOLS/peer" refuse 434 24 "$KVM_HTAB" reset --vm "pid:$pid"
	assert_failure 1
	assert_output --partial "cannot open process $pid: Too many open files"
	run "$TOOLS/peer" refuse 438 24 "$KVM_HTAB" reset --vm "pid:$pid"
	assert_failure 1
	assert_output --regexp "process $pid \\(peer\\): cannot take file descriptor [0-9]+: Too many open files"
	# as with kernel.yama.ptrace_scope=1, where /proc may be looked at
	run "$TOOLS/peer" refuse 438 1 "$KVM_HTAB" reset --vm "pid:$pid"
	assert_failure 1
	assert_output --partial "permission denied: taking the VM of process $pid (peer)"
	assert_output --partial "kernel.yama.ptrace_scope=0"
	# closed meanwhile
	run "$TOOLS/peer" refuse 438 9 "$KVM_HTAB" reset --vm "pid:$pid"
	assert_failure 1
	assert_output --partial "process $pid (peer) has no open file descriptor"
	stop_peer
}

# The next ones: pidfd_open is 434, pidfd_getfd 438. After the one the process is known, before the other it has been
# looked through, and its descriptor chosen.

@test "a VMM that ends between its look-up and the use of its VM" {
	need_kvm
	for moment in 'after 434:1' 'before 438:1' 'after 438:1'; do
		rm -f "$BATS_TEST_TMPDIR/sock"
		start_peer vm "$BATS_TEST_TMPDIR/sock"
		pid=$(<"$BATS_TEST_TMPDIR/peer.pid")
		# shellcheck disable=SC2086
		run "$TOOLS/peer" $moment "kill -9 $pid; while grep -qs '^State:.[^Z]' /proc/$pid/status; do sleep 0.01; done" \
			"$KVM_HTAB" reset --vm "pid:$pid"
		assert_failure 1
		assert_output --partial "process $pid has exited with its VM; nothing was changed"
	done
}

# vmm COMMAND: a process that has a VM as descriptor 9 and executes COMMAND when it is told to; $PID
vmm() {
	# shellcheck disable=SC2016
	start "$TOOLS/peer" run bash -c 'echo $$ >"$1"; trap "exec $2" USR1; while :; do sleep 0.05; done' - \
		"$BATS_TEST_TMPDIR/vmm" "$1"
	until_true test -s "$BATS_TEST_TMPDIR/vmm"
	PID=$(<"$BATS_TEST_TMPDIR/vmm")
	echo "$PID" >>"$BATS_TEST_TMPDIR/started"
	rm "$BATS_TEST_TMPDIR/vmm"
}

# meanwhile MOMENT VM: the program, while the process executes what it is to
meanwhile() {
	# shellcheck disable=SC2086
	run on_host "$POWER" "$TOOLS/peer" $1 "kill -USR1 $PID; until grep -qs sleep /proc/$PID/comm; do sleep 0.01; done" \
		"$KVM_HTAB" reset --vm "$2"
}

@test "a VMM that executes another program between its look-up and the use of its VM" {
	need_kvm
	need_mounts
	# which closes it
	for moment in 'after 434:1' 'before 438:1'; do
		vmm 'sleep 60 9>&-'
		meanwhile "$moment" "pid:$PID:9"
		assert_failure 1
		assert_output --regexp "process $PID \\((bash|sleep)\\) has no open file descriptor 9; nothing was changed"
	done
	vmm 'sleep 60 9>&-'
	meanwhile 'before 438:1' "pid:$PID"
	assert_output --regexp "process $PID \\((bash|sleep)\\) has no open file descriptor 9; nothing was changed"
	# which has something else in its place
	vmm 'sleep 60 9</dev/null'
	meanwhile 'before 438:1' "pid:$PID"
	assert_failure 1
	assert_output --partial "not a KVM VM but \"/dev/null\"; nothing was changed"
	# which has it still: it is the VM that was asked for
	vmm 'sleep 60'
	meanwhile 'before 438:1' "pid:$PID"
	assert_failure 1
	assert_output --partial "the kernel rejects this VM"
}

@test "a number that belongs to another VMM by the time of its use" {
	need_kvm
	[ "$(id -u)" = 0 ] || skip "needs root to choose numbers of processes"
	cat >"$BATS_TEST_TMPDIR/recycle" <<-'END'
		kill -9 $1
		while test -e /proc/$1; do sleep 0.01; done
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		"$TOOLS/peer" vm "$BATS_TEST_TMPDIR/second" >/dev/null 2>&1 &
		test $! = $1 || exit 1
		until readlink /proc/$1/fd/* | grep -qx anon_inode:kvm-vm; do sleep 0.01; done
	END
	cat >"$BATS_TEST_TMPDIR/in-namespace" <<-'END'
		rm -f "$BATS_TEST_TMPDIR"/{first,second}
		"$TOOLS/peer" vm "$BATS_TEST_TMPDIR/first" >/dev/null 2>&1 &
		until readlink /proc/$!/fd/* | grep -qx anon_inode:kvm-vm; do sleep 0.01; done
		"$TOOLS/peer" $1 "exec bash $BATS_TEST_TMPDIR/recycle $!" "$KVM_HTAB" reset --vm "pid:$!"
		echo "status $?, process $!"
	END
	export TOOLS BATS_TEST_TMPDIR KVM_HTAB
	for moment in 'after 434:1' 'before 438:1'; do
		run unshare --pid --fork --mount-proc --kill-child timeout 20 bash "$BATS_TEST_TMPDIR/in-namespace" "$moment"
		assert_line --regexp '^kvm-htab: pid:[0-9]+: process [0-9]+ has exited with its VM; nothing was changed$'
		assert_line --regexp '^status 1, process [0-9]+$'
	done
}

@test "no descriptors left to look with" {
	start sleep 60
	until_true grep -q sleep "/proc/$PID/comm"
	# 3 is the process, 4 its directory
	run bash -c 'for fd in {3..20}; do eval "exec $fd>&-"; done; ulimit -n 5; exec "$@"' - \
		"$KVM_HTAB" reset --vm "pid:$PID"
	assert_failure 1
	assert_output --partial "cannot inspect process $PID: Too many open files; nothing was changed"
}

@test "no /proc" {
	[ "$(id -u)" = 0 ] || skip "needs root to hide /proc"
	# shellcheck disable=SC2016
	run unshare --mount bash -c 'mount -t tmpfs none /proc && exec "$0" reset --vm "pid:$$"' "$KVM_HTAB"
	assert_failure 1
	assert_output --partial "cannot inspect processes: /proc is not mounted"
	# shellcheck disable=SC2016
	run unshare --mount bash -c 'mount -t tmpfs none /proc && exec "$0" reset --vm "pid:$$:0"' "$KVM_HTAB"
	assert_failure 1
	assert_output --partial "cannot identify the file descriptor: cannot read /proc/self/fd/"
}

# Every descriptor passes for a VM (tests/faults/faults.c); most are there twice.
# kcmps N: calls of kcmp(2) to find out which are the same
kcmps() {
	local n asan
	asan=$(ldd "$KVM_HTAB" | awk '/libasan/ { print $3 }') # which has to come first
	# shellcheck disable=SC2016 # for the process
	start bash -c 'for ((n = 0; n < $0 / 2; n++)); do exec {fd}</dev/null; eval "exec {again}<&$fd"; done; sleep 60; :' "$1"
	until_true test -e "/proc/$PID/fd/$(($1 + 9))" || fail "too few descriptors"
	strace -qq -e trace=kcmp -o "$BATS_TEST_TMPDIR/kcmp" -E LD_PRELOAD="${asan:+$asan }$TOOLS/faults.so" -E FAULTS_LINKS=1 \
		-E ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" \
		"$KVM_HTAB" vm-status --vm "pid:$PID" >/dev/null 2>"$BATS_TEST_TMPDIR/said" || :
	n=$(grep -c kcmp "$BATS_TEST_TMPDIR/kcmp")
	grep -q "has several VMs (file descriptors" "$BATS_TEST_TMPDIR/said" || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	echo "$n"
}

@test "calls of kcmp(2) do not grow with the square of the descriptors" {
	local n calls few
	for n in 64 128 256; do
		calls=$(kcmps $n)
		echo "# $n descriptors: $calls calls of kcmp" >&3
		((calls > n && calls < n * 10))
		((n == 64 || calls < few * 5 / 2)) || fail "$few calls, then $calls"
		few=$calls
	done
}
