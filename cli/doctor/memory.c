// SPDX-License-Identifier: GPL-2.0-only
/* The memory that tables come from. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/cgroup.h"
#include "lib/text.h"

#define RATIO "kvm_cma_resv_ratio"

/*
 * If guests together use all of the RAM, their tables need a 128th of it, and up to twice as much
 * because each is rounded up to a power of two.
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

/* What to try next if a pool of @percent could not be reserved, or if none was to be. */
static unsigned long next_ratio(unsigned long percent)
{
	if (!percent || percent > RATIO_DEFAULT)
		return RATIO_DEFAULT;
	return percent == RATIO_DEFAULT ? 2 : 1;
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
	if (percent == 1) {
		item_advise(item,
			    "look for \"cma\" in the boot log: no smaller ratio is left to try");
		item_set_next(item, "journalctl -k -b | grep -i cma");
		return;
	}
	snprintf(option, sizeof(option), RATIO "=%lu", next_ratio(percent));
	item_advise_boot(doctor, item, option, false);
}

static void reservation_ready(const struct doctor *doctor, struct item *item)
{
	const struct fact *total = &doctor->pool.total_bytes;
	const char *mark = fact_mark(total);
	char size[BYTES_TEXT_MAX], ram[BYTES_TEXT_MAX], need[BYTES_TEXT_MAX], share[96], option[64];
	uint64_t need_bytes = doctor->ram_bytes / RAM_PER_TABLES, permille;
	uint64_t used_bytes = doctor->pool.used_bytes.value;
	struct ratio ratio;

	size_text(doctor, total->value, size);
	if (!doctor->ram_bytes) {
		item_set(item, ITEM_OK, "%s%s", mark, size);
		return;
	}
	permille = (uint64_t)(((unsigned __int128)total->value * 1000 + doctor->ram_bytes / 2) /
			      doctor->ram_bytes);
	snprintf(share, sizeof(share), "%s%s, %" PRIu64 ".%" PRIu64 " percent of %s RAM", mark,
		 size, permille / 10, permille % 10, size_text(doctor, doctor->ram_bytes, ram));
	if (total->value >= need_bytes) {
		item_set(item, ITEM_OK, "%s", share);
		return;
	}
	item_set(item, ITEM_WARNING, "%s: up to %s needed if guests together use all of the RAM",
		 share, size_text(doctor, need_bytes, need));
	ratio = pool_ratio_for(doctor->fs, &doctor->pool,
			       need_bytes > used_bytes ? need_bytes - used_bytes : 0);
	snprintf(option, sizeof(option), RATIO "=%u", ratio.percent ?: RATIO_DEFAULT);
	item_advise_boot(doctor, item, option, false);
}

/* The kernel itself reads the option at boot. As a parameter of the module nobody does. */
static void warn_of_place(const struct doctor *doctor, struct item *item)
{
	_cleanup_free_ char *place = module_parameter_place(doctor->fs, "kvm_hv", RATIO);

	if (!place)
		return;
	item_set(item, ITEM_WARNING, "%s; " RATIO " in %s has no effect", item->what ?: "", place);
	if (!item->advice)
		item_advise(item,
			    "it is an option of the kernel, not of kvm_hv: set it on the kernel's "
			    "command line");
}

void doctor_reservation(struct doctor *doctor, struct item *item)
{
	_cleanup_(advice_clear) struct advice advice = { 0 };
	const struct pool *pool = &doctor->pool;

	pool_read(doctor->fs, &doctor->pool);
	if (pool->boot_bug) {
		item_set(item, ITEM_FAILED, "the kernel could not reserve the pool at boot, %s",
			 pool->boot_bug);
		advice = pool_advice(pool);
	} else if (pool->state == POOL_FAILED && !pool->zone_option) {
		reservation_failed(doctor, item, "the pool could not be reserved at boot");
	} else if (pool->state == POOL_FAILED) {
		item_set(item, ITEM_FAILED,
			 "the pool could not be set up at boot, perhaps because of %s, whose zone "
			 "for movable pages must not begin inside the pool",
			 pool->zone_option);
		item_advise_boot(doctor, item, pool->zone_option, true);
	} else if (pool->state == POOL_ABSENT) {
		reservation_failed(doctor, item, "the host was booted without a pool");
	} else if (pool->total_bytes.known) {
		reservation_ready(doctor, item);
	} else {
		item_set(item, ITEM_UNKNOWN, "this kernel does not report the size of the pool%s",
			 pool->mixed ? ": CmaTotal in /proc/meminfo counts other areas, too" : "");
		advice = pool_advice_unknown(pool);
	}
	if (advice.next)
		item_advise(item, "%s", advice.next);
	if (item->state == ITEM_UNKNOWN && !pool->denied && !pool->strange_state) {
		item_advise(item, "%s; or look for its size in the log of the boot",
			    advice.next ?: "");
		item_set_next(item, "journalctl -k -b | grep -i cma");
	}
	if (item->state != ITEM_FAILED)
		warn_of_place(doctor, item);
}

/* Whether the pool has, or can make, room for larger tables than the page allocator. */
static bool pool_is_of_use(const struct pool *pool)
{
	uint64_t pages = pool->order_max_pages.known ? pool->order_max_pages.value :
						       HPT_ORDER_DEFAULT;

	return !pool->largest_free_order.known || pool->largest_free_order.value > pages ||
	       (pool->moving == MOVING_ALLOWED && pool_condition(pool) == CONDITION_FRAGMENTED);
}

/* What is free and what fits, after @condition ("full: "). */
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
		item_set(item, state, "%s%s of %s free, no room for any table", condition,
			 free_text, total_text);
	else
		item_set(item, state, "%s%s of %s free, room for order %u (a guest of %s)",
			 condition, free_text, total_text, order,
			 size_text(doctor, hpt_bytes(order + 7), ram_text));
}

/* What is free may not be had. */
static void pool_in_doubt(struct item *item)
{
	item_set(item, item->state == ITEM_OK ? ITEM_WARNING : item->state,
		 "%s, but pages of others may be in the way", item->what ?: "");
	item_advise(item, "see the item refusals");
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
	if (condition == CONDITION_FULL)
		describe_pool(doctor, item, bad, "full: ");
	else if (condition == CONDITION_FRAGMENTED)
		describe_pool(doctor, item, bad, "fragmented: ");
	else if (condition == CONDITION_OK)
		describe_pool(doctor, item, ITEM_OK, "");
	else if (pool->free_bytes.known && pool->total_bytes.known)
		describe_pool(doctor, item, ITEM_UNKNOWN, "");
	else
		item_set(item, ITEM_UNKNOWN, "this kernel does not report what is free");
	if (item->what && pool->unlent_bytes.known && pool->free_bytes.known &&
	    !pool->free_bytes.least && pool->unlent_bytes.value < pool->free_bytes.value)
		text_add(&item->what, "; at least %s of it is not lent to others",
			 size_text(doctor, pool->unlent_bytes.value, unlent));
	if (condition != CONDITION_FULL && pool_is_doubtful(pool))
		pool_in_doubt(item);
	else if (advice.next)
		item_advise(item, "%s", advice.next);
}

/* The cgroup that libvirt's guests are in. */
#define GUESTS "machine.slice"

/* Whether its limit leaves too little for the reverse map of a table; then says so. */
static bool limit_is_tight(const struct doctor *doctor, struct item *item, unsigned int order)
{
	char room[BYTES_TEXT_MAX], max[BYTES_TEXT_MAX], table[BYTES_TEXT_MAX];
	struct cgroup_limit limit = { 0 };
	bool tight;

	if (!doctor->host->patched) /* the kernel charges nobody */
		return false;
	tight = !cgroup_read_limit(doctor->fs, GUESTS, &limit) && limit.limited &&
		limit.room_bytes < hpt_bytes(order);
	if (tight) {
		item_set(item, ITEM_WARNING,
			 "the limit of cgroup %s (%s) leaves %s, but the reverse map of order %u "
			 "needs %s",
			 limit.cgroup, size_text(doctor, limit.max_bytes, max),
			 size_text(doctor, limit.room_bytes, room), order,
			 size_text(doctor, hpt_bytes(order), table));
		item_advise(item, "raise memory.max of %s, or stop guests in it", limit.cgroup);
	}
	free(limit.cgroup);
	return tight;
}

#define MEMORY_ADVICE "free memory: stop guests, or release unused huge pages (vm.nr_hugepages)"

void doctor_memory(struct doctor *doctor, struct item *item)
{
	const struct fact *largest = &doctor->pool.largest_free_order;
	const struct fact *bytes = &doctor->pool.available_bytes;
	char available[BYTES_TEXT_MAX], table[BYTES_TEXT_MAX];
	unsigned int order = HPT_ORDER_DEFAULT;

	if (!bytes->known) {
		item_set(item, ITEM_UNKNOWN, "%s",
			 doctor->ram_bytes ?
				 "this kernel, before 3.14, does not report MemAvailable" :
				 "cannot read /proc/meminfo");
		return;
	}
	if (largest->known && largest->value > order && largest->value <= HPT_ORDER_MAX)
		order = (unsigned int)largest->value;
	size_text(doctor, bytes->value, available);
	size_text(doctor, hpt_bytes(order), table);
	if (bytes->value >= hpt_bytes(order) && limit_is_tight(doctor, item, order))
		return;
	if (bytes->value >= hpt_bytes(order) && doctor->pool.log.starved) {
		item_set(item, ITEM_WARNING,
			 "%s available, but the reverse map of a table was refused since boot "
			 "(\"vmalloc\" in the kernel log)",
			 available);
		item_advise(item, MEMORY_ADVICE);
		return;
	}
	if (bytes->value >= hpt_bytes(order)) {
		item_set(item, ITEM_OK, "%s available, the reverse map of order %u needs %s",
			 available, order, table);
		return;
	}
	item_set(item, order > HPT_ORDER_DEFAULT ? ITEM_WARNING : ITEM_FAILED,
		 "%s available, but the reverse map of order %u needs %s outside the pool",
		 available, order, table);
	item_advise(item, MEMORY_ADVICE);
}

static void refusals_patched(const struct doctor *doctor, struct item *item)
{
	uint64_t failures = 0, fallbacks = 0;

	if (sysfs_read_u64(doctor->fs, "/sys/kernel/kvm_htab/stats/failures", &failures) ||
	    sysfs_read_u64(doctor->fs, "/sys/kernel/kvm_htab/stats/fallbacks", &fallbacks)) {
		item_set(item, ITEM_UNKNOWN, "statistics require that kvm_hv is loaded");
		return;
	}
	if (!failures && !fallbacks) {
		item_set(item, ITEM_OK, "none since kvm_hv was loaded");
		return;
	}
	item_set(item, ITEM_WARNING,
		 "tables refused since kvm_hv was loaded: %" PRIu64
		 "; smaller than requested: %" PRIu64,
		 failures, fallbacks);
	item_advise(item, "see what fits now");
	item_set_next(item, "kvm-htab pool-status");
}

/* What CMA refused: the pool alone in CMA_SYSFS, all areas together in /proc/vmstat. */
static void refusals_stock(const struct doctor *doctor, struct item *item)
{
	const struct pool *pool = &doctor->pool;
	bool seen = pool->refused.value || pool->log.busy || pool->log.full ||
		    pool_is_doubtful(pool);
	_cleanup_(advice_clear) struct advice busy = { 0 };

	if (!pool->refused.known && !seen) {
		item_set(item, ITEM_UNKNOWN,
			 "this kernel does not count them: use the kvm-htab modules or series, "
			 "or a kernel with CMA_SYSFS");
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
