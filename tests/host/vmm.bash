# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: the reference VMM in the host, and the pool its tables come from.
#
#   vm_start [OPTION...]    a VMM named "vm" (options of vmm start: --ram MIB, --vcpus N), without
#                           a table yet; radix where the host is
#   vm COMMAND ARG...       a command to it, see `vmm help`: answer on stdout, status 0 or 1
#   vm_end [NAME...]        ends it, or those, if there; the VM is gone when this returns
#   entries_after_run       entries of a table after `vm run`: the guest's 64 MiB in pages of the host, which
#                           the kernel maps, and 9 of the guest's own
#   pool_used               bytes of the pool that are taken now
#   pool_back_to BYTES      waits until that much is taken; for what the kernel finishes later

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

entries_after_run() {
	# shellcheck disable=SC2016
	host 'echo $(((64 << 20) / $(getconf PAGESIZE) + 9))'
}

pool_used() {
	# shellcheck disable=SC2016
	host 'echo $(($(</sys/kernel/debug/cma/kvm_cma/used) * $(getconf PAGESIZE)))'
}

pool_back_to() {
	host_wait 10 "[ \$((\$(</sys/kernel/debug/cma/kvm_cma/used) * \$(getconf PAGESIZE))) -eq $1 ]"
}
