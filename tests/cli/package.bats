#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The Debian package, of what is committed. Its tests are not run: they are those of this directory.

bats_require_minimum_version 1.5.0
load common

# package ARCH: makes it and says where it is
package() {
	git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1 || skip "this tree is no git checkout"
	run env DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck "$ROOT/scripts/deb" "$1"
	assert_success
	refute_line --regexp '^[EWIP]: '
	refute_output --partial " warning: \"" # the compiler's
	deb=$(find "$ROOT/build/deb/$1" -name "kvm-htab_*_$1.deb")
	[ -f "$deb" ]
	dpkg-deb -x "$deb" "$BATS_TEST_TMPDIR/unpacked"
}

# libraries: the packages of those that the program opens by itself
libraries() {
	sed -n 's/^LIBRARY([a-z]*, "[^"]*", "\([^"]*\)",.*/\1/p' "$ROOT"/cli/*/*.c
}

@test "a package for this machine, in which lintian finds nothing" {
	package "$(dpkg --print-architecture)"
	run "$BATS_TEST_TMPDIR/unpacked/usr/bin/kvm-htab" --version
	assert_output "kvm-htab $(dpkg-deb -f "$deb" Version | sed 's/-[^-]*$//')"
	run find "$BATS_TEST_TMPDIR/unpacked/usr" -type f -printf '%P\n'
	assert_line share/man/man8/kvm-htab.8.gz
	assert_line share/man/man8/kvm-htab-inspect.8.gz
	assert_line share/bash-completion/completions/kvm-htab
	assert_line share/zsh/vendor-completions/_kvm-htab
	assert_line share/fish/vendor_completions.d/kvm-htab.fish
	assert_line lib/systemd/system/kvm-htab-metrics.timer
	# off until it is enabled
	run dpkg-deb -I "$deb" postinst
	refute_output --regexp 'deb-systemd-helper enable|start'
	# the header and the examples for VMMs are in a package of their own
	run find "$BATS_TEST_TMPDIR/unpacked/usr" -name '*.h' -o -name '*.c'
	assert_output ''
	run dpkg-deb -c "$(find "$ROOT/build/deb" -name 'kvm-htab-dev_*_all.deb' | head -n 1)"
	assert_line --partial ./usr/include/kvm-htab.h
	assert_line --partial ./usr/share/doc/kvm-htab-dev/examples/share-vm-fd.c
	run readelf --dyn-syms --wide "$BATS_TEST_TMPDIR/unpacked/usr/bin/kvm-htab"
	assert_output --partial __read_chk # as in hardening.bats
}

@test "apt takes the packages, and knows where to get what they depend on" {
	arch=$(dpkg --print-architecture)
	[ -e "$ROOT/build/deb/$arch" ] || package "$arch"
	typed=$(sed -n 's|^    sudo apt install linux-headers-.* \(linux-source \./build.*\.deb\)$|\1|p' "$ROOT/README.md")
	[ "$typed" ]
	cd "$ROOT"
	run bash -c "apt-get -s install ${typed/ppc64el/$arch}"
	assert_success
	assert_line --regexp "^Inst kvm-htab "
	assert_line --regexp "^Inst kvm-htab-dkms "
}

# on_a_copy COMMAND...: as root of a copy of this system, which is gone afterwards; the tree's directory is current
on_a_copy() {
	# shellcheck disable=SC2016 # for the inner shells
	unshare --mount bash -c 'set -e
		mount -t tmpfs none "$1"
		mkdir "$1"/{upper,work,copy}
		mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/copy"
		for dir in proc sys dev; do
			mount --rbind /$dir "$1/copy/$dir"
		done
		mount --bind "$2" "$1/copy/mnt"
		exec chroot "$1/copy" bash -c '\''cd /mnt && exec "$@"'\'' - "${@:3}"' - "$BATS_TEST_TMPDIR" "$ROOT" "$@"
}

@test "the package passes its own test, once installed" {
	[ "$(id -u)" = 0 ] || skip "needs root to install it, in a copy of this system"
	on_a_copy true 2>/dev/null || skip "no overlay of this file system"
	arch=$(dpkg --print-architecture)
	[ -e "$ROOT/build/deb/$arch" ] || package "$arch"
	run on_a_copy bash -c 'dpkg -i build/deb/*/kvm-htab_*_'"$arch"'.deb && AUTOPKGTEST_TMP=/tmp debian/tests/installed'
	assert_success
	assert_equal "$(grep -c '^ok: ' <<<"$output")" "$(grep -cE '^(echo "ok|same )' "$ROOT/debian/tests/installed")"
}

@test "a package for ppc64el, made without its packages being installed" {
	package ppc64el
	run readelf -h "$BATS_TEST_TMPDIR/unpacked/usr/bin/kvm-htab"
	assert_line --regexp 'Machine: +PowerPC64'
	run dpkg-deb -f "$deb" Depends
	assert_output --regexp 'libc6 \(>= 2\.[0-9]+\)'
}

@test "the package depends on the libraries that the program opens by itself" {
	mapfile -t names < <(libraries)
	((${#names[@]} > 0))
	for name in "${names[@]}"; do
		sed -n '/^Depends:/,/^[A-Z]*:/p' "$ROOT/debian/control" | grep -qw "$name" ||
			fail "debian/control: Depends lacks $name"
	done
}

@test "the package has the version of the program" {
	version=$(sed -n 's/^VERSION ?= //p' "$ROOT/cli/Makefile")
	run dpkg-parsechangelog -l "$ROOT/debian/changelog" -S Version
	assert_output --regexp "^${version//./\\.}-[0-9]+$"
}
