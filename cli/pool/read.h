/* SPDX-License-Identifier: GPL-2.0-only */
/* The sources of pool_read(), each in a file of its own or with its kin, and what they share. */
#ifndef KVM_HTAB_POOL_READ_H
#define KVM_HTAB_POOL_READ_H

#include "pool/pool.h"

/* CMA hands the pool out in chunks of this size (KVM_CMA_CHUNK_ORDER), whatever the page size. */
#define GRANULE_ORDER 18

/* Each sets what it knows and returns whether it knew anything. */
bool pool_read_series(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/kvm_htab */
bool pool_read_places(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/debug/kvm_htab */
bool pool_read_cma_sysfs(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/mm/cma */
bool pool_read_cma_debugfs(const struct sysfs *fs, struct pool *pool); /* /sys/kernel/debug/cma */
bool pool_read_wish(const struct sysfs *fs, struct pool *pool); /* /proc/cmdline */
bool pool_read_boot_log(const struct sysfs *fs, struct pool *pool); /* dmesg */
bool pool_read_references(const struct sysfs *fs, struct pool *pool); /* /sys/module/kvm_hv */
bool pool_read_vmallocinfo(const struct sysfs *fs, struct pool *pool); /* /proc/vmallocinfo */
bool pool_read_kpageflags(const struct sysfs *fs, struct pool *pool); /* /proc/kpageflags */
bool pool_read_meminfo(const struct sysfs *fs, struct pool *pool); /* /proc/meminfo */

#define PATH_BYTES 128

/* Writes @directory/@name to @path and returns it; "": there is no room. */
const char *pool_path(const char *directory, const char *name, char path[static PATH_BYTES]);

/* Sets @fact from @directory/@name if that holds a number. */
bool pool_read_fact(const struct sysfs *fs, const char *directory, const char *name,
		    struct fact *fact);

/* The kernel log, which is read once. */
const struct pool_log *pool_log_of(const struct sysfs *fs, struct pool *pool);

/* Whether there are other CMA areas, which /proc/meminfo counts as well. */
bool pool_has_others(const struct sysfs *fs, struct pool *pool);

/* How many requests CMA has refused since boot; false: this kernel does not count them. */
bool pool_read_refusals(const struct sysfs *fs, uint64_t *refused);

/*
 * The kernel shows its CMA areas and kvm_cma is not among them. By default
 * one is reserved, so that it failed unless the command line asked for none.
 */
void pool_infer_missing(const struct sysfs *fs, struct pool *pool);

/* Free runs of the pool, in granules; tables are placed at any granule (first fit). */
struct runs {
	uint64_t largest;
	uint64_t count[HPT_ORDERS]; /* tables of each order that all runs together hold */
};

/* The map that the runs are for, too; NULL: none is wanted, or it is there. */
struct pool_map *runs_map(const struct pool *pool);

/* The next @length granules of the pool are all free, or all in use; @map: of runs_map(). */
void runs_add(struct runs *runs, struct pool_map *map, bool used, uint64_t length);

/* Sets in @pool what the runs of all of it tell. */
void runs_finish(const struct runs *runs, struct pool *pool);

/* The same if only so much is certain: other tables may fit as well. */
void runs_finish_least(const struct runs *runs, struct pool *pool);

#endif /* KVM_HTAB_POOL_READ_H */
