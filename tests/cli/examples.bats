#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# examples/: reset-qemu against a false QEMU (the true one is in tests/host/qemu-reset.bats), and share_vm_fd.py against
# the tool.

bats_require_minimum_version 1.5.0
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin
	PATH=$PWD/bin:$PATH
	false_tool
}

# false_tool [MMU [STATUS [CHANGED]]]: a kvm-htab that finds such an MMU, whose reset ends with STATUS
false_tool() {
	cat >bin/kvm-htab <<-END
		#!/bin/sh
		echo "kvm-htab \$*" >>log
		case \$1 in
		vm-status) echo '{"results": [{"mmu": "${1:-hash}", "order": 24}]}' ;;
		reset)
			[ ${2:-0} = 0 ] || echo 'kvm-htab: pid:1: refused' >&2
			echo '{"results": [{"order": 24, "changed": ${3:-true}}]}'
			exit ${2:-0} ;;
		esac
	END
	chmod +x bin/kvm-htab
}

# qemu [STATUS [FAULT]]: starts the false one
qemu() {
	rm -f qmp log
	"$BATS_TEST_DIRNAME/false-qemu" qmp log "$@" 3>&- &
	qemu=$!
	for _ in $(seq 100); do
		[[ ! -S qmp ]] || break
		sleep 0.05
	done
}

# said: what QEMU and the tool were told, in one line
said() {
	tr '\n' ';' <log
}

@test "a paused guest: status, reset with --force, and system_reset at once" {
	qemu
	run "$ROOT/examples/reset-qemu" qmp
	assert_success
	assert_output "pid:$qemu: table of order 24 cleared; the guest is stopped and boots with \"cont\""
	assert_equal "$(said)" "qmp_capabilities;query-status;kvm-htab vm-status --vm pid:$qemu --json;query-status;$(
		)kvm-htab reset --force --vm pid:$qemu --json;system_reset;"
}

@test "a guest that is not paused: nothing is done" {
	for state in running prelaunch guest-panicked inmigrate; do
		qemu $state
		run "$ROOT/examples/reset-qemu" qmp
		assert_failure 1
		assert_line "reset-qemu: QEMU says that the guest is \"$state\", not paused; stop it first"
		assert_line 'reset-qemu: nothing was changed'
		assert_equal "$(said)" 'qmp_capabilities;query-status;'
	done
}

@test "on errors the guest stays stopped, and the last line says what holds" {
	while IFS='|' read -r state fault tool intact text; do
		# shellcheck disable=SC2086 # words
		false_tool $tool
		qemu "$state" "$fault"
		run "$ROOT/examples/reset-qemu" qmp
		assert_failure 1
		assert_line "reset-qemu: $text"
		if [[ $intact == yes ]]; then
			assert_equal "${lines[-1]}" 'reset-qemu: the guest stays stopped and intact; it may continue'
		else
			assert_equal "${lines[-1]}" "reset-qemu: the guest stays stopped; its table may be empty: $(
				)do not continue it, use system_reset or quit"
		fi
		run grep -c '^cont$' log
		assert_output 0
	done <<-'END'
		paused||radix|yes|the guest has no hashed page table; system_reset alone restarts it
		paused|resumed|hash|yes|another client has continued the guest
		paused||hash 4 false|yes|kvm-htab reset failed with status 4
		paused||hash 1 null|no|kvm-htab reset failed with status 1
		paused|refuses|hash|no|system_reset: not now
		paused|hangs up|hash|no|QEMU closed the connection
		paused|late|hash|no|another client has continued the guest meanwhile
	END
}

@test "no QEMU, no arguments" {
	run "$ROOT/examples/reset-qemu" nowhere
	assert_failure 1
	assert_line --partial 'No such file or directory'
	assert_line 'reset-qemu: nothing was changed'
	run "$ROOT/examples/reset-qemu"
	assert_failure 2
	assert_line --partial 'reset-qemu SOCKET: '
}

# share FD [PATH]: share_vm_fd.py without its offer, which only POWER takes
share() {
	PYTHONPATH=$ROOT/examples python3 -c 'import asyncio, json, sys, share_vm_fd
print(json.dumps(asyncio.run(share_vm_fd.serve_one(sys.argv[2], int(sys.argv[1])))))' "$@" 3>&-
}

@test "share_vm_fd.py: the tool gets the descriptor, and its answer comes back" {
	share 0 sock </dev/null >answer &
	for _ in $(seq 200); do
		[[ ! -S sock ]] || break
		sleep 0.05
	done
	run kvm_htab vm-status --vm unix:sock
	assert_failure
	assert_output --partial 'not a KVM VM but "/dev/null"'
	wait
	run jq -r '.command, .exit_status, .error.message' answer
	assert_line --index 0 vm-status
	assert_line --partial 'not a KVM VM'
	refute [ -e sock ]
}

@test "share_vm_fd.py: a client that dies without an answer" {
	share 0 sock </dev/null >answer &
	for _ in $(seq 200); do
		[[ ! -S sock ]] || break
		sleep 0.05
	done
	python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("sock")'
	wait
	run cat answer
	assert_output null
}

@test "share_vm_fd.py has the numbers of the header" {
	for name in KVM_CAP_PPC_HTAB_CTL KVM_PPC_HTAB_CTL_OFFER; do
		header=$(sed -nE "s/^#define ${name}[[:space:]]+([0-9]+|\(1 << [0-9]\)|0x[0-9a-f]+).*/\1/p" "$ROOT/kernel/include/asm/kvm_htab.h")
		mine=$(sed -n "s/^$name = //p" "$ROOT/examples/share_vm_fd.py")
		assert_equal "$mine" "$((header))"
	done
	# _IOW('\xae', 0xa3, struct kvm_enable_cap), whose direction is in the upper three bits on POWER
	size=$(PYTHONPATH=$ROOT/examples python3 -c 'import struct; print(struct.calcsize("=IIQQQQ64x"))')
	run printf '0x%X' $(((4 << 29) | (size << 16) | (0xae << 8) | 0xa3))
	assert_output "$(sed -n 's/^KVM_ENABLE_CAP = \(0x[0-9A-F]*\).*/\1/p' "$ROOT/examples/share_vm_fd.py")"
}
