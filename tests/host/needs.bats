# SPDX-License-Identifier: GPL-2.0-only
#
# What guests need: how full the tables of Linux guests are when they have touched most of their memory, by the size of
# their pages. Debian's QEMU gives a guest of 512 MiB a table of order 22, with room for 262144 entries.
#
# Check-long: powernv9; lines: first; kernels: series
# Takes: 200 s

bats_require_minimum_version 1.5.0
load host
load vmm
load guest

MEMORY=512M
MIB=384

teardown() {
	guest_end_failed || true
	guest_kill
}

# figure NAME: what the line in $output has behind that name
figure() {
	awk -v name="$1" '{ for (i = 1; i < NF; i += 2) if ($i == name) { print $(i + 1); exit } }' <<<"$output"
}

# entries NAME: the same of the whole table, of which the line has a sample
entries() {
	echo $(($(figure "$1") * $(figure groups) / $(figure read)))
}

# needs NAME LEAST MOST HOW WORDS [HOST]: a guest that has filled its memory HOW has so many entries
needs() {
	local used
	guest_host --add "${6:-qemu}"
	guest_kernel "$5"
	guest_start "$MEMORY"
	guest_expect 'up, .*'
	guest_tell "fill $MIB $4"
	run guest_expect 'filled .*'
	assert_output "guest: filled $MIB"
	run host 'cat /sys/kernel/debug/kvm_htab/occupancy/[0-9]*'
	assert_equal "$(figure groups)" 32768
	used=$(entries used)
	echo "# $1: $used entries, $(entries bolted) of them bolted; 4 KiB $(entries 4k), 64 KiB $(entries 64k)," \
		"16 MiB $(entries 16m)" >&3
	((used >= $2 && used <= $3)) || fail "$1: $used entries"
}

# The least is what the memory takes. The most allows for the kernel, and for what it has touched itself.
@test "pages of 64 KiB" {
	needs "64 KiB" 6000 12000 "" transparent_hugepage=never
}

@test "pages of 64 KiB, THP" {
	needs "64 KiB, THP" 24 12000 thp transparent_hugepage=always
}

@test "pages of 64 KiB, hugetlbfs of 16 MiB" {
	needs "hugetlbfs" 24 4000 hugetlb "transparent_hugepage=never hugepagesz=16M hugepages=25"
}

@test "pages of 4 KiB" {
	needs "4 KiB" 90000 140000 "" transparent_hugepage=never qemu4k
}

@test "pages of 4 KiB, THP" {
	needs "4 KiB, THP" 24 140000 thp transparent_hugepage=always qemu4k
}
