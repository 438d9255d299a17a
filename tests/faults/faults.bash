# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests in which something fails: the calls, and what is to be true of each whatever fails.

load ../cli/common
TREES=$ROOT/tests/cli/trees
POWER=$TREES/patched-6.1

# calls: those that are tested, one a line. Without doctor and --help: libkmod and argp do not survive all of it.
calls() {
	local command form
	for form in --raw --json ''; do
		for command in pool-status 'fit --ram 64G --maxmem 1T' list; do
			echo "$command $form --sysroot $POWER"
		done
	done
	for form in --quiet --json ''; do
		for command in vm-status reset 'resize --order 25'; do
			echo "$command $form --vm fd:9"
		done
	done
	# with VMs, from either source, and a pool that ails
	for form in --raw --json; do
		echo "list $form --sysroot $TREES/power9-6.1"
		echo "list $form --sysroot $TREES/power9-6.1-stock"
	done
	echo "pool-status --sysroot $TREES/power9-6.1"
	# pieces of the pool, by the kernel or by a bitmap, and tables that would be moved to join them
	for form in --json ''; do
		echo "pool-status --map $form --sysroot $TREES/fragmented-6.1"
		echo "pool-status --map $form --sysroot $TREES/power9-6.1-stock"
	done
	for form in --raw --json ''; do
		echo "compact --dry-run $form --sysroot $TREES/fragmented-6.1"
	done
	for form in --raw --json ''; do
		echo "inspect --all $form --sysroot $TREES/loaded-6.1"
		echo "list -o +CGROUP,CHARGED,LOAD $form --sysroot $TREES/loaded-6.1"
	done
	echo "fit --order 27 --sysroot $TREES/fragmented-6.1"
	echo "compact --dry-run --order 27 --sysroot $TREES/fragmented-6.1"
	echo "compact --dry-run --sysroot $TREES/patched-6.1"
	echo "fit --order 25 --sysroot $TREES/power9-6.1-failed"
	# what fails anyway, or is about the call itself
	echo "vm-status --raw --vm /nowhere/vm"
	echo "vm-status --raw --vm domain:nowhere"
	echo "frobnicate"
}

# baseline CALL: what it says when nothing fails; into $base.{out,err,status,log}
baseline() {
	base=$BATS_TEST_TMPDIR/base
	measured "$base" "$@"
}

# measured NAME COMMAND...: its output, status and log in files NAME.*
measured() {
	local status=0
	: >"$1.log"
	FAULTS_LOG=$1.log timeout 20 "${@:2}" </dev/null 9</dev/null >"$1.out" 2>"$1.err" || status=$?
	echo $status >"$1.status"
}

# requests NAME: how often the VM was changed
requests() {
	sed -n 's/^requests //p' "$1.log"
}

# whole NAME ARGS...: if it is JSON, it is all of it
whole() {
	[[ " ${*:2} " != *' --json '* || ! -s $1.out ]] || jq -e . "$1.out" >/dev/null
}

# honest NAME: what it says in JSON is the same as without faults, or unknown, or marked as less
honest() {
	jq -en --slurpfile a "$base.out" --slurpfile b "$1.out" '
		def words: ["source", "sources", "advice", "users_advice", "state", "condition", "answer", "reason", "what",
			"mend", "cause", "exit_status", "hidden_vms", "users_hidden", "approximate"];
		def sizes: ["total_bytes", "used_bytes", "free_bytes"];
		def honest($a; $b; $key; $rough):
			$a == $b or $b == null or any(words[]; . == $key) or ($rough and any(sizes[]; . == $key)) or
			if ($a | type) == "object" and ($b | type) == "object" then
				all($a | keys[]; . as $k | ($k == "totals" and $b.hidden_vms != 0) or honest($a[$k]; $b[$k]; $k; $b.approximate == true))
			elif ($a | type) == "array" and ($b | type) == "array" then
				all(range($b | length); . as $i | honest($a[$i]; $b[$i]; ""; $rough))
			else false end;
		honest($a[0]; $b[0]; ""; false) and
			(($a[0].results | length) == ($b[0].results | length) or $b[0].hidden_vms != 0)' >/dev/null
}

# judge NAME WHAT ARGS...: prints what is wrong, if anything is. Success has to say the same as without faults; but
# where $denied, by a host that does not tell, things are unknown
judge() {
	judge_failure "$@"
	# A reader that has had enough is no error
	[[ $2 != 'write '*' EPIPE' ]] || return 0
	if [[ ! ${denied-} ]]; then
		judge_success "$@"
	elif [[ " $* " == *' --json '* && $(<"$1.status") == 0 ]] && ! honest "$1"; then
		echo "${*:3} ($2): exit status 0, but $(diff "$base.out" "$1.out" | sed -n 2,5p | cut -c1-200)"
	fi
}

# told NAME STATUS ARGS...: a JSON document with that status says why
told() {
	[[ " ${*:3} " == *' --json '* ]] &&
		jq -e ".exit_status == $2 and all(.results[]; .error // .advice)" "$1.out" >/dev/null 2>&1
}

judge_failure() {
	local name=$1 what=$2 status
	shift 2
	status=$(<"$name.status")
	case $status in
	124) echo "$* ($what): hangs" ;;
	[0-5]) ;;
	*) echo "$* ($what): exit status $status: $(head -c 300 "$name.err")" ;;
	esac
	if ((status && status != $(<"$base.status"))) && ! grep -q '^kvm-htab: .' "$name.err" &&
		! told "$name" "$status" "$@"; then
		echo "$* ($what): exit status $status without a message"
	fi
	if ((status == 0)) && [[ $(requests "$name") != "$(requests "$base")" ]]; then
		echo "$* ($what): exit status 0 after $(requests "$name") requests"
	fi
}

judge_success() {
	local name=$1 what=$2 status
	shift 2
	status=$(<"$name.status")
	((status)) || whole "$name" "$@" || echo "$* ($what): half a document, and exit status 0"
	((status)) || [[ -s $name.out || ! -s $base.out ]] || echo "$* ($what): says nothing, and exit status 0"
	if ((status == 0)) && ! cmp -s "$name.out" "$base.out"; then
		echo "$* ($what): exit status 0, but $(diff "$base.out" "$name.out" | sed -n 2,5p | cut -c1-200)"
	fi
}
