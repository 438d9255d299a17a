// SPDX-License-Identifier: GPL-2.0-only
/* The pool in the kernel log of the boot. */
#include <string.h>

#include "pool/map.h"
#include "pool/read.h"

/*
 * On a distribution's kernel, our modules report to root the addresses in use, but not where the
 * pool begins. False: the addresses do not match the log.
 */
static bool scan_used_ranges(const char *s, uint64_t base, uint64_t bytes, struct pool_map *map,
			     struct runs *runs)
{
	uint64_t at = base, start, length;

	for (; *s; s += *s == '\n') {
		if (scan_u64(&s, &start) || scan_u64(&s, &length) || start < at ||
		    start > base + bytes || length > base + bytes - start)
			return false;
		runs_add(runs, map, false, (start - at) >> GRANULE_ORDER);
		runs_add(runs, map, true, length >> GRANULE_ORDER);
		at = start + length;
	}
	runs_add(runs, map, false, (base + bytes - at) >> GRANULE_ORDER);
	return true;
}

static void read_used_ranges(const struct sysfs *fs, uint64_t base, uint64_t bytes,
			     struct pool *pool)
{
	_cleanup_free_ char *text = NULL;
	struct pool_map *map = runs_map(pool);
	struct runs runs = { 0 };
	int r;

	if (!sysfs_has(fs, "/sys/kernel/kvm_htab"))
		return;
	r = sysfs_read(fs, "/sys/kernel/kvm_htab/pool/used_ranges", &text, NULL);
	if (!r && scan_used_ranges(text, base, bytes, map, &runs))
		runs_finish(&runs, pool);
	else if (map)
		pool_map_fail(map, r ? -r : EBADMSG);
}

bool pool_read_boot_log(const struct sysfs *fs, struct pool *pool)
{
	const struct pool_log *log = pool_log_of(fs, pool);

	switch (log->outcome) {
	case POOL_LOG_SILENT:
		return false;
	case POOL_LOG_FAILED:
	case POOL_LOG_USELESS:
		pool->state = POOL_FAILED;
		return true;
	case POOL_LOG_RESERVED:
		break;
	}
	if (pool->state == POOL_UNKNOWN)
		pool->state = POOL_READY;
	fact_set(&pool->total_bytes, log->bytes, false);
	if (log->base)
		read_used_ranges(fs, log->base, log->bytes, pool);
	return true;
}
