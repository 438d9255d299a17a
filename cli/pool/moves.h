/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving tables to make room in the pool: what the kernel would move for a
 * table, and having it done.
 */
#ifndef KVM_HTAB_POOL_MOVES_H
#define KVM_HTAB_POOL_MOVES_H

#include "host/sysfs.h"

/* A table that is in the way. Places and sizes are in bytes from the start of the pool. */
struct plan_move {
	uint64_t vm; /* its number in /sys/kernel/kvm_htab/vm; 0: unknown */
	uint64_t from, to, bytes;
};

struct plan {
	uint64_t at, bytes; /* the room */
	struct plan_move *moves; /* owned; by their place */
	size_t nmoves;
};

/* Whether this kernel moves tables at all. Errors: STATUS_CANNOT, -ENOENT. */
int plan_check(const struct sysfs *fs, struct error *err) _must_check_;

/*
 * Asks the kernel what it would move now for a table of @order (18..46), or looks it up in a
 * captured tree, whose file has the answers for all orders for which there were any, one after the
 * other. plan_clear() frees @plan. Errors: STATUS_NO, -ENOMEM if no move makes room;
 * STATUS_CANNOT, -ENOENT if this kernel does not tell; STATUS_FAILED, -EACCES without privileges,
 * and others of open(2), write(2) and read(2); -EBADMSG for an answer that is none.
 */
int plan_read(const struct sysfs *fs, unsigned int order, struct plan *plan,
	      struct error *err) _must_check_;
void plan_clear(struct plan *plan);

/* What is copied when it is carried out. */
uint64_t plan_bytes(const struct plan *plan);

/* Has the kernel of this host make that room. Errors: as plan_read(). */
int plan_carry_out(const struct sysfs *fs, unsigned int order, struct error *err) _must_check_;

#endif /* KVM_HTAB_POOL_MOVES_H */
