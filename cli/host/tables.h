/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of this host by the reverse maps that belong to them, in /proc/vmallocinfo: on any
 * kernel, but for root only, and without a word on whose they are.
 */
#ifndef KVM_HTAB_HOST_TABLES_H
#define KVM_HTAB_HOST_TABLES_H

#include "host/hpt.h"
#include "host/sysfs.h"

struct host_tables {
	uint64_t count[HPT_ORDERS]; /* [order - 18] */
	uint64_t bytes; /* of all tables together; their reverse maps take as much again */
	uint64_t small_bytes; /* of those that the page allocator may have made */
};

/*
 * Errors: -errno of open(2) and read(2): -EACCES for others than root, -ENOENT;
 * -EBADMSG for a reverse map of a size that no table has.
 */
int host_tables_read(const struct sysfs *fs, struct host_tables *tables) _must_check_;

/* The lines about tables, without addresses; the caller frees it. NULL: the file cannot be read. */
char *host_tables_text(const struct sysfs *fs);

#endif /* KVM_HTAB_HOST_TABLES_H */
