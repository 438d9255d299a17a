# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The program and its peer are built before they are tested, unless KVM_HTAB says what to test.

setup_suite() {
	[[ ${KVM_HTAB-} ]] || make -s --no-print-directory -C "$BATS_TEST_DIRNAME/../../cli" all test-tools
}
