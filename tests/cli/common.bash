# SPDX-License-Identifier: GPL-2.0-only
# What the tests of the program share. KVM_HTAB names the program; the peer is
# beside it unless KVM_HTAB_TOOLS says where.
# shellcheck shell=bash

load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
KVM_HTAB=${KVM_HTAB:-$ROOT/cli/build/kvm-htab}
TOOLS=${KVM_HTAB_TOOLS:-$(dirname "$KVM_HTAB")}
TREES=$BATS_TEST_DIRNAME/trees
# shellcheck disable=SC2034 # for those who load this
POWER=$TREES/patched-6.1

export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1}

# not_under TOOL REASON: leaves a test out where tests/check-sanitize runs the program under TOOL
not_under() {
	[[ ${KVM_HTAB_UNDER-} != "$1" ]] || skip "$2"
}

# kvm_htab ARGS...: the program, which must not hang
kvm_htab() {
	timeout 20 "$KVM_HTAB" "$@"
}

# stdout_of ARGS..., stderr_of ARGS...: run with one of the two streams only
stdout_of() {
	kvm_htab "$@" 2>/dev/null
}

stderr_of() {
	# shellcheck disable=SC2069
	kvm_htab "$@" 2>&1 >/dev/null
}

# tree NAME: a copy of a host tree that the test may change
tree() {
	cp -r "$TREES/$1" "$BATS_TEST_TMPDIR/tree"
	echo "$BATS_TEST_TMPDIR/tree"
}

# on_host TREE COMMAND...: a command that sees that tree's files, and all processes of this machine
on_host() {
	local map=()

	[ "$(id -u)" = 0 ] || map=(--map-root-user)
	# shellcheck disable=SC2016 # for the shell within
	unshare --mount "${map[@]}" bash -c 'for place in sys run proc/cpuinfo; do
			[ ! -e "$0/$place" ] || mount --rbind "$0/$place" "/$place" || exit 99
		done
		exec "$@"' "$@"
}

need_mounts() {
	on_host /nowhere true 2>/dev/null || skip "may not mount anything"
}

# plans TREE LINE...: what the kernel of that tree, a copy, would move, for all orders one after the other
plans() {
	mkdir -p "$1/sys/kernel/debug/kvm_htab"
	printf '%s\n' "${@:2}" >"$1/sys/kernel/debug/kvm_htab/plan"
}

NO_PRIVILEGES=(env)
[ "$(id -u)" != 0 ] || NO_PRIVILEGES=(setpriv --bounding-set "-dac_override,-dac_read_search")

# without_privileges COMMAND...: file modes count, for root, too
without_privileges() {
	"${NO_PRIVILEGES[@]}" "$@"
}

# start_peer [-s] MODE ADDRESS: waits until it listens. `run` has a shell of
# its own, so that the peer is known by files.
start_peer() {
	local out=$BATS_TEST_TMPDIR/peer.out

	: >"$out"
	"$TOOLS/peer" "$@" >>"$out" 2>&1 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/peer.pid"
	for _ in $(seq 100); do
		grep -qs ready "$out" && return
		sleep 0.02
	done
	cat "$out"
	return 1
}

# peer_said: what the peer saw, when it is through with its client
peer_said() {
	local out=$BATS_TEST_TMPDIR/peer.out

	for _ in $(seq 450); do
		grep -qsE '^(closed|the client neither)' "$out" && break
		sleep 0.02
	done
	cat "$out"
}

stop_peer() {
	local pid

	read -r pid <"$BATS_TEST_TMPDIR/peer.pid" || return 0
	kill "$pid" 2>/dev/null || true
}

need_kvm() {
	"$TOOLS/peer" kvm 2>/dev/null || skip "no usable /dev/kvm"
}
