# SPDX-License-Identifier: GPL-2.0-only
#
# What is left when kvm-htab-dkms is removed.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
load dkms

@test "apt remove kvm-htab-dkms: the distribution's modules are used again" {
	run inside apt remove kvm-htab-dkms
	assert_success
	run inside modinfo -k "$DKMS_RELEASE" -F filename kvm kvm_hv
	assert_success
	refute_line --partial updates
	assert_line --regexp "^/lib/modules/$DKMS_RELEASE/kernel/arch/powerpc/kvm/kvm\.ko"
	assert_line --regexp "^/lib/modules/$DKMS_RELEASE/kernel/arch/powerpc/kvm/kvm-hv\.ko"
	run inside dkms status
	assert_output ''
	run inside find "/lib/modules/$DKMS_RELEASE" -path "*/updates/*.ko*"
	assert_output ''
}

@test "they are as they were: dpkg finds nothing changed" {
	run inside dpkg --verify "linux-image-$DKMS_RELEASE"
	assert_output ''
}

@test "apt purge leaves nothing of ours" {
	run inside apt purge kvm-htab-dkms kvm-htab
	assert_success
	run inside 'find / -xdev -iname "*kvm*htab*" -not -path "/srv/*" -not -path "/proc/*" -not -path "/dev/*"'
	assert_success
	refute_output --regexp '(^|[[:space:]])/(usr|var/lib/(dkms|kvm-htab))'
}
