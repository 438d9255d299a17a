/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether guests of one kind would get their tables now, and if not, why. */
#ifndef KVM_HTAB_POOL_FIT_H
#define KVM_HTAB_POOL_FIT_H

#include "pool/probe.h"

enum fit_answer {
	FIT_UNKNOWN, /* this kernel does not tell, or it depends on the page allocator */
	FIT_YES,
	FIT_NO,
};

enum fit_reason {
	FIT_REASON_UNKNOWN, /* this kernel does not tell */
	FIT_ROOM,
	FIT_SMALL, /* not even the empty pool would do */
	FIT_FULL, /* not so much is free */
	FIT_FRAGMENTED, /* it is, but in pieces */
	FIT_FAILED, /* there is no pool: it could not be reserved */
	FIT_ABSENT, /* there is no pool: none was asked for */
	FIT_PAGES, /* what the pool has not the page allocator may have */
	FIT_NO_ROOM, /* this kernel does not tell which of these it is */
	FIT_MEMORY, /* too little for the reverse map, to try or at all */
	FIT_BUSY, /* there is a gap, but CMA has refused such ones: pages of others in the way */
	FIT_MOVES, /* the kernel moves tables when it is asked for this one */
};

struct fit {
	unsigned int order; /* of the tables wanted */
	unsigned int count; /* how many at the same time */
	enum fit_answer answer;
	enum fit_reason reason;
	struct fact fits; /* how many of them the pool has; when tried: how many could be had */
	struct fact largest; /* order that fits; 0: none */
	struct fact moved_bytes; /* of other tables, to make room; of FIT_YES with FIT_MOVES alone */
	const char *
		source; /* of the tables if they are had: "pool", "pages", NULL: both, or not known */
};

/* Answers from what is known of @pool: fills all but order and count of @fit. */
void fit_judge(const struct pool *pool, struct fit *fit);

/*
 * Looks, after fit_judge(), whether what is free in pieces will be joined, by a kernel
 * that moves tables. Where that cannot be learnt the answer is FIT_UNKNOWN.
 */
void fit_plan(const struct sysfs *fs, const struct pool *pool, struct fit *fit);

/*
 * Answers by trying, after fit_judge(), and gives all tables back.
 * Errors: as probe_table(); then @fit is what it was.
 */
int fit_try(struct probe *probe, const struct pool *pool, struct fit *fit,
	    struct error *err) _must_check_;

/* What stands in the way, in a sentence, and what to do about it. The caller frees; NULL: nothing. */
char *fit_sentence(const struct fit *fit);
char *fit_advice(const struct pool *pool, const struct fit *fit);

const char *fit_answer_name(enum fit_answer answer);
const char *fit_reason_name(enum fit_reason reason);

#endif /* KVM_HTAB_POOL_FIT_H */
