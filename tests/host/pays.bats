# shellcheck disable=SC2034 # base_kernel is for charges.bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which memory cgroup pays for reverse maps, rmap arrays and tables from the page allocator, to the byte, and what its
# limit means.
#
# Runs on: powernv9; lines: first 7.2; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 60 s

bats_require_minimum_version 1.5.0
load fixture
load charges

SOCKET=@pays

setup_file() {
	host_boot
	host "echo +memory >$CGROUPS/cgroup.subtree_control"
}

# A VM without a table in the cgroup "one", and another cgroup
setup() {
	pool_before
	host "cd $CGROUPS && mkdir one two"
	start vm one
}

teardown() {
	vm_end vm other
	pool_after
	host "cd $CGROUPS && rmdir one two"
}

@test "create, reset, resize, close" {
	pays one 0
	vm allocate 24
	pays one $((16 * MIB))
	vm allocate 24
	pays one $((16 * MIB))
	vm allocate 25
	pays one $((32 * MIB))
	pool_gave $((32 * MIB))
	vm run
	vm allocate 22
	pays one $((4 * MIB))
	run vm allocate2 26 18
	assert_output 'order=26 source=1'
	pays one $((64 * MIB))
	vm close-vm
	# and what it had to pay for itself
	pays one $((-base))
}

@test "the table of a VM that nobody has asked for" {
	vm run
	run vm info
	assert_output --partial 'order=24 '
	pays one $((16 * MIB))
}

@test "rmap arrays: 8 bytes for each page of the guest" {
	local first=$base pages
	start other two --ram 1088
	# shellcheck disable=SC2016 # for the shell in the host
	pages=$(host 'echo $(((1 << 30) / $(getconf PAGESIZE)))')
	assert_equal $((base - first)) $((pages * 8))
	host vmm ctl other close-vm
	pays two $((-base))
}

@test "a resize: prepared by a worker, committed, discarded" {
	vm allocate 24
	vm prepare 25
	pays one $((48 * MIB))
	vm commit 25
	pays one $((32 * MIB))
	vm prepare 26
	pays one $((96 * MIB))
	vm prepare 0
	pays one $((32 * MIB))
	# discarded by a request
	vm prepare 26
	vm allocate 24
	pays one $((16 * MIB))
	# and by the end of the VM
	vm prepare 25
	vm close-vm
	pays one $((-base))
}

@test "the owner pays for what others ask for" {
	vm allocate 24
	vm permit
	vm offer "$SOCKET"
	run host "echo \$\$ >$CGROUPS/two/cgroup.procs
		exec setpriv --reuid=nobody --clear-groups foreign $SOCKET allocate2 25 0 0 say bye"
	assert_output --partial 'allocate2 25'
	pays one $((32 * MIB))
	pays_only two 0
	# an administrator, without an offer
	vm revoke
	run host "echo \$\$ >$CGROUPS/two/cgroup.procs
		exec kvm-htab resize --force --order 26 --vm pid:\$(</run/vmm/vm/pid)"
	assert_success
	pays one $((64 * MIB))
	pays_only two 0
}

@test "an owner that is moved pays for new tables there, one that is killed for nothing" {
	vm allocate 24
	host "cat /run/vmm/vm/pid >$CGROUPS/two/cgroup.procs"
	pays one $((16 * MIB))
	pays_only two 0
	vm prepare 25
	pays one $((16 * MIB))
	pays_only two $((32 * MIB))
	vm commit 25
	pays one 0
	pays_only two $((32 * MIB))
	# shellcheck disable=SC2016 # for the shell in the host
	host 'kill -9 $(</run/vmm/vm/pid)'
	pays one $((-base))
	pays_only two 0
}

# The VM's file descriptor keeps its table, and whoever has that must not have it for nothing
@test "who asks for a table of an owner that ends meanwhile pays for it" {
	owner_ends_while_asked "$CGROUPS/two"
	run host cat /run/foreign.out
	assert_output 'allocate-stalled 24'
	pool_gave $((16 * MIB))
	run pays_only two $((16 * MIB))
	host touch /run/end
	assert_success
	pays_only two 0
}

@test "a table from the page allocator is charged as well, and what it gives back is not" {
	local order
	[[ ! ${HOST_ON:-} ]] || skip "the modules do not say what is free in the pool"
	order=$(host cat /sys/kernel/kvm_htab/order_max_pages)
	fill_pool
	run vm allocate2 "$order"
	assert_output "order=$order source=2"
	pays one $((1 << order)) $((1 << order))
	run vm allocate2 20
	assert_success
	pays one "$MIB" "$MIB"
	vm close-vm
	pays one $((-base))
}

@test "a table that grows in place: the larger reverse map, or none if that is too much" {
	only_patched_kernel "growing in place"
	local n
	one_block
	run vm allocate2 25
	assert_output 'order=25 source=1'
	neighbour behind 25
	fill_pool
	vm_end behind
	vm run
	n=$(in_place)
	limit one $((24 * MIB))
	refused vm allocate2 26
	pays one $((32 * MIB))
	no_limit one
	run vm allocate2 26
	assert_output 'order=26 source=1'
	assert_equal "$(in_place)" $((n + 1))
	pays one $((64 * MIB))
}

charged() {
	host 'cat /sys/kernel/kvm_htab/vm/*/charged_bytes'
}

@test "sysfs says what is charged" {
	local rmap=$base
	assert_equal "$(charged)" "$rmap"
	vm allocate 24
	assert_equal "$(charged)" $((rmap + 16 * MIB))
	run host 'stat -c %a /sys/kernel/kvm_htab/vm/*/charged_bytes'
	assert_output 400
}

@test "a limit: requests are refused, and the VM keeps its table and its entries" {
	vm allocate 24
	vm run
	limit one $((24 * MIB))
	refused vm allocate 26
	refused vm allocate2 27 25
	refused vm prepare 26
	pool_gave $((16 * MIB))
	pays one $((16 * MIB))
	# an administrator, whose own cgroup has no limit; 4 is FORCE
	# shellcheck disable=SC2016 # for the shell in the host
	refused host 'foreign pid:$(</run/vmm/vm/pid) allocate2 26 0 4'
	pool_gave $((16 * MIB))
	run vm run
	assert_success
	no_limit one
	run vm allocate 26
	assert_success
	pays one $((64 * MIB))
}

@test "a limit: less will do, shrinking always does" {
	vm allocate 22
	limit one $((40 * MIB))
	run vm allocate2 28 18
	assert_success
	assert_output 'order=25 source=1'
	limit one $((MIB / 2))
	run vm allocate2 24
	assert_output 'order=24 source=1'
	pool_gave $((16 * MIB))
	assert_equal "$(event one oom_kill)" 0
	# it keeps the larger reverse map until there is memory for another
	pays one $((32 * MIB))
	assert_equal "$(charged)" $((base + 32 * MIB))
	run vm info
	assert_output --partial " revmap_bytes=$((32 * MIB)) "
	no_limit one
	run vm allocate2 19
	assert_output 'order=19 source=1'
	pays one $((MIB / 2))
	assert_equal "$(charged)" $((base + MIB / 2))
}

@test "a limit: the first table, and memory for the guest" {
	limit one $((12 * MIB))
	run vm run
	assert_success
	run vm info
	assert_output --regexp 'order=2[23] '
	assert_equal "$(event one oom_kill)" 0

	# 32 MiB for 256 GiB in pages of 64 KiB. The VMM ends with the error of the ioctl, not by the OOM killer.
	limit two $((8 * MIB))
	run host "echo 1 >/proc/sys/vm/overcommit_memory
		(echo \$BASHPID >$CGROUPS/two/cgroup.procs; vmm start other --ram 262144)
		status=\$?
		echo 0 >/proc/sys/vm/overcommit_memory
		exit \$status"
	assert_failure
	(($(event two max) > 0)) || fail "no event"
	assert_equal "$(event two oom_kill)" 0
}

@test "a limit: no other VM's table is moved for a table that is refused" {
	only_patched_kernel "moving tables"
	tables_move running
	one_block
	neighbour a 25
	neighbour b 25
	neighbour c 25
	fill_pool
	vm_end a c
	local plans
	plans=$(host cat /sys/kernel/kvm_htab/stats/plans)
	limit one $((8 * MIB))
	refused vm allocate 26
	refused vm prepare 26
	assert_equal "$(host cat /sys/kernel/kvm_htab/stats/plans)" "$plans"
	no_limit one
	run vm allocate 26
	assert_success
	assert_equal "$(host cat /sys/kernel/kvm_htab/stats/plans)" $((plans + 1))
}

@test "a radix VM pays for no table" {
	[[ $HOST_MACHINE != powernv8 ]] || skip "POWER8 has no radix"
	vm close-vm
	vm create
	base=$(settled one)
	base_kernel=$(cgroup_kernel one)
	vm run-loop
	vm stop
	pays one 0
	# switched to hash, and back
	vm allocate 24
	pays one $((16 * MIB))
	vm radix
	pays one 0
}
