# SPDX-License-Identifier: GPL-2.0-only
#
# Tables on a kernel that tells nothing of them: root learns their bytes from /proc/vmallocinfo and, as far as it is
# certain, their places from /proc/kpageflags. The truth is the pool's bitmap, which other kernels do not show.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: stock
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: stock
# Takes: 40 s

bats_require_minimum_version 1.5.0
load host
load vmm

setup_file() {
	host_boot --no-panic
	host 'mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug'
}

setup() {
	neighbours=()
}

teardown() {
	((${#neighbours[@]} == 0)) || vm_end "${neighbours[@]}"
	rm -f "$BATS_TEST_TMPDIR/truth"
	host 'rm -f /dev/shm/lent'
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

@test "bytes in tables are exact, of any order" {
	tables 18 20 24 25 26 21 18
	used=$(truth .used_bytes)
	(($(truth .used_bytes) == (1 << 18) * 2 + (1 << 20) + (1 << 21) + (1 << 24) + (1 << 25) + (1 << 26)))
	run guess '"\(.used_bytes) \(.approximate) \(.sources | join(","))"'
	assert_output --regexp "^$used false .*/proc/vmallocinfo"
}

@test "no certain answer is wrong: fits, the largest order, and fit itself" {
	local step
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
