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
	sed -n 's/^.*\.package = "\(.*\)",$/\1/p' "$ROOT"/cli/*.c
}

@test "a package for this machine, in which lintian finds nothing" {
	package "$(dpkg --print-architecture)"
	run "$BATS_TEST_TMPDIR/unpacked/usr/bin/kvm-htab" --version
	assert_output "kvm-htab $(dpkg-deb -f "$deb" Version | sed 's/-[^-]*$//')"
	run find "$BATS_TEST_TMPDIR/unpacked/usr" -type f -printf '%P\n'
	assert_line share/man/man8/kvm-htab.8.gz
	assert_line share/bash-completion/completions/kvm-htab
	assert_line share/zsh/vendor-completions/_kvm-htab
	assert_line share/fish/vendor_completions.d/kvm-htab.fish
}

@test "apt takes the package, and knows where to get what it depends on" {
	arch=$(dpkg --print-architecture)
	[ -e "$ROOT/build/deb/$arch" ] || package "$arch"
	typed=$(sed -n 's/^    sudo apt install \(.*\.deb\)$/\1/p' "$ROOT/README.md")
	[ "$typed" ]
	cd "$ROOT"
	# shellcheck disable=SC2086 # a pattern
	run apt-get -s install ${typed/ppc64el/$arch}
	assert_success
	assert_line --regexp "^Inst kvm-htab "
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
