#!/usr/bin/env bats
# shellcheck disable=SC2016 # for the shell within
# SPDX-License-Identifier: GPL-2.0-only
# domain:NAME with a libvirtd that really runs one: QEMU without KVM, whose process has no VM.

bats_require_minimum_version 1.5.0
load common

setup() {
	not_under memcheck 'valgrind knows no pidfd_open(2) yet'
}

# with_libvirt 'shell text', with $KVM_HTAB
with_libvirt() {
	export KVM_HTAB
	run "$BATS_TEST_DIRNAME/with-libvirt" bash -c "vm_status() {
			\"\$KVM_HTAB\" vm-status --vm \"\$1\" 2>&1 >/dev/null
			echo status \$?
		}
		$1"
}

@test "domains that run: their VMMs" {
	with_libvirt 'for name in web "web 2" db; do start-domain "$name" >&2 || exit; done
		vm_status domain:web
		vm_status "domain:web 2"
		pgrep -f "[q]emu-system-ppc64.* guest=web,"
		pgrep -f "[q]emu-system-ppc64.* guest=web 2,"'
	assert_success
	assert_line --partial "domain:web: process ${lines[-2]} (qemu-system-ppc) has no KVM VM"
	assert_line --partial "domain:web 2: process ${lines[-1]} (qemu-system-ppc) has no KVM VM"
	assert_equal "$(grep -c '^status 1$' <<<"$output")" 2
}

@test "one that was shut down, one whose VMM crashed, one without its libvirtd" {
	with_libvirt 'for name in web db mail; do start-domain "$name" >&2 || exit; done
		virsh --quiet destroy web >&2
		vm_status domain:web
		pkill -KILL -f "[q]emu-system-ppc64.* guest=db,"
		for i in $(seq 200); do virsh domid db >/dev/null 2>&1 || break; sleep 0.05; done
		vm_status domain:db
		pkill -KILL -x libvirtd
		vm_status domain:mail
		pkill -f "[q]emu-system-ppc64.* guest=mail,"'
	assert_success
	assert_line --partial 'domain:web: domain "web" is not running'
	assert_line --partial 'domain:db: domain "db" is not running'
	assert_line --regexp 'domain:mail: process [0-9]+ \(qemu-system-ppc\) has no KVM VM'
	assert_equal "$(grep -c '^status 1$' <<<"$output")" 3
}

# libvirtd here runs no domain of type kvm for ppc64: it translates one that is emulated
@test "examples/libvirt-domain.xml: libvirt accepts it, and QEMU is asked to offer its VM, as README says" {
	local xml=$BATS_TEST_DIRNAME/../../examples/libvirt-domain.xml object
	run virt-xml-validate "$xml" domain
	assert_success
	object=$(xmllint --xpath 'string(//*[local-name()="commandline"]/*[2]/@value)' "$xml")
	export DOMAIN=$BATS_TEST_TMPDIR/domain.xml
	sed "s/<domain type='kvm'/<domain type='qemu'/; s/'ppc64le'/'ppc64'/" "$xml" >"$DOMAIN"
	with_libvirt 'virsh --quiet domxml-to-native qemu-argv --xml "$DOMAIN"'
	assert_success
	assert_output --partial " -object $object "
	run grep -F "<qemu:arg value='$object'/>" "$BATS_TEST_DIRNAME/../../README.md"
	assert_success
	run grep -F "$(grep '<domain ' "$xml")" "$BATS_TEST_DIRNAME/../../README.md"
	assert_success
}
