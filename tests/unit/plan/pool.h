/* SPDX-License-Identifier: GPL-2.0-only */
/* Pools for the planner, made up at random; and other ways to plan, to compare it with */
#ifndef POOL_H
#define POOL_H

#include "book3s_hv_htab_plan.h"

struct pool {
	unsigned long nr_granules;
	unsigned long *busy;
	/* The planner's */
	unsigned long *future;
	unsigned long *scratch;
	struct hpt_plan_table *listed;
	struct hpt_plan_move *moves;
	struct hpt_plan_table *tables;
	unsigned int nr_tables;
	unsigned int max_tables;
	/* Runs of granules that are busy, but no tables */
	unsigned long nr_unknown;
};

/* What pool_fill() makes up, and how often: in percent */
struct mix {
	unsigned int max_order;
	/* Of the tables of an order or larger, how many are larger; 100: all are of max_order */
	unsigned int larger;
	unsigned int gaps;
	unsigned long max_gap;
	unsigned int unknown;
	unsigned int stays;
	unsigned int aligned;
	/* How often there is a table that the room is to replace */
	unsigned int replaced;
};

void pool_init(struct pool *pool, unsigned long nr_granules, unsigned int max_tables);
void pool_clear(struct pool *pool);
void pool_free(struct pool *pool);
bool pool_add(struct pool *pool, unsigned long at, unsigned int order, bool stays);
void pool_add_unknown(struct pool *pool, unsigned long at, unsigned long nr);
void pool_fill(struct pool *pool, const struct mix *mix);
void pool_print(const struct pool *pool);

/* A table's index is its id */
void pool_plan(const struct pool *pool, unsigned long nr, struct hpt_plan *plan);
/* The steps that a round of a plan for this pool may take, and the windows it may look at: see the top of the planner */
unsigned long pool_max_steps(const struct pool *pool);
unsigned long pool_max_windows(const struct pool *pool);

/*
 * The granules that the cheapest plan copies, with a room that begins at a multiple of step, and each table moved once;
 * ULONG_MAX: there is none. For small pools.
 */
unsigned long brute_force(const struct pool *pool, unsigned long nr, unsigned long step);
/* The same by the planner that came before; it has not found all plans that there are */
unsigned long former_plan(const struct pool *pool, unsigned long nr, unsigned long step);

#endif
