#!/usr/bin/env bats
# shellcheck disable=SC2016 # for the shell within
# SPDX-License-Identifier: GPL-2.0-only
# examples/libvirt-hook-qemu: on trees of hosts, and called by a libvirtd.

bats_require_minimum_version 1.5.0
load common

HOOK=$ROOT/examples/libvirt-hook-qemu

# on_host TREE: the hook's kvm-htab looks at this tree
on_host() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec "%s" "$@" --sysroot "%s"\n' "$KVM_HTAB" "$1" >"$BATS_TEST_TMPDIR/bin/kvm-htab"
	chmod +x "$BATS_TEST_TMPDIR/bin/kvm-htab"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# hash_host: one with 12.8G in its pool, room for order 33, and the hash MMU
hash_host() {
	tree=$(tree patched-6.1)
	sed -i '/^MMU/s/Radix/Hash/' "$tree/proc/cpuinfo"
	on_host "$tree"
}

# domain MEMORY-GIB [ELEMENT...]: XML as libvirt passes it
domain() {
	echo "<domain type='${TYPE:-kvm}'><name>web</name><memory unit='KiB'>$(($1 << 20))</memory>"
	echo "<os><type arch='${ARCH:-ppc64le}' machine='${MACHINE:-pseries-7.2}'>hvm</type></os>${*:2}</domain>"
}

max() {
	echo "<maxMemory slots='16' unit='KiB'>$(($1 << 20))</maxMemory>"
}

resizing() {
	echo "<features><hpt resizing='$1'/></features>"
}

# hook DOMAIN-ARGUMENT...: asks it
hook() {
	run bash -c '"$0" web prepare begin - <<<"$1"' "$HOOK" "$(domain "$@")"
}

@test "a domain that fits starts, without a word" {
	hash_host
	hook 64
	assert_success
	assert_output ''
	hook 64 "$(max 512)"
	assert_success
	assert_output ''
}

@test "a domain that does not fit is refused, with the cause and the next command" {
	hash_host
	hook 4096
	assert_failure 1
	assert_line --partial 'no room for a table of order 35 (32G)'
	assert_line --partial 'boot with kvm_cma_resv_ratio='
	assert_line --regexp '^kvm-htab: domain "web": does not start: .*`kvm-htab pool-status`'
}

@test "a domain whose guest can use no table here is refused for that reason" {
	tree=$(tree patched-6.1)
	sed -i 's/(pvr .*/(pvr 004e 1200)/' "$tree/proc/cpuinfo" # radix, POWER9 DD2.0
	on_host "$tree"
	hook 64
	assert_success
	assert_output --partial 'no answer: on this host its guest may use the radix MMU'
	hook 64 '<cpu><model>power8</model></cpu>'
	assert_failure 1
	assert_line --partial 'guests with a hashed page table cannot run here: '
	assert_line 'kvm-htab: domain "web": does not start: its guest cannot use a hashed page table on this host, for the reason above'
}

@test "resizing: disabled takes the table for maxMemory, required that for memory" {
	hash_host
	hook 64 "$(max 4096)" "$(resizing disabled)"
	assert_failure 1
	hook 64 "$(max 512)" "$(resizing disabled)"
	assert_success
	hook 64 "$(max 4096)" "$(resizing required)"
	assert_success
	assert_output ''
	for state in "" "$(resizing enabled)"; do
		hook 64 "$(max 4096)" "$state"
		assert_success
		assert_output --partial 'no answer: it starts, but ends soon if its guest cannot resize its table'
	done
}

@test "memory devices are not part of the RAM at the start" {
	hash_host
	hook 2048
	assert_failure 1
	hook 2048 "$(max 8192)" "$(resizing required)" \
		"<devices><memory model='dimm'><target><size unit='KiB'>$((1984 << 20))</size></target></memory></devices>"
	assert_success
}

@test "a radix host: no answer, unless the CPU is power8" {
	on_host "$TREES/patched-6.1"
	hook 4096
	assert_success
	assert_output 'kvm-htab: domain "web": no answer: on this host its guest may use the radix MMU, which needs no hashed page table'
	hook 4096 "<cpu mode='host-model'><model>power8</model></cpu>"
	assert_failure 1
}

@test "a host that cannot tell: no answer" {
	on_host "$TREES/x86-6.12"
	hook 64 "<cpu mode='host-model'><model>power8</model></cpu>"
	assert_success
	assert_line --partial 'no answer: this host does not tell whether its hashed page table fits'
}

@test "domains without such a table, other operations, XML that cannot be read" {
	hash_host
	TYPE=qemu hook 4096
	assert_equal "$status $output" '0 '
	ARCH=x86_64 MACHINE=pc-i440fx-7.2 hook 4096
	assert_equal "$status $output" '0 '
	MACHINE=powernv9 hook 4096
	assert_equal "$status $output" '0 '
	for operation in 'prepare end' 'start begin' 'stopped end' 'release end'; do
		# shellcheck disable=SC2086 # two words
		run "$HOOK" web $operation - <<<"$(domain 4096)"
		assert_equal "$status $output" '0 '
	done
	run "$HOOK" web prepare begin - <<<'<domain'
	assert_success
	assert_output 'kvm-htab: domain "web": no answer: xmllint cannot read its XML, or is not installed'
}

@test "libvirtd refuses the domain and says why" {
	not_under memcheck 'valgrind knows no pidfd_open(2) yet'
	hash_host
	# libvirtd here runs no domain of type kvm for ppc64: the hook is told that it is one
	printf '#!/bin/sh\nsed "s/type=.qemu./type=\x27kvm\x27/; s/<memory.*memory>/$MEMORY/" | PATH=%s:$PATH %s "$@"\n' \
		"$BATS_TEST_TMPDIR/bin" "$HOOK" >"$BATS_TEST_TMPDIR/hook"
	sed -i "s|\$MEMORY|<memory>$((4 << 30))<\\\\/memory>|" "$BATS_TEST_TMPDIR/hook"
	chmod +x "$BATS_TEST_TMPDIR/hook"
	LIBVIRT_HOOK=$BATS_TEST_TMPDIR/hook run "$BATS_TEST_DIRNAME/with-libvirt" bash -c '
		start-domain web
		echo status $?
		virsh --quiet list --all --name
		echo hosts end
		grep -c "does not start: there is no room" /run/libvirtd.log'
	assert_success
	assert_line 'status 1'
	assert_line --partial 'does not start: there is no room for its hashed page table'
	assert_line --partial 'no room for a table of order 35 (32G)'
	refute_line web
	((lines[-1] >= 1))
	sed -i 's|/memory>/"|/memory>/; s/42/42/"|; s|<memory>[0-9]*|<memory>4194304|' "$BATS_TEST_TMPDIR/hook"
	LIBVIRT_HOOK=$BATS_TEST_TMPDIR/hook run "$BATS_TEST_DIRNAME/with-libvirt" bash -c 'start-domain web && virsh --quiet list --name'
	assert_success
	assert_line web
}
