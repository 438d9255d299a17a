# SPDX-License-Identifier: GPL-2.0-only
#
# Tables on a kernel that tells nothing of them: root learns their bytes from /proc/vmallocinfo and, as far as it is
# certain, their places from /proc/kpageflags. The truth is the pool's bitmap, which other kernels do not show.
#
# Runs on: powernv9; lines: first; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: distribution
# Takes: 60 s

bats_require_minimum_version 1.5.0
load host
load vmm

setup_file() {
	hash_boot --no-panic
	host 'mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug'
	host 'modprobe kvm_hv; chmod 666 /dev/kvm'
}

setup() {
	neighbours=()
}

teardown() {
	((${#neighbours[@]} == 0)) || vm_end "${neighbours[@]}"
	rm -f "$BATS_TEST_TMPDIR/truth"
	host 'rm -f /dev/shm/lent'
	let_go
}

# tables ORDER...: a VM with a table of each order
tables() {
	local order
	for order; do
		neighbour "t${#neighbours[@]}" "$order"
	done
}

# truth JQ, guess JQ: of pool-status --json by the bitmap, or without it
truth() {
	host kvm-htab pool-status --json | jq -r ".results[0] | $1"
}

guess() {
	without_map kvm-htab pool-status --json | jq -r ".results[0] | $1"
}

# without_map COMMAND...: in a mount namespace where debugfs is covered
without_map() {
	host "unshare -m sh -c 'mount -t tmpfs none /sys/kernel/debug && $*'"
}

# only_with_bitmap: skips the test on a kernel that does not show it
only_with_bitmap() {
	host test -d /sys/kernel/debug/cma/kvm_cma || skip 'this kernel does not show the bitmap of the pool'
}

# answers, answers_before: of fit for orders 18 to 29, without trying: a line of ORDER, ANSWER and REASON each;
# "before" is without the two files that root reads on such a kernel
# shellcheck disable=SC2016 # for the host
ask='for order in {18..29}; do kvm-htab fit -rn -o ORDER,ANSWER,REASON --order $order 2>/dev/null; done; true'

answers() {
	host "$ask"
}

answers_before() {
	host "unshare -m bash -c 'mount --bind /dev/null /proc/kpageflags; mount --bind /dev/null /proc/vmallocinfo; $ask'"
}

# tried: what real tables say, for the same orders; nobody cannot read /proc/kpageflags, so that nothing else is asked
tried() {
	# shellcheck disable=SC2016 # for the shell in the host
	host_as nobody 'for order in {18..29}; do kvm-htab fit -rn -o ORDER,ANSWER --order $order --probe 2>/dev/null; done; true'
}

# anonymous_pages: a process has 200 MiB of them, some in the pool, until let_go. dd fills its buffer in one call, since an
# emulated host takes minutes for as many bytes in a shell, and then waits for a reader that has stopped.
anonymous_pages() {
	# shellcheck disable=SC2016 # for the host
	host 'dd if=/dev/zero bs=200M count=1 iflag=fullblock 2>/dev/null | {
		head -c 1 >/dev/null; echo $BASHPID >/run/hold.pid; exec sleep 86400; } >/dev/null 2>&1 &'
	host_wait 50 '[ -e /run/hold.pid ]'
}

# hold_pages: 16 pages of the pool, far from each other, are held by a pipe; let_go: no longer. To find them most of the
# memory is taken, page by page: with pages of 4 KiB that are a million, which is minutes on an emulated host
hold_pages() {
	# shellcheck disable=SC2016 # for the host
	host_limit 300 'set -- $(dmesg | sed -nE "/kvm_cma_reserve/{n;s/.*Reserved ([0-9]+) MiB at (0x[0-9a-f]+).*/\1 \2/p}")
		page=$(getconf PAGESIZE); hold 16 $(($2 / page)) $(($1 * 1048576 / page))'
	host_wait 10 '[ -e /run/hold.pid ]'
}

let_go() {
	# shellcheck disable=SC2016 # for the host
	host '[ ! -e /run/hold.pid ] || { kill $(cat /run/hold.pid); rm /run/hold.pid; }'
}

@test "bytes in tables are exact, of any order" {
	only_with_bitmap
	tables 18 20 24 25 26 21 18
	used=$(truth .used_bytes)
	(($(truth .used_bytes) == (1 << 18) * 2 + (1 << 20) + (1 << 21) + (1 << 24) + (1 << 25) + (1 << 26)))
	run guess '"\(.used_bytes) \(.approximate) \(.sources | join(","))"'
	assert_output --regexp "^$used false .*/proc/vmallocinfo"
}

@test "no certain answer is wrong: fits, the largest order, and fit itself" {
	local step
	only_with_bitmap
	tables 26 20 24 18 25 22
	for step in made freed lent; do
		case $step in
		freed) vm_end t1 t3; neighbours=(t0 t2 t4 t5) ;;
		lent) host 'head -c 100M /dev/zero >/dev/shm/lent' ;;
		esac
		truth '.fits | to_entries[] | "\(.key) \(.value)"' >"$BATS_TEST_TMPDIR/truth"
		guess '.fits | to_entries[] | "\(.key) \(.value)"' >"$BATS_TEST_TMPDIR/guess"
		echo "# $step: $(grep -vc null "$BATS_TEST_TMPDIR/guess") of 29 orders are certain" >&3
		run awk 'FNR == NR { truth[$1] = $2; next } $2 != "null" && $2 != truth[$1]' \
			"$BATS_TEST_TMPDIR/truth" "$BATS_TEST_TMPDIR/guess"
		assert_output ''
		for order in 18 24 25 26 27 28; do
			want=$(awk -v order=$order '$1 == order { print ($2 > 0 ? "yes" : "no") }' "$BATS_TEST_TMPDIR/truth")
			run without_map "kvm-htab fit --order $order -rn -o ANSWER 2>/dev/null"
			[[ $output == "$want" || $output == unknown ]] ||
				fail "$step: order $order is $output, and ought to be $want"
			echo "# $step: order $order: $output" >&3
		done
	done
}

@test "no certain answer is wrong: fit, against tables really made" {
	local step before=0 now=0 all=0 wrong
	for step in empty made freed cached anonymous held released; do
		case $step in
		made) tables 26 20 24 18 25 22 19 23 21 26 ;;
		freed) vm_end t1 t3 t9; neighbours=(t0 t2 t4 t5 t6 t7 t8) ;;
		cached) host 'head -c 600M /dev/zero >/dev/shm/lent' ;;
		anonymous) host 'rm /dev/shm/lent'; anonymous_pages ;;
		held) let_go; hold_pages ;;
		released) let_go; vm_end t0; neighbours=("${neighbours[@]:1}") ;;
		esac
		answers_before >"$BATS_TEST_TMPDIR/before"
		answers >"$BATS_TEST_TMPDIR/now"
		tried >"$BATS_TEST_TMPDIR/tried"
		wrong=$(join "$BATS_TEST_TMPDIR/now" "$BATS_TEST_TMPDIR/tried" | awk '$2 != "unknown" && $2 != $4')
		paste -d ' ' "$BATS_TEST_TMPDIR"/{before,now,tried} | sed "s/^/# $step: /" >&3
		assert_equal "$wrong" ''
		before=$((before + $(grep -c unknown "$BATS_TEST_TMPDIR/before" || :)))
		now=$((now + $(grep -c unknown "$BATS_TEST_TMPDIR/now" || :)))
		all=$((all + $(wc -l <"$BATS_TEST_TMPDIR/now")))
	done
	echo "# unknown: $before of $all answers before, $now now" >&3
	((now < before))
}
