// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the kernel's planner takes to find out which tables to move, in user space.
 *
 *	bench SAMPLES FORMER-GIB
 *
 * Prints a JSON object for each pool. The planner that came before is run once, for the same room, if the pool is of no
 * more than FORMER-GIB.
 */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../fuzz/htab/random.h"
#include "pool.h"

/* Granules of 256 KiB */
#define GIB (1ul << 12)
#define GRANULE_ORDER 18

struct bench_pool {
	const char *name;
	unsigned long gib;
	unsigned int tables;
	/* log2 of the size of the room in bytes; 0: that which takes longest */
	unsigned int order;
	struct mix mix;
};

static const struct bench_pool pools[] = {
	{ "no gap will do",
	  16,
	  978,
	  20,
	  { .max_order = 6, .larger = 100, .gaps = 100, .max_gap = 3 } },
	{ "no gap will do",
	  100,
	  1284,
	  24,
	  { .max_order = 8, .larger = 100, .gaps = 100, .max_gap = 63 } },
	{ "no gap will do",
	  100,
	  3181,
	  20,
	  { .max_order = 7, .larger = 100, .gaps = 20, .max_gap = 3 } },
	{ "no gap will do",
	  1024,
	  10000,
	  0,
	  { .max_order = 8, .larger = 100, .gaps = 100, .max_gap = 255 } },
	{ "narrow gaps",
	  1024,
	  10000,
	  0,
	  { .max_order = 10, .larger = 70, .gaps = 100, .max_gap = 500 } },
	{ "all sizes",
	  1024,
	  10000,
	  0,
	  { .max_order = 21, .larger = 60, .gaps = 80, .max_gap = 500 } },
};

static unsigned long cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ul + t.tv_nsec;
}

/* The pool's end, where there are no tables, is busy */
static void fill(struct pool *pool, const struct bench_pool *what)
{
	const struct hpt_plan_table *last;
	unsigned long end;

	do {
		pool_fill(pool, &what->mix);
	} while (pool->nr_tables < what->tables);
	last = &pool->tables[pool->nr_tables - 1];
	end = last->at + hpt_plan_size(last);
	pool_add_unknown(pool, end, pool->nr_granules - end);
}

static unsigned long time_plan(const struct pool *pool, unsigned long nr, struct hpt_plan *plan,
			       int *err)
{
	unsigned long start;

	pool_plan(pool, nr, plan);
	start = cpu_ns();
	*err = kvmppc_plan_room(plan);
	return cpu_ns() - start;
}

static void bench(const struct bench_pool *what, unsigned long samples, unsigned long former_gib)
{
	unsigned long nr, ns, slowest = 1, most = 0, start;
	struct hpt_plan plan;
	struct pool pool;
	int err = 0;

	pool_init(&pool, what->gib * GIB, what->tables);
	fill(&pool, what);
	for (nr = 1; nr <= pool.nr_granules; nr *= 2) {
		ns = time_plan(&pool, nr, &plan, &err);
		if (ns > most) {
			most = ns;
			slowest = nr;
		}
	}
	if (what->order)
		slowest = 1ul << (what->order - GRANULE_ORDER);
	printf("{\"pool\":\"%s\",\"gib\":%lu,\"tables\":%u,\"order\":%u,\"ns\":[", what->name,
	       what->gib, pool.nr_tables, GRANULE_ORDER + ilog2(slowest));
	while (samples--)
		printf("%lu%s", time_plan(&pool, slowest, &plan, &err), samples ? "," : "],");
	printf("\"found\":%s,\"steps\":%lu,\"max_steps\":%lu,\"windows\":%lu",
	       err ? "false" : "true", plan.steps, plan.rounds * pool_max_steps(&pool),
	       plan.windows);
	if (what->gib <= former_gib) {
		fflush(stdout);
		start = cpu_ns();
		former_plan(&pool, slowest, slowest);
		printf(",\"former_ns\":%lu", cpu_ns() - start);
	}
	printf("}\n");
	fflush(stdout);
	pool_free(&pool);
}

int main(int argc, char **argv)
{
	unsigned long i;

	if (argc != 3)
		return 2;
	random_seed(1);
	for (i = 0; i < sizeof(pools) / sizeof(*pools); i++)
		bench(&pools[i], strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10));
	return 0;
}
