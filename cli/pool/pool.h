/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool of large tables (the CMA area kvm_cma). Each fact is from its best source. */
#ifndef KVM_HTAB_POOL_POOL_H
#define KVM_HTAB_POOL_POOL_H

#include "host/host.h"
#include "host/hpt.h"
#include "lib/fact.h"
#include "pool/log.h"

/*
 * Each fact: its name (here, in JSON and as a file in this directory below /sys/kernel/kvm_htab),
 * column, kind, metric (NULL: none; a counter if it ends in _total) and meaning. All code that
 * reads or shows facts uses this list. The facts of stats/ count since kvm_hv was loaded.
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
	F(moved_bytes, "/stats", "MOVED", BYTES, "moved_bytes_total", \
	  "size of the tables that were moved") \
	F(longest_stop_us, "/stats", "LONGEST-STOP", NUMBER, "longest_stop_seconds", \
	  "longest time that a VM was stopped to move its table") \
	F(fetched_on_access, "/stats", "FETCHED-ON-ACCESS", NUMBER, "fetched_on_access_total", \
	  "4 KiB pieces of moved tables, copied when needed") \
	F(fetched_by_worker, "/stats", "FETCHED-BY-WORKER", NUMBER, "fetched_by_worker_total", \
	  "4 KiB pieces of moved tables, copied before that")

enum pool_state {
	POOL_UNKNOWN,
	POOL_READY,
	POOL_FAILED, /* requested, but not reserved or not activated */
	POOL_ABSENT, /* not requested */
};

enum pool_condition {
	CONDITION_UNKNOWN,
	CONDITION_OK,
	CONDITION_FULL, /* free: less than a default table, or less than 5 percent */
	CONDITION_FRAGMENTED, /* in one piece, the free memory would hold a larger table */
	CONDITION_FAILED,
	CONDITION_ABSENT,
};

/* Whether the kernel moves tables to make room. */
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
	struct fact fits[HPT_ORDERS]; /* [order - 18]: number of tables if all have that order */
	enum pool_state state;
	char *strange_state; /* POOL_UNKNOWN: the kernel's word for the state; owned; NULL: none */
	bool captured; /* the facts are of a captured tree */
	enum pool_moving moving;
	bool series; /* the kernel has the whole kvm-htab series */
	bool pins; /* the kernel, before 5.2, leaves pages in the pool that are pinned for long */
	bool mute; /* the kernel, before 4.12, does not log what CMA refuses */
	uint64_t least[HPT_ORDERS]; /* as fits, if that is unknown: so many are certain */
	bool unlent_wanted; /* the caller wants the next two, which takes longer */
	bool unlent_known;
	uint64_t unlent[HPT_ORDERS]; /* as fits, without moving pages of others away */
	uint64_t ram_bytes; /* 0: unknown */
	struct fact available_bytes; /* of memory outside the pool, for reverse maps */
	bool log_read;
	struct pool_log log;
	struct fact unlent_bytes; /* CmaFree: free, and not lent to others; a lower bound */
	struct fact refused; /* requests, or pages, that CMA refused since boot */
	char *sources; /* comma-separated, best first; owned */
	bool denied; /* only root may read a better source */
	bool mixed; /* CMA in /proc/meminfo is not the pool's, or not alone */
	const char *boot_bug; /* POOL_FAILED: why this kernel cannot reserve any pool; or NULL */
	const char *zone_option; /* POOL_FAILED: the boot option that may be the cause; or NULL */
	struct pool_map *map; /* filled unless it is NULL; borrowed */
};

/*
 * Adds facts from @fs to @pool, which may be zeroed. Never fails: other facts stay unknown.
 * pool_clear() frees the contents.
 */
void pool_read(const struct sysfs *fs, struct pool *pool);
void pool_clear(struct pool *pool);

/* Adds @name to pool->sources. */
void pool_add_source(struct pool *pool, const char *name);

enum pool_condition pool_condition(const struct pool *pool);

#define ADVICE_FREE_POOL \
	"stop or migrate guests, or boot with a larger kvm_cma_resv_ratio=N (percent of RAM)"

/* What is wrong, and what to do about it. Both owned; NULL: nothing. */
struct advice {
	char *what, *next;
};

/* About the condition of the pool, and about unknown facts. advice_clear() frees both. */
struct advice pool_advice(const struct pool *pool);
struct advice pool_advice_unknown(const struct pool *pool);

/* About pages of others in the way, see pool_is_doubtful(). */
struct advice pool_advice_busy(const struct pool *pool);
void advice_clear(struct advice *advice);

/* "what; next", which the caller frees; NULL: nothing. */
char *advice_text(const struct advice *advice);

/* The advice_text() of pool_advice(). */
char *pool_advice_text(const struct pool *pool);

/*
 * Whether CMA refused requests although there was a gap, because it could not move pages of others
 * out of it. Then a gap does not guarantee a table. Kernels with the series try again.
 */
bool pool_is_doubtful(const struct pool *pool);

/* Whether the pool exists, or may exist. */
static inline bool pool_may_exist(const struct pool *pool)
{
	return pool->state != POOL_FAILED && pool->state != POOL_ABSENT;
}

/* The number of tables of @order (18..46) that fit. */
static inline const struct fact *pool_fits(const struct pool *pool, unsigned int order)
{
	return &pool->fits[order - HPT_ORDER_MIN];
}

/* The certain and the largest possible number of tables. */
struct room {
	uint64_t least, most;
};

/* The number of tables that the pool has room for, if all have @order (18..46). */
struct room pool_room(const struct pool *pool, unsigned int order);

/*
 * The number of tables of @order (18..46) that the kernel can certainly give. Without the series, pages
 * of others may be in the way of the rest.
 */
uint64_t pool_certain(const struct pool *pool, unsigned int order);

/* Whether the page allocator may, but need not, have room for a table of @order. */
bool pool_pages_may(const struct pool *pool, unsigned int order);

/* Whether one of the three sizes is approximate. */
bool pool_is_approximate(const struct pool *pool);

const char *pool_state_name(enum pool_state state);
const char *pool_condition_name(enum pool_condition condition);

/* Percent of RAM that the kernel reserves by default. */
#define RATIO_DEFAULT 5

/* N of the last kvm_cma_resv_ratio=N on the kernel's command line. False: not given. */
bool pool_ratio_wanted(const struct sysfs *fs, unsigned long *percent);

/* A suggestion. */
struct ratio {
	unsigned int percent; /* 0: none suffices, or the RAM is not known */
	bool used_known; /* false: what is in use was taken for nothing */
	uint64_t pool_bytes; /* size of that pool */
	uint64_t ram_bytes; /* what the kernel takes the percentage of; 0: not known */
};

/*
 * The smallest N of kvm_cma_resv_ratio=N with room for @bytes of tables beside those in use. None
 * suffices if all these tables and their reverse maps, which are as large, need more than all RAM.
 */
struct ratio pool_ratio_for(const struct sysfs *fs, const struct pool *pool, uint64_t bytes);

/* Appends "boot with kvm_cma_resv_ratio=..." for @bytes of tables to *@text. */
void pool_add_ratio(const struct sysfs *fs, const struct pool *pool, uint64_t bytes, char **text);

#endif /* KVM_HTAB_POOL_POOL_H */
