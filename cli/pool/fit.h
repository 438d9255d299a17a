/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether tables of one order fit now, and if not, why. */
#ifndef KVM_HTAB_POOL_FIT_H
#define KVM_HTAB_POOL_FIT_H

#include "host/cgroup.h"
#include "pool/probe.h"

enum fit_answer {
	FIT_UNKNOWN, /* not reported by this kernel, or up to the page allocator */
	FIT_YES,
	FIT_NO,
};

enum fit_reason {
	FIT_REASON_UNKNOWN, /* not reported by this kernel */
	FIT_ROOM,
	FIT_SMALL, /* too large even for the empty pool */
	FIT_TOO_LITTLE, /* too little is free */
	FIT_PIECES, /* enough is free, but in pieces */
	FIT_FAILED, /* no pool: it could not be reserved */
	FIT_ABSENT, /* no pool: none was requested */
	FIT_PAGES, /* not in the pool, but the page allocator may have room */
	FIT_NO_ROOM, /* small, too little or pieces: not reported by this kernel */
	FIT_MEMORY, /* too little memory for the reverse maps */
	FIT_BUSY, /* there is a gap, but CMA has refused such requests: pages in the way */
	FIT_LENT, /* there is a gap, but pages of others must be moved out of it */
	FIT_LIMIT, /* the limit of the memory cgroup leaves too little for the reverse map */
	FIT_MOVES, /* the kernel moves, or may move, other tables to make room */
	FIT_MMU, /* hash-MMU guests cannot run: the host uses radix */
	FIT_THREADS, /* hash-MMU guests cannot run: secondary threads are online */
};

struct fit {
	unsigned int order; /* of the tables wanted */
	unsigned int count; /* number of them at the same time */
	const char *smaller; /* what would make a table smaller, for advice; NULL: not known */
	enum fit_answer answer;
	enum fit_reason reason;
	struct fact fits; /* number that the pool has room for, or that the trial got */
	struct fact largest; /* order that fits; 0: none */
	struct fact moved_bytes; /* to make room; only of FIT_YES with FIT_MOVES */
	const char *source; /* "pool", "pages"; NULL: both, or unknown */
	uint64_t charge_bytes; /* what its memory cgroup pays for one; only of FIT_LIMIT */
	const struct cgroup_limit *limit; /* borrowed; only of FIT_LIMIT */
};

/* Answers from the facts about @pool. Fills @fit except order, count and smaller. */
void fit_judge(const struct pool *pool, struct fit *fit);

/*
 * After fit_judge(): if the free pieces are too small and the kernel moves tables, reads from @fs whether
 * moves would make room. FIT_UNKNOWN if the kernel does not report that.
 */
void fit_plan(const struct sysfs *fs, const struct pool *pool, struct fit *fit);

/* After these: yes becomes unknown if the reverse maps, outside the pool, need more than is available. */
void fit_check_memory(const struct pool *pool, struct fit *fit);

/* After fit_judge(): no, for @reason, whatever the pool has room for. */
void fit_refuse(struct fit *fit, enum fit_reason reason);

/*
 * After fit_judge(): tries, and frees all tables. Errors: as probe_table(), with @fit unchanged.
 * On a kernel without the series, root needs one small table if the answer is yes.
 */
int fit_try(struct probe *probe, const struct pool *pool, struct fit *fit,
	    struct error *err) _must_check_;

/*
 * At the end: whether @limit leaves enough for the reverse maps and for rmap arrays of @ram_bytes (0:
 * unknown). @limit is borrowed by @fit.
 */
void fit_limit(const struct sysfs *fs, const struct cgroup_limit *limit, uint64_t ram_bytes,
	       struct fit *fit);

/* The obstacle, and what to do about it. The caller frees both; NULL: none. */
char *fit_sentence(const struct fit *fit);
char *fit_advice(const struct sysfs *fs, const struct pool *pool, const struct fit *fit);

const char *fit_answer_name(enum fit_answer answer);
const char *fit_reason_name(enum fit_reason reason);

#endif /* KVM_HTAB_POOL_FIT_H */
