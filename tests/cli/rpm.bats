#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The RPM package, of what is committed, built by Debian's rpmbuild.

bats_require_minimum_version 1.5.0
load common

# shellcheck disable=SC2153 # common.bash sets ROOT
SPEC=$ROOT/packaging/rpm/kvm-htab.spec

setup_file() {
	local root=$BATS_TEST_DIRNAME/../..
	git -C "$root" rev-parse --git-dir >/dev/null 2>&1 || skip "this tree is no git checkout"
	make --no-print-directory -s -C "$root" rpm >"$BATS_FILE_TMPDIR/log" 2>&1 || { cat "$BATS_FILE_TMPDIR/log"; return 1; }
}

setup() {
	rpm=$(echo "$ROOT"/build/rpm/RPMS/*/kvm-htab-0*.rpm)
	[ -f "$rpm" ]
}

# contents: what is in the package, relative to /usr
contents() {
	rpm -qlp "$rpm" | sed -n 's|^/usr/||p'
}

@test "rpmbuild builds it, and rpmlint finds no error" {
	run rpm -qp --qf '%{NAME} %{VERSION}' "$rpm"
	assert_output "kvm-htab $(sed -n 's/^VERSION ?= //p' "$ROOT/cli/Makefile")"
	run rpmlint "$rpm" "$SPEC"
	assert_line --regexp '^ 1 packages and 1 specfiles checked'
	# who builds packages of a distribution signs them and names the packager; groups are no longer used
	run bash -c 'grep ": E: " <<<"$1" | grep -vE "no-(signature|packager-tag|group-tag)$"' - "$output"
	assert_output ''
}

@test "its program runs" {
	cd "$BATS_TEST_TMPDIR" || return
	rpm2cpio "$rpm" | cpio -idm --quiet
	run usr/bin/kvm-htab --version
	assert_output "kvm-htab $(sed -n 's/^VERSION ?= //p' "$ROOT/cli/Makefile")"
	run usr/bin/kvm-htab fit --ram 64G --sysroot "$POWER"
	assert_success
}

# rpm_in_root ARG...: rpm on the system below $root. Anyone may: a user namespace maps its root
rpm_in_root() {
	unshare -r rpm --root "$root" "$@" 2> >(grep -vE 'RPM should not be used directly|assuming you know what you are doing' >&2)
}

# Debian's rpm knows no packages that could provide what this one requires, so that it is told not to ask. The root has
# what the scripts and the program need, of this system.
@test "rpm installs it into another root, where it runs, finds no difference, and removes it without a trace" {
	root=$BATS_TEST_TMPDIR/root
	libraries=("$(command -v sh)")
	for name in libjson-c.so.5 libkmod.so.2 libsmartcols.so.1; do
		libraries+=("$(ldconfig -p | sed -n "s/.*$name (libc6,.*64.*) => //p" | head -n 1)")
	done
	# shellcheck disable=SC2046 # paths without blanks
	tar -chf "$BATS_TEST_TMPDIR/system.tar" --transform 's|.*/sh$|bin/sh|' "${libraries[@]}" \
		$(ldd "${libraries[@]}" "$KVM_HTAB" | sed -nE 's/.*(=> |^\t)(\/[^ ]*) \(.*/\2/p' | sort -u)
	mkdir "$root"
	tar -xf "$BATS_TEST_TMPDIR/system.tar" -C "$root"
	[ -x "$root/bin/sh" ]
	find "$root" -type f ! -path '*rpmdb*' | sort >"$BATS_TEST_TMPDIR/before"

	run rpm_in_root -i --nodeps "$rpm"
	assert_success
	assert_output ''
	run rpm_in_root -V --nodeps kvm-htab
	assert_success
	assert_output ''
	cp -r "$POWER" "$root/tree"
	run unshare -r chroot "$root" /usr/bin/kvm-htab fit --ram 64G --json --sysroot /tree
	rm -r "$root/tree"
	assert_success
	assert_output --partial '"answer": "yes"'
	echo >>"$root/usr/bin/kvm-htab"
	run rpm_in_root -V --nodeps kvm-htab
	assert_failure 1
	assert_line --regexp '^S.5.* /usr/bin/kvm-htab$'
	run rpm_in_root -e kvm-htab
	assert_success
	assert_output ''
	find "$root" -type f ! -path '*rpmdb*' | sort | diff "$BATS_TEST_TMPDIR/before" -
	run find "$root" -name '*kvm-htab*'
	assert_output ''
}

@test "it has the files of the Debian package" {
	arch=$(dpkg --print-architecture)
	[ -e "$ROOT/build/deb/$arch" ] ||
		DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck "$ROOT/scripts/deb" "$arch" >/dev/null 2>&1
	deb=$(find "$ROOT/build/deb/$arch" -name "kvm-htab_*_$arch.deb")
	# Debian's names of the directory for zsh, and of what only its packages have
	dpkg-deb -c "$deb" | sed -n 's|^-.* \./usr/||p' | sed 's|vendor-completions|site-functions|; s|\.gz$||' |
		grep -vE 'doc/kvm-htab/(changelog.*|copyright)$|lintian' | sort >"$BATS_TEST_TMPDIR/deb"
	contents | sed 's|\.gz$||' | while read -r file; do
		rpm -qp --qf '[%{FILENAMES} %{FILEMODES:perms}\n]' "$rpm" | grep -q "^/usr/$file\(\.gz\)\? d" || echo "$file"
	done | grep -vE 'licenses/|\.build-id/|doc/kvm-htab/(CHANGELOG|COPYING)$' | sort >"$BATS_TEST_TMPDIR/rpm"
	run diff "$BATS_TEST_TMPDIR/deb" "$BATS_TEST_TMPDIR/rpm"
	assert_success
}

@test "it requires the libraries that the program opens by itself" {
	run rpm -qp --requires "$rpm"
	while read -r library; do
		assert_line --partial "$library("
	done < <(sed -n 's/^LIBRARY([a-z]*, "\([^"]*\)",.*/\1/p' "$ROOT"/cli/*/*.c)
	assert_line --partial 'libjson-c.so.5()'
}

@test "the modules of pkg-config that it asks for are those that the build uses" {
	read -ra modules < <(sed -n 's/^HEADERS_OF := //p' "$ROOT/cli/Makefile")
	for module in "${modules[@]}"; do
		grep -qE "^BuildRequires: +pkgconfig\(($module|${module#lib})\)$" "$SPEC" || fail "$module"
	done
}
