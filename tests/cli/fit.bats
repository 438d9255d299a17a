#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# fit on trees of hosts of several kinds.

bats_require_minimum_version 1.5.0
load common

# answers TREE ARGS...: "ORDER FITS ANSWER REASON" for each order asked about
answers() {
	kvm_htab fit --sysroot "$1" "${@:2}" -rn -o ORDER,FITS,ANSWER,REASON 2>/dev/null
}

# advice TREE ARGS...
advice() {
	kvm_htab fit --sysroot "$1" "${@:2}" --json 2>/dev/null | jq -r '.results[-1].advice'
}

# pool_file NAME VALUE: in the tree of the test
pool_file() {
	echo "$2" >"$dir/sys/kernel/kvm_htab/pool/$1"
}

# never_moves: the kernel of that tree leaves tables where they are
never_moves() {
	echo never >"$dir/sys/module/kvm_hv/parameters/htab_move"
}

# cgroup PATH MAX CURRENT [FILE-BYTES]: of the tree $dir
cgroup() {
	local cgroups=$dir/sys/fs/cgroup

	mkdir -p "$cgroups/$1"
	echo "cpu memory" >"$cgroups/cgroup.controllers"
	echo "$2" >"$cgroups/$1/memory.max"
	echo "$3" >"$cgroups/$1/memory.current"
	printf 'anon 1\nfile 5\ninactive_anon 9\ninactive_file %s\nactive_file 0\n' "${4:-0}" >"$cgroups/$1/memory.stat"
}

# fragmented: a tree of which 10.1G are free, in pieces for order 28 at most
fragmented() {
	local dir

	dir=$(tree patched-6.1)
	pool_file largest_free_order 28
	echo "41500 20750 10375 5187 2593 1296 648 324 162 81 40 0 0 0" >"$dir/sys/kernel/kvm_htab/pool/fits"
	echo "$dir"
}

@test "room: yes, exit status 0, nothing on stderr" {
	run --separate-stderr kvm_htab fit --sysroot "$POWER" --ram 64G
	assert_success
	assert_line --index 0 --regexp '^BASIS +RAM +ORDER +SIZE +WANTED +FITS +ANSWER +REASON$'
	assert_line --index 1 --regexp '^ram +64G +29 +512M +1 +19 +yes +room$'
	assert_equal "$stderr" ""
	run answers "$POWER" --order 33
	assert_success
	assert_output "33 1 yes room"
}

@test "QEMU's rule: one 128th of the memory, rounded up to a power of two" {
	while read -r ram order; do
		run answers "$POWER" --ram "$ram"
		assert_output --regexp "^$order "
	done <<-END
		1M 18
		32M 18
		33M 19
		2G 24
		2049M 25
		64G 29
		65G 30
		8P 46
		15E 46
	END
}

@test "as many as fit, and not one more" {
	run answers "$POWER" --order 29 --count 19
	assert_success
	assert_output "29 19 yes room"
	dir=$(tree patched-6.1)
	never_moves
	run answers "$dir" --order 29 --count 20
	assert_failure 3
	assert_output "29 19 no pieces"
	run stderr_of fit --sysroot "$dir" --order 29 --count 20
	assert_line "kvm-htab: order: no room for 20 tables of order 29 (512M), only for 19; the largest that fits is of order 33 (8G, for a guest of up to 1T)"
	assert_line --partial "10.1G of the pool are free, but in pieces that hold fewer such tables; restart or migrate"
}

@test "with --maxmem two answers, and the exit status is that of the larger table" {
	run --separate-stderr kvm_htab fit --sysroot "$POWER" --ram 64G --maxmem 4T
	assert_failure 3
	assert_line --index 1 --regexp '^ram +64G +29 +512M +1 +19 +yes +room$'
	assert_line --index 2 --regexp '^maxmem +4T +35 +32G +1 +0 +no +small$'
	[[ $stderr == *"maxmem: no room for a table of order 35 (32G); the largest that fits is of order 33"* ]]
	[[ $stderr == *', or use a smaller maxmem or resize-hpt=enabled' ]]
	run answers "$POWER" --ram 64G --maxmem 256G
	assert_success
	assert_output "$(printf '%s\n' "29 19 yes room" "31 4 yes room")"
	run answers "$POWER" --ram 64G --maxmem 64G
	assert_success
	assert_equal "${#lines[@]}" 2
	# one kernel knows the one, and not the other
	run answers "$TREES/stock-6.1-meminfo" --ram 64G --maxmem 1T
	assert_failure 5
	assert_output "$(printf '%s\n' "29 - unknown unknown" "33 - unknown unknown")"
	run answers "$TREES/stock-6.1-meminfo" --ram 64G --maxmem 4T
	assert_failure 3
	assert_output "$(printf '%s\n' "29 - unknown unknown" "35 0 no small")"
}

@test "five reasons for a no, each with advice of its own" {
	dir=$(tree patched-6.1)
	never_moves
	run answers "$dir" --order 34
	assert_output "34 0 no small"
	run advice "$dir" --order 34
	assert_output "the pool (12.8G) is too small, even if it were empty; boot with kvm_cma_resv_ratio=8 \
(20.5G of 256G RAM), or request a smaller order"
	# what makes a table smaller depends on what it is for
	run advice "$dir" --ram 2T
	assert_output --regexp ', or give the guest less RAM$'
	run advice "$dir" --ram 64G --maxmem 2T
	assert_output --regexp ', or use a smaller maxmem or resize-hpt=enabled$'

	pool_file free_bytes 524288
	pool_file largest_free_order 19
	rm "$dir/sys/kernel/kvm_htab/pool/fits"
	run answers "$dir" --order 29
	assert_failure 3
	assert_output "29 0 no too-little"
	run advice "$dir" --order 29
	assert_output "only 512K of 12.8G in the pool are free; stop or migrate guests, or boot with kvm_cma_resv_ratio=6 (15.4G of 256G RAM)"
	pool_file free_bytes 1073741824
	pool_file largest_free_order 30
	run answers "$dir" --order 31
	assert_output "31 0 no too-little"
	run advice "$dir" --order 31
	assert_output --partial "only 1G of 12.8G in the pool are free; stop or migrate guests"

	pool_file free_bytes 10878976000
	pool_file largest_free_order 28
	run answers "$dir" --order 29
	assert_failure 3
	assert_output "29 0 no pieces"
	run advice "$dir" --order 29
	assert_output --partial "the pool is fragmented"

	for file in total_bytes free_bytes largest_free_order; do
		pool_file "$file" 0
	done
	for state in failed absent; do
		pool_file state "$state"
		run answers "$dir" --order 29
		assert_failure 3
		assert_output "29 0 no $state"
		run advice "$dir" --order 29
		assert_output "$(stderr_of pool-status --sysroot "$dir" | sed 's/^kvm-htab: //')"
	done
}

@test "a kernel that moves tables: yes, after so much" {
	dir=$(fragmented)
	plans "$dir" 'room 0 1024' 'room 4096 2048' 'move 7 4096 0 1024' 'move - 6000 50 64' 'room 4096 4096' 'move 1 1 1 1'
	run answers "$dir" --order 29
	assert_success
	assert_output "29 0 yes moves"
	run stdout_of fit --sysroot "$dir" -rbn -o MOVED,SOURCE,LARGEST --order 29
	assert_output "$(((1024 + 64) << 18)) pool 28"
	run --separate-stderr kvm_htab fit --sysroot "$dir" --ram 64G
	assert_line --index 1 --regexp '^ram +64G +29 +512M +1 +0 +yes +moves$'
	assert_equal "$stderr" "kvm-htab: ram: a table of order 29 (512M) fits after the kernel moves other tables (272M), \
which it does when the guest starts"
	run stdout_of fit --json --sysroot "$dir" --ram 64G --maxmem 128G
	run jq -c '.exit_status, (.results[] | [.answer, .reason, .moved_bytes, .advice])' <<<"$output"
	assert_output '0
["yes","moves",285212672,null]
["yes","moves",262144,null]'
	run kvm_htab fit --quiet --sysroot "$dir" --ram 64G
	assert_success
	assert_output ''
	# what is there anyway is not asked about
	run answers "$dir" --order 28
	assert_output "28 40 yes room"
	# nothing in the way any more
	plans "$dir" 'room 4096 2048'
	run --separate-stderr kvm_htab fit -rn -o ANSWER,REASON,MOVED,SOURCE --sysroot "$dir" --order 29
	assert_output "yes room - pool"
	assert_equal "$stderr" ''
}

@test "a kernel that moves tables: no, if they are in the way all the same" {
	dir=$(fragmented)
	plans "$dir" 'room 0 1024'
	run answers "$dir" --order 29
	assert_failure 3
	assert_output "29 0 no pieces"
	run advice "$dir" --order 29
	assert_output "10.1G of the pool are free, but in pieces that the kernel cannot or may not join \
(see htab_move in kvm-htab-kernel(7)); stop or migrate guests, or start large guests first"
	# nor for several, where there is none for one
	run answers "$dir" --order 29 --count 2
	assert_failure 3
	# not asked: what is free is not enough, wherever it is
	plans "$dir" 'room 0 65536'
	run answers "$dir" --order 34
	assert_output "34 0 no small"
}

@test "a kernel that moves tables, but is told not to: no" {
	dir=$(fragmented)
	never_moves
	plans "$dir" 'room 4096 2048' 'move 7 4096 0 1024'
	run answers "$dir" --order 29
	assert_failure 3
	assert_output "29 0 no pieces"
	run advice "$dir" --order 29
	assert_output --partial 'this kernel may not move tables to join the pieces: allow it with `echo running'
}

@test "a kernel that moves tables, and does not say whether it would: unknown" {
	local moves='the kernel may move other tables to make room; to find out, ask for one table at a time, as root, with debugfs mounted'
	dir=$(fragmented)
	plans "$dir" 'room 4096 2048' 'move 7 4096 0 1024'
	# of one alone
	run answers "$dir" --order 29 --count 3
	assert_failure 5
	assert_output "29 0 unknown moves"
	run stdout_of fit -rn -o MOVED,SOURCE --sysroot "$dir" --order 29 --count 3
	assert_output -- '- -'
	run --separate-stderr kvm_htab fit --sysroot "$dir" --order 29 --count 3
	assert_equal "$stderr" "kvm-htab: order: cannot tell whether there is room for 3 tables of order 29 (512M); the largest \
that fits is of order 28 (256M, for a guest of up to 32G)
kvm-htab: $moves"
	# to root alone
	chmod 000 "$dir/sys/kernel/debug/kvm_htab/plan"
	run --separate-stderr without_privileges "$KVM_HTAB" fit --sysroot "$dir" --order 29 -rn -o ANSWER,REASON,MOVED
	assert_failure 5
	assert_output "unknown moves -"
	[[ $stderr == *"kvm-htab: $moves" ]] || fail "$stderr"
	# nonsense
	chmod 600 "$dir/sys/kernel/debug/kvm_htab/plan"
	plans "$dir" 'room 4096 2048' 'move'
	run answers "$dir" --order 29
	assert_output "29 0 unknown moves"
	# the kernel does not tell how much is free: the plan counts
	plans "$dir" 'room 4096 2048' 'move 7 4096 0 1024'
	rm "$dir/sys/kernel/kvm_htab/pool/free_bytes" "$dir/proc/meminfo"
	run answers "$dir" --order 29
	assert_success
	assert_output "29 0 yes moves"
	# no debugfs
	rm -r "$dir/sys/kernel/debug"
	run answers "$dir" --order 29
	assert_failure 5
	assert_output "29 0 unknown moves"
	run advice "$dir" --order 29
	assert_output "$moves"
}

@test "small tables of a kernel that moves tables: what the page allocator may have, the pool has certainly" {
	dir=$(tree patched-6.1)
	pool_file free_bytes $((1 << 30))
	pool_file largest_free_order 22
	rm "$dir/sys/kernel/kvm_htab/pool/fits"
	run answers "$dir" --order 24
	assert_output "24 0 unknown pages"
	plans "$dir" 'room 64 64' 'move 3 64 0 32'
	run stdout_of fit -rn -o ANSWER,REASON,MOVED,SOURCE --sysroot "$dir" --order 24
	assert_success
	assert_output "yes moves 8M -"
	for args in '--order 23' '--order 24 --count 2'; do
		# shellcheck disable=SC2086 # words
		run answers "$dir" $args
		assert_failure 5
		assert_output --partial "unknown pages"
	done
	chmod 000 "$dir/sys/kernel/debug/kvm_htab/plan"
	run without_privileges "$KVM_HTAB" fit -rn -o ANSWER,REASON --sysroot "$dir" --order 24
	assert_failure 5
	assert_line "unknown pages"
}

@test "what the page allocator may have is no certain no" {
	dir=$(tree patched-6.1)
	pool_file free_bytes 0
	pool_file largest_free_order 0
	rm "$dir/sys/kernel/kvm_htab/pool/fits"
	run answers "$dir" --order 24
	assert_failure 5
	assert_output "24 0 unknown pages"
	run answers "$dir" --order 25
	assert_failure 3
	assert_output "25 0 no too-little"
	run stderr_of fit --sysroot "$dir" --order 24
	assert_line --partial "cannot tell whether there is room for a table of order 24 (16M); the pool has no room"
	assert_line --partial "the pool has no room, but the page allocator may have some"
	echo 23 >"$dir/sys/kernel/kvm_htab/order_max_pages"
	run answers "$dir" --order 24
	assert_failure 3
	assert_output "24 0 no too-little"
	# a kernel that does not tell its limit: never more than 24
	run answers "$TREES/stock-6.1-failed" --order 24
	assert_failure 5
	assert_output "24 0 unknown pages"
	run answers "$TREES/stock-6.1-failed" --order 25
	assert_failure 3
	assert_output "25 0 no failed"
}

@test "a kernel that tells little: what is certain is said, the rest is not" {
	# the bitmap
	run answers "$TREES/stock-6.1-debugfs" --order 24 --count 3
	assert_success
	assert_output "24 3 yes room"
	run answers "$TREES/stock-6.1-debugfs" --order 24 --count 4
	assert_failure 5
	assert_output "24 3 unknown pages"
	run stderr_of fit --sysroot "$TREES/stock-6.1-debugfs" --order 24 --count 4
	assert_line --partial "cannot tell whether there is room for 4 tables of order 24 (16M), the pool has room for 3; the largest"
	# only the largest piece, which serves more of what is smaller
	dir=$(tree stock-6.1-debugfs)
	rm "$dir/sys/kernel/debug/cma/kvm_cma/bitmap"
	run answers "$dir" --order 22 --count 4
	assert_success
	assert_output "22 - yes room"
	run answers "$dir" --order 22 --count 5
	assert_failure 5
	assert_output "22 - unknown unknown"
	# free bytes, but not in what pieces
	run answers "$TREES/stock-7.2-cma-sysfs" --order 33
	assert_failure 5
	assert_output "33 - unknown busy"
	run answers "$TREES/stock-7.2-cma-sysfs" --order 33 --count 2
	assert_failure 3
	assert_output "33 - no small"
	run answers "$TREES/stock-7.2-cma-sysfs" --order 28 --count 48
	assert_failure 3
	assert_output "28 - no too-little"
	# all of it is free: it is one piece
	dir2=$BATS_TEST_TMPDIR/seven
	cp -r "$TREES/stock-7.2-cma-sysfs" "$dir2"
	cp "$dir2/sys/kernel/mm/cma/kvm_cma/"{total,available}_pages
	echo 0 >"$dir2/sys/kernel/mm/cma/kvm_cma/alloc_pages_fail"
	run answers "$dir2" --order 33
	assert_success
	assert_output "33 1 yes room"
	# all areas together are an upper limit for ours
	rm -rf "$BATS_TEST_TMPDIR/tree"
	dir=$(tree stock-6.1-meminfo)
	echo 2 >"$dir/sys/module/kvm_hv/refcnt"
	run answers "$dir" --order 33
	assert_failure 5
	run answers "$TREES/stock-6.1-meminfo" --order 33 --count 2
	assert_failure 3
	run advice "$TREES/stock-6.1-meminfo" --order 33
	assert_output --partial "this kernel does not report what fits into"
}

@test "a largest order that is none is no room" {
	dir=$(tree patched-6.1)
	rm "$dir/sys/kernel/kvm_htab/pool/fits"
	pool_file largest_free_order 100
	run answers "$dir" --order 29 --count 20
	assert_failure 1
	assert_output "29 - unknown unknown"
}

@test "hosts that cannot: exit status 5, said even with --quiet" {
	for name in nested-6.1:pSeries x86-6.12:POWER; do
		run --separate-stderr kvm_htab fit -q --sysroot "$TREES/${name%:*}" --ram 2G
		assert_failure 5
		assert_output ""
		[[ $stderr == *"${name#*:}"* ]]
	done
	run stdout_of fit --json --sysroot "$TREES/nested-6.1" --ram 2G --maxmem 4G
	run jq -c '[.exit_status, (.results[] | .answer, .exit_status, .error.errno)]' <<<"$output"
	assert_output '[5,"unknown",5,"EOPNOTSUPP","unknown",5,"EOPNOTSUPP"]'
	dir=$(tree stock-6.1-debugfs)
	rm -r "$dir/sys/module"
	run kvm_htab fit --sysroot "$dir" --ram 2G
	assert_failure 5
	assert_output --partial "modprobe kvm_hv"
}

@test "quiet: silent, whatever the answer" {
	while read -r status args; do
		# shellcheck disable=SC2086 # words
		run kvm_htab fit -q --sysroot "$TREES"/$args
		assert_failure "$status"
		assert_output ""
	done <<-END
		3 patched-6.1 --ram 8T
		5 stock-6.1-meminfo --ram 64G
	END
	run kvm_htab fit --quiet --sysroot "$POWER" --ram 64G --count 3
	assert_success
	assert_output ""
}

@test "JSON: one result for each order asked about" {
	run stdout_of fit --json --sysroot "$POWER" --ram 64G --maxmem 4T --count 2
	assert_failure 3
	json=$output
	run jq -c '[.command, .exit_status, (.results | length)], (.results[0] | keys_unsorted)' <<<"$json"
	assert_line '["fit",3,2]'
	assert_line '["version","command","basis","ram_bytes","order","table_bytes","wanted","fits","answer","reason","largest_free_order","source","moved_bytes","ratio","ratio_pool_bytes","ratio_more_bytes","advice","exit_status","error"]'
	run jq -c '.results[] | [.basis, .ram_bytes, .order, .table_bytes, .wanted, .fits, .answer, .reason, .largest_free_order, .source, .exit_status, .error]' <<<"$json"
	assert_line '["ram",68719476736,29,536870912,2,19,"yes","room",33,"pool",0,null]'
	assert_line '["maxmem",4398046511104,35,34359738368,2,0,"no","small",33,null,3,null]'
	run stdout_of fit --json -o answer --sysroot "$POWER" --order 20
	run jq -c '.results' <<<"$output"
	assert_output '[{"version":2,"command":"fit","answer":"yes"}]'
}

@test "fit: options that do not go together" {
	while IFS='|' read -r text args; do
		# shellcheck disable=SC2086 # words
		run kvm_htab fit $args
		assert_failure 2
		assert_output --partial -- "$text"
	done <<-'END'
		no size given; use --order N or --ram SIZE|
		--maxmem requires --ram|--maxmem 4G
		--maxmem is less than --ram|--ram 4G --maxmem 2G
		--order and --ram are mutually exclusive|--ram 4G --order 24
		--order and --maxmem are mutually exclusive|--maxmem 4G --order 24
		--probe and --sysroot are mutually exclusive|--order 24 --probe --sysroot /
		invalid number of guests|--order 24 --count 0
		invalid number of guests|--order 24 --count 1000001
		invalid number of guests|--order 24 --count -1
		invalid number of guests|--order 24 --count 1x
		invalid number of guests|--order 24 --count 18446744073709551617
		invalid order|--order 47
		invalid size|--ram x
		invalid size|--ram 4G --maxmem x
	END
}

@test "--probe on a host that is not POWER says so" {
	[ ! -d /sys/module/kvm_hv ] || skip "this is a POWER host"
	for args in "fit --order 24" pool-status; do
		# shellcheck disable=SC2086 # words
		run kvm_htab $args --probe
		assert_failure 5
		assert_output --regexp 'not POWER|is itself a guest|not loaded'
	done
}

@test "sizes as people write them" {
	while read -r size bytes order; do
		run stdout_of fit --sysroot "$POWER" -brn -o RAM,ORDER --ram "$size"
		assert_output "$bytes $order"
	done <<-'END'
		64G 68719476736 29
		64g 68719476736 29
		64GiB 68719476736 29
		64Gi 68719476736 29
		64GB 64000000000 29
		512MiB 536870912 22
		1.5T 1649267441664 34
		0.5G 536870912 22
		1B 1 18
		4294967297B 4294967297 26
		4294967296B 4294967296 25
		1kB 1000 18
		15.999E 18445591152204944769 46
		1.0000000000000000000000000001K 1024 18
		0.0000000000000599999E 69175 18
	END
}

@test "--cgroup: the limit of a cgroup and of those above it" {
	local dir
	dir=$(tree patched-6.1)
	cgroup machine.slice max $((90 << 30))
	cgroup machine.slice/small.slice $((3 << 30)) 0
	run answers "$dir" --ram 64G --cgroup machine.slice
	assert_output "29 19 yes room"

	# 8 bytes for each of the guest's pages as well: 520M
	cgroup machine.slice $((96 << 30)) $(((96 << 30) - (519 << 20)))
	run answers "$dir" --ram 64G --cgroup machine.slice
	assert_failure 3
	assert_output "29 0 no limit"
	run stderr_of fit --sysroot "$dir" --ram 64G --cgroup machine.slice
	assert_output "kvm-htab: ram: no room for the reverse map of a table of order 29 (512M): a guest needs 520M, and the limit of cgroup machine.slice leaves 519M
kvm-htab: raise memory.max of machine.slice (96G), or stop guests in it"
	run answers "$dir" --order 29 --cgroup machine.slice
	assert_output "29 19 yes room"
	run answers "$dir" --order 29 --count 2 --cgroup /sys/fs/cgroup/machine.slice/
	assert_output "29 1 no limit"
	run stderr_of fit --sysroot "$dir" --order 29 --count 2 --cgroup machine.slice
	assert_line --partial "reverse map of 2 tables of order 29"

	# the kernel takes page cache back first
	cgroup machine.slice $((96 << 30)) $((96 << 30)) $((1 << 30))
	run answers "$dir" --ram 64G --cgroup machine.slice
	assert_output "29 19 yes room"

	# the tightest counts
	run answers "$dir" --order 31 --cgroup /machine.slice/small.slice
	assert_output "31 0 no limit"
	run advice "$dir" --order 31 --cgroup machine.slice/small.slice
	assert_output "raise memory.max of machine.slice (96G), or stop guests in it"
	# what the pool cannot give is said first
	pool_file largest_free_order 28
	echo "41500 20750 10375 5187 2593 1296 648 324 162 81 40 0 0 0" >"$dir/sys/kernel/kvm_htab/pool/fits"
	never_moves
	run answers "$dir" --order 31 --cgroup machine.slice
	assert_output "31 0 no pieces"
}

@test "--cgroup: none, a way out, no version 2, a kernel that charges nobody" {
	local dir
	dir=$(tree patched-6.1)
	run --separate-stderr kvm_htab fit --sysroot "$dir" --ram 64G --cgroup machine.slice
	assert_failure 5
	assert_equal "$stderr" "kvm-htab: --cgroup requires cgroups of version 2 in /sys/fs/cgroup"
	cgroup machine.slice max 0
	run --separate-stderr kvm_htab fit --sysroot "$dir" --ram 64G --cgroup nothing.slice
	assert_failure 1
	assert_equal "$stderr" "kvm-htab: there is no cgroup \"nothing.slice\" in /sys/fs/cgroup"
	mkdir -p "$dir/sys/fs/cgroup/machine.slice/odd"
	echo 1 >"$dir/sys/fs/cgroup/machine.slice/odd/memory.max"
	mkdir "$dir/sys/fs/cgroup/machine.slice/odd/memory.current"
	run --separate-stderr kvm_htab fit --sysroot "$dir" --ram 64G --cgroup machine.slice/odd
	assert_failure 1
	assert_equal "$stderr" "kvm-htab: cannot read the limits of cgroup \"machine.slice/odd\": Invalid argument"
	for path in '' / . .. a/../b ./a; do
		run --separate-stderr kvm_htab fit --sysroot "$dir" --ram 64G --cgroup "$path"
		assert_failure 2
		[[ $stderr == *"invalid cgroup \"$path\": use a path below /sys/fs/cgroup, such as machine.slice"* ]]
	done
	run --separate-stderr kvm_htab fit --sysroot "$TREES/stock-6.1-debugfs" --order 20 --cgroup machine.slice
	[[ $stderr == *"--cgroup has no effect: this kernel charges no cgroup for tables"* ]]
}
