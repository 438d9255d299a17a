# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel series' own test: each of its lines must pass, and none may be missing.
#
# Runs on: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 5 s

load host
load selftest

setup_file() {
	[[ ! ${HOST_ON:-} ]] || return 0
	host_boot
	selftest_get
}

@test "the kernel's selftest of the requests" {
	only_patched_kernel "the selftest, which is built with a kernel"
	local plan
	run host_limit 200 "$SELFTEST"
	assert_success
	assert_line --index 0 'TAP version 13'
	refute_line --regexp '^not ok'
	refute_line --regexp '# (SKIP|XFAIL)'
	plan=$(sed -n 's/^1\.\.//p' <<<"$output")
	((plan >= 20))
	assert_equal "$(grep -cE '^ok [0-9]+ ' <<<"$output")" "$plan"
	assert_line "# Totals: pass:$plan fail:0 xfail:0 xpass:0 skip:0 error:0"
}
