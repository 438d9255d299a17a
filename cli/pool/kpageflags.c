// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which parts of the pool are in tables, by /proc/kpageflags and /proc/vmallocinfo: for root, on
 * any kernel. The pages of a table have no flags at all. So a granule with a flagged page is not in
 * a table. One without may also be free, on the page allocator's lists of each CPU, which look the
 * same: only if there are as many as the tables take, all of these are in tables.
 */
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <string.h>

#include "host/tables.h"
#include "pool/map.h"
#include "pool/read.h"

bool pool_read_vmallocinfo(const struct sysfs *fs, struct pool *pool)
{
	struct host_tables tables;
	uint64_t refused = 0;
	int r = host_tables_read(fs, &tables);

	if (r == -EACCES || r == -EPERM)
		pool->denied = true;
	if (r)
		return false;
	/* Small tables come from the page allocator if the pool has refused them. */
	if (!pool_read_refusals(fs, &refused))
		refused = UINT64_MAX;
	fact_set(&pool->used_bytes, tables.bytes, refused && tables.small_bytes);
	return true;
}

/* The pages of the pool. */
struct pages {
	int fd; /* /proc/kpageflags */
	uint64_t first; /* page frame number */
	unsigned int per_granule;
};

/* Whether no page of granule @i has a flag. Errors: -errno. */
static int is_flagless(const struct pages *pages, uint64_t i)
{
	uint64_t flags[(1 << GRANULE_ORDER) / 4096];
	off_t at = (off_t)((pages->first + i * pages->per_granule) * sizeof(flags[0]));
	size_t bytes = sizeof(flags[0]); /* of the first page, which mostly tells */

	for (int pass = 0; pass < 2; pass++) {
		ssize_t n = pread(pages->fd, flags, bytes, at);

		if (n != (ssize_t)bytes)
			return n < 0 ? -errno : -EBADMSG;
		for (size_t k = 0; k < bytes / sizeof(flags[0]); k++)
			if (flags[k])
				return 0;
		bytes = pages->per_granule * sizeof(flags[0]);
	}
	return 1;
}

/* Runs of granules that are in no table, and whether that is all that is known. */
static int read_pages(const struct pages *pages, uint64_t granules, struct pool_map *map,
		      struct runs *runs, uint64_t *flagless)
{
	uint64_t start = 0;
	int current = -1;

	*flagless = 0;
	for (uint64_t i = 0; i <= granules; i++) {
		int next = i < granules ? is_flagless(pages, i) : -1;

		if (next < 0 && i < granules)
			return next;
		*flagless += next == 1;
		if (next == current)
			continue;
		if (current >= 0)
			runs_add(runs, map, current, i - start);
		start = i;
		current = next;
	}
	return 0;
}

bool pool_read_kpageflags(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_close_ int fd = -1;
	struct pages pages;
	struct runs runs = { 0 };
	uint64_t page_bytes, flagless, granules = pool->total_bytes.value >> GRANULE_ORDER;
	struct pool_map *map = runs_map(pool);
	int r;

	if (!pool_log_of(fs, pool)->base || !pool->total_bytes.known ||
	    pool->total_bytes.approximate || sysfs_page_size(fs, &page_bytes) ||
	    page_bytes < 4096 || page_bytes > 1 << GRANULE_ORDER)
		return false;
	fd = sysfs_open_file(fs, "/proc/kpageflags", O_RDONLY);
	if (fd == -EACCES || fd == -EPERM)
		pool->denied = true;
	if (fd < 0)
		return false;
	pages = (struct pages){
		.fd = fd,
		.first = pool->log.base / page_bytes,
		.per_granule = (unsigned int)((1 << GRANULE_ORDER) / page_bytes),
	};
	r = read_pages(&pages, granules, map, &runs, &flagless);
	if (r) {
		if (map)
			pool_map_fail(map, -r);
		return false;
	}
	if (pool->used_bytes.known && !pool->used_bytes.approximate &&
	    pool->used_bytes.value == flagless << GRANULE_ORDER)
		runs_finish(&runs, pool);
	else
		runs_finish_least(&runs, pool);
	if (map && !pool->largest_free_order.known)
		pool_map_doubt(map);
	return true;
}
