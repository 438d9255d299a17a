# SPDX-License-Identifier: GPL-2.0-only
#
# examples/reset-qemu as an orchestrator runs it, on a Linux guest in Debian's QEMU. What it does if QEMU or the tool
# fails is in tests/cli/examples.bats.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 45 s

bats_require_minimum_version 1.5.0
load host
load vmm
load guest
load python

MEMORY=512M
ORDER=22

setup_file() {
	guest_host --add qemu
	put_python
	host_put "$BATS_TEST_DIRNAME/../../examples/reset-qemu" /tmp/reset-qemu
}

setup() {
	[[ $HOST_MACHINE != powernv10 ]] || guest_kernel disable_radix
	guest_alive || {
		guest_start "$MEMORY" -qmp unix:/run/guest/orchestrator,server=on,wait=off
		guest_expect 'up, .*'
	}
}

teardown() {
	guest_end_failed || true
}

teardown_file() {
	guest_kill
}

reset_qemu() {
	host_limit 120 python3 /tmp/reset-qemu /run/guest/orchestrator
}

# state: what QEMU says of the guest
state() {
	qmp '{ "execute": "query-status" }' | jq -r '.return.status'
}

@test "a guest that runs is left alone, and goes on" {
	run reset_qemu
	assert_failure 1
	assert_line 'reset-qemu: QEMU says that the guest is "running", not paused; stop it first'
	assert_line 'reset-qemu: nothing was changed'
	guest_tell 'load 32'
	guest_expect 'loaded 32'
}

@test "a reset that is refused leaves the guest as it was" {
	qmp '{ "execute": "stop" }'
	# shellcheck disable=SC2016 # for the host
	# as a user who may not force it, but may take the descriptor
	host 'mkdir -p /tmp/bin && printf "#!/bin/sh\n[ \"\$1\" != reset ] || exec setpriv --bounding-set -all \
		--inh-caps -all kvm-htab reset --json --vm \"\$4\"\nexec kvm-htab \"\$@\"\n" >/tmp/bin/kvm-htab'
	host 'sed -i "s|exec kvm-htab|exec /usr/bin/kvm-htab|; s|-all kvm-htab|-all /usr/bin/kvm-htab|" /tmp/bin/kvm-htab
		chmod +x /tmp/bin/kvm-htab'
	# shellcheck disable=SC2016 # for the host
	run host_limit 120 'PATH=/tmp/bin:$PATH python3 /tmp/reset-qemu /run/guest/orchestrator'
	assert_failure 1
	assert_line 'reset-qemu: kvm-htab reset failed with status 1'
	assert_equal "${lines[-1]}" 'reset-qemu: the guest stays stopped and intact; it may continue'
	assert_equal "$(state)" paused
	qmp '{ "execute": "cont" }'
	guest_tell 'load 32'
	guest_expect 'loaded 32'
}

@test "a paused guest: its table is cleared, and it boots again on it" {
	qmp '{ "execute": "stop" }'
	run reset_qemu
	assert_success
	assert_output --regexp "^pid:[0-9]+: table of order $ORDER cleared; the guest is stopped and boots with \"cont\"\$"
	assert_equal "$(state)" prelaunch
	run --separate-stderr guest_htab vm-status -rn -o STATE,HAS-RUN,ORDER
	assert_output "fresh no $ORDER"
	qmp '{ "execute": "cont" }'
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $ORDER"
	guest_tell 'load 32'
	guest_expect 'loaded 32'
}
