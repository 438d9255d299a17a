#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the commands that only look say of hosts as they really are: trees that tests/host/testbed/capture has written. Each has
# a pool of 416 MiB, of which a VM has a table of order 26, unless its name tells otherwise.

bats_require_minimum_version 1.5.0
load common

MIB=$((1 << 20))

# says TREE TEXT COMMAND...: raw output, without headings
says() {
	run --separate-stderr kvm_htab "${@:3}" -rn --sysroot "$TREES/$1"
	assert_output "$2"
}

# exits TREE STATUS COMMAND...
exits() {
	run kvm_htab "${@:3}" -q --sysroot "$TREES/$1"
	assert_equal "$status" "$2"
}

# a_host TREE PATCHED SOURCES: the pool, and what fits; QEMU's POWER9 is one of the first, whose radix hosts have no hash guests
a_host() {
	says "$1" "ready ok $((416 * MIB)) $((64 * MIB)) $((352 * MIB)) 28 no yes $2 PowerNV $3" \
		pool-status -b -o STATE,CONDITION,TOTAL,USED,FREE,LARGEST,APPROX,MODULE,PATCHED,PLATFORM,SOURCES
	if [[ $1 == power9-* ]]; then
		says "$1" '1 no mmu' fit --order 28 -o FITS,ANSWER,REASON
		exits "$1" 3 fit --order 28
		return
	fi
	exits "$1" 0 fit --order 28
	exits "$1" 0 fit --order 26 --count 5
	exits "$1" 3 fit --order 26 --count 6
	exits "$1" 3 fit --order 29
}

# ails TREE STATUS ITEMS: doctor's exit status, and the items that are neither ok nor n/a
ails() {
	exits "$1" "$2" doctor
	run --separate-stderr kvm_htab doctor -rn -o ITEM,STATE --sysroot "$TREES/$1"
	assert_equal "$(awk '$2 != "ok" && $2 != "n/a" { printf "%s%s", sep, $0; sep = ", " }' <<<"$output")" "$3"
}

@test "kernels with the series: the pool and its user, exactly" {
	for tree in power8-6.1 power9-6.1 power10-6.1 power9-6.12 power9-7.2; do
		a_host $tree yes /sys/kernel/kvm_htab
		says $tree '1 26 pool 64M' list -o ID,ORDER,SOURCE,SIZE
	done
	ails power8-6.1 0 ''
	ails power10-6.1 0 ''
	for tree in power9-6.1 power9-6.12 power9-7.2; do
		ails $tree 3 'mmu failed'
	done
}

@test "kernels without it, as root: the pool by its bitmap" {
	for tree in power8-6.1-stock power9-6.1-stock power9-6.12-stock power10-7.2-stock; do
		a_host $tree no /sys/kernel/mm/cma/kvm_cma,/sys/kernel/debug/cma
	done
	ails power8-6.1-stock 0 'kernel warning'
	ails power10-7.2-stock 0 'kernel warning'
}

@test "a reservation that failed" {
	for tree in power9-6.1-failed power9-6.1-stock-failed; do
		says $tree 'failed failed 0 0' pool-status -b -o STATE,CONDITION,TOTAL,FREE
		exits $tree 3 fit --order 25
	done
	ails power9-6.1-failed 3 'mmu failed, reservation failed'
	ails power9-6.1-stock-failed 3 'mmu failed, kernel warning, reservation failed, refusals unknown'
}

@test "tables that are filled, and a cgroup that pays for them" {
	says paid-6.1 '1 24 16384 0% 100% early
2 20 8192 100% 0% larger' inspect --all -o ID,ORDER,READ,4K,64K,VERDICT
	run --separate-stderr kvm_htab inspect --all --json --sysroot "$TREES/paid-6.1"
	# the first is a sample of a table at 3.1 %, the second a table at 90 %
	assert_equal "$(jq -c '[.results[] | (.load_ppm - 31005 | fabs) < .error_ppm or (.load_ppm - 899856 | fabs) <= .error_ppm]' \
		<<<"$output")" '[true,true]'
	says paid-6.1 '1 machine.slice/web.scope 16842752
2 machine.slice/web.scope 1114112' list -b -o ID,CGROUP,CHARGED
	ails paid-6.1 0 'memory warning'
	exits paid-6.1 0 fit --order 26 --cgroup machine.slice
	run --separate-stderr kvm_htab fit --order 27 --cgroup machine.slice -rn -o ANSWER,REASON --sysroot "$TREES/paid-6.1"
	assert_output 'no limit'
	assert_equal "$status" 3
}

@test "a nested host" {
	for tree in nested-6.1 nested-6.1-stock; do
		exits $tree 5 pool-status
		exits $tree 5 fit --order 18
		exits $tree 0 list
		exits $tree 5 doctor
	done
}
