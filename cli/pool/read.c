// SPDX-License-Identifier: GPL-2.0-only
/* Facts about the pool, from one source after the other. */
#include "pool/read.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/cmdline.h"
#include "lib/text.h"
#include "pool/map.h"

/* Without snprintf(), which would take half of the time for a fact. */
const char *pool_path(const char *directory, const char *name, char path[static PATH_BYTES])
{
	size_t length = strlen(directory), name_bytes = strlen(name) + 1;

	if (length + 1 + name_bytes > PATH_BYTES)
		return "";
	memcpy(path, directory, length);
	path[length] = '/';
	memcpy(path + length + 1, name, name_bytes);
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

/* As the kernel does, which ignores a value that is not a number. */
static bool parse_ratio(const char *value, unsigned long *percent)
{
	unsigned long number;
	char *end;

	if (!value || *value < '0' || *value > '9')
		return false;
	errno = 0;
	number = strtoul(value, &end, 0);
	if (errno || *end)
		return false;
	*percent = number;
	return true;
}

bool pool_ratio_wanted(const struct sysfs *fs, unsigned long *percent)
{
	_cleanup_(cmdline_close) struct cmdline cmdline = cmdline_open(fs);
	const char *name, *value;
	bool found = false;

	while (cmdline_next(&cmdline, &name, &value))
		if (cmdline_is(name, "kvm_cma_resv_ratio"))
			found |= parse_ratio(value, percent); /* the last one counts */
	return found;
}

/*
 * The option on the kernel's command line that makes a zone for movable pages; NULL: none. If the
 * zone begins inside the pool, CMA cannot activate the pool.
 */
static const char *zone_option(const struct sysfs *fs)
{
	static const char *const options[] = { "movablecore", "kernelcore", "movable_node" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (cmdline_has(fs, options[i]))
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

/* Whether this option makes an area of CMA that is not the pool, and is in the log as the pool is. */
static bool makes_logged_area(const char *name, const char *value)
{
	return (cmdline_is(name, "hugetlb_cma") || cmdline_is(name, "cma")) && value && *value &&
	       strcmp(value, "0") != 0;
}

/* Whether it makes one that is not the pool. That of fadump and crashkernel is not in the log as others are. */
static bool makes_area(const char *name, const char *value)
{
	size_t length = value ? strlen(value) : 0;

	if (length && cmdline_is(name, "fadump"))
		return !strcmp(value, "on");
	if (length > 4 && cmdline_is(name, "crashkernel"))
		return !strcmp(value + length - 4, ",cma");
	return makes_logged_area(name, value);
}

static bool has_option(const struct sysfs *fs, bool (*is_it)(const char *name, const char *value))
{
	_cleanup_(cmdline_close) struct cmdline cmdline = cmdline_open(fs);
	const char *name, *value;

	while (cmdline_next(&cmdline, &name, &value))
		if (is_it(name, value))
			return true;
	return false;
}

const struct pool_log *pool_log_of(const struct sysfs *fs, struct pool *pool)
{
	unsigned long percent = RATIO_DEFAULT;

	if (pool->log_read)
		return &pool->log;
	pool->log_read = true;
	pool_ratio_wanted(fs, &percent);
	pool_log_read(fs, pool->ram_bytes / 100 * percent,
		      kernel_is_before(fs, 5, 9) && !has_option(fs, makes_logged_area), &pool->log);
	return &pool->log;
}

static bool has_others(const struct sysfs *fs, struct pool *pool)
{
	return pool_log_of(fs, pool)->has_others || has_option(fs, makes_area);
}

bool pool_is_in_meminfo(const struct sysfs *fs, struct pool *pool)
{
	return !kernel_is_before(fs, 3, 17) && !has_others(fs, pool);
}

bool pool_read_refusals(const struct sysfs *fs, struct pool *pool, uint64_t *refused)
{
	_cleanup_free_ char *vmstat = NULL;

	if (!sysfs_read_u64(fs, "/sys/kernel/mm/cma/kvm_cma/alloc_pages_fail", refused))
		return true;
	/* of all areas together */
	return !sysfs_read(fs, "/proc/vmstat", &vmstat, NULL) &&
	       !find_u64(vmstat, "cma_alloc_fail ", refused) &&
	       (!*refused || !has_others(fs, pool));
}

bool pool_read_references(const struct sysfs *fs, struct pool *pool)
{
	uint64_t references;

	if (pool->used_bytes.known || sysfs_has(fs, "/sys/module/kvm_pr") ||
	    sysfs_read_u64(fs, "/sys/module/kvm_hv/refcnt", &references) || references)
		return false;
	fact_set(&pool->used_bytes, 0, false); /* each VM holds a reference, and tables are VMs' */
	return true;
}

bool pool_read_wish(const struct sysfs *fs, struct pool *pool)
{
	unsigned long percent;

	if (pool->state != POOL_UNKNOWN || !pool_ratio_wanted(fs, &percent) || percent)
		return false;
	pool->state = POOL_ABSENT;
	return true;
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
	if (a->known && b->known && !b->least && b->value <= a->value)
		fact_set(difference, a->value - b->value, a->approximate || b->approximate);
}

/* A pool without tables is one piece. */
static void derive_empty(struct pool *pool)
{
	struct runs runs = { 0 };

	runs_add(&runs, NULL, false, pool->total_bytes.value >> GRANULE_ORDER);
	runs_finish(&runs, pool);
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
	if (fact_is(&pool->free_bytes, 0))
		fact_set(&pool->largest_free_order, 0, false);
	if (fact_is(&pool->used_bytes, 0) && pool->total_bytes.known &&
	    !pool->total_bytes.approximate)
		derive_empty(pool);
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
	bool unlent_wanted = pool->unlent_wanted && !pool->unlent_known && pool_may_exist(pool) &&
			     !pool->series;

	return pool->total_bytes.known && pool->free_bytes.known &&
	       pool->largest_free_order.known && !map_wanted && !unlent_wanted;
}

/* CmaFree lacks what is lent to others, which they give back if a table needs it. */
static void read_unlent(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *meminfo = NULL;
	uint64_t bytes;

	if (pool_is_in_meminfo(fs, pool) && !sysfs_read(fs, "/proc/meminfo", &meminfo, NULL) &&
	    meminfo_bytes(meminfo, "CmaFree:", &bytes))
		fact_set_least(&pool->unlent_bytes, bytes);
}

static void read_ram(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *meminfo = NULL;
	uint64_t bytes;

	if (sysfs_read(fs, "/proc/meminfo", &meminfo, NULL))
		return;
	if (!meminfo_bytes(meminfo, "MemTotal:", &pool->ram_bytes))
		pool->ram_bytes = 0;
	if (meminfo_available(meminfo, &bytes))
		fact_set(&pool->available_bytes, bytes, true);
}

static bool is_7_0_rc1(const char *release)
{
	static const char rc1[] = "7.0.0-rc1";
	size_t length = strlen(rc1);

	return !strncmp(release, rc1, length) && !isdigit((unsigned char)release[length]);
}

/* Why this kernel cannot reserve a pool, whatever its size; NULL: it could. */
static const char *boot_bug(const struct sysfs *fs, const struct pool *pool)
{
	_cleanup_free_ char *release = NULL;
	unsigned int minor, candidate = 0;
	const char *rc;

	(void)!sysfs_read(fs, "/proc/sys/kernel/osrelease", &release, NULL);
	if (pool->log.too_early || (release && is_7_0_rc1(release)))
		return "through a bug of Linux 7.0-rc1 (\"pageblock_order not yet initialized\")";
	if (!release || sscanf(release, "5.%u", &minor) != 1)
		return NULL;
	rc = strstr(release, "-rc");
	if (minor == 18 ||
	    (minor == 19 && rc && sscanf(rc, "-rc%u", &candidate) == 1 && candidate <= 3))
		return "as Linux 5.18 to 5.19-rc3 never can, whatever the ratio"; /* until 6cf06c17e94f */
	return NULL;
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
		{ pool_read_wish, "/proc/cmdline" },
		{ pool_read_boot_log, "dmesg" },
		{ pool_read_references, "/sys/module/kvm_hv" },
		{ pool_read_vmallocinfo, "/proc/vmallocinfo" },
		{ pool_read_kpageflags, "/proc/kpageflags" },
		{ pool_read_meminfo, "/proc/meminfo" },
	};
	uint64_t refused = 0;
	bool counted;

	pool->captured = fs->captured;
	read_ram(fs, pool);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		derive(pool);
		if (knows_all(pool))
			break; /* a lesser source would add nothing */
		if (sources[i].read(fs, pool))
			pool_add_source(pool, sources[i].name);
	}
	derive(pool);
	if (!pool->series && pool_may_exist(pool)) {
		pool->pins = kernel_is_before(fs, 5, 2);
		pool->mute = kernel_is_before(fs, 4, 12);
		pool_log_of(fs, pool);
		counted = pool_read_refusals(fs, pool, &refused);
		pool->refused = fact_if(counted, refused);
		read_unlent(fs, pool);
	}
	if (pool->state != POOL_FAILED)
		return;
	pool_log_of(fs, pool);
	pool->boot_bug = boot_bug(fs, pool);
	pool->zone_option = pool->boot_bug ? NULL : zone_option(fs);
}
