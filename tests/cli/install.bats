#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# make install, uninstall and dist.

bats_require_minimum_version 1.5.0
load common

# make_in DIR TARGET...
make_in() {
	make --no-print-directory -s -C "$@"
}

setup() {
	dest="$BATS_TEST_TMPDIR/a root"
	mkdir "$dest"
}

@test "install puts everything where it is looked for, and uninstall leaves nothing" {
	make_in "$ROOT" install DESTDIR="$dest" prefix=/usr
	run find "$dest/usr" -type f -printf '%P %m\n'
	assert_line "bin/kvm-htab 755"
	assert_line "share/doc/kvm-htab/examples/reset-qemu 755"
	assert_line "share/doc/kvm-htab/examples/share_vm_fd.py 755"
	assert_line "share/doc/kvm-htab/examples/libvirt-hook-qemu 755"
	assert_line "share/doc/kvm-htab/examples/libvirt-domain.xml 644"
	for file in share/man/man8/kvm-htab.8 share/man/man8/kvm-htab-fit.8 share/man/man7/kvm-htab-vm-socket.7 \
		share/man/man5/kvm-htab-json.5 share/bash-completion/completions/kvm-htab share/zsh/site-functions/_kvm-htab \
		share/fish/vendor_completions.d/kvm-htab.fish share/doc/kvm-htab/README.md \
		share/doc/kvm-htab/CHANGELOG share/doc/kvm-htab/examples/share-vm-fd.c include/kvm-htab.h \
		share/doc/kvm-htab/monitoring/kvm-htab.rules.yml \
		share/doc/kvm-htab/monitoring/kvm-htab-dashboard.json \
		lib/systemd/system/kvm-htab-metrics.service lib/systemd/system/kvm-htab-metrics.timer; do
		assert_line "$file 644"
	done
	assert_line "share/doc/kvm-htab/examples/qemu-change-table 755"
	mapfile -t pages < <(cd "$ROOT/man" && printf '%s\n' *.[578])
	for page in "${pages[@]}"; do
		assert_line "share/man/man${page##*.}/$page 644"
	done
	assert_equal "${#lines[@]}" "$((17 + ${#pages[@]}))"
	touch "$dest/usr/bin/other"
	make_in "$ROOT" uninstall DESTDIR="$dest" prefix=/usr
	run find "$dest" ! -type d -o -name kvm-htab
	assert_output "$dest/usr/bin/other"
}

# compiles TEXT ARG...: a program with that text, which has only what is installed
compiles() {
	printf '%b\n' "$1" >"$BATS_TEST_TMPDIR/vmm.c"
	cc -Wall -Wextra -Werror -fsyntax-only -I "$dest/usr/include" "${@:2}" "$BATS_TEST_TMPDIR/vmm.c"
}

@test "the header that is installed is enough for a VMM, and gives way to a kernel that has it all" {
	make_in "$ROOT" install DESTDIR="$dest" prefix=/usr
	cc -Wall -Wextra -Werror -fsyntax-only -I "$dest/usr/include" "$ROOT/examples/share-vm-fd.c"
	uses='int x[] = { KVM_CAP_PPC_HTAB_CTL == 4176 ? 1 : -1, KVM_PPC_HTAB_CTL_OFFER, sizeof(struct kvm_ppc_htab) };'
	compiles "#include <kvm-htab.h>\n#include <linux/kvm.h>\n#include <kvm-htab.h>\n$uses"
	# kernels with all of it in <linux/kvm.h>
	mkdir -p "$BATS_TEST_TMPDIR/later/linux"
	{
		printf '#ifndef LATER\n#define LATER\n#include_next <linux/kvm.h>\n'
		sed -n '/^#ifndef KVM_CAP_PPC_HTAB_CTL/,/^#endif/p' "$ROOT/kernel/include/kvm-htab.h" | sed '1d; $d'
		echo '#endif'
	} >"$BATS_TEST_TMPDIR/later/linux/kvm.h"
	compiles "#include <kvm-htab.h>\n$uses" -I "$BATS_TEST_TMPDIR/later"
}

# commands: what README.md says to type, sudo left out
commands() {
	sed -n '/^## Install it/,/^## /s/^    //p' "$ROOT/README.md" | sed 's/^sudo //'
}

@test "install as the README says" {
	git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1 || skip "this tree is no git checkout"
	git clone -q "$ROOT" "$BATS_TEST_TMPDIR/clone"
	cp "$ROOT/README.md" "$BATS_TEST_TMPDIR/clone"
	cd "$BATS_TEST_TMPDIR/clone"
	mapfile -t typed < <(commands | grep '^make' | grep -vE ' (deb|rpm)')
	assert_equal "${typed[*]}" "make make install"
	for command in "${typed[@]}"; do
		DESTDIR=$dest bash -c "$command" >&2
	done
	run "$dest/usr/local/bin/kvm-htab" --version
	assert_success
}

@test "the packages that the README has installed are those that the build asks for" {
	mapfile -t typed < <(commands | sed -n 's/^apt install //p')
	[ "${#typed[@]}" = 3 ]
	run commands
	assert_line 'apt build-dep ./'
	for name in ${typed[2]}; do
		grep -qx "$name\(	.*\)\?" "$ROOT/tests/packages" || fail "tests/packages lacks $name"
	done
	# what builds it alone, and what scripts/deb wants beyond that
	depends=$(sed -n '/^Build-Depends:/,/^[A-Z].*:/p' "$ROOT/debian/control")
	for name in libjson-c-dev libkmod-dev libsmartcols-dev; do
		[[ $depends == *$name* && " ${typed[2]} " == *" $name "* ]] || fail "README.md does not install $name"
	done
	while read -r name; do
		[[ " ${typed[0]} dpkg-dev " == *" $name "* || $depends == *[[:space:]]$name* ||
			$depends == *dh-sequence-${name#dh-}* ]] || fail "README.md does not install $name"
	done < <(sed -n 's/^want [a-z-]* \([a-z-]*\)$/\1/p' "$ROOT/scripts/deb")
}

@test "install: every directory can be chosen, and uninstall follows" {
	directories=()
	for name in bin man include doc bashcompletion zshcompletion fishcompletion systemunit; do
		directories+=("${name}dir=/chosen/$name")
	done
	make_in "$ROOT" install DESTDIR="$dest" "${directories[@]}"
	run ls "$dest"
	assert_output chosen
	run ls "$dest/chosen"
	assert_output $'bashcompletion\nbin\ndoc\nfishcompletion\ninclude\nman\nsystemunit\nzshcompletion'
	make_in "$ROOT" uninstall DESTDIR="$dest" "${directories[@]}"
	run find "$dest" ! -type d
	assert_output ""
}

@test "what is installed says the version of the archive" {
	make_in "$ROOT" install DESTDIR="$dest" prefix=/usr
	version=$(sed -n 's/^VERSION ?= //p' "$ROOT/cli/Makefile")
	[ "$version" ]
	run "$dest/usr/bin/kvm-htab" --version
	assert_output "kvm-htab $version"
}

@test "dist: what is committed, the same wherever it is made" {
	git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1 || skip "this tree is no git checkout"
	(
		umask 022
		git clone -q "$ROOT" "$BATS_TEST_TMPDIR/one"
		make_in "$BATS_TEST_TMPDIR/one" -f "$ROOT/Makefile" dist
	)
	(
		umask 077
		export TZ=Asia/Tokyo LC_ALL=C.UTF-8 XZ_OPT=-T4
		git clone -q "$ROOT" "$BATS_TEST_TMPDIR/two"
		touch "$BATS_TEST_TMPDIR/two/untracked" "$BATS_TEST_TMPDIR/two/COPYING"
		make_in "$BATS_TEST_TMPDIR/two" -f "$ROOT/Makefile" dist
	)
	cd "$BATS_TEST_TMPDIR"
	cmp one/build/kvm-htab-*.tar.xz two/build/kvm-htab-*.tar.xz
	tar -xf one/build/kvm-htab-*.tar.xz
	run diff -r --no-dereference --exclude=.git --exclude=build --exclude=debian one kvm-htab-*/
	assert_output ""
}
