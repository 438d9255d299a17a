#!/usr/bin/env bats
# shellcheck disable=SC2154 # faults.bash sets base
# SPDX-License-Identifier: GPL-2.0-only
# Every allocation of every command fails in turn: no success that was none, no crash, a message. Each 16th is tried; with
# FAULTS_EVERY=1, as tests/check-sanitize has it, all.

bats_require_minimum_version 1.5.0
load faults

setup() {
	EVERY=${FAULTS_EVERY:-16}
	export LD_PRELOAD_FAULTS=$TOOLS/faults.so
}

# fail_each CALL...: one allocation after the other
fail_each() {
	local n count name=$BATS_TEST_TMPDIR/one
	export FAULTS_VM=24
	baseline env LD_PRELOAD="$LD_PRELOAD_FAULTS" "$KVM_HTAB" "$@"
	count=$(sed -n 's/^allocations //p' "$base.log")
	((count > 0)) || { echo "$*: no allocations"; return; }
	for ((n = 1; n <= count; n++)); do
		((total++ % EVERY == 0)) || continue
		tried=$((tried + 1))
		measured "$name" env LD_PRELOAD="$LD_PRELOAD_FAULTS" "FAULTS_ALLOCATION=$n" "$KVM_HTAB" "$@"
		judge "$name" "FAULTS_ALLOCATION=$n" "$@"
	done
}

@test "each allocation fails" {
	total=0 tried=0
	while read -r -a args; do
		fail_each "${args[@]}"
	done < <(calls) >"$BATS_TEST_TMPDIR/wrong"
	echo "# $tried of $total allocations" >&3
	run cat "$BATS_TEST_TMPDIR/wrong"
	assert_output ''
}
