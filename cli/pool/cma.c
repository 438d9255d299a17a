// SPDX-License-Identifier: GPL-2.0-only
/* The pool as CMA, its allocator, reports it. */
#include <errno.h>
#include <string.h>

#include "pool/read.h"

/* Since Linux 5.13: alloc_pages_success; 6.9: release_pages_success; 6.15: total and available. */
bool pool_read_cma_sysfs(const struct sysfs *fs, struct pool *pool)
{
	static const char *const directory = "/sys/kernel/mm/cma/kvm_cma";
	struct fact total = { 0 }, available = { 0 }, allocated = { 0 }, released = { 0 };
	uint64_t page_bytes;

	if (!sysfs_has(fs, directory)) {
		if (!sysfs_has(fs, "/sys/kernel/mm/cma"))
			return false;
		pool_infer_missing(fs, pool);
		return true;
	}
	if (pool->state == POOL_UNKNOWN)
		pool->state = POOL_READY; /* only activated areas have a directory */
	if (sysfs_page_size(fs, &page_bytes))
		return true;
	if (pool_read_fact(fs, directory, "total_pages", &total))
		fact_set(&pool->total_bytes, total.value * page_bytes, false);
	if (pool_read_fact(fs, directory, "available_pages", &available) && total.known &&
	    available.value > total.value)
		sysfs_note_fault(fs, ERANGE, "/sys/kernel/mm/cma/kvm_cma/available_pages",
				 "is more than total_pages");
	else if (available.known)
		fact_set(&pool->free_bytes, available.value * page_bytes, false);
	if (pool_read_fact(fs, directory, "alloc_pages_success", &allocated) &&
	    pool_read_fact(fs, directory, "release_pages_success", &released) &&
	    released.value <= allocated.value)
		fact_set(&pool->used_bytes, (allocated.value - released.value) * page_bytes, false);
	return true;
}

#define BIG_ENDIAN_HERE (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* Bit @i of the bitmap. debugfs shows its longs as 32-bit words, the upper half first if @big_endian. */
static bool bit_is_set(const uint32_t *words, uint64_t i, bool big_endian)
{
	return words[i / 32 ^ big_endian] >> i % 32 & 1;
}

/* The length of the run of equal bits at @i. */
static uint64_t run_length(const uint32_t *words, uint64_t bits, uint64_t i, bool big_endian)
{
	bool used = bit_is_set(words, i, big_endian);
	uint32_t whole = used ? UINT32_MAX : 0;
	uint64_t end = i + 1;

	while (end < bits && bit_is_set(words, end, big_endian) == used) {
		bool many = end % 32 == 0 && bits - end >= 32 &&
			    words[end / 32 ^ big_endian] == whole;

		end += many ? 32 : 1;
	}
	return end - i;
}

/* The longest run of zeros. */
static uint64_t longest_free(const uint32_t *words, uint64_t bits, bool big_endian)
{
	uint64_t longest = 0;

	for (uint64_t i = 0, length; i < bits; i += length) {
		length = run_length(words, bits, i, big_endian);
		if (!bit_is_set(words, i, big_endian) && length > longest)
			longest = length;
	}
	return longest;
}

/*
 * Whether a captured tree is of a host of the other byte order: @largest, the longest run of zeros that the
 * kernel itself reports, tells.
 */
static bool is_swapped(const uint32_t *words, uint64_t bits, const struct fact *largest)
{
	return largest->known && longest_free(words, bits, BIG_ENDIAN_HERE) != largest->value &&
	       longest_free(words, bits, !BIG_ENDIAN_HERE) == largest->value;
}

/* Parses the decimal numbers in @text into @words, which hold @bits bits. False: too few. */
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

/* @largest: the longest free run, in bits. */
static bool read_runs(const struct sysfs *fs, const char *directory, uint64_t bits,
		      const struct fact *largest, struct pool_map *map, struct runs *runs)
{
	_cleanup_free_ uint32_t *words = NULL;
	_cleanup_free_ char *text = NULL;
	bool big_endian = BIG_ENDIAN_HERE;
	char path[PATH_BYTES];

	if (sysfs_read(fs, pool_path(directory, "bitmap", path), &text, NULL)) {
		/* since 6.15 */
		if (sysfs_read(fs, pool_path(directory, "ranges/0/bitmap", path), &text, NULL))
			return false;
	}
	if (bits / 32 > strlen(text)) /* fewer characters than words */
		return false;
	words = calloc((bits + 63) / 64, sizeof(uint64_t));
	if (!words || !parse_bitmap(text, words, bits))
		return false;
	if (fs->captured && is_swapped(words, bits, largest))
		big_endian = !big_endian;
	for (uint64_t i = 0, length; i < bits; i += length) {
		length = run_length(words, bits, i, big_endian);
		runs_add(runs, map, bit_is_set(words, i, big_endian), length);
	}
	return true;
}

/*
 * The directory of the area; its name had a prefix before 5.6. Before 4.12 areas had numbers: on POWER the
 * pool was the only one. NULL: *@error tells why.
 */
static const char *debugfs_directory(const struct sysfs *fs, int *error)
{
	static const char *const names[] = {
		"/sys/kernel/debug/cma/kvm_cma",
		"/sys/kernel/debug/cma/cma-kvm_cma",
		"/sys/kernel/debug/cma/cma-0",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*error = sysfs_lookup(fs, names[i]);
		if (!*error)
			return names[i];
	}
	return NULL;
}

/* Sizes are in pages. A bit is a granule, so order_per_bit tells the page size. */
static void read_debugfs_area(const struct sysfs *fs, const char *directory, struct pool *pool)
{
	struct fact count = { 0 }, used = { 0 }, largest = { 0 }, bit_order = { 0 };
	struct runs runs = { 0 };
	uint64_t page_bytes;

	if (!pool_read_fact(fs, directory, "count", &count))
		return;
	if (!count.value) { /* reserved, but not activated */
		pool->state = POOL_FAILED;
		return;
	}
	if (pool->state == POOL_UNKNOWN)
		pool->state = POOL_READY;
	if (!pool_read_fact(fs, directory, "order_per_bit", &bit_order) ||
	    bit_order.value > GRANULE_ORDER || count.value > UINT64_MAX >> GRANULE_ORDER)
		return;
	page_bytes = UINT64_C(1) << (GRANULE_ORDER - bit_order.value);
	fact_set(&pool->granule_bytes, UINT64_C(1) << GRANULE_ORDER, false);
	fact_set(&pool->total_bytes, count.value * page_bytes, false);
	if (pool_read_fact(fs, directory, "used", &used) && used.value <= count.value)
		fact_set(&pool->used_bytes, used.value * page_bytes, false);
	(void)!pool_read_fact(fs, directory, "maxchunk", &largest);
	largest.value >>= bit_order.value; /* pages, until here */
	if (read_runs(fs, directory, count.value >> bit_order.value, &largest, runs_map(pool),
		      &runs))
		runs_finish(&runs, pool);
	else if (largest.known && largest.value <= count.value >> bit_order.value)
		fact_set(&pool->largest_free_order,
			 largest.value ? GRANULE_ORDER + log2_floor(largest.value) : 0, false);
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
	if (!sysfs_has(fs, "/sys/kernel/debug/cma"))
		return false;
	pool_infer_missing(fs, pool);
	return true;
}

/* All CMA areas together. CmaFree lacks what is lent to others, who return it if a table needs it. */
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
	if (!total_bytes && !kernel_is_before(fs, 3, 17)) { /* no area at all */
		pool_infer_missing(fs, pool);
		return true;
	}
	if (!pool_is_in_meminfo(fs, pool)) {
		pool->mixed = total_bytes != 0;
		return false;
	}
	fact_set(&pool->total_bytes, total_bytes, true);
	if (free_bytes > total_bytes) /* counters of each CPU are added up */
		free_bytes = total_bytes;
	if (!pool->used_bytes.known) /* else the difference is more exact */
		fact_set_least(&pool->free_bytes, free_bytes);
	return true;
}
