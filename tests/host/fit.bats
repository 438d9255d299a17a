# SPDX-License-Identifier: GPL-2.0-only
#
# What `fit` answers, and whether real VMs then get their tables; what --probe finds, and that it leaves nothing
# behind.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 30 s

bats_require_minimum_version 1.5.0
load fixture

DIR=/sys/kernel/kvm_htab

setup_file() {
	hash_boot
}

# Tables stay where they are; what becomes of these answers if they do not, move.bats has.
setup() {
	pool_before
	tables_move never
}

teardown() {
	tables_move running
	host '[ ! -e /run/reserve ] || cat /run/reserve >/proc/sys/vm/min_free_kbytes; chmod 600 /dev/kvm; [ ! -e /dev/kvm.away ] || mv /dev/kvm.away /dev/kvm'
	pool_after
}

# fit STATUS ANSWER OPTION...: FITS, ANSWER, REASON and SOURCE
fit() {
	run --separate-stderr host kvm-htab fit -rn -o FITS,ANSWER,REASON,SOURCE "${@:3}"
	assert_equal "$status" "$1"
	assert_output "$2"
}

hash_vm() {
	vm_start
	vm hash >/dev/null 2>&1 || :
}

# Tables of order 25, the smallest that only the pool has, with holes between them: "a" and "c" are to be ended.
three_in_a_row() {
	local name
	for name in a b c; do
		neighbour "$name" 25
	done
	fill_pool
}

@test "yes: a VM gets the table and runs on it" {
	local order
	order=$(largest_order)
	fit 0 '1 yes room pool' --order "$order"
	hash_vm
	run vm allocate "$order"
	assert_output "$order"
	vm run
	vm close-vm

	[[ ${HOST_ON:-} ]] || fit 0 "$(host "tr -s ' ' '\n' <$DIR/pool/fits | sed -n 8p") yes room pool" --ram 4G
	run vm create
	vm hash >/dev/null 2>&1 || :
	run vm allocate 25
	assert_output 25
}

@test "no: no VM gets it; too little and pieces are told apart" {
	hash_vm
	three_in_a_row
	fit 3 '0 no too-little -' --order 25
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *'no room for a table of order 25 (32M); the pool has no room for any table'* ]]
	[[ $stderr == *'only 0B of '*' in the pool are free; stop or migrate guests'* ]]
	run vm allocate 25
	assert_output ENOMEM

	vm_end a c
	fit 3 '0 no pieces -' --order 26
	[[ $stderr == *'no room for a table of order 26 (64M); the largest that fits is of order 25 (32M, for a guest of up to 4G)'* ]]
	[[ $stderr == *'the pool is fragmented: 64M are free'* ]]
	run vm allocate 26
	assert_output ENOMEM
	fit 3 '2 no too-little -' --order 25 --count 3
	fit 0 '2 yes room pool' --order 25 --count 2
	neighbour a 25
	fit 0 '1 yes room pool' --order 25
	run vm allocate 25
	assert_output 25
	vm run
	fit 3 '0 no too-little -' --order 25

	# no pool is so large
	fit 3 '0 no small -' --ram 4T
	run vm allocate 35
	assert_output ENOMEM
}

@test "as many as it says, and not one more" {
	local n i order=26
	n=$(host kvm-htab fit -rn -o FITS --order $order)
	((n > 2))
	fit 0 "$n yes room pool" --order $order --count "$n"
	fit 3 "$n no small -" --order $order --count $((n + 1))
	for ((i = 0; i < n; i++)); do
		neighbour "guest$i" $order
	done
	hash_vm
	run vm allocate $order
	assert_output ENOMEM
}

@test "what the page allocator may have: nobody knows before it is tried" {
	fill_pool
	fit 5 '0 unknown pages -' --order 20
	fit 0 '1 yes room pages' --order 20 --probe
	fit 0 '3 yes room pages' --order 18 --count 3 --probe
	hash_vm
	run vm allocate2 20
	assert_output 'order=20 source=2'
}

@test "--probe of fit: the answers that the kernel gives" {
	local failures order
	hash_vm
	three_in_a_row
	vm_end a c
	failures=$(host cat $DIR/stats/failures)
	fit 0 '2 yes room pool' --order 25 --count 2 --probe
	assert_equal "$(host cat $DIR/stats/failures)" "$failures"
	fit 3 '2 no too-little -' --order 25 --count 3 --probe
	fit 3 '0 no pieces -' --order 26 --probe
	[[ $stderr == *'the largest that fits is of order 25'* ]]
	assert_equal "$(host cat $DIR/stats/failures)" $((failures + 2))
	assert_equal "$(largest_order)" 25
	run vm allocate 26
	assert_output ENOMEM
	run vm allocate 25
	assert_output 25
}

# fits_and_free: what sysfs says, and what kvm-htab pool-status ARGS makes of it
fits_in_sysfs() {
	host "cd $DIR/pool && cat fits largest_free_order free_bytes | tr -s ' \n' ' '"
}

fits_found() {
	host kvm-htab pool-status --json "$@" |
		jq -r '.results[0] | [(.fits[]), .largest_free_order, .free_bytes] | map(tostring) | join(" ") + " "'
}

@test "--probe of pool-status finds what sysfs says, for every order" {
	only_patched_kernel "the pool in sysfs"
	assert_equal "$(fits_found --probe)" "$(fits_in_sysfs)"
	neighbour a 25
	neighbour b 18
	neighbour c 21
	neighbour d 19
	vm_end a c
	assert_equal "$(fits_found --probe)" "$(fits_in_sysfs)"
	fill_pool
	vm_end d fill0
	assert_equal "$(fits_found --probe)" "$(fits_in_sysfs)"
	run host kvm-htab pool-status --probe -rn -o SOURCES
	assert_output '/dev/kvm,/sys/kernel/kvm_htab'
}

@test "--probe is for whoever may open /dev/kvm, and says so to others" {
	only_patched_kernel "the pool in sysfs"
	local command
	host chmod 600 /dev/kvm
	for command in 'fit --order 20' pool-status; do
		# shellcheck disable=SC2086 # words
		run host_as nobody kvm-htab $command --probe
		assert_failure 1
		assert_output --partial 'cannot probe: permission denied for /dev/kvm; try as root or, usually, as a member of group kvm'
	done
	host chmod 666 /dev/kvm
	run host_as nobody kvm-htab fit --order 25 --probe --quiet
	assert_success
	assert_output ''
	assert_equal "$(host_as nobody kvm-htab pool-status --probe -rn -o LARGEST)" "$(host cat $DIR/pool/largest_free_order)"
	host mv /dev/kvm /dev/kvm.away
	run host kvm-htab fit --order 20 --probe
	assert_failure 5
	assert_output --partial 'cannot probe: /dev/kvm is not available (No such file or directory)'
	host ln -s kvm /dev/kvm
	run host kvm-htab fit --order 20 --probe
	assert_failure 1
	assert_output --partial 'cannot probe: cannot open /dev/kvm: Too many levels of symbolic links'
	host ln -sf null /dev/kvm
	run host kvm-htab fit --order 20 --probe
	assert_failure 5
	assert_output --partial 'cannot probe: /dev/kvm does not support guests with hashed page tables (KVM-PR?)'
}

# Asked for more tables than can be made in the time that this takes
@test "a probe that is killed leaves nothing behind" {
	local signal
	for signal in TERM INT KILL; do
		# shellcheck disable=SC2016 # for the shell in the host
		host '
			set -m
			kvm-htab fit --order 18 --count 1000 --probe >/dev/null 2>&1 &
			echo $! >/run/probe'
		# shellcheck disable=SC2154 # of vmm.bash
		host_wait 20 "[ $pool_used_bytes -gt $before ]"
		# shellcheck disable=SC2016
		run host 'kill -STOP $(</run/probe) && sleep 0.2 && cat /proc/$(</run/probe)/comm'
		assert_output kvm-htab
		(($(pool_used) > before))
		# shellcheck disable=SC2016
		host 'kill -'$signal' $(</run/probe); kill -CONT $(</run/probe)' || :
		pool_back_to "$before"
	done
}

@test "more guests than a process may have files, or the host VMs" {
	run host 'ulimit -n 20; kvm-htab fit --order 18 --count 30 --probe'
	assert_failure 1
	assert_output --regexp 'cannot probe: cannot create more than 1[0-9] VMs: Too many open files'
	# the hard limit is what counts
	run host 'ulimit -S -n 20; kvm-htab fit --order 18 --count 30 --probe -rn -o FITS,ANSWER'
	assert_success
	assert_output '30 yes'
}

@test "memory for reverse maps that is not there is not taken from others" {
	# A larger reserve of the kernel leaves less available, and costs nothing: "high", which counts, is 3/2 of it
	# shellcheck disable=SC2016 # for the shell in the host
	host '
		kib() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }
		cat /proc/sys/vm/min_free_kbytes >/run/reserve
		echo $(($(</run/reserve) + ($(kib MemAvailable) - $(kib CmaFree) - (100 << 10)) * 2 / 3)) \
			>/proc/sys/vm/min_free_kbytes'
	fit 5 '0 unknown memory -' --order 27 --probe
	[[ $stderr == *'too little memory is available'*': each table needs a reverse map of its size outside the pool; stop guests, or release unused huge pages (vm.nr_hugepages)'* ]]
	run host kvm-htab pool-status --probe
	assert_failure 1
	assert_output --partial 'cannot probe to the end: too little free memory for the reverse maps'
	host 'cat /run/reserve >/proc/sys/vm/min_free_kbytes'
	fit 0 '3 yes room pool' --order 27 --probe --count 3
}

@test "metrics and table of this host" {
	only_patched_kernel "the pool in sysfs"
	local name available
	hash_vm
	run vm allocate 46
	assert_output ENOMEM
	# whether guests can run, not whether nobody can run some
	run host kvm-htab doctor
	available=$((status == 0))
	run host_as nobody kvm-htab pool-status --format=prometheus
	assert_success
	assert_line "kvm_htab_available $available"
	assert_line 'kvm_htab_pool_state{state="ready"} 1'
	for name in failures resets fallbacks; do
		assert_line "kvm_htab_${name}_total $(host cat $DIR/stats/$name)"
	done
	assert_line "kvm_htab_tables_total{source=\"pool\"} $(host cat $DIR/stats/from_pool)"
	assert_line "kvm_htab_pool_free_bytes $(host cat $DIR/pool/free_bytes)"
	(($(host cat $DIR/stats/failures) > 0))
}
