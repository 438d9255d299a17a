# SPDX-License-Identifier: GPL-2.0-only
#
# The test bed must be able to fail: what a host's verdict has to notice. It is the same on all machines and lines.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv9; lines: all; kernels: series
# Takes: 20 s

load host

# The runner judges every host at the end, and would rightly fail on these.
spoiled() {
	run host_verdict
	touch "$HOST_DIR/judged"
	assert_failure
	assert_output --partial "$1"
}

@test "a splat in the kernel log" {
	host_boot --append bed.splat
	host 'echo "WARNING: CPU: 0 PID: 1 at nowhere" >/dev/kmsg'
	spoiled 'WARNING: CPU: 0 PID: 1 at nowhere'
}

@test "a host that ends without a verdict" {
	host_boot --append bed.dead
	machine_kill "$HOST_DIR"
	spoiled 'the host ended without a verdict'
}

@test "a panic that was announced and does not come" {
	host_boot --append bed.survivor
	host_expect_panic
	spoiled 'a panic was expected and did not come'
}
