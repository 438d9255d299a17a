# SPDX-License-Identifier: GPL-2.0-only
#
# What another process may do to a VM, and until when: an offer of the owner ends when the VM runs. Administrators
# need no offer, but say so if there is something to lose.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 90 s

load fixture

SOCKET=@offers
# Flags of requests, and of what GET_HTAB_INFO says
KEEP=1 FORCE=4
RADIX=1 READY=2 OFFERED=8 OFFER_ENDED=16

setup() {
	vm_with_table 24 --vcpus 2
}

# stranger REQUEST...: another process that has got the VM's file descriptor and has no privileges
stranger() {
	vm offer "$SOCKET" >/dev/null || return
	host_as nobody foreign "$SOCKET" "$@" say bye
}

# admin REQUEST...: one that has CAP_SYS_ADMIN
admin() {
	vm offer "$SOCKET" >/dev/null || return
	host foreign "$SOCKET" "$@" say bye
}

# flags_are FLAGS
flags_are() {
	run vm info
	assert_output --partial "flags=$(printf '%#x' "$1") "
}

# One that no guest made: bolted, 16M, beyond the guest's memory
write_entry() {
	vm htab-write $((0x100 * 8)) 0x200015 0x40000000
}

@test "a guest in a loop of exits, a stranger in a loop of resets" {
	run a_stranger_in_a_loop "$SOCKET"
	assert_success
	assert_output --regexp 'reset-loop done=[1-9][0-9]* EBUSY=[1-9][0-9]* EPERM=0 other=0'
}

@test "an offer stands until the VM runs, and is made anew" {
	flags_are 0
	run stranger info reset-loop 1 0
	assert_line 'info EPERM'
	assert_line --regexp 'reset-loop done=0 EBUSY=0 EPERM=[1-9]'

	vm permit
	flags_are $OFFERED
	run stranger allocate 25 flags allocate2 0 0 $KEEP flags
	assert_line 'allocate 25'
	assert_line "flags $OFFERED"
	assert_line 'allocate2 25'
	vm run
	flags_are $((READY | OFFER_ENDED))
	run stranger info allocate 24 allocate2 0 0 $KEEP
	assert_line 'info 25'
	assert_line 'allocate EBUSY'
	assert_line 'allocate2 EBUSY'

	vm permit
	flags_are $((READY | OFFERED))
	run stranger allocate 24
	assert_line 'allocate 24'
	flags_are $OFFERED
	vm revoke
	flags_are 0
	run stranger info allocate 24
	assert_line 'info EPERM'
	assert_line 'allocate EPERM'
}

@test "a write to the table ends an offer" {
	vm permit
	write_entry
	flags_are $((READY | OFFER_ENDED))
	run stranger allocate 24
	assert_line 'allocate EBUSY'
	run vm entries
	assert_output 1
}

@test "no offer while a vCPU runs" {
	vm permit 25
	vm run-loop
	run vm permit
	assert_failure
	assert_output EBUSY
	run vm enable-cap 6
	assert_output EBUSY
	# changed nothing, the limit included
	run stranger allocate 26 allocate 25
	assert_line --index 0 'allocate EPERM'
	assert_line --index 1 'allocate EBUSY'
	run vm enable-cap 2
	assert_success
	vm stop
	vm permit
	run stranger allocate 26
	assert_line 'allocate 26'
}

@test "after an offer was taken back nothing of others is under way" {
	vm permit
	vm offer "$SOCKET"
	host "setpriv --reuid=nobody --clear-groups foreign $SOCKET reset-loop 15 0 >/tmp/loop 2>&1 &"
	# shellcheck disable=SC2016 # for the host
	run host_limit 120 '
		for i in $(seq 12); do
			vmm ctl vm permit || exit 1
			vmm ctl vm revoke || exit 1
			vmm ctl vm htab-write 2048 0x200015 0x40000000 || exit 1
			[ "$(vmm ctl vm entries)" = 1 ] || exit 2
			vmm ctl vm allocate 24 || exit 1
		done
		wait; while pgrep -x foreign; do sleep 0.5; done; cat /tmp/loop'
	assert_success
	assert_output --regexp 'reset-loop done=[0-9]+ EBUSY=[0-9]+ EPERM=[1-9][0-9]* other=0'
}

@test "whose request waits for a write to the table finds the offer ended" {
	vm permit
	vm htab-write-stalled $((0x100 * 8)) 0x200015 0x40000000
	vm offer "$SOCKET"
	host "foreign $SOCKET allocate 25 >/tmp/waits 2>&1 &"
	sleep 1
	run host cat /tmp/waits
	assert_output ''
	vm htab-write-release
	host_wait 10 '[ -s /tmp/waits ]'
	run host cat /tmp/waits
	assert_output 'allocate EBUSY'
	run vm entries
	assert_output 1
}

@test "READY is steady through resizes and writes to the table" {
	run ready_through_resizes "$SOCKET"
	assert_success
	assert_output --regexp 'flag-loop with=[1-9][0-9]* without=0'
	vm allocate 24
	flags_are $OFFER_ENDED
}

@test "an administrator needs no offer where there is nothing to lose, else FORCE" {
	run admin allocate 25 allocate2 0 0 $KEEP
	assert_line 'allocate 25'
	assert_line 'allocate2 25'
	vm run
	flags_are $READY
	run admin info allocate 24 allocate2 24 0 0 allocate2 0 0 $KEEP
	assert_line 'info 25'
	assert_line 'allocate EBUSY'
	assert_line 'allocate2 EBUSY'
	refute_line 'allocate2 24'
	run vm entries
	refute_output 0

	local mark
	mark=$(host_mark)
	run admin allocate2 0 0 $((KEEP | FORCE))
	assert_line 'allocate2 25'
	run vm entries
	assert_output 0
	run host_dmesg_since "$mark"
	assert_output --regexp "KVM-HV: foreign\[[0-9]+\] forced .* of process $(host cat /run/vmm/vm/pid) \(LPID [0-9]+\)"

	vm run-loop
	run admin allocate2 0 0 $((KEEP | FORCE))
	assert_line 'allocate2 EBUSY'
	vm stop
	vm permit 24
	# more than the owner's limit
	run admin allocate 26
	assert_line 'allocate EBUSY'
	run admin allocate 24
	assert_line 'allocate 24'
}

@test "others cannot force anything, and the owner need not" {
	vm permit
	vm run
	local mark
	mark=$(host_mark)
	run stranger allocate2 0 0 $((KEEP | FORCE)) allocate2 24 0 $FORCE allocate2 17 0 $FORCE allocate2 24 0 8
	assert_line --index 0 'allocate2 EPERM'
	assert_line --index 1 'allocate2 EPERM'
	assert_line --index 2 'allocate2 EINVAL'
	assert_line --index 3 'allocate2 EINVAL'
	vm permit
	run stranger allocate2 0 0 $((KEEP | FORCE))
	assert_line 'allocate2 EPERM'
	run vm allocate2 24 0 $FORCE
	assert_success
	run host_dmesg_since "$mark"
	refute_output --partial forced
}

@test "EINVAL comes before EPERM, and that before EBUSY" {
	vm run-loop
	run stranger allocate 17 allocate 24
	assert_line --index 0 'allocate EINVAL'
	assert_line --index 1 'allocate EPERM'
	vm stop
	vm permit 24
	vm run-loop
	run stranger allocate 17 allocate 25 allocate 24
	assert_line --index 0 'allocate EINVAL'
	assert_line --index 1 'allocate EPERM'
	assert_line --index 2 'allocate EBUSY'
	run vm stop
	assert_success
}

@test "the bit of the old rule is never valid" {
	local bits
	for bits in 1 3 5 7; do
		run vm enable-cap "$bits"
		assert_failure
		assert_output EINVAL
	done
	flags_are 0
	run stranger check-extension 4176
	assert_line "check-extension $(htab_ctl_bits)"
}

@test "a radix guest that has run stays one" {
	[[ $HOST_MACHINE != powernv8 ]] || return 0 # has no radix
	vm close-vm
	vm create
	flags_are $RADIX
	vm run-loop
	vm stop
	flags_are $((RADIX | READY))
	run admin allocate 24 allocate2 24 18 $KEEP allocate2 0 0 $KEEP
	assert_line --index 0 'allocate EBUSY'
	assert_line --index 1 'allocate2 EBUSY'
	assert_line --index 2 'allocate2 EBUSY'
	flags_are $((RADIX | READY))
	run admin allocate2 24 0 $FORCE
	assert_line 'allocate2 24'
	flags_are 0
}

@test "what KVM supports anywhere it reports to other processes, too" {
	# KVM_CAP_NR_MEMSLOTS
	run stranger check-extension 10
	assert_line --regexp '^check-extension [1-9]'
}

@test "a VM's number is not used again after kvm_hv was loaded again" {
	local first second
	first=$(host ls /sys/kernel/kvm_htab/vm)
	vm_end
	host 'rmmod kvm_hv && modprobe kvm_hv'
	vm_start
	second=$(host ls /sys/kernel/kvm_htab/vm)
	((second > first))
}
