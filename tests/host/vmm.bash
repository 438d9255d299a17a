# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: the reference VMM in the host, and the pool its tables come from.
#
#   vm_start [OPTION...]    a VMM named "vm" (options of vmm start: --ram MIB, --vcpus N), without
#                           a table yet; radix where the host is
#   vm COMMAND ARG...       a command to it, see `vmm help`: answer on stdout, status 0 or 1
#   vm_end [NAME...]        ends it, or those, if there; the VM is gone when this returns
#   neighbour NAME ORDER    another VM, with a table; its name is added to the array "neighbours", for vm_end in teardown
#   one_block               what is left of an empty pool is its first and largest block of a power of two, in which tables
#                           of the same order then come one behind the other; the smaller blocks go to neighbours
#   fill_pool               what is left of the pool goes to neighbours of falling orders
#   largest_order           that the pool can give now; 0: none
#   guest_pages             pages of the host in the guest's 64 MiB
#   entries_after_run [ORDER]  entries of a table of that order (24) after `vm run`: the kernel maps those pages for
#                           real mode, at most one in each group of 8 entries; 9 are the guest's own
#   htab_ctl_bits           what KVM_CHECK_EXTENSION says of KVM_CAP_PPC_HTAB_CTL: the modules move no tables, and do
#                           not have NOMOVE
#   in_place                tables made where the old one was, or around it, since kvm_hv was loaded
#   tables_move MODE [MS]   whose tables the kernel may move, if it moves any: never, stopped or running; and for how long
#                           it may hold up a VM (1000 ms, since copies are slow on an emulated host)
#   pool_used               bytes of the pool that are taken now
#   pool_back_to BYTES      waits until that much is taken; for what the kernel finishes later
#   last_vm                 the number, in /sys/kernel/kvm_htab/vm, of the VM that was created last
#   figure NAME             what a line of kvm_htab/occupancy in $output has behind that name
#   owner_ends_while_asked CGROUP  a process in that cgroup asks for a table of order 24 for the VM "vm", whose owner is gone
#                           when the kernel gets to that; it keeps the VM until there is /run/end
#   a_stranger_in_a_loop SOCKET  resets the VM for 20 s as fast as it can; meanwhile the VM's owner makes offers and lets
#                           it run, a guest that leaves KVM_RUN all the time. Fails if the guest loses an entry
#   ready_through_resizes SOCKET  asks for 12 s whether the VM is READY, while its table is resized and written to

last_vm() {
	host 'ls /sys/kernel/kvm_htab/vm | sort -n | tail -n 1'
}

figure() {
	# shellcheck disable=SC2154 # bats sets output
	awk -v name="$1" '{ for (i = 1; i < NF; i += 2) if ($i == name) { print $(i + 1); exit } }' <<<"$output"
}

# shellcheck disable=SC2016 # for the shell in the host
owner_ends_while_asked() {
	host 'rm -f /run/go* /run/end*
		(echo $BASHPID >'"$1"'/cgroup.procs
		exec foreign pid:$(</run/vmm/vm/pid) allocate-stalled 24 /run/go hold /run/end) >/run/foreign.out 2>&1 </dev/null &'
	host_wait 10 '[ -e /run/go.holding ]'
	host 'pid=$(</run/vmm/vm/pid); kill -9 "$pid"; while [ -d "/proc/$pid" ]; do sleep 0.1; done; touch /run/go'
	host_wait 10 '[ -e /run/end.holding ]'
}

vm_start() {
	host vmm start vm "$@"
}

vm() {
	host vmm ctl vm "$@"
}

# A VMM that the kernel has killed leaves its directory behind.
vm_end() {
	local name
	for name in "${@:-vm}"; do
		# shellcheck disable=SC2016 # for the shell in the host
		host '
			name='"$name"'
			read -r pid </run/vmm/$name/pid || exit 0
			vmm ctl $name quit || kill -9 "$pid"
			while [ -d "/proc/$pid" ]; do sleep 0.1; done
			rm -rf "/run/vmm/$name"' >/dev/null 2>&1
	done
}

neighbour() {
	host vmm start "$1" --ram 16 >/dev/null
	host vmm ctl "$1" hash >/dev/null 2>&1 || :
	host vmm ctl "$1" allocate "$2" >/dev/null
	neighbours+=("$1")
}

# The tool says it on any kernel.
largest_order() {
	host kvm-htab pool-status -rn -o LARGEST 2>/dev/null
}

one_block() {
	local free order
	free=$(host cat /sys/kernel/kvm_htab/pool/free_bytes)
	for ((order = 18; 2 << order <= free; order++)); do
		((!(free >> order & 1))) || neighbour "odd$order" "$order"
	done
}

fill_pool() {
	local order n=0
	while order=$(largest_order) && ((order)); do
		neighbour "fill$n" "$order"
		n=$((n + 1))
	done
}

guest_pages() {
	# shellcheck disable=SC2016 # for the shell in the host
	host 'echo $(((64 << 20) / $(getconf PAGESIZE)))'
}

entries_after_run() {
	local pages groups=$((1 << (${1:-24} - 7)))
	pages=$(guest_pages)
	echo $(((pages < groups ? pages : groups) + 9))
}

htab_ctl_bits() {
	[[ ${HOST_ON:-} ]] && echo 6 || echo 14
}

in_place() {
	host cat /sys/kernel/kvm_htab/stats/in_place
}

tables_move() {
	host "
		cd /sys/module/kvm_hv/parameters
		[ ! -e htab_move ] || echo $1 >htab_move
		[ ! -e htab_move_max_pause_ms ] || echo ${2:-1000} >htab_move_max_pause_ms"
}

# For the shell in the host. A distribution's kernel has no CMA in debugfs; there our modules say it.
# shellcheck disable=SC2016
if [[ ${HOST_ON:-} ]]; then
	pool_used_bytes='$(</sys/kernel/kvm_htab/pool/used_bytes)'
else
	pool_used_bytes='$(($(</sys/kernel/debug/cma/kvm_cma/used) * $(getconf PAGESIZE)))'
fi

pool_used() {
	host "echo $pool_used_bytes"
}

pool_back_to() {
	host_wait 10 "[ $pool_used_bytes -eq $1 ]"
}

a_stranger_in_a_loop() {
	host_limit 120 "
		vmm ctl vm permit && vmm ctl vm offer $1 || exit 1
		setpriv --reuid=nobody --clear-groups foreign $1 reset-loop 20 0 >/tmp/loop 2>&1 &
		sleep 1
		for i in 1 2 3 4 5; do
			vmm ctl vm exits || exit 1
			sleep 3
			vmm ctl vm stop || exit 1
			vmm ctl vm permit || exit 1
			sleep 0.5
		done
		vmm ctl vm exits || exit 1
		wait
		vmm ctl vm stop && cat /tmp/loop"
}

# The entry is not bolted, so that a resize drops it: two of the kind would collide in the next one.
ready_through_resizes() {
	host_limit 120 "
		vmm ctl vm run && vmm ctl vm permit && vmm ctl vm offer $1 || exit 1
		foreign $1 flag-loop 12 2 >/tmp/ready 2>&1 &
		while pgrep -x foreign >/dev/null; do
			vmm ctl vm prepare 25 && vmm ctl vm commit 25 &&
				vmm ctl vm htab-write 2048 0x200005 0x40000000 &&
				vmm ctl vm prepare 24 && vmm ctl vm commit 24 || exit 1
		done >/dev/null
		cat /tmp/ready"
}
