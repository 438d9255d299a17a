#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What can be said of the tree without running it.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/../.." || return
	root=$PWD
}

# Tracked files, or, in a tree that is no checkout, all of them.
files() {
	git ls-files -co --exclude-standard 2>/dev/null | grep . || find . -type f -not -path './build/*' -printf '%P\n'
}

shell_scripts() {
	local file
	files | while read -r file; do
		[[ -f $file ]] || continue
		case $file in
		*.bats | *.bash) echo "$file" ;;
		*) head -n 1 "$file" | grep -aqE '^#!.*\b(ba)?sh\b' && echo "$file" ;;
		esac
	done
}

@test "shellcheck is quiet" {
	mapfile -t scripts < <(shell_scripts)
	((${#scripts[@]} > 5))
	run shellcheck -x "${scripts[@]}"
	assert_success
	assert_output ''
}

@test "clang-format is quiet" {
	mapfile -t sources < <(files | grep -E '^(cli|tests|examples)/.*\.[ch]$')
	((${#sources[@]} > 10))
	run clang-format --dry-run --Werror "${sources[@]}"
	assert_success
}

@test "the tool builds without warnings" {
	run make -s -C cli O="$BATS_TEST_TMPDIR/build" WERROR=1
	assert_success
	refute_output --partial warning
}

@test "every source file names its licence" {
	run bash -c 'git ls-files -co --exclude-standard | grep -E "\.(c|h|S|bats|bash)$|Makefile$" |
		xargs grep -L SPDX-License-Identifier'
	assert_output ''
}

@test "no trailing white space outside patches" {
	run git grep -nIE '[ 	]+$' -- . ':!*.patch' ':!COPYING' ':!tests/cli/trees'
	assert_output ''
}

# Patches are what a maintainer would be sent.

each_line() {
	local line
	for line in $(cd "$root/kernel/lines" && echo *); do
		"$@" "$line" || return
	done
}

headers_are_stable() {
	! grep -nE '^(Date: |index [0-9a-f]+\.\.|From [1-9a-f])' kernel/patches/"$1"/*.patch kernel/rfc/*/*/*.patch
}

@test "patches have stable headers, a sign-off, and start with a fix" {
	each_line headers_are_stable
	run grep -L '^Signed-off-by: ' kernel/patches/*/*.patch kernel/rfc/*/*/*.patch
	assert_output ''
	run grep -L '^Fixes: ' kernel/patches/*/0001-*.patch
	assert_output ''
}

@test "checkpatch --strict is quiet" {
	each_line kernel/scripts/checkpatch
	local dir
	for dir in kernel/rfc/*/*; do
		SERIES_DIR=$root/$dir kernel/scripts/checkpatch "${dir##*/}"
	done
}

# added FILE PATCH...: the lines that FILE has more than before, sorted
added() {
	awk -v file="b/$1" '
		/^diff --git / { here = $4 == file; next }
		here && /^\+[^+]/ { n[substr($0, 2)]++ }
		here && /^-[^-]/ { n[substr($0, 2)]-- }
		END { for (line in n) while (n[line]-- > 0) print line }' "${@:2}" | LC_ALL=C sort
}

@test "the header for VMMs has what the patches add to linux/kvm.h, on each line" {
	local line
	sed -n '/^#ifndef KVM_CAP_PPC_HTAB_CTL/,/^#endif/p' kernel/include/kvm-htab.h | sed '1d; $d; /^$/d' |
		LC_ALL=C sort >"$BATS_TEST_TMPDIR/header"
	[[ -s $BATS_TEST_TMPDIR/header ]]
	for line in $(cd kernel/lines && echo *); do
		run diff <(added include/uapi/linux/kvm.h kernel/patches/"$line"/*.patch) "$BATS_TEST_TMPDIR/header"
		assert_output ''
	done
}

@test "kernel/tree, where there is one, agrees with the patches" {
	each_line kernel/scripts/check-tree
}

@test "the head of each host test says where it runs" {
	source tests/host/testbed/heads.bash
	run heads_errors tests/host/*.bats
	assert_output ''
	run bash -c 'find tests/host -mindepth 2 -name "*.bats"'
	assert_output ''
}

@test "a head that is wrong is found" {
	source tests/host/testbed/heads.bash
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' '# Runs on: powernv9 powernv7; lines: first 5.4; kernels: patched' >one.bats
	printf '%s\n' '# Takes: 10 s' >two.bats
	run heads_errors one.bats two.bats
	assert_output --partial 'one.bats: no line "# Takes: N s"'
	assert_output --partial 'one.bats: unknown machine "powernv7"'
	assert_output --partial 'one.bats: unknown line "5.4"'
	assert_output --partial 'one.bats: unknown kernel "patched"'
	assert_output --partial 'two.bats: no line "# Runs on: ..."'
}

# What runs where is in the heads alone. The tests of an installed kvm-htab-dkms have an order.
@test "no script lists test files" {
	run git grep -nE '[a-z}]\.bats' -- Makefile .ci tests/check tests/check-long tests/check-debug tests/suite.bash \
		tests/host/testbed
	assert_output ''
}

@test "manual pages are clean" {
	# examples come first
	run bash -c 'mandoc -T lint -W warning man/*.[578] | grep -v ": sections out of conventional order: "'
	assert_output ''
}

@test "nothing names a path of the machine it was written on, or a mirror" {
	local hosts
	# shellcheck disable=SC2016 # apt expands it
	hosts=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | sed 's|.*://||; s|/.*||; s|[.]|\\.|g' |
		sort -u | paste -sd'|')
	run git grep -nIE "($HOME/|$root/|${hosts:-no host known})" -- . ':!COPYING'
	assert_output ''
}
