// SPDX-License-Identifier: GPL-2.0-only
/* The pool in the kernel log of the boot. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

#include "pool/map.h"
#include "pool/read.h"

/* Actions of syslog(2), which no header defines. */
#define LOG_READ_ALL 3
#define LOG_SIZE 10

/* The kernel log, which may have lost its beginning; NULL: none, or permission denied. */
static char *read_log(const struct sysfs *fs)
{
	char *text = NULL;
	int size, n;

	if (fs->captured)
		return sysfs_read(fs, "/var/log/dmesg", &text, NULL) ? NULL : text;
	size = klogctl(LOG_SIZE, NULL, 0);
	text = size > 0 ? malloc((size_t)size + 1) : NULL;
	n = text ? klogctl(LOG_READ_ALL, text, size) : -1;
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

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
	int r = sysfs_read(fs, "/sys/kernel/kvm_htab/pool/used_ranges", &text, NULL);

	if (!r && scan_used_ranges(text, base, bytes, map, &runs))
		runs_finish(&runs, pool);
	else if (map)
		pool_map_fail(map, r ? -r : EBADMSG);
}

/*
 * Two lines: "kvm_cma_reserve: reserving 409 MiB for global area", then "cma: Reserved 416 MiB at
 * ..." ("in ..." since Linux 6.15) or "cma: Failed to reserve 416 MiB". A later line tells if the
 * area could not be activated.
 */
bool pool_read_boot_log(const struct sysfs *fs, struct pool *pool)
{
	static const char reserved[] = "cma: Reserved ", failed[] = "cma: Failed to reserve ";
	static const char useless[] = "CMA area kvm_cma could not be activated";
	_cleanup_free_ char *log = NULL;
	const char *line;
	uint64_t mib, base;

	if (pool->total_bytes.known && !pool->total_bytes.approximate)
		return false;
	log = read_log(fs);
	line = log ? strstr(log, "kvm_cma_reserve: reserving ") : NULL;
	line = line ? strstr(line, "cma: ") : NULL;
	if (!line)
		return false;
	if (!strncmp(line, failed, strlen(failed)) || strstr(line, useless)) {
		pool->state = POOL_FAILED;
		return true;
	}
	if (strncmp(line, reserved, strlen(reserved)))
		return false;
	line += strlen(reserved);
	if (scan_u64(&line, &mib) || mib > UINT64_MAX >> 20)
		return false;
	pool->state = POOL_READY;
	fact_set(&pool->total_bytes, mib << 20, false);
	if (sscanf(line, " MiB at %" SCNx64, &base) == 1)
		read_used_ranges(fs, base, mib << 20, pool);
	return true;
}
