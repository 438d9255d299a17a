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
behind=()

teardown() {
	guest_end_failed || true
	guest_kill
}

# entries NAME: the same of the whole table, of which the line has a sample
entries() {
	echo $(($(figure "$1") * $(figure groups) / $(figure read)))
}

# huge_pages [OPTION...]: memory of QEMU in pages of 16 MiB, which stay for the tests that follow
huge_pages() {
	# shellcheck disable=SC2016 # for the shell in the host
	host 'sys=/sys/kernel/mm/hugepages/hugepages-16384kB/nr_hugepages
		mkdir -p /run/huge
		mountpoint -q /run/huge || mount -t hugetlbfs -o pagesize=16M hugetlbfs /run/huge
		echo 34 >$sys
		[ $(<$sys) = 34 ]'
	behind=(-mem-path /run/huge "$@")
}

# needs NAME LEAST MOST HOW WORDS: a guest that has filled its memory HOW has so many entries
needs() {
	local used
	guest_kernel "$5"
	guest_start "$MEMORY" "${behind[@]}"
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

# QEMU's memory in pages of 64 KiB: a guest's kernel maps all memory in such pages, and so does KVM (the virtual real mode
# area), 8192 entries each, beside those for what the guest's processes have. A kernel with pages of 4 KiB does it in these.
@test "guest: pages of 64 KiB, host: pages of 64 KiB" {
	guest_host --add qemu
	needs "64 KiB" 22500 24000 "" transparent_hugepage=never
}

@test "guest: pages of 4 KiB, host: pages of 64 KiB" {
	guest_host --add qemu4k
	needs "4 KiB" 239000 246000 "" transparent_hugepage=never
}

@test "guest: pages of 64 KiB, host: huge pages" {
	guest_host --add qemu
	huge_pages
	needs "64 KiB, on huge pages" 14300 16000 "" transparent_hugepage=never
}

# By default QEMU tells guests of pages of up to 64 KiB.
@test "guest: pages of 64 KiB and THP, host: huge pages, which the guest may have" {
	guest_host --add qemu
	huge_pages -machine cap-hpt-max-page-size=16M
	needs "64 KiB and THP, on huge pages" 6200 8000 thp transparent_hugepage=always
}

@test "guest: hugetlbfs, host: huge pages, which the guest may have" {
	guest_host --add qemu
	huge_pages -machine cap-hpt-max-page-size=16M
	needs "hugetlbfs, on huge pages" 80 2000 hugetlb "transparent_hugepage=never hugepagesz=16M hugepages=25"
}
