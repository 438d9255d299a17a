// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which parts of the pool are in tables, by /proc/kpageflags and /proc/vmallocinfo: for root, on
 * any kernel. The pages of a table have no flags at all. So a granule with a flagged page is not in
 * a table. One without may also be free, on the page allocator's lists of each CPU, which look the
 * same: only if there are as many as the tables take, all of these are in tables. What is not in a
 * table is free or lent to others. Only if it is free can the kernel certainly give it to a table:
 * pages of others may be held, which no flag tells.
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
	if (!pool_read_refusals(fs, pool, &refused))
		refused = UINT64_MAX;
	fact_set(&pool->used_bytes, tables.bytes, refused && tables.small_bytes);
	return true;
}

/* The pages of the pool. */
struct pages {
	int fd; /* /proc/kpageflags */
	uint64_t first; /* page frame number */
	unsigned int per_granule;
	bool free_wanted; /* GRANULE_FREE is told from GRANULE_LENT */
};

enum granule {
	GRANULE_LENT, /* some page has flags */
	GRANULE_FREE, /* all pages are with the page allocator */
	GRANULE_FLAGLESS, /* no page has a flag */
};

#define PAGES_MAX ((1 << GRANULE_ORDER) / 4096)

static bool have_all(const uint64_t *flags, size_t n, bool free)
{
	for (size_t i = 0; i < n; i++)
		if (free ? !(flags[i] & (UINT64_C(1) << KPF_BUDDY)) : flags[i] != 0)
			return false;
	return true;
}

/* The kind of granule @i, an enum granule. Errors: -errno. */
static int granule_kind(const struct pages *pages, uint64_t i)
{
	uint64_t flags[PAGES_MAX];
	off_t at = (off_t)((pages->first + i * pages->per_granule) * sizeof(flags[0]));
	size_t bytes = sizeof(flags[0]); /* of the first page, which mostly tells */
	ssize_t n = pread(pages->fd, flags, bytes, at);
	bool free;

	if (n != (ssize_t)bytes)
		return n < 0 ? -errno : -EBADMSG;
	free = flags[0] != 0;
	if (free && (!pages->free_wanted || !have_all(flags, 1, true)))
		return GRANULE_LENT;
	bytes *= pages->per_granule;
	n = pread(pages->fd, flags, bytes, at);
	if (n != (ssize_t)bytes)
		return n < 0 ? -errno : -EBADMSG;
	if (!have_all(flags, pages->per_granule, free))
		return GRANULE_LENT;
	return free ? GRANULE_FREE : GRANULE_FLAGLESS;
}

/* What the flags tell. */
struct findings {
	struct runs outside; /* of tables */
	struct runs free; /* and not lent; if that is wanted */
	uint64_t flagless;
};

static int read_pages(const struct pages *pages, uint64_t granules, struct pool_map *map,
		      struct findings *findings)
{
	uint64_t start = 0, free_start = 0;
	int current = -1;

	for (uint64_t i = 0; i <= granules; i++) {
		int kind = i < granules ? granule_kind(pages, i) : GRANULE_LENT;
		int next = i < granules ? kind == GRANULE_FLAGLESS : -1;

		if (kind < 0)
			return kind;
		if (kind != GRANULE_FREE) {
			runs_add(&findings->free, NULL, false, i - free_start);
			free_start = i + 1;
		}
		findings->flagless += kind == GRANULE_FLAGLESS;
		if (next == current)
			continue;
		if (current >= 0)
			runs_add(&findings->outside, map, current, i - start);
		start = i;
		current = next;
	}
	return 0;
}

bool pool_read_kpageflags(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_close_ int fd = -1;
	struct pages pages;
	struct findings findings = { 0 };
	uint64_t page_bytes, granules = pool->total_bytes.value >> GRANULE_ORDER;
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
		.free_wanted = pool->unlent_wanted,
	};
	r = read_pages(&pages, granules, map, &findings);
	if (r) {
		if (map)
			pool_map_fail(map, -r);
		return false;
	}
	if (pool->used_bytes.known && !pool->used_bytes.approximate &&
	    pool->used_bytes.value == findings.flagless << GRANULE_ORDER)
		runs_finish(&findings.outside, pool);
	else
		memcpy(pool->least, findings.outside.count, sizeof(pool->least));
	pool->unlent_known = pool->unlent_wanted;
	memcpy(pool->unlent, findings.free.count, sizeof(pool->unlent));
	if (map && !pool->largest_free_order.known)
		pool_map_doubt(map);
	return true;
}
