# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: what most files of tests/host set up. `load fixture` brings in host.bash and vmm.bash, and these:
#
#   setup_file              a host with nothing special
#   setup                   a VM named "vm" with a table of order 24
#   teardown                ends the VM and its neighbours. The test fails if the pool is not as it was before
#
# A file that needs something else defines that function anew, with:
#
#   pool_before             for setup: remembers in $before how much of the pool is in use. There are no neighbours yet
#   pool_after [NAME...]    for teardown: ends vm, or the VMs with these names, and the neighbours; 1 if the pool is not
#                           as it was before
#   pool_gave BYTES         asserts that so much more is in use than before
#   vm_with_table ORDER [OPTION...]   pool_before, then a VM as vm_start starts it, with a table of that order; 0: none

load host
load vmm

pool_before() {
	before=$(pool_used)
	neighbours=()
}

# shellcheck disable=SC2120 # names are for those who load this
pool_after() {
	vm_end "${@:-vm}" ${neighbours[@]+"${neighbours[@]}"}
	[[ $(pool_used) == "$before" ]]
}

pool_gave() {
	assert_equal "$(pool_used)" $((before + $1))
}

vm_with_table() {
	pool_before
	vm_start "${@:2}"
	[[ $1 == 0 ]] || vm allocate "$1"
}

setup_file() {
	host_boot
}

setup() {
	vm_with_table 24
}

teardown() {
	# shellcheck disable=SC2119 # no names
	pool_after
}
