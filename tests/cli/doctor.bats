#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # run --separate-stderr sets stderr; each test has its own $dir
# SPDX-License-Identifier: GPL-2.0-only
# doctor on trees of hosts of several kinds: each item, the cause, the next command.

bats_require_minimum_version 1.5.0
load common

ITEMS='cpu firmware kvm_hv kvm_pr /dev/kvm mmu pages threads kernel reservation pool memory refusals requests'
RELEASE=6.1.192-kvm-htab

setup() {
	dir=$(tree patched-6.1)
	modules=$dir/lib/modules/$RELEASE
	echo 0 | tee "$dir"/sys/kernel/kvm_htab/stats/{failures,fallbacks} >/dev/null
}

# item TREE NAME: state, what was found, advice and command of an item, one a line
item() {
	stdout_of doctor --sysroot "$1" --json |
		jq -r --arg name "$2" '.results[] | select(.item == $name) | .state, .what, .advice, .next'
}

# check NAME STATE WHAT [ADVICE [NEXT]]: what the item says of $dir; "-": nothing
check() {
	run item "$dir" "$1"
	assert_line --index 0 "$2"
	assert_line --index 1 --partial "$3"
	[ $# -lt 4 ] || assert_line --index 2 --partial "${4/#-/null}"
	[ $# -lt 5 ] || assert_line --index 3 "${5/#-/null}"
}

# without_libkmod COMMAND...: in a world where loading the library fails
without_libkmod() {
	mkdir -p "$BATS_TEST_TMPDIR/broken"
	: >"$BATS_TEST_TMPDIR/broken/libkmod.so.2"
	LD_LIBRARY_PATH=$BATS_TEST_TMPDIR/broken "$@"
}

# check_module STATE WHAT ADVICE NEXT: of kvm_hv, with libkmod and without it
check_module() {
	check kvm_hv "$@"
	without_libkmod check kvm_hv "$@"
}

# modprobe_d DIRECTORY FILE LINE: a line of modprobe's configuration
modprobe_d() {
	mkdir -p "$dir/$1"
	echo "$3" >"$dir/$1/$2"
}

summary() {
	kvm_htab doctor --sysroot "$dir" | tail -n 2
}

@test "a host without any flaw: every item is ok, exit status 0" {
	run kvm_htab doctor --sysroot "$dir"
	assert_success
	refute_output --regexp '(warning|failed|unknown)'
	assert_line --regexp '^ok +kvm_hv +loaded$'
	assert_line --regexp '^ok +pool +10\.1G of 12\.8G free, room for order 33 \(a guest of 1T\)'
	assert_equal "${lines[-1]}" "Guests with a hashed page table can run here"
	run bash -c 'cut -d " " -f 1 <<<"$1" | xargs' - "$(stdout_of doctor -r -n -o item --sysroot "$dir")"
	assert_output "$ITEMS"
}

@test "x86: not POWER, and nothing else is asked" {
	run --separate-stderr kvm_htab doctor --sysroot "$TREES/x86-6.12"
	assert_failure 3
	assert_equal "$stderr" ""
	assert_line --regexp '^failed +cpu +not POWER'
	assert_equal "$(grep -c '^n/a ' <<<"$output")" 13
	assert_line --regexp '^Cause: cpu: not POWER '
	assert_regex "${lines[-1]}" '^Next: .*use a POWER host$'
}

@test "this machine, if it is not POWER" {
	[[ $(uname -m) != ppc* ]] || skip "this is a POWER machine"
	run kvm_htab doctor
	assert_failure 3
	assert_line --regexp "^failed +cpu +not POWER \($(uname -m)\)$"
}

@test "a nested host: the firmware is the cause, unless radix guests run" {
	run kvm_htab doctor --sysroot "$TREES/nested-6.1"
	assert_failure 5
	assert_line --regexp '^n/a +firmware +this host is itself a guest of KVM \(pSeries\): guests that use the radix MMU run here'
	assert_equal "${lines[-1]}" "Guests that use the radix MMU run here, and need no hashed page table"
	rm -r "$dir"
	cp -r "$TREES/nested-6.1" "$dir"
	rm -r "$dir/sys/module/kvm_hv"
	run kvm_htab doctor --sysroot "$dir"
	assert_failure 3
	assert_line --regexp '^ok +cpu +POWER9'
	assert_line --regexp '^failed +firmware +this host is itself a guest of KVM \(pSeries\): KVM-HV guests inside it are nested and use the radix MMU only'
	assert_line --regexp '^Cause: firmware: .* radix MMU only$'
	assert_regex "${lines[-1]}" '^Next: start guests .* on the host below'
}

@test "CPUs and platforms that KVM-HV does not know" {
	sed -i 's/^cpu.*/cpu\t\t: PPC970MP, altivec supported/; s/(pvr .*/(pvr 0044 0101)/' "$dir/proc/cpuinfo"
	check cpu failed "PPC970MP (PVR 0044 0101)" "requires POWER7 or later"
	check firmware n/a "not applicable to this host"
	cp "$POWER/proc/cpuinfo" "$dir/proc/cpuinfo"
	sed -i 's/PowerNV/PowerMac/' "$dir/proc/cpuinfo"
	check firmware failed "platform PowerMac, without hypervisor mode" "requires a PowerNV host"
	echo "platform	: PowerNV" >"$dir/proc/cpuinfo"
	sed -i '1i processor	: 0' "$dir/proc/cpuinfo"
	check cpu unknown "not in /proc/cpuinfo"
	check mmu unknown "the MMU is not in /proc/cpuinfo"
	check threads unknown "the CPU is not in /proc/cpuinfo"
	sed -i 's/PowerNV//' "$dir/proc/cpuinfo"
	check firmware unknown "the platform is not in /proc/cpuinfo"
}

@test "the firmware, and what a tree does not hold" {
	check firmware ok "hypervisor mode (PowerNV, OPAL)"
	sed -i '/^firmware/d' "$dir/proc/cpuinfo"
	mkdir -p "$dir/sys/firmware/opal"
	check firmware ok "hypervisor mode (PowerNV, OPAL)"
	check /dev/kvm n/a "not in a captured tree"
}

@test "kvm_hv: loaded, being loaded or unloaded" {
	check_module ok loaded
	for state in coming going; do
		echo $state >"$dir/sys/module/kvm_hv/initstate"
		check_module failed being "wait; if this persists, check the kernel log" dmesg
	done
	run summary
	assert_output $'Cause: kvm_hv: being unloaded\nNext: dmesg'
}

@test "kvm_hv: not loaded" {
	rm -r "$dir/sys/module/kvm_hv"
	check_module failed "not loaded" "load it" "modprobe kvm_hv"
	run kvm_htab doctor --sysroot "$dir"
	assert_failure 3
	assert_output --partial $'failed   kvm_hv       not loaded\n                      load it; for the next boots as well: `echo kvm_hv >/etc/modules-load.d/kvm_hv.conf`:\n                      modprobe kvm_hv\n'
	assert_equal "${lines[-2]}" "Cause: kvm_hv: not loaded"
	assert_equal "${lines[-1]}" "Next: modprobe kvm_hv"
}

@test "kvm_hv: built in" {
	rm -r "$dir/sys/module/kvm_hv"
	printf 'kernel/arch/powerpc/kvm/kvm%s.ko\n' "" -hv >>"$modules/modules.builtin"
	touch "$modules/modules.order"
	depmod -b "$dir" $RELEASE
	check_module ok "built in"
}

@test "kvm_hv: this kernel has none" {
	rm -r "$dir/sys/module/kvm_hv" "$modules"
	mkdir "$modules"
	touch "$modules"/modules.{order,builtin}
	depmod -b "$dir" $RELEASE
	check_module failed "kernel $RELEASE does not have this module" "CONFIG_KVM_BOOK3S_64_HV" -
}

@test "kvm_hv: no modules of the running kernel, or no index of them" {
	rm -r "$dir/sys/module/kvm_hv"
	rm "$modules"/modules.dep*
	check_module failed "not loaded: /lib/modules/$RELEASE/modules.dep does not exist" "create it, then load the module" \
		"depmod && modprobe kvm_hv"
	rm -r "$modules"
	check_module failed "no modules of the running kernel (/lib/modules/$RELEASE)" "reboot into the new one" -
	rm "$dir/proc/sys/kernel/osrelease"
	check_module unknown "release of the kernel is unknown"
}

@test "kvm_hv: deny-listed for loading on demand, by name it can be loaded" {
	rm -r "$dir/sys/module/kvm_hv"
	modprobe_d etc/modprobe.d local.conf "blacklist kvm-hv"
	check_module failed 'not loaded: deny-listed ("blacklist kvm_hv" in /etc/modprobe.d/local.conf)' \
		"remove that line or option, or the module is missing again" "modprobe kvm_hv"
	run summary
	assert_output --partial 'Next: modprobe kvm_hv'
	rm "$dir/etc/modprobe.d/local.conf"
	check_module failed "not loaded"
	echo "root=/dev/sda2 modprobe.blacklist=foo,kvm_hv quiet" >"$dir/proc/cmdline"
	check_module failed "deny-listed" "remove" "modprobe kvm_hv"
}

@test "kvm_hv: an install line that says never" {
	rm -r "$dir/sys/module/kvm_hv"
	for refusal in /bin/false /bin/true /usr/bin/false; do
		modprobe_d lib/modprobe.d never.conf "install kvm_hv $refusal"
		check_module failed "deny-listed (\"install kvm_hv $refusal\" in /lib/modprobe.d/never.conf)" \
			"remove that line" "modprobe --ignore-install kvm_hv"
	done
	# hidden by a file of that name
	modprobe_d etc/modprobe.d never.conf "# nothing"
	check_module failed "not loaded" "load it" "modprobe kvm_hv"
}

@test "kvm_hv: an install line that loads it, and lines about others" {
	rm -r "$dir/sys/module/kvm_hv"
	modprobe_d etc/modprobe.d load.conf "install kvm_hv /sbin/modprobe --ignore-install kvm_hv"
	modprobe_d etc/modprobe.d other.conf "blacklist kvm_hva"
	modprobe_d etc/modprobe.d backup.conf.orig "blacklist kvm_hv"
	modprobe_d etc/modprobe.d comment.conf "#blacklist kvm_hv"
	check_module failed "not loaded" "load it" "modprobe kvm_hv"
}

@test "kvm_hv: a command line longer than a page, and a directory in the place of a file" {
	rm -r "$dir/sys/module/kvm_hv"
	mkdir -p "$dir/etc/modprobe.d/directory.conf"
	echo "$(printf 'x%.0s' {1..9000}) module_blacklist=kvm_hv" >"$dir/proc/cmdline"
	check_module failed "module_blacklist=kvm_hv" "boot without module_blacklist=" -
}

@test "kvm_hv: the module that it needs is deny-listed" {
	rm -r "$dir/sys/module/kvm_hv"
	modprobe_d etc/modprobe.d kvm.conf "install kvm /bin/false"
	check_module failed '"install kvm /bin/false" in /etc/modprobe.d/kvm.conf' "remove that line" \
		"modprobe --ignore-install kvm && modprobe kvm_hv"
}

@test "kvm_hv: refused by the kernel itself" {
	rm -r "$dir/sys/module/kvm_hv"
	for name in kvm_hv kvm-hv kvm; do
		echo "quiet module_blacklist=x,$name" >"$dir/proc/cmdline"
		check_module failed "module_blacklist=${name%-hv}" "boot without module_blacklist=" -
	done
	echo "quiet my_module_blacklist=kvm_hv module_blacklist=kvm_hvx" >"$dir/proc/cmdline"
	check_module failed "not loaded" "load it"
	echo 1 >"$dir/proc/sys/kernel/modules_disabled"
	check_module failed "loading of modules is disabled (kernel.modules_disabled)" \
		"reboot, and load kvm_hv before loading is disabled, which cannot be undone" -
}

@test "kvm_hv: loaded, but deny-listed, is a warning for the next boot" {
	modprobe_d etc/modprobe.d local.conf "blacklist kvm_hv"
	check_module warning 'loaded, but deny-listed ("blacklist kvm_hv" in /etc/modprobe.d/local.conf)' \
		"remove that line or option, or the module may be missing after the next boot"
	run kvm_htab doctor --sysroot "$dir"
	assert_success
	assert_equal "${lines[-1]}" "Guests with a hashed page table can run here; see the warnings: kvm_hv"
}

@test "without libkmod it says so" {
	run without_libkmod item "$dir" kvm_hv
	assert_line --index 2 "libkmod.so.2 is missing: this answer is from files only"
}

@test "links in a tree's configuration do not lead out of it" {
	not_under memcheck 'valgrind knows no openat2(2) yet'
	rm -r "$dir/sys/module/kvm_hv"
	mkdir "$dir/etc" "$BATS_TEST_TMPDIR/outside"
	echo "install kvm_hv /bin/false" >"$BATS_TEST_TMPDIR/outside/x.conf"
	ln -s "$BATS_TEST_TMPDIR/outside" "$dir/etc/modprobe.d"
	check_module failed "not loaded" "load it" "modprobe kvm_hv"
}

@test "kvm_pr in the place of kvm_hv, and beside it" {
	mkdir "$dir/sys/module/kvm_pr"
	check kvm_pr ok "loaded, too: only for VMs that request it"
	rm -r "$dir/sys/module/kvm_hv"
	check kvm_pr warning "loaded instead of kvm_hv" \
		"load kvm_hv, which VMs prefer, and restart running VMs" "modprobe kvm_hv"
}

@test "a radix host whose CPU has no hash guests beside it" {
	for revision in 1200 1201 3100; do # Nimbus DD2.0 and 2.1, Cumulus DD1.0
		sed -i "s/(pvr .*/(pvr 004e $revision)/" "$dir/proc/cpuinfo"
		[ $revision != 3100 ] || continue
		check mmu failed "this CPU (POWER9, PVR 004e $revision) cannot run hash-MMU guests while the host uses radix" "boot with disable_radix" -
	done
	sed -i 's/(pvr .*/(pvr 004e 2100)/' "$dir/proc/cpuinfo"
	check mmu failed "PVR 004e 2100"
	sed -i 's/(pvr .*/(pvr 004e 2101)/' "$dir/proc/cpuinfo"
	check mmu ok "radix; can run hash-MMU guests, too"
	sed -i 's/(pvr .*/(pvr 004e 1200)/; s/Radix/Hash/' "$dir/proc/cpuinfo"
	check mmu ok hash
}

@test "how this host is told to boot with another word" {
	sed -i 's/(pvr .*/(pvr 004e 1200)/' "$dir/proc/cpuinfo"
	mkdir -p "$dir/etc/default" "$dir/usr/sbin"
	touch "$dir/etc/default/grub"
	check mmu failed radix "GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub or grub2-mkconfig and reboot" -
	touch "$dir/usr/sbin/grubby"
	check mmu failed radix "boot with disable_radix: set it, then reboot" \
		"grubby --update-kernel=ALL --args=disable_radix"
}

# cpus [CPU=SIBLINGS...]: the threads that are online
cpus() {
	local cpu
	rm -rf "$dir/sys/devices/system/cpu"/cpu[0-9]*
	for cpu in "$@"; do
		mkdir -p "$dir/sys/devices/system/cpu/cpu${cpu%=*}/topology"
		echo "${cpu#*=}" >"$dir/sys/devices/system/cpu/cpu${cpu%=*}/topology/thread_siblings_list"
	done
}

@test "POWER8: secondary threads" {
	rm -r "$dir"
	cp -r "$TREES/stock-6.12-cma-sysfs" "$dir"
	check threads ok "only the first of each core"
	cpus 0=0-3 1=0-3 2=0-3 3=0-3 8=8,10 10=8,10 16=16
	echo 0-3,8,10,16 >"$dir/sys/devices/system/cpu/online"
	check threads failed "secondary threads are online (CPUs 1-3,10): vCPUs cannot run (EBUSY)" \
		"take them offline, KVM-HV can still use them; for the next boot: " "chcpu -d 1-3,10"
	run kvm_htab doctor --sysroot "$dir"
	assert_failure 3
	# split cores: the first thread of each quarter
	echo 4 >"$dir/sys/devices/system/cpu/subcores_per_core"
	cpus 0=0-2,4 1=0-2,4 2=0-2,4 4=0-2,4
	echo 0-2,4 >"$dir/sys/devices/system/cpu/online"
	check threads failed "(CPUs 1)" "offline" "chcpu -d 1"
	cpus 0=0-2,4
	check threads unknown "cannot read /sys/devices/system/cpu"
	rm -r "$dir/sys/devices"
	check threads unknown "cannot read /sys/devices/system/cpu"
}

@test "POWER8: lists of CPUs that are none" {
	rm -r "$dir"
	cp -r "$TREES/stock-6.12-cma-sysfs" "$dir"
	# the numbers' lower halves are those of CPUs that are there
	cpus 0=0-18446744073709551615 1=0-1 4294967295=0-18446744073709551615
	for list in 18446744073709551615 0-18446744073709551615 4294967296-4294967297 65536 0,x 0,1- 1-0; do
		echo "$list" >"$dir/sys/devices/system/cpu/online"
		check threads unknown "cannot read /sys/devices/system/cpu"
	done
}

@test "POWER9: threads matter only where kernels before 5.14 are told so" {
	mkdir -p "$dir/sys/module/kvm_hv/parameters" "$dir/sys/devices/system/cpu"
	cpus 0=0-1 1=0-1
	echo 0-1 >"$dir/sys/devices/system/cpu/online"
	check threads ok "independent"
	echo Y >"$dir/sys/module/kvm_hv/parameters/indep_threads_mode"
	check threads ok "independent"
	echo N >"$dir/sys/module/kvm_hv/parameters/indep_threads_mode"
	check threads failed "(CPUs 1)" "offline" "chcpu -d 1"
}

@test "the kernel: whole series, its modules alone, none" {
	check kernel ok "$RELEASE, with the kvm-htab series"
	rm -r "$dir/sys/kernel/kvm_htab/pool"
	check kernel ok "with the kvm-htab modules: the pool is known from the boot log only" \
		"a kernel with the kvm-htab series always reports the pool, and grows tables in place" "make -C kernel deb LINE=6.1"
	rm -r "$dir/sys/kernel/kvm_htab"
	check kernel warning "without the kvm-htab modules or series" "see kvm-htab-kernel(7)" -
	mkdir -p "$dir/etc"
	touch "$dir/etc/debian_version"
	check kernel warning "without the kvm-htab modules or series" "see kvm-htab-kernel(7)" - # not Debian's own kernel
	echo 6.1.0-26-powerpc64le >"$dir/proc/sys/kernel/osrelease"
	check kernel warning "without the kvm-htab modules or series" "install modules that can" "apt install kvm-htab-dkms"
	echo "$RELEASE" >"$dir/proc/sys/kernel/osrelease"
	mkdir -p "$dir/lib/modules/$RELEASE/updates/dkms"
	touch "$dir/lib/modules/$RELEASE/updates/dkms/kvm-hv.ko"
	check kernel warning "without the kvm-htab modules or series" "installed, but not loaded" "modprobe -r kvm_hv && modprobe kvm_hv"
	rm -r "$dir/sys/module/kvm_hv"
	check kernel unknown "load kvm_hv to see whether it is the kvm-htab module"
}

# pool STATE TOTAL FREE LARGEST: as the series shows it
pool() {
	local file=$dir/sys/kernel/kvm_htab/pool
	echo "$1" >"$file/state"
	echo "$2" >"$file/total_bytes"
	echo "$3" >"$file/free_bytes"
	echo "$4" >"$file/largest_free_order"
}

@test "reservation: failed, absent, too small" {
	pool failed 0 0 0
	check reservation failed "could not be reserved at boot (5 percent, the default)" \
		"boot with kvm_cma_resv_ratio=2 on the kernel's command line" -
	check pool n/a "there is no pool"
	echo "kvm_cma_resv_ratio=99" >"$dir/proc/cmdline"
	check reservation failed "(kvm_cma_resv_ratio=99)" "boot with kvm_cma_resv_ratio=5 " -
	for option in movablecore=8G kernelcore=50% movable_node; do
		echo "quiet $option" >"$dir/proc/cmdline"
		check reservation failed "could not be set up at boot, perhaps because of ${option%%=*}, whose zone for movable pages must not begin inside the pool" \
			"boot without ${option%%=*} on the kernel's command line" -
	done
	pool absent 0 0 0
	echo "quiet kvm_cma_resv_ratio=5 kvm_cma_resv_ratio=0" >"$dir/proc/cmdline"
	check reservation failed "without a pool (kvm_cma_resv_ratio=0)" "boot with kvm_cma_resv_ratio=5 "
	run summary
	assert_output --regexp $'^Cause: reservation: .*\nNext: boot with kvm_cma_resv_ratio=5 '
	# 256G of RAM: 4G
	pool ready $(((4 << 30) - (1 << 18))) $(((4 << 30) - (1 << 18))) 31
	check reservation warning "4G, 1.6 percent of 256G RAM: up to 4G needed if guests together use all of the RAM" \
		"boot with kvm_cma_resv_ratio=2"
	pool ready $((4 << 30)) $((4 << 30)) 32
	check reservation ok "4G, 1.6 percent of 256G RAM"
}

@test "reservation on stock kernels: inferred, approximate, unknown" {
	dir=$TREES/stock-6.1-failed
	check reservation failed "(kvm_cma_resv_ratio=80)"
	rm -r "$BATS_TEST_TMPDIR/tree"
	dir=$(tree stock-6.1-meminfo)
	echo 2 >"$dir/sys/module/kvm_hv/refcnt"
	check reservation ok "~12.8G, 5.0 percent of 256G RAM"
	check pool unknown "at least 10G of 12.8G free, in pieces of unknown size" "boot a kernel with the kvm-htab series, or one with CMA_DEBUGFS, and run as root"
	dir=$BATS_TEST_TMPDIR/none
	cp -r "$TREES/stock-6.1-meminfo" "$dir"
	rm "$dir/proc/meminfo"
	check reservation unknown "does not report the size" "kvm-htab series"
	check pool unknown "does not report what is free"
	check memory unknown "cannot read"
}

@test "the pool: full or fragmented fails when it serves no more than the page allocator" {
	pool ready 13743947776 524288 19
	check pool failed "full: 512K of 12.8G free, room for order 19 (a guest of 64M)" "stop or migrate guests" -
	pool ready 13743947776 0 0
	check pool failed "full: 0B of 12.8G free, no room for any table"
	run summary
	assert_output --regexp $'^Cause: pool: full: .*\nNext: stop or migrate guests'
	pool ready 13743947776 600000000 29
	check pool warning "full: 572.2M of 12.8G free, room for order 29 (a guest of 64G)"
	pool ready 13743947776 10878976000 24
	check pool warning "fragmented: 10.1G of 12.8G free, room for order 24 (a guest of 2G)" "the kernel moves tables to join the pieces"
	echo never >"$dir/sys/module/kvm_hv/parameters/htab_move"
	check pool failed "fragmented: 10.1G of 12.8G free, room for order 24 (a guest of 2G)" "allow it with"
	rm "$dir/sys/kernel/kvm_htab/compact"
	check pool failed "fragmented: 10.1G of 12.8G free, room for order 24 (a guest of 2G)" "join the pieces"
	pool ready 13743947776 10878976000 28
	check pool warning "fragmented: "
}

@test "a parameter of kvm_hv that is gone is named, wherever it is set" {
	local gone='which ignores htab_move_max_order in'
	modprobe_d etc/modprobe.d kvm.conf 'options kvm_hv htab_move=running htab_move_max_order=27'
	# a kernel that may still have it
	check kernel ok "with the kvm-htab series"
	echo 100 >"$dir/sys/module/kvm_hv/parameters/htab_move_max_pause_ms"
	check kernel warning "$gone /etc/modprobe.d/kvm.conf" "replace it by htab_move_max_pause_ms, the milliseconds that a VM may pause"
	printf '%s\n' 'options kvm_hv htab_move=running' 'options kvm-hv htab_move_max_order=27' >"$dir/etc/modprobe.d/kvm.conf"
	check kernel warning "$gone /etc/modprobe.d/kvm.conf"
	modprobe_d etc/modprobe.d kvm.conf 'options kvm_hv htab_move_max_pause_ms=50 # no htab_move_max_orders=1'
	check kernel ok "with the kvm-htab series"
	echo 'root=/dev/sda1 kvm-hv.htab_move_max_order=27 quiet' >"$dir/proc/cmdline"
	check kernel warning "$gone the kernel's command line"
	echo 'root=/dev/sda1 kvm_hv.htab_move=never htab_move_max_order=27' >"$dir/proc/cmdline"
	check kernel ok "with the kvm-htab series"
}

@test "the pool that this user may not see" {
	rm -r "$dir"
	cp -r "$TREES/stock-6.1-debugfs" "$dir"
	chmod 000 "$dir/sys/kernel/debug"
	run without_privileges "$KVM_HTAB" doctor --sysroot "$dir"
	chmod 755 "$dir/sys/kernel/debug"
	assert_success
	assert_line --regexp '^unknown +pool '
	assert_line --regexp '^ +run as root'
	assert_equal "${lines[-1]}" "Guests with a hashed page table can run here, as far as known; unknown: pool, \
refusals; see the warnings: kernel"
}

@test "memory for the reverse map" {
	# of 128G, without what is free in CMA areas
	check memory ok "117.9G available, the reverse map of order 33 needs 8G"
	sed -i 's/^MemAvailable:.*/MemAvailable:    14814208 kB/' "$dir/proc/meminfo"
	check memory warning "4G available, but the reverse map of order 33 needs 8G outside the pool" "free memory: stop guests, or release unused huge pages"
	sed -i 's/^MemAvailable:.*/MemAvailable:    10624000 kB/' "$dir/proc/meminfo"
	pool ready 13743947776 600000000 24
	check memory failed "4M available, but the reverse map of order 24 needs 16M"
}

@test "memory for the reverse map: the limit of libvirt's cgroup" {
	local slice=$dir/sys/fs/cgroup/machine.slice
	mkdir -p "$slice"
	echo memory >"$dir/sys/fs/cgroup/cgroup.controllers"
	echo max >"$slice/memory.max"
	echo 104857600000 >"$slice/memory.current"
	check memory ok "117.9G available, the reverse map of order 33 needs 8G"
	echo 105931341824 >"$slice/memory.max"
	check memory warning "the limit of cgroup machine.slice (98.7G) leaves 1G, but the reverse map of order 33 needs 8G" "raise memory.max of machine.slice, or stop guests in it"
	# a kernel that charges nobody
	rm -rf "$dir/sys/kernel/kvm_htab"
	check memory ok "117.9G available"
}

@test "a host that does not tell its memory" {
	sed -i '/^Mem/d' "$dir/proc/meminfo"
	check reservation ok "12.8G"
	check memory unknown "cannot read /proc/meminfo"
}

@test "refusals, as the series and as CMA counts them" {
	check refusals ok "none since kvm_hv was loaded"
	echo 3 >"$dir/sys/kernel/kvm_htab/stats/failures"
	echo 1 >"$dir/sys/kernel/kvm_htab/stats/fallbacks"
	check refusals warning "tables refused since kvm_hv was loaded: 3; smaller than requested: 1" "see what fits now" \
		"kvm-htab pool-status"
	rm -r "$dir/sys/kernel/kvm_htab/stats"
	check refusals unknown "statistics require that kvm_hv is loaded"
	rm -r "$dir"
	cp -r "$TREES/stock-7.2-cma-sysfs" "$dir"
	check refusals warning "pages in the way: CMA has refused requests" "try again"
	mkdir -p "$dir/var/log"
	echo '[ 1.0] cma: __cma_alloc: kvm_cma: alloc failed, req-size: 512 pages, ret: -12' >"$dir/var/log/dmesg"
	check refusals warning "the pool had no gap for a table since boot (ret: -12 in the kernel log)" "see what fits now" \
		"kvm-htab fit --ram SIZE"
	rm "$dir/var/log/dmesg"
	echo 0 >"$dir/sys/kernel/mm/cma/kvm_cma/alloc_pages_fail"
	check refusals ok "CMA has refused none since boot"
	dir=$TREES/stock-6.1-debugfs
	check refusals unknown "does not count them: use the kvm-htab modules or series"
}

@test "the first item that failed is the cause" {
	rm -r "$dir/sys/module/kvm_hv"
	pool failed 0 0 0
	sed -i 's/(pvr .*/(pvr 004e 1200)/' "$dir/proc/cpuinfo"
	run stdout_of doctor --json --sysroot "$dir"
	run jq -c '.cause, [.results[] | select(.state == "failed").item]' <<<"$output"
	assert_line --index 0 '{"item":"kvm_hv","what":"not loaded","next":"modprobe kvm_hv"}'
	assert_line --index 1 '["kvm_hv","mmu","reservation"]'
}

@test "JSON: the schema of the others, one result an item, numbers and null" {
	cp -r "$TREES/nested-6.1" "$BATS_TEST_TMPDIR/nested"
	rm -r "$BATS_TEST_TMPDIR/nested/sys/module/kvm_hv"
	run kvm_htab doctor --json --sysroot "$BATS_TEST_TMPDIR/nested"
	assert_failure 3
	run jq -ce '.schema, .version, .command, .exit_status, .cause.item, (.results | length),
		(.results[0] | keys_unsorted), .results[0].advice' <<<"$output"
	assert_output '"kvm-htab"
2
"doctor"
3
"firmware"
14
["version","command","item","state","what","advice","next","exit_status","error"]
null'
	run stdout_of doctor --json --sysroot "$dir"
	run jq -c '.exit_status, .cause' <<<"$output"
	assert_output $'0\nnull'
	run stdout_of doctor --json -o STATE --sysroot "$dir"
	run jq -c '.results[0]' <<<"$output"
	assert_output '{"version":2,"command":"doctor","state":"ok"}'
}

@test "JSON says the same as the table" {
	rm -r "$dir/sys/module/kvm_hv"
	run stdout_of doctor --sysroot "$dir" --json
	json=$(jq -r '.results[] | "\(.item) \(.state) \(.next // "-")"' <<<"$output" | sed 's/ /\\x20/3g')
	run stdout_of doctor --sysroot "$dir" -rn -o ITEM,STATE,NEXT
	assert_output "$json"
}

@test "options of the output: bytes, no headings, raw, quiet" {
	run stdout_of doctor -b --sysroot "$dir"
	assert_line --partial "13743947776, 5.0 percent of 274877906944 RAM"
	run stdout_of doctor -n --sysroot "$dir"
	refute_output --partial ADVICE
	assert_line --index 0 --regexp '^ok +cpu'
	run stdout_of doctor -n -o ADVICE,ITEM --sysroot "$dir"
	assert_line --index 0 --regexp '^- +cpu'
	run stdout_of doctor -r --sysroot "$dir"
	assert_line --index 0 "ITEM STATE WHAT ADVICE NEXT"
	assert_equal "${#lines[@]}" 15
	run kvm_htab doctor -q --sysroot "$dir"
	assert_success
	assert_output ""
	run kvm_htab doctor -q --sysroot "$TREES/x86-6.12"
	assert_failure 3
	assert_output ""
	run kvm_htab doctor --sysroot "$BATS_TEST_TMPDIR/nowhere"
	assert_failure 1
	assert_output --partial "cannot open the tree"
}

# on_terminal COMMAND...: what a terminal is sent, $COLS columns wide (200)
on_terminal() {
	script -qec "stty cols ${COLS:-200}; $(printf '%q ' "$@")" /dev/null </dev/null | tr -d '\r'
}

@test "on a terminal, text goes on in the next line, between words" {
	local COLS
	dir=$TREES/stock-6.1-debugfs
	export NO_COLOR=1
	for COLS in 60 80 132; do
		run on_terminal "$KVM_HTAB" doctor --sysroot "$dir"
		assert_success
		run awk -v cols="$COLS" 'length > cols' <<<"$output"
		assert_output ""
	done
	COLS=80
	run on_terminal "$KVM_HTAB" doctor --sysroot "$dir"
	assert_output --partial "$(printf '%s\n' \
		'warning  kernel       6.1.192-stock, without the kvm-htab modules or series' \
		"                      guests run, but nothing outside a VMM can see or reset a" \
		"                      VM's table: ")"
	# words and commands are not broken, whatever the terminal's width
	rm -rf "$BATS_TEST_TMPDIR/long"
	cp -r "$POWER" "$BATS_TEST_TMPDIR/long"
	long=6.1-$(printf 'x%.0s' {1..90})
	echo "$long" >"$BATS_TEST_TMPDIR/long/proc/sys/kernel/osrelease"
	rm -r "$BATS_TEST_TMPDIR/long/sys/module/kvm_hv"
	for COLS in 20 80; do
		run on_terminal "$KVM_HTAB" doctor --sysroot "$BATS_TEST_TMPDIR/long"
		assert_line --partial "${long:0:58}"
		assert_output --partial "Next: "
	done
	# nor is anything where there is no terminal
	run kvm_htab doctor --sysroot "$dir"
	assert_line --regexp "^ +guests run, but nothing outside .* VM's table: see kvm-htab-kernel\(7\)$"
}

@test "states have colours on a terminal, and not with NO_COLOR, TERM=dumb or --raw" {
	rm -r "$dir/sys/module/kvm_hv"
	export TERM=xterm
	unset NO_COLOR
	run on_terminal "$KVM_HTAB" doctor --sysroot "$dir"
	assert_line --regexp $'^\e\[32mok +\e\[m cpu'
	assert_line --regexp $'^\e\[31mfailed +\e\[m kvm_hv'
	run on_terminal "$KVM_HTAB" doctor --raw --sysroot "$dir"
	refute_output --partial $'\e'
	NO_COLOR=1 run on_terminal "$KVM_HTAB" doctor --sysroot "$dir"
	refute_output --partial $'\e'
	TERM=dumb run on_terminal "$KVM_HTAB" doctor --sysroot "$dir"
	refute_output --partial $'\e'
	run kvm_htab doctor --sysroot "$dir"
	refute_output --partial $'\e'
}

@test "strings from elsewhere reach no terminal as they are" {
	local evil=$'\e[31m\xff'
	rm -r "$dir/sys/module/kvm_hv"
	sed -i "s/^cpu.*/cpu\t\t: POWER9$evil/" "$dir/proc/cpuinfo"
	modprobe_d etc/modprobe.d "evil$evil.conf" "install kvm_hv /bin/false $evil"
	echo "6.1$evil" >"$dir/proc/sys/kernel/osrelease"
	mkdir "$dir/lib/modules/6.1$evil"
	cp "$modules"/* "$dir/lib/modules/6.1$evil/"
	for options in "" --raw --json; do
		# shellcheck disable=SC2086
		run kvm_htab doctor --sysroot "$dir" $options
		assert_failure 3
		refute_output --partial $'\e'
		refute_output --partial $'\xff'
	done
	check cpu ok 'POWER9\x1b[31m\xff (PVR'
	check kvm_hv failed 'evil\x1b[31m\xff.conf'
}
