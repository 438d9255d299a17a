# shellcheck shell=bash disable=SC2154 # who loads this has machine, line and here
# SPDX-License-Identifier: GPL-2.0-only
#
# For the benchmarks: an emulated host, and what comes of its answers.
#
#	bench_boot STOCK SMP PERCENT	boots a host of $machine and $line with that much of its memory as the pool; makes the
#				programs. $dir is for files that are gone at the end, $host is the host's, $built what it is of
#	client ARGUMENT...	a command in the host, see tests/host/testbed/client.c
#	put FILE PATH		copies a file into it
#	bench_end		its verdict
#	bench_report FILTER RESULTS TABS JSON	the lines in RESULTS by the jq program FILTER: as a table with tabs at TABS, and as
#				JSON in the file JSON; -: to stdout instead of the table; empty: not at all

# shellcheck source=tests/host/testbed/machine.bash
source "$here/../host/testbed/machine.bash"

dir=$(mktemp -d)
host=$dir/host
trap 'machine_kill "$host"; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

client() {
	"$machine_build_dir/client" "$@"
}

put() {
	client -i "$host" "cat >'$2'" <"$1"
}

bench_boot() {
	built=$dir/$line-$1
	machine_build "$dir" "$line" "$1"
	make -s --no-print-directory -C "$here" O="$dir" SYSROOT="$("$here/../host/testbed/sysroot")"
	# An unpatched kernel has its own reasons to warn
	machine_start "$host" "$machine" "$built" "$2" "$(machine_append $((!$1)) "kvm_cma_resv_ratio=$3")"
	[[ $1 == 0 ]] || touch "$host/no-panic"
	machine_wait "$host"
}

bench_end() {
	local why
	why=$(machine_verdict "$host") || die "$why"
}

bench_report() {
	local filter=(jq -s -r -L "$here" -f "$1" "$2")

	[[ $4 == - ]] || "${filter[@]}" --arg form table | expand -t "$3"
	case $4 in
	'') ;;
	-) "${filter[@]}" --arg form json ;;
	*) "${filter[@]}" --arg form json >"$4" ;;
	esac
}
