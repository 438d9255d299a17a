/* SPDX-License-Identifier: GPL-2.0-only */
/* Moving tables to make room in the pool: the kernel's plan, and carrying it out. */
#ifndef KVM_HTAB_POOL_MOVES_H
#define KVM_HTAB_POOL_MOVES_H

#include "host/sysfs.h"

/* A table in the way. Places are in bytes from the start of the pool. */
struct plan_move {
	uint64_t vm; /* its number in /sys/kernel/kvm_htab/vm; 0: unknown */
	uint64_t from, to, bytes;
};

struct plan {
	uint64_t at, bytes; /* the room that the moves make */
	struct plan_move *moves; /* owned; by their place */
	size_t nmoves;
};

/* Where the kernel answers: an order is written, and the plan is read. */
#define PLAN_FILE "/sys/kernel/debug/kvm_htab/plan"

/* The answers for all orders that can be had, as in a captured tree; the caller frees it. NULL: none. */
char *plan_text(const struct sysfs *fs);

/* Checks whether this kernel can move tables. Errors: STATUS_CANNOT, -ENOENT: it cannot. */
int plan_check(const struct sysfs *fs, struct error *err) _must_check_;

/*
 * Asks the kernel what it would move now for a table of @order (18..46). The file in a captured
 * tree has the answers for all orders. plan_clear() frees @plan.
 * Errors: STATUS_NO, -ENOMEM: no move makes room; STATUS_CANNOT, -ENOENT: not reported;
 * STATUS_FAILED, -EACCES: only for root; -EBADMSG: invalid answer; others of open(2), write(2)
 * and read(2).
 */
int plan_read(const struct sysfs *fs, unsigned int order, struct plan *plan,
	      struct error *err) _must_check_;
void plan_clear(struct plan *plan);

/* Bytes that the moves copy. */
uint64_t plan_bytes(const struct plan *plan);

/* Makes this host's kernel move tables for a table of @order. Errors: as plan_read(). */
int plan_carry_out(const struct sysfs *fs, unsigned int order, struct error *err) _must_check_;

#endif /* KVM_HTAB_POOL_MOVES_H */
