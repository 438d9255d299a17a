# shellcheck shell=bash disable=SC2034 # who loads this reads kernels and machines
# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts that run several parts, each of which ends with a line that counts its tests.
#
#	suite_options DEFAULT-MACHINES ARGUMENT...
#				sets $kernels and $machines to what --kernels and --machines say; default: 6.1, and
#				DEFAULT-MACHINES
#	suite_begin DIR		the logs go there
#	part NAME COMMAND...	runs a part, and shows what it prints
#	later PART SECONDS NEEDS NAME COMMAND...
#				puts a job of PART into a queue. SECONDS: about how long it takes. NEEDS: it starts when
#				suite_has was called with this word, or when nothing is left that could call it; - for no
#				condition
#	suite_provider COMMAND...  runs COMMAND beside the jobs; it calls suite_has
#	suite_has WORD		what jobs wait for is there
#	suite_run SLOTS		runs the queue, the longest jobs first, so many at a time
#	local_tests FILE...	such a command: runs bats files, or directories of them, on this machine
#	suite_end		repeats what failed and what was skipped, prints where the time went, $suite_note if that is set,
#				and as the last line the sum of all counts. Returns 1 if a test failed or none passed
#	suite_failed		whether a test has failed so far
#
# A job that boots hosts prints a line "N hosts booted". A part or job can be such a script itself; it then leaves it to
# the outer one to repeat what failed.

suite_options() {
	kernels=6.1 machines=$1
	shift
	while (($#)); do
		case $1 in
		--kernels) kernels=$2 ;;
		--machines) machines=$2 ;;
		*) echo "${0##*/}: unknown argument \"$1\"" >&2; exit 2 ;;
		esac
		shift 2
	done
}

suite_begin() {
	suite_dir=$1 suite_jobs=() suite_provider_pid='' suite_start=$SECONDS
	rm -rf "$suite_dir"
	mkdir -p "$suite_dir/has"
	: >"$suite_dir/results"
}

local_tests() {
	local tap
	tap=$(mktemp)
	bats --tap --timing "$@" | tee "$tap" || :
	awk '
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
		}' "$tap"
	rm "$tap"
}

# suite_log NAME: the file for the output of this job
suite_log() {
	echo "$suite_dir/${1//[^a-zA-Z0-9.]/-}.log"
}

# suite_record PART NAME SECONDS: what the log of this job says, as a line of $suite_dir/results
suite_record() {
	local log count hosts
	log=$(suite_log "$2")
	count=$(tail -n 1 "$log")
	if [[ $count =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		count="${BASH_REMATCH[*]:1}"
	else
		echo "not ok $2 ended without a count" | tee -a "$log"
		count='0 1 0'
	fi
	hosts=$(sed -n 's/^\([0-9]*\) hosts booted$/\1/p' "$log")
	echo "$count $3 ${hosts:-0} $1" >>"$suite_dir/results"
}

part() {
	local name=$1 start=$SECONDS
	shift
	printf '\n== %s ==\n' "$name"
	SUITE_INSIDE=1 "$@" 2>&1 | tee "$(suite_log "$name")" || true
	suite_record "$name" "$name" $((SECONDS - start))
}

later() {
	suite_jobs+=("$2|$3|$1|$4|$(printf ' %q' "${@:5}")")
}

suite_has() {
	touch "$suite_dir/has/$1"
}

# suite_background COMMAND...: in a process group of its own, which suite_stop ends
suite_background() {
	set -m
	"$@" &
	set +m
}

suite_stop() {
	local pid
	for pid in $suite_provider_pid $(jobs -rp); do
		kill -- "-$pid" 2>/dev/null || :
	done
	wait
}

suite_provider() {
	trap suite_stop EXIT
	trap 'exit 130' INT TERM
	# not a terminal, on which it would overwrite the lines of the jobs
	suite_background "$@" 2> >(cat >&2)
	suite_provider_pid=$!
}

# suite_job PART NAME COMMAND-TEXT: runs a job, its name in front of each line that it prints
suite_job() {
	local start=$SECONDS name=$2
	{
		SUITE_INSIDE=1 eval "$3" 2>&1 | tee "$(suite_log "$name")" || true
		suite_record "$1" "$name" $((SECONDS - start))
		echo "ended after $((SECONDS - start)) s"
	} | sed -u "s|^|$name: |"
}

# suite_next: sets i to the first job of the queue that can start; 1 if there is none
suite_next() {
	local needs
	for i in "${!suite_jobs[@]}"; do
		IFS='|' read -r _ needs _ <<<"${suite_jobs[i]}"
		if [[ $needs == - || -e $suite_dir/has/$needs ]] || ! kill -0 "$suite_provider_pid" 2>/dev/null; then
			return
		fi
	done
	return 1
}

# suite_running: how many jobs run
suite_running() {
	jobs -rp | grep -cvxF "${suite_provider_pid:-none}" || :
}

suite_run() {
	local i seconds needs part name text
	mapfile -t suite_jobs < <(printf '%s\n' "${suite_jobs[@]}" | sort -s -t '|' -k 1,1nr)
	while ((${#suite_jobs[@]})); do
		if (($(suite_running) < $1)) && suite_next; then
			IFS='|' read -r seconds needs part name text <<<"${suite_jobs[i]}"
			unset 'suite_jobs[i]'
			suite_background suite_job "$part" "$name" "$text"
		else
			sleep 0.5
		fi
	done
	while (($(suite_running))); do
		sleep 0.5
	done
}

# What is skipped, and what failed with what it says of it, up to so many lines ("lines"); with skips=0, without what is
# skipped. Lines of several machines may be mixed; a machine's lines begin with its name.
# shellcheck disable=SC2016 # for awk
suite_again='
	FNR == 1 {
		split("", left)
		job = FILENAME
		gsub(/.*\/|\.log$/, "", job)
	}
	{
		host = /^(powernv|pseries)/ ? $1 : ""
		rest = substr($0, length(host) + 1)
		sub(/^ +/, "", rest)
	}
	rest ~ /^(not ok|ok) / { left[host] = rest ~ /^not/ ? lines + 1 : 0 }
	rest ~ /^ok .*# skip/ && skips || rest ~ /^(not ok |#)/ && left[host]-- > 0 { print job ": " $0 }'

# The parts in the order in which their first jobs ended
# shellcheck disable=SC2016 # for awk
suite_table='
	{
		part = $6
		for (i = 7; i <= NF; i++)
			part = part " " $i
		if (!(part in jobs))
			order[++parts] = part
		jobs[part]++
		seconds[part] += $4
		hosts[part] += $5
		work += $4
		booted += $5
	}
	function row(name, jobs, seconds, hosts) { printf "%-44s %5s %9s %7s\n", name, jobs, seconds, hosts }
	function clock(s) { return sprintf("%d:%02d", s / 60, s % 60) }
	END {
		row("part", "jobs", "min:s", "hosts")
		for (i = 1; i <= parts; i++)
			row(order[i], jobs[order[i]], clock(seconds[order[i]]), hosts[order[i]])
		row("all", NR, clock(work), booted)
		print "This took " clock(elapsed) " minutes, since jobs ran side by side."
	}'

suite_failed() {
	awk '$2 { failed = 1 } END { exit !failed }' "$suite_dir/results"
}

# suite_report: all but the count
suite_report() {
	printf '\n'
	awk -v lines=40 -v skips=1 "$suite_again" "$suite_dir"/*.log
	printf '\n'
	awk -v elapsed=$((SECONDS - suite_start)) "$suite_table" "$suite_dir/results"
	printf '\n'
	# In short once more: of a long log, the end is what is read.
	awk -v lines=12 -v skips=0 "$suite_again" "$suite_dir"/*.log
	[[ -z ${suite_note-} ]] || printf '%s\n' "$suite_note"
}

suite_end() {
	local passed failed skipped
	[[ ${SUITE_INSIDE-} ]] || suite_report
	read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' \
		"$suite_dir/results")
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	((failed == 0 && passed > 0))
}
