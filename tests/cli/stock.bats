#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # run sets status and output; `...` is text
# Kernels without the series: what root learns of the pool and of tables from /proc/vmallocinfo and /proc/kpageflags.

bats_require_minimum_version 1.5.0
load common
load reports

# A host of 64 GiB like Debian's, with a pool of 64 MiB.
setup() {
	power9
	ram 64 65536 20000
	kernel 6.1.0-52-powerpc64le kvm_cma_resv_ratio=1
	os debian 12
	log 'kvm_cma_reserve: reserving 64 MiB for global area' 'cma: Reserved 64 MiB at 0x0000000004000000'
}

@test "fit is certain of what is free, and of nothing that is lent" {
	tables 24
	kpageflags 64 'table*64' 'free*128' 'lent*64'
	fit_says 0 yes room --order 24 --count 2
	fit_says 5 unknown lent --order 24 --count 3
	assert_output --partial 'the kernel must move pages of others out of it first, which fails if one of them is held; try on the host itself, with --probe'
	fit_says 3 no too-little --order 26
	kpageflags 64 'table*64' 'free*127' 'mixed*65'
	fit_says 5 unknown lent --order 24 --count 2
}

@test "pages on the lists of each CPU may be tables" {
	tables 24
	kpageflags 64 'table*64' 'lists*64' 'free*64' 'lent*64'
	fit_says 0 yes room --order 24
	fit_says 5 unknown lent --order 24 --count 2
	fit_says 5 unknown unknown --order 24 --count 3
	fit_says 5 unknown pages --order 24 --count 4
}

@test "what is free is certain, also after refusals; what is lent is not" {
	tables 24
	file proc/vmstat 'cma_alloc_success 9
cma_alloc_fail 3'
	kpageflags 64 'table*64' 'free*64' 'lent*128'
	fit_says 0 yes room --order 24
	fit_says 5 unknown busy --order 25
}

@test "pages are lent of an empty pool, too" {
	tables
	kpageflags 64 'lent*8' 'free*64' 'lent*184'
	fit_says 0 yes room --order 24
	fit_says 5 unknown lent --order 26
	fit_says 3 no small --order 27
}

@test "--timeout is for --probe" {
	run kvm_htab fit --order 24 --timeout 5
	assert_failure 2
	assert_output --partial -- '--timeout requires --probe'
	run kvm_htab pool-status --probe --timeout x
	assert_failure 2
	run kvm_htab fit --help
	assert_output --partial 'With --probe: give up after SECONDS'
}

# suggested STATUS COLUMNS ARGUMENT...: RATIO, RATIO-POOL and RATIO-MORE of $dir
suggested() {
	run stdout_of fit --suggest-ratio "${@:3}" -brn -o RATIO,RATIO-POOL,RATIO-MORE --sysroot "$dir"
	assert_equal "$status $output" "$1 $2"
}

@test "--suggest-ratio: the smallest ratio beside what is in use, and what it costs" {
	tables 24 26 # 80 MiB
	# 64 GiB: one percent is 655 MiB
	suggested 0 "1 687194767 620085903" --order 26
	suggested 0 "1 687194767 620085903" --order 20 --count 575
	suggested 0 "2 1374389534 1307280670" --order 20 --count 576
	run stdout_of fit --suggest-ratio --ram 64G --count 3 --sysroot "$dir"
	assert_success
	assert_output 'kvm_cma_resv_ratio=3  # for 3 of order 29: a pool of 1.9G, 1.9G more RAM than now'
	run stdout_of fit --suggest-ratio --ram 8G --maxmem 64G --sysroot "$dir" --json
	assert_success
	assert_equal "$(jq -c '[.results[] | [.ratio, .ratio_pool_bytes, .exit_status]]' <<<"$output")" \
		'[[1,687194767,0],[1,687194767,0]]'
	run kvm_htab fit --order 29 --sysroot "$dir"
	assert_output --partial 'kvm_cma_resv_ratio=1 (655.4M of 64G RAM)'
}

@test "--suggest-ratio takes the percentage of all RAM, not of MemTotal" {
	tables 24
	suggested 0 "2 1374389534 1307280670" --order 20 --count 640
	# 66 GiB are present
	file proc/zoneinfo "Node 0, zone   Normal
  pages free     1000
        spanned  1081344
        present  1048576
        managed  1048000
Node 8, zone   Normal
        present  32768"
	suggested 0 "1 708669603 641560739" --order 20 --count 640
}

@test "--suggest-ratio: none suffices, or it cannot be told" {
	tables 24
	suggested 3 "- - -" --order 34 --count 2
	run kvm_htab fit --suggest-ratio --order 34 --count 2 --sysroot "$dir"
	assert_output --partial 'add RAM: no kvm_cma_resv_ratio=N is enough, since tables and reverse maps would need more than all 64G'
	rm "$dir/proc/vmallocinfo"
	file proc/meminfo 'MemTotal: 67108864 kB'
	suggested 5 "1 687194767 620085903" --order 26
	run kvm_htab fit --suggest-ratio --order 26 --sysroot "$dir"
	assert_output --partial 'what is in use now is not known, and was not counted: try as root'
	rm "$dir/proc/meminfo"
	suggested 5 "- - -" --order 26
	run kvm_htab fit --suggest-ratio --order 26 --probe
	assert_failure 2
}

@test "list tells root how many tables of which order there are, and that it is not told whose" {
	tables 24 26 24
	mkdir -p "$dir/proc/4711/fd"
	ln -s anon_inode:kvm-vm "$dir/proc/4711/fd/9"
	run kvm_htab list --sysroot "$dir"
	assert_success
	assert_output --partial 'tables in use: 2 of order 24, 1 of order 26 (96M in all); to see whose they are, use the kvm-htab modules or series (see kvm-htab-kernel(7))'
	run stdout_of list --sysroot "$dir" --json
	assert_equal "$(jq -c .tables <<<"$output")" \
		'[{"order":24,"count":2,"table_bytes":16777216},{"order":26,"count":1,"table_bytes":67108864}]'
	tables
	file sys/module/kvm_hv/refcnt 1
	run kvm_htab list --sysroot "$dir"
	assert_output --partial 'tables in use: none; to see'
	rm "$dir/proc/vmallocinfo"
	run kvm_htab list --sysroot "$dir"
	assert_output --partial 'this kernel does not report VM tables; the kvm-htab modules or series do (see kvm-htab-kernel(7))'
	run stdout_of list --sysroot "$dir" --json
	assert_equal "$(jq -c .tables <<<"$output")" null
}

# of_id ID STATUS TEXT: vm-status of id:ID on a host that has the tree's files
of_id() {
	run on_host "$dir" "$KVM_HTAB" vm-status --vm "id:$1"
	assert_failure "$2"
	assert_output --partial "kvm-htab: id:$1: $3"
}

@test "--vm id:N: the process that made it, and errors" {
	need_mounts
	mkdir -p "$dir/sys"
	of_id 7 5 'this kernel does not number VMs: use pid:PID or domain:NAME, or the kvm-htab modules or series'
	file sys/kernel/kvm_htab/vm/7/pid 2147483646
	of_id 7 1 'no such process: 2147483646'
	of_id 8 1 'there is no VM 8; `kvm-htab list` shows the VMs'
	file sys/kernel/kvm_htab/vm/12/pid 2147483646
	of_id 12 1 'process 2147483646 has made VM 7, too, and the kernel does not report which is which; choose a file descriptor, as in pid:2147483646:FD'
	file sys/kernel/kvm_htab/vm/12/pid 0
	of_id 12 1 'the process that made VM 12 has ended, or is outside this container'
	chmod 0 "$dir/sys/kernel/kvm_htab/vm/7/pid"
	run on_host "$dir" "${NO_PRIVILEGES[@]}" "$KVM_HTAB" vm-status --vm id:7
	assert_output --partial 'cannot read /sys/kernel/kvm_htab/vm/7/pid: Permission denied; run as root'
	chmod 600 "$dir/sys/kernel/kvm_htab/vm/7/pid"
	for id in '' 0 x 7x -1; do
		run kvm_htab vm-status --vm "id:$id"
		assert_failure 2
		assert_output --partial "invalid VM \"id:$id\": use unix:PATH"
	done
}
