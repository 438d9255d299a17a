/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool that large tables come from (the CMA area kvm_cma): what this
 * kernel tells of it, each fact from the best source that has it.
 */
#ifndef KVM_HTAB_POOL_POOL_H
#define KVM_HTAB_POOL_POOL_H

#include "host/host.h"
#include "host/hpt.h"
#include "lib/fact.h"
#include "pool/log.h"

/*
 * Each fact: its name, here and in JSON, and as a file of this directory below
 * /sys/kernel/kvm_htab; its column; its kind; its metric (NULL: none), which is a counter if it ends
 * in _total; its meaning. All that reads or shows facts goes by this list. Those of stats/ count
 * since kvm_hv was loaded.
 */
#define POOL_FACTS(F) \
	F(total_bytes, "/pool", "TOTAL", BYTES, "pool_size_bytes", "size of the pool") \
	F(used_bytes, "/pool", "USED", BYTES, "pool_used_bytes", "bytes in use by tables") \
	F(free_bytes, "/pool", "FREE", BYTES, "pool_free_bytes", \
	  "bytes that can be allocated now") \
	F(largest_free_order, "/pool", "LARGEST", NUMBER, "pool_largest_free_order", \
	  "largest order (log2 of bytes) that fits; 0: none") \
	F(granule_bytes, "/pool", "GRANULE", BYTES, NULL, "unit in which the pool is allocated") \
	F(order_min, "", "MIN", NUMBER, NULL, "smallest order of a table") \
	F(order_max, "", "MAX", NUMBER, NULL, "largest order of a table") \
	F(order_default, "", "DEFAULT", NUMBER, NULL, "order of a table that nobody asked for") \
	F(order_max_pages, "", "PAGES", NUMBER, NULL, "largest order from the page allocator") \
	F(from_pool, "/stats", "FROM-POOL", NUMBER, "tables_total{source=\"pool\"}", \
	  "tables allocated, by source") \
	F(from_pages, "/stats", "FROM-PAGES", NUMBER, "tables_total{source=\"pages\"}", \
	  "tables allocated from the page allocator") \
	F(in_place, "/stats", "IN-PLACE", NUMBER, "tables_in_place_total", \
	  "tables allocated over the VM's old table") \
	F(fallbacks, "/stats", "FALLBACKS", NUMBER, "fallbacks_total", \
	  "tables smaller than requested") \
	F(failures, "/stats", "FAILURES", NUMBER, "failures_total", \
	  "requests that failed because there was no room") \
	F(resets, "/stats", "RESETS", NUMBER, "resets_total", "requests that cleared a table") \
	F(moves, "/stats", "MOVES", NUMBER, "moves_total", "tables moved to make room for others") \
	F(moved_bytes, "/stats", "MOVED", BYTES, "moved_bytes_total", "bytes copied by moves") \
	F(longest_move_us, "/stats", "LONGEST-MOVE", NUMBER, "longest_move_seconds", \
	  "longest time that a move held up a VM")

enum pool_state {
	POOL_UNKNOWN,
	POOL_READY,
	POOL_FAILED, /* a reservation was wanted and could not be had, or not be activated */
	POOL_ABSENT, /* none was asked for */
};

/* What is wrong with it, for the admin. */
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
	MOVING_UNSUPPORTED,
	MOVING_NEVER, /* kvm_hv.htab_move=never */
	MOVING_ALLOWED,
};

struct pool_map;

struct pool {
#define POOL_MEMBER(name, ...) struct fact name;
	POOL_FACTS(POOL_MEMBER)
#undef POOL_MEMBER
	struct fact fits[HPT_ORDERS]; /* [order - 18]: tables of that order alone */
	enum pool_state state;
	enum pool_moving moving;
	bool pins; /* the kernel, before 5.2, lets pages in the pool be pinned for long */
	bool series; /* the kernel has all of the kvm-htab series */
	uint64_t least[HPT_ORDERS]; /* as fits, for certain, if that is not known */
	uint64_t ram_bytes; /* 0: not known */
	bool log_read;
	struct pool_log log;
	struct fact unlent_bytes; /* of what is free: at least so much is not lent to others either */
	struct fact refused; /* requests (or pages) that CMA refused since boot, of any area */
	char *sources; /* what was read, best first, with commas between them; owned */
	bool denied; /* a better source is there, but not for this user */
	const char *zone_option; /* if the pool failed: what may have split it, see below */
	struct pool_map *map; /* where to put what is where; borrowed; NULL: not wanted */
};

/*
 * Adds to what @pool knows, at first nothing, what @fs tells. Never fails:
 * what cannot be learnt stays unknown. pool_clear() frees what it holds.
 */
void pool_read(const struct sysfs *fs, struct pool *pool);
void pool_clear(struct pool *pool);

/* Adds @name to pool->sources. */
void pool_add_source(struct pool *pool, const char *name);

enum pool_condition pool_condition(const struct pool *pool);

/* What is wrong, and what to do about it; both owned; NULL: nothing. */
struct advice {
	char *what, *next;
};

/* About the pool's condition. advice_clear() frees it. */
struct advice pool_advice(const struct pool *pool);

/* About refusals that pages of others caused. The same; see pool_is_doubtful(). */
struct advice pool_advice_busy(const struct pool *pool);

/* About what is not known of it. The same. */
struct advice pool_advice_unknown(const struct pool *pool);
void advice_clear(struct advice *advice);

/* Both in a sentence, which the caller frees; NULL: there is nothing to say. */
char *advice_text(const struct advice *advice);

/* The sentence of pool_advice(). */
char *pool_advice_text(const struct pool *pool);

/*
 * Whether CMA has refused requests though there was a gap: pages of others in it could not be moved
 * away. Then what is free may not be had. Kernels with the series try again.
 */
bool pool_is_doubtful(const struct pool *pool);

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

/* Whether one of the three sizes is approximate. */
bool pool_is_approximate(const struct pool *pool);

const char *pool_state_name(enum pool_state state);
const char *pool_condition_name(enum pool_condition condition);

/* Percent of RAM that the kernel reserves by default. */
#define RATIO_DEFAULT 5

/* N of the last kvm_cma_resv_ratio=N on the kernel's command line; false: there is none. */
bool pool_ratio_wanted(const struct sysfs *fs, unsigned long *percent);

/*
 * The smallest N of kvm_cma_resv_ratio=N whose pool has room for @bytes of tables beside what is in
 * use now; 0: not known, or more than all RAM. *@pool_bytes: how large that pool is.
 */
unsigned int pool_ratio_for(const struct pool *pool, uint64_t bytes, uint64_t *pool_bytes);

/* Appends how to boot with that ratio, or with a larger one if it is not known, to *@text. */
void pool_add_ratio(const struct pool *pool, uint64_t bytes, char **text);

/*
 * The option on the kernel's command line that makes a zone for movable pages,
 * or NULL. Where that begins inside the pool, CMA cannot activate the pool.
 */
const char *pool_zone_option(const struct sysfs *fs);

#endif /* KVM_HTAB_POOL_POOL_H */
