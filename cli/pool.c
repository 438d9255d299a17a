// SPDX-License-Identifier: GPL-2.0-only
/* The pool: sources combined, and what the figures mean. */
#include "pool.h"

#include <stdio.h>
#include <string.h>

#include "messages.h"
#include "pool-map.h"

void fact_set(struct fact *fact, uint64_t value, bool approximate)
{
	if (fact->known && (approximate || !fact->approximate))
		return;
	*fact = (struct fact){ .known = true, .approximate = approximate, .value = value };
}

/* *@difference = @a - @b, if both are known and make sense together. */
static void fact_subtract(struct fact *difference, const struct fact *a, const struct fact *b)
{
	if (a->known && b->known && b->value <= a->value)
		fact_set(difference, a->value - b->value, a->approximate || b->approximate);
}

static bool is_exactly(const struct fact *fact, uint64_t value)
{
	return fact->known && !fact->approximate && fact->value == value;
}

/* Without a pool nothing comes from it, whatever other areas /proc/meminfo counts. */
static void derive_no_pool(struct pool *pool)
{
	if (pool_may_exist(pool))
		return;
	fact_set(&pool->total_bytes, 0, false);
	fact_set(&pool->free_bytes, 0, false);
}

/* What follows from the facts, with no source of its own. */
static void derive(struct pool *pool)
{
	fact_subtract(&pool->free_bytes, &pool->total_bytes, &pool->used_bytes);
	fact_subtract(&pool->used_bytes, &pool->total_bytes, &pool->free_bytes);
	if (is_exactly(&pool->free_bytes, 0))
		fact_set(&pool->largest_order, 0, false);
	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		bool above_largest = pool->largest_order.known && order > pool->largest_order.value;
		bool above_free = pool->free_bytes.known && !pool->free_bytes.approximate &&
				  hpt_bytes(order) > pool->free_bytes.value;

		if (above_largest || above_free)
			fact_set(&pool->fits[order - HPT_ORDER_MIN], 0, false);
	}
	/* The architecture's, on any kernel. */
	fact_set(&pool->order_min, HPT_ORDER_MIN, false);
	fact_set(&pool->order_max, HPT_ORDER_MAX, false);
	fact_set(&pool->order_default, HPT_ORDER_DEFAULT, false);
}

static bool knows_all(const struct pool *pool)
{
	bool map_wanted = pool->map && pool_may_exist(pool) && pool_map_missing(pool->map);

	return pool->total_bytes.known && pool->free_bytes.known && pool->largest_order.known &&
	       !map_wanted;
}

void pool_read(const struct sysfs *fs, struct pool *pool)
{
	static const struct {
		bool (*read)(const struct sysfs *fs, struct pool *pool);
		const char *name;
	} sources[] = {
		{ pool_read_kvm_htab, "/sys/kernel/kvm_htab" },
		{ pool_read_places, "/sys/kernel/debug/kvm_htab" },
		{ pool_read_cma_sysfs, "/sys/kernel/mm/cma/kvm_cma" },
		{ pool_read_cma_debugfs, "/sys/kernel/debug/cma" },
		{ pool_read_boot_log, "dmesg" },
		{ pool_read_meminfo, "/proc/meminfo" },
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		derive_no_pool(pool);
		derive(pool);
		if (knows_all(pool))
			break; /* nothing is left that a lesser source could add */
		if (sources[i].read(fs, pool))
			pool->sources[pool->nsources++] = sources[i].name;
	}
	derive_no_pool(pool);
	derive(pool);
	if (pool->state == POOL_FAILED)
		pool->zone_option = pool_zone_option(fs);
}

static enum pool_condition condition_when_ready(const struct pool *pool)
{
	const struct fact *free_bytes = &pool->free_bytes;

	if (!free_bytes->known || free_bytes->approximate)
		return CONDITION_UNKNOWN;
	if (free_bytes->value < hpt_bytes(HPT_ORDER_DEFAULT) ||
	    free_bytes->value < pool->total_bytes.value / 20)
		return CONDITION_FULL;
	if (!pool->largest_order.known)
		return CONDITION_UNKNOWN;
	if (pool->largest_order.value < log2_floor(free_bytes->value))
		return CONDITION_FRAGMENTED;
	return CONDITION_OK;
}

enum pool_condition pool_condition(const struct pool *pool)
{
	switch (pool->state) {
	case POOL_READY:
		return condition_when_ready(pool);
	case POOL_FAILED:
		return CONDITION_FAILED;
	case POOL_ABSENT:
		return CONDITION_ABSENT;
	case POOL_UNKNOWN:
		break;
	}
	return CONDITION_UNKNOWN;
}

static char *advice_fragmented(const struct pool *pool)
{
	unsigned int order = (unsigned int)pool->largest_order.value;
	char free_text[BYTES_TEXT_MAX], largest_text[BYTES_TEXT_MAX];
	char *text;

	bytes_format(pool->free_bytes.value, free_text);
	bytes_format(hpt_bytes(order), largest_text);
	if (asprintf(&text,
		     pool->moving == MOVING_ALLOWED ? MSG_POOL_FRAGMENTED_MOVES :
		     pool->moving == MOVING_NEVER   ? MSG_POOL_FRAGMENTED_NEVER :
						      MSG_POOL_FRAGMENTED,
		     free_text, order, largest_text) < 0)
		return NULL;
	return text;
}

static char *advice_full(const struct pool *pool)
{
	char free_text[BYTES_TEXT_MAX], total_text[BYTES_TEXT_MAX];
	char *text;

	if (asprintf(&text, MSG_POOL_FULL, bytes_format(pool->free_bytes.value, free_text),
		     bytes_format(pool->total_bytes.value, total_text)) < 0)
		return NULL;
	return text;
}

static char *advice_failed(const struct pool *pool)
{
	char *text;

	if (!pool->zone_option)
		return strdup(MSG_POOL_FAILED);
	return asprintf(&text, MSG_POOL_FAILED_ZONE, pool->zone_option) < 0 ? NULL : text;
}

char *pool_advice(const struct pool *pool)
{
	switch (pool_condition(pool)) {
	case CONDITION_OK:
		return NULL;
	case CONDITION_FULL:
		return advice_full(pool);
	case CONDITION_FRAGMENTED:
		return advice_fragmented(pool);
	case CONDITION_FAILED:
		return advice_failed(pool);
	case CONDITION_ABSENT:
		return strdup(MSG_POOL_ABSENT);
	case CONDITION_UNKNOWN:
		break;
	}
	return strdup(pool->denied ? MSG_POOL_DENIED : MSG_POOL_UNKNOWN);
}

static void lower(uint64_t *most, uint64_t limit)
{
	if (*most > limit)
		*most = limit;
}

struct room pool_room(const struct pool *pool, unsigned int order)
{
	const struct fact *fits = pool_fits(pool, order), *free_bytes = &pool->free_bytes;
	struct room room = { .least = 0, .most = UINT64_MAX };

	if (fits->known)
		return (struct room){ .least = fits->value, .most = fits->value };
	if (pool->total_bytes.known)
		lower(&room.most, pool->total_bytes.value >> order);
	if (free_bytes->known && !free_bytes->approximate)
		lower(&room.most, free_bytes->value >> order);
	if (pool->largest_order.known && pool->largest_order.value >= order)
		room.least = UINT64_C(1) << (pool->largest_order.value - order);
	if (is_exactly(free_bytes, pool->total_bytes.value) && !pool->total_bytes.approximate)
		room.least = room.most; /* all of it is free, hence in one piece */
	return room;
}

bool pool_pages_may(const struct pool *pool, unsigned int order)
{
	return order <=
	       (pool->order_max_pages.known ? pool->order_max_pages.value : HPT_ORDER_PAGES_MAX);
}

const char *pool_state_name(enum pool_state state)
{
	static const char *const names[] = {
		[POOL_UNKNOWN] = "unknown",
		[POOL_READY] = "ready",
		[POOL_FAILED] = "failed",
		[POOL_ABSENT] = "absent",
	};

	return names[state];
}

const char *pool_condition_name(enum pool_condition condition)
{
	static const char *const names[] = {
		[CONDITION_UNKNOWN] = "unknown", [CONDITION_OK] = "ok",
		[CONDITION_FULL] = "full",	 [CONDITION_FRAGMENTED] = "fragmented",
		[CONDITION_FAILED] = "failed",	 [CONDITION_ABSENT] = "absent",
	};

	return names[condition];
}
