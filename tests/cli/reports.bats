#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154,SC2030,SC2031 # run sets status and output; each test has its own $dir
# What people have reported of KVM on POWER since 2015, as trees of the facts that matter: the true cause, the next
# command, and no sure answer that is wrong. reports.bash makes the trees.

bats_require_minimum_version 1.5.0
load common
load reports

# The reservation

@test "Linux 5.18 to 5.19-rc3 cannot reserve a pool, whatever the ratio" {
	for release in 5.18.5-200.fc36.ppc64le 5.18.0-rc7 5.19.0-rc3; do
		power9
		ram 128 0 0
		kernel $release
		log 'kvm_cma_reserve: reserving 6553 MiB for global area' 'cma: Failed to reserve 6553 MiB'
		doctor_says '5.18 to 5.19-rc3' 'boot a newer kernel'
		refute_output --partial kvm_cma_resv_ratio=2
	done
	kernel 5.19.0-rc4
	doctor_says 'kvm_cma_resv_ratio=2'
}

@test "Linux 7.0-rc1 without its log" {
	power9
	ram 128 0 0
	for release in 7.0.0-rc1 7.0.0-rc1+ 7.0.0-rc1-00123-gabc; do
		kernel $release
		doctor_says 'through a bug of Linux 7.0-rc1' 'boot a newer kernel'
	done
	for release in 7.0.0-rc2 7.0.0-rc10 7.0.0; do
		kernel $release
		doctor_says 'kvm_cma_resv_ratio=2'
		run kvm_htab fit --ram 8G --sysroot "$dir"
		assert_output --partial 'look for "cma" in the boot log, and boot with a smaller kvm_cma_resv_ratio=N'
	done
}

@test "a ratio that is too large is told from a kernel that cannot" {
	power9
	ram 128 0 0
	kernel 6.6.9 kvm_cma_resv_ratio=90
	log 'kvm_cma_reserve: reserving 117964 MiB for global area' 'cma: Failed to reserve 117968 MiB'
	doctor_says 'kvm_cma_resv_ratio=90' 'kvm_cma_resv_ratio=5'
}

@test "CMA that was not ready, and another area that lives" {
	power9
	ram 64 8388608 8192000
	kernel 7.0.0-rc1+ hugetlb_cma=8G
	log 'kvm_cma_reserve: reserving 3276 MiB for global area' \
		'cma: pageblock_order not yet initialized. Called during early boot?' \
		'cma: Failed to reserve 3276 MiB' 'hugetlb_cma: reserve 8192 MiB, up to 8192 MiB per node' \
		'cma: Reserved 8192 MiB at 0x0000000100000000'
	doctor_says 'pageblock_order not yet initialized' 'boot a newer kernel'
	[ "$(item reservation)" = failed ]
	fit_says 3 no failed --ram 64G
}

@test "before Linux 5.9 the log does not name the pool: its size does" {
	power9
	ram 512 93962240 93184000
	kernel 5.8.0-1 hugetlb_cma=64G
	log 'cma: Reserved 26224 MiB at 0x0000007959000000' 'hugetlb_cma: reserve 65536 MiB, up to 16384 MiB per node' \
		'cma: Reserved 16384 MiB at 0x0000001800000000' 'cma: Reserved 16384 MiB at 0x0000003800000000'
	doctor_says '25.6G, 5.0 percent of 512G RAM'
	fit_says 3 no small --ram 4T
	# an area of the wrong size is not taken for it
	log 'cma: Reserved 1024 MiB at 0x0000007959000000'
	doctor_says 'does not report the size of the pool'
}

@test "Linux 3.10 of EL7 has an allocator of its own" {
	power8
	ram 256
	kernel 3.10.0-1160.el7.ppc64le kvm_cma_resv_ratio=15
	log 'kvm_cma: CMA: reserved 39322 MiB'
	doctor_says '38.4G, 15.0 percent of 256G RAM'
}

@test "kvm_cma_resv_ratio=0 is a wish, and CmaTotal is of others then" {
	power9
	ram 128 1048576 921600
	kernel 5.14.0-427.el9.ppc64le fadump=on crashkernel=1G kvm_cma_resv_ratio=0
	log 'fadump: Reserved 1024MB of memory at 0x00000010000000 (System RAM: 131072MB)'
	doctor_says 'booted without a pool'
	[ "$(item reservation)" = failed ]
	fit_says 3 no absent --ram 8G
}

@test "areas of others are not the pool where the log is gone" {
	for word in hugetlb_cma=8G fadump=on crashkernel=512M,cma; do
		power9
		ram 64 8388608 8192000
		kernel 6.1.0 $word
		run kvm_htab pool-status -rbn -o TOTAL,FREE --sysroot "$dir"
		assert_line '- -'
	done
}

# What is free, and what can be had

@test "a gap that CMA has refused is no sure yes: pages in the way" {
	power9
	ram 256 13421568 317440
	kernel 4.14.0-115.el7a.ppc64le
	log 'cma: Reserved 13107 MiB at 0x0000000100000000'
	cma_debugfs 13104 1024
	fit_says 0 yes room --ram 8G
	echo '[812345.678901] cma: cma_alloc: alloc failed, req-size: 1024 pages, ret: -16' >>"$dir/var/log/dmesg"
	fit_says 5 unknown busy --ram 8G
	assert_output --partial 'pages in the way'
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial 'pages in the way: CMA has refused 1 request though there was room'
	doctor_says 'ret: -16' 'try again' 'pinned' '(ret: -16 in the kernel log)' \
		', but pages of others may be in the way' 'a kernel with the kvm-htab series tries again by itself'
	[ "$(item pool)" = warning ]
	assert_output --partial 'see the item refusals'
	[ "$(grep -c drop_caches <<<"$output")" = 1 ] # the other item names this one
	# want of a gap is another matter
	sed -i 's/ret: -16/ret: -12/' "$dir/var/log/dmesg"
	fit_says 0 yes room --ram 8G
	# and so are refusals of another area
	sed -i 's/cma_alloc: alloc/__cma_alloc: hugetlb0: alloc/; s/ret: -12/ret: -16/' "$dir/var/log/dmesg"
	fit_says 0 yes room --ram 8G
}

@test "the series tries again, so that a free gap is a yes" {
	run kvm_htab fit --ram 8G --sysroot "$POWER"
	assert_success
	dir=$(tree patched-6.1)
	mkdir -p "$dir/var/log"
	echo '[812345.678901] cma: cma_alloc: alloc failed, req-size: 1024 pages, ret: -16' >"$dir/var/log/dmesg"
	run kvm_htab fit --ram 8G --sysroot "$dir"
	assert_success
}

@test "counters of CMA where there is no map" {
	power8
	ram 256 13421568 317440
	kernel 6.12.0-160000.5-default
	file sys/module/kvm_hv/refcnt 3
	file sys/kernel/mm/cma/kvm_cma/alloc_pages_success 400000
	file sys/kernel/mm/cma/kvm_cma/alloc_pages_fail 1536
	file sys/kernel/mm/cma/kvm_cma/release_pages_success 383616
	log 'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Reserved 13107 MiB at 0x0000000100000000' \
		'cma: __cma_alloc: kvm_cma: alloc failed, req-size: 512 pages, ret: -16'
	doctor_says 'ret: -16' 'in the way'
	refute_output --partial 'kvm-htab pool-status'
	fit_says 5 unknown busy --ram 4G
	assert_output --partial 'in the way'
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial 'pages in the way'
	refute_output --partial 'does not report what fits'
}

@test "/proc/vmstat counts refusals" {
	power9
	ram 256 13421568 317440
	kernel 6.1.0-26-powerpc64le
	file proc/vmstat "nr_free_cma 1
cma_alloc_success 120
cma_alloc_fail 7"
	[ "$(item refusals)" = warning ]
	sed -i 's/fail 7/fail 0/' "$dir/proc/vmstat"
	[ "$(item refusals)" = ok ]
}

@test "no VM, no table: all of the pool can be had, and CmaFree is a lower bound" {
	power9
	ram 256 13421568 317440
	kernel 6.1.0-26-powerpc64le
	log 'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Reserved 13107 MiB at 0x0000000100000000'
	doctor_says '12.8G of 12.8G free' '; at least 310M of it is not lent to others'
	fit_says 0 yes room --ram 64G
	file sys/module/kvm_hv/refcnt 2
	run kvm_htab pool-status --sysroot "$dir"
	assert_line 'Free            at least 310M'
	run kvm_htab pool-status --format=prometheus --sysroot "$dir"
	refute_line --partial 'TYPE kvm_htab_pool_free_bytes'
	assert_line 'kvm_htab_known{metric="kvm_htab_pool_free_bytes"} 0'
}

@test "a pool that is too small: the smallest ratio that does" {
	power9
	ram 256 13421568 13421568
	kernel 6.1.0
	log 'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Reserved 13107 MiB at 0x0000000100000000'
	fit_says 3 no small --ram 2T
	assert_output --partial 'kvm_cma_resv_ratio=7 (17.9G of 256G RAM)'
	fit_says 3 no small --ram 64G --count 30
	assert_output --partial 'kvm_cma_resv_ratio=6 '
	# more than all RAM is none
	fit_says 3 no small --ram 64T
	assert_output --partial 'kvm_cma_resv_ratio=N'
}

# CPUs, pages, modules

@test "POWER8: threads, now and at the next boot" {
	power8
	cpus 0-31 8
	ram 256 13421824 10485760
	kernel 6.12.0-200.fc41.ppc64le
	doctor_says 'chcpu -d 1-7,9-15,17-23,25-31' 'next boot' smt_off
	os sles 15.6 suse
	doctor_says smtstate.service
	os debian 12
	doctor_says smt-enabled=off
	cpus 0,8,16,24 8
	doctor_says 'to keep it so at the next boot'
	file etc/systemd/system/multi-user.target.wants/smt_off.service ''
	run kvm_htab doctor --sysroot "$dir"
	refute_output --partial 'next boot'
}

@test "POWER9 before DD2.2, before and since Linux 5.14" {
	power9 1201
	ram 256 13421568 10240000
	kernel 4.15.0-20-generic
	file sys/module/kvm_hv/parameters/indep_threads_mode N
	cpus 0,4,8,12 4
	[ "$(item mmu) $(item threads)" = 'ok ok' ]
	doctor_says indep_threads_mode
	cpus 0-7 4
	[ "$(item mmu) $(item threads)" = 'ok failed' ]
	doctor_says 'chcpu -d 1-3,5-7'
	file sys/module/kvm_hv/parameters/indep_threads_mode Y
	[ "$(item mmu)" = failed ]
	doctor_says disable_radix indep_threads_mode=N
	rm "$dir/sys/module/kvm_hv/parameters/indep_threads_mode"
	doctor_says disable_radix
	refute_output --partial indep_threads_mode=N
	power9 1202
	[ "$(item mmu)" = ok ]
}

@test "pages of 4 KiB: QEMU's default machine does not start" {
	power9
	ram 64 3358720 3072000
	kernel 6.12.43+deb13-powerpc64le
	file page-size 4096
	os debian 13
	doctor_says '4 KiB' cap-hpt-max-page-size=4096 'apt install linux-image-powerpc64le-64k' "64kiB CI pages"
	os void
	doctor_says cap-hpt-max-page-size=4096
	refute_output --partial 'apt install'
	power8
	file page-size 4096
	os debian 13
	doctor_says 'on POWER8, use an older machine type, such as -machine pseries-2.12' linux-image-powerpc64le-64k
	refute_output --partial cap-hpt-max-page-size=4096
	rm "$dir/page-size"
	doctor_says 'the page size is not known'
}

@test "kvm_hv that is not loaded, with kvm_pr in its place" {
	power8
	rm -r "$dir/sys/module/kvm_hv"
	file sys/module/kvm_pr/initstate live
	with_modules 6.12.117-stock
	[ "$(item kvm_hv) $(item kvm_pr)" = 'failed warning' ]
	doctor_says modules-load.d
}

# Hosts that are guests

@test "a partition of PowerVM without KVM" {
	lpar POWER10
	rm -r "$dir/sys/module/kvm_hv"
	ram 4
	kernel 6.12.0-55.el10.ppc64le
	doctor_says PowerVM HMC FW1060.10 'KVM Capable'
	[ "$(item firmware)" = failed ]
	run kvm_htab pool-status --sysroot "$dir"
	assert_failure 5
	assert_output --partial 'this host is a partition (LPAR) of PowerVM: its KVM guests use the radix MMU'
	refute_output --partial 'host below'
}

@test "a partition of PowerVM whose radix guests run has not failed" {
	lpar POWER10
	ram 4
	kernel 6.10.7-200.fc40.ppc64le
	doctor_says PowerVM 'guests that use the radix MMU run here'
	refute_output --partial failed
	run kvm_htab doctor -q --sysroot "$dir"
	assert_failure 5
	rm -r "$dir/sys/module/kvm_hv"
	file sys/module/kvm_pr/initstate live
	doctor_says 'guests of KVM-PR (kvm_pr) run here, and need no hashed page table of the host'
	refute_output --partial failed
}

# How a host is told

@test "boot options by distribution" {
	power9
	ram 128 0 0
	kernel 6.6.0 kvm_cma_resv_ratio=0
	os sles 15.6 suse
	file etc/default/grub 'GRUB_DISTRIBUTOR="SLES"'
	tool usr/sbin/grub2-mkconfig
	doctor_says '/etc/default/grub' 'grub2-mkconfig -o /boot/grub2/grub.cfg'
	refute_output --partial update-grub
	rm "$dir/usr/sbin/grub2-mkconfig"
	tool usr/sbin/update-grub
	os ubuntu 22.04 debian
	doctor_says 'run update-grub'
	tool usr/sbin/grubby
	os rhel 9.4 fedora
	doctor_says 'grubby --update-kernel=ALL --args=kvm_cma_resv_ratio=5'
	rm -r "${dir:?}/etc/default" "${dir:?}/usr"
	doctor_says Petitboot
}

@test "modules by DKMS only where they can be built" {
	power9
	ram 64 3358720 3072000
	kernel 6.1.0-26-powerpc64le
	os debian 12
	doctor_says 'apt install kvm-htab-dkms'
	for host in 'debian 12 6.5.0-1' 'ubuntu 22.04 6.1.0' 'fedora 41 6.12.0'; do
		read -r id version release <<<"$host"
		os "$id" "$version"
		kernel "$release"
		doctor_says 'see kvm-htab-kernel(7)'
		refute_output --partial 'kvm-htab-dkms'
	done
}

# Requests that hang

@test "a request that hangs is found, by state and by stack" {
	power9
	ram 64 3358720 3072000
	kernel 6.1.0
	file proc/4242/stat '4242 (qemu (x) -ppc) D 1 4242'
	file proc/4242/comm 'qemu-system-ppc'
	file proc/4242/wchan kvmppc_alloc_reset_hpt
	[ "$(item requests)" = failed ]
	doctor_says 'process 4242 (qemu-system-ppc) hangs in the kernel, in a request for a table' 'cat /proc/4242/stack' \
		'further requests may hang as well; look at its stack'
	file proc/4242/stat '4242 (qemu) S 1 4242'
	[ "$(item requests)" = ok ]
	doctor_says 'none hangs'
	file proc/4242/wchan 0
	file proc/4242/task/4245/stat '4245 (CPU 0/KVM) D 1 4242'
	file proc/4242/task/4245/stack '[<0>] __schedule
[<0>] alloc_contig_range+0x1/0x2
[<0>] kvm_alloc_hpt_cma+0x1/0x2'
	[ "$(item requests)" = failed ]
	rm -r "$dir/proc/4242"
	log 'INFO: task qemu-system-ppc:4242 blocked for more than 120 seconds.' '  Not tainted 6.1.0' \
		'Call Trace:' '[c0] [c1] kvmppc_alloc_reset_hpt+0x1/0x2 [kvm_hv]'
	[ "$(item requests)" = warning ]
	doctor_says 'the kernel log tells of a request for a table that took minutes' 'look for what it waited for' \
		"dmesg | grep -A 20 'blocked for more than'"
}

# Whether a guest can use a table at all: doctor, fit, pool-status and the metric say the same

# agrees REASON TEXT...: no guest can run in $dir, and all commands say so
agrees() {
	local text
	fit_says 3 no "$1" --ram 8G
	for text in "${@:2}"; do
		assert_output --partial "$text"
	done
	run stdout_of fit -rn -o ANSWER,REASON --ram 8G --maxmem 16G --sysroot "$dir"
	assert_output "no $1"$'\n'"no $1"
	doctor_says "$2"
	assert_failure 3
	[ "$(item "$1")" = failed ]
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "guests with a hashed page table cannot run here: "
	assert_output --partial "$2"
	run stdout_of pool-status --json --sysroot "$dir"
	run jq -r '.results[0].obstacle' <<<"$output"
	assert_output --partial "$2"
	run stdout_of pool-status --format=prometheus --sysroot "$dir"
	assert_line 'kvm_htab_available 0'
}

# can_run: guests can use the tables that $dir has room for, and all commands say so
can_run() {
	fit_says 0 yes room --ram 8G
	run kvm_htab doctor -q --sysroot "$dir"
	assert_success
	run stderr_of pool-status --sysroot "$dir"
	refute_output --partial 'cannot run here'
	run stdout_of pool-status --json --sysroot "$dir"
	run jq -r '.results[0].obstacle' <<<"$output"
	assert_output null
	run stdout_of pool-status --format=prometheus --sysroot "$dir"
	assert_line 'kvm_htab_available 1'
}

# with_pool: 12.8G of $dir's 256G, of which 1G is in use
with_pool() {
	ram 256 13421568 10240000
	log 'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Reserved 13107 MiB at 0x0000000100000000'
	cma_debugfs 13104 1024
}

@test "a radix host that has no hash guests: its CPU, or its kernel" {
	for revision in 1200 1201 3100 2100; do
		power9 $revision
		with_pool
		kernel 6.12.43
		[ $revision != 3100 ] || sed -i 's/3100)/2100)/' "$dir/proc/cpuinfo" # Cumulus
		agrees mmu 'cannot run hash-MMU guests while the host uses radix' disable_radix
		sed -i 's/Radix/Hash/' "$dir/proc/cpuinfo"
		can_run
	done
	for revision in 1202 1203 2101; do
		power9 $revision
		with_pool
		kernel 6.12.43
		can_run
	done
	kernel 4.13.0-9-generic
	agrees mmu 'the kernel (4.13.0-9-generic) does not run hash-MMU guests while the host uses radix' disable_radix
	kernel 4.14.0-115.el7a.ppc64le
	can_run
	power10
	with_pool
	kernel 6.12.43
	can_run
}

@test "indep_threads_mode of kernels before 5.14" {
	power9 1201
	with_pool
	kernel 4.15.0-20-generic
	file sys/module/kvm_hv/parameters/indep_threads_mode N
	cpus 0,4,8,12 4
	can_run
	file sys/module/kvm_hv/parameters/indep_threads_mode Y
	agrees mmu 'cannot run hash-MMU guests while the host uses radix' indep_threads_mode=N
	file sys/module/kvm_hv/parameters/indep_threads_mode N
	cpus 0-7 4
	agrees threads 'secondary threads are online' 'chcpu -d 1-3,5-7'
	file sys/devices/system/cpu/subcores_per_core 8 # not a number of parts
	agrees threads 'secondary threads are online' 'chcpu -d 1-3,5-7'
}

@test "secondary threads of POWER8" {
	power8
	with_pool
	kernel 6.12.43
	can_run
	cpus 0-15 8
	agrees threads 'secondary threads are online (CPUs 1-7,9-15): vCPUs cannot run (EBUSY)' 'chcpu -d 1-7,9-15'
	# a long list is whole in the command only
	file sys/devices/system/cpu/subcores_per_core 4
	cpus 0-31 8
	doctor_says '(CPUs 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,...): vCPUs' \
		$'\nNext: chcpu -d 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31'
}

@test "kernels before 4.7 do not name the MMU: POWER8 has hash alone" {
	power8
	sed -i '/^MMU/d' "$dir/proc/cpuinfo"
	[ "$(item mmu)" = ok ]
	power9
	sed -i '/^MMU/d' "$dir/proc/cpuinfo"
	[ "$(item mmu)" = unknown ]
}

@test "POWER without hypervisor mode: a PowerMac, a POWER6" {
	for cpu in '0044 0101' '003e 0301' '004d 0200'; do
		begin
		cpuinfo PPC970MP "$cpu" PowerMac Hash PowerMac11,2
		with_pool
		for command in 'fit --ram 8G' pool-status; do
			# shellcheck disable=SC2086
			run kvm_htab $command --sysroot "$dir"
			assert_failure 5
			assert_output 'kvm-htab: this host (PPC970MP, PowerMac) has no hypervisor mode for KVM-HV, which requires POWER7 or later and PowerNV'
		done
		run kvm_htab doctor --sysroot "$dir"
		assert_failure 3
		[ "$cpu" = '004d 0200' ] || assert_output --partial 'KVM-HV requires POWER7 or later: use a newer host'
	done
}

@test "reverse maps need memory outside the pool, which huge pages may have taken" {
	power9
	with_pool
	kernel 6.12.43
	sed -i 's/^MemAvailable.*/MemAvailable:   10764288 kB/' "$dir/proc/meminfo" # 512M, and CmaFree
	fit_says 0 yes room --ram 64G
	fit_says 5 unknown memory --ram 64G --count 2
	assert_output --partial 'too little memory is available (512M): each table needs a reverse map of its size outside the pool; stop guests, or release unused huge pages (vm.nr_hugepages)'
}

# The kernel log, as people keep it

@test "lines of dmesg -T, -x and --time-format iso, of journalctl and syslog" {
	while IFS='|' read -r before _; do
		power9
		ram 256 13421568 10240000
		kernel 6.12.43
		file var/log/dmesg "${before}kvm_cma_reserve: reserving 13107 MiB for global area
${before}cma: Reserved 13107 MiB at 0x0000000100000000"
		run stdout_of pool-status -rn -o STATE,TOTAL,APPROX --sysroot "$dir"
		assert_output 'ready 12.8G no'
		echo "${before}cma: __cma_alloc: kvm_cma: alloc failed, req-size: 1024 pages, ret: -16" >>"$dir/var/log/dmesg"
		fit_says 5 unknown busy --ram 8G
	done <<-'END'
		[    0.000000] |
		[    0.000000][    T0] |
		<6>[    0.000000] |
		<6>|
		<5>Nov 03 10:00:00 host kernel: |
		[Mo Nov  3 10:00:00 2025] |
		kern  :info  : [    0.000000] |
		2025-11-03T10:00:00,000000+01:00 |
		kern  :info  : 2025-11-03T10:00:00,000000+01:00 |
		Nov 03 10:00:00 host kernel: |
		Nov  3 10:00:00 host kernel: [    0.000000] |
		2025-11-03T10:00:00+0100 host kernel: |
		[    0.000000] host kernel: |
	END
}

@test "the allocators of Linux before 3.17, and of 3.17" {
	power8
	ram 256
	kernel 3.16.0-30-generic
	log 'kvm_cma: CMA: failed to reserve 13107 MiB'
	[ "$(item reservation)" = failed ]
	fit_says 3 no failed --ram 8G
	kernel 3.17.0
	log 'cma: CMA: reserved 13107 MiB at 1f00000000'
	doctor_says '12.8G, 5.0 percent of 256G RAM'
	log 'cma: CMA: failed to reserve 13107 MiB'
	fit_says 3 no failed --ram 8G
}

@test "before Linux 4.12 only alloc_contig_range tells of pages in the way" {
	power8
	with_pool
	kernel 4.4.0-210-generic
	fit_says 0 yes room --ram 8G
	echo '[ 8123.1] alloc_contig_range: [1dc000, 1dc400) PFNs busy' >>"$dir/var/log/dmesg"
	fit_says 5 unknown busy --ram 8G
	assert_output --partial 'CMA could not move pages of others away at once ("alloc_contig_range" in the kernel log), and this kernel does not say what it refused'
	[ "$(item refusals)" = warning ]
	# in the words of Linux before 3.19
	sed -i 's/alloc_contig_range:.*/alloc_contig_range test_pages_isolated(1dc000, 1dc400) failed/' "$dir/var/log/dmesg"
	fit_says 5 unknown busy --ram 8G
	# later kernels log the refusal itself, so that this was a gap among others
	kernel 4.18.0
	fit_says 0 yes room --ram 8G
}

@test "kernels that cannot reserve a pool: fit and pool-status say what doctor says" {
	power9
	ram 256 0 0
	kernel 5.18.5-200.fc36.ppc64le movablecore=8G
	log 'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Failed to reserve 13107 MiB'
	for command in doctor 'fit --ram 8G' pool-status 'fit --ram 8G --suggest-ratio'; do
		# shellcheck disable=SC2086
		run kvm_htab $command --sysroot "$dir"
		assert_output --partial 'the kernel could not reserve the pool at boot, as Linux 5.18 to 5.19-rc3 never can, whatever the ratio'
		assert_output --partial 'boot a newer kernel; another kvm_cma_resv_ratio does not help'
	done
	assert_failure 3
}

# The command line

@test "kvm_cma_resv_ratio as the kernel reads it" {
	while read -r words; do
		power9
		ram 256 13421568 10240000
		# shellcheck disable=SC2086
		kernel 6.12.43 ${words#* }
		run stdout_of pool-status -rn -o STATE --sysroot "$dir"
		assert_output "${words%% *}" || fail "$words: $output"
	done <<-'END'
		absent kvm_cma_resv_ratio=0
		absent kvm-cma-resv-ratio=0
		absent kvm_cma_resv_ratio=5 kvm_cma_resv_ratio=0x0
		absent kvm_cma_resv_ratio=0 kvm_cma_resv_ratio=none
		absent kvm_cma_resv_ratio=00
		absent dyndbg="file a.c +p" kvm_cma_resv_ratio=0
		unknown kvm_cma_resv_ratio=0 kvm_cma_resv_ratio=5
		unknown kvm_cma_resv_ratio=
		unknown kvm_cma_resv_ratio
		unknown kvm_cma_resv_ratio=0%
		unknown kvm_cma_resv_ratio=off
		unknown xkvm_cma_resv_ratio=0
		unknown kvm_cma_resv_ratio2=0
		unknown quiet -- kvm_cma_resv_ratio=0
		unknown dyndbg="file a.c kvm_cma_resv_ratio=0"
	END
}

@test "options that make no area of CMA" {
	for word in hugetlb_cma=0 fadump=nocma crashkernel=512M cma=0 nocma=1 xhugetlb_cma=8G; do
		power9
		ram 64 8388608 8192000
		kernel 6.1.0 $word
		run stdout_of pool-status -rn -o TOTAL --sysroot "$dir"
		assert_output 8G
	done
}

# The next command, on more distributions

@test "boot options on systems of images, NixOS, and with GRUB's own names" {
	without_pool() {
		power9
		ram 256 0 0
		kernel 6.12.0 kvm_cma_resv_ratio=0
	}
	without_pool
	os fedora 41
	tool usr/sbin/grubby
	tool run/ostree-booted
	doctor_says $'\nNext: rpm-ostree kargs --append=kvm_cma_resv_ratio=5'
	without_pool
	os sle-micro 6.1 suse
	tool usr/sbin/transactional-update
	tool usr/sbin/grub2-mkconfig
	tool etc/default/grub
	doctor_says 'in /etc/default/grub, run transactional-update grub.cfg and reboot'
	without_pool
	os nixos 25.05
	tool etc/NIXOS
	doctor_says 'change it in boot.kernelParams in /etc/nixos/configuration.nix, run nixos-rebuild boot and reboot'
	for id in gentoo alpine void; do
		without_pool
		os $id
		tool etc/default/grub
		doctor_says 'in /etc/default/grub, run grub-mkconfig -o /boot/grub/grub.cfg and reboot'
	done
}

@test "one thread a core at the next boot: where the unit may be missing, and what does not do it" {
	power8
	with_pool
	os void
	doctor_says 'to keep it so at the next boot: boot with smt-enabled=off'
	refute_output --partial systemctl
	# POWER has nosmt since Linux 6.6
	while read -r release stays words; do
		# shellcheck disable=SC2086
		kernel $release $words
		run kvm_htab doctor --sysroot "$dir"
		[ "$stays" = yes ] || assert_output --partial 'to keep it so at the next boot'
		[ "$stays" = no ] || refute_output --partial 'to keep it so at the next boot'
	done <<-'END'
		5.15.0 no nosmt
		6.5.0 no nosmt
		6.6.0 yes nosmt
		6.6.0 yes nosmt=force
		6.8.0 no mitigations=auto,nosmt
		5.15.0 yes smt-enabled=off
		5.15.0 no smt-enabled=on
		5.15.0 no smt-enabled=16
		5.15.0 yes smt-enabled=1
	END
}

@test "a kernel that refuses foreign modules is not told to install any" {
	for why in sig_enforce lockdown; do
		power9
		with_pool
		kernel 6.1.0-26-powerpc64le
		os debian 12
		doctor_says 'apt install kvm-htab-dkms'
		file sys/module/module/parameters/sig_enforce N
		file sys/kernel/security/lockdown '[none] integrity confidentiality'
		doctor_says 'apt install kvm-htab-dkms'
		[ $why != sig_enforce ] || file sys/module/module/parameters/sig_enforce Y
		[ $why != lockdown ] || file sys/kernel/security/lockdown 'none [integrity] confidentiality'
		doctor_says "nothing outside a VMM can see or reset a VM's table; this kernel" 'this kernel refuses modules that are not signed with a key of its own (module.sig_enforce or lockdown)' \
			'see kvm-htab-kernel(7)'
		refute_output --partial 'apt install kvm-htab-dkms'
		tool lib/modules/6.1.0-26-powerpc64le/updates/dkms/kvm-hv.ko
		doctor_says 'remove those of DKMS, or kvm_hv cannot be loaded again' 'apt remove kvm-htab-dkms'
		refute_output --partial 'modprobe -r'
		cp -r "$TREES/stock-6.1-meminfo/lib" "$dir"
		rm -r "$dir/sys/module/kvm_hv"
		kernel "$(cat "$TREES/stock-6.1-meminfo/proc/sys/kernel/osrelease")"
		tool "lib/modules/$(cat "$dir/proc/sys/kernel/osrelease")/updates/dkms/kvm-hv.ko"
		doctor_says "remove the modules of DKMS, and load the kernel's" $'\nNext: apt remove kvm-htab-dkms && modprobe kvm_hv'
	done
}

@test "a partition that may have KVM: load the module first; an older CPU never has it" {
	lpar POWER10
	rm -r "$dir/sys/module/kvm_hv"
	doctor_says 'a partition (LPAR) of PowerVM without KVM' 'if there is no such device' 'HMC' 'KVM Capable' \
		$'\nNext: modprobe kvm_hv'
	sed -i 's/0080 0200/004e 1202/' "$dir/proc/cpuinfo"
	doctor_says 'a partition needs POWER10 or later, firmware FW1060.10'
	refute_output --partial modprobe
}

@test "files of CMA that are garbled: what is left of them is used" {
	power9
	with_pool
	kernel 6.12.43
	file sys/module/kvm_hv/refcnt 3
	file sys/kernel/debug/cma/cma-kvm_cma/bitmap 'garbage 99999999999999999999'
	file sys/kernel/debug/cma/cma-kvm_cma/used 18446744073709551615
	file sys/kernel/debug/cma/cma-kvm_cma/maxchunk 512
	fit_says 0 yes room --order 25
	fit_says 3 no no-room --order 28
	assert_output --partial 'the pool has no room, and this kernel does not report why; start large guests first'
	for word in count order_per_bit; do
		file sys/kernel/debug/cma/cma-kvm_cma/$word 18446744073709551615
		run stdout_of pool-status -rn -o STATE,TOTAL,LARGEST --sysroot "$dir"
		assert_output 'ready 12.8G -'
	done
	head -c 100000 /dev/urandom >"$dir/var/log/dmesg"
	head -c 100000 /dev/urandom >"$dir/proc/cmdline"
	head -c 100000 /dev/urandom >"$dir/proc/meminfo"
	run kvm_htab fit --order 28 --sysroot "$dir"
	assert_failure 5
}

@test "more free than there is" {
	power9
	ram 256 13421568 99421568
	file sys/kernel/mm/cma/kvm_cma/total_pages 209712
	file sys/kernel/mm/cma/kvm_cma/available_pages 999999
	run kvm_htab fit --ram 8G --sysroot "$dir"
	assert_failure 1
	assert_output --partial '/sys/kernel/mm/cma/kvm_cma/available_pages: is more than total_pages'
	# of CmaFree each CPU has a part, so that it may be
	rm -r "$dir/sys/kernel/mm"
	file sys/module/kvm_hv/refcnt 1
	run stdout_of pool-status -rn -o TOTAL,FREE --sysroot "$dir"
	assert_output '12.8G 12.8G'
	# and MemAvailable lacks what is kept in reserve
	sed -i 's/^MemAvailable.*/MemAvailable:   99421000 kB/' "$dir/proc/meminfo"
	[ "$(item memory)" = failed ]
	doctor_says '0B available, but the reverse map of order 24 needs 16M outside the pool'
}

@test "a zone for movable pages is removed in the way of this distribution" {
	power9
	ram 256 0 0
	kernel 6.12.0 kernelcore=50%
	log 'kvm_cma_reserve: reserving 13107 MiB for global area' 'cma: Reserved 13107 MiB at 0x0000000100000000' \
		'cma: CMA area kvm_cma could not be activated'
	os fedora 41
	tool usr/sbin/grubby
	doctor_says 'perhaps because of kernelcore, whose zone for movable pages must not begin inside the pool' \
		$'\nNext: grubby --update-kernel=ALL --remove-args=kernelcore'
	fit_says 3 no failed --ram 8G
	assert_output --partial 'boot without kernelcore'
}

@test "a guest with kvm_pr: its guests do not use radix" {
	lpar POWER8
	sed -i 's/0080 0200/004d 0200/' "$dir/proc/cpuinfo"
	rm -r "$dir/sys/module/kvm_hv"
	file sys/module/kvm_pr/initstate live
	doctor_says $'\nGuests of KVM-PR run here, and need no hashed page table of the host'
	assert_failure 5
	refute_output --partial radix
}

# tests/host/doctor-causes.bats has the device of a host
@test "a container without /dev/kvm" {
	need_mounts
	for mark in run/.containerenv run/secrets/kubernetes.io/serviceaccount/namespace; do
		power9
		with_pool
		file $mark ''
		# shellcheck disable=SC2016 # for the shell within
		run on_host "$dir" bash -c 'mount -t tmpfs none /dev && exec "$0" doctor -J' "$KVM_HTAB"
		run jq -r '.results[] | select(.item == "/dev/kvm") | .state, .advice, .next' <<<"$output"
		assert_output 'failed
start the container with the device: --device=/dev/kvm of podman and docker, a device plugin of Kubernetes
null'
	done
}

@test "an option that is there already is changed, not added: the last one counts" {
	without_pool() {
		power9
		ram 256 0 0
		kernel 6.12.0 kvm_cma_resv_ratio=0
		os "$@"
	}
	without_pool sles 15.6 suse
	tool usr/sbin/grub2-mkconfig
	tool etc/default/grub
	doctor_says 'boot with kvm_cma_resv_ratio=5: change it in /etc/default/grub, run grub2-mkconfig -o /boot/grub2/grub.cfg and reboot'
	kernel 6.12.0 quiet
	doctor_says 'boot with kvm_cma_resv_ratio=2: add it to GRUB_CMDLINE_LINUX in /etc/default/grub'
	without_pool nixos 25.05
	kernel 6.12.0 quiet
	tool etc/NIXOS
	doctor_says 'add it to boot.kernelParams'
}

@test "a pool that could not be reserved: the next ratio to try is a smaller one" {
	while read -r asked next; do
		power9
		ram 512 0 0
		kernel 5.14.21 kvm_cma_resv_ratio="$asked"
		doctor_says "boot with kvm_cma_resv_ratio=$next on"
	done <<-'END'
		90 5
		6 5
		5 2
		4 1
		2 1
	END
	kernel 5.14.21 kvm_cma_resv_ratio=1
	doctor_says 'no smaller ratio is left to try' 'journalctl -k -b | grep -i cma'
	refute_output --partial 'boot with'
}

@test "kvm_cma_resv_ratio as a parameter of the module has no effect" {
	power9
	with_pool
	kernel 6.1.0
	file etc/modprobe.d/kvm.conf 'options kvm_hv kvm_cma_resv_ratio=15'
	doctor_says 'kvm_cma_resv_ratio in /etc/modprobe.d/kvm.conf has no effect' \
		"it is an option of the kernel, not of kvm_hv: set it on the kernel's command line"
	[ "$(item reservation)" = warning ]
	rm "$dir/etc/modprobe.d/kvm.conf"
	kernel 6.1.0 kvm-hv.kvm_cma_resv_ratio=15
	doctor_says "kvm_cma_resv_ratio in the kernel's command line has no effect"
}

@test "Debian without a version, and its port ppc64" {
	power9
	with_pool
	file page-size 4096
	kernel 7.0.4-powerpc64le
	file etc/os-release 'ID=debian'
	doctor_says 'apt install linux-image-powerpc64le-64k'
	for release in 6.12.9-powerpc64 6.12.9-powerpc64-smp; do
		kernel $release
		os debian 13
		doctor_says cap-hpt-max-page-size=4096
		refute_output --partial 'apt install'
	done
	# nor are there modules for a kernel that is not Debian's
	kernel 6.12.9-talos
	doctor_says 'see kvm-htab-kernel(7)' 'apt install linux-image-powerpc64le-64k'
	refute_output --partial kvm-htab-dkms
}

@test "SLES for SAP, and PowerKVM" {
	power8
	ram 512 0 0
	kernel 4.12.14-122.156-default kvm_cma_resv_ratio=0
	os sles_sap 12.5
	tool etc/default/grub
	doctor_says 'run grub2-mkconfig -o /boot/grub2/grub.cfg' smtstate.service
	os ibm_powerkvm 3.1.1
	doctor_says 'run grub2-mkconfig -o /boot/grub2/grub.cfg' smt_off.service
}

@test "a module that is to be loaded at boot, but is not; and NixOS" {
	power9
	rm -r "$dir/sys/module/kvm_hv"
	with_pool
	with_modules 6.12.30
	doctor_says '>/etc/modules-load.d/kvm_hv.conf' $'\nNext: modprobe kvm_hv'
	for place in etc/modules-load.d/my.conf usr/lib/modules-load.d/kvm.conf etc/modules; do
		file $place 'kvm-hv'
		doctor_says "load it; /$place lists it, so that it was to be loaded at boot: look for the reason with \`journalctl -b -u systemd-modules-load\`" \
			$'\nNext: modprobe kvm_hv'
		refute_output --partial '>/etc/modules-load.d'
		rm "$dir/$place"
	done
	for line in '# kvm_hv' kvm_hv2 kvm; do
		file etc/modules "$line"
		file etc/modules-load.d/my.conf.off kvm_hv
		doctor_says '>/etc/modules-load.d/kvm_hv.conf'
	done
	tool etc/NIXOS
	doctor_says 'add it to boot.kernelModules in /etc/nixos/configuration.nix'
}

@test "a deny-listed module: the option that does it" {
	power9
	rm -r "$dir/sys/module/kvm_hv"
	with_modules 6.12.30
	kernel 6.12.30 modprobe.blacklist=kvm_hv
	doctor_says "in modprobe.blacklist= of the kernel's command line" 'remove that line or option'
}

@test "SUSE's small kernel has no KVM" {
	power9
	rm -r "$dir/sys/module/kvm_hv"
	with_pool
	kernel 6.4.0-150600.23.7-default
	file lib/modules/6.4.0-150600.23.7-default/modules.dep 'kernel/fs/ext4.ko.zst:'
	os sles 15.6 suse
	doctor_says 'does not have this module' 'if package kernel-default-base is installed, replace it by kernel-default' \
		$'\nNext: zypper install kernel-default'
	tool usr/sbin/transactional-update
	doctor_says $'\nNext: transactional-update pkg install kernel-default'
	os fedora 41
	doctor_says 'or a kernel with CONFIG_KVM_BOOK3S_64_HV'
	refute_output --partial zypper
}

@test "DD2.1 with both ways out, the first in the way of this distribution" {
	power9 1201
	with_pool
	kernel 4.15.0-213-generic
	os ubuntu 18.04 debian
	tool etc/default/grub
	file sys/module/kvm_hv/parameters/indep_threads_mode Y
	doctor_says 'boot with disable_radix: add it to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub and reboot; or load kvm_hv with indep_threads_mode=N'
}

# guest CPU PVR MMU: a guest of KVM without a module of it
guest() {
	lpar "$1"
	sed -i "s/0080 0200/$2/; s/Radix/$3/; s/IBM,9105-22A/IBM pSeries (emulated by qemu)/g" "$dir/proc/cpuinfo"
	printf 'qemu,pseries\0' >"$dir/proc/device-tree/compatible"
	rm -r "$dir/sys/module/kvm_hv"
}

@test "a guest of KVM: what it can run itself" {
	guest POWER8 '004d 0200' Hash
	doctor_says 'this host is itself a guest of KVM (pSeries), on the hash MMU: KVM-HV cannot run inside it, only KVM-PR can' \
		'on the host below this one' $'\nNext: modprobe kvm_pr'
	guest POWER8 '004d 0200' Hash
	sed -i /^MMU/d "$dir/proc/cpuinfo"
	doctor_says $'\nNext: modprobe kvm_pr' '; to have guests of KVM-PR in here, load kvm_pr'
	guest POWER9 '004e 1202' Radix
	doctor_says 'to have guests that use the radix MMU in here, start this host with -machine pseries,cap-nested-hv=on and load kvm_hv' \
		'Next: start guests with a hashed page table on the host below this one'
	refute_output --partial KVM-PR
}
