#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# --watch: on a terminal (tmux), and elsewhere.

bats_require_minimum_version 1.5.0
load common

setup() {
	tree=$(tree power9-6.1)
	vms=$tree/sys/kernel/kvm_htab/vm
	session=$BATS_TEST_TMPDIR/tmux
}

teardown() {
	tmux -S "$session" kill-server 2>/dev/null || true
	[[ ! -s $BATS_TEST_TMPDIR/pid ]] || kill "$(<"$BATS_TEST_TMPDIR/pid")" 2>/dev/null || true
}

# screen: what the terminal shows; with -e with its attributes
screen() {
	tmux -S "$session" capture-pane -p "$@"
}

# shows REGEX: waits until the terminal does
shows() {
	for _ in $(seq 100); do
		! screen | grep -qE "$1" || return 0
		sleep 0.1
	done
	screen
	return 1
}

keys() {
	tmux -S "$session" send-keys "$@"
}

# terminal [SIZE-OPTION...]: a shell on a terminal
terminal() {
	# shellcheck disable=SC2016 # for that shell
	env -u TMUX -u NO_COLOR TERM=screen tmux -S "$session" -f /dev/null new-session -d -x "${1:-100}" -y "${2:-40}" \
		'exec bash --norc --noprofile' 3>&-
	shows "[#\$]"
	keys 'stty -g >before; echo above' Enter
	shows '^above'
}

# left_as_it_was STATUS: the shell is back, with this exit status, and nothing of the terminal has changed
left_as_it_was() {
	shows '^above'
	keys 'echo status $?' Enter
	shows "^status $1\$"
	keys 'stty -g >after; cmp before after && echo same' Enter
	shows '^same'
	assert_equal "$(tmux -S "$session" display-message -p '#{cursor_flag} #{alternate_on} #{wrap_flag}')" '1 0 1'
}

# A kernel shows a VM's directory and its figures whole, and what looks ten times a second sees every step of a copy:
# so all changes of the tree are renames.

# more_vms: one more VM in the tree
more_vms() {
	cp -r "$vms/1" "$BATS_TEST_TMPDIR/vm"
	echo 4242 >"$BATS_TEST_TMPDIR/vm/pid"
	mv "$BATS_TEST_TMPDIR/vm" "$vms/2"
}

# becomes FILE TEXT
becomes() {
	echo "$2" >"$BATS_TEST_TMPDIR/text"
	mv "$BATS_TEST_TMPDIR/text" "$1"
}

@test "list --watch redraws in place, highlights what is new, ends on q" {
	cd "$BATS_TEST_TMPDIR"
	terminal
	keys "$KVM_HTAB list --watch=0.2 --sysroot $tree" Enter
	shows '^kvm-htab list, every 0\.2 s, .*; q to quit'
	shows ' 1 +[a-z]+ hash +26 pool'
	run screen
	refute_line --regexp '^above'
	# at first nothing is new
	run screen -e
	refute_output --partial $'\e[7m'
	more_vms
	for _ in $(seq 100); do
		[[ $(screen -e) != *$'\e[7m'* ]] || break
		sleep 0.02
	done
	shows ' 2 +[a-z]+ hash +26 pool .* 4242'
	keys q
	left_as_it_was 0
}

@test "a line that is new is highlighted, and no other" {
	cd "$BATS_TEST_TMPDIR"
	terminal
	keys "$KVM_HTAB list --watch=3 --sysroot $tree" Enter
	shows ' 1 +[a-z]+ hash +26 pool'
	more_vms
	keys Space # looks at once
	shows ' 2 +[a-z]+ hash +26 pool'
	run screen -e
	assert_line --regexp $'^\e\\[7m +2 +[a-z]+ hash +26 pool'
	assert_equal "$(grep -c $'\e\\[7m' <<<"$output")" 1
	keys Space
	for _ in $(seq 50); do
		[[ $(screen -e) == *$'\e[7m'* ]] || break
		sleep 0.1
	done
	run screen -e
	refute_output --partial $'\e[7m'
	keys C-c
	left_as_it_was 0
}

@test "pool-status --watch with the map, in colours, on a terminal that is resized" {
	cd "$BATS_TEST_TMPDIR"
	terminal 100 60
	keys "$KVM_HTAB pool-status --map --watch --sysroot $tree" Enter
	shows '^Map '
	shows '^Pool +ready, ok'
	tmux -S "$session" resize-window -x 60 -y 10
	shows '^\.\.\. [0-9]+ more lines'
	keys q
	left_as_it_was 0
}

@test "SIGTERM ends it and leaves the terminal as it was; stopped, it gives the terminal back" {
	cd "$BATS_TEST_TMPDIR"
	terminal
	keys "$KVM_HTAB list --watch --sysroot $tree" Enter
	shows '; q to quit'
	keys C-z
	shows 'Stopped'
	shows '^above'
	keys 'fg' Enter
	shows '; q to quit'
	pkill -TERM -f "list --watch --sysroot $tree"
	left_as_it_was 143
}

@test "a host without KVM-HV: the error is on the screen, and the exit status is that of the last run" {
	cd "$BATS_TEST_TMPDIR"
	terminal
	keys "$KVM_HTAB pool-status --watch --sysroot $TREES/x86-6.12" Enter
	shows '^kvm-htab: '
	keys q
	left_as_it_was 5
}

# watching COMMAND...: runs it in the background, with what it prints in ./out and ./err
watching() {
	"$KVM_HTAB" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/pid"
}

# said REGEX: waits until it has
said() {
	for _ in $(seq 100); do
		! grep -qE "$1" "$BATS_TEST_TMPDIR/out" || return 0
		sleep 0.1
	done
	cat "$BATS_TEST_TMPDIR/out"
	return 1
}

TIME='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{4}'

@test "elsewhere list --watch prints a line per change" {
	watching list --watch=0.1 --sysroot "$tree" -o ID,ORDER,PID
	said "$TIME added 1 26 [0-9]+\$"
	more_vms
	said "$TIME added 2 26 4242\$"
	becomes "$vms/2/pid" 4343
	said "$TIME changed 2 26 4343\$"
	mv "$vms/2" "$BATS_TEST_TMPDIR/vm"
	said "$TIME removed 2 "
	sleep 0.5
	run cat "$BATS_TEST_TMPDIR/out"
	assert_line --index 0 'TIME CHANGE ID ORDER PID'
	assert_equal "${#lines[@]}" 5
}

@test "elsewhere pool-status --watch prints a line per change, and advice once" {
	cp -r "$TREES/patched-6.1" "$BATS_TEST_TMPDIR/pool"
	watching pool-status --watch=0.1 --sysroot "$BATS_TEST_TMPDIR/pool" -n -o STATE,FREE
	said "$TIME ready [0-9.]+G\$"
	becomes "$BATS_TEST_TMPDIR/pool/sys/kernel/kvm_htab/pool/state" failed
	said "$TIME failed "
	sleep 0.5
	run cat "$BATS_TEST_TMPDIR/out"
	assert_equal "${#lines[@]}" 2
	run cat "$BATS_TEST_TMPDIR/err"
	assert_equal "${#lines[@]}" 1
}

@test "--watch: options that do not go together, and times" {
	while IFS='|' read -r text args; do
		# shellcheck disable=SC2086 # words
		run kvm_htab pool-status $args
		assert_failure 2
		assert_output --partial -- "$text"
	done <<-'END'
		--watch and --json are mutually exclusive|--watch --json
		--watch and --quiet are mutually exclusive|-q --watch
		--watch and --format are mutually exclusive|--watch --format=prometheus
		--watch and --probe are mutually exclusive|--watch=3 --probe
		invalid time "0": use seconds, such as 5 or 0.5|--watch=0
		invalid time "soon": use 0 to 86400 seconds, such as 5 or 0.5|--watch=soon
	END
	run kvm_htab doctor --watch
	assert_failure 2
}

@test "a reader that leaves ends it" {
	# shellcheck disable=SC2016 # for that shell
	run timeout 10 bash -c '"$0" list --watch=0.1 -o ID,PID --sysroot "$1" | head -n 1; sleep 0.3; echo >>"$1/x"' "$KVM_HTAB" "$tree"
	assert_output --partial 'TIME CHANGE ID PID'
}

# Progress

@test "on a terminal, what a command waits for; the line is gone afterwards" {
	cd "$BATS_TEST_TMPDIR"
	start_peer silent "$PWD/sock"
	terminal
	keys "$KVM_HTAB vm-status --vm ./sock --timeout=3 -r 2>&1" Enter
	shows '^kvm-htab: ./sock: waiting for its VMM to send the VM \([0-2] of 3 s\)'
	shows 'the peer sent nothing within 3 s'
	left_as_it_was 1
	run screen
	refute_output --partial waiting
	stop_peer
}

@test "no progress where standard error is no terminal, or with --quiet" {
	cd "$BATS_TEST_TMPDIR"
	start_peer silent "$PWD/sock"
	run kvm_htab vm-status --vm ./sock --timeout=1.5
	refute_output --partial waiting
	stop_peer
	rm -f sock
	start_peer silent "$PWD/sock"
	terminal
	keys "$KVM_HTAB vm-status -q --vm ./sock --timeout=2" Enter
	sleep 1.5
	run screen
	refute_output --partial waiting
	stop_peer
}
