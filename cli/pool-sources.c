// SPDX-License-Identifier: GPL-2.0-only
/* Where facts about the pool come from, one function a source. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

#include "pool-map.h"
#include "pool.h"

/* CMA hands the pool out in chunks of this size (KVM_CMA_CHUNK_ORDER), whatever the page size. */
#define GRANULE_ORDER 18

#define PATH_BYTES 128

/* Writes @directory/@name to @path, or "" if there is no room. snprintf() would be half of the work of a fact. */
static const char *join(const char *directory, const char *name, char path[static PATH_BYTES])
{
	size_t length = strlen(directory), size = strlen(name) + 1;
	bool fits = length + 1 + size <= PATH_BYTES;

	if (fits) {
		memcpy(path, directory, length);
		path[length] = '/';
		memcpy(path + length + 1, name, size);
	}
	return fits ? path : "";
}

/* Sets @fact from @directory/@name if that holds a number. */
static bool read_fact(const struct sysfs *fs, const char *directory, const char *name,
		      struct fact *fact)
{
	char path[PATH_BYTES];
	uint64_t value;

	if (sysfs_read_u64(fs, join(directory, name, path), &value))
		return false;
	fact_set(fact, value, false);
	return true;
}

static void read_state(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *text = NULL;

	if (sysfs_read(fs, "/sys/kernel/kvm_htab/pool/state", &text, NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	for (enum pool_state state = POOL_READY; state <= POOL_ABSENT; state++)
		if (!strcmp(text, pool_state_name(state)))
			pool->state = state;
}

static void read_fits(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *text = NULL;
	const char *s;
	uint64_t count;

	if (sysfs_read(fs, "/sys/kernel/kvm_htab/pool/fits", &text, NULL))
		return;
	s = text;
	for (size_t i = 0; i < HPT_ORDERS && !scan_u64(&s, &count); i++)
		fact_set(&pool->fits[i], count, false);
}

static void read_statistics(const struct sysfs *fs, struct pool *pool)
{
	static const char *const directory = "/sys/kernel/kvm_htab/stats";

	read_fact(fs, directory, "from_pool", &pool->from_pool);
	read_fact(fs, directory, "from_pages", &pool->from_pages);
	read_fact(fs, directory, "in_place", &pool->in_place);
	read_fact(fs, directory, "fallbacks", &pool->fallbacks);
	read_fact(fs, directory, "failures", &pool->failures);
	read_fact(fs, directory, "resets", &pool->resets);
	read_fact(fs, directory, "moves", &pool->moves);
	read_fact(fs, directory, "moved_bytes", &pool->moved_bytes);
	read_fact(fs, directory, "longest_move_us", &pool->longest_move_us);
}

static enum pool_moving read_moving(const struct sysfs *fs)
{
	_cleanup_free_ char *mode = NULL;

	if (sysfs_exists(fs, "/sys/kernel/kvm_htab/compact"))
		return MOVING_UNSUPPORTED;
	if (sysfs_read(fs, "/sys/module/kvm_hv/parameters/htab_move", &mode, NULL))
		return MOVING_ALLOWED; /* by default */
	mode[strcspn(mode, "\n")] = '\0';
	return strcmp(mode, "never") ? MOVING_ALLOWED : MOVING_NEVER;
}

bool pool_read_kvm_htab(const struct sysfs *fs, struct pool *pool)
{
	static const char *const orders = "/sys/kernel/kvm_htab";
	static const char *const directory = "/sys/kernel/kvm_htab/pool";

	if (sysfs_exists(fs, orders))
		return false;
	read_state(fs, pool);
	read_fact(fs, directory, "total_bytes", &pool->total_bytes);
	read_fact(fs, directory, "used_bytes", &pool->used_bytes); /* our modules alone */
	read_fact(fs, directory, "free_bytes", &pool->free_bytes);
	read_fact(fs, directory, "largest_free_order", &pool->largest_order);
	if (pool->largest_order.value >= 64)
		pool->largest_order = (struct fact){ 0 }; /* no order of anything */
	read_fact(fs, directory, "granule_bytes", &pool->granule_bytes);
	read_fits(fs, pool);
	read_fact(fs, orders, "order_min", &pool->order_min);
	read_fact(fs, orders, "order_max", &pool->order_max);
	read_fact(fs, orders, "order_default", &pool->order_default);
	read_fact(fs, orders, "order_max_pages", &pool->order_max_pages);
	read_statistics(fs, pool);
	pool->moving = read_moving(fs);
	return true;
}

bool pool_read_places(const struct sysfs *fs, struct pool *pool)
{
	if (!pool->map || !pool_may_exist(pool))
		return false;
	pool_map_read(fs, pool->map);
	return pool->map->n > 0;
}

bool pool_ratio_wanted(const struct sysfs *fs, unsigned long *percent)
{
	static const char option[] = "kvm_cma_resv_ratio=";
	_cleanup_free_ char *cmdline = NULL;
	const char *found = NULL;

	if (sysfs_read(fs, "/proc/cmdline", &cmdline, NULL))
		return false;
	for (const char *s = cmdline; (s = strstr(s, option)); s += strlen(option))
		found = s + strlen(option); /* the last one counts */
	if (!found)
		return false;
	*percent = strtoul(found, NULL, 0);
	return true;
}

const char *pool_zone_option(const struct sysfs *fs)
{
	static const char *const options[] = { "movablecore=", "kernelcore=", "movable_node" };
	_cleanup_free_ char *cmdline = NULL;

	if (sysfs_read(fs, "/proc/cmdline", &cmdline, NULL))
		return NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strstr(cmdline, options[i]))
			return options[i];
	return NULL;
}

/*
 * The kernel shows its CMA areas and kvm_cma is not among them. By default
 * one is reserved, so that it failed unless the command line asked for none.
 */
static void infer_missing(const struct sysfs *fs, struct pool *pool)
{
	unsigned long percent;

	if (pool->state == POOL_UNKNOWN)
		pool->state = pool_ratio_wanted(fs, &percent) && !percent ? POOL_ABSENT :
									    POOL_FAILED;
}

/*
 * alloc_pages_success since 5.13, release_pages_success 6.9 (both count
 * pages), total_pages and available_pages 6.15.
 */
bool pool_read_cma_sysfs(const struct sysfs *fs, struct pool *pool)
{
	static const char *const directory = "/sys/kernel/mm/cma/kvm_cma";
	struct fact total = { 0 }, available = { 0 }, allocated = { 0 }, released = { 0 };
	uint64_t page_bytes;

	if (sysfs_exists(fs, directory)) {
		if (sysfs_exists(fs, "/sys/kernel/mm/cma"))
			return false;
		infer_missing(fs, pool);
		return true;
	}
	if (pool->state == POOL_UNKNOWN)
		pool->state = POOL_READY; /* the directory is made for activated areas only */
	if (sysfs_page_size(fs, &page_bytes))
		return true;
	if (read_fact(fs, directory, "total_pages", &total))
		fact_set(&pool->total_bytes, total.value * page_bytes, false);
	if (read_fact(fs, directory, "available_pages", &available))
		fact_set(&pool->free_bytes, available.value * page_bytes, false);
	if (read_fact(fs, directory, "alloc_pages_success", &allocated) &&
	    read_fact(fs, directory, "release_pages_success", &released) &&
	    released.value <= allocated.value)
		fact_set(&pool->used_bytes, (allocated.value - released.value) * page_bytes, false);
	return true;
}

/* Free runs of the pool, in granules; tables are placed at any granule (first fit). */
struct runs {
	uint64_t largest;
	uint64_t count[HPT_ORDERS]; /* tables of each order that all runs together hold */
};

/* The next @length granules of the pool are all free, or all in use; @map: as in struct pool. */
static void runs_add(struct runs *runs, struct pool_map *map, bool used, uint64_t length)
{
	if (map)
		pool_map_add(map, used ? PIECE_USED : PIECE_FREE, length << GRANULE_ORDER, 0);
	if (used)
		return;
	if (length > runs->largest)
		runs->largest = length;
	for (size_t i = 0; i < HPT_ORDERS && length >> i; i++)
		runs->count[i] += length >> i;
}

/* The map that the runs are for, too; NULL: none is wanted, or it is there. */
static struct pool_map *map_begin(const struct pool *pool)
{
	if (!pool->map || !pool_map_missing(pool->map))
		return NULL;
	pool->map->granule_bytes = UINT64_C(1) << GRANULE_ORDER;
	return pool->map;
}

/* Bit @i of the bitmap, which debugfs shows as 32-bit words of an array of longs. */
static bool bit_is_set(const uint32_t *words, uint64_t i)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return words[i / 32 ^ 1] >> i % 32 & 1;
#else
	return words[i / 32] >> i % 32 & 1;
#endif
}

/* Parses decimal @text into words for @bits bits (rounded up to whole longs); false: too few. */
static bool parse_bitmap(const char *text, uint32_t *words, uint64_t bits)
{
	for (uint64_t i = 0; i < (bits + 31) / 32; i++) {
		uint64_t word;

		if (scan_u64(&text, &word) || word > UINT32_MAX)
			return false;
		words[i] = (uint32_t)word;
	}
	return true;
}

static bool read_runs(const struct sysfs *fs, const char *directory, uint64_t bits,
		      struct pool_map *map, struct runs *runs)
{
	_cleanup_free_ uint32_t *words = NULL;
	_cleanup_free_ char *text = NULL;
	char path[PATH_BYTES];

	if (sysfs_read(fs, join(directory, "bitmap", path), &text, NULL)) {
		free(text);
		text = NULL;
		/* since 6.15 */
		if (sysfs_read(fs, join(directory, "ranges/0/bitmap", path), &text, NULL))
			return false;
	}
	if (bits / 32 > strlen(text)) /* more words than characters: not what it claims to be */
		return false;
	words = calloc((bits + 63) / 64, sizeof(uint64_t));
	if (!words || !parse_bitmap(text, words, bits))
		return false;
	for (uint64_t i = 0, length; i < bits; i += length) {
		bool used = bit_is_set(words, i);

		for (length = 1; i + length < bits && bit_is_set(words, i + length) == used;)
			length++;
		runs_add(runs, map, used, length);
	}
	return true;
}

static void set_runs(struct pool *pool, const struct runs *runs)
{
	fact_set(&pool->largest_order,
		 runs->largest ? GRANULE_ORDER + log2_floor(runs->largest) : 0, false);
	for (size_t i = 0; i < HPT_ORDERS; i++)
		fact_set(&pool->fits[i], runs->count[i], false);
}

/* The area's directory, whose name had a prefix before 5.6; NULL with *@error set: none. */
static const char *debugfs_directory(const struct sysfs *fs, int *error)
{
	static const char *const names[] = {
		"/sys/kernel/debug/cma/kvm_cma",
		"/sys/kernel/debug/cma/cma-kvm_cma",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*error = sysfs_exists(fs, names[i]);
		if (!*error)
			return names[i];
	}
	return NULL;
}

/* Sizes in pages, all but order_per_bit, which tells the page size: a granule is a bit. */
static void read_debugfs_area(const struct sysfs *fs, const char *directory, struct pool *pool)
{
	struct fact count = { 0 }, used = { 0 }, maxchunk = { 0 }, bit_order = { 0 };
	struct runs runs = { 0 };
	uint64_t page_bytes;

	if (!read_fact(fs, directory, "count", &count))
		return;
	if (!count.value) { /* reserved, but not activated */
		pool->state = POOL_FAILED;
		return;
	}
	if (pool->state == POOL_UNKNOWN)
		pool->state = POOL_READY;
	if (!read_fact(fs, directory, "order_per_bit", &bit_order) ||
	    bit_order.value > GRANULE_ORDER || count.value > UINT64_MAX >> GRANULE_ORDER)
		return;
	page_bytes = UINT64_C(1) << (GRANULE_ORDER - bit_order.value);
	fact_set(&pool->granule_bytes, UINT64_C(1) << GRANULE_ORDER, false);
	fact_set(&pool->total_bytes, count.value * page_bytes, false);
	if (read_fact(fs, directory, "used", &used) && used.value <= count.value)
		fact_set(&pool->used_bytes, used.value * page_bytes, false);
	if (read_runs(fs, directory, count.value >> bit_order.value, map_begin(pool), &runs)) {
		set_runs(pool, &runs);
		return;
	}
	if (read_fact(fs, directory, "maxchunk", &maxchunk) && maxchunk.value <= count.value) {
		runs.largest = maxchunk.value >> bit_order.value;
		fact_set(&pool->largest_order,
			 runs.largest ? GRANULE_ORDER + log2_floor(runs.largest) : 0, false);
	}
}

bool pool_read_cma_debugfs(const struct sysfs *fs, struct pool *pool)
{
	int error;
	const char *directory = debugfs_directory(fs, &error);

	if (directory) {
		read_debugfs_area(fs, directory, pool);
		return true;
	}
	if (error == -EACCES) {
		pool->denied = true;
		return false;
	}
	if (sysfs_exists(fs, "/sys/kernel/debug/cma"))
		return false;
	infer_missing(fs, pool);
	return true;
}

/* Of syslog(2), whose header names none of them. */
#define LOG_READ_ALL 3
#define LOG_SIZE 10

/* The kernel's log, which may have lost its beginning; NULL: none, or not for this user. */
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
 * Our modules on a distribution's kernel tell root where the pool is in use,
 * by address, but not where it begins. False: that is of another pool than the log's.
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
	struct pool_map *map = map_begin(pool);
	struct runs runs = { 0 };
	int r = sysfs_read(fs, "/sys/kernel/kvm_htab/pool/used_ranges", &text, NULL);

	if (!r && scan_used_ranges(text, base, bytes, map, &runs))
		set_runs(pool, &runs);
	else if (map)
		pool_map_fail(map, r ? -r : EBADMSG);
}

/*
 * Two lines of the boot: "kvm_cma_reserve: reserving 409 MiB for global area",
 * and what CMA has to say to that: "cma: Reserved 416 MiB at ..." (or "in ...",
 * since Linux 6.15) or "cma: Failed to reserve 416 MiB"; and later perhaps one
 * more, that it was of no use.
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

/* All areas together, and free in the page allocator's sense: an approximation. */
bool pool_read_meminfo(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *meminfo = NULL;
	uint64_t total_bytes, free_bytes;

	if (pool->total_bytes.known && pool->free_bytes.known)
		return false;
	if (sysfs_read(fs, "/proc/meminfo", &meminfo, NULL) ||
	    !meminfo_bytes(meminfo, "CmaTotal:", &total_bytes) ||
	    !meminfo_bytes(meminfo, "CmaFree:", &free_bytes))
		return false;
	if (!total_bytes) { /* no area at all, hence not ours */
		infer_missing(fs, pool);
		return true;
	}
	fact_set(&pool->total_bytes, total_bytes, true);
	if (!pool->used_bytes.known) /* else the difference is the better figure */
		fact_set(&pool->free_bytes, free_bytes, true);
	return true;
}
