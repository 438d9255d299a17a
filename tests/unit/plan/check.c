// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks the kernel's planner.
 *
 *	check small SEED N	random pools of up to 40 granules: no plan is cheaper
 *	check medium SEED N	random pools of up to 2000 granules: the former planner finds none that is cheaper
 *	check enough SEED N	random pools whose tables are aligned and may move: there is room if as much is free
 *	check large SEED	pools of 1 TiB with 10,000 tables, each order, found or not: the steps
 *	check stale SEED N	tables that are not where they were listed
 *	check stop SEED		the caller stops it
 *
 * Each plan is checked: tables do not overlap at any time, what stays stays, the room is free then.
 */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../fuzz/htab/random.h"
#include "pool.h"

#define TIB_GRANULES (1ul << 22)
#define TIB_TABLES 10000

static unsigned long nr_plans, nr_found, nr_better;

static void fail(const struct pool *pool, const struct hpt_plan *plan, const char *what)
{
	unsigned int i;

	printf("%s: pool of %lu, room for %lu, at %lu, cost %lu, %lu steps\n", what,
	       pool->nr_granules, plan->nr, plan->at, plan->cost, plan->steps);
	pool_print(pool);
	for (i = 0; i < plan->nr_moves && i < 100; i++)
		printf("%u: %lu to %lu, size %lu\n", plan->moves[i].table, plan->moves[i].from,
		       plan->moves[i].to, hpt_plan_size(&pool->tables[plan->moves[i].table]));
	exit(1);
}

static unsigned long step_of(const struct hpt_plan *plan)
{
	return plan->unaligned ? max(plan->nr / 4, 1ul) : plan->nr;
}

/* Carries the plan out on a bitmap of its own */
static void check_moves(const struct pool *pool, const struct hpt_plan *plan)
{
	unsigned long *map = malloc(BITS_TO_LONGS(pool->nr_granules) * sizeof(long));
	unsigned long *at = malloc((pool->nr_tables + 1) * sizeof(*at));
	const struct hpt_plan_table *table;
	const struct hpt_plan_move *move;
	unsigned long size, cost = 0;
	unsigned int i;

	if (!map || !at)
		exit(2);
	bitmap_copy(map, pool->busy, pool->nr_granules);
	for (i = 0; i < pool->nr_tables; i++)
		at[i] = pool->tables[i].at;
	for (move = plan->moves; move < plan->moves + plan->nr_moves; move++) {
		table = &pool->tables[move->table];
		size = hpt_plan_size(table);
		if (table->stays || table->replaced)
			fail(pool, plan, "a table that stays moves");
		if (move->from != at[move->table] ||
		    find_next_zero_bit(map, move->from + size, move->from) < move->from + size)
			fail(pool, plan, "a table that is not there moves");
		if (move->to + size > pool->nr_granules)
			fail(pool, plan, "out of the pool");
		if (move->to % size)
			fail(pool, plan, "to a place that is not aligned");
		if (move->to < plan->at + plan->nr && plan->at < move->to + size)
			fail(pool, plan, "into the room");
		if (find_next_bit(map, move->to + size, move->to) < move->to + size)
			fail(pool, plan, "to where something is");
		bitmap_set(map, move->to, size);
		bitmap_clear(map, move->from, size);
		at[move->table] = move->to;
		cost += size;
	}
	for (i = 0; i < pool->nr_tables; i++) {
		table = &pool->tables[i];
		if (table->replaced && table->order < HPT_PLAN_ORDERS && table->at >= plan->at &&
		    table->at + hpt_plan_size(table) <= plan->at + plan->nr)
			bitmap_clear(map, table->at, hpt_plan_size(table));
	}
	if (plan->at + plan->nr > pool->nr_granules || plan->at % step_of(plan))
		fail(pool, plan, "the room is not in the pool, or not aligned");
	if (find_next_bit(map, plan->at + plan->nr, plan->at) < plan->at + plan->nr)
		fail(pool, plan, "the room is not free");
	if (cost != plan->cost)
		fail(pool, plan, "it does not cost that");
	free(map);
	free(at);
}

/* What a plan costs; ULONG_MAX if there is none */
static unsigned long check_plan(const struct pool *pool, unsigned long nr, bool unaligned,
				struct hpt_plan *result)
{
	struct hpt_plan plan;
	int err;

	pool_plan(pool, nr, &plan);
	plan.unaligned = unaligned;
	err = kvmppc_plan_room(&plan);
	nr_plans++;
	if (err && err != -ENOSPC)
		fail(pool, &plan, "unexpected error");
	if (plan.rounds > HPT_PLAN_ROUNDS || plan.steps > plan.rounds * pool_max_steps(pool))
		fail(pool, &plan, "too many steps");
	if (plan.windows > plan.rounds * pool_max_windows(pool))
		fail(pool, &plan, "too many windows");
	if (result)
		*result = plan;
	if (err)
		return ULONG_MAX;
	nr_found++;
	check_moves(pool, &plan);
	return plan.cost;
}

static void make_mix(struct mix *mix, unsigned int max_order, unsigned long max_gap)
{
	mix->max_order = below(max_order + 1);
	mix->larger = below(3) * 30 + 40;
	mix->gaps = below(101);
	mix->max_gap = below(max_gap) + 1;
	mix->unknown = below(3) * 5;
	mix->stays = below(3) * 10;
	mix->aligned = below(3) * 50;
}

/* Compares the plans for each size of room */
static void check_sizes(const struct pool *pool,
			unsigned long (*other)(const struct pool *pool, unsigned long nr,
					       unsigned long step),
			bool best)
{
	unsigned long cost, than, nr;
	bool unaligned;
	struct hpt_plan plan;

	for (nr = 1; nr <= pool->nr_granules; nr *= 2) {
		unaligned = below(2);
		cost = check_plan(pool, nr, unaligned, &plan);
		than = other(pool, nr, step_of(&plan));
		if (cost > than)
			fail(pool, &plan, "there is a cheaper plan");
		/* In more steps than one, there may be room where the others find none */
		if (cost < than && (than != ULONG_MAX || unaligned) && best)
			fail(pool, &plan, "brute force does not find it");
		nr_better += cost < than;
	}
}

/* Up to 9 tables, which keeps brute force short */
static void check_small(unsigned long n)
{
	struct pool pool;
	struct mix mix;

	while (n--) {
		pool_init(&pool, below(39) + 2, below(10));
		make_mix(&mix, 4, 6);
		mix.replaced = 50;
		pool_fill(&pool, &mix);
		check_sizes(&pool, brute_force, true);
		pool_free(&pool);
	}
}

/* Every second one is of tables that are not aligned, with narrow gaps, where the former planner may find none */
static void check_medium(unsigned long n)
{
	struct pool pool;
	struct mix mix;

	while (n--) {
		pool_init(&pool, below(2000) + 1, below(200));
		make_mix(&mix, 8, 60);
		if (n % 2)
			mix = (struct mix){
				.max_order = 4, .larger = 80, .gaps = 15, .max_gap = 20
			};
		pool_fill(&pool, &mix);
		check_sizes(&pool, former_plan, false);
		pool_free(&pool);
	}
	printf("%lu better than the former planner's\n", nr_better);
}

static void check_enough(unsigned long n)
{
	const struct mix mix = {
		.max_order = 5, .larger = 60, .gaps = 60, .max_gap = 9, .aligned = 100
	};
	unsigned long nr, nr_free, g, replaced, at = 0;
	struct hpt_plan plan;
	struct pool pool;
	unsigned int i;

	while (n--) {
		pool_init(&pool, below(255) + 2, 256);
		pool_fill(&pool, &mix);
		for (nr_free = 0, g = 0; g < pool.nr_granules; g++)
			nr_free += !test_bit(g, pool.busy);
		replaced = 0;
		if (pool.nr_tables && below(2)) {
			i = below(pool.nr_tables);
			pool.tables[i].replaced = true;
			replaced = hpt_plan_size(&pool.tables[i]);
			at = pool.tables[i].at;
		}
		/* Room that is smaller than what it replaces has to be elsewhere, and is not asked for */
		for (nr = replaced ? 2 * replaced : 1; nr <= pool.nr_granules; nr *= 2) {
			/* Where there is no window with it, what is replaced is in the way */
			if (replaced && round_down(at, nr) + nr > pool.nr_granules)
				break;
			if (check_plan(&pool, nr, false, &plan) == ULONG_MAX &&
			    nr_free + replaced >= nr)
				fail(&pool, &plan, "enough is free, and there is no plan");
		}
		pool_free(&pool);
	}
}

struct scenario {
	const char *name;
	bool open;
	struct mix mix;
};

static const struct scenario scenarios[] = {
	{ "all sizes, half of the pool free",
	  true,
	  { .max_order = 21, .larger = 60, .gaps = 80, .max_gap = 500, .aligned = 50 } },
	{ "small, and far apart", false, { .gaps = 100, .max_gap = 800 } },
	{ "no gap has room for one",
	  false,
	  { .max_order = 8, .larger = 100, .gaps = 100, .max_gap = 255 } },
	{ "narrow gaps", false, { .max_order = 18, .larger = 65, .gaps = 50, .max_gap = 100 } },
	{ "one in ten stays",
	  false,
	  { .max_order = 12, .larger = 65, .gaps = 80, .max_gap = 500, .stays = 10, .unknown = 5 } },
	{ "no gaps", false, { .max_order = 8, .larger = 100 } },
	{ "none may move",
	  false,
	  { .max_order = 9, .larger = 70, .gaps = 50, .max_gap = 600, .stays = 100 } },
};

static void fill_large(struct pool *pool, const struct scenario *scenario)
{
	const struct hpt_plan_table *last;
	unsigned int tries = 0;
	unsigned long end;

	do {
		if (tries++ == 100) {
			printf("%s: too few tables: %u\n", scenario->name, pool->nr_tables);
			exit(1);
		}
		pool_fill(pool, &scenario->mix);
	} while (pool->nr_tables < TIB_TABLES);

	/* There is no large gap behind them */
	last = &pool->tables[pool->nr_tables - 1];
	end = last->at + hpt_plan_size(last);
	if (!scenario->open)
		pool_add_unknown(pool, end, pool->nr_granules - end);
}

static void check_large(void)
{
	unsigned long nr, steps, windows, found;
	struct hpt_plan plan;
	struct pool pool;
	unsigned int i;

	pool_init(&pool, TIB_GRANULES, TIB_TABLES);
	for (i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		fill_large(&pool, &scenarios[i]);
		steps = 0;
		windows = 0;
		found = nr_found;
		for (nr = 1; nr <= pool.nr_granules; nr *= 2) {
			check_plan(&pool, nr, false, &plan);
			steps = max(steps, plan.steps);
			windows = max(windows, plan.windows);
		}
		printf("%s: %u tables, %lu orders found; at most %lu steps of %lu, %lu windows of %lu\n",
		       scenarios[i].name, pool.nr_tables, nr_found - found, steps,
		       pool_max_steps(&pool), windows, pool_max_windows(&pool));
	}
	pool_free(&pool);
}

/* Tables are forgotten by the bitmap, listed twice, and larger than they are */
static void check_stale(unsigned long n)
{
	struct hpt_plan_table *table;
	unsigned long nr, g;
	struct pool pool;
	struct mix mix;
	unsigned int i;

	while (n--) {
		pool_init(&pool, below(500) + 1, below(50) + 1);
		make_mix(&mix, 5, 20);
		mix.replaced = 50;
		pool_fill(&pool, &mix);
		/* Each can be a run that is busy for an unknown reason then */
		pool.nr_unknown += pool.nr_tables;
		for (i = 0; i < pool.nr_tables; i++) {
			table = &pool.tables[i];
			g = table->at + below(hpt_plan_size(table));
			if (below(5) == 0) {
				pool.busy[g / BITS_PER_LONG] &= ~(1ul << (g % BITS_PER_LONG));
			} else if (below(5) == 0) {
				table->order += below(80);
			} else if (below(5) == 0 && i) {
				table->at = table[-1].at;
			}
		}
		for (nr = 1; nr <= 4 * pool.nr_granules; nr *= 2)
			check_plan(&pool, nr, below(2), NULL);
		pool_free(&pool);
	}
}

static unsigned long stop_after, stop_calls;

static bool stop(void)
{
	return ++stop_calls > stop_after;
}

static void check_stop(void)
{
	struct hpt_plan plan;
	struct pool pool;
	int err;

	pool_init(&pool, TIB_GRANULES, TIB_TABLES);
	fill_large(&pool, &scenarios[0]);
	for (stop_after = 0;; stop_after++) {
		pool_plan(&pool, 1ul << 16, &plan);
		plan.stop = stop;
		stop_calls = 0;
		err = kvmppc_plan_room(&plan);
		nr_plans++;
		/* What is under way may be finished */
		if (stop_calls > stop_after + 3)
			fail(&pool, &plan, "it went on");
		if (plan.steps / (stop_calls + 1) > 200000)
			fail(&pool, &plan, "it asked too rarely");
		if (!err)
			break;
		if (err != -EINTR)
			fail(&pool, &plan, "unexpected error");
	}
	if (!stop_after || stop_calls != stop_after)
		fail(&pool, &plan, "it did not ask");
	nr_found++;
	printf("stopped at each of %lu points\n", stop_after);
	pool_free(&pool);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	const char *what = argc > 2 ? argv[1] : "";

	if (argc > 2)
		random_seed(strtoul(argv[2], NULL, 0));
	if (!strcmp(what, "small"))
		check_small(n);
	else if (!strcmp(what, "medium"))
		check_medium(n);
	else if (!strcmp(what, "enough"))
		check_enough(n);
	else if (!strcmp(what, "large"))
		check_large();
	else if (!strcmp(what, "stale"))
		check_stale(n);
	else if (!strcmp(what, "stop"))
		check_stop();
	else
		return 2;
	printf("%lu plans, %lu found\n", nr_plans, nr_found);
	return 0;
}
