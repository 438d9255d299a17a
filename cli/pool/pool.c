// SPDX-License-Identifier: GPL-2.0-only
/* The condition of the pool, and what to do about it. */
#include "pool/pool.h"

#include <string.h>

#include "lib/text.h"

void pool_clear(struct pool *pool)
{
	free(pool->sources);
	free(pool->strange_state);
	*pool = (struct pool){ 0 };
}

void pool_add_source(struct pool *pool, const char *name)
{
	text_add(&pool->sources, "%s%s", pool->sources ? "," : "", name);
}

enum pool_condition pool_condition(const struct pool *pool)
{
	const struct fact *free_bytes = &pool->free_bytes;

	if (pool->state == POOL_FAILED)
		return CONDITION_FAILED;
	if (pool->state == POOL_ABSENT)
		return CONDITION_ABSENT;
	if (pool->state == POOL_UNKNOWN || !fact_is_exact(free_bytes))
		return CONDITION_UNKNOWN;
	if (free_bytes->value < hpt_bytes(HPT_ORDER_DEFAULT) ||
	    free_bytes->value < pool->total_bytes.value / 20)
		return CONDITION_FULL;
	if (!pool->largest_free_order.known)
		return CONDITION_UNKNOWN;
	if (pool->largest_free_order.value < log2_floor(free_bytes->value))
		return CONDITION_FRAGMENTED;
	return CONDITION_OK;
}

void advice_clear(struct advice *advice)
{
	free(advice->what);
	free(advice->next);
	*advice = (struct advice){ 0 };
}

char *advice_text(const struct advice *advice)
{
	if (!advice->what || !advice->next)
		return NULL;
	return text_format("%s; %s", advice->what, advice->next);
}

char *pool_advice_text(const struct pool *pool)
{
	_cleanup_(advice_clear) struct advice advice = pool_advice(pool);

	return advice_text(&advice);
}

static struct advice advice_fragmented(const struct pool *pool)
{
	unsigned int order = (unsigned int)pool->largest_free_order.value;
	char free_text[BYTES_TEXT_MAX], largest_text[BYTES_TEXT_MAX];
	struct advice advice = { 0 };

	advice.what = text_format(
		"the pool is fragmented: %s are free, but no piece holds more than order %u (%s)",
		bytes_format(pool->free_bytes.value, free_text), order,
		bytes_format(hpt_bytes(order), largest_text));
	switch (pool->moving) {
	case MOVING_ALLOWED:
		advice.next = text_format(
			"the kernel moves tables to join the pieces when a guest needs more; "
			"`kvm-htab compact` makes it do so now");
		break;
	case MOVING_NEVER:
		advice.next = text_format(
			"this kernel may not move tables to join the pieces: allow it with `echo "
			"running >/sys/module/kvm_hv/parameters/htab_move`");
		break;
	case MOVING_UNSUPPORTED:
		advice.next = text_format(
			"restart or migrate guests to join the pieces, or start large guests "
			"first");
		break;
	}
	return advice;
}

static struct advice advice_full(const struct pool *pool)
{
	char free_text[BYTES_TEXT_MAX], total_text[BYTES_TEXT_MAX];

	return (struct advice){
		.what = text_format("the pool is full: %s of %s are free",
				    bytes_format(pool->free_bytes.value, free_text),
				    bytes_format(pool->total_bytes.value, total_text)),
		.next = text_format(ADVICE_FREE_POOL),
	};
}

#define ONLY_PAGES "tables come from the page allocator, usually up to 16 MiB"

static struct advice advice_failed(const struct pool *pool)
{
	const char *zone = pool->zone_option;

	if (pool->boot_bug)
		return (struct advice){
			.what = text_format(
				"the kernel could not reserve the pool at boot, %s: " ONLY_PAGES,
				pool->boot_bug),
			.next = text_format("boot a newer kernel; another kvm_cma_resv_ratio does "
					    "not help"),
		};
	return (struct advice){
		.what = text_format("the pool could not be set up at boot: " ONLY_PAGES),
		.next = zone ? text_format("boot without %s: its zone for movable pages must not "
					   "begin inside the pool",
					   zone) :
			       text_format(
				       "look for \"cma\" in the boot log, and boot with a smaller "
				       "kvm_cma_resv_ratio=N (percent of RAM)"),
	};
}

struct advice pool_advice_busy(const struct pool *pool)
{
	struct advice advice = { 0 };

	if (pool->log.busy)
		text_add(&advice.what,
			 "pages in the way: CMA has refused %u request%s though there was room, "
			 "because pages of others could not be moved away (ret: -16 in the kernel "
			 "log)",
			 pool->log.busy, pool->log.busy == 1 ? "" : "s");
	else if (!pool->refused.value && pool->log.contended)
		text_add(&advice.what,
			 "pages in the way: CMA could not move pages of others away at once "
			 "(\"alloc_contig_range\" in the kernel log), and this kernel does not say "
			 "what it refused");
	else
		text_add(&advice.what,
			 "pages in the way: CMA has refused requests, perhaps because pages of "
			 "others could not be moved away");
	text_add(&advice.next, "try again, after `sync; echo 3 >/proc/sys/vm/drop_caches`; ");
	if (!pool->captured)
		text_add(&advice.next, "`kvm-htab fit --probe` finds out whether it helped; ");
	if (pool->pins)
		text_add(&advice.next,
			 "if that does not help the pages are pinned: stop guests with "
			 "passed-through devices (VFIO), whose memory this kernel (before 5.2) "
			 "leaves in the pool; ");
	text_add(&advice.next, "a kernel with the kvm-htab series tries again by itself");
	return advice;
}

#define TRY "find out by trying, with `kvm-htab pool-status --probe`"

/* Nothing reports what is in the pool. */
static struct advice advice_unreported(const struct pool *pool)
{
	struct advice advice = { 0 };

	text_add(&advice.what, "this kernel does not report what fits into the pool");
	if (pool->mixed)
		text_add(&advice.what,
			 ": CmaTotal and CmaFree in /proc/meminfo count other areas, too");
	if (pool->log.full) {
		text_add(&advice.what,
			 ", which had no gap for %u request%s since boot (ret: -12 in the kernel "
			 "log)",
			 pool->log.full, pool->log.full == 1 ? "" : "s");
		text_add(&advice.next, ADVICE_FREE_POOL "; to see what fits, ");
	}
	text_add(
		&advice.next,
		"%sboot a kernel with the kvm-htab series, or one with CMA_DEBUGFS, and run as root "
		"with debugfs mounted on /sys/kernel/debug",
		pool->captured ? "" : TRY ", or ");
	return advice;
}

struct advice pool_advice_unknown(const struct pool *pool)
{
	struct advice advice = { 0 };

	if (pool->strange_state) {
		text_add(&advice.what,
			 "this version of kvm-htab does not know \"%s\", the state of "
			 "the pool that the kernel reports",
			 pool->strange_state);
		text_add(&advice.next, "install the version that belongs to the kernel");
		return advice;
	}
	if (!pool->denied)
		return advice_unreported(pool);
	text_add(&advice.what, "only root may see what is in the pool");
	text_add(&advice.next, "run as root for exact values%s", pool->captured ? "" : "; or " TRY);
	return advice;
}

struct advice pool_advice(const struct pool *pool)
{
	switch (pool_condition(pool)) {
	case CONDITION_OK:
		return (struct advice){ 0 };
	case CONDITION_FULL:
		return advice_full(pool);
	case CONDITION_FRAGMENTED:
		return advice_fragmented(pool);
	case CONDITION_FAILED:
		return advice_failed(pool);
	case CONDITION_ABSENT:
		return (struct advice){
			.what = text_format("the host was booted without a pool: " ONLY_PAGES),
			.next = text_format("boot without kvm_cma_resv_ratio=0 to reserve one"),
		};
	case CONDITION_UNKNOWN:
		break;
	}
	return pool_advice_unknown(pool);
}

bool pool_is_doubtful(const struct pool *pool)
{
	return !pool->series && pool_may_exist(pool) &&
	       (pool->log.busy || (pool->refused.value && !pool->log.full) ||
		(pool->mute && pool->log.contended));
}

bool pool_is_approximate(const struct pool *pool)
{
	return pool->total_bytes.approximate || pool->used_bytes.approximate ||
	       pool->free_bytes.approximate;
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
	if (fact_is_exact(free_bytes))
		lower(&room.most, free_bytes->value >> order);
	room.least = pool->least[order - HPT_ORDER_MIN];
	if (pool->largest_free_order.known && pool->largest_free_order.value >= order)
		room.least = UINT64_C(1) << (pool->largest_free_order.value - order);
	if (fact_is(free_bytes, pool->total_bytes.value) && !pool->total_bytes.approximate)
		room.least = room.most; /* the whole pool is free, in one piece */
	return room;
}

uint64_t pool_certain(const struct pool *pool, unsigned int order)
{
	uint64_t least = pool_room(pool, order).least;

	if (pool->unlent_known)
		return pool->unlent[order - HPT_ORDER_MIN];
	if (pool->pins && pool->unlent_bytes.known) /* what is lent may stay where it is */
		lower(&least, pool->unlent_bytes.value >> order);
	return pool_is_doubtful(pool) ? 0 : least;
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
