# SPDX-License-Identifier: GPL-2.0-only
#
# kvm-htab-dkms on a distribution of ppc64el, as its admin installs it: a test is a step.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
load dkms

MODULES=/lib/modules/$DKMS_RELEASE

# stand_in PACKAGE VERSION DEPENDS: an empty package, installed
stand_in() {
	local dir=$BATS_TEST_TMPDIR/$1
	mkdir -p "$dir/DEBIAN"
	printf '%s: %s\n' Package "$1" Version "$2" Architecture all Maintainer 'nobody <nobody@localhost>' \
		Description stand-in >"$dir/DEBIAN/control"
	[[ -z $3 ]] || echo "Depends: $3" >>"$dir/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$dir" "$DKMS_DIR/$1.deb"
	# shellcheck disable=SC2154 # of dkms.bash
	as_root cp "$DKMS_DIR/$1.deb" "$dkms_root/srv/"
	inside dpkg -i "/srv/$1.deb"
}

# typed: what README tells an admin to type, on that host
typed() {
	local line
	line=$(sed -n 's/^    sudo \(apt install .*,-dkms}_\)/\1/p' "$BATS_TEST_DIRNAME/../../README.md")
	[[ $line ]]
	# shellcheck disable=SC2016 # README's shell
	echo "cd /srv && ${line//'$(uname -r)'/$DKMS_RELEASE}"
}

field() {
	inside modinfo -k "$DKMS_RELEASE" -F "$1" "$2"
}

@test "without our package the distribution's modules are used" {
	run field filename kvm_hv
	assert_output --regexp "^$MODULES/kernel/arch/powerpc/kvm/kvm-hv\.ko"
}

@test "with the source of another version: refused by name, and the distribution's modules stay" {
	inside mkdir -p /srv/build/deb
	as_root cp -r "$DKMS_DEBS/ppc64el" "$dkms_root/srv/build/deb/"
	inside "echo 'APT { Get::Assume-Yes \"true\"; Install-Recommends \"false\"; };' >/etc/apt/apt.conf.d/here"
	stand_in "$DKMS_SOURCE" 6.0-1 ''
	stand_in linux-source 6.0-1 "$DKMS_SOURCE (= 6.0-1)"
	# else apt would bring the right one, which is what README is about
	inside apt-mark hold linux-source "$DKMS_SOURCE"
	# the DKMS of Debian 13 says no more than that it is in a log
	run inside "$(typed | sed 's/ linux-source / /'); status=\$?; cat /var/lib/dkms/kvm-htab/*/build/make.log; exit \$status"
	assert_failure
	assert_output --partial "kvm-htab: kernel $DKMS_RELEASE is made of $DKMS_SOURCE $DKMS_VERSION, which is not installed (6.0-1 is):"
	# dpkg's terminal ends lines with CR
	sed -n 's/\r$//; s/^kvm-htab: .* is): //p' <<<"$output" | sort -u >"$DKMS_DIR/said"
	run field filename kvm_hv
	assert_output --regexp "^$MODULES/kernel/arch/powerpc/kvm/kvm-hv\.ko"
	run inside find "$MODULES" -path '*/updates/*.ko*'
	assert_output ''
}

@test "what it said to do mends it: DKMS builds and installs the modules" {
	inside apt-mark unhold linux-source "$DKMS_SOURCE"
	run inside "$(<"$DKMS_DIR/said")"
	assert_success
	run inside dkms status
	assert_output --regexp "^kvm-htab/[0-9.]+, $DKMS_RELEASE, ppc64le: installed\$"
}

@test "README's line has nothing to do any more, and kvm-htab runs" {
	run inside "$(typed)"
	assert_success
	assert_output --partial '0 newly installed'
	run inside kvm-htab --version
	assert_output "kvm-htab $(sed -n 's/^VERSION ?= //p' "$BATS_TEST_DIRNAME/../../cli/Makefile")"
}

@test "modprobe takes ours, which are for this kernel" {
	local module
	for module in kvm kvm_hv; do
		run field filename "$module"
		assert_output --regexp "^$MODULES/updates/dkms/${module//_/-}\.ko"
		run field version "$module"
		assert_output --regexp "^${DKMS_VERSION//[+.]/.}\+kvmhtab\.[0-9a-f]{8}\$"
		assert_equal "$(field vermagic "$module")" "$(field vermagic virtio_console)"
	done
	run inside grep -hE '/kvm(-hv)?\.ko' "$MODULES/modules.dep"
	refute_line --regexp '^kernel/.*:|:.*kernel/arch'
	assert_line --regexp '^updates/dkms/kvm-hv\.ko[.xz]*: updates/dkms/kvm\.ko'
	run inside modprobe -S "$DKMS_RELEASE" --show-depends kvm_hv
	assert_line --regexp "^insmod $MODULES/updates/dkms/kvm\.ko"
	assert_line --regexp "^insmod $MODULES/updates/dkms/kvm-hv\.ko"
}

@test "every symbol that they use has the version that the kernel has" {
	local module
	inside cat "/usr/src/linux-headers-$DKMS_RELEASE/Module.symvers" >"$BATS_TEST_TMPDIR/kernel"
	for module in kvm kvm_hv; do
		inside modprobe --dump-modversions "$(field filename "$module")"
	done >"$BATS_TEST_TMPDIR/used"
	(($(wc -l <"$BATS_TEST_TMPDIR/used") > 300))
	# kvm's own, which kvm-hv uses, change with it
	run awk '
		NR == FNR { version[$2] = $1; from[$2] = $3; next }
		from[$2] ~ /powerpc\/kvm\// || ($2 ~ /^_?_?kvm/ && !($2 in version)) { next }
		$1 != version[$2]' "$BATS_TEST_TMPDIR/kernel" "$BATS_TEST_TMPDIR/used"
	assert_success
	assert_output ''
}

@test "DKMS has signed them with a key of its own" {
	run field sig_key kvm_hv
	assert_output --regexp '^[0-9A-F:]+$'
	run field signer kvm_hv
	assert_output 'DKMS module signing key'
}

@test "the modules of a host go into an image" {
	"$BATS_TEST_DIRNAME/image" "$dkms_root" "$DKMS_RELEASE" "$DKMS_DIR/image"
	[[ -s $DKMS_DIR/image/vmlinux ]]
}
