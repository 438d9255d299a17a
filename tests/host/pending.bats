# SPDX-License-Identifier: GPL-2.0-only
#
# A resize that is prepared and not yet committed, and requests that arrive in between. A request that discards it
# returns its memory at once; a commit after that returns ENXIO.
#
# Runs on: powernv9; lines: all; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 18 s

bats_require_minimum_version 1.5.0
load fixture

SOCKET=@pending

setup_file() {
	host_boot
	AFTER_RUN=$(entries_after_run)
	# those of them that a resize keeps: the bolted ones, with which the kernel maps the guest's memory
	BOLTED=$(guest_pages)
	export AFTER_RUN BOLTED
}

# is FLAGS ORDER [PENDING-ORDER]: what INFO says, and that the pool has lost what that takes
is() {
	run vm info
	assert_output --partial "order=$2 "
	assert_output --partial " flags=$1 "
	pool_gave $((($2 ? 1 << $2 : 0) + (${3:-0} ? 1 << ${3:-0} : 0)))
}

# prepared ORDER: and the table that the VM has is the one of setup
prepared() {
	run vm prepare "$1"
	assert_success
	assert_output 0
	is 0x4 24 "$1"
}

nothing_to_commit() {
	run vm commit "$1"
	assert_failure
	assert_output ENXIO
}

@test "prepared, then reset or allocated by the owner: gone" {
	local order
	for order in 24 22 26 25; do
		prepared 25
		run vm allocate $order
		assert_success
		is 0 $order
		nothing_to_commit 25
		is 0 $order
		vm allocate 24
	done
	prepared 25
	run vm allocate2 0 0 1
	assert_output 'order=24 source=1'
	is 0 24
	nothing_to_commit 25
}

@test "prepared, then reset or resized by another process: gone" {
	local request
	for request in '0 0 1' '24 0 0' '26 18 0'; do
		vm allocate 24
		vm permit
		vm prepare 25
		is 0xc 24 25
		vm offer "$SOCKET"
		# shellcheck disable=SC2086 # words
		run host_as nobody foreign "$SOCKET" allocate2 $request say bye
		assert_success
		refute_output --partial E
		is 0x8 "$([[ $request == 26* ]] && echo 26 || echo 24)"
		nothing_to_commit 25
	done
}

@test "prepared, then a request that is refused: still there, and committed" {
	prepared 25
	run vm allocate 17
	assert_output EINVAL
	run vm allocate2 24 0 8
	assert_output --partial EINVAL
	is 0x4 24 25
	vm offer "$SOCKET"
	run host setpriv --bounding-set=-sys_admin --inh-caps=-all \
		foreign "$SOCKET" allocate2 24 0 0 say bye
	assert_line 'allocate2 EPERM'
	is 0x4 24 25
	vm run-loop
	run vm allocate 24
	assert_output EBUSY
	run vm info
	assert_output --partial ' flags=0x6 vcpus_running=1 '
	# while the guest runs
	run vm commit 25
	assert_success
	is 0x2 25
	vm stop
	run vm run
	assert_success
}

@test "prepared, then a request that ends in ENOMEM: gone, and the table is what it was" {
	vm run
	vm prepare 25
	is 0x6 24 25
	run vm allocate 40
	assert_output ENOMEM
	is 0x2 24
	run vm entries
	assert_output "$AFTER_RUN"
	nothing_to_commit 25
	run vm entries
	assert_output "$AFTER_RUN"
}

@test "prepared and cancelled, prepared in another size, committed in another size" {
	prepared 25
	run vm prepare 0
	assert_success
	is 0 24
	nothing_to_commit 25
	nothing_to_commit 0

	prepared 25
	# asked again: done already
	prepared 25
	prepared 26
	nothing_to_commit 25
	is 0 24
	nothing_to_commit 26
}

@test "an allocation under way: the request waits, and then has the memory" {
	run vm prepare-nowait 28
	assert_output 100
	run vm allocate 28
	assert_success
	is 0 28
	nothing_to_commit 28
	# which is more than half of the pool: there was no room for both
	run vm prepare-nowait 27
	assert_output 100
	run vm prepare-nowait 26
	assert_output 100
	run vm allocate 24
	assert_success
	# for the one that was replaced by another one nobody waits
	pool_back_to $((${before:?} + (1 << 24)))
	is 0 24
}

@test "a size that cannot be had: the answer comes once, and nothing is pending" {
	run vm prepare 40
	assert_failure
	assert_output ENOMEM
	is 0 24
	run vm prepare-nowait 40
	assert_output 100
	# not asked again; under way or not
	run vm commit 40
	assert_failure
	[[ $output == EBUSY || $output == ENOMEM ]]
	is 0 24
	nothing_to_commit 40
}

@test "a VM without a table gets its first one by a resize" {
	vm close-vm
	vm create
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	is 0 0
	vm prepare 22
	is 0x4 0 22
	run vm commit 22
	assert_success
	is 0 22
	run vm run
	assert_success
	is 0x2 22
}

@test "radix: nothing can be prepared, and what was before is not committed" {
	run vm radix
	if [[ $HOST_MACHINE == powernv8 ]]; then
		# there is no radix here, and what was asked for has changed nothing
		assert_output ENODEV
		prepared 25
		run vm radix
		assert_output ENODEV
		is 0x4 24 25
		run vm commit 25
		assert_success
		is 0 25
		return
	fi
	assert_success
	is 0x1 0
	run vm prepare 25
	assert_output EINVAL
	run vm commit 25
	assert_output EINVAL
	is 0x1 0

	vm allocate 24
	prepared 25
	vm radix
	run vm commit 25
	assert_output EINVAL
	run vm info
	assert_output --partial 'order=0 source=0 '
	# hash again
	run vm allocate 24
	assert_success
	is 0 24
	nothing_to_commit 25
	run vm run
	assert_success
}

@test "after a commit, everything speaks of the new table" {
	local order status
	for order in 26 22 25; do
		vm run
		vm permit
		vm prepare $order
		run vm commit $order
		assert_success
		is 0xa $order
		run vm info
		assert_output --partial "order=$order source=1 "
		assert_output --partial " table_bytes=$((1 << order)) revmap_bytes=$((1 << order)) "
		run vm slots
		assert_output $((1 << (order - 4)))
		run vm entries
		assert_output "$BOLTED"
		vm offer "$SOCKET"
		status=$(host_as nobody kvm-htab vm-status --vm "$SOCKET" --json)
		assert_equal "$(jq -r .results[0].order <<<"$status")" $order
		assert_equal "$(jq -r .results[0].resizing <<<"$status")" false
		# the guest goes on with it
		run vm run
		assert_success
		run vm entries
		assert_output "$AFTER_RUN"
	done
	vm permit
	vm offer "$SOCKET"
	run host_as nobody kvm-htab reset --vm "$SOCKET" -rn -o RESULT,ORDER
	assert_output 'reset 25'
	is 0x8 25
	run vm slots
	assert_output $((1 << 21))
	run vm entries
	assert_output 0
	run vm run
	assert_success
	# READY and OFFER_ENDED
	is 0x12 25
}
