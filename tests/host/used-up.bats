# shellcheck disable=SC2154 # start of charges.bash sets base
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory that is all but used up, and no pool: a table from the page allocator can only grow around its own place. The VM
# gets the larger table and pays for it, or keeps its table and its entries and pays for nothing else.
#
# The page allocator gives a certain place in whole pageblocks only. Those of the emulated hosts are of 16 MiB, as large as
# its largest table, so no table grows there. With kernel/config/pageblock.config they are of 2 MiB.
#
# Check-long: powernv8 powernv9 powernv10; lines: 6.1; kernels: series
# Check-long: powernv9; lines: 7.2; kernels: pageblock
# Takes: 80 s

bats_require_minimum_version 1.5.0
load host
load vmm
load charges

PREFER_PAGES=2
# Pages that the kernel has taken in the wrong place do not come back: so often a test begins anew
TRIES=5

setup_file() {
	host_boot --memory 1G --append kvm_cma_resv_ratio=0
	host "echo +memory >$CGROUPS/cgroup.subtree_control && mkdir $CGROUPS/one"
	# shellcheck disable=SC2016 # for the shell in the host
	host 'order=$(sed -n "s/Page block order: *//p" /proc/pagetypeinfo)
		echo $(($(getconf PAGESIZE) << order))' >"$BATS_FILE_TMPDIR/pageblock"
}

teardown_file() {
	host "rmdir $CGROUPS/one"
}

# A VM with a table in the first half of a block of 4 MiB; nobody has asked for the other half. All other memory is in
# single pages: each second one is locked, so that the rest never makes a block.
setup() {
	start vm one
	run vm allocate2 22 0 $PREFER_PAGES
	assert_output 'order=22 source=2'
	host_limit 300 fragment 16 true
	run vm allocate2 21
	assert_output 'order=21 source=2'
	vm run
	entries=$(vm entries)
	((entries > 0))
	n=$(in_place)
	as_before
}

# shellcheck disable=SC2016 # for the shell in the host
teardown() {
	no_limit one
	host 'if [ -e /run/fragment.pid ]; then
			read -r pid </run/fragment.pid
			kill "$pid"
			while [ -d "/proc/$pid" ]; do sleep 0.1; done
		fi'
	vm_end vm other
}

grows_in_parts() {
	(($(<"$BATS_FILE_TMPDIR/pageblock") <= 2 * MIB))
}

# What the cgroup pays for; no_memory compares table and entries
as_before() {
	assert_equal "$(in_place)" "$n"
	pays one $((2 * MIB)) $((2 * MIB))
}

@test "nothing else is free: the table grows, or nothing has changed" {
	local try
	for ((try = 1; ; try++)); do
		run vm allocate2 22
		[[ $output == ENOMEM ]] || break
		assert_equal "$(vm entries)" "$entries"
		no_memory vm allocate2 24 22
		as_before
		# its guest goes on
		vm run
		grows_in_parts && ((try < TRIES)) || break
		teardown
		setup
	done
	if grows_in_parts; then
		assert_output 'order=22 source=2'
		assert_equal "$(in_place)" $((n + 1))
		assert_equal "$(vm entries)" 0
		pays one $((4 * MIB)) $((4 * MIB))
		vm run
		assert_equal "$(vm entries)" "$entries"
		# and what it gives back is not charged
		run vm allocate2 21
		assert_output 'order=21 source=2'
		pays one $((2 * MIB)) $((2 * MIB))
	fi
	vm close-vm
	pays one $((-base))
}

@test "another table is there: ENOMEM, nothing has changed" {
	host vmm start other --ram 16
	host vmm ctl other hash || :
	run host vmm ctl other allocate2 21 18 $PREFER_PAGES
	# or the kernel itself has taken so much of it
	[[ $output == *source=2 || $output == ENOMEM ]]
	no_memory vm allocate2 22
	no_memory vm allocate2 24 22
	as_before
}

@test "a memory cgroup's limit: ENOMEM, nothing has changed" {
	grows_in_parts || skip "no table grows here"
	# 2 MiB for the table, 4 for the reverse map
	local mib try max
	for mib in 1 4; do
		for ((try = 1; ; try++)); do
			limit one $((mib * MIB))
			max=$(event one max)
			no_memory vm allocate2 22
			as_before
			(($(event one max) == max && try < TRIES)) || break
			teardown
			setup
		done
		(($(event one max) > max)) || fail "no event"
		assert_equal "$(event one oom_kill)" 0
	done
}
