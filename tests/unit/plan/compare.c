// SPDX-License-Identifier: GPL-2.0-only
/* Other ways to plan, to compare the planner with */
#include "shim.h"

#include <stdlib.h>

#include "pool.h"

static bool overlap(unsigned long a, unsigned long a_size, unsigned long b, unsigned long b_size)
{
	return a < b + b_size && b < a + a_size;
}

/*
 * Brute force: each window, and each way to give its tables aligned places. It works on arrays of bytes, and with none of
 * what the planner knows about sizes.
 */

#define BRUTE_GRANULES 64
#define BRUTE_TABLES 64

struct brute {
	unsigned long n;
	bool taken[BRUTE_GRANULES];
	unsigned long sizes[BRUTE_TABLES];
	unsigned int nr_tables;
};

static bool brute_place(struct brute *brute, unsigned int i)
{
	unsigned long at, g;
	bool found = false;

	if (i == brute->nr_tables)
		return true;
	for (at = 0; at + brute->sizes[i] <= brute->n && !found; at += brute->sizes[i]) {
		for (g = at; g < at + brute->sizes[i] && !brute->taken[g];)
			g++;
		if (g < at + brute->sizes[i])
			continue;
		memset(&brute->taken[at], true, brute->sizes[i]);
		found = brute_place(brute, i + 1);
		memset(&brute->taken[at], false, brute->sizes[i]);
	}
	return found;
}

/* What it costs to have the room at a place; ULONG_MAX if it cannot be there */
static unsigned long brute_cost(const struct pool *pool, unsigned long at, unsigned long nr)
{
	bool busy[BRUTE_GRANULES] = {};
	struct brute brute = { .n = pool->nr_granules };
	const struct hpt_plan_table *table;
	unsigned long cost = 0, g;
	unsigned int i;

	for (g = 0; g < brute.n; g++)
		busy[g] = brute.taken[g] = test_bit(g, pool->busy);
	for (i = 0; i < pool->nr_tables; i++) {
		table = &pool->tables[i];
		if (!overlap(table->at, hpt_plan_size(table), at, nr))
			continue;
		if (table->replaced && table->at >= at &&
		    table->at + hpt_plan_size(table) <= at + nr) {
			memset(&busy[table->at], false, hpt_plan_size(table));
			continue;
		}
		if (table->stays || table->replaced)
			continue;
		cost += hpt_plan_size(table);
		brute.sizes[brute.nr_tables++] = hpt_plan_size(table);
		memset(&busy[table->at], false, hpt_plan_size(table));
	}
	for (g = at; g < at + nr; g++) {
		if (busy[g])
			return ULONG_MAX;
		brute.taken[g] = true;
	}
	return brute_place(&brute, 0) ? cost : ULONG_MAX;
}

unsigned long brute_force(const struct pool *pool, unsigned long nr, unsigned long step)
{
	unsigned long at, cost, best = ULONG_MAX;

	if (pool->nr_granules > BRUTE_GRANULES || pool->nr_tables > BRUTE_TABLES)
		abort();
	for (at = 0; at + nr <= pool->nr_granules; at += step) {
		cost = brute_cost(pool, at, nr);
		best = min(best, cost);
	}
	return best;
}

/* The former planner: each window whose tables cost less has all of these placed, one after the other */

static bool former_block(const struct pool *pool, unsigned long nr, unsigned long *found)
{
	unsigned long start, end = 0, at, size, best = ULONG_MAX;

	for (;;) {
		start = find_next_zero_bit(pool->scratch, pool->nr_granules, end);
		if (start >= pool->nr_granules)
			break;
		end = find_next_bit(pool->scratch, pool->nr_granules, start);
		for (at = ALIGN(start, nr); at + nr <= end; at += size) {
			size = nr;
			while (IS_ALIGNED(at, 2 * size) && at + 2 * size <= end)
				size *= 2;
			if (size < best) {
				best = size;
				*found = at;
			}
		}
	}
	return best != ULONG_MAX;
}

static bool former_places(const struct pool *pool, unsigned long at, unsigned long nr)
{
	const struct hpt_plan_table *table;
	unsigned long size, to;
	unsigned int i, order;

	bitmap_copy(pool->scratch, pool->busy, pool->nr_granules);
	bitmap_set(pool->scratch, at, nr);

	for (order = HPT_PLAN_ORDERS; order-- > 0;) {
		for (i = 0; i < pool->nr_tables; i++) {
			table = &pool->tables[i];
			size = hpt_plan_size(table);
			if (table->order != order || !overlap(table->at, size, at, nr))
				continue;
			if (!former_block(pool, size, &to))
				return false;
			bitmap_set(pool->scratch, to, size);
		}
	}
	return true;
}

static unsigned long former_count(const struct pool *pool, unsigned long at, unsigned long end)
{
	unsigned long start, n = 0;

	for (;;) {
		start = find_next_bit(pool->busy, end, at);
		if (start >= end)
			return n;
		at = find_next_zero_bit(pool->busy, end, start);
		n += at - start;
	}
}

static unsigned long former_cost(const struct pool *pool, unsigned long at, unsigned long nr,
				 unsigned int *first)
{
	const struct hpt_plan_table *table;
	unsigned long cost = 0, end = at + nr;
	unsigned int i;
	long left;

	while (*first < pool->nr_tables &&
	       pool->tables[*first].at + hpt_plan_size(&pool->tables[*first]) <= at)
		++*first;

	left = former_count(pool, at, end);
	for (i = *first; i < pool->nr_tables && pool->tables[i].at < end; i++) {
		table = &pool->tables[i];
		if (table->stays)
			return ULONG_MAX;
		cost += hpt_plan_size(table);
		left -= min(end, table->at + hpt_plan_size(table)) - max(at, table->at);
	}
	return left > 0 ? ULONG_MAX : cost;
}

unsigned long former_plan(const struct pool *pool, unsigned long nr, unsigned long step)
{
	unsigned long at, cost, best = ULONG_MAX;
	unsigned int first = 0;

	for (at = 0; at + nr <= pool->nr_granules; at += step) {
		cost = former_cost(pool, at, nr, &first);
		if (cost < best && former_places(pool, at, nr))
			best = cost;
	}
	return best;
}
