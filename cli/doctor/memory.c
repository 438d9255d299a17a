// SPDX-License-Identifier: GPL-2.0-only
/* the memory that tables come from. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"
#include "lib/text.h"

#define RATIO "kvm_cma_resv_ratio"

/*
 * Guests that share out all RAM of the host need tables of one 128th of it,
 * and up to twice that because each is rounded up to a power of two.
 */
#define RAM_PER_TABLES 64

static const char *size_text(const struct doctor *doctor, uint64_t bytes,
			     char text[static BYTES_TEXT_MAX])
{
	if (!doctor->plain_bytes)
		return bytes_format(bytes, text);
	snprintf(text, BYTES_TEXT_MAX, "%" PRIu64, bytes);
	return text;
}

/* Whether this is Linux 5.18 to 5.19-rc3, which reserves before it can: mainline 6cf06c17e94f. */
static bool reserves_too_early(const char *release)
{
	unsigned int major, minor, candidate = 0;
	const char *rc = strstr(release, "-rc");

	if (sscanf(release, "%u.%u", &major, &minor) != 2 || major != 5)
		return false;
	return minor == 18 ||
	       (minor == 19 && rc && sscanf(rc, "-rc%u", &candidate) == 1 && candidate <= 3);
}

/* Kernels that cannot reserve a pool, whatever its size. False: this is none of them. */
static bool reservation_impossible(const struct doctor *doctor, struct item *item)
{
	if (doctor->pool.log.too_early)
		item_set(item, ITEM_FAILED,
			 "the kernel could not reserve the pool at boot, through a bug of Linux "
			 "7.0-rc1 (\"pageblock_order not yet initialized\")");
	else if (reserves_too_early(doctor->release))
		item_set(item, ITEM_FAILED,
			 "the kernel could not reserve the pool at boot: Linux 5.18 to 5.19-rc3 "
			 "cannot, whatever the ratio");
	else
		return false;
	item_advise(item, "boot a newer kernel; another kvm_cma_resv_ratio does not help");
	return true;
}

static void reservation_failed(const struct doctor *doctor, struct item *item, const char *what)
{
	unsigned long percent = RATIO_DEFAULT;
	char option[64];
	bool asked = pool_ratio_wanted(doctor->fs, &percent);

	if (asked)
		item_set(item, ITEM_FAILED, "%s (" RATIO "=%lu)", what, percent);
	else
		item_set(item, ITEM_FAILED, "%s (%d percent, the default)", what, RATIO_DEFAULT);
	snprintf(option, sizeof(option), RATIO "=%d",
		 asked && percent != RATIO_DEFAULT ? RATIO_DEFAULT : 2);
	item_advise_boot(doctor, item, option, false);
}

static void reservation_split(const struct doctor *doctor, struct item *item)
{
	item_set(item, ITEM_FAILED,
		 "the pool was wanted and could not be had at boot, as happens with %s",
		 doctor->pool.zone_option);
	item_advise(item,
		    "boot without %s on the kernel's command line: its zone for movable pages "
		    "must not begin inside the pool",
		    doctor->pool.zone_option);
}

static void reservation_ready(const struct doctor *doctor, struct item *item)
{
	const struct fact *total = &doctor->pool.total_bytes;
	const char *mark = fact_mark(total);
	char size[BYTES_TEXT_MAX], ram[BYTES_TEXT_MAX], need[BYTES_TEXT_MAX];
	uint64_t need_bytes = doctor->ram_bytes / RAM_PER_TABLES, permille, pool_bytes;
	unsigned int ratio;
	char option[64];

	size_text(doctor, total->value, size);
	if (!doctor->ram_bytes) {
		item_set(item, ITEM_OK, "%s%s", mark, size);
		return;
	}
	permille = (uint64_t)(((unsigned __int128)total->value * 1000 + doctor->ram_bytes / 2) /
			      doctor->ram_bytes);
	size_text(doctor, doctor->ram_bytes, ram);
	if (total->value >= need_bytes) {
		item_set(item, ITEM_OK, "%s%s, %" PRIu64 ".%" PRIu64 " percent of %s RAM", mark,
			 size, permille / 10, permille % 10, ram);
		return;
	}
	item_set(item, ITEM_WARNING,
		 "%s%s, %" PRIu64 ".%" PRIu64 " percent of %s RAM: guests that fill it need up to "
		 "%s of tables",
		 mark, size, permille / 10, permille % 10, ram,
		 size_text(doctor, need_bytes, need));
	ratio = pool_ratio_for(&doctor->pool, need_bytes, &pool_bytes);
	snprintf(option, sizeof(option), RATIO "=%u", ratio ?: RATIO_DEFAULT);
	item_advise_boot(doctor, item, option, false);
}

void doctor_reservation(struct doctor *doctor, struct item *item)
{
	_cleanup_(advice_clear) struct advice unknown = { 0 };

	pool_read(doctor->fs, &doctor->pool);
	switch (doctor->pool.state) {
	case POOL_FAILED:
		if (doctor->pool.zone_option)
			reservation_split(doctor, item);
		else if (!reservation_impossible(doctor, item))
			reservation_failed(doctor, item,
					   "the pool was wanted and could not be reserved at boot");
		return;
	case POOL_ABSENT:
		reservation_failed(doctor, item, "the host was booted without a pool");
		return;
	case POOL_READY:
	case POOL_UNKNOWN:
		break;
	}
	if (doctor->pool.total_bytes.known) {
		reservation_ready(doctor, item);
		return;
	}
	item_set(item, ITEM_UNKNOWN, "this kernel does not tell the size of the pool");
	unknown = pool_advice_unknown(&doctor->pool);
	item_advise(item, "%s", unknown.next ?: "");
}

/* Whether the pool still has tables that the page allocator has not, or will have when it is asked for them. */
static bool pool_is_of_use(const struct pool *pool)
{
	uint64_t pages = pool->order_max_pages.known ? pool->order_max_pages.value :
						       HPT_ORDER_DEFAULT;

	return !pool->largest_free_order.known || pool->largest_free_order.value > pages ||
	       (pool->moving == MOVING_ALLOWED && pool_condition(pool) == CONDITION_FRAGMENTED);
}

/* What is free and what fits, behind @condition ("full: "). */
static void describe_pool(const struct doctor *doctor, struct item *item, enum item_state state,
			  const char *condition)
{
	const struct pool *pool = &doctor->pool;
	unsigned int order = (unsigned int)pool->largest_free_order.value;
	char free_text[BYTES_TEXT_MAX], total_text[BYTES_TEXT_MAX], ram_text[BYTES_TEXT_MAX];
	const char *mark = fact_mark(&pool->free_bytes);

	size_text(doctor, pool->free_bytes.value, free_text);
	size_text(doctor, pool->total_bytes.value, total_text);
	if (!pool->largest_free_order.known)
		item_set(item, state, "%s%s%s of %s free, in pieces of unknown size", condition,
			 mark, free_text, total_text);
	else if (order < HPT_ORDER_MIN || order > HPT_ORDER_MAX)
		item_set(item, state, "%s%s of %s free, room for no table", condition, free_text,
			 total_text);
	else
		item_set(item, state, "%s%s of %s free, room for order %u (a guest of %s)",
			 condition, free_text, total_text, order,
			 size_text(doctor, hpt_bytes(order + 7), ram_text));
}

/* What is free may not be had. */
static void pool_in_doubt(const struct pool *pool, struct item *item)
{
	_cleanup_(advice_clear) struct advice busy = pool_advice_busy(pool);
	_cleanup_free_ char *what = item->what;

	item->what = NULL;
	item_set(item, item->state == ITEM_OK ? ITEM_WARNING : item->state,
		 "%s, but pages of others may be in the way", what ?: "");
	item_advise(item, "%s", busy.next ?: "");
}

void doctor_pool(struct doctor *doctor, struct item *item)
{
	const struct pool *pool = &doctor->pool;
	enum pool_condition condition = pool_condition(pool);
	char unlent[BYTES_TEXT_MAX];
	enum item_state bad = pool_is_of_use(pool) ? ITEM_WARNING : ITEM_FAILED;
	_cleanup_(advice_clear) struct advice advice = { 0 };

	if (!pool_may_exist(pool)) {
		item_set(item, ITEM_NONE, "there is no pool");
		return;
	}
	advice = pool_advice(pool);
	switch (condition) {
	case CONDITION_OK:
		describe_pool(doctor, item, ITEM_OK, "");
		break;
	case CONDITION_FULL:
		describe_pool(doctor, item, bad, "full: ");
		break;
	case CONDITION_FRAGMENTED:
		describe_pool(doctor, item, bad, "fragmented: ");
		break;
	default:
		if (pool->free_bytes.known && pool->total_bytes.known)
			describe_pool(doctor, item, ITEM_UNKNOWN, "");
		else
			item_set(item, ITEM_UNKNOWN, "this kernel does not tell what is free");
		break;
	}
	if (item->what && pool->unlent_bytes.known && pool->free_bytes.known &&
	    !pool->free_bytes.least && pool->unlent_bytes.value < pool->free_bytes.value)
		text_add(&item->what, "; at least %s of it is not lent to others",
			 size_text(doctor, pool->unlent_bytes.value, unlent));
	if (condition != CONDITION_FULL && pool_is_doubtful(pool))
		pool_in_doubt(pool, item);
	else if (advice.next)
		item_advise(item, "%s", advice.next);
}

void doctor_memory(struct doctor *doctor, struct item *item)
{
	const struct fact *largest = &doctor->pool.largest_free_order;
	char available[BYTES_TEXT_MAX], table[BYTES_TEXT_MAX];
	unsigned int order = HPT_ORDER_DEFAULT;

	if (!doctor->available_bytes) {
		item_set(item, ITEM_UNKNOWN, "/proc/meminfo could not be read");
		return;
	}
	if (largest->known && largest->value > order && largest->value <= HPT_ORDER_MAX)
		order = (unsigned int)largest->value;
	size_text(doctor, doctor->available_bytes, available);
	size_text(doctor, hpt_bytes(order), table);
	if (doctor->available_bytes >= hpt_bytes(order)) {
		item_set(item, ITEM_OK, "%s available, the reverse map of order %u needs %s",
			 available, order, table);
		return;
	}
	item_set(item, order > HPT_ORDER_DEFAULT ? ITEM_WARNING : ITEM_FAILED,
		 "%s available, but the reverse map of order %u needs %s outside the pool",
		 available, order, table);
	item_advise(item, "free memory: stop guests, or return huge pages that are not in use "
			  "(vm.nr_hugepages)");
}

static void refusals_patched(const struct doctor *doctor, struct item *item)
{
	uint64_t failures = 0, fallbacks = 0;

	if (sysfs_read_u64(doctor->fs, "/sys/kernel/kvm_htab/stats/failures", &failures) ||
	    sysfs_read_u64(doctor->fs, "/sys/kernel/kvm_htab/stats/fallbacks", &fallbacks)) {
		item_set(item, ITEM_UNKNOWN, "the statistics are there when kvm_hv is loaded");
		return;
	}
	if (!failures && !fallbacks) {
		item_set(item, ITEM_OK, "none since kvm_hv was loaded");
		return;
	}
	item_set(item, ITEM_WARNING,
		 "tables that could not be had since kvm_hv was loaded: %" PRIu64
		 "; smaller than wanted: %" PRIu64,
		 failures, fallbacks);
	item_advise(item, "see what fits now");
	item_set_next(item, "kvm-htab pool-status");
}

/* What CMA has refused: the pool alone in CMA_SYSFS, all areas together in /proc/vmstat. */
static void refusals_stock(const struct doctor *doctor, struct item *item)
{
	const struct pool *pool = &doctor->pool;
	bool seen = pool->refused.value || pool->log.busy || pool->log.full;
	_cleanup_(advice_clear) struct advice busy = { 0 };

	if (!pool->refused.known && !seen) {
		item_set(item, ITEM_UNKNOWN,
			 "this kernel does not count them (the kvm-htab series does, and "
			 "CMA_SYSFS)");
		return;
	}
	if (!seen) {
		item_set(item, ITEM_OK, "CMA has refused none since boot");
		return;
	}
	if (pool_is_doubtful(pool)) {
		busy = pool_advice_busy(pool);
		item_set(item, ITEM_WARNING, "%s", busy.what ?: "");
		item_advise(item, "%s", busy.next ?: "");
		return;
	}
	item_set(item, ITEM_WARNING,
		 "the pool had no gap for a table since boot (ret: -12 in the kernel log)");
	item_advise(item, "see what fits now");
	item_set_next(item, "kvm-htab fit --ram SIZE");
}

void doctor_refusals(struct doctor *doctor, struct item *item)
{
	if (sysfs_has(doctor->fs, "/sys/kernel/kvm_htab"))
		refusals_patched(doctor, item);
	else
		refusals_stock(doctor, item);
}
