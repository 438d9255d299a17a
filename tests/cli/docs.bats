#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# Manual pages and the example agree with the program.

bats_require_minimum_version 1.5.0
load common

commands=(pool-status fit vm-status reset resize compact list inspect doctor capture)

# long_options [COMMAND]: those that --help lists, sorted
long_options() {
	kvm_htab "$@" --help | grep -oE '^ +(-., +)?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort
}

@test "the manual names every command, option and exit status" {
	page=$ROOT/man/kvm-htab.8
	for command in "${commands[@]}"; do
		run grep -q "^\.Ss $command\$" "$page"
		assert_success
		for option in $(long_options "$command"); do
			run grep -qE "Fl Fl ${option#--}( |\$)" "$page" "$ROOT/man/kvm-htab-$command.8"
			assert_success
		done
	done
	for status in 0 1 2 3 4 5; do
		run grep -q "^\.It $status\$" "$page"
		assert_success
	done
}

@test "the manual names every key of the JSON" {
	for command in "${commands[@]}"; do
		args=(--sysroot "$TREES/power9-6.1")
		case $command in
		capture) continue ;; # nothing but the frame's
		vm-status | reset) args=(--vm fd:77) ;;
		resize) args=(--vm fd:77 --order 24) ;;
		fit) args+=(--order 24) ;;
		compact) args+=(--dry-run) ;;
		inspect) args=(--all --sysroot "$TREES/loaded-6.1") ;;
		esac
		# a host with a VM
		run stdout_of "$command" --json "${args[@]}"
		keys=$(jq -r '. + .results[0] | keys[]' <<<"$output")
		(($(wc -l <<<"$keys") > 8))
		for key in $keys; do
			run grep -qswE "^(\.It|\.Dq|  \") ?.*$key" "$ROOT/man/kvm-htab.8" "$ROOT/man/kvm-htab-$command.8"
			[ "$status" = 0 ] || fail "$key is not in the manual"
		done
	done
}

@test "the manual names what the environment is asked for" {
	names=$(grep -oh 'getenv("[A-Z_]*")' "$ROOT"/cli/*/*.c | cut -d'"' -f2)
	[[ $names == *NO_COLOR* ]]
	for name in $names; do
		grep -qx "\.It Ev $name" "$ROOT/man/kvm-htab.8" || fail "$name is not in the manual"
	done
}

@test "the manual names every item and state of doctor" {
	for name in $(stdout_of doctor -rn -o ITEM --sysroot "$POWER") ok warning failed unknown n/a; do
		run grep -qx "\.It Cm $name" "$ROOT/man/kvm-htab.8"
		[ "$status" = 0 ] || fail "$name is not in the manual"
	done
}

@test "messages that the manual quotes are the program's" {
	while read -r message; do
		run bash -c 'cat "$1"/cli/*/*.c | tr -d "\n\t" | sed "s/\" *\"//g" | grep -cF -- "$2"' - "$ROOT" "${message% ...}"
		[ "$status" = 0 ] || fail "not among the messages: $message"
	done < <(sed -n '/^\.Bl -diag/,/^\.El/s/^\.It "\(.*\)"$/\1/p' "$ROOT/man/kvm-htab.8")
}

@test "the example in the manual is the one that is compiled" {
	sed -n '/^#include/,$p' "$ROOT/examples/share-vm-fd.c" >"$BATS_TEST_TMPDIR/compiled"
	sed -n '/^\.Bd -literal$/,/^\.Ed$/{/^\.[BE]d/d;s/\\e/\\/g;p}' \
		"$ROOT/man/kvm-htab-vm-socket.7" >"$BATS_TEST_TMPDIR/printed"
	[ -s "$BATS_TEST_TMPDIR/printed" ]
	run diff -u "$BATS_TEST_TMPDIR/compiled" "$BATS_TEST_TMPDIR/printed"
	assert_success
}

@test "the constants of orders are those of the kernel's header" {
	for limit in MIN MAX; do
		header=$(sed -n "s/^#define KVM_PPC_HTAB_ORDER_${limit}[[:space:]]*//p" \
			"$ROOT/kernel/include/asm/kvm_htab.h")
		run grep -E "^#define HPT_ORDER_$limit ${header}U\$" "$ROOT/cli/host/hpt.h"
		assert_success
	done
}
