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

# A VMM that sends file descriptor 0 to a client on "sock", and prints the answer as the example gives it, or "none". The
# offer is left out: only POWER has it. tests/host/lend.bats has the rest.
vmm_in() {
	case $1 in
	C) "$TOOLS/peer" line sock 3>&- | sed 1d >answer & ;; # "ready"
	Python)
		PYTHONPATH=$ROOT/examples python3 - 3>&- >answer <<-END &
			import asyncio, json, share_vm_fd
			share_vm_fd.TIMEOUT_S = ${2:-10}
			async def serve():
			    with share_vm_fd.listen_at("sock") as listener:
			        client, _ = await asyncio.get_running_loop().sock_accept(listener)
			        with client:
			            return await share_vm_fd.share_vm_fd(client, 0)
			answer = asyncio.run(serve())
			print("none" if answer is None else json.dumps(answer))
		END
		;;
	esac
	for _ in $(seq 200); do
		[[ ! -S sock ]] || break
		sleep 0.05
	done
}

# client BYTES [REST]: takes the VM, sends that, as Python writes it, and hangs up
client() {
	python3 - "$@" <<-'END'
		import ast, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect("sock")
		socket.recv_fds(s, 1, 1)
		try:
		    for part in sys.argv[1:]:
		        s.sendall(eval(part))
		except ConnectionError:
		    pass
	END
}

# the_answer: what the VMM prints in the end
the_answer() {
	wait
	run cat answer
	rm -f sock
}

@test "in C and Python: the tool gets the descriptor, and its answer comes back" {
	for language in C Python; do
		vmm_in "$language"
		run kvm_htab vm-status --vm unix:sock
		assert_failure
		the_answer
		assert_equal "$(jq -r '.command, .exit_status' <<<"$output" | tr '\n' ' ')" 'vm-status 1 '
	done
}

@test "in C and Python: answers of clients, most of which are none" {
	local bytes in_C in_Python language wanted
	# shellcheck disable=SC2034 # by their names
	while IFS='|' read -r bytes in_C in_Python; do
		for language in C Python; do
			vmm_in $language
			# shellcheck disable=SC2086 # words
			client $bytes
			the_answer
			wanted=in_$language
			assert_equal "$language: $bytes: $(cat -v answer | cut -c 1-20)" "$language: $bytes: ${!wanted}"
		done
	done <<-'END'
		b''|none|none
		b'{"exit_status":0}'|none|none
		b'{"exit' b'_status":0}\n'|{"exit_status":0}|{"exit_status": 0}
		b'x\n'|x|none
		b'5\n'|5|none
		b'\xff\n'|M-^?|none
		b'{}\n{}\n'|{}|none
		b'['*60000+b'\n'|[[[[[[[[[[[[[[[[[[[[|none
		b'x'*100000+b'\n'|none|none
		b'x'*100000|none|none
	END
}

@test "in Python: a client that says nothing, and one that says it slowly, are given up" {
	vmm_in Python 0.5
	python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("sock"); s.recv(1); s.recv(1)' || true
	the_answer
	assert_output none
	vmm_in Python 0.5
	python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect("sock")
try:
    while True:
        s.sendall(b"x")
        time.sleep(0.05)
except ConnectionError:
    pass'
	the_answer
	assert_output none
}

@test "in Python: a socket that a VMM has left behind is replaced, another file is not" {
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
	vmm_in Python
	for _ in $(seq 200); do
		! client "b'{}\\n'" 2>/dev/null || break
		sleep 0.05
	done
	the_answer
	assert_output '{}'
	touch sock
	run env PYTHONPATH="$ROOT/examples" python3 -c 'import share_vm_fd; share_vm_fd.listen_at("sock")'
	assert_failure
	assert_output --partial 'Address already in use'
}

@test "share_vm_fd.py has the numbers of the header" {
	for name in KVM_CAP_PPC_HTAB_CTL KVM_PPC_HTAB_CTL_OFFER KVM_PPC_HTAB_INFO_READY; do
		header=$(sed -nE "s/^#define ${name}[[:space:]]+([0-9]+|\(1 << [0-9]\)|0x[0-9a-f]+).*/\1/p" "$ROOT/kernel/include/kvm-htab.h")
		mine=$(sed -n "s/^$name = //p" "$ROOT/examples/share_vm_fd.py")
		assert_equal "$mine" "$((header))"
	done
	# _IOW('\xae', 0xa3, struct kvm_enable_cap), whose direction is in the upper three bits on POWER
	size=$(PYTHONPATH=$ROOT/examples python3 -c 'import struct; print(struct.calcsize("=IIQQQQ64x"))')
	run printf '0x%X' $(((4 << 29) | (size << 16) | (0xae << 8) | 0xa3))
	assert_output "$(sed -n 's/^KVM_ENABLE_CAP = \(0x[0-9A-F]*\).*/\1/p' "$ROOT/examples/share_vm_fd.py")"
}
