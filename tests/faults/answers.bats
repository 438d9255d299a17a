#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# What a VM's requests may answer with, on any machine: the third ioctl of a call is the one that changes the table,
# the others ask what the kernel can, and what the VM has. (Nothing asks about the terminal: it is a dumb one.)

bats_require_minimum_version 1.5.0
load faults

# answered FAULT ARGS...: a call for which the kernel's answer is FAULT, "NUMBER:ERROR" of an ioctl
answered() {
	run --separate-stderr strace -qq -o /dev/null -E TERM=dumb -E LD_PRELOAD="$TOOLS/faults.so" -E FAULTS_VM="${ORDER-24}" \
		-E FAULTS_VCPUS="${VCPUS-0}" -E FAULTS_FLAGS="${FLAGS-8}" -E FAULTS_MOST="${MOST-0}" -E FAULTS_CAPS="${CAPS-1}" -e trace=ioctl -e inject="ioctl:error=${1#*:}:when=${1%:*}" \
		"$KVM_HTAB" "${@:2}" --vm fd:9 --raw -n -o RESULT,ORDER,CHANGED,STATUS </dev/null 9</dev/null
}

# answers FAULT STATUS OUTPUT MESSAGE ARGS...
answers() {
	answered "$1" "${@:5}"
	assert_failure "$2"
	assert_output "$3"
	[[ $stderr == "kvm-htab: fd:9: $4" ]] || fail "$stderr"
}

# done_with OUTPUT ARGS...: success, without a fault
done_with() {
	answered 99:EIO "${@:2}"
	assert_success
	assert_output "$1"
}

@test "success: 0" {
	done_with 'reset 24 yes 0' reset
	done_with 'would-reset 24 no 0' reset --dry-run
	done_with 'cleared 24 yes 0' resize --order 24
	done_with 'resized 25 yes 0' resize --order 25
	done_with 'would-resize 24 no 0' resize --order 25 --dry-run
	done_with 'resized 25 yes 0' resize --order 25 --force
	done_with 'ok 24 no 0' vm-status
	ORDER=0 done_with 'nothing-to-do - no 0' reset
	ORDER=0 done_with 'nothing-to-do - no 0' reset --dry-run
}

@test "less than was wanted, but enough: 0, and a line about it" {
	MOST=25 done_with 'resized 25 yes 0' resize --order 27 --min-order 25
	assert_equal "$stderr" "kvm-htab: no room for order 27; the table has order 25 (32M)"
	MOST=24 done_with 'cleared 24 yes 0' resize --order 27 --min-order 24
}

@test "a host that has no tables: 5" {
	for command in vm-status reset 'resize --order 25'; do
		read -r -a args <<<"$command"
		CAPS=0 answered 99:EIO "${args[@]}"
		assert_failure 5
		[[ $stderr == *'this host is itself a guest (pSeries): its VMs use radix'* ]] || fail "$stderr"
	done
}

@test "running: 4" {
	answers 3:EBUSY 4 'failed 24 no 4' 'the VM is running; stop it first, or use --wait; nothing was changed' reset
	VCPUS=2 answers 99:EIO 4 'failed 24 no 4' 'the VM is still running after 0.2 s of --wait; stop it first; nothing was changed' \
		resize --order 25 --wait 0.2
	VCPUS=2 answers 99:EIO 4 'failed 24 no 4' 'the VM is running; stop it first, or use --wait; nothing was changed' \
		reset --dry-run
	# no offers are made: --wait is of no use
	FLAGS=2 VCPUS=2 answers 99:EIO 4 'failed 24 no 4' 'the VM is running; stop it first; nothing was changed' \
		reset --wait 5
	FLAGS=2 VCPUS=2 answers 99:EIO 4 'failed 24 no 4' 'the VM is running; stop it first; nothing was changed' \
		reset --force
}

@test "has run since it was offered: 4" {
	local ended='the VM has run since it was offered; let its VMM stop it and offer it again, or use --wait; nothing was changed'
	FLAGS=18 answers 99:EIO 4 'failed 24 no 4' "$ended" reset
	FLAGS=18 answers 99:EIO 4 'failed 24 no 4' "$ended" reset --dry-run
	FLAGS=16 answers 99:EIO 4 'failed 24 no 4' "$ended" resize --order 25
	# the kernel knows best
	FLAGS=16 answers 3:EBUSY 4 'failed 24 no 4' "$ended" reset
	FLAGS=18 answers 99:EIO 4 'failed 24 no 4' \
		'the VM was not offered again within 0.2 s of --wait; let its VMM stop it and offer it again; nothing was changed' \
		reset --wait 0.2
	FLAGS=18 done_with 'reset 24 yes 0' reset --force
}

@test "not offered: 1 if it has run, and for a resize" {
	local used='the VM has run and was not offered; if it is stopped and about to restart, use --force, or let its VMM offer it (see kvm-htab-vm-socket(7)); nothing was changed'
	FLAGS=2 answers 99:EIO 1 'failed 24 no 1' "$used" reset
	FLAGS=2 answers 99:EIO 1 'failed 24 no 1' "$used" reset --wait 5
	FLAGS=2 answers 99:EIO 1 'failed 24 no 1' "$used" resize --order 25 --dry-run
	FLAGS=2 done_with 'reset 24 yes 0' reset --force
	FLAGS=0 done_with 'reset 24 yes 0' reset
	FLAGS=0 answers 99:EIO 1 'failed 24 no 1' "this VM was not offered for a resize, and its VMM (such as QEMU) keeps using \
the old order; change the guest's RAM or maxmem in the VMM, or use --force; nothing was changed" resize --order 25
	FLAGS=0 done_with 'resized 25 yes 0' resize --order 25 --force
	FLAGS=2 answers 3:EPERM 1 'failed 24 no 1' "permission denied: --force requires CAP_SYS_ADMIN; run as root, or let the VMM \
offer the VM again; nothing was changed" reset --force
}

@test "above the owner's limit, for root, and the VM has run: 1" {
	FLAGS=10 answers 3:EBUSY 1 'failed 24 no 1' \
		"order 25 exceeds the limit set by the VM's owner; reset the VM first; nothing was changed" resize --order 25
}

@test "running, and then no more" {
	answered 3:EBUSY resize --order 25 --wait 5
	assert_success
	assert_output 'resized 25 yes 0'
}

@test "no room: 3" {
	# shellcheck disable=SC2016 # quoted by the message
	local see='see `kvm-htab pool-status`'
	answers 3:ENOMEM 3 'failed 24 no 3' "no room for a table of order 40 (1T); $see, or accept a smaller one with --min-order; nothing was changed" \
		resize --order 40
	answers 3:ENOMEM 3 'failed 24 no 3' \
		"no room for a table of order 40 (1T), or a smaller one down to order 30; $see; nothing was changed" \
		resize --order 40 --min-order 30
}

@test "refused: 1" {
	answers 1:EPERM 1 'failed - no 1' "permission denied: the VM was not offered and this process lacks \
CAP_SYS_ADMIN; let its VMM offer it (see kvm-htab-vm-socket(7)), or run as root; nothing was changed" reset
	answers 2:EIO 1 'failed - no 1' "the kernel rejects this VM: its owner has exited, or the VM is dead or not one of KVM-HV; \
nothing was changed" reset
	answers 2:EPERM 1 'failed - no 1' "permission denied: the VM was not offered and this process lacks \
CAP_SYS_ADMIN; let its VMM offer it (see kvm-htab-vm-socket(7)), or run as root" vm-status
	answers 3:EPERM 1 'failed 24 no 1' "permission denied: the VM was not offered and this process lacks \
CAP_SYS_ADMIN; let its VMM offer it (see kvm-htab-vm-socket(7)), or run as root; nothing was changed" reset
	answers 2:EINVAL 1 'failed - no 1' 'the kernel refuses: Invalid argument' vm-status
	answers 3:EPERM 1 'failed 24 no 1' "permission denied: order 25 exceeds the limit set by the VM's owner, or \
the owner has just taken its offer back; nothing was changed" resize --order 25
	answers 3:EFAULT 1 'failed 24 no 1' 'the kernel refuses: Bad address; nothing was changed' reset
	# it may have been done before the owner ended
	answers 3:EIO 1 'failed 24 - 1' \
		'the kernel rejects this VM: its owner has exited, or the VM is dead or not one of KVM-HV' reset
}

@test "interrupted by a signal: once more" {
	answered 3:EINTR reset
	assert_success
	assert_output 'reset 24 yes 0'
}

@test "done, but not told what there is now" {
	answered 4:EIO resize --order 25
	assert_success
	assert_output 'resized - yes 0'
}
