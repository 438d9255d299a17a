#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# make -C kernel port, on a project with two toy lines: a file of 40 lines, which is not the same in both, and four
# patches, of which "Two" differs between the lines; line B has one more of its own.

bats_require_minimum_version 1.5.0

setup_file() {
	export HOME=$BATS_FILE_TMPDIR GIT_CONFIG_NOSYSTEM=1
	git config --global user.name Somebody
	git config --global user.email somebody@example.org
	git config --global init.defaultBranch kvm-htab
	mkdir -p "$BATS_FILE_TMPDIR"/project/kernel/{tree,patches}
	cd "$BATS_FILE_TMPDIR/project/kernel" || return
	cp -r "$BATS_TEST_DIRNAME/../../scripts" ..
	cp -r "$BATS_TEST_DIRNAME/../../kernel/scripts" .
	toy_line A ''
	toy_line B ' of B'
	git -C .. init -q
	echo kernel/tree >../.gitignore
	git -C .. add .
	git -C .. commit -qm 'A project'
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cp -r "$BATS_FILE_TMPDIR/project" "$BATS_TEST_TMPDIR/"
	cd "$BATS_TEST_TMPDIR/project/kernel" || return
}

# change LINE SUBJECT SED-SCRIPT: one more commit
change() {
	sed -i "$3" "tree/$1/file"
	git -C "tree/$1" commit -qam "$2" -m "What $2 does."
}

toy_line() {
	git init -q "tree/$1"
	seq -f 'line %g' 40 | sed "20s/$/$2/" >"tree/$1/file"
	git -C "tree/$1" add file
	git -C "tree/$1" commit -qm base
	git -C "tree/$1" tag base
	change "$1" One '3s/$/ one/'
	change "$1" Two "10s/$/ two$2/; 30s/$/ two/"
	change "$1" Three '16s/$/ three/'
	change "$1" Four '36s/$/ four/'
	[[ ! $2 ]] || change "$1" Own '39s/$/ own/'
	scripts/export "$1" 2>/dev/null
}

# edit TODO...: the commits of line A anew: "pick SUBJECT", as git rebase has it, or "exec COMMAND"
edit() {
	local item
	for item; do
		case $item in
		exec*) echo "$item" ;;
		*) echo "${item%% *} $(git -C tree/A log --format=%h --grep="^${item#* }\$" kvm-htab)" ;;
		esac
	done >todo
	GIT_SEQUENCE_EDITOR="cp $PWD/todo" git -C tree/A rebase -q -i base
}

subjects() { git -C "tree/$1" log --reverse --format=%s base.. | paste -sd' '; }

# changes LINE SUBJECT: the lines that this commit makes
changes() {
	git -C "tree/$1" show --format= "$(git -C "tree/$1" log -1 --format=%h --grep="^$2\$")" |
		sed -n '/^+++/d; s/^[+]//p' | paste -sd, | sed 's/line //g'
}

@test "where nothing changed, port changes nothing" {
	before=$(git -C tree/B rev-parse HEAD)
	run scripts/port A B
	assert_success
	assert_equal "$(git -C tree/B rev-parse HEAD)" "$before"
}

@test "port carries what was amended, renamed, inserted, moved and removed, and keeps what is different in TO" {
	edit 'pick Four' 'pick Two' 'exec sed -i "14s/$/ more/" file; git commit -qa --amend -m "Second" -m "Better."' \
		'exec sed -i "25s/$/ new/" file; git commit -qam New' 'pick Three'
	run scripts/port A B
	assert_success
	assert_line 'kernel: removed: One'
	assert_line 'kernel: changed: Second'
	assert_line 'kernel: new: New'
	refute_line --partial Three
	assert_equal "$(subjects B)" 'Four Second New Three Own'
	assert_equal "$(changes B Second)" '10 two of B,14 more,30 two'
	assert_equal "$(changes B New)" '25 new'
	assert_equal "$(git -C tree/B log -1 --format=%b --grep '^Second$')" 'Better.'
	assert_equal "$(git -C tree/B log -1 --format=%s kvm-htab.before-port)" 'Own'

	# What was ported is what the next comparison begins with.
	edit 'pick Four' 'pick Second' 'pick New' 'exec sed -i "26s/$/ newer/" file; git commit -qa --amend --no-edit' 'pick Three'
	run scripts/port A B
	assert_success
	assert_output --regexp '^kernel: changed: New'
	refute_line --partial Second
	assert_equal "$(changes B New)" '25 new,26 newer'

	# And if that is taken back, the one before.
	git -C tree/B reset -q --hard kvm-htab.before-port
	run scripts/port A B
	assert_line 'kernel: changed: New'
	assert_equal "$(changes B New)" '25 new,26 newer'
}

@test "what was resolved in FROM already does not conflict in TO" {
	edit 'pick One' 'exec sed -i "35s/$/ more/" file; git commit -qa --amend --no-edit' 'pick Two' 'pick Three' \
		'exec sed -i "36s/$/ four/" file; git commit -qam Four -m "What Four does."'
	run scripts/port A B
	assert_success
	refute_line --partial Four
	assert_equal "$(changes B One)" '3 one,35 more'
	assert_equal "$(changes B Four)" '36 four'
	assert_equal "$(subjects B)" 'One Two Three Four Own'
}

@test "the parts of a patch that was split have what TO has in them" {
	before=$(git -C tree/B rev-parse 'HEAD^{tree}')
	edit 'pick One' 'pick Two' 'exec sed -i "30s/ two//" file; git commit -qa --amend --no-edit' \
		'exec sed -i "30s/$/ two/" file; git commit -qam Part' 'pick Three' 'pick Four'
	run scripts/port A B
	assert_success
	assert_equal "$(subjects B)" 'One Two Part Three Four Own'
	assert_equal "$(changes B Two)" '10 two of B'
	assert_equal "$(changes B Part)" '30 two'
	assert_equal "$(git -C tree/B rev-parse 'HEAD^{tree}')" "$before"
}

@test "port compares with the series of another commit of the project" {
	edit 'pick One' 'exec sed -i "4s/$/ more/" file; git commit -qa --amend --no-edit' 'pick Two' 'pick Three' 'pick Four'
	scripts/export A
	git -C .. commit -qam 'Exported too early'
	run scripts/port A B
	assert_success
	refute_output --partial changed
	run scripts/port A B HEAD~1
	assert_success
	assert_line 'kernel: changed: One'
	assert_equal "$(changes B One)" '3 one,4 more'
}

@test "a conflict is resolved as in any rebase, or everything is taken back" {
	edit 'pick One' 'pick Two' 'exec sed -i "10s/$/ again/" file; git commit -qa --amend --no-edit' 'pick Three' 'pick Four'
	before=$(git -C tree/B rev-parse HEAD)
	run scripts/port A B
	assert_failure 1
	assert_output --partial 'resolve the conflict there'
	git -C tree/B rebase --abort
	assert_equal "$(git -C tree/B rev-parse HEAD)" "$before"
	run scripts/port A B
	assert_failure 1
	run scripts/port A B
	assert_failure 1
	sed -i '/^<<<<<<</,/^=======/d; /^>>>>>>>/d; s/two again/two again of B/' tree/B/file
	git -C tree/B add file
	run scripts/port A B
	assert_success
	assert_equal "$(subjects B)" 'One Two Three Four Own'
	assert_equal "$(changes B Two)" '10 two again of B,30 two'
	refute [ -e tree/B/.git/rebase-merge ]
}

@test "what a conflict's resolution has lost is noticed" {
	change A Five '10s/$/ five/'
	change B Five '10s/$/ five/'
	for line in A B; do scripts/export $line; done
	git -C .. add -A
	git -C .. commit -qm 'Five'
	edit 'pick One' 'exec sed -i "10s/$/ five/" file; git commit -qam Five' \
		'exec sed -i "10s/$/ two/; 10s/five two/two five/; 30s/$/ two/" file; git commit -qam Two' 'pick Three' 'pick Four'
	run scripts/port A B
	assert_failure 1
	for _ in 1 2 3 4; do
		[[ -e tree/B/.git/rebase-merge ]] || break
		git -C tree/B show REBASE_HEAD:file | sed '10s/ of B//' >tree/B/file
		git -C tree/B add file
		run scripts/port A B
	done
	assert_failure 1
	assert_output --partial 'one merge of all changes gives something else'
}
