# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The postings: which patches of the series are sent together, and in which order. Sourced after lib.bash and patch.bash.
#
# kernel/postings/NAME describes one. Its head says
#
#	After: NAME		the posting that must be applied before; "none" if there is none
#	Prefix: PATCH		what stands in the brackets of the subjects
#	Config: host+NAME	what posting-check configures the kernel with, if not host
#	Test: MACHINE FILE...	tests of tests/host that belong to it, for posting-check; a line may repeat, and
#				"Test: MACHINE FILE /REGEX/" runs some tests of a file
#	Cc: ADDRESS		who should read it beside those whom get_maintainer.pl names
#	Patch: SUBJECT		a patch of the series, named as in kernel/README.md
#	Patch: FIRST .. LAST	all from FIRST to LAST, except those that another posting names
#
# then, after an empty line, the subject of the cover letter, an empty line and its text.
#
#	postings			the names, each after the one that it follows
#	posting_field NAME FIELD	the values of a field
#	posting_needs NAME		NAME and all that must be applied before, in order
#	posting_members			every patch of every line: LINE, number in the series, subject, posting (or "-"),
#					separated by tabs. Complains and fails if a patch is in no posting, or in two,
#					or if a posting names a patch that no line has
#	posting_patches NAME LINE	numbers of its patches in the series, in the order in which it names them
#	small_tree LINE DIR		makes DIR, an absolute path, a git tree of the files that the series changes, with branch
#				"kvm-htab" and tag "base" as in kernel/tree/LINE
#	pick_posting NAME LINE DIR BASE END [COMMAND]
#				puts the patches of this posting on top of HEAD of the git tree DIR, in which BASE..END is the
#				series; runs COMMAND after each

# shellcheck disable=SC2154 # lib.bash sets kernel_dir
postings_dir=$kernel_dir/postings

# all_patches LINE: the series and, behind it, the patches of kernel/rfc, which are in postings only
all_patches() {
	# shellcheck disable=SC2034 # series reads it
	local config
	# shellcheck disable=SC2034
	config=$(cd "$kernel_dir/rfc" && printf '%s+' *)
	series "$1"
}

posting_field() { sed -n "/^\$/q; s/^$2: *//p" "$postings_dir/$1"; }

known_posting() {
	[[ $1 && $1 != */* && -f $postings_dir/$1 ]] ||
		die "no posting '$1'; there are: $(postings | paste -sd ' ')"
}

posting_needs() {
	local name=$1 names=() after
	while [[ $name != none ]]; do
		[[ -f $postings_dir/$name ]] || die "kernel/postings/${names[0]-}: After: $name is not a posting"
		((${#names[@]} < 99)) || die "kernel/postings: $1 comes after itself"
		names=("$name" ${names[@]+"${names[@]}"})
		after=$(posting_field "$name" After)
		name=${after:?kernel/postings/$name has no line After:}
	done
	printf '%s\n' "${names[@]}"
}

# Those with fewer before them come first.
postings() {
	local file name needs
	for file in "$postings_dir"/*; do
		# qemu/ is for qemu-ppc, and not of this series
		[[ -f $file ]] || continue
		name=${file##*/}
		needs=$(posting_needs "$name") || exit
		printf '%s\t%s\n' "$(wc -l <<<"$needs")" "$name"
	done | LC_ALL=C sort -k 1,1n -k 2 | cut -f 2
}

# numbered_subjects LINE: the line, and number and subject of each patch, as README has it
numbered_subjects() {
	local patches
	mapfile -t patches < <(all_patches "$1")
	((${#patches[@]})) || return 0
	subjects "${patches[@]}" | awk -v line="$1" '{ sub(/^KVM: PPC: Book3S HV: /, ""); print line "\t" NR "\t" $0 }'
}

# The patches that a single item names go first, so that a range can leave them out.
posting_members() {
	local file name names
	names=$(postings) || return
	{
		for name in $names; do
			posting_field "$name" Patch | sed "s|^|$name\t|"
		done
		echo
		for file in "$kernel_dir"/lines/*; do
			numbered_subjects "${file##*/}"
		done
	} | awk -F '\t' '
		function complain(text) { print "kernel: " text > "/dev/stderr"; failed = 1 }
		function name_patch(l, n, i) {
			if (by[l, n])
				complain("line " l ": \"" subject[l, n] "\" is in " posting[by[l, n]] " and in " posting[i])
			by[l, n] = i
		}
		$0 == "" { patches = 1; next }
		!patches { posting[++items] = $1; ends[items] = split($2, end, " [.][.] "); from[items] = end[1]; to[items] = end[ends[items]]; next }
		{
			if (!($1 in last)) line[++lines] = $1
			if (($1, $3) in number) complain("line " $1 " has two patches \"" $3 "\"")
			last[$1] = $2
			subject[$1, $2] = $3
			number[$1, $3] = $2
			known[$3]
		}
		END {
			for (i = 1; i <= items; i++) {
				if (!(from[i] in known)) complain(posting[i] " names a patch that no line has: \"" from[i] "\"")
				if (ends[i] > 1 && !(to[i] in known)) complain(posting[i] " names a patch that no line has: \"" to[i] "\"")
				for (k = 1; k <= lines; k++)
					if (ends[i] == 1 && (line[k], from[i]) in number)
						name_patch(line[k], number[line[k], from[i]], i)
			}
			for (key in by) single[key]
			for (i = 1; i <= items; i++) {
				if (ends[i] == 1 || !(from[i] in known) || !(to[i] in known)) continue
				for (k = 1; k <= lines; k++) {
					l = line[k]
					first = number[l, from[i]] + 0
					end_of = number[l, to[i]] + 0
					if (!first || end_of < first)
						complain("line " l " has no patches from \"" from[i] "\" to \"" to[i] "\", which " posting[i] " names")
					for (n = first; first && n <= end_of; n++)
						if (!((l, n) in single)) name_patch(l, n, i)
				}
			}
			for (k = 1; k <= lines; k++) {
				l = line[k]
				for (n = 1; n <= last[l]; n++) {
					if (!by[l, n]) complain("line " l ": \"" subject[l, n] "\" is in no posting of kernel/postings")
					print l "\t" n "\t" subject[l, n] "\t" (by[l, n] ? posting[by[l, n]] : "-") "\t" by[l, n] + 0
				}
			}
			exit failed
		}'
}

# Who asks for several has $members already: a subshell cannot keep it.
posting_patches() {
	[[ ${members-} ]] || members=$(posting_members) || exit
	awk -F '\t' -v name="$1" -v line="$2" '$1 == line && $4 == name { print $5 "\t" $2 }' <<<"$members" |
		sort -k 1,1n -k 2,2n | cut -f 2
}

# Committed by nobody and at a fixed time, so that equal sources and series give equal hashes; whatever the user has
# configured.
small_git() {
	local dir=$1
	shift
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=kvm-htab GIT_AUTHOR_EMAIL=kvm-htab \
		GIT_COMMITTER_NAME=kvm-htab GIT_COMMITTER_EMAIL=kvm-htab \
		GIT_AUTHOR_DATE='2000-01-01T00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00Z' \
		git -C "$dir" "$@"
}

# The source in the cache has some series applied, which is taken back in the copy.
small_tree() {
	local line=$1 dir=$2 src file patches applied
	mapfile -t patches < <(all_patches "$line")
	((${#patches[@]})) || die "line $line has no patches"
	small_git . init -q -b kvm-htab "$dir"
	lock_source "$line"
	src=$(whole_source "$line") || exit
	mapfile -t applied < <(find "$src/.applied" -name '*.patch' 2>/dev/null | LC_ALL=C sort -r)
	cat "${patches[@]}" ${applied[@]+"${applied[@]}"} | sed -n 's|^+++ b/||p; s|^--- a/||p' | LC_ALL=C sort -u |
		(cd "$src" && while read -r file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done |
			xargs -0r cp -p --parents -t "$dir" --)
	for file in ${applied[@]+"${applied[@]}"}; do
		patch -d "$dir" -R -p1 -s <"$file" >&2 || die "cannot take ${file##*/} back"
	done
	unlock_source
	small_git "$dir" add -A
	# shellcheck disable=SC2154 # set by read_line
	small_git "$dir" commit -q -m "$package $(<"$src/.version")"
	small_git "$dir" tag base
	small_git "$dir" am -q --committer-date-is-author-date "${patches[@]}" ||
		die "the series does not apply to $package $(<"$src/.version")"
}

pick_posting() {
	local name=$1 line=$2 dir=$3 from=$4 to=$5 after=${6:-:} commits number numbers
	[[ ${members-} ]] || members=$(posting_members) || exit
	mapfile -t commits < <(git -C "$dir" rev-list --reverse "$from..$to")
	numbers=$(posting_patches "$name" "$line") || exit
	for number in $numbers; do
		small_git "$dir" cherry-pick "${commits[number - 1]}" >/dev/null 2>&1 || {
			small_git "$dir" diff --name-only --diff-filter=U >&2
			die "posting $name, line $line: \"$(git -C "$dir" log -1 --format=%s "${commits[number - 1]}")\"" \
				"does not apply where this posting stands"
		}
		"$after"
	done
}
