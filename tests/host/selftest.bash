# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: the kernel series' own test of the requests, tools/testing/selftests/powerpc/kvm_htab.
#
#   selftest_get            makes sure, in setup_file, that the host has it and KVM-HV
#   $SELFTEST               where it is then
#
# An image of the patched kernel brings it along, an unpatched one gets the patched one's. HOST_SELFTEST is a program
# to take instead, for work on it.

SELFTEST=/usr/lib/selftests/htab_ioctl

selftest_get() {
	local file=${HOST_SELFTEST:-}

	host modprobe kvm_hv || return
	if [[ ! $file ]]; then
		! host test -x "$SELFTEST" || return 0
		file=$(machine_kernel "$HOST_LINE" 0)/selftests/${SELFTEST##*/} || return
	fi
	host mkdir -p "${SELFTEST%/*}" && host_put "$file" "$SELFTEST" && host chmod 755 "$SELFTEST"
}
