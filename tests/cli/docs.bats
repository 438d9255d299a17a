#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# Manual pages and the examples agree with the program, and fit into a terminal.

bats_require_minimum_version 1.5.0
load common

MAN=$ROOT/man

commands() {
	kvm_htab --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# long_options [COMMAND]: those that --help lists, sorted
long_options() {
	kvm_htab "$@" --help | grep -oE '^ +(-., +)?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

# section PAGE NAME: its source
section() {
	sed -n "/^\.Sh $2\$/,/^\.Sh /p" "$1"
}

# plain PAGE WIDTH: what mandoc makes of it
plain() {
	mandoc -T utf8 -O "width=$2" "$1" | sed 's/.\x08//g'
}

# words: one blank between them
words() {
	tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

@test "every command has a page, which its help names" {
	mapfile -t all < <(commands)
	((${#all[@]} >= 9))
	for command in "${all[@]}"; do
		[ -f "$MAN/kvm-htab-$command.8" ] || fail "no man/kvm-htab-$command.8"
		run kvm_htab help "$command"
		assert_line "See kvm-htab-$command(8)."
		grep -qx "\.It Xr kvm-htab-$command 8" "$MAN/kvm-htab.8" || fail "kvm-htab(8) does not say what $command is for"
	done
	# no page is left of a command that is gone
	assert_equal "$(cd "$MAN" && printf '%s\n' kvm-htab-*.8 | wc -l)" "${#all[@]}"
}

@test "each page lists the options of its command, and no others" {
	for command in $(commands); do
		page=$MAN/kvm-htab-$command.8
		section "$page" OPTIONS | grep -oE '^\.(It |, )?Fl.*' | grep -oE 'Fl Fl [a-z-]+' |
			sed 's/Fl Fl /--/' | sort -u >"$BATS_TEST_TMPDIR/listed"
		long_options "$command" >"$BATS_TEST_TMPDIR/known"
		run comm -13 "$BATS_TEST_TMPDIR/listed" "$BATS_TEST_TMPDIR/known"
		[ -z "$output" ] || fail "$page lacks ${output//$'\n'/ }"
		# a sentence may name an option of another page
		section "$page" OPTIONS | grep -oE '^\.It .*' | grep -oE 'Fl Fl [a-z-]+' | sed 's/Fl Fl /--/' |
			sort -u >"$BATS_TEST_TMPDIR/listed"
		run comm -23 "$BATS_TEST_TMPDIR/listed" "$BATS_TEST_TMPDIR/known"
		[ -z "$output" ] || fail "$page has ${output//$'\n'/ }, which $command has not"
	done
}

@test "kvm-htab-options(7) describes the options of all commands, whose pages refer to it" {
	for option in $(long_options capture | grep -vx -- --full); do
		section "$MAN/kvm-htab-options.7" OPTIONS | grep -qE "^\.It .*Fl Fl ${option#--}( |\$)" || fail "$option"
	done
	for command in $(commands); do
		section "$MAN/kvm-htab-$command.8" OPTIONS | grep -qx '\.Xr kvm-htab-options 7 :' || fail "$command"
	done
}

@test "the synopsis of each page has the options of its command alone" {
	for command in $(commands); do
		for option in $(section "$MAN/kvm-htab-$command.8" SYNOPSIS | grep -oE 'Fl Fl [a-z-]+' | cut -c7-); do
			long_options "$command" | grep -qx -- "--$option" || fail "$command has no --$option"
		done
	done
}

@test "kvm-htab(8) has all exit statuses, and each page only those" {
	for status in 0 1 2 3 4 5; do
		section "$MAN/kvm-htab.8" 'EXIT STATUS' | grep -qx "\.It $status" || fail "status $status"
	done
	for command in $(commands); do
		run bash -c 'sed -n "/^\.Sh EXIT STATUS/,/^\.El/s/^\.It //p" "$1" | sort -c' - "$MAN/kvm-htab-$command.8"
		assert_success
		run sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It //p' "$MAN/kvm-htab-$command.8"
		refute_line --regexp '^[^0-5]'
		assert_line 0
		assert_line 2
	done
}

@test "WHAT TO DO has a row for each reason and condition" {
	page=$MAN/kvm-htab-reasons.7
	# right after DESCRIPTION
	assert_equal "$(grep '^\.Sh ' "$page" | sed -n '3s/^.Sh //p')" 'WHAT TO DO'
	rows=$(section "$page" 'WHAT TO DO' | sed -nE 's/^([a-z-]+)\t[0-9, -]+\t.*/\1/p' | sort)
	names=$(grep -ohE '\[(FIT|CONDITION)_[A-Z_]+\] = "[a-z-]+"' "$ROOT/cli/pool/fit.c" "$ROOT/cli/pool/pool.c" |
		cut -d'"' -f2 | grep -vxE 'yes|no' | sort -u)
	((${#names} > 60))
	assert_equal "$rows" "$names"
}

@test "the manual names every key of the JSON" {
	for command in $(commands); do
		args=(--sysroot "$TREES/power9-6.1")
		case $command in
		capture) continue ;; # nothing but the frame's
		vm-status | reset) args=(--vm fd:77) ;;
		resize) args=(--vm fd:77 --order 24) ;;
		fit) args+=(--order 24) ;;
		compact) args+=(--dry-run) ;;
		inspect) args=(--all --sysroot "$TREES/loaded-6.1") ;;
		esac
		# a host with a VM
		run stdout_of "$command" --json "${args[@]}"
		keys=$(jq -r '. + .results[0] | keys[]' <<<"$output")
		(($(wc -l <<<"$keys") > 8))
		for key in $keys; do
			run grep -qwE "^\.It ?.*$key" "$MAN/kvm-htab-json.5"
			[ "$status" = 0 ] || fail "$key is not in the manual"
		done
	done
}

# keys JSON: the names of all members, at any depth, without the orders in "fits"
keys() {
	jq -r '[paths | map(strings) | last // empty | select(test("^[0-9]+$") | not)] | unique[]' <<<"$1"
}

@test "the manual names every key within the JSON of hosts that have most of them" {
	count=0
	for tree in paid-6.1 loaded-6.1 fragmented-6.1 stock-6.1-debugfs power9-6.1-stock; do
		for command in 'pool-status --map' 'list --output-all' 'fit --ram 4G --maxmem 1T' doctor 'compact --dry-run'; do
			read -ra args <<<"$command"
			run stdout_of "${args[@]}" --json --sysroot "$TREES/$tree"
			for key in $(keys "$output"); do
				count=$((count + 1))
				grep -qw -- "$key" "$MAN/kvm-htab-json.5" || fail "$command on $tree: $key is not in the manual"
			done
		done
	done
	((count > 400))
}

@test "the manual names what the environment is asked for" {
	names=$(grep -oh 'getenv("[A-Z_]*")' "$ROOT"/cli/*/*.c | cut -d'"' -f2)
	[[ $names == *NO_COLOR* ]]
	for name in $names; do
		grep -qx "\.It Ev $name" "$MAN/kvm-htab-options.7" || fail "$name is not in the manual"
	done
}

@test "the manual names every item and state of doctor" {
	for name in $(stdout_of doctor -rn -o ITEM --sysroot "$POWER") ok warning failed unknown n/a; do
		run grep -qx "\.It Cm $name" "$MAN/kvm-htab-doctor.8"
		[ "$status" = 0 ] || fail "$name is not in the manual"
	done
}

@test "messages that the manual quotes are the program's" {
	mapfile -t messages < <(sed -n '/^\.Bl -diag/,/^\.El/s/^\.It "\(.*\)"$/\1/p' "$MAN"/*.8)
	((${#messages[@]} > 10))
	for message in "${messages[@]}"; do
		run bash -c 'cat "$1"/cli/*/*.c | tr -d "\n\t" | sed "s/\" *\"//g" | grep -cF -- "$2"' - "$ROOT" "${message% ...}"
		[ "$status" = 0 ] || fail "not among the messages: $message"
	done
}

# A comment above the example, ".\" Output: TREE [FILE]", names the tree, and a file that is made in it. A line "..."
# stands for any lines. Long lines are folded there. Blanks do not count.
@test "what the manual shows as output is what the program prints" {
	count=0
	while IFS=$'\t' read -r page tree file example; do
		count=$((count + 1))
		cp -r "$TREES/$tree" "$BATS_TEST_TMPDIR/$count"
		tree=$BATS_TEST_TMPDIR/$count
		[[ $file == - ]] || install -D /dev/null "$tree/$file"
		printf '%b' "$example" >"$BATS_TEST_TMPDIR/example"
		command=$(sed -n '1s/^[#$] kvm-htab //p' "$BATS_TEST_TMPDIR/example")
		status=''
		[[ $command != *'; echo $?' ]] || status='; echo $?'
		read -ra args <<<"${command%"$status"}"
		actual=$({ kvm_htab "${args[@]}" --sysroot "$tree" 2>&1 || code=$?
			[ ! "$status" ] || echo "${code:-0}"; } | words)
		pattern=''
		while IFS= read -r part || [[ $part ]]; do
			pattern+=${pattern:+*}$(printf %q "$(words <<<"$part")")
		done < <(sed 1d "$BATS_TEST_TMPDIR/example" | words | sed 's/ \.\.\. /\n/g')
		# shellcheck disable=SC2053 # a pattern
		[[ $actual == $pattern ]] || fail "$page: kvm-htab $command on $tree prints: $actual
and not: $pattern"
	done < <(for page in "$MAN"/*.[58]; do
		awk -v page="${page##*/}" '/^\.\\" Output: / { tree = $3; file = $4 == "" ? "-" : $4 }
			/^\.Ed/ && tree { printf "%s\t%s\t%s\t%s\n", page, tree, file, text; tree = text = ""; within = 0 }
			within { sub(/^\\&/, ""); text = text $0 "\\n" }
			/^\.Bd -literal/ && tree { within = 1 }' "$page"
	done)
	((count >= 6))
}

@test "the examples in C and Python are the ones that are tested" {
	page=$MAN/kvm-htab-vm-socket.7
	sed -n '/^#include/,$p' "$ROOT/examples/share-vm-fd.c" >"$BATS_TEST_TMPDIR/c"
	sed -n '/^import asyncio/,$p' "$ROOT/examples/share_vm_fd.py" >"$BATS_TEST_TMPDIR/py"
	for language in c:C py:Python; do
		sed -n "/^\.Ss ${language#*:}\$/,/^\.Ed/p" "$page" | sed '1,/^\.Bd -literal$/d; /^\.Ed$/d; s/^\\&//; s/\\e/\\/g' \
			>"$BATS_TEST_TMPDIR/printed"
		[ -s "$BATS_TEST_TMPDIR/printed" ]
		run diff -u "$BATS_TEST_TMPDIR/${language%%:*}" "$BATS_TEST_TMPDIR/printed"
		assert_success
	done
}

# numbers: name and value of each constant of the header
numbers() {
	# shellcheck disable=SC2016 # for the compiler
	{
		echo '#include <stdio.h>
#include <kvm-htab.h>
#include <linux/kvm.h>
int main(void) {'
		# on POWER, three bits say in which direction data goes, and 13 how many bytes
		# shellcheck disable=SC2028 # for the compiler
		echo '#define SHOW(name, direction, size) printf("%s 0x%x\n", #name, (direction) << 29 | (unsigned)(size) << 16 | 0xaea7)
SHOW(KVM_PPC_ALLOCATE_HTAB, 6u, 4);
SHOW(KVM_PPC_ALLOCATE_HTAB2, 6u, sizeof(struct kvm_ppc_htab));
SHOW(KVM_PPC_GET_HTAB_INFO, 2u, sizeof(struct kvm_ppc_htab_info));
printf("KVM_ENABLE_CAP 0x%x\n", 4u << 29 | (unsigned)sizeof(struct kvm_enable_cap) << 16 | 0xaea3);'
		grep -ohE '\<KVM_PPC_HTAB_(INFO_|CTL_)?(KEEP|PREFER_PAGES|FORCE|RADIX|READY|RESIZING|OFFERED|OFFER_ENDED|FALLBACK|OFFER|NOMOVE)\>' \
			"$ROOT/kernel/include/kvm-htab.h" | sort -u | sed 's/.*/printf("& %d\\n", &);/'
		echo '}'
	} >"$BATS_TEST_TMPDIR/numbers.c"
	cc -I "$ROOT/kernel/include" -o "$BATS_TEST_TMPDIR/numbers" "$BATS_TEST_TMPDIR/numbers.c" && "$BATS_TEST_TMPDIR/numbers"
}

@test "numbers of the ABI in the manual are those of the header" {
	run numbers
	assert_success
	((${#lines[@]} >= 14))
	for line in "${lines[@]}"; do
		grep -qx "\.It ${line% *} Pq ${line#* }" "$MAN/kvm-htab-vm-socket.7" || fail "not in the manual: $line"
	done
	grep -q 'KVM_CAP_PPC_HTAB_CTL (4176)' "$MAN/kvm-htab-vm-socket.7"
	grep -q '^#define KVM_CAP_PPC_HTAB_CTL[[:space:]]*4176$' "$ROOT/kernel/include/kvm-htab.h"
}

# fits PAGE WIDTH LINE...: whether each line has at most so many columns
fits() {
	local line
	for line in "${@:3}"; do
		((${#line} <= $2)) || fail "${1##*/} at $2 columns: $line"
	done
}

@test "every page fits into 80 columns and into 100" {
	for page in "$MAN"/*.[578]; do
		for width in 80 100; do
			run plain "$page" "$width"
			assert_success
			fits "$page" "$width" "${lines[@]}"
		done
	done
}

@test "groff has nothing to complain about, at 80 columns and at 100" {
	for page in "$MAN"/*.[578]; do
		for width in 80 100; do
			run --separate-stderr groff -t -mdoc -Tutf8 -P-c -ww "-rLL=${width}n" "$page"
			assert_success
			assert_equal "$stderr" ''
			mapfile -t lines < <(printf '%s\n' "$output" | sed 's/.\x08//g')
			fits "$page" "$width" "${lines[@]}"
		done
	done
}

@test "the pages refer to pages that exist" {
	mapfile -t references < <(grep -ohE '^\.(It )?Xr kvm-htab[a-z-]* [578]' "$MAN"/*.[578] | sed -E 's/.*Xr (.*) (.)/\1.\2/' | sort -u)
	((${#references[@]} >= 12))
	for reference in "${references[@]}"; do
		[ -f "$MAN/$reference" ] || fail "no $reference"
	done
}

# says FILE...: the references to a page in these sources of the program or of the completions
says() {
	cat "$@" | tr -d '\n\t' | sed 's/" *"//g' | grep -oE '[A-Za-z_.]* in kvm-htab[a-z-]*\([578]\)|kvm-htab[a-z-]*\([578]\)' | sort -u
}

# there REFERENCE: whether its page has the word before "in": a section, or an item
there() {
	local page=${1##* }
	page=$MAN/${page%(*}.${page:(-2):1}
	[ -f "$page" ] || return
	[[ $1 != *' in '* ]] || grep -qE "^\.(Sh .*|It Cm )\<${1%% in *}\$" "$page"
}

@test "what the program refers to is in the manual" {
	mapfile -t references < <(says "$ROOT"/cli/*.c "$ROOT"/cli/*/*.c "$ROOT"/cli/*/*.h "$ROOT"/completions/*)
	((${#references[@]} >= 6))
	[[ ${references[*]} == *'htab_move in kvm-htab-kernel(7)'* ]]
	for reference in "${references[@]}"; do
		there "$reference" || fail "not in the manual: $reference"
	done
	run ! there 'KERNEL in kvm-htab(8)'
	run ! there 'kvm-htab-nothing(8)'
}

@test "kvm-htab(8) names all pages, and is a screen of 52 lines" {
	for page in "$MAN"/kvm-htab-*.[578]; do
		name=$(basename "${page%.*}")
		grep -qx "\.It Xr $name ${page##*.}" "$MAN/kvm-htab.8" || fail "$name"
	done
	(($(plain "$MAN/kvm-htab.8" 80 | wc -l) <= 52))
	# the first paragraph says for whom all this is
	run sed -n '/^\.Sh DESCRIPTION/,/^\.Pp/p' "$MAN/kvm-htab.8"
	assert_output --partial 'radix MMU needs no table'
}

@test "the orders, tables and sizes of guests in kvm-htab(8) are those that fit prints" {
	mapfile -t rows < <(section "$MAN/kvm-htab.8" 'ORDER LIMITS' | sed -n 's/^\.It Sy [a-zA-Z]* Ta //p' | sed 's/ Ta / /g')
	read -ra orders <<<"${rows[0]}"
	read -ra tables <<<"${rows[1]}"
	read -ra guests <<<"${rows[2]}"
	((${#orders[@]} >= 8))
	for i in "${!orders[@]}"; do
		run stdout_of fit --ram "${guests[i]}" -rn -o ORDER,SIZE --sysroot "$POWER"
		assert_output "${orders[i]} ${tables[i]}"
	done
}

@test "the constants of orders are those of the kernel's header" {
	for limit in MIN MAX; do
		header=$(sed -n "s/^#define KVM_PPC_HTAB_ORDER_${limit}[[:space:]]*//p" \
			"$ROOT/kernel/include/kvm-htab.h")
		run grep -E "^#define HPT_ORDER_$limit ${header}U\$" "$ROOT/cli/host/hpt.h"
		assert_success
	done
}
