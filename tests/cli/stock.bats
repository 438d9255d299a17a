#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
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
	assert_output --partial 'the kernel must move pages of others out of it first, which fails if one of them is held; use --probe'
	fit_says 3 no full --order 26
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
