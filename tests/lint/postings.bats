#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Each patch of the series is in one posting, and make -C kernel posting writes what a person can send.

bats_require_minimum_version 1.5.0

# A copy, and a home directory, so that git's configuration on this machine does not matter
setup_file() {
	export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
	export HOME=$BATS_FILE_TMPDIR GIT_CONFIG_NOSYSTEM=1
	unset EMAIL GIT_{AUTHOR,COMMITTER}_{NAME,EMAIL}
	mkdir -p "$BATS_FILE_TMPDIR/project/kernel"
	cp -r "$BATS_TEST_DIRNAME/../../scripts" "$BATS_FILE_TMPDIR/project/"
	cp -r "$BATS_TEST_DIRNAME"/../../kernel/{scripts,lines,patches,postings,rfc,Makefile} "$BATS_FILE_TMPDIR/project/kernel/"
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cp -r "$BATS_FILE_TMPDIR/project" "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR/project/kernel" || return
}

# a person's configuration of git
person() {
	export GIT_CONFIG_GLOBAL=$BATS_TEST_TMPDIR/gitconfig
	git config --global user.name 'Ada Example'
	git config --global user.email ada@example.org
}

@test "each patch is in one posting, on every line" {
	run scripts/postings
	assert_success
	refute_line --regexp '^kernel: '
	assert_line 'fixes: Keep the HPT until its replacement is allocated'
}

@test "a patch in no posting is found, and one in two" {
	sed -i '/rmap arrays/d' postings/charges
	run scripts/postings
	assert_failure 1
	assert_line "kernel: line 6.1: \"Charge rmap arrays to the VM owner's memory cgroup\" is in no posting of kernel/postings"

	sed -i "/^Prefix/aPatch: Charge HPTs to the VM owner's memory cgroup" postings/pool
	run scripts/postings
	assert_failure 1
	assert_line --regexp "^kernel: line 7.2: \"Charge HPTs .*\" is in charges and in pool$"
}

@test "a name that is no patch's is found" {
	sed -i '/^Prefix/aPatch: Do what nobody has done' postings/pool
	run scripts/postings
	assert_failure 1
	assert_line 'kernel: pool names a patch that no line has: "Do what nobody has done"'
}

@test "cover letters are wrapped as a mail is" {
	run find postings -maxdepth 1 -type f -exec sed -nE '/^[A-Z][a-z]+: /d; /.{76}/{F; p}' {} +
	assert_output ''
}

@test "the postings together are the series" {
	# shellcheck disable=SC2016 # for that shell
	run bash -c 'set -euo pipefail
		. scripts/lib.bash
		. scripts/patch.bash
		. scripts/postings.bash
		read_line 7.2
		small_tree 7.2 "$PWD/tree"
		small_git tree checkout -q --detach base
		for name in $(postings); do
			pick_posting "$name" 7.2 "$PWD/tree" base kvm-htab
		done
		small_git tree diff --stat kvm-htab
		small_git tree rev-list --count base..HEAD'
	assert_success
	assert_output "$(find patches/7.2 rfc/*/7.2 -name '*.patch' | wc -l)"
}

@test "nobody sends anything without a name: no user in git's configuration is an error" {
	run make -s posting NAME=fixes OUT="$BATS_TEST_TMPDIR/out"
	assert_failure
	assert_output --partial 'git does not know who sends this: set user.name and user.email with git config'
	[[ ! -e $BATS_TEST_TMPDIR/out ]]
}

@test "an unknown posting: the names are listed" {
	person
	run make -s posting NAME=fix OUT="$BATS_TEST_TMPDIR/out"
	assert_failure
	assert_line --regexp "no posting 'fix'; there are: .*fixes.*moving"
}

# message FILE: without the headers that git send-email reads
trailers() { sed '/^---$/,$d' "$1" | grep -E '^[A-Z][a-z-]+-by: |^Fixes: |^Cc: '; }

@test "what is written applies to the base, and is what the series has" {
	local out=$BATS_TEST_TMPDIR/out patch series count
	person
	run make -s posting NAME=fixes OUT="$out"
	assert_success
	run make -s posting NAME=fixes OUT="$out"
	assert_failure
	assert_output --partial 'has patches already'

	# the cover letter
	count=$(scripts/postings 7.2 | grep -c '^fixes: ')
	run cat "$out/0000-cover-letter.patch"
	assert_line 'From: Ada Example <ada@example.org>'
	assert_line --regexp "^Subject: \[PATCH 0+/$count\] KVM: PPC: Book3S HV: "
	assert_line --regexp '^base-commit: [0-9a-f]{40}$'
	assert_line 'To: Madhavan Srinivasan <maddy@linux.ibm.com>'
	assert_line --partial 'linuxppc-dev@lists.ozlabs.org'
	refute_line --partial '***'

	# A tree of its own: the files that the series changes, of the source in the cache
	# shellcheck disable=SC2016 # for that shell
	bash -c 'set -euo pipefail
		. scripts/lib.bash
		. scripts/patch.bash
		. scripts/postings.bash
		read_line 7.2
		small_tree 7.2 "$PWD/tree"
		small_git tree checkout -q base'
	assert_equal "$(sed -n 's/^base-commit: //p' "$out/0000-cover-letter.patch")" "$(git -C tree rev-parse base)"
	git -C tree am -q "$out"/000[1-9]-*.patch "$out"/00[1-9]*-*.patch
	git -C tree format-patch -q -N --no-signature -o "$PWD/again" base..HEAD
	assert_equal "$(find again -name '*.patch' | wc -l)" "$count"

	# shellcheck source=kernel/scripts/patch.bash
	source scripts/patch.bash
	paste <(subjects patches/7.2/*.patch) <(printf '%s\n' patches/7.2/*.patch) >named
	for patch in again/*.patch; do
		series=$(awk -F '\t' -v subject="$(subjects "$patch")" '$1 == subject { print $2 }' named)
		assert_equal "$(changed_lines <"$patch")" "$(changed_lines <"$series")"
		grep -qxF 'From: Ada Example <ada@example.org>' "$patch"
		assert_equal "$(trailers "$patch")" \
			"$(trailers "$series" | sed 's/^Signed-off-by: .*/Signed-off-by: Ada Example <ada@example.org>/')"
	done
}

@test "it can be made on a commit of another tree, which is not touched" {
	local out=$BATS_TEST_TMPDIR/out src commit
	person
	src=$(scripts/source 7.2)
	# shellcheck disable=SC2016 # for that shell
	bash -c 'set -euo pipefail
		. scripts/lib.bash
		. scripts/patch.bash
		. scripts/postings.bash
		read_line 7.2
		small_tree 7.2 "$PWD/theirs"'
	cp -t theirs "$src"/{COPYING,CREDITS,Kbuild,MAINTAINERS,Makefile,README}
	mkdir -p theirs/scripts
	cp -t theirs/scripts "$src/scripts/get_maintainer.pl"
	git -C theirs checkout -q --detach base
	# what they have and the series was not made on
	sed -i '1i /* Theirs */' theirs/arch/powerpc/kvm/book3s_64_mmu_hv.c
	git -C theirs add -A
	git -C theirs commit -qm theirs
	commit=$(git -C theirs rev-parse HEAD)

	run make -s posting NAME=charges OUT="$out" TREE="$PWD/theirs" BASE="$commit"
	assert_success
	run cat "$out/0000-cover-letter.patch"
	assert_line "base-commit: $commit"
	assert_line --regexp '^prerequisite-patch-id: '
	assert_line --partial 'Madhavan Srinivasan <maddy@linux.ibm.com>'
	# asked for by the posting
	assert_line --partial 'cgroups@vger.kernel.org'
	refute_line --partial 'Based on'
	assert_equal "$(git -C theirs status --porcelain; git -C theirs rev-parse HEAD)" "$commit"
}
