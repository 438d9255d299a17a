# shellcheck shell=bash disable=SC2154 # who loads this has machines
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests/check and tests/check-long: turns the heads of the files of tests/host into jobs of tests/suite.bash. They use
# $machines, the machines to use.
#
#   line_jobs LINE POSITION WHEN    what runs on that kernel line. POSITION and WHEN: see heads.bash
#   distribution_jobs NAME WHEN     what runs on that distribution's kernel
#   default_jobs                    how many jobs run at a time
#   build_images LINES NAMES        builds the images of these lines, and of these distributions, beside the jobs

jobs_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/host/testbed/heads.bash
source "$jobs_here/heads.bash"
jobs_rows=$(heads "$jobs_here"/../*.bats)

# A job takes about this many seconds: so long that a host's boot does not matter, so short that no core is idle at the
# end.
job_seconds=100

# distribute JOBS: of lines "FILE|SECONDS", prints for each job its seconds and files: the longest first, each to the
# job that has the least to do
distribute() {
	sort -s -t '|' -k 2,2nr | awk -F '|' -v jobs="$1" '
		{
			least = 1
			for (i = 2; i <= jobs; i++)
				if (seconds[i] + 0 < seconds[least] + 0)
					least = i
			files[least] = files[least] " " $1
			seconds[least] += $2
		}
		END { for (i = 1; i <= jobs; i++) if (files[i]) print seconds[i] files[i] }'
}

# file_jobs PART NEEDS MACHINE OPTION...: queues the files on stdin, lines of "FILE|SECONDS", for runs with these options
file_jobs() {
	local part=$1 needs=$2 machine=$3 rows total jobs n=0 seconds files of=''
	shift 3
	rows=$(cat)
	[[ $rows ]] || return 0
	total=$(awk -F '|' '{ sum += $2 } END { print sum }' <<<"$rows")
	jobs=$(((total + job_seconds - 1) / job_seconds))
	while read -r seconds files; do
		n=$((n + 1))
		((jobs == 1)) || of=" $n/$jobs"
		# shellcheck disable=SC2086 # several files
		later "$part" "$seconds" "$needs" "$part, $machine$of" "$jobs_here/../run" "$@" --machine "$machine" $files
	done < <(distribute "$jobs" <<<"$rows")
}

# jobs_wanted MACHINE POSITION LINE KERNEL WHEN
jobs_wanted() {
	heads_wanted "$@" <<<"$jobs_rows"
}

# Not at the end of a pipe, where the queue would be that of a subshell
line_jobs() {
	local machine
	for machine in $machines; do
		file_jobs "Linux $1, unpatched" "$1-stock" "$machine" --line "$1" --stock \
			< <(jobs_wanted "$machine" "$2" "$1" stock "$3")
		file_jobs "Linux $1, with the series" "$1-patched" "$machine" --line "$1" \
			< <(jobs_wanted "$machine" "$2" "$1" series "$3")
	done
}

distribution_jobs() {
	local machine
	for machine in $machines; do
		file_jobs "Kernel of $1, with the series' modules" "$1-modules" "$machine" --on "$1" \
			< <(jobs_wanted "$machine" any "$1" modules "$2")
		file_jobs "Kernel of $1, with its own modules" "$1-stock" "$machine" --on "$1" --stock \
			< <(jobs_wanted "$machine" any "$1" distribution "$2")
	done
}

# One more than there are cores, since a host waits now and then; but a host may fill its memory and take 5 GiB.
default_jobs() {
	awk -v cores="$(nproc)" '/^MemTotal:/ {
		fit = int($2 / (5 * 1024 * 1024))
		print (fit < 1 ? 1 : fit > cores ? cores + 1 : fit)
	}' /proc/meminfo
}

# The patched image first: most jobs need it, and tests of the unpatched kernel take the selftest from it.
build_images() {
	local name kind scripts=$jobs_here/../../../kernel/scripts
	"$jobs_here/sysroot" >/dev/null &
	for name in $1; do
		for kind in patched stock; do
			"$scripts/image" "$name" $kind >/dev/null || return
			suite_has "$name-$kind"
		done
	done
	for name in $2; do
		for kind in modules stock; do
			"$scripts/modules-image" "$name" $kind >/dev/null || return
			suite_has "$name-$kind"
		done
	done
}
