# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: what memory cgroups pay for VMs. Needs host.bash, vmm.bash and the cgroups that the test makes in $CGROUPS, with
# the memory controller.
#
#   start NAME CGROUP [OPTION...]   a hash VM without a table, in that cgroup; remembers what the cgroup pays for it
#   pays CGROUP BYTES [PAGES]       asserts what it pays beyond that
#   pays_only CGROUP BYTES [PAGES]  the same of a cgroup that had nothing to pay
#   limit CGROUP BYTES              what it may have beyond what it has now; no_limit CGROUP
#   event CGROUP NAME               a count of memory.events
#   no_memory COMMAND...            asserts ENOMEM, and that the VM "vm" has its table and its entries as before
#   refused COMMAND...              the same, by the limit of "one"

CGROUPS=/sys/fs/cgroup
MIB=$((1 << 20))

start() {
	host "echo \$\$ >$CGROUPS/$2/cgroup.procs && vmm start $1 ${*:3}"
	[[ $HOST_MACHINE == powernv8 ]] || host vmm ctl "$1" hash
	base=$(settled "$2")
	base_kernel=$(cgroup_kernel "$2")
}

# Shell text for the host. Reading cpu.stat brings memory.stat up to date; on 7.2 it takes up to two seconds.
stat_text() {
	echo "{ cat $CGROUPS/$1/cpu.stat >/dev/null; awk '\$1 == \"$2\" { print \$2 }' $CGROUPS/$1/memory.stat; }"
}

stat_of() {
	host "$(stat_text "$1" "$2")"
}

# The same of the kernel's memory but for slabs, which are taken back while a limit is reached
cgroup_kernel_text() {
	echo "{ cat $CGROUPS/$1/cpu.stat >/dev/null
		awk '\$1 == \"kernel\" { n += \$2 } \$1 == \"slab\" { n -= \$2 } END { print n }' $CGROUPS/$1/memory.stat; }"
}

cgroup_kernel() {
	host "$(cgroup_kernel_text "$1")"
}

settled() {
	[[ $HOST_LINE == 6.* ]] || host sleep 2.5
	stat_of "$1" vmalloc
}

# pays CGROUP BYTES [PAGES]: so much more than at the start for reverse maps and rmap arrays, and for a table from the page
# allocator. The first is exact. In the kernel's memory there are page tables and the like, too.
pays() {
	local want=$((${base:?} + $2)) least
	host_wait 10 "[ \$($(stat_text "$1" vmalloc)) = $want ]" || assert_equal "$(stat_of "$1" vmalloc)" $want
	least=$((base_kernel + $2 + ${3:-0} - MIB))
	host_wait 10 "n=\$($(cgroup_kernel_text "$1")) && [ \$n -gt $least ] && [ \$n -lt $((least + 2 * MIB)) ]" ||
		fail "the kernel's memory is $(cgroup_kernel "$1"), not $((least + MIB))"
}

pays_only() {
	base=0 base_kernel=0 pays "$@"
}

# limit CGROUP BYTES: what it may have beyond what it has now. A few pages at least: without, the OOM killer takes the VMM
# for the buffer of its answer.
limit() {
	host "cd $CGROUPS/$1 && echo \$((\$(<memory.current) + $2)) >memory.max"
}

no_limit() {
	host "echo max >$CGROUPS/$1/memory.max"
}

event() {
	host "awk '\$1 == \"$2\" { print \$2 }' $CGROUPS/$1/memory.events"
}

no_memory() {
	local entries info
	info=$(vm info)
	entries=$(vm entries)
	run "$@"
	assert_output --partial ENOMEM
	assert_equal "$(vm info)" "$info"
	assert_equal "$(vm entries)" "$entries"
}

refused() {
	local max
	max=$(event one max)
	no_memory "$@"
	(($(event one max) > max)) || fail "no event"
	assert_equal "$(event one oom_kill)" 0
}
