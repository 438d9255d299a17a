// SPDX-License-Identifier: GPL-2.0-only
/* Pools for the planner, made up at random */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../fuzz/htab/random.h"
#include "pool.h"

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		perror("plan");
		exit(2);
	}
	return p;
}

/* The bitmaps end where the pool ends, so that the sanitizer finds what goes beyond */
void pool_init(struct pool *pool, unsigned long nr_granules, unsigned int max_tables)
{
	memset(pool, 0, sizeof(*pool));
	pool->nr_granules = nr_granules;
	pool->max_tables = max_tables;
	pool->busy = allocate(BITS_TO_LONGS(nr_granules), sizeof(long));
	pool->future = allocate(BITS_TO_LONGS(nr_granules), sizeof(long));
	pool->scratch = allocate(BITS_TO_LONGS(nr_granules), sizeof(long));
	pool->tables = allocate(max_tables, sizeof(*pool->tables));
	pool->listed = allocate(max_tables, sizeof(*pool->listed));
	pool->moves = allocate(2 * max_tables, sizeof(*pool->moves));
}

void pool_clear(struct pool *pool)
{
	memset(pool->busy, 0, BITS_TO_LONGS(pool->nr_granules) * sizeof(long));
	pool->nr_tables = 0;
	pool->nr_unknown = 0;
}

void pool_free(struct pool *pool)
{
	free(pool->busy);
	free(pool->future);
	free(pool->scratch);
	free(pool->tables);
	free(pool->listed);
	free(pool->moves);
}

/* Places must be given in order */
bool pool_add(struct pool *pool, unsigned long at, unsigned int order, bool stays)
{
	struct hpt_plan_table *table = &pool->tables[pool->nr_tables];

	if (pool->nr_tables == pool->max_tables || at + (1ul << order) > pool->nr_granules)
		return false;
	*table = (struct hpt_plan_table){ .at = at, .order = order, .stays = stays };
	bitmap_set(pool->busy, at, 1ul << order);
	pool->nr_tables++;
	return true;
}

void pool_add_unknown(struct pool *pool, unsigned long at, unsigned long nr)
{
	bitmap_set(pool->busy, at, nr);
	pool->nr_unknown++;
}

void pool_fill(struct pool *pool, const struct mix *mix)
{
	unsigned long at = 0, nr;
	unsigned int order;

	pool_clear(pool);
	while (at < pool->nr_granules) {
		if (chance(mix->gaps))
			at += below(mix->max_gap) + 1;
		if (at < pool->nr_granules && chance(mix->unknown)) {
			nr = min(below(3) + 1ul, pool->nr_granules - at);
			pool_add_unknown(pool, at, nr);
			at += nr;
			continue;
		}
		for (order = 0; order < mix->max_order && chance(mix->larger);)
			order++;
		if (chance(mix->aligned))
			at = ALIGN(at, 1ul << order);
		if (at >= pool->nr_granules || !pool_add(pool, at, order, chance(mix->stays)))
			break;
		at += 1ul << order;
	}
	if (pool->nr_tables && chance(mix->replaced))
		pool->tables[below(pool->nr_tables)].replaced = true;
}

/* A character for each granule: a table's letter, in upper case if it stays; @ is replaced; # unknown; . free */
void pool_print(const struct pool *pool)
{
	unsigned int table = 0;
	unsigned long i;

	for (i = 0; i < pool->nr_granules && i < 200; i++) {
		while (table < pool->nr_tables &&
		       pool->tables[table].at + hpt_plan_size(&pool->tables[table]) <= i)
			table++;
		if (!test_bit(i, pool->busy))
			putchar('.');
		else if (table < pool->nr_tables && pool->tables[table].at <= i)
			putchar(pool->tables[table].replaced ?
					'@' :
					(pool->tables[table].stays ? 'A' : 'a') + table % 26);
		else
			putchar('#');
	}
	putchar('\n');
}

void pool_plan(const struct pool *pool, unsigned long nr, struct hpt_plan *plan)
{
	bitmap_copy(pool->future, pool->busy, pool->nr_granules);
	memcpy(pool->listed, pool->tables, pool->nr_tables * sizeof(*pool->tables));
	for (unsigned int i = 0; i < pool->nr_tables; i++)
		pool->listed[i].id = i;
	*plan = (struct hpt_plan){
		.nr_granules = pool->nr_granules,
		.busy = pool->future,
		.scratch = pool->scratch,
		.tables = pool->listed,
		.nr_tables = pool->nr_tables,
		.moves = pool->moves,
		.max_moves = 2 * pool->nr_tables,
		.nr = nr,
	};
}

static unsigned long max_extents(const struct pool *pool)
{
	return 2 * (pool->nr_tables + pool->nr_unknown) + 1;
}

unsigned long pool_max_windows(const struct pool *pool)
{
	return 11 * max_extents(pool);
}

unsigned long pool_max_steps(const struct pool *pool)
{
	unsigned long n = pool->nr_granules, w = n / BITS_PER_LONG + 1, t = pool->nr_tables;
	unsigned long e = max_extents(pool), l = ilog2(n) + 1;
	unsigned long check = w + 2 * t;
	unsigned long slide = 3 * w + 9 * e + 3 * t + 3 * l * e;
	unsigned long look = pool_max_windows(pool) * (1 + l);
	unsigned long place = 2 * (n + w + t) + l * (2 * w + 2 * e + 4 * t + 2);
	unsigned long move = 5 * (n + w) + 9 * t + l * t;

	return check + slide + look + place + move;
}
