# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's selftest on a host that cannot have tables: it sees that every request says so, and skips the rest.
#
# Runs on: pseries; lines: all; kernels: series
# Takes: 5 s

load host
load selftest

setup_file() {
	host_boot
	selftest_get
}

@test "the kernel's selftest skips itself, and says why" {
	run host "$SELFTEST"
	assert_failure 4
	assert_line '1..0 # SKIP a nested hypervisor has no HPTs, and says so'
	refute_line --regexp '^(ok|not ok|Bail out)'
}
