# SPDX-License-Identifier: GPL-2.0-only
#
# Where a table comes from and what size it gets when memory is short: the pool and the page allocator, order by order
# downwards. The pool is full of other VMs' tables, except for a gap of one order if a test says so; later the page
# allocator has only small blocks left.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 50 s

load host
load vmm

# Together the whole pool, 416 MiB
FILLERS=(27 27 26 26 24 23 22 21 20 19 18 18)
KEEP=1
PREFER_PAGES=2

setup_file() {
	host_boot
	host_limit 200 "for i in ${!FILLERS[*]}; do vmm start filler\$i --ram 1 || exit 1; done
		$(empty)
		$(fill)"
}

# shellcheck disable=SC2016 # for the host
teardown_file() {
	host 'for vmm in /run/vmm/filler*; do vmm ctl "${vmm##*/}" quit; rm -r "$vmm"; done'
	pages_plenty
	pool_back_to 0
}

# Shell text for the host: takes their tables from the fillers
empty() {
	printf 'vmm ctl filler%s close-vm\n' "${!FILLERS[@]}"
}

# and gives each its own
fill() {
	local i
	for i in "${!FILLERS[@]}"; do
		echo "vmm ctl filler$i create &&
			[ \"\$(vmm ctl filler$i allocate2 ${FILLERS[i]})\" = 'order=${FILLERS[i]} source=1' ] || exit 1"
	done
}

setup() {
	gap=
	full=$(pool_used)
	((full == 416 << 20))
	vm_start
	fresh
}

teardown() {
	vm_end
	close_gap
	[[ $(pool_used) == $((416 << 20)) ]]
}

# A hash VM that nobody has asked anything of. What the one before has left behind may have come together.
fresh() {
	fresh_radix
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
}

# The same, radix where the host is
# shellcheck disable=SC2016 # for the host
fresh_radix() {
	vm close-vm
	vm create
	host 'if [ -e /run/fragment.order ]; then
		touch /run/fragment.again
		kill -USR1 $(cat /run/fragment.pid)
		while [ -e /run/fragment.again ]; do sleep 0.05; done
	fi'
}

# open_gap ORDER: room in the pool for one table of that order
open_gap() {
	for gap in "${!FILLERS[@]}"; do
		if [[ ${FILLERS[gap]} == "$1" ]]; then
			host vmm ctl "filler$gap" close-vm
			full=$(pool_used)
			return
		fi
	done
	return 1
}

close_gap() {
	[[ $gap ]] || return 0
	host vmm ctl "filler$gap" create
	[[ $(host vmm ctl "filler$gap" allocate2 "${FILLERS[gap]}") == *source=1 ]]
	gap=
}

# Memory as it was
# shellcheck disable=SC2016 # for the host
pages_plenty() {
	host 'rm -f /run/fragment.order
		[ -e /run/fragment.pid ] || exit 0
		read -r pid </run/fragment.pid
		kill "$pid"
		while [ -d "/proc/$pid" ]; do sleep 0.1; done'
}

# pages_up_to ORDER: from now on the page allocator has no free block of more than 2^ORDER bytes. The
# fillers' reverse maps have to be in pieces as well, or a gap in the pool would come with large blocks.
pages_up_to() {
	[[ $(host 'cat /run/fragment.order 2>/dev/null') != "$1" ]] || return 0
	pages_plenty
	fill >"$BATS_TEST_TMPDIR/fill"
	host_put "$BATS_TEST_TMPDIR/fill" /run/fill
	host_limit 500 "$(empty)
		fragment $1 'sh /run/fill' && echo $1 >/run/fragment.order"
}

# has ORDER SOURCE: what INFO says of the VM's table, and what the pool has lost to it
has() {
	local used=$full
	run vm info
	assert_output --partial "order=$1 source=$2 "
	[[ $2 != 1 ]] || used=$((full + (1 << $1)))
	assert_equal "$(pool_used)" "$used"
}

# granted ORDER MIN FLAGS IN-EFFECT SOURCE: by a request for a VM that has no table. If it is to come from the pool, and
# came from pages of others that have come free beside each other since the rest was taken: once more without them.
granted() {
	for _ in 1 2 3 4; do
		run vm allocate2 "$1" "$2" "$3"
		[[ $5 == 1 && $output == *source=2 ]] || break
		fresh
	done
	assert_success
	assert_output "order=$4 source=$5"
	has "$4" "$5"
	fresh
}

# refused ORDER MIN FLAGS [FRESH]. Pages of others may have come free here, too.
refused() {
	for _ in 1 2 3 4; do
		run vm allocate2 "$1" "$2" "$3"
		((status == 0)) || break
		"${4:-fresh}"
	done
	assert_failure
	assert_output ENOMEM
	has 0 0
}

# falls_back ORDER IN-EFFECT SOURCE: the u32 request
falls_back() {
	vm enable-cap 2
	run vm allocate "$1"
	assert_success
	assert_output "$2"
	has "$2" "$3"
	fresh
}

# first_run IN-EFFECT SOURCE: without any request
first_run() {
	has 0 0
	run vm run
	assert_success
	has "$1" "$2"
	fresh
}

@test "a VM takes nothing until it runs, and then a table of the default order from the pool" {
	pages_plenty
	open_gap 24
	first_run 24 1
	vm close-vm
	vm create
	has 0 0
	run vm info
	if [[ $HOST_MACHINE == powernv8 ]]; then
		assert_output --partial ' flags=0 '
	else
		assert_output --partial ' flags=0x1 '
	fi
}

@test "the pool is full: pages, up to the largest order they come in, and never more" {
	pages_plenty
	run host cat /sys/kernel/kvm_htab/order_max_pages
	assert_output 24
	granted 24 0 0 24 2
	granted 24 0 $PREFER_PAGES 24 2
	granted 30 18 0 24 2
	granted 30 18 $((KEEP | PREFER_PAGES)) 24 2
	granted 22 18 $((KEEP | PREFER_PAGES)) 22 2
	falls_back 30 24 2
	falls_back 19 19 2
	first_run 24 2
	refused 25 0 0
	refused 25 0 $PREFER_PAGES
	refused 30 25 0
	refused 30 25 $((KEEP | PREFER_PAGES))
	run vm allocate 25
	assert_output ENOMEM
	has 0 0
}

@test "room in the pool: first choice, or second with PREFER_PAGES, for each order in turn" {
	pages_plenty
	open_gap 26
	granted 30 18 0 26 1
	granted 30 18 $((KEEP | PREFER_PAGES)) 26 1
	granted 26 0 $PREFER_PAGES 26 1
	granted 24 18 0 24 1
	granted 24 18 $KEEP 24 1
	granted 24 18 $PREFER_PAGES 24 2
	granted 24 18 $((KEEP | PREFER_PAGES)) 24 2
	falls_back 30 26 1
	# to the letter: the page allocator is asked first
	falls_back 24 24 2
	first_run 24 1
	refused 30 27 0
	refused 30 27 $((KEEP | PREFER_PAGES))
}

# hold [EVENT]: a page of the gap is held by a pipe, see hold.c
# shellcheck disable=SC2016 # for the host
hold() {
	run host hold "$@"
	assert_success
	assert_output --regexp '^held [0-9]+$'
	host_wait 10 '[ -e /run/hold.pid ]'
}

@test "a page in the way that somebody is about to let go: the pool is tried again" {
	only_patched_kernel "waiting for a page of the pool"
	pages_plenty
	open_gap 27
	hold cma_alloc_fail
	granted 27 0 0 27 1
	hold cma_alloc_fail
	falls_back 30 27 1
}

# shellcheck disable=SC2016 # for the host
@test "a page in the way that stays: what fits beside it" {
	only_patched_kernel "where the pool is"
	pages_plenty
	open_gap 27
	hold
	refused 27 0 0
	granted 27 18 0 26 1
	granted 30 18 $((KEEP | PREFER_PAGES)) 26 1
	host 'read -r pid </run/hold.pid && kill "$pid" && while [ -d "/proc/$pid" ]; do sleep 0.1; done; rm /run/hold.pid'
	granted 27 0 0 27 1
}

@test "pages in pieces, the pool is full: the largest piece, and nothing below min_order" {
	pages_up_to 20
	granted 24 18 0 20 2
	granted 30 18 $((KEEP | PREFER_PAGES)) 20 2
	granted 30 20 $((KEEP | PREFER_PAGES)) 20 2
	granted 19 18 $PREFER_PAGES 19 2
	falls_back 24 20 2
	first_run 20 2
	refused 24 21 0
	refused 24 21 $((KEEP | PREFER_PAGES))
	refused 21 0 $PREFER_PAGES
	run vm allocate 24
	assert_output ENOMEM
	has 0 0
}

@test "pages in pieces: those who prefer them get a larger table from the pool" {
	pages_up_to 20
	open_gap 22
	granted 30 18 $((KEEP | PREFER_PAGES)) 22 1
	granted 22 0 $PREFER_PAGES 22 1
	granted 20 18 $((KEEP | PREFER_PAGES)) 20 2
	granted 20 18 0 20 1
	falls_back 24 22 1
	first_run 22 1
	refused 30 23 $((KEEP | PREFER_PAGES))
}

# The page allocator gives a certain place in pageblocks only: of 16 MiB, which is as large as its blocks get. used-up.bats
# has smaller ones.
# shellcheck disable=SC2016 # for the host
@test "no pages but its own: a table shrinks to half of its block, and grows into the other half by pageblocks" {
	only_patched_kernel "growing in place"
	local n entries pageblock
	pageblock=$(host 'order=$(sed -n "s/Page block order: *//p" /proc/pagetypeinfo)
		echo $(($(getconf PAGESIZE) << order))')
	pages_plenty
	run vm allocate2 22 0 $PREFER_PAGES
	assert_output 'order=22 source=2'
	pages_up_to 16
	n=$(in_place)
	run vm allocate2 21
	assert_output 'order=21 source=2'
	assert_equal "$(in_place)" $((n + 1))
	vm run
	entries=$(vm entries)
	run vm allocate2 23
	assert_output ENOMEM
	has 21 2
	assert_equal "$(vm entries)" "$entries"
	# From 7.2 on, what could be moved away for the one that failed may have left room elsewhere
	run vm allocate2 22
	if ((pageblock <= 1 << 21)); then
		assert_output 'order=22 source=2'
		assert_equal "$(in_place)" $((n + 2))
	elif ((status)); then
		assert_output ENOMEM
		assert_equal "$(vm entries)" "$entries"
	else
		assert_output 'order=22 source=2'
		assert_equal "$(vm entries)" 0
	fi
}

@test "no pages at all: the pool, down to its last granule" {
	local order
	pages_up_to 16
	for order in 27 24 21 18; do
		open_gap $order
		granted 30 18 $((KEEP | PREFER_PAGES)) $order 1
		granted 30 18 0 $order 1
		falls_back 40 $order 1
		first_run $((order < 24 ? order : 24)) 1
		close_gap
		full=$(pool_used)
	done
}

@test "nothing anywhere: ENOMEM, a VM without a table, and one that is still radix" {
	pages_up_to 16
	refused 24 0 0
	refused 30 18 0
	refused 30 18 $((KEEP | PREFER_PAGES))
	for _ in 1 2 3 4; do # as in refused
		vm enable-cap 2
		run vm allocate 24
		assert_output ENOMEM
		run vm run
		((status == 0)) || break
		fresh
	done
	assert_failure
	assert_output ENOMEM
	has 0 0
	if [[ $HOST_MACHINE != powernv8 ]]; then
		fresh_radix
		refused 30 18 $((KEEP | PREFER_PAGES)) fresh_radix
		run vm info
		assert_output --partial ' flags=0x1 '
	fi
	# room again: the same VM gets its table
	open_gap 18
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	run vm run
	assert_success
	has 18 1
}
