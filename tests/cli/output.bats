#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# Tables, JSON and what happens when stdout does not take them.

bats_require_minimum_version 1.5.0
load common

@test "JSON: a document with schema, version and numbers as numbers" {
	for name in "$TREES"/*/; do
		run stdout_of pool-status --json --sysroot "$name"
		run jq -e '.schema == "kvm-htab" and .version == 2 and .command == "pool-status" and
			(.results | length == 1) and
			(.results[0] | (.total_bytes | type) as $t | $t == "number" or $t == "null") and
			(.results[0].fits | length == 29) and (.results[0].guests | length == 10)' <<<"$output"
		assert_success
	done
}

@test "JSON says the same as the table" {
	run stdout_of pool-status --sysroot "$POWER" -rbn -o TOTAL,USED,FREE,LARGEST,MODULE
	table=$output
	run jq -r '.results[0] | "\(.total_bytes) \(.used_bytes) \(.free_bytes) \(.largest_free_order) \(
		if .module_loaded then "yes" else "no" end)"' \
		<<<"$(stdout_of pool-status --sysroot "$POWER" --json)"
	assert_output "$table"
}

@test "JSON has the names that --help lists, and --output narrows it" {
	run stdout_of pool-status --sysroot "$POWER" --json
	run jq -c '.results[0] | keys_unsorted' <<<"$output"
	assert_output '["version","command","state","condition","module_loaded","kernel_patched","platform","approximate","sources","total_bytes","used_bytes","free_bytes","largest_free_order","granule_bytes","order_min","order_max","order_default","order_max_pages","from_pool","from_pages","in_place","fallbacks","failures","resets","moves","moved_bytes","longest_stop_us","fetched_on_access","fetched_by_worker","fits","guests","users","users_hidden","users_advice","advice","obstacle","exit_status","error"]'
	run stdout_of pool-status --sysroot "$POWER" --json -o free,STATE
	run jq -c '.results[0]' <<<"$output"
	assert_output '{"version":2,"command":"pool-status","free_bytes":10878976000,"state":"ready"}'
}

@test "headings, columns by any case, raw" {
	run stdout_of pool-status --sysroot "$POWER" -o state,Total
	assert_line --index 0 --regexp '^STATE +TOTAL$'
	assert_line --index 1 --regexp '^ready +12\.8G$'
	run stdout_of pool-status --sysroot "$POWER" -r
	assert_line --index 0 "STATE CONDITION TOTAL USED FREE LARGEST APPROX SOURCES"
	assert_line --index 1 "ready ok 12.8G 2.7G 10.1G 33 no /sys/kernel/kvm_htab"
	run stdout_of pool-status --sysroot "$POWER" -n -o STATE
	assert_output ready
}

@test "raw: every cell is one word of printable ASCII" {
	run stdout_of vm-status --vm $'/no where/\\\t\xc3\xa4' --raw -o VM,RESULT
	assert_line --index 1 '/no\x20where/\x5c\x09\xc3\xa4 failed'
	run stdout_of vm-status --vm fd:77 --raw -n -o VM,ORDER,TABLE
	assert_output "fd:77 - -"
}

@test "JSON: quotes, backslashes and control characters" {
	run stdout_of vm-status --json --vm $'/"\\\n\x7fä'
	run jq -r '.results[0].vm' <<<"$output"
	assert_output '/"\\x0a\x7fä'
}

@test "quiet: no results, errors all the same" {
	run kvm_htab pool-status --sysroot "$POWER" -q
	assert_success
	assert_output ""
	run kvm_htab pool-status --sysroot "$TREES/stock-6.1-meminfo" -q
	assert_success
	assert_output ""
	run kvm_htab vm-status -q --vm "$BATS_TEST_TMPDIR/none"
	assert_failure 1
	assert_output --partial "no such socket"
}

# everything_that_prints: calls that print something, one a line
everything_that_prints() {
	printf -- '--%s\n' help usage version
	for command in pool-status fit vm-status reset resize compact list inspect doctor; do
		printf "$command --%s\n" help usage version
	done
	tree=$(tree patched-6.1)
	plans "$tree" 'room 0 256' 'move 1 0 512 256'
	for form in "" --json --raw; do
		printf "%s $form --sysroot $tree\n" pool-status "fit --ram 4G" "compact --dry-run --order 26" doctor
		printf "%s $form\n" "vm-status --vm fd:77" "reset --vm fd:77" "resize --vm fd:77 --order 24"
	done
	echo "pool-status --format=prometheus --sysroot $tree"
	echo "list --json --sysroot $tree"
	printf "inspect --all %s --sysroot $TREES/loaded-6.1\n" "" --json --raw
}

@test "a full disk is an error, for help, too" {
	[ -c /dev/full ] || skip "no /dev/full"
	while read -r -a args; do
		run bash -c '"$@" >/dev/full' - "$KVM_HTAB" "${args[@]}"
		assert_failure 1
		assert_output --partial "cannot write to standard output: No space left on device"
	done < <(everything_that_prints)
}

@test "a closed stdout is an error, and nothing takes its place" {
	not_under memcheck 'valgrind itself opens what is closed'
	run bash -c '"$@" >&-' - "$KVM_HTAB" pool-status --sysroot "$POWER"
	assert_failure 1
	assert_output --partial "cannot write to standard output"
	run bash -c '"$@" <&- >&- 2>&-' - "$KVM_HTAB" pool-status --sysroot "$POWER" -q
	assert_success
}

@test "a closed descriptor, and no /dev/null to take its place" {
	[ "$(id -u)" = 0 ] || skip "needs root to hide /dev"
	not_under memcheck 'valgrind itself opens what is closed'
	# shellcheck disable=SC2016
	run unshare --mount bash -c 'mount -t tmpfs none /dev && exec "$@" <&-' - "$KVM_HTAB" pool-status --sysroot "$POWER"
	assert_failure 1
	assert_output "kvm-htab: a standard file descriptor is closed and /dev/null cannot replace it"
}

@test "an answer for which descriptors were missing is none" {
	not_under memcheck 'valgrind needs some itself'
	for command in pool-status doctor list; do
		# 3 is the tree
		run bash -c 'for fd in {3..20}; do eval "exec $fd>&-"; done; ulimit -n 4; exec "$@"' - \
			"$KVM_HTAB" $command --raw --sysroot "$POWER"
		assert_failure 1
		assert_line "kvm-htab: the answer may be incomplete: Too many open files"
	done
}

@test "--output=+COLUMNS: after the usual ones" {
	run stdout_of pool-status --sysroot "$POWER" -r -o +platform,Module
	assert_line --index 0 "STATE CONDITION TOTAL USED FREE LARGEST APPROX SOURCES PLATFORM MODULE"
	assert_line --index 1 "ready ok 12.8G 2.7G 10.1G 33 no /sys/kernel/kvm_htab PowerNV yes"
	run stdout_of pool-status --sysroot "$POWER" --json -o +PLATFORM
	run jq -c '.results[0] | keys_unsorted' <<<"$output"
	assert_output '["version","command","state","condition","total_bytes","used_bytes","free_bytes","largest_free_order","approximate","sources","platform"]'
	run kvm_htab pool-status --sysroot "$POWER" -o +NONE
	assert_failure 2
	assert_output --partial 'NONE'
}

@test "--output-all: the columns that --help lists, in that order" {
	local call args
	for call in pool-status doctor list 'fit --ram 4G' 'vm-status --vm fd:77'; do
		read -r -a args <<<"$call"
		[[ $call == *--vm* ]] || args+=(--sysroot "$POWER")
		run stdout_of "${args[@]}" -r --output-all
		heading=${lines[0]}
		run stdout_of "${args[0]}" --help
		assert_equal "$heading" "$(sed -n '/^Columns/,$p' <<<"$output" | awk '/^  [A-Z0-9-]+ /{ printf "%s%s", n++ ? " " : "", $1 }')"
	done
}

@test "a reader that has had enough is no error" {
	while read -r -a args; do
		# what wait says is of no use: on a busy machine bash has lost the child's status now and then
		run --separate-stderr kvm_htab "${args[@]}"
		as_read=$status:$stderr
		run bash -c 'exec 8> >(exec true); wait $!; "$@" >&8' - "$KVM_HTAB" "${args[@]}"
		assert_equal "$status:$output" "$as_read"
	done < <(everything_that_prints)
}

@test "strings from elsewhere reach no terminal as they are" {
	name=$BATS_TEST_TMPDIR/$'evil\e[31m\xff\x9b\n'
	run --separate-stderr kvm_htab vm-status --vm "$name"
	assert_failure 1
	[[ $stderr == *'evil\x1b[31m\xff\x9b\x0a: no such socket'* ]]
	[[ $output != *$'\e'* ]]
	run stdout_of vm-status --json --vm "$name"
	run jq -r '.results[0].vm' <<<"$output"
	assert_output --partial 'evil\x1b[31m\xff\x9b\x0a'
	run stdout_of vm-status --json --vm $'/nowhere/ä\xc2\x9b'
	run jq -r '.results[0].vm' <<<"$output"
	assert_output '/nowhere/ä\xc2\x9b'
	# cut off, overlong, surrogates, and beyond the last character
	run stdout_of vm-status --json --vm $'/nowhere/\xc3(\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80€😀'
	run jq -r '.results[0].vm' <<<"$output"
	assert_output '/nowhere/\xc3(\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80€😀'
}
