# SPDX-License-Identifier: GPL-2.0-only
#
# doctor on a host that is itself a guest: that is the cause, whoever asks and whatever is loaded.
#
# Runs on: pseries; lines: all; kernels: series
# Takes: 10 s

bats_require_minimum_version 1.5.0
load host
load doctor

setup_file() {
	host_boot
}

@test "the firmware is the cause, and nothing else is asked" {
	local as
	for as in host 'host_as nobody'; do
		DOCTOR_AS=$as doctor firmware
		assert_regex "$(said firmware what)" 'itself a guest \(pSeries\)'
		assert_equal "$(said cpu state)" ok
		assert_equal "$(jq '[.results[] | select(.state == "n/a")] | length' "$BATS_TEST_TMPDIR/doctor")" 10
	done
	host modprobe -r kvm_hv
	doctor firmware
	host modprobe kvm_hv
	run host kvm-htab doctor
	assert_failure 3
	assert_regex "${lines[-1]}" '^Next: start guests .* on the host below this one'
}
