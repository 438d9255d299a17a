/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool that large tables come from (the CMA area kvm_cma): what this
 * kernel tells of it, each fact from the best source that has it.
 */
#ifndef KVM_HTAB_POOL_H
#define KVM_HTAB_POOL_H

#include "host.h"
#include "hpt.h"

#define POOL_SOURCES_MAX 6

struct pool_map;

enum pool_state {
	POOL_UNKNOWN,
	POOL_READY,
	POOL_FAILED, /* a reservation was wanted and could not be had, or not be activated */
	POOL_ABSENT, /* none was asked for */
};

/* What ails it, for the admin. */
enum pool_condition {
	CONDITION_UNKNOWN,
	CONDITION_OK,
	CONDITION_FULL, /* less than a table of the default order, or than a 20th, is free */
	CONDITION_FRAGMENTED, /* what is free would serve a larger table in one piece */
	CONDITION_FAILED,
	CONDITION_ABSENT,
};

/* Whether the kernel moves tables to make room for another one. */
enum pool_moving {
	MOVING_UNSUPPORTED, /* it has no means to */
	MOVING_NEVER, /* it is told not to: kvm_hv.htab_move=never */
	MOVING_ALLOWED,
};

struct fact {
	bool known;
	bool approximate;
	uint64_t value;
};

struct pool {
	enum pool_state state;
	struct fact total_bytes; /* approximate: other areas are counted, too */
	struct fact used_bytes;
	struct fact free_bytes; /* allocatable, not momentarily unused */
	struct fact granule_bytes;
	struct fact largest_order; /* 0: no table at all fits */
	struct fact fits[HPT_ORDERS]; /* [order - 18]: tables of that order alone */
	struct fact order_min, order_max, order_default, order_max_pages;
	struct fact from_pool, from_pages, in_place; /* tables since kvm_hv was loaded */
	struct fact fallbacks, failures, resets; /* likewise */
	struct fact moves, moved_bytes, longest_move_us; /* of tables, to make room; likewise */
	const char *sources[POOL_SOURCES_MAX]; /* what was read, best first */
	size_t nsources;
	bool denied; /* a better source is there, but not for this user */
	enum pool_moving moving;
	const char *zone_option; /* if the pool failed: what may have split it, see below */
	struct pool_map *map; /* where to put what is where; borrowed; NULL: not wanted */
};

/*
 * Adds to what @pool knows, at first nothing, what @fs tells. Never fails:
 * what cannot be learnt stays unknown.
 */
void pool_read(const struct sysfs *fs, struct pool *pool);

enum pool_condition pool_condition(const struct pool *pool);

/* What to do about the pool's condition; NULL: nothing (or no memory). The caller frees it. */
char *pool_advice(const struct pool *pool);

/* Whether there is one, or may be one. */
static inline bool pool_may_exist(const struct pool *pool)
{
	return pool->state != POOL_FAILED && pool->state != POOL_ABSENT;
}

/* How many more tables of @order (18..46) fit. */
static inline const struct fact *pool_fits(const struct pool *pool, unsigned int order)
{
	return &pool->fits[order - HPT_ORDER_MIN];
}

/* For how many tables there is room for certain, and for how many at most. */
struct room {
	uint64_t least, most;
};

/* How many more tables of @order (18..46), of that order alone, the pool can give. */
struct room pool_room(const struct pool *pool, unsigned int order);

/* Whether the page allocator may have a table of @order; it promises nothing. */
bool pool_pages_may(const struct pool *pool, unsigned int order);

const char *pool_state_name(enum pool_state state);
const char *pool_condition_name(enum pool_condition condition);

/* N of the last kvm_cma_resv_ratio=N on the kernel's command line; false: there is none. */
bool pool_ratio_wanted(const struct sysfs *fs, unsigned long *percent);

/*
 * The option on the kernel's command line that makes a zone for movable pages,
 * or NULL. Where that begins inside the pool, CMA cannot activate the pool.
 */
const char *pool_zone_option(const struct sysfs *fs);

/* Sets @fact, unless as good a value is known already. */
void fact_set(struct fact *fact, uint64_t value, bool approximate);

/*
 * The sources, best first. Each sets what it knows and returns whether it
 * knew anything.
 */
bool pool_read_kvm_htab(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/kvm_htab */
bool pool_read_places(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/debug/kvm_htab */
bool pool_read_cma_sysfs(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/mm/cma */
bool pool_read_cma_debugfs(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/debug/cma */
bool pool_read_boot_log(const struct sysfs *fs, struct pool *pool); /* dmesg */
bool pool_read_meminfo(const struct sysfs *fs, struct pool *pool); /* /proc/meminfo */

#endif /* KVM_HTAB_POOL_H */
