#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154,SC2030,SC2031 # run sets status and output; each test has its own $dir
# Reports, as in reports.bats, that hang on the kernel's line, its log, or on what else lives on the host.

bats_require_minimum_version 1.5.0
load common
load reports

# size_is SIZE: that of the pool of $dir
size_is() {
	run stdout_of pool-status -rn -o STATE,TOTAL --sysroot "$dir"
	assert_output "ready $1"
}

@test "before Linux 4.12 debugfs numbers the areas" {
	power8
	ram 128 6710272 3000000
	kernel 4.4.0-210-generic
	file sys/module/kvm_hv/refcnt 3
	cma_debugfs 6552 1024
	mv "$dir/sys/kernel/debug/cma/cma-kvm_cma" "$dir/sys/kernel/debug/cma/cma-0"
	size_is 6.4G
	[ "$(item reservation) $(item pool)" = 'ok ok' ]
	fit_says 0 yes room --ram 256G
	fit_says 3 no small --ram 1T
}

# words WORD*COUNT...: those of the pool's bitmap in debugfs
words() {
	local word
	for word; do
		printf "${word%\**} %.0s" $(seq "${word#*\*}")
	done >"$dir/sys/kernel/debug/cma/cma-kvm_cma/bitmap"
}

@test "a tree of a big-endian host" {
	power8
	ram 16 524288 500000
	kernel 4.19.0-5-powerpc64
	cma_debugfs 512 0
	file sys/kernel/debug/cma/cma-kvm_cma/used $((33 * 32 * 4))
	file sys/kernel/debug/cma/cma-kvm_cma/maxchunk $((31 * 32 * 4))
	# the upper half of each long comes first: 33 words in use, then 31 that are free
	words 4294967295*32 0*1 4294967295*1 0*30
	run stdout_of pool-status -rbn -o USED,LARGEST --sysroot "$dir"
	assert_output '276824064 27'
	run stdout_of pool-status --map --json --sysroot "$dir"
	assert_equal "$(jq -c '[.results[0].map[] | [.kind, .bytes]]' <<<"$output")" '[["used",276824064],["free",260046848]]'
	# what no byte order explains is taken as it is
	file sys/kernel/debug/cma/cma-kvm_cma/maxchunk 4
	run stdout_of pool-status --map --json --sysroot "$dir"
	assert_equal "$(jq '.results[0].map | length' <<<"$output")" 4
}

@test "CmaTotal does not count the pool of Linux before 3.17" {
	power8
	ram 256 0 0
	kernel 3.10.0-957.el7.ppc64le
	file sys/module/kvm_hv/refcnt 2
	[ "$(item reservation)" = unknown ]
	fit_says 5 unknown unknown --ram 8G
	# nor is what it counts the pool
	ram 256 1048576 1000000
	run stdout_of pool-status -rn -o STATE,TOTAL,FREE --sysroot "$dir"
	assert_output 'unknown - -'
	# as it is since
	ram 256 0 0
	kernel 3.18.0
	[ "$(item reservation)" = failed ]
}

@test "crashkernel and fadump take from MemTotal, of which the pool is then more than its percentage" {
	for word in crashkernel=auto fadump=on; do
		power9
		ram 110 6709248 6000000
		kernel 4.18.0-553.el8_10.ppc64le $word
		file sys/module/kvm_hv/refcnt 2
		log 'Reserving 18432MB of memory at 128MB for crashkernel (System RAM: 131072MB)' \
			'cma: Reserved 6556 MiB at 0x0000001e40000000'
		size_is 6.4G
		fit_says 3 no small --ram 1T
	done
	# where another area may be in the log, only its size tells the pool
	kernel 5.8.0 hugetlb_cma=6G
	run stdout_of pool-status -rn -o TOTAL --sysroot "$dir"
	assert_line '-'
}

@test "a kernel that does not report MemAvailable" {
	power8
	ram 128
	sed -i /MemAvailable/d "$dir/proc/meminfo"
	kernel 3.13.0-170-generic
	log 'kvm_cma: CMA: reserved 6554 MiB'
	doctor_says 'this kernel, before 3.14, does not report MemAvailable'
	refute_output --partial 'cannot read'
	rm "$dir/proc/meminfo"
	doctor_says 'cannot read /proc/meminfo'
}

@test "/proc/vmstat counts refusals of all areas: with others they are nobody's" {
	power9
	ram 512 93962240 93184000
	kernel 6.1.0-26-powerpc64le hugetlb_cma=64G
	log 'hugetlb_cma: reserve 65536 MiB, up to 16384 MiB per node' 'cma: Reserved 16384 MiB at 0x0000001800000000' \
		'hugetlb_cma: reserved 16384 MiB on node 0' 'kvm_cma_reserve: reserving 26214 MiB for global area' \
		'cma: Reserved 26224 MiB at 0x0000007959000000'
	file proc/vmstat 'cma_alloc_fail 70000'
	[ "$(item refusals) $(item pool)" = 'unknown ok' ]
	fit_says 0 yes room --ram 64G
	# none of all is none
	file proc/vmstat 'cma_alloc_fail 0'
	[ "$(item refusals)" = ok ]
	# without the log nothing tells the pool from the others
	rm "$dir/var/log/dmesg"
	doctor_says 'this kernel does not report the size of the pool: CmaTotal in /proc/meminfo counts other areas, too' \
		'or look for its size in the log of the boot' 'journalctl -k -b | grep -i cma'
	fit_says 5 unknown unknown --ram 64G
	assert_output --partial 'CmaTotal and CmaFree in /proc/meminfo count other areas, too'
}

@test "a log of several boots: the last counts" {
	power9
	ram 256 13421568 10240000
	kernel 6.12.43
	log 'Linux version 6.12.43' 'kvm_cma_reserve: reserving 117964 MiB for global area' \
		'cma: Failed to reserve 117964 MiB' \
		'cma: __cma_alloc: kvm_cma: alloc failed, req-size: 512 pages, ret: -16' 'Linux version 6.12.43' \
		'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Reserved 13107 MiB at 0x0000000100000000'
	size_is 12.8G
	fit_says 0 yes room --ram 8G
}

@test "the pool had no gap, and nothing tells what it has now" {
	power9
	ram 128 6710272 400000
	kernel 5.4.0-190-generic
	file sys/module/kvm_hv/refcnt 30
	log 'cma: Reserved 6556 MiB at 0x0000001e40000000' 'cma: cma_alloc: alloc failed, req-size: 1024 pages, ret: -12' \
		'cma: cma_alloc: alloc failed, req-size: 1024 pages, ret: -12'
	fit_says 5 unknown unknown --ram 8G
	assert_output --partial 'which had no gap for 2 requests since boot (ret: -12 in the kernel log); stop or migrate guests, or boot with a larger kvm_cma_resv_ratio=N (percent of RAM); to see what fits, boot a kernel'
	run kvm_htab pool-status --sysroot "$dir"
	assert_output --partial 'which had no gap for 2 requests since boot'
}

@test "before Linux 5.2 what is lent may be pinned: no sure yes beyond CmaFree, though the log is gone" {
	power9
	ram 256 13421568 204800
	kernel 4.18.0-25-generic
	cma_debugfs 13104 1024
	fit_says 5 unknown lent --ram 64G
	assert_output --partial 'fails if one of them is held, as by guests with passed-through devices (VFIO) on this kernel (before 5.2); try on the host itself, with --probe'
	fit_says 0 yes room --ram 8G
	fit_says 5 unknown lent --ram 8G --count 4
	kernel 5.4.0
	fit_says 0 yes room --ram 64G
}

@test "pages in the way of a live host: a trial tells whether they have gone" {
	need_mounts
	power9
	file sys/kernel/mm/cma/kvm_cma/alloc_pages_fail 512
	file sys/kernel/mm/cma/kvm_cma/total_pages 209712
	file sys/kernel/mm/cma/kvm_cma/available_pages 190000
	run on_host "$dir" "$KVM_HTAB" fit --ram 8G
	assert_failure 5
	assert_output --partial 'finds out whether it helped'
	assert_output --partial 'kvm-htab fit --probe'
	run kvm_htab fit --ram 8G --sysroot "$dir"
	assert_failure 5
	refute_output --partial --probe
}

# report HEAD FUNCTION: the kernel log of a host, with a report of these
report() {
	log 'kvm_cma_reserve: reserving 3276 MiB for global area' 'cma: Reserved 3280 MiB at 0x0000000e00000000' "$1" \
		'Call Trace:' '[c0] [c1] __schedule+0x1/0x2' "${@:2}"
}

@test "the stack below a report tells whether it was of a request for a table" {
	local hung='INFO: task qemu-system-ppc:4242 blocked for more than 120 seconds.'
	local request='[c0] [c2] kvmppc_allocate_hpt+0xf8/0x210 [kvm_hv]'

	power9
	ram 64 3358720 3072000
	kernel 6.1.0
	report "$hung" '[c0] [c2] kvmppc_alloc_hpt+0x1/0x2 [kvm_hv]' # before Linux 4.11
	[ "$(item requests)" = warning ]
	report 'INFO: task jbd2/sda2-8:512 blocked for more than 120 seconds.' '[c0] [c1] jbd2_journal_commit+0x1/0x2' \
		'BUG: soft lockup - CPU#8 stuck for 22s! [qemu:1]' 'Call Trace:' "$request"
	[ "$(item requests) $(item memory)" = 'ok ok' ]
	# what capture keeps of the log says the same, without the names of commands
	run kvm_htab capture "$BATS_TEST_TMPDIR/copy" --sysroot "$dir"
	dir=$BATS_TEST_TMPDIR/copy
	[ "$(item requests) $(item memory)" = 'ok ok' ]
}

@test "memory for a reverse map that was refused" {
	power9
	ram 64 3358720 3072000
	kernel 6.1.0
	for head in 'qemu-system-ppc: vmalloc error: size 1073741824, page order 0, failed to allocate pages' \
		'qemu-kvm: vmalloc: allocation failure: 1073741824 bytes, mode:0x14080c2'; do
		report "$head" '[c0] [c2] kvmppc_allocate_hpt+0xf8/0x210 [kvm_hv]'
		[ "$(item memory)" = warning ]
		doctor_says 'the reverse map of a table was refused since boot ("vmalloc" in the kernel log)' \
			'free memory: stop guests'
		rm -rf "$BATS_TEST_TMPDIR/copy"
		run kvm_htab capture "$BATS_TEST_TMPDIR/copy" --sysroot "$dir"
		run grep -r qemu "$BATS_TEST_TMPDIR/copy/var/log"
		assert_failure
		report "$head" '[c0] [c2] xfs_attr_get+0x1/0x2'
		[ "$(item memory)" = ok ]
	done
}

@test "list tells of tables whose VMs it cannot see" {
	power9
	ram 64 3358720 3072000
	kernel 5.4.0
	tables 30 30 26
	run kvm_htab list --sysroot "$dir"
	assert_success
	assert_output --partial '3 more VMs are in use'
	assert_output --partial 'tables in use: 1 of order 26, 2 of order 30 (2.1G in all)'
}
