/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding out by trying: throw-away VMs of this process, each of which asks
 * for one table. They are gone with the process, however it ends.
 */
#ifndef KVM_HTAB_POOL_PROBE_H
#define KVM_HTAB_POOL_PROBE_H

#include "pool/pool.h"

/* What came of one request for a table. */
enum probe_outcome {
	PROBE_POOL,
	PROBE_PAGES, /* the page allocator */
	PROBE_UNTOLD, /* a table, but this kernel does not tell where from */
	PROBE_REFUSED,
	PROBE_NO_MEMORY, /* for the reverse map; may not even have been tried */
};

struct probe {
	int kvm; /* /dev/kvm */
	struct sysfs fs; /* this host */
	unsigned int limit; /* no table of a larger order can be had */
	int *vms;
	size_t nvms, size;
};

/*
 * Opens @probe; probe_close() closes it whatever came of it.
 * Errors: -errno with the reason in @err, STATUS_FAILED for want of
 * permission, STATUS_CANNOT without KVM-HV.
 */
int probe_open(struct probe *probe, struct error *err) _must_check_;

/* Gives all tables back. */
void probe_release(struct probe *probe);
void probe_close(struct probe *probe);

/*
 * Asks for a table of @order and keeps it if there is one.
 * Errors: -errno with the reason in @err if it could not be asked for.
 */
int probe_table(struct probe *probe, unsigned int order, enum probe_outcome *outcome,
		struct error *err) _must_check_;

/* The largest order, at most @order, of which one table can be had; 0: none. As probe_table(). */
int probe_largest(struct probe *probe, unsigned int order, unsigned int *largest,
		  struct error *err) _must_check_;

/*
 * Takes all that the pool has for a moment, and sets in @pool what that
 * told: what fits, the largest order, what is free. As probe_table(); then
 * @pool has what was learnt before.
 */
int probe_pool(struct probe *probe, struct pool *pool, struct error *err) _must_check_;

#endif /* KVM_HTAB_POOL_PROBE_H */
