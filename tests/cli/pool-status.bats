#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# pool-status on trees of hosts of several kinds.

bats_require_minimum_version 1.5.0
load common

# facts TREE COLUMNS: one line of plain values
facts() {
	stdout_of pool-status --sysroot "$1" -rbn -o "$2"
}

# result FILTER TREE: jq FILTER on the result object
result() {
	stdout_of pool-status --sysroot "$2" --json | jq -c ".results[0] | $1"
}

# order counts that the runs of clear granules given allow, by plain division
fits_of() {
	for order in $(seq 18 46); do
		sum=0
		for run in "$@"; do
			sum=$((sum + run / (1 << (order - 18))))
		done
		printf '%s ' "$sum"
	done
}

@test "patched kernel: everything is known, from one source" {
	run facts "$POWER" STATE,CONDITION,TOTAL,USED,FREE,LARGEST,GRANULE,APPROX,SOURCES
	assert_success
	assert_output "ready ok 13743947776 2864971776 10878976000 33 262144 no /sys/kernel/kvm_htab"
	run facts "$POWER" MIN,MAX,DEFAULT,PAGES,MODULE,PATCHED,PLATFORM
	assert_output "18 46 24 24 yes yes PowerNV"
	run facts "$POWER" FROM-POOL,FROM-PAGES,IN-PLACE,FALLBACKS,FAILURES,RESETS
	assert_output "412 37 5 3 2 118"
	run facts "$POWER" MOVES,MOVED,LONGEST-STOP
	assert_output "21 2818572288 1213"
	run result '[.fits[]] | map(tostring) | join(" ") + " "' "$POWER"
	assert_output "\"$(fits_of 33000 8000 500)\""
	run stderr_of pool-status --sysroot "$POWER"
	assert_output ""
}

@test "the table for people: summary and guests that fit" {
	run stdout_of pool-status --sysroot "$POWER"
	assert_success
	assert_line --regexp '^Pool +ready, ok$'
	assert_line --regexp '^Total +12\.8G$'
	assert_line --regexp '^Free +10\.1G$'
	assert_line 'Failures        2; tables smaller than requested: 3'
	assert_line 'Moved           21 tables to make room (2.6G); longest pause 1.2 ms'
	assert_line --regexp '^Largest order +33 \(8G, for a guest of up to 1T\)$'
	assert_line --regexp '^GUEST RAM +ORDER +SIZE +FITS$'
	assert_line --regexp '^ +64G +29 +512M +19$'
	run stdout_of pool-status --sysroot "$POWER" -b
	assert_line --regexp '^Total +13743947776$'
	assert_line --partial ' (2818572288); '
	assert_line --regexp '^ +68719476736 +29 +536870912 +19$'
}

@test "moves are mentioned if there were any" {
	dir=$(tree patched-6.1)
	echo 1 >"$dir/sys/kernel/kvm_htab/stats/moves"
	echo 16777216 >"$dir/sys/kernel/kvm_htab/stats/moved_bytes"
	echo 950 >"$dir/sys/kernel/kvm_htab/stats/longest_stop_us"
	run stdout_of pool-status --sysroot "$dir"
	assert_line 'Moved           1 table to make room (16M); longest pause 0.9 ms'
	echo 0 >"$dir/sys/kernel/kvm_htab/stats/moves"
	run stdout_of pool-status --sysroot "$dir"
	refute_line --partial Moved
	rm "$dir"/sys/kernel/kvm_htab/stats/{*move*,longest_stop_us}
	run stdout_of pool-status --sysroot "$dir"
	refute_line --partial Moved
	run result '[.moves, .moved_bytes, .longest_stop_us]' "$dir"
	assert_output '[null,null,null]'
}

@test "a full pool" {
	dir=$(tree patched-6.1)
	echo 524288 >"$dir/sys/kernel/kvm_htab/pool/free_bytes"
	echo 19 >"$dir/sys/kernel/kvm_htab/pool/largest_free_order"
	fits_of 2 >"$dir/sys/kernel/kvm_htab/pool/fits"
	run facts "$dir" STATE,CONDITION
	assert_output "ready full"
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "the pool is full: 512K of 12.8G are free; stop or migrate guests, or boot with a larger kvm_cma"
	echo 0 >"$dir/sys/kernel/kvm_htab/pool/free_bytes"
	echo 0 >"$dir/sys/kernel/kvm_htab/pool/largest_free_order"
	run kvm_htab pool-status --sysroot "$dir"
	assert_success
	assert_line --regexp '^Largest order +none$'
}

@test "a fragmented pool" {
	dir=$(tree patched-6.1)
	echo 28 >"$dir/sys/kernel/kvm_htab/pool/largest_free_order"
	run facts "$dir" STATE,CONDITION,LARGEST
	assert_output "ready fragmented 28"
	run stdout_of pool-status --sysroot "$dir"
	assert_line 'Free            10.1G (order 33 if it were in one piece)'
	assert_line 'Largest order   28 (256M, for a guest of up to 32G)'
	fragmented='the pool is fragmented: 10.1G are free, but no piece holds more than order 28 (256M); '
	# what to do depends on the kernel
	run stderr_of pool-status --sysroot "$dir"
	assert_output "kvm-htab: ${fragmented}the kernel moves tables to join the pieces when a guest needs more; \
\`kvm-htab compact\` makes it do so now"
	echo never >"$dir/sys/module/kvm_hv/parameters/htab_move"
	run stderr_of pool-status --sysroot "$dir"
	assert_output "kvm-htab: ${fragmented}this kernel may not move tables to join the pieces: allow it with \
\`echo running >/sys/module/kvm_hv/parameters/htab_move\`"
	rm "$dir/sys/kernel/kvm_htab/compact"
	run stderr_of pool-status --sysroot "$dir"
	assert_output "kvm-htab: ${fragmented}restart or migrate guests to join the pieces, or start large guests first"
}

@test "a failed reservation and an absent pool, as the kernel says them" {
	dir=$(tree patched-6.1)
	for file in total_bytes free_bytes largest_free_order; do
		echo 0 >"$dir/sys/kernel/kvm_htab/pool/$file"
	done
	echo failed >"$dir/sys/kernel/kvm_htab/pool/state"
	run facts "$dir" STATE,CONDITION,TOTAL
	assert_success
	assert_output "failed failed 0"
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "the pool could not be set up at boot: tables come from the page allocator, usually up to 16 MiB; look for \"cma\" in the boot log, and"
	echo "quiet movablecore=8G" >"$dir/proc/cmdline"
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "boot without movablecore: its zone for movable pages must not begin inside the pool"
	echo absent >"$dir/sys/kernel/kvm_htab/pool/state"
	run facts "$dir" STATE,CONDITION,TOTAL
	assert_success
	assert_output "absent absent 0"
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "the host was booted without a pool: tables come from the page allocator, usually up to 16 MiB; boot without"
}

@test "stock kernel with debugfs: exact, from the bitmap" {
	run facts "$TREES/stock-6.1-debugfs" STATE,CONDITION,TOTAL,USED,FREE,LARGEST,GRANULE,APPROX,SOURCES
	assert_success
	assert_output "ready fragmented 214958080 111411200 103546880 24 262144 no /sys/kernel/debug/cma"
	run result '[.fits[]] | map(tostring) | join(" ") + " "' "$TREES/stock-6.1-debugfs"
	assert_output "\"$(fits_of 64 115 60 96 60)\""
	run facts "$TREES/stock-6.1-debugfs" PATCHED,PAGES,FROM-POOL,FAILURES
	assert_output "no - - -"
}

@test "debugfs of old and new kernels: the old name, the bitmap by range, none" {
	dir=$(tree stock-6.1-debugfs)
	area=$dir/sys/kernel/debug/cma
	mv "$area/kvm_cma" "$area/cma-kvm_cma"
	run facts "$dir" FREE,LARGEST
	assert_output "103546880 24"
	mv "$area/cma-kvm_cma" "$area/kvm_cma"
	mkdir -p "$area/kvm_cma/ranges/0"
	mv "$area/kvm_cma/bitmap" "$area/kvm_cma/ranges/0"
	run facts "$dir" FREE,LARGEST
	assert_output "103546880 24"
	rm -r "$area/kvm_cma/ranges"
	run facts "$dir" FREE,LARGEST
	assert_output "103546880 24"
	run result '[.fits["24", "25"]]' "$dir"
	assert_output "[null,0]"
}

@test "a bitmap that is cut short or no bitmap is not believed" {
	dir=$(tree stock-6.1-debugfs)
	for text in "1 2 3" "x" "4294967296 0" ""; do
		echo "$text" >"$dir/sys/kernel/debug/cma/kvm_cma/bitmap"
		run result '.fits["18"]' "$dir"
		assert_success
		assert_output null
	done
	echo 18446744073709551615 >"$dir/sys/kernel/debug/cma/kvm_cma/count"
	run facts "$dir" LARGEST
	assert_success
	assert_output -- -
}

@test "an area that was reserved but not activated" {
	dir=$(tree stock-6.1-debugfs)
	echo 0 >"$dir/sys/kernel/debug/cma/kvm_cma/count"
	run facts "$dir" STATE,TOTAL
	assert_output "failed 0"
}

@test "debugfs that may not be read is said" {
	dir=$(tree stock-6.1-debugfs)
	chmod 000 "$dir/sys/kernel/debug"
	run without_privileges "$KVM_HTAB" pool-status --sysroot "$dir"
	chmod 755 "$dir/sys/kernel/debug"
	assert_success
	assert_output --partial "only root may see what is in the pool; run as root for exact values"
	assert_line --regexp '^Total +~205M$'
}

@test "stock kernel with /proc/meminfo only: approximate, and says so" {
	dir=$(tree stock-6.1-meminfo)
	echo 2 >"$dir/sys/module/kvm_hv/refcnt"
	run facts "$dir" STATE,CONDITION,TOTAL,FREE,LARGEST,APPROX,SOURCES
	assert_success
	assert_output "unknown unknown 13743947776 10737418240 - yes /proc/meminfo"
	run stdout_of pool-status --sysroot "$dir"
	assert_line --regexp '^Free +at least 10G$'
	assert_line --regexp '^ +64G +29 +512M +-$'
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "this kernel does not report what fits into"
	run result '[.largest_free_order, .approximate, .fits["21"]]' "$dir"
	assert_output "[null,true,null]"
}

@test "the log of the boot: how large the pool is, or that there is none" {
	dir=$(tree stock-6.1-meminfo)
	echo 2 >"$dir/sys/module/kvm_hv/refcnt"
	mkdir -p "$dir/var/log"
	log() {
		printf '<6>[    0.000000] %s\n' "cma: Reserved 64 MiB at 0x0000000000000000" \
			"kvm_cma_reserve: reserving 13104 MiB for global area" "$1" >"$dir/var/log/dmesg"
	}
	log "cma: Reserved 13107 MiB at 0x0000003c00000000 on node -1"
	run facts "$dir" STATE,TOTAL,FREE,APPROX,SOURCES
	assert_output "ready $((13107 << 20)) - no dmesg" # CmaFree counts the other area, too
	log "cma: Reserved 13107 MiB in 1 range"
	run facts "$dir" STATE,TOTAL,SOURCES
	assert_output "ready $((13107 << 20)) dmesg"
	log "cma: Failed to reserve 13107 MiB on node -1"
	run facts "$dir" STATE,TOTAL,FREE,SOURCES
	assert_output "failed 0 0 dmesg"
	log "cma: Reserved 13107 MiB at 0x0000003c00000000 on node -1
<3>[    0.700000] cma: CMA area kvm_cma could not be activated"
	run facts "$dir" STATE,TOTAL,FREE,SOURCES
	assert_output "failed 0 0 dmesg"
	log "something else"
	run facts "$dir" STATE,SOURCES
	assert_output "unknown -"
}

@test "CMA in sysfs of 6.12: counters, the rest approximate" {
	run facts "$TREES/stock-6.12-cma-sysfs" STATE,TOTAL,USED,FREE,APPROX,SOURCES
	assert_success
	assert_output "ready 13743947776 1073741824 12670205952 yes /sys/kernel/mm/cma/kvm_cma,/proc/meminfo"
}

@test "CMA in sysfs of 7.2: total and available, exact" {
	run facts "$TREES/stock-7.2-cma-sysfs" STATE,TOTAL,USED,FREE,LARGEST,APPROX,SOURCES
	assert_success
	assert_output "ready 13743947776 1073741824 12670205952 - no /sys/kernel/mm/cma/kvm_cma"
}

@test "page size of a tree: smaps, else a file, else sizes in pages stay unknown" {
	dir=$(tree stock-7.2-cma-sysfs)
	rm -r "$dir/proc/self"
	echo 4096 >"$dir/page-size"
	run facts "$dir" TOTAL
	assert_output $((209716 * 4096))
	rm "$dir/page-size" "$dir/proc/meminfo"
	run facts "$dir" STATE,TOTAL
	assert_output "ready -"
}

@test "stock kernel, reservation failed; or none asked for" {
	run facts "$TREES/stock-6.1-failed" STATE,TOTAL,FREE,LARGEST,APPROX
	assert_success
	assert_output "failed 0 0 0 no"
	dir=$(tree stock-6.1-failed)
	echo "kvm_cma_resv_ratio=5 kvm_cma_resv_ratio=0 quiet" >"$dir/proc/cmdline"
	run facts "$dir" STATE
	assert_output absent
	mkdir -p "$dir/sys/kernel/mm/cma/reserved"
	rm "$dir/proc/meminfo"
	run facts "$dir" STATE,SOURCES
	assert_output "absent /sys/kernel/mm/cma/kvm_cma"
}

@test "hosts without KVM-HV explain, exit status 5, no table" {
	run --separate-stderr kvm_htab pool-status --sysroot "$TREES/nested-6.1"
	assert_failure 5
	assert_output ""
	[[ $stderr == *"use the radix MMU only; run kvm-htab on the host below it"* ]]
	run --separate-stderr kvm_htab pool-status --sysroot "$TREES/x86-6.12"
	assert_failure 5
	assert_output ""
	[[ $stderr == *"this host is not POWER (unknown)"* ]]
	run result '[.platform, .exit_status, .error.errno]' "$TREES/nested-6.1"
	assert_output '["pSeries",5,"EOPNOTSUPP"]'
}

@test "a nested host is known by either sign" {
	dir=$(tree nested-6.1)
	rm -r "$dir/proc/device-tree"
	run kvm_htab pool-status -q --sysroot "$dir"
	assert_failure 5
	assert_output --partial pSeries
	dir2=$BATS_TEST_TMPDIR/two
	cp -r "$TREES/nested-6.1" "$dir2"
	rm "$dir2/proc/cpuinfo"
	run kvm_htab pool-status -q --sysroot "$dir2"
	assert_failure 5
	assert_output --partial pSeries
}

@test "POWER without the module: what is known is shown, exit status 5" {
	dir=$(tree stock-6.1-debugfs)
	rm -r "$dir/sys/module"
	run --separate-stderr kvm_htab pool-status --sysroot "$dir"
	assert_failure 5
	assert_output --partial "Module kvm_hv   not loaded"
	[[ $stderr == *"KVM-HV is not present: the module kvm_hv is not loaded (\`modprobe kvm_hv\`)"* ]]
	dir=$BATS_TEST_TMPDIR/patched
	cp -r "$POWER" "$dir"
	rm -r "$dir/sys/module"
	run --separate-stderr kvm_htab pool-status --sysroot "$dir"
	assert_success
}

@test "no way to find who uses the pool: said, and the rest is there" {
	dir=$(tree stock-6.1-debugfs)
	rm -f "$dir/sys/module/kvm_hv/refcnt"
	chmod 111 "$dir/proc"
	run --separate-stderr without_privileges "$KVM_HTAB" pool-status --sysroot "$dir"
	chmod 755 "$dir/proc"
	assert_success
	assert_line --regexp '^Pool +ready'
	[[ $stderr == *'cannot list VMs: cannot read /proc: Permission denied' ]] || fail "$stderr"
}

@test "the bitmap of debugfs: cut off, no numbers, larger than it can be" {
	for text in '' '0 0' '0 x' '4294967296'; do
		dir=$BATS_TEST_TMPDIR/bitmap
		rm -rf "$dir"
		cp -r "$TREES/stock-6.1-debugfs" "$dir"
		echo "$text" >"$dir/sys/kernel/debug/cma/kvm_cma/bitmap"
		run facts "$dir" STATE,LARGEST
		assert_success
		assert_output 'ready 24' # by maxchunk
	done
	seq -s ' ' 100000000000 100000010000 >"$dir/sys/kernel/debug/cma/kvm_cma/bitmap"
	run facts "$dir" LARGEST
	assert_output 24
}

@test "debugfs that has areas, but not ours" {
	dir=$(tree stock-6.1-debugfs)
	mv "$dir/sys/kernel/debug/cma/kvm_cma" "$dir/sys/kernel/debug/cma/other"
	run facts "$dir" STATE,TOTAL
	assert_output 'failed 0'
	echo 'quiet' >"$dir/proc/cmdline"
	run facts "$dir" STATE
	assert_output failed
	echo 'kvm_cma_resv_ratio=0' >"$dir/proc/cmdline"
	run facts "$dir" STATE
	assert_output absent
}

# boot_log TREE LINE: what CMA said at the boot
boot_log() {
	mkdir -p "$1/var/log"
	printf '%s\n' 'kvm_cma_reserve: reserving 409 MiB for global area' "cma: $2" >"$1/var/log/dmesg"
}

@test "modules on a distribution's kernel: where the pool is in use, and where it begins" {
	dir=$(tree stock-6.1-meminfo)
	mkdir -p "$dir/sys/kernel/kvm_htab/pool"
	echo $((64 << 20)) >"$dir/sys/kernel/kvm_htab/pool/used_bytes"
	# 64M at the begin, 4M in the middle
	echo "$((0x1e6000000)) $((64 << 20))
$((0x1e6000000 + (128 << 20))) $((4 << 20))" >"$dir/sys/kernel/kvm_htab/pool/used_ranges"
	boot_log "$dir" 'Reserved 416 MiB at 0x00000001e6000000'
	run facts "$dir" STATE,TOTAL,LARGEST
	assert_output "ready $((416 << 20)) 28"
	run stdout_of pool-status --sysroot "$dir"
	assert_line 'Kernel          modules'
	run stdout_of pool-status --json --sysroot "$dir"
	assert_equal "$(jq -c '.results[0].fits | [.["26"], .["28"]]' <<<"$output")" '[5,1]'
	# of another pool
	boot_log "$dir" 'Reserved 416 MiB at 0x00000002e6000000'
	run facts "$dir" STATE,TOTAL,LARGEST
	assert_output "ready $((416 << 20)) -"
	for line in 'Reserved 99999999999999999999 MiB at 0x1' 'Reserved 99999999999999 MiB at 0x1' 'something else'; do
		boot_log "$dir" "$line"
		run facts "$dir" SOURCES
		refute_output --partial dmesg
	done
}

@test "sizes that round to the next unit" {
	dir=$(tree patched-6.1)
	echo $(((1 << 30) - 4096)) >"$dir/sys/kernel/kvm_htab/pool/total_bytes"
	run stdout_of pool-status --sysroot "$dir" -rn -o TOTAL
	assert_output 1G
}

@test "keys count at the begin of a line only" {
	dir=$(tree stock-6.1-meminfo)
	sed -i '1i NotCmaTotal: 4 kB CmaTotal: 8 kB' "$dir/proc/meminfo"
	run facts "$dir" TOTAL
	assert_output "$(facts "$TREES/stock-6.1-meminfo" TOTAL)"
}

@test "files that hold nonsense stay unknown" {
	dir=$(tree patched-6.1)
	echo "12 apples" >"$dir/sys/kernel/kvm_htab/pool/total_bytes"
	echo -5 >"$dir/sys/kernel/kvm_htab/pool/largest_free_order"
	printf '\e[31mready' >"$dir/sys/kernel/kvm_htab/pool/state"
	: >"$dir/sys/kernel/kvm_htab/pool/fits"
	rm "$dir/proc/meminfo"
	run facts "$dir" STATE,TOTAL,LARGEST
	assert_failure 1
	assert_output "unknown - -"
	run stderr_of pool-status --sysroot "$dir"
	assert_output --partial "kvm-htab: /sys/kernel/kvm_htab/pool/total_bytes: not a number of at most 64 bits"
}

# wrong FILE VALUE TEXT: exit status 1, and the file is named, by the other commands, too
wrong() {
	local command
	dir=$(rm -rf "$BATS_TEST_TMPDIR/tree"; tree patched-6.1)
	echo "$2" >"$dir/sys/kernel/kvm_htab/$1"
	for command in pool-status "fit --order 24" doctor; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr kvm_htab $command --json --sysroot "$dir"
		assert_failure 1
		assert_equal "$stderr" "kvm-htab: /sys/kernel/kvm_htab/$1: $3"
		assert_equal "$(jq -r '"\(.exit_status) \(.error.message)"' <<<"$output")" "1 /sys/kernel/kvm_htab/$1: $3"
	done
	run kvm_htab pool-status --format=prometheus --sysroot "$dir"
	assert_success
	assert_line 'kvm_htab_available 0'
}

@test "numbers out of range, and more free than there is, are errors of the file" {
	wrong pool/free_bytes 13743947777 '13743947777 is out of range (0 to 13743947776)'
	wrong pool/largest_free_order 64 '64 is out of range (0 to 63)'
	wrong pool/fits '1 2 x' 'not one number of at most 64 bits for each order'
	wrong order_max_pages 47 '47 is out of range (0 to 46)'
	wrong pool/total_bytes 99999999999999999999 'not a number of at most 64 bits'
}

@test "a state that a later kernel may have: what is known is told" {
	dir=$(tree patched-6.1)
	echo draining >"$dir/sys/kernel/kvm_htab/pool/state"
	run --separate-stderr kvm_htab pool-status --sysroot "$dir"
	assert_success
	assert_line --regexp '^Pool +unknown$'
	assert_line --regexp '^Free +10.1G'
	assert_equal "$stderr" 'kvm-htab: this version of kvm-htab does not know "draining", the state of the pool that the kernel reports; install the version that belongs to the kernel'
}

# unreadable PATH COMMAND...: permission denied, which is not taken for absence
unreadable() {
	local name
	dir=$(rm -rf "$BATS_TEST_TMPDIR/tree"; tree power10-6.1)
	chmod 000 "$dir/$1"
	run --separate-stderr without_privileges "$KVM_HTAB" "${@:2}" --sysroot "$dir"
	chmod 755 "$dir/$1"
	assert_failure 1
	name=$(sed -n 's/^kvm-htab: \(.*\): permission denied, although all users may read it; run as root, or outside the sandbox$/\1/p' <<<"$stderr")
	[[ $name == "/$1"* ]] || fail "$stderr"
	[[ $stderr$output != *'not loaded'* && $stderr$output != *'not POWER'* ]] || fail "$stderr$output"
}

@test "no permission is not taken for absence" {
	local path
	for path in sys sys/module proc/cpuinfo; do
		unreadable $path pool-status -r
		unreadable $path fit --order 24
		unreadable $path list
		unreadable $path doctor
		unreadable $path doctor --json
		assert_equal "$(jq .cause <<<"$output")" null
	done
	unreadable sys/kernel/kvm_htab pool-status
	unreadable sys/kernel/kvm_htab/pool pool-status
	unreadable sys/kernel/kvm_htab/pool/free_bytes fit --order 24
}

@test "links of a tree do not lead out of it" {
	not_under memcheck 'valgrind knows no openat2(2) yet'
	dir=$(tree patched-6.1)
	rm "$dir/sys/kernel/kvm_htab/pool/total_bytes" "$dir/proc/meminfo"
	echo 4711 >"$BATS_TEST_TMPDIR/outside"
	ln -s "$BATS_TEST_TMPDIR/outside" "$dir/sys/kernel/kvm_htab/pool/total_bytes"
	run facts "$dir" TOTAL
	assert_success
	assert_output -- -
}

@test "a tree that is not there" {
	run kvm_htab pool-status --sysroot "$BATS_TEST_TMPDIR/nowhere"
	assert_failure 1
	assert_output --partial "cannot open the tree"
}
