#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# Options, help and usage errors.

bats_require_minimum_version 1.5.0
load common

commands=(pool-status fit vm-status reset resize compact list inspect doctor) # with columns

# usage_error TEXT ARGS...: exit status 2, nothing on stdout, TEXT on stderr
usage_error() {
	run stdout_of "${@:2}"
	assert_failure 2
	assert_output ""
	run stderr_of "${@:2}"
	assert_output --partial "$1"
}

@test "help and usage fit 80 columns and name every command" {
	for args in --help --usage; do
		run kvm_htab $args
		assert_success
		run awk 'length > 79' <<<"$output"
		assert_output ""
	done
	run kvm_htab help
	assert_success
	help=$output
	run kvm_htab --help
	assert_output "$help"
	for command in "${commands[@]}"; do
		assert_output --partial "  $command "
	done
}

@test "every command has help that fits 80 columns, in all three spellings" {
	for command in "${commands[@]}"; do
		run kvm_htab "$command" --help
		assert_success
		assert_output --partial "--sysroot"
		assert_output --partial "Columns for --output:"
		refute_output --partial "Mandatory or optional arguments" # says nothing of ours
		help=$output
		run awk 'length > 79' <<<"$help"
		assert_output ""
		run kvm_htab "$command" -h
		assert_output "$help"
		run kvm_htab "$command" '-?'
		assert_output "$help"
		run kvm_htab help "$command"
		assert_success
		assert_output "$help"
		run kvm_htab "$command" --usage
		assert_success
		run awk 'length > 79' <<<"$output"
		assert_output ""
	done
}

@test "help shows what a command cannot do without" {
	for command in vm-status reset resize; do
		run kvm_htab "$command" --help
		assert_line --index 0 --partial "Usage: kvm-htab $command [OPTION...] --vm=VM"
	done
	assert_line --index 0 --partial " --order=N|--ram=SIZE"
	run kvm_htab --help
	assert_line 'Commands:'
	# shellcheck disable=SC2016 # a quoted command
	assert_line 'See `kvm-htab help COMMAND` and kvm-htab(8).'
	run kvm_htab fit --help
	assert_line --index 0 "Usage: kvm-htab fit [OPTION...] --ram=SIZE|--order=N"
}

@test "help of reset and resize warns of paused guests" {
	for command in reset resize; do
		run kvm_htab "$command" --help
		assert_output --partial "on a stopped VM that is about to restart"
	done
}

@test "version" {
	run kvm_htab --version
	assert_success
	assert_output --regexp '^kvm-htab [0-9]+\.[0-9]+'
	run kvm_htab reset --version
	assert_success
}

@test "no command, unknown command, unknown option, missing value, stray argument" {
	usage_error "no command given"
	usage_error 'unknown command "frobnicate"' frobnicate
	usage_error "help is for one command at a time" help fit list
	usage_error "unrecognized option" --frobnicate
	usage_error "unrecognized option" reset --frobnicate
	usage_error "requires an argument" reset --vm
	usage_error "Too many arguments" pool-status stray
}

@test "an option of the command before the command is an error" {
	usage_error "unrecognized option" --json pool-status
}

@test "options that are mutually exclusive" {
	usage_error "--json and --raw are mutually exclusive" pool-status --json --raw
	usage_error "--json and --raw are mutually exclusive" pool-status -r -J
	usage_error "--json and --quiet are mutually exclusive" pool-status -Jq
	usage_error "--raw and --quiet are mutually exclusive" pool-status -qr
	usage_error "--json and --noheadings are mutually exclusive" pool-status -Jn
	usage_error "--quiet and --output are mutually exclusive" pool-status -q -o STATE
	usage_error "--order and --ram are mutually exclusive" resize --vm @x --order 24 --ram 4G
}

@test "a tree has no VMs: none of this machine is touched" {
	local vm
	mkdir -p "$BATS_TEST_TMPDIR/run/libvirt/qemu"
	echo $$ >"$BATS_TEST_TMPDIR/run/libvirt/qemu/web.pid"
	for vm in domain:web pid:$$ pid:$$:9 fd:9 @x unix:@x /run/vm.sock; do
		usage_error "--vm and --sysroot are mutually exclusive" vm-status --vm "$vm" --sysroot "$BATS_TEST_TMPDIR"
		usage_error "--vm and --sysroot are mutually exclusive" reset --sysroot "$BATS_TEST_TMPDIR" --force --vm "$vm"
		usage_error "--vm and --sysroot are mutually exclusive" resize --dry-run --order 24 --vm "$vm" --sysroot "$BATS_TEST_TMPDIR"
	done
}

@test "names of VMs" {
	usage_error "no VM given; use --vm, as in --vm unix:/run/vm.sock" reset
	for name in foo fd: fd:x fd:-1 fd:99999999999 pid: pid:x pid:-1 pid:0 pid:1x pid:1: pid:1:x pid:1:2:3 pid:1:-2 \
		pid:99999999999 pid:1:99999999999 'pid: 1' 'pid:1: 2' unix: @ unix:@ ""; do
		usage_error ": use unix:PATH, unix:@NAME, fd:N" vm-status --vm "$name"
	done
	for fd in 0 1 2; do
		usage_error "\"fd:$fd\": descriptors 0 to 2 are the standard streams" vm-status --vm "fd:$fd"
	done
	usage_error "is too long: the limit is 107 bytes" vm-status --vm "/$(printf 'x%.0s' {1..107})"
	usage_error 'invalid domain name "": use 1 to 251 bytes' vm-status --vm domain:
	usage_error 'xxx": use 1 to 251 bytes' vm-status --vm "domain:$(printf 'x%.0s' {1..252})"
	usage_error 'invalid domain name "../x": it contains "/"; for a socket, use unix:PATH' vm-status --vm domain:../x
	mapfile -t many < <(printf -- '--vm=@%s\n' {1..65})
	usage_error "too many VMs: the limit is 64" vm-status "${many[@]}"
	usage_error 'invalid VM "foo\x1b[31m\xff"' vm-status --vm $'foo\e[31m\xff'
}

@test "orders and sizes that are none" {
	for order in 17 47 0 -1 x 24x "" 18446744073709551640; do
		usage_error "use a number from 18 (256 KiB) to 46" resize --vm @x --order="$order"
		usage_error "invalid order" resize --vm @x --order 30 --min-order="$order"
	done
	usage_error "--min-order 25 is larger than the requested order 24" \
		resize --vm @x --min-order 25 --order 24
	usage_error "no size given" resize --vm @x
	for size in 64 65536 0 99999999999999999999; do
		usage_error "size \"$size\" has no unit: QEMU means MiB (${size}M), libvirt KiB (${size}K)" resize --vm @x --ram "$size"
	done
	for size in x 1X 1KK 1Kii 1GiBB . .5G -1G 1.G "1 G" ""; do
		usage_error "use a number with a unit, such as 64G or 1.5T" resize --vm @x --ram="$size"
	done
	for size in 0G 0B 16E 99999999999999999999B 0.0000000001K; do
		usage_error "is out of range: use more than 0 and less than 16 EiB" resize --vm @x --ram "$size"
	done
	for time in x -1 1s "" inf nan 1e99 0x; do
		usage_error "use 0 to 86400 seconds, such as 5 or 0.5" reset --vm @x --wait="$time"
		usage_error "invalid time \"$time\": use 0 to 86400 seconds" reset --vm @x --timeout="$time"
	done
}

# each FUNCTION: for every command, with what that cannot do without
each() {
	local command
	for command in "${commands[@]}"; do
		case $command in
		fit) "$@" fit --order 24 ;;
		vm-status | reset) "$@" "$command" --vm @x ;;
		resize) "$@" resize --vm @x --order 24 ;;
		compact) "$@" compact --dry-run ;;
		inspect) "$@" inspect --all ;;
		*) "$@" "$command" ;;
		esac
	done
}

refuses_column() {
	usage_error 'unknown column "FOO": --help lists the columns' "$@" -o FOO
}

refuses_tree() {
	[[ $* != *--vm* ]] || return 0
	run stdout_of "$@" --sysroot "$BATS_TEST_TMPDIR/none"
	assert_failure 1
	assert_output ""
	run stderr_of "$@" --sysroot "$BATS_TEST_TMPDIR/none"
	assert_output --partial "cannot open the tree $BATS_TEST_TMPDIR/none: No such file or directory"
}

@test "every command: a column, and a tree, that are none" {
	each refuses_column
	each refuses_tree
}

@test "columns that are none" {
	usage_error 'unknown column "FOO"' pool-status -o STATE,FOO
	usage_error 'unknown column ""' pool-status -o STATE,
	usage_error 'unknown column ""' vm-status --vm @x -o ""
	usage_error 'unknown column ""' pool-status -o +
	usage_error 'too many columns: the limit is 32' pool-status -o "$(printf 'STATE,%.0s' {1..32})STATE"
}
