/* SPDX-License-Identifier: GPL-2.0-only */
/* The sources of pool_read(), and what they share. */
#ifndef KVM_HTAB_POOL_READ_H
#define KVM_HTAB_POOL_READ_H

#include "pool/pool.h"

/* KVM_CMA_CHUNK_ORDER: the unit of allocation in the pool, for any page size. */
#define GRANULE_ORDER 18

/* Each adds its facts to @pool. False: the source is missing or has no facts. */
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

/* Writes @directory/@name to @path. Returns @path, or "" if it is too long. */
const char *pool_path(const char *directory, const char *name, char path[static PATH_BYTES]);

/* Sets @fact from the number in @directory/@name. False: no number. */
bool pool_read_fact(const struct sysfs *fs, const char *directory, const char *name,
		    struct fact *fact);

/* The kernel log, which is read once. */
const struct pool_log *pool_log_of(const struct sysfs *fs, struct pool *pool);

/*
 * Whether CmaTotal and CmaFree of /proc/meminfo are those of the pool: there is no other CMA area, and the
 * pool is one, as it is since Linux 3.17.
 */
bool pool_is_in_meminfo(const struct sysfs *fs, struct pool *pool);

/* How many requests CMA has refused since boot; false: not known of the pool alone. */
bool pool_read_refusals(const struct sysfs *fs, struct pool *pool, uint64_t *refused);

/*
 * The kernel shows its CMA areas, but no kvm_cma. It is reserved by default, so it has failed
 * unless the command line requests none.
 */
void pool_infer_missing(const struct sysfs *fs, struct pool *pool);

/* The free runs of the pool, in granules. A table may begin at any granule (first fit). */
struct runs {
	uint64_t largest;
	uint64_t count[HPT_ORDERS]; /* tables that fit into all runs, if all have that order */
};

/* The map to fill from the runs; NULL: none, or it is filled already. */
struct pool_map *runs_map(const struct pool *pool);

/* Appends a run of @length granules. @map: of runs_map(). */
void runs_add(struct runs *runs, struct pool_map *map, bool used, uint64_t length);

/* Sets facts in @pool after the last run. */
void runs_finish(const struct runs *runs, struct pool *pool);

#endif /* KVM_HTAB_POOL_READ_H */
