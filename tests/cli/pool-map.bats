#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# pool-status --map, on kernels that report the map of the pool in several ways.

bats_require_minimum_version 1.5.0
load common

# map TREE ARGS...: the picture and what its characters mean
map() {
	stdout_of pool-status --map --sysroot "$1" "${@:2}" | sed '1,/^Map/d'
}

# pieces TREE: "AT BYTES KIND VM" of each, in granules
pieces() {
	stdout_of pool-status --map --json --sysroot "$1" |
		jq -r '.results[0].map[] | "\(.at_bytes / 262144) \(.bytes / 262144) \(.kind) \(.id)"'
}

# a_kernel_that_moves LINE...: a tree of a kernel that reports the map
a_kernel_that_moves() {
	dir=$(tree power9-6.1)
	pool "$@"
}

pool() {
	printf '%s\n' "$@" >"$dir/sys/kernel/debug/kvm_htab/pool"
}

# repeat CHARACTER TIMES
repeat() {
	printf "%$2s" '' | tr ' ' "$1"
}

@test "the kernel's own list: who has what, what is nobody's, what is free" {
	a_kernel_that_moves '0 256 vm 1' '256 256 free' '512 128 vm 27' '640 64 used' '704 960 free'
	run map "$dir"
	assert_output "  $(repeat A 64)
  $(repeat A 64)
  $(repeat . 64)
  $(repeat . 64)
  $(repeat B 64)
  $(repeat '#' 32)$(repeat . 32)
  $(repeat . 64)
  $(repeat . 64)
  $(repeat . 64)
  $(repeat . 64)
  $(repeat . 64)
  $(repeat . 64)
  $(repeat . 64)
  A  VM 1, 64M, process 38
  B  VM 27, 32M
  #  in use, but not for the table of a VM
  .  free"
	run stdout_of pool-status --map --sysroot "$dir"
	assert_line 'Map (512K per character, 32M per line)'
	assert_line --regexp '^Source +/sys/kernel/kvm_htab,/sys/kernel/debug/kvm_htab$'
	run pieces "$dir"
	assert_output '0 256 vm 1
256 256 free null
512 128 vm 27
640 64 used null
704 960 free null'
}

@test "a VM that the kernel has no number for has no letter" {
	a_kernel_that_moves '0 256 vm 1' '256 64 vm -' '320 64 vm 2' '384 1280 free'
	run map "$dir"
	assert_line --index 2 "  $(repeat '#' 32)$(repeat B 32)"
	assert_line '  B  VM 2, 16M'
	assert_line '  #  in use, but not for the table of a VM'
}

@test "a large pool: each character is of whoever has most of what it stands for" {
	# 64 GiB; a character is 64 MiB
	a_kernel_that_moves '0 20 vm 1' '20 200 free' '220 400 vm 2' '620 261524 free'
	run map "$dir"
	assert_line --index 0 "  .B$(repeat . 62)"
	assert_equal "$(grep -c '^  [.AB]*$' <<<"$output")" 16
	# those that are too small for a character are named all the same
	assert_line '  A  VM 1, 5M, process 38'
	assert_line '  B  VM 2, 100M'
	refute_output --partial '#'
}

@test "more VMs than letters" {
	local lines=() i
	for i in {0..64}; do
		lines+=("$((i * 16)) 16 vm $((i + 100))")
	done
	a_kernel_that_moves "${lines[@]}" '1040 624 used'
	run map "$dir"
	assert_line --index 0 '  AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDDEEEEEEEEFFFFFFFFGGGGGGGGHHHHHHHH'
	assert_line --index 6 '  wwwwwwwwxxxxxxxxyyyyyyyyzzzzzzzz00000000111111112222222233333333'
	assert_line '  3  VM 155, 4M'
	assert_line '  *  VM 162, 4M'
	assert_line '  *  VM 164, 4M'
	assert_equal "$(grep -c '^  A  VM' <<<"$output")" 1
	refute_line '  .  free'
}

@test "colours are for terminals" {
	a_kernel_that_moves '0 832 vm 1' '832 832 free'
	run env -u NO_COLOR TERM=xterm script -qec "'$KVM_HTAB' pool-status --map --sysroot '$dir'" /dev/null
	assert_output --partial $'\e[31mA\e[m'
	run env NO_COLOR=1 TERM=xterm script -qec "'$KVM_HTAB' pool-status --map --sysroot '$dir'" /dev/null
	assert_output --partial AAAA
	refute_output --partial $'\e[31m'
}

@test "a list that is none is not believed" {
	a_kernel_that_moves ''
	while read -r line; do
		pool "${line//;/$'\n'}"
		run --separate-stderr kvm_htab pool-status --map --sysroot "$dir"
		assert_failure 1
		assert_line --regexp '^Pool +ready'
		refute_line --partial Map
		[[ $stderr == *'kvm-htab: cannot read the map of the pool: Bad message' ]] || fail "$line: $stderr"
	done <<-'END'
		0 256
		0 256 vm
		0 256 vm 1 2
		0 256 vm x
		0 256 freed
		0 256 use
		0 0 free
		x 256 free
		1 256 free
		0 256 free;255 9 used
		0 256 free;257 9 used
		0 18446744073709551615 free
		0 36028797018963967 free
		0 35184372088831 free;35184372088831 2 used
	END
	echo 0 >"$dir/sys/kernel/kvm_htab/pool/granule_bytes"
	pool '0 1664 free'
	run kvm_htab pool-status --map --sysroot "$dir"
	assert_failure 1
}

@test "kernels without the list: CMA's bitmap, without owners" {
	run map "$TREES/power9-6.1-stock"
	assert_line --index 0 "  $(repeat '#' 64)"
	assert_line --index 1 "  $(repeat '#' 64)"
	assert_line --index 2 "  $(repeat . 64)"
	assert_line --index 12 "  $(repeat . 64)"
	assert_line '  #  in use; this kernel does not report by which VM'
	assert_line '  .  free'
	run pieces "$TREES/power9-6.1-stock"
	assert_output '0 256 used null
256 1408 free null'
	# the free runs that the largest order and FITS are made of
	run pieces "$TREES/stock-6.1-debugfs"
	assert_equal "$(awk '$3 == "free" { print $2 }' <<<"$output" | xargs)" '64 115 60 96 60'
	assert_equal "$(awk '{ n += $2 } END { print n }' <<<"$output")" 820
	# with the series, but without that part of it
	dir=$(tree power9-6.1)
	rm -r "$dir/sys/kernel/debug/kvm_htab"
	run pieces "$dir"
	assert_output "$(pieces "$TREES/power9-6.1" | sed 's/vm 1$/used null/')"
	run stdout_of pool-status --map --sysroot "$dir"
	assert_line --regexp '^Source .*,/sys/kernel/debug/cma$'
	run stdout_of pool-status --sysroot "$dir"
	assert_line --regexp '^Source +/sys/kernel/kvm_htab$'
}

@test "modules on a distribution's kernel: the ranges that are in use" {
	dir=$(tree stock-6.1-meminfo)
	mkdir -p "$dir/sys/kernel/kvm_htab/pool" "$dir/var/log"
	echo $((68 << 20)) >"$dir/sys/kernel/kvm_htab/pool/used_bytes"
	printf '%s\n' 'kvm_cma_reserve: reserving 409 MiB for global area' \
		'cma: Reserved 416 MiB at 0x00000001e6000000' >"$dir/var/log/dmesg"
	echo "$((0x1e6000000 + (64 << 20))) $((64 << 20))
$((0x1e6000000 + (256 << 20))) $((4 << 20))" >"$dir/sys/kernel/kvm_htab/pool/used_ranges"
	run pieces "$dir"
	assert_output '0 256 free null
256 256 used null
512 512 free null
1024 16 used null
1040 624 free null'
	run map "$dir"
	assert_line '  #  in use; this kernel does not report by which VM'
	# of another pool than the log's
	sed -i 's/1e6/2e6/' "$dir/var/log/dmesg"
	run --separate-stderr kvm_htab pool-status --map --sysroot "$dir"
	assert_failure 1
	[[ $stderr == *'cannot read the map of the pool: Bad message'* ]] || fail "$stderr"
	# for root
	sed -i 's/2e6/1e6/' "$dir/var/log/dmesg"
	chmod 000 "$dir/sys/kernel/kvm_htab/pool/used_ranges"
	run without_privileges "$KVM_HTAB" pool-status --map --sysroot "$dir"
	assert_failure 1
	assert_output --partial 'only root may read the map of the pool: try as root'
}

@test "who may not look into debugfs is told so, and all else" {
	for name in power9-6.1 power9-6.1-stock; do
		dir=$BATS_TEST_TMPDIR/$name
		cp -r "$TREES/$name" "$dir"
		chmod 000 "$dir/sys/kernel/debug"
		run --separate-stderr without_privileges "$KVM_HTAB" pool-status --map --sysroot "$dir"
		assert_failure 1
		assert_line --regexp '^Total +~?(416M|4)'
		[[ $stderr == *'only root may read the map of the pool: try as root'* ]] || fail "$stderr"
		run --separate-stderr without_privileges "$KVM_HTAB" pool-status --map --json --sysroot "$dir"
		chmod 755 "$dir/sys/kernel/debug"
		run jq -c '[.exit_status, (.results[0] | .map, .error.errno)]' <<<"$output"
		assert_output '[1,null,"EACCES"]'
	done
}

@test "kernels that do not tell at all" {
	for name in stock-6.1-meminfo stock-6.12-cma-sysfs stock-7.2-cma-sysfs patched-6.1; do
		run --separate-stderr kvm_htab pool-status --map --sysroot "$TREES/$name"
		assert_failure 5
		assert_line --regexp '^Total'
		[[ $stderr == *'this kernel does not report the map of the pool: use one with the kvm-htab series or CMA_DEBUGFS'* ]] ||
			fail "$stderr"
	done
	dir=$(tree stock-6.1-debugfs)
	rm "$dir/sys/kernel/debug/cma/kvm_cma/bitmap"
	run stdout_of pool-status --json --map --sysroot "$dir"
	assert_failure 5
	run jq -c '.results[0] | [.map, .error.errno]' <<<"$output"
	assert_output '[null,"ENOENT"]'
}

@test "where there is no pool there is nothing to draw" {
	for name in stock-6.1-failed power9-6.1-failed power9-6.1-stock-failed; do
		run --separate-stderr kvm_htab pool-status --map --sysroot "$TREES/$name"
		assert_success
		refute_line --partial Map
		[[ $stderr == *'the pool could not be'* && $stderr != *'the map of the pool'* ]] || fail "$stderr"
	done
	run stdout_of pool-status --map --json --sysroot "$TREES/nested-6.1"
	assert_failure 5
	assert_equal "$(jq .results[0].map <<<"$output")" null
	# the reason why there are no tables counts, not that they cannot be seen
	dir=$(tree stock-6.1-meminfo)
	rm -r "$dir/sys/module"
	run stderr_of pool-status --map --sysroot "$dir"
	assert_output --partial 'the module kvm_hv is not loaded'
	refute_output --partial 'the map of the pool'
}

@test "--map: options that do not go together" {
	while IFS='|' read -r text args; do
		# shellcheck disable=SC2086 # words
		run kvm_htab pool-status --map $args
		assert_failure 2
		assert_output --partial -- "$text are mutually exclusive"
	done <<-'END'
		--raw and --map|--raw
		--quiet and --map|--quiet
		--format and --map|--format=prometheus
		--output and --map|--output=STATE
		--output and --map|--json --output=STATE
	END
}
