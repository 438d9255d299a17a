# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzer of the requests, for FUZZ_SECONDS (20). It prints its seed. tests/README has more about it.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Longer: FUZZ_SECONDS=600
# Takes: 25 s

load host

setup_file() {
	# so that it lives to tell what it did
	host_boot --no-panic
}

@test "random requests: model and kernel agree" {
	only_patched_kernel "the pool in sysfs"
	local mark
	mark=$(host_mark)
	run host_limit $((${FUZZ_SECONDS:-20} + 600)) fuzz-htab --seconds "${FUZZ_SECONDS:-20}" ${FUZZ_SEED:+--seed "$FUZZ_SEED"}
	echo "$output"
	[[ ! ${lines[0]} =~ ^seed ]] || echo "# $HOST_MACHINE: ${lines[0]}" >&3
	assert_success
	assert_line --regexp '^[1-9][0-9]* sequences, [0-9]+ steps, [0-9]+ requests$'
	[[ ! ${FUZZ_SECONDS:-} ]] || printf '# %s\n' "${lines[@]}" >&3
	run host_dmesg_since "$mark"
	refute_output --regexp 'WARNING:|UBSAN|BUG|Oops|Call Trace|KASAN|INFO:'
}
