#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's planner, which chooses the tables that move to make room for another one, built for user space under ASan
# and UBSan. It is held against brute force, and against the planner that came before: see plan/check.c.
# PLAN_SEED repeats a run.

bats_require_minimum_version 1.5.0

setup_file() {
	export PLAN_SEED=${PLAN_SEED:-$((SRANDOM))}
	cd "$BATS_TEST_DIRNAME/plan" || return
	make -s O="$BATS_FILE_TMPDIR/plan" SANITIZE=1 CFLAGS='-O1 -g'
	# as tests/bench/plan has it, for warnings
	make -s O="$BATS_FILE_TMPDIR/fast"
}

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/plan" || return
	echo "PLAN_SEED=$PLAN_SEED"
}

check() {
	run "$BATS_FILE_TMPDIR/plan/check" "$1" "$PLAN_SEED" "${@:2}"
	echo "$output"
	assert_success
	refute_output --partial ' 0 found'
}

@test "small pools: no plan is cheaper" {
	check small 20000
}

@test "medium pools: the former planner finds no plan that is cheaper" {
	check medium 2000
}

@test "tables are aligned, and all may move: there is room if as much is free" {
	check enough 10000
}

@test "1 TiB, 10,000 tables, each order: a bounded number of steps" {
	check large
	assert_equal "$(grep -c ' 10000 tables, ' <<<"$output")" 7
}

@test "tables that have changed since they were listed" {
	check stale 10000
}

@test "the caller can stop it at any time" {
	check stop
}

@test "all kernel lines have the same planner" {
	local other dir
	for other in 6.12 7.2; do
		dir=$BATS_TEST_TMPDIR/$other
		make -s O="$dir" LINE=$other "$dir"/book3s_hv_htab_plan.{c,h}
		cmp {"$dir","$BATS_FILE_TMPDIR/plan"}/book3s_hv_htab_plan.c
		cmp {"$dir","$BATS_FILE_TMPDIR/plan"}/book3s_hv_htab_plan.h
	done
}

# mutant WHAT CHECK SED-SCRIPT: that check fails with such a planner
mutant() {
	echo "$1"
	local dir=$BATS_FILE_TMPDIR/mutant planner=$BATS_TEST_TMPDIR/mutant.c
	sed "$3" "$dir/arch/powerpc/kvm/book3s_hv_htab_plan.c" >"$planner"
	! cmp -s "$planner" "$dir/arch/powerpc/kvm/book3s_hv_htab_plan.c" || fail 'nothing has changed'
	make -s O="$dir" CFLAGS='-O1 -w' PLANNER="$planner" "$dir/check"
	# shellcheck disable=SC2086 # name and number
	run -1 timeout 120 "$dir/check" ${2/ / 1 }
}

@test "planners that are wrong are found" {
	make -s O="$BATS_FILE_TMPDIR/mutant" CFLAGS='-O1 -w' "$BATS_FILE_TMPDIR/mutant/check"
	mutant 'larger tables take no places' 'small 3000' 's/taken = 2 \* taken + /taken = /'
	mutant 'the gap behind the window counts as a whole' 'small 3000' 's/count_places(win->end, win->last.end, order)/count_places(win->last.at, win->last.end, order)/'
	mutant 'places need not be aligned' 'small 3000' 's/first = DIV_ROUND_UP(at, 1ul << order)/first = at >> order/'
	mutant 'gaps do not come back' 'small 3000' '/^static void leave_window/,/^}/s/add_places.*/;/'
	mutant 'gaps in the window count' 'small 3000' '/^static void enter_window/,/^}/s/remove_places.*/;/'
	mutant 'windows are skipped' 'small 3000' 's/at = max(round_down(next, step), at + step)/at = max(round_down(next, step), at + 2 * step)/'
	mutant 'gaps that grow are not looked at again' 'small 3000' 's/min(win->first.end, win->last.end - size)/win->last.end/'
	mutant 'the first place will do' 'small 3000' 's/ && cost && / \&\& cost == ULONG_MAX \&\& /'
	mutant 'what is fixed may be in the room' 'small 3000' 's/win->fixed_end <= win->at && //'
	mutant 'the end of what is replaced may be in the room' 'small 3000' 's/ && !starts_in_replaced(win)//'
	mutant 'the start of what is replaced may be in the room' 'small 3000' 's/!ends_in_replaced(win) && //'
	mutant 'windows up to what is replaced are skipped' 'small 20000' 's/if (ends_in_replaced(win))/if (0)/'
	mutant 'what is replaced is moved' 'small 3000' 's/moves = !table->replaced && /moves = /'
	mutant 'all tables may move' 'small 3000' 's/return table->stays || /return /'
	mutant 'one step only' 'enough 3000' 's/return plan->crowded && /return false \&\& /'
	mutant 'few rounds' 'enough 10000' 's/plan->rounds < HPT_PLAN_ROUNDS/plan->rounds < 4/'
	mutant 'windows without what is replaced first' 'enough 10000' 's/win->cost < cost : win->replaced/win->cost < cost : !win->replaced/'
	mutant 'another window afterwards' 'enough 10000' 's/plan->decided = true/plan->decided = false/'
	mutant 'gaps of a window are used for that window' 'enough 10000' '/^static bool close_window/,/^}/s/bitmap_set(.*/;/'
	mutant 'a window stays closed' 'enough 10000' '/^static bool reopen_window/,/^}/s/bitmap_clear(.*/;/'
	mutant 'places are given twice' 'small 3000' 's/bitmap_set(plan->scratch, to, .*/;/'
	mutant 'tables are moved into the room' 'small 3000' 's/bitmap_set(plan->scratch, plan->at, .*/;/'
	mutant 'the bitmap is not asked' 'stale 3000' 's/find_next_zero_bit(plan->busy, table_end, table->at) < table_end/false/'
	mutant 'tables overlap' 'stale 3000' 's/table->at < end || //'
	mutant 'every window is looked at' 'large 0' '/^static unsigned long next_place/,/^}/s/^{/{ return win->at + 1;/'
	mutant 'it cannot be stopped' 'stop 0' 's/plan->stopped = true/;/'
	mutant 'it rarely asks' 'stop 0' 's/^#define STEPS_TO_STOP.*/#define STEPS_TO_STOP 1000000/'
}
