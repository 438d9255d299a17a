# shellcheck shell=bash disable=SC2034 # who loads this reads lines and machines
# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts that run several parts, each of which ends with a line that counts its tests.
#
#	parts_options DEFAULT-MACHINES ARGUMENT...
#				sets $lines and $machines as --lines and --machines say; else 6.1, and the default
#	parts_begin DIR		their logs go there
#	part NAME COMMAND...	runs one
#	local_tests FILE...	such a command: bats files, or directories of them, that run on this machine
#	parts_end		repeats what failed and what was skipped, then the names of what failed, and the sum of all
#				counts as the last line

parts_options() {
	lines=6.1 machines=$1
	shift
	while (($#)); do
		case $1 in
		--lines) lines=$2 ;;
		--machines) machines=$2 ;;
		*) echo "${0##*/}: $1?" >&2; exit 2 ;;
		esac
		shift 2
	done
}

parts_begin() {
	parts_dir=$1 parts_passed=0 parts_failed=0 parts_skipped=0
	rm -rf "$parts_dir"
	mkdir -p "$parts_dir"
}

local_tests() {
	bats --tap "$@" | awk '
		{ print; fflush() }
		/^1\.\.[0-9]+$/ { planned = substr($0, 4) }
		/^not ok / { failed++; next }
		/^ok .*# skip/ { skipped++; next }
		/^ok / { passed++ }
		END {
			done = passed + failed + skipped
			if (planned == "" || done != planned) {
				print "not ok " (planned - done) " announced tests did not run"
				failed++
			}
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		}'
}

part() {
	local name=$1 log=$parts_dir/${1//[^a-z0-9.]/-}.log count
	shift
	printf '\n== %s ==\n' "$name"
	"$@" 2>&1 | tee "$log" || true
	count=$(tail -n 1 "$log")
	if [[ $count =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		parts_passed=$((parts_passed + BASH_REMATCH[1]))
		parts_failed=$((parts_failed + BASH_REMATCH[2]))
		parts_skipped=$((parts_skipped + BASH_REMATCH[3]))
	else
		echo "not ok $name ended without a count" | tee -a "$log"
		parts_failed=$((parts_failed + 1))
	fi
	echo "$name: $((SECONDS / 60)) min $((SECONDS % 60)) s since the beginning"
}

# What is skipped, and what failed with what it says of it, which other machines' lines may be in between. A host's
# lines begin with its name.
# shellcheck disable=SC2016 # for awk
parts_again='
	FNR == 1 { split("", left) }
	{
		host = /^(powernv|pseries)/ ? $1 : ""
		rest = substr($0, length(host) + 1)
		sub(/^ +/, "", rest)
	}
	rest ~ /^(not ok|ok) / { left[host] = rest ~ /^not/ ? 41 : 0 }
	rest ~ /^ok .*# skip/ || rest ~ /^(not ok |#)/ && left[host]-- > 0'

parts_end() {
	printf '\n'
	awk "$parts_again" "$parts_dir"/*.log
	# Names alone once more: of a long log, the end is what is read.
	grep -hE '^([a-z0-9.]+ +)?not ok ' "$parts_dir"/*.log || :
	printf '%d passed, %d failed, %d skipped\n' "$parts_passed" "$parts_failed" "$parts_skipped"
	((parts_failed == 0 && parts_passed > 0))
}
