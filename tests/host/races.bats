# SPDX-License-Identifier: GPL-2.0-only
#
# What the VMM does after kvm-htab has looked at the VM and before it makes its request: the answer must be about the
# VM as it is then. The tool alone: one machine is enough.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 5 s

bats_require_minimum_version 1.5.0
load fixture

setup() {
	vm_with_table 24
	PID=$(host cat /run/vmm/vm/pid)
}

# meanwhile COMMAND ARG...: kvm-htab, and COMMAND right before its third ioctl, after those that ask what the
# kernel can and what the VM has
meanwhile() {
	run --separate-stderr host_limit 60 env TERM=dumb peer before 3 "{ $1; } >/dev/null" kvm-htab "${@:2}"
}

# says TEXT: so does stderr
says() {
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *"$1"* ]] || fail "$stderr"
}

@test "a VM that nobody has offered begins to run: it is running" {
	local runs="vmm ctl vm run-loop
		until kvm-htab vm-status --vm pid:$PID -rn -o STATE,HAS-RUN | grep -qx 'running yes'; do sleep 0.1; done"
	meanwhile "$runs" reset --vm "pid:$PID" --wait=20 -rn -o RESULT,CHANGED,HAS-RUN,STATUS
	assert_failure 4
	assert_output 'failed no yes 4'
	says 'the VM is running; stop it first'
	says '; nothing was changed'
	vm stop
	(($(vm entries) > 0))
}

@test "one that was offered begins to run: it is running" {
	vm permit
	vm offer @race
	meanwhile "vmm ctl vm run-loop
		until [ \$(kvm-htab list -rn -o STATE) = running ]; do sleep 0.1; done" \
		reset --vm @race -rn -o RESULT,CHANGED,STATE,STATUS
	assert_failure 4
	assert_output 'failed no running 4'
	says '; nothing was changed'
}

# refused_after COMMAND STATE TEXT: for want of room, and the VM is not as it was
refused_after() {
	meanwhile "$1" resize --vm "pid:$PID" --force --order 40 -rn -o RESULT,CHANGED,TABLE,ORDER,STATUS
	assert_failure 3
	assert_output "failed yes $2 3"
	# shellcheck disable=SC2016 # quoted by the message
	says 'no room for a table of order 40 (1T); see `kvm-htab pool-status`, or accept a smaller one with --min-order'
	says "$3"
	[[ $stderr != *'nothing was changed'* ]]
}

@test "the table is emptied, or another one, or gone: a request without success says so" {
	vm run
	refused_after 'vmm ctl vm allocate 24' 'yes 24' '; its table was emptied'
	refused_after 'vmm ctl vm allocate 25' 'yes 25' '; the VM now has a table of order 25'
	[[ $HOST_MACHINE != powernv8 ]] || return 0 # has no radix
	refused_after 'vmm ctl vm radix' 'no -' '; the VM has lost its table'
}
