#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# make demo DEMO=diagnose, and the picture in README.md.

bats_require_minimum_version 1.5.0
load common

@test "make demo DEMO=diagnose: five hosts, in less than a minute" {
	run timeout 60 make --no-print-directory -C "$ROOT" demo DEMO=diagnose NO_INSTALL=1
	assert_success
	for host in 1 2 3 4 5; do
		assert_line --regexp "^$host\. A "
	done
	assert_equal "$(grep -c '^\$ kvm-htab ' <<<"$output")" 7
	assert_line 'Next: chcpu -d 1-7,9-15,17-23,25-31'
	assert_line 'Next: boot a newer kernel; another kvm_cma_resv_ratio does not help'
	assert_line --regexp '^Cause: firmware: .* PowerVM without KVM'
	assert_line --partial 'boot with kvm_cma_resv_ratio=7'
	assert_line --partial 'Would move 1 table (64M)'
}

@test "it needs only what builds the tool" {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	# a system on which nothing is installed
	printf '#!/bin/sh\n' >"$bin/dpkg-query"
	chmod +x "$bin/dpkg-query"
	PATH=$bin:$PATH NO_INSTALL=1 run "$ROOT/tests/setup" --tool
	assert_failure 1
	assert_line '    apt-get install -y --no-install-recommends gcc make pkg-config libc6-dev libsmartcols-dev libjson-c-dev libkmod-dev'
	PATH=$bin:$PATH NO_INSTALL=1 run "$ROOT/tests/setup"
	assert_failure 1
	assert_line --regexp ' gcc make .* valgrind .* lintian'
}

@test "a demo that goes wrong fails" {
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/tool"
	chmod +x "$BATS_TEST_TMPDIR/tool"
	KVM_HTAB=$BATS_TEST_TMPDIR/tool run "$ROOT/scripts/demo-diagnose"
	assert_failure 1
	assert_line 'demo: expected exit status 3'
}

# map TREE: what the tool draws, as in README.md
map() {
	stdout_of pool-status --map --sysroot "$1" | sed -n '/^Map/,$s/^/    /p'
}

@test "the picture in README.md is what the tool prints" {
	tree=$(tree fragmented-6.1)
	map "$tree" >"$BATS_TEST_TMPDIR/maps"
	# the move that compact --order 27 announces for this host: VM 3 from 0 to 320M
	printf '%s\n' '0 512 free' '512 256 vm 5' '768 256 vm 6' '1024 256 vm 1' '1280 256 vm 3' '1536 128 free' \
		>"$tree/sys/kernel/debug/kvm_htab/pool"
	map "$tree" >>"$BATS_TEST_TMPDIR/maps"
	(($(grep -c '^    Map' "$BATS_TEST_TMPDIR/maps") == 2))
	sed -n '/^    Map/,/^$/p' "$ROOT/README.md" | sed '/^$/d' >"$BATS_TEST_TMPDIR/readme"
	run diff "$BATS_TEST_TMPDIR/maps" "$BATS_TEST_TMPDIR/readme"
	assert_success
}
