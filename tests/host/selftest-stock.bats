# SPDX-License-Identifier: GPL-2.0-only
#
# The series' selftest on a kernel without the series.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Runs on: powernv9; lines: other; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Takes: 5 s

load host
load selftest

setup_file() {
	host_boot --no-panic
	selftest_get
}

@test "the kernel's selftest skips itself, and says why" {
	run host "$SELFTEST"
	assert_failure 4
	assert_line '1..0 # SKIP this kernel has no KVM_CAP_PPC_HTAB_CTL'
	refute_line --regexp '^(ok|not ok|Bail out)'
}
