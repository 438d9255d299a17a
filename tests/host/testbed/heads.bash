# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reads from the head of each test file where it runs. A head has one or more such lines:
#
#   # Runs on: MACHINE...; lines: LINE...; kernels: KERNEL...
#   # Check-long: MACHINE...; lines: LINE...; kernels: KERNEL...
#   # Takes: 40 s
#
# "Runs on" is for `make check`, "Check-long" for what only `make check-long` runs in addition.
#
#   MACHINE   powernv8, powernv9, powernv10, or pseries: a guest that has KVM-HV itself
#   LINE      all; first or other: the first of the lines that are tested, or the others; or the name of a file in
#             kernel/lines, or, for a distribution's kernel, in kernel/distributions
#   KERNEL    series:        with the series
#             stock:         without it
#             debug:         with the series and kernel/config/debug.config
#             moves:         with the series and kernel/config/moves.config: hooks to test how tables are moved
#             dmem:          with the series and kernel/rfc/dmem
#             pageblock:     with the series and kernel/config/pageblock.config: pageblocks of 2 MiB
#             modules:       a distribution's kernel as it is, with the series' modules
#             distribution:  the same kernel with its own modules
#
# "Takes" is the time on one machine whose cores are free, boots included. It only helps to distribute the files, and does
# not have to be exact.
#
#   heads FILE...           prints "FILE|MACHINE|LINE|KERNEL|SECONDS|WHEN" for each combination; WHEN is check or long
#   heads_wanted MACHINE POSITION LINE KERNEL WHEN   of what heads prints, on stdin, "FILE|SECONDS" for what runs there.
#                           POSITION: first, other, or any; WHEN: check, long or any. A file is "long" where it is not
#                           "check"
#   heads_seconds FILE...   prints "FILE|SECONDS" for each
#   heads_errors FILE...    prints what is wrong in their heads

heads() {
	awk '
	function words(text, into) { return split(text, into, " ") }
	function flush(  i, m, l, k, field, machines, lines, kernels, nm, nl, nk) {
		for (i = 1; i <= stanzas; i++) {
			split(stanza[i], field, /; (lines|kernels): /)
			nm = words(field[1], machines)
			nl = words(field[2], lines)
			nk = words(field[3], kernels)
			for (m = 1; m <= nm; m++)
				for (l = 1; l <= nl; l++)
					for (k = 1; k <= nk; k++)
						print file "|" machines[m] "|" lines[l] "|" kernels[k] "|" seconds "|" when[i]
		}
		stanzas = 0
	}
	FNR == 1 { flush(); file = FILENAME; seconds = 30 }
	/^# Runs on: / { when[++stanzas] = "check"; stanza[stanzas] = substr($0, 12) }
	/^# Check-long: / { when[++stanzas] = "long"; stanza[stanzas] = substr($0, 15) }
	/^# Takes: / { seconds = $3 }
	END { flush() }' "$@"
}

heads_wanted() {
	awk -F '|' -v machine="$1" -v position="$2" -v line="$3" -v kernel="$4" -v when="$5" '
		$2 != machine || $4 != kernel { next }
		$3 != "all" && $3 != line && $3 != position && !(position == "any" && $3 ~ /^(first|other)$/) { next }
		!($1 in seconds) { file[++files] = $1 }
		{ seconds[$1] = $5; at[$1, $6] }
		END {
			for (i = 1; i <= files; i++) {
				is = (file[i], "check") in at ? "check" : "long"
				if (when == "any" || when == is)
					print file[i] "|" seconds[file[i]]
			}
		}'
}

heads_seconds() {
	local file seconds
	for file; do
		seconds=$(sed -n 's/^# Takes: \([0-9]*\) s$/\1/p' "$file")
		echo "$file|${seconds:-30}"
	done
}

heads_errors() {
	local top file known
	top=$(cd "${BASH_SOURCE[0]%/*}/../../.." && pwd)
	known=$(cd "$top/kernel" && echo all first other lines/* distributions/*)
	for file; do
		grep -q '^# Runs on: \|^# Check-long: ' "$file" || echo "$file: no line \"# Runs on: ...\" in its head"
		grep -qE '^# Takes: [0-9]+ s$' "$file" || echo "$file: no line \"# Takes: N s\" in its head"
	done
	heads "$@" | awk -F '|' -v known="$known" '
		BEGIN {
			gsub(/(lines|distributions)\//, "", known)
			known = " " known " "
			machines = " powernv8 powernv9 powernv10 pseries "
			kernels = " series stock debug moves dmem pageblock modules distribution "
		}
		!index(machines, " " $2 " ") { print $1 ": unknown machine \"" $2 "\"" }
		!index(known, " " $3 " ") { print $1 ": unknown line \"" $3 "\"" }
		!index(kernels, " " $4 " ") { print $1 ": unknown kernel \"" $4 "\"" }'
}
