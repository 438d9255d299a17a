# SPDX-License-Identifier: GPL-2.0-only
#
# doctor on a host that is itself a guest: whoever asks, it runs radix guests or none.
#
# Runs on: pseries; lines: all; kernels: series
# Takes: 10 s

bats_require_minimum_version 1.5.0
load host
load doctor

setup_file() {
	host_boot
}

@test "its own radix guests run: nothing failed, and a hash guest cannot be had here" {
	local as
	for as in host 'host_as nobody'; do
		run $as kvm-htab doctor --json
		assert_failure 5
		echo "$output" >"$BATS_TEST_TMPDIR/doctor"
		assert_regex "$(said firmware what)" 'itself a guest of KVM \(pSeries\).*radix MMU run here'
		assert_equal "$(said cpu state)" ok
		assert_equal "$(jq '[.results[] | select(.state == "n/a")] | length' "$BATS_TEST_TMPDIR/doctor")" 13
		assert_equal "$(jq -c '.cause, .exit_status' "$BATS_TEST_TMPDIR/doctor" | xargs)" 'null 5'
	done
}

@test "without kvm_hv the firmware is the cause, and nothing else is asked" {
	local as
	host modprobe -r kvm_hv
	for as in host 'host_as nobody'; do
		DOCTOR_AS=$as doctor firmware
		assert_regex "$(said firmware what)" 'itself a guest of KVM \(pSeries\)'
	done
	run host kvm-htab doctor
	host modprobe kvm_hv
	assert_failure 3
	assert_regex "${lines[-2]}" '^Next: start guests .* on the host below this one'
}
