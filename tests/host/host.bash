# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: bats runs on the build machine, what it tests runs in an emulated host.
#
#   host_boot [--stock] [--append TEXT] [--smp N] [--in-turn] [--memory SIZE] [--no-panic] [--add NAME]
#                           in setup_file: a host of the run's machine and kernel; one that runs
#                           already with the same parameters is used again. testbed/NAME-initramfs
#                           makes what its root file system gets on top. --in-turn: its CPUs run one at a time, see
#                           torture.bats
#   hash_boot [OPTION...]   host_boot, with the hash MMU where the emulated CPU (POWER9 DD2.0) has guests
#                           with tables only so: kvm-htab fit says no there otherwise
#   host COMMAND ARG...     runs COMMAND in the host; output, errors and exit status are its own
#   host 'shell text'       a single argument is for bash
#   host_as USER COMMAND... the same as nobody, or as user (uid 1000)
#   host_limit SECONDS COMMAND...  the same with another time limit than 60 s (then status 124)
#   host_put FILE PATH      copies a file into the host
#   host_wait SECONDS 'shell condition'   until it holds in the host; 1 if it does not in time
#   host_mark               prints a mark and puts it into the kernel log
#   host_dmesg_since MARK   the kernel log from there on
#   json FILTER             what jq makes of $output
#   only_patched_kernel WHAT  skips the test on a distribution's kernel with our modules, which do not have it
#   host_expect_panic       this host is not going to survive; say so before the fatal command
#   host_verdict            ends the host now and judges it (the runner does so at the end)
#
# HOST_MACHINE (powernv8, 9, 10), HOST_LINE (6.1) and HOST_STOCK (1: an unpatched kernel was asked
# for) say what the run is about; HOST_JOB is what the names of this job's hosts begin with.

# shellcheck source=tests/host/testbed/machine.bash
source "$(dirname "${BASH_SOURCE[0]}")/testbed/machine.bash"

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

host_boot() {
	local stock=${HOST_STOCK:-0} append=${HOST_APPEND:-} smp=${HOST_SMP:-1} accel=tcg memory='' panic=1 add='' name built

	: "${HOST_RUN_DIR:?start tests of the host with tests/host/run}"
	while (($#)); do
		case $1 in
		--stock) stock=1 ;;
		--append) append+=" $2"; shift ;;
		--smp) smp=$2; shift ;;
		--in-turn) accel=tcg,thread=single ;;
		--memory) memory=$2; shift ;;
		--no-panic) panic=0 ;;
		--add) add=$2; shift ;;
		*) echo "host_boot: $1?" >&2; return 2 ;;
		esac
		shift
	done
	name=$HOST_JOB-$HOST_LINE
	[[ $stock == 0 ]] || name+=-stock
	[[ $smp == 1 ]] || name+=-smp$smp
	[[ $accel == tcg ]] || name+=-in-turn
	[[ -z $memory ]] || name+=-$memory
	[[ $panic == 1 ]] || name+=-no-panic
	[[ -z $add ]] || name+=-$add
	[[ -z ${append// /} ]] || name+=-$(content_key <<<"$append" | cut -c1-6)

	export HOST_DIR=$HOST_RUN_DIR/$name HOST_IS_STOCK=$stock
	if machine_alive "$HOST_DIR" && host true now 2>/dev/null; then
		return
	fi
	[[ ! -e $HOST_RUN_DIR/stopped ]] || return 1
	built=$HOST_RUN_DIR/$HOST_LINE-$stock
	machine_build "$HOST_RUN_DIR" "$HOST_LINE" "$stock" || return
	if [[ $add ]]; then
		machine_add "$built" "$add" || return
		built+=-$add
	fi
	host_keep_old "$HOST_DIR"
	local HOST_ACCEL=$accel HOST_MEMORY=$memory
	set -- "$HOST_DIR" "$HOST_MACHINE" "$built" "$smp" "$(machine_append "$panic" "$append")"
	if ! host_up "$@"; then
		# One with CPUs side by side has been seen to hang before it was up. Why is not known; QEMU that loses
		# stores, see torture.bats, is a guess, or a build machine that was short of memory. A second try, unless
		# the kernel has said what is wrong.
		! machine_splat "$HOST_DIR" && host_up "$@" || return
	fi
	[[ $panic == 1 ]] || touch "$HOST_DIR/no-panic"
}

hash_boot() {
	[[ $HOST_MACHINE != powernv9 ]] || set -- "$@" --append disable_radix
	host_boot "$@"
}

# host_up DIR...: as machine_start, until it is up
host_up() {
	machine_start "$@"
	machine_wait "$1"
}

# A host that died under an earlier file is still to be judged when the run ends.
host_keep_old() {
	local n=1

	[[ -d $1 ]] || return 0
	while [[ -d $1.$n ]]; do
		n=$((n + 1))
	done
	machine_kill "$1"
	mv "$1" "$1.$n"
}

host() {
	"$machine_build_dir/client" "$HOST_DIR" "$@"
}

host_as() {
	"$machine_build_dir/client" -u "$1" "$HOST_DIR" "${@:2}"
}

host_limit() {
	"$machine_build_dir/client" -t "$1" "$HOST_DIR" "${@:2}"
}

host_put() {
	"$machine_build_dir/client" -i "$HOST_DIR" "cat >'$2'" <"$1"
}

host_wait() {
	host_limit "$1" "until { $2; } >/dev/null 2>&1; do sleep 0.1; done" || return 1
}

host_mark() {
	local mark=testbed-mark-$BASHPID-$RANDOM

	host "echo $mark >/dev/kmsg" && echo "$mark"
}

host_dmesg_since() {
	host "dmesg | sed '1,/$1/d'"
}

# shellcheck disable=SC2154 # set by run
json() {
	jq -r "$1" <<<"$output"
}

only_patched_kernel() {
	[[ -z ${HOST_ON:-} ]] || skip "the modules do not have it: $1"
}

host_expect_panic() {
	touch "$HOST_DIR/expect-panic"
}

host_verdict() {
	machine_verdict "$HOST_DIR" && touch "$HOST_DIR/judged"
}
