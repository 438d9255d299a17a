# SPDX-License-Identifier: GPL-2.0-only
#
# kernel/rfc/dmem: which dmem cgroup pays for what a table takes of the pool, to the byte, and what its limit means.
#
# Check-long: powernv9; lines: 7.2; kernels: dmem
# Takes: 90 s

bats_require_minimum_version 1.5.0
load fixture

CGROUPS=/sys/fs/cgroup
SOCKET=@dmem
MIB=$((1 << 20))

setup_file() {
	host_boot
	host "echo '+memory +dmem' >$CGROUPS/cgroup.subtree_control"
}

# A VM without a table in the cgroup "one", and another cgroup
setup() {
	pool_before
	host "cd $CGROUPS && mkdir one two
		echo \$\$ >one/cgroup.procs && vmm start vm"
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
}

# All of the pool is charged to somebody, and in the end nothing is, and no reference to a cgroup is left
teardown() {
	adds_up
	vm_end vm other
	pool_after
	adds_up
	host "cd $CGROUPS && if [ -d one ]; then rmdir one; fi && rmdir two"
	host_wait 20 "grep -qx 'nr_dying_subsys_dmem 0' $CGROUPS/cgroup.stat"
}

# current CGROUP: "." is the root
current() {
	host "sed -n 's/^kvm_htab //p' $CGROUPS/$1/dmem.current"
}

adds_up() {
	assert_equal "$(current .)" "$(pool_used)"
}

# pays ONE [TWO]: MiB
pays() {
	adds_up
	assert_equal "one $(current one) two $(current two)" "one $(($1 * MIB)) two $((${2:-0} * MIB))"
}

# limit CGROUP MIB
limit() {
	host "echo kvm_htab ${2}M >$CGROUPS/$1/dmem.max"
}

no_limit() {
	host "echo kvm_htab max >$CGROUPS/$1/dmem.max"
}

# refused COMMAND...: nothing has changed
refused() {
	local info entries charged
	info=$(vm info)
	entries=$(vm entries)
	charged=$(current one)
	run "$@"
	assert_output --partial ENOMEM
	assert_equal "$(vm info)" "$info"
	assert_equal "$(vm entries)" "$entries"
	assert_equal "$(current one)" "$charged"
	adds_up
}

@test "the pool is a region of dmem" {
	run host "cat $CGROUPS/dmem.capacity"
	assert_output "kvm_htab $(host cat /sys/kernel/kvm_htab/pool/total_bytes)"
	run host "cat $CGROUPS/one/dmem.max"
	assert_output 'kvm_htab max'
	pays 0
}

@test "create, reset, resize, close" {
	vm allocate 24
	pays 16
	vm allocate 24
	pays 16
	vm allocate 25
	pays 32
	vm run
	vm allocate 22
	pays 4
	run vm allocate2 26 18
	assert_output 'order=26 source=1'
	pays 64
	[[ $HOST_MACHINE == powernv8 ]] || { vm radix && pays 0; }
	vm close-vm
	pays 0
}

@test "the table of a VM that nobody has asked for" {
	vm run
	pays 16
}

@test "a table from the page allocator is not charged" {
	run vm allocate2 24 0 2
	assert_output 'order=24 source=2'
	pays 0
	vm allocate 25
	pays 32
}

@test "a resize: prepared by a worker, committed, discarded" {
	vm allocate 24
	vm prepare 25
	pays 48
	vm commit 25
	pays 32
	vm prepare 26
	pays 96
	vm prepare 0
	pays 32
	# discarded by a request
	vm prepare 26
	vm allocate 24
	pays 16
	# and by the end of the VM
	vm prepare 25
	pays 48
	vm close-vm
	pays 0
}

@test "the owner pays for what others ask for" {
	vm allocate 24
	vm permit
	vm offer "$SOCKET"
	run host "echo \$\$ >$CGROUPS/two/cgroup.procs
		exec setpriv --reuid=nobody --clear-groups foreign $SOCKET allocate2 25 0 0 say bye"
	assert_output --partial 'allocate2 25'
	pays 32
	# an administrator, without an offer
	vm revoke
	run host "echo \$\$ >$CGROUPS/two/cgroup.procs
		exec kvm-htab resize --force --order 26 --vm pid:\$(</run/vmm/vm/pid)"
	assert_success
	pays 64
}

@test "an owner that is moved pays for new tables there, one that is killed for nothing" {
	vm allocate 24
	host "cat /run/vmm/vm/pid >$CGROUPS/two/cgroup.procs"
	pays 16
	vm prepare 25
	pays 16 32
	vm commit 25
	pays 0 32
	# shellcheck disable=SC2016 # for the shell in the host
	host 'kill -9 $(</run/vmm/vm/pid)'
	host_wait 10 "grep -qx 'kvm_htab 0' $CGROUPS/two/dmem.current"
	pays 0
}

@test "a cgroup that is removed is charged until its table goes" {
	vm allocate 24
	host "cat /run/vmm/vm/pid >$CGROUPS/two/cgroup.procs && rmdir $CGROUPS/one"
	assert_equal "$(current two)" 0
	assert_equal "$(current .)" $((16 * MIB))
	vm allocate 25
	assert_equal "$(current two)" $((32 * MIB))
	assert_equal "$(current .)" $((32 * MIB))
}

# The VM's file descriptor keeps its table, and whoever has that must not have it for nothing
@test "who asks for a table of an owner that ends meanwhile pays for it" {
	owner_ends_while_asked "$CGROUPS/two"
	run pays 0 16
	host touch /run/end
	assert_success
	host_wait 10 "grep -qx 'kvm_htab 0' $CGROUPS/two/dmem.current"
}

# A table of order 25 with as much free behind it, and nothing else
table_with_room() {
	one_block
	vm allocate 25
	neighbour behind 25
	fill_pool
	vm_end behind
}

@test "in place: growing charges the difference, shrinking uncharges it" {
	table_with_room
	local n
	n=$(in_place)
	limit one 63
	refused vm allocate2 26
	limit one 64
	run vm allocate2 26
	assert_output 'order=26 source=1'
	pays 64
	run vm allocate2 25
	assert_output 'order=25 source=1'
	pays 32
	assert_equal "$(in_place)" $((n + 2))
	vm run
}

@test "in place: the whole table is charged where its owner is now" {
	table_with_room
	vm run
	host "cat /run/vmm/vm/pid >$CGROUPS/two/cgroup.procs"
	limit two 63
	refused vm allocate2 26
	limit two 64
	run vm allocate2 26
	assert_output 'order=26 source=1'
	pays 0 64
	# what stays of it is charged as before
	host "cat /run/vmm/vm/pid >$CGROUPS/one/cgroup.procs"
	run vm allocate2 25
	assert_output 'order=25 source=1'
	pays 0 32
}

@test "a limit: requests are refused, and the VM keeps its table and its entries" {
	vm allocate 24
	vm run
	# 16 more in place, 32 more elsewhere
	limit one 31
	refused vm allocate 25
	refused vm allocate2 27 25
	# an administrator, whose own cgroup has no limit; 4 is FORCE
	# shellcheck disable=SC2016 # for the shell in the host
	refused host 'foreign pid:$(</run/vmm/vm/pid) allocate2 25 0 4'
	run vm run
	assert_success
	limit one 47
	refused vm prepare 25
	limit one 48
	run vm prepare 25
	assert_success
	pays 48
	vm commit 25
	pays 32
	no_limit one
	run vm allocate 26
	assert_success
	pays 64
}

# dmem ignores a limit below what is charged
@test "a limit that is used up: resets and shrinking work" {
	vm allocate 26
	vm run
	limit one 64
	refused vm allocate 27
	refused vm prepare 27
	refused vm prepare 25
	run vm allocate 26
	assert_output 26
	pays 64
	run vm allocate2 25
	assert_output 'order=25 source=1'
	pays 32
	limit one 32
	refused vm prepare 26
}

@test "a limit is like a full pool: less will do, and the page allocator" {
	limit one 40
	run vm allocate2 28 18
	assert_output 'order=25 source=1'
	pays 32
	vm close-vm
	vm create
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	limit one 8
	run vm allocate2 24
	assert_output 'order=24 source=2'
	pays 0
}

@test "a limit of a cgroup above" {
	host "cd $CGROUPS/two && echo +dmem >cgroup.subtree_control && mkdir below &&
		cat /run/vmm/vm/pid >below/cgroup.procs && echo kvm_htab 32M >dmem.max"
	refused vm allocate 26
	vm allocate 25
	pays 0 32
	assert_equal "$(current two/below)" $((32 * MIB))
	vm_end vm
	host "rmdir $CGROUPS/two/below && echo -dmem >$CGROUPS/two/cgroup.subtree_control"
}

@test "moving a table changes nothing, and a limit moves none" {
	tables_move running
	one_block
	neighbour a 25
	vm allocate 25
	neighbour c 25
	fill_pool
	vm_end a c
	pays 32
	local plans
	plans=$(host cat /sys/kernel/kvm_htab/stats/plans)
	host "echo \$\$ >$CGROUPS/two/cgroup.procs && vmm start other"
	host vmm ctl other hash || :
	limit two 63
	run host vmm ctl other allocate 26
	assert_output ENOMEM
	assert_equal "$(host cat /sys/kernel/kvm_htab/stats/plans)" "$plans"
	limit two 64
	run host vmm ctl other allocate 26
	assert_success
	assert_equal "$(host cat /sys/kernel/kvm_htab/stats/plans)" $((plans + 1))
	pays 32 64
}
