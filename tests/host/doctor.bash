# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: what doctor says in the host, and what comes of doing as it says.
#
#   doctor_boot [OPTION...] hash_boot; then counters start at 0, and /dev/kvm is as distributions have it
#   doctor [ITEM...]        runs it and keeps what it says; fails unless these items, and no others, have failed
#   said ITEM FIELD         of the last one: state, what, advice, next; "null" if there is none
#   mend ITEM               runs the command that it gave, as it stands
#   boot_word ITEM          what it advised to boot with

doctor_boot() {
	hash_boot "$@" || return
	host 'modprobe -r kvm_hv && modprobe kvm_hv && chgrp kvm /dev/kvm && chmod 0660 /dev/kvm'
}

doctor() {
	local status=0 failed expected=0
	(($# == 0)) || expected=3
	${DOCTOR_AS:-host} kvm-htab doctor --json >"$BATS_TEST_TMPDIR/doctor" || status=$?
	assert_equal "$status" $expected
	failed=$(jq -r '[.results[] | select(.state == "failed").item] | join(" ")' "$BATS_TEST_TMPDIR/doctor")
	assert_equal "$failed" "$*"
	assert_equal "$(jq -r '.cause.item // ""' "$BATS_TEST_TMPDIR/doctor")" "${1:-}"
}

said() {
	jq -r --arg name "$1" ".results[] | select(.item == \$name).$2" "$BATS_TEST_TMPDIR/doctor"
}

mend() {
	host "$(said "$1" next)"
}

boot_word() {
	said "$1" advice | sed -n 's/^boot with \([a-z_]*\(=[0-9]*\)\?\) on .*/\1/p'
}
