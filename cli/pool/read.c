// SPDX-License-Identifier: GPL-2.0-only
/* Facts about the pool, from one source after the other. */
#include "pool/read.h"

#include <string.h>

#include "lib/text.h"
#include "pool/map.h"

/* Without snprintf(), which would take half of the time for a fact. */
const char *pool_path(const char *directory, const char *name, char path[static PATH_BYTES])
{
	if (strlen(directory) + 1 + strlen(name) >= PATH_BYTES)
		return "";
	stpcpy(stpcpy(stpcpy(path, directory), "/"), name);
	return path;
}

bool pool_read_fact(const struct sysfs *fs, const char *directory, const char *name,
		    struct fact *fact)
{
	char path[PATH_BYTES];
	uint64_t value;

	if (sysfs_read_u64(fs, pool_path(directory, name, path), &value))
		return false;
	fact_set(fact, value, false);
	return true;
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

/*
 * The option on the kernel's command line that makes a zone for movable pages; NULL: none. If the
 * zone begins inside the pool, CMA cannot activate the pool.
 */
static const char *zone_option(const struct sysfs *fs)
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

void pool_infer_missing(const struct sysfs *fs, struct pool *pool)
{
	unsigned long percent;

	if (pool->state == POOL_UNKNOWN)
		pool->state = pool_ratio_wanted(fs, &percent) && !percent ? POOL_ABSENT :
									    POOL_FAILED;
}

struct pool_map *runs_map(const struct pool *pool)
{
	if (!pool->map || !pool_map_missing(pool->map))
		return NULL;
	pool->map->granule_bytes = UINT64_C(1) << GRANULE_ORDER;
	return pool->map;
}

void runs_add(struct runs *runs, struct pool_map *map, bool used, uint64_t length)
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

void runs_finish(const struct runs *runs, struct pool *pool)
{
	fact_set(&pool->largest_free_order,
		 runs->largest ? GRANULE_ORDER + log2_floor(runs->largest) : 0, false);
	for (size_t i = 0; i < HPT_ORDERS; i++)
		fact_set(&pool->fits[i], runs->count[i], false);
}

/* *@difference = @a - @b, if both are known and @b is not larger. */
static void fact_subtract(struct fact *difference, const struct fact *a, const struct fact *b)
{
	if (a->known && b->known && b->value <= a->value)
		fact_set(difference, a->value - b->value, a->approximate || b->approximate);
}

/* Facts that follow from other facts. */
static void derive(struct pool *pool)
{
	if (!pool_may_exist(pool)) { /* /proc/meminfo may count other areas */
		fact_set(&pool->total_bytes, 0, false);
		fact_set(&pool->free_bytes, 0, false);
	}
	fact_subtract(&pool->free_bytes, &pool->total_bytes, &pool->used_bytes);
	fact_subtract(&pool->used_bytes, &pool->total_bytes, &pool->free_bytes);
	if (fact_is_exact(&pool->free_bytes) && !pool->free_bytes.value)
		fact_set(&pool->largest_free_order, 0, false);
	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		bool above_largest = pool->largest_free_order.known &&
				     order > pool->largest_free_order.value;
		bool above_free = fact_is_exact(&pool->free_bytes) &&
				  hpt_bytes(order) > pool->free_bytes.value;

		if (above_largest || above_free)
			fact_set(&pool->fits[order - HPT_ORDER_MIN], 0, false);
	}
	/* defined by the architecture */
	fact_set(&pool->order_min, HPT_ORDER_MIN, false);
	fact_set(&pool->order_max, HPT_ORDER_MAX, false);
	fact_set(&pool->order_default, HPT_ORDER_DEFAULT, false);
}

static bool knows_all(const struct pool *pool)
{
	bool map_wanted = pool->map && pool_may_exist(pool) && pool_map_missing(pool->map);

	return pool->total_bytes.known && pool->free_bytes.known &&
	       pool->largest_free_order.known && !map_wanted;
}

void pool_read(const struct sysfs *fs, struct pool *pool)
{
	static const struct {
		bool (*read)(const struct sysfs *fs, struct pool *pool);
		const char *name;
	} sources[] = {
		{ pool_read_series, "/sys/kernel/kvm_htab" },
		{ pool_read_places, "/sys/kernel/debug/kvm_htab" },
		{ pool_read_cma_sysfs, "/sys/kernel/mm/cma/kvm_cma" },
		{ pool_read_cma_debugfs, "/sys/kernel/debug/cma" },
		{ pool_read_boot_log, "dmesg" },
		{ pool_read_meminfo, "/proc/meminfo" },
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		derive(pool);
		if (knows_all(pool))
			break; /* a lesser source would add nothing */
		if (sources[i].read(fs, pool))
			pool_add_source(pool, sources[i].name);
	}
	derive(pool);
	if (pool->state == POOL_FAILED)
		pool->zone_option = zone_option(fs);
}
