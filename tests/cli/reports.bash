# shellcheck shell=bash
# shellcheck disable=SC2154 # run sets status and output
# SPDX-License-Identifier: GPL-2.0-only
#
# Trees of hosts that people have reported, made of the facts that matter: $dir is the host's.
#
#	power8, power9 [REVISION], power10	begins a tree: the CPU, a host in hypervisor mode, kvm_hv loaded
#	lpar CPU				the same for a partition of PowerVM
#	ram GIB [CMA-TOTAL-KB CMA-FREE-KB]	/proc/meminfo
#	kernel RELEASE [WORD...]		release, command line
#	log LINE...				the kernel log
#	os ID [VERSION [LIKE]]			/etc/os-release
#	file PATH TEXT, tool PATH		a file; an empty one
#	cpus ONLINE THREADS			which CPUs are online, of cores of so many threads
#	cma_debugfs MIB USED-MIB		the area's bitmap, with its beginning in use

begin() {
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/host.XXXXXX")
	file proc/cmdline 'root=/dev/sda2 ro'
	file sys/module/kvm_hv/initstate live
	file sys/module/kvm_hv/refcnt 0
	file page-size 65536
}

file() {
	mkdir -p "$dir/$(dirname "$1")"
	printf '%s\n' "$2" >"$dir/$1"
}

tool() {
	mkdir -p "$dir/$(dirname "$1")"
	: >"$dir/$1"
}

# cpuinfo CPU PVR PLATFORM MMU MACHINE
cpuinfo() {
	file proc/cpuinfo "processor	: 0
cpu		: $1, altivec supported
clock		: 3800.000000MHz
revision	: 2.2 (pvr $2)

timebase	: 512000000
platform	: $3
model		: $5
machine		: $3 $5
firmware	: OPAL
MMU		: $4"
}

power8() {
	begin
	cpuinfo 'POWER8 (raw)' '004d 0200' PowerNV Hash 8247-22L
	cpus 0,8,16,24 8
}

power9() {
	begin
	cpuinfo POWER9 "004e ${1:-1202}" PowerNV Radix 8335-GTH
}

power10() {
	begin
	cpuinfo POWER10 '0080 0200' PowerNV Radix 9105-22A
}

lpar() {
	begin
	cpuinfo "$1 (architected)" '0080 0200' pSeries Radix IBM,9105-22A
	sed -i '/^firmware/d' "$dir/proc/cpuinfo"
	mkdir -p "$dir/proc/device-tree"
	printf 'IBM,9105-22A\0IBM,pseries\0' >"$dir/proc/device-tree/compatible"
}

ram() {
	file proc/meminfo "MemTotal:       $(($1 << 20)) kB
MemFree:        $(($1 << 19)) kB
MemAvailable:   $(($1 << 19)) kB${2:+
CmaTotal:       $2 kB
CmaFree:        $3 kB}"
}

kernel() {
	file proc/sys/kernel/osrelease "$1"
	(($# == 1)) || file proc/cmdline "root=/dev/sda2 ro ${*:2}"
}

log() {
	file var/log/dmesg "$(printf '[    0.000000] %s\n' "$@")"
}

os() {
	file etc/os-release "ID=\"$1\"
VERSION_ID=\"${2-}\"
ID_LIKE=\"${3-}\""
}

cpus() {
	local cpu core
	file sys/devices/system/cpu/online "$1"
	for ((cpu = 0; cpu < 32; cpu++)); do
		core=$((cpu / $2 * $2))
		file "sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list" "$core-$((core + $2 - 1))"
	done
}

cma_debugfs() {
	local area=sys/kernel/debug/cma/cma-kvm_cma
	file $area/order_per_bit 2
	file $area/count $(($1 * 16))
	file $area/used $(($2 * 16))
	file $area/maxchunk $((($1 - $2) * 16))
	file $area/bitmap "$(awk -v total=$(($1 / 8)) -v used=$(($2 / 8)) 'BEGIN {
		for (i = 0; i < total; i++)
			printf "%s ", i < used ? "4294967295" : "0"
		if (total % 2)
			printf "0" }')"
}

# item NAME: state of an item of doctor for $dir
item() {
	stdout_of doctor --sysroot "$dir" -rn -o ITEM,STATE | sed -n "s|^$1 ||p"
}

# doctor_says TEXT..., fit_says STATUS ANSWER REASON ARGUMENT...: of $dir
doctor_says() {
	local text
	run kvm_htab doctor --sysroot "$dir"
	for text; do
		assert_output --partial "$text"
	done
}

fit_says() {
	run stdout_of fit "${@:4}" -rn -o ANSWER,REASON --sysroot "$dir"
	assert_equal "$status $output" "$1 $2 $3"
	run kvm_htab fit "${@:4}" --sysroot "$dir"
}

# with_modules RELEASE: a kernel with its modules, KVM-HV's among them
with_modules() {
	kernel "$1"
	mkdir -p "$dir/lib/modules"
	cp -r "$POWER/lib/modules/6.1.192-kvm-htab" "$dir/lib/modules/$1"
}

# kpageflags MIB KIND*COUNT...: the granules of a pool at MIB, with pages of 64 KiB: free, table, lent (page cache), mixed
# (free, but for one page), lists (free, on the lists of each CPU)
kpageflags() {
	local at=$(($1 * 16 * 8)) word zero='\0\0\0\0\0\0\0\0' buddy='\0\4\0\0\0\0\0\0' lru='\x20\0\0\0\0\0\0\0' pages
	: >"$dir/proc/kpageflags"
	truncate -s "$at" "$dir/proc/kpageflags"
	for word in "${@:2}"; do
		case $word in
		free*) pages=$buddy$buddy$buddy$buddy ;;
		lent*) pages=$lru$lru$lru$lru ;;
		mixed*) pages=$buddy$buddy$lru$buddy ;;
		*) pages=$zero$zero$zero$zero ;;
		esac
		for ((n = ${word#*\*}; n > 0; n--)); do
			printf '%b' "$pages"
		done >>"$dir/proc/kpageflags"
	done
}

# tables ORDER...: their reverse maps in /proc/vmallocinfo, with pages of 64 KiB
tables() {
	local order
	file proc/vmallocinfo "0xc008000000000000-0xc008000000020000  131072 bpf_prog_alloc+0x4c/0x1f0 pages=1 vmalloc"
	for order; do
		printf '0xc00800000%07x-0xc00800001%07x %8d kvmppc_allocate_hpt+0xf0/0x210 [kvm_hv] pages=%d vmalloc N0=%d\n' \
			"$order" "$order" $(((1 << order) + 65536)) $((1 << (order - 16))) $((1 << (order - 16))) >>"$dir/proc/vmallocinfo"
	done
	file sys/module/kvm_hv/refcnt $#
	file proc/vmstat 'cma_alloc_success 9
cma_alloc_fail 0'
}
