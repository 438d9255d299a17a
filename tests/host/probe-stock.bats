# SPDX-License-Identifier: GPL-2.0-only
#
# --probe on a kernel without the series, which tells only root what fits, and of small tables not even where they
# came from: the answers must be those of the pool's bitmap.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Takes: 10 s

load fixture

setup_file() {
	hash_boot --no-panic
	host chmod 666 /dev/kvm
}

setup() {
	pool_before
}

# found USER ARGS: how many tables of each order fit, the largest order, and what is free
found() {
	host_as "$1" kvm-htab pool-status --json "${@:2}" |
		jq -r '.results[0] | [(.fits[]), .largest_free_order, .free_bytes] | map(tostring) | join(" ")'
}

# Root reads the bitmap; nobody cannot, and tries.
same_answers() {
	local bitmap used
	bitmap=$(found root)
	refute [ "${bitmap//null/}" != "$bitmap" ]
	used=$(pool_used)
	assert_equal "$(found nobody --probe)" "$bitmap"
	assert_equal "$(pool_used)" "$used"
}

# answers ARGS: of fit as nobody, for every order
answers() {
	# shellcheck disable=SC2016 # for the shell in the host
	host_as nobody 'for order in {18..46}; do kvm-htab fit -rn -o ANSWER --order $order '"$*"' 2>/dev/null; done'
}

@test "nobody but root is told what fits" {
	neighbour some 24 # or the counters of CMA tell that the pool is empty
	run host_as nobody kvm-htab pool-status --json
	run jq -c '.results[0] | [.fits["18"], .largest_free_order]' <<<"$output"
	assert_output '[null,null]'
}

@test "pool-status --probe finds what the bitmap says, for every order" {
	same_answers
	local name
	for name in n0-25 n1-18 n2-21 n3-19 n4-22 n5-18 n6-26; do
		neighbour "$name" "${name#*-}"
	done
	vm_end n0-25 n2-21 n4-22
	same_answers
	fill_pool
	same_answers
	vm_end n1-18 fill0
	same_answers
}

@test "fit --probe answers as the bitmap does, for every order" {
	neighbour a 25
	neighbour b 18
	fill_pool
	vm_end a
	local used expected order n
	used=$(pool_used)
	# what the pool has not the page allocator may have, up to order 24
	expected=$(host kvm-htab pool-status --json |
		jq -r '.results[0].fits | to_entries[] | if .value > 0 or (.key | tonumber) <= 20 then "yes" else "no" end')
	run answers --probe
	assert_equal "$output" "$expected"
	assert_equal "$(pool_used)" "$used"
	# 2^n tables in the hole
	for n in 0 1 3; do
		order=$((25 - n))
		run host_as nobody kvm-htab fit -rn -o FITS,ANSWER,SOURCE --order $order --count $((1 << n)) --probe
		assert_success
		assert_output "$((1 << n)) yes pool"
	done
	run --separate-stderr host_as nobody kvm-htab fit -rn -o FITS,ANSWER,LARGEST --order 25 --count 2 --probe
	assert_failure 3
	assert_output '1 no -'
	run --separate-stderr host_as nobody kvm-htab fit -rn -o FITS,ANSWER,LARGEST --order 28 --probe
	assert_failure 3
	assert_output '0 no 25'
	vm_end b
}

@test "a small table that is not from the pool is called so" {
	fill_pool
	run host_as nobody kvm-htab fit -rn -o FITS,ANSWER,SOURCE --order 20 --probe
	assert_success
	assert_output '1 yes pages'
	vm_end fill0
	run host_as nobody kvm-htab fit -rn -o FITS,ANSWER,SOURCE --order 20 --probe
	assert_success
	assert_output '1 yes pool'
}

@test "a refusal is in the kernel log" {
	# of these messages, the kernel prints ten in five seconds at most, and the tests before had many
	sleep 6
	local mark
	mark=$(host_mark)
	run host_as nobody kvm-htab fit --order 28 --count 2 --probe --quiet
	assert_failure 3
	run host_dmesg_since "$mark"
	assert_output --partial 'alloc failed'
}

@test "without permission for /dev/kvm: what is known without, and why there is no more" {
	host chmod 600 /dev/kvm
	run host_as nobody kvm-htab pool-status --probe
	host chmod 666 /dev/kvm
	assert_failure 1
	assert_output --partial 'permission denied for /dev/kvm'
	assert_line --regexp '^Total '
}

# The child is stopped as soon as it is there, while it allocates a hundred tables.
@test "a request that hangs: the call ends in time, and leaves the child behind" {
	local used
	used=$(pool_used)
	# shellcheck disable=SC2016 # for the host
	run host_as nobody 'kvm-htab fit --order 18 --count 100 --probe --timeout 3 >/tmp/hang 2>&1 & parent=$!
		until pkill -STOP -P $parent; do :; done
		child=$(pgrep -P $parent); sleep 1; grep ^State /proc/$child/status
		wait $parent; echo "status $?"; cat /tmp/hang; echo "after $SECONDS s"; rm /tmp/hang'
	assert_line --partial 'T (stopped)'
	assert_line 'status 5'
	assert_line --regexp '^kvm-htab: cannot probe: no answer within 3 s, the kernel hangs in KVM_PPC_ALLOCATE_HTAB \(process [0-9]+, which is left behind\)'
	assert_line --regexp '^after [34567] s$'
	assert_equal "$(pool_used)" "$used"
}

@test "a child process that cannot be made" {
	run host_as nobody 'ulimit -u 1; exec kvm-htab fit --order 24 --probe'
	assert_failure 1
	assert_output --partial 'the child process has failed: Resource temporarily unavailable'
}

@test "a call that is killed has its tables freed at once" {
	local used
	used=$(pool_used)
	# shellcheck disable=SC2016 # for the host
	host_as nobody 'kvm-htab pool-status --probe >/dev/null 2>&1 & parent=$!; sleep 0.5; kill -9 $parent; wait; sleep 0.5'
	run host pgrep -x kvm-htab
	assert_failure 1
	assert_equal "$(pool_used)" "$used"
}
