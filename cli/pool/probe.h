/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probing the pool: temporary VMs of this process allocate one table each. The kernel frees them
 * when the process ends.
 */
#ifndef KVM_HTAB_POOL_PROBE_H
#define KVM_HTAB_POOL_PROBE_H

#include "pool/pool.h"

enum probe_outcome {
	PROBE_POOL,
	PROBE_PAGES, /* the page allocator */
	PROBE_UNTOLD, /* allocated, but this kernel does not report from where */
	PROBE_REFUSED,
	PROBE_NO_MEMORY, /* for the reverse map; may not have been tried */
};

struct probe {
	int kvm; /* /dev/kvm */
	struct sysfs fs; /* this host */
	unsigned int limit; /* no larger order can be allocated */
	int *vms;
	size_t nvms, size;
};

/*
 * Opens @probe; call probe_close() even after an error. Errors: STATUS_CANNOT: KVM-HV is not
 * available; STATUS_FAILED: permission denied, and others of open(2).
 */
int probe_open(struct probe *probe, struct error *err) _must_check_;

/* Frees all tables. */
void probe_release(struct probe *probe);
void probe_close(struct probe *probe);

/*
 * Has a child process do @work, see child_run(). Errors: those of @work and of child_run(), and
 * -ETIMEDOUT, STATUS_CANNOT: the kernel hangs.
 */
int probe_in_child(unsigned int timeout_ms, int (*work)(void *data, struct error *err), void *data,
		   size_t bytes, struct error *err) _must_check_;

/*
 * Whether reverse maps of @bytes together can be allocated without harm to others. Errors: -errno if
 * that cannot be found out.
 */
int probe_has_memory(const struct probe *probe, uint64_t bytes, bool *suffices,
		     struct error *err) _must_check_;

/* Tries to allocate a table of @order, and keeps it. Errors: -errno if it could not try. */
int probe_table(struct probe *probe, unsigned int order, enum probe_outcome *outcome,
		struct error *err) _must_check_;

/* The largest order up to @order of which a table can be allocated; 0: none. As probe_table(). */
int probe_largest(struct probe *probe, unsigned int order, unsigned int *largest,
		  struct error *err) _must_check_;

/*
 * Allocates all of the pool for a moment, and sets in @pool what fits, the largest order and the
 * free bytes, but not the source. Errors: as probe_table(); @pool then has the facts found before.
 */
int probe_pool(struct probe *probe, struct pool *pool, struct error *err) _must_check_;

#endif /* KVM_HTAB_POOL_PROBE_H */
