/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel log says of the pool: its reservation at boot, and requests that CMA refused since. */
#ifndef KVM_HTAB_POOL_LOG_H
#define KVM_HTAB_POOL_LOG_H

#include "host/sysfs.h"

enum pool_log_outcome {
	POOL_LOG_SILENT, /* no line is about the pool */
	POOL_LOG_RESERVED,
	POOL_LOG_FAILED, /* not reserved */
	POOL_LOG_USELESS, /* reserved, but not activated */
};

struct pool_log {
	enum pool_log_outcome outcome;
	uint64_t bytes; /* of the pool; POOL_LOG_RESERVED */
	uint64_t base; /* its address; 0: not told */
	bool too_early; /* CMA was not ready when the pool was to be reserved: a bug of Linux 7.0-rc1 */
	bool has_others; /* other CMA areas are mentioned */
	unsigned int busy; /* refusals: a page in the way could not be moved (EBUSY) */
	unsigned int contended; /* times that a page in the way made CMA try elsewhere */
	bool hung; /* a task was blocked for long in a request for a table */
	bool starved; /* vmalloc() had no memory for the reverse map of a table */
	unsigned int full; /* refusals: no such gap (ENOMEM) */
};

/*
 * Reads the last boot of the log in @fs. For kernels before 5.9, whose log does not name the pool:
 * @wanted_bytes, what it should have, 0: not known; @alone: no other area can have been reserved. A log that
 * cannot be read is silent.
 */
void pool_log_read(const struct sysfs *fs, uint64_t wanted_bytes, bool alone, struct pool_log *log);

/*
 * The lines of the log that pool_log_read() may use; @anonymous: without the names of commands. The
 * caller frees it. NULL: the log cannot be read.
 */
char *pool_log_text(const struct sysfs *fs, bool anonymous);

#endif /* KVM_HTAB_POOL_LOG_H */
