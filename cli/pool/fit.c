// SPDX-License-Identifier: GPL-2.0-only
/* Whether tables of one order fit now. */
#include "pool/fit.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "pool/moves.h"

/* Why the pool has no room for fit->count tables, if that is certain. */
static enum fit_reason why_not(const struct pool *pool, const struct fit *fit)
{
	bool exact = fact_is_exact(&pool->free_bytes);

	if (pool->state == POOL_FAILED)
		return FIT_FAILED;
	if (pool->state == POOL_ABSENT)
		return FIT_ABSENT;
	if (pool->total_bytes.known && fit->count > pool->total_bytes.value >> fit->order)
		return FIT_SMALL;
	if (exact && fit->count > pool->free_bytes.value >> fit->order)
		return FIT_TOO_LITTLE;
	return exact ? FIT_PIECES : FIT_NO_ROOM;
}

void fit_judge(const struct pool *pool, struct fit *fit)
{
	struct room room = pool_room(pool, fit->order);

	fit->answer = FIT_UNKNOWN;
	fit->reason = FIT_REASON_UNKNOWN;
	fit->fits = fact_if(room.least == room.most, room.least);
	fit->largest = pool->largest_free_order;
	fit->moved_bytes = (struct fact){ 0 };
	fit->source = NULL;
	if (pool_certain(pool, fit->order) >= fit->count) {
		fit->answer = FIT_YES;
		fit->reason = FIT_ROOM;
		fit->source = "pool";
	} else if (room.most < fit->count && pool_pages_may(pool, fit->order)) {
		fit->reason = FIT_PAGES;
	} else if (room.most < fit->count) {
		fit->answer = FIT_NO;
		fit->reason = why_not(pool, fit);
	} else if (pool_is_doubtful(pool)) {
		fit->reason = FIT_BUSY;
	} else if (room.least >= fit->count) {
		fit->reason = FIT_LENT;
	}
}

void fit_plan(const struct sysfs *fs, const struct pool *pool, struct fit *fit)
{
	_cleanup_(error_clear) struct error err = { 0 };
	_cleanup_(plan_clear) struct plan plan = { 0 };
	bool pages = fit->reason == FIT_PAGES;
	bool pieces = fit->reason == FIT_PIECES || fit->reason == FIT_NO_ROOM;
	int r;

	if (pool->moving != MOVING_ALLOWED || (!pages && !pieces))
		return;
	r = plan_read(fs, fit->order, &plan, &err);
	if (err.status == STATUS_NO || (pages && (r || fit->count > 1)))
		return;
	fit->reason = FIT_MOVES;
	if (r || fit->count > 1) { /* the others depend on the place of the first */
		fit->answer = FIT_UNKNOWN;
		return;
	}
	fit->answer = FIT_YES;
	if (!plan.nmoves) { /* room that was freed meanwhile */
		fit->reason = FIT_ROOM;
		fit->source = "pool";
		return;
	}
	fit->source = pages ? NULL : "pool";
	fit->moved_bytes = fact_of(plan_bytes(&plan));
}

void fit_check_memory(const struct pool *pool, struct fit *fit)
{
	uint64_t bytes;

	if (fit->answer != FIT_YES || !pool->available_bytes.known ||
	    (!__builtin_mul_overflow(hpt_bytes(fit->order), (uint64_t)fit->count, &bytes) &&
	     bytes <= pool->available_bytes.value))
		return;
	fit->answer = FIT_UNKNOWN;
	fit->reason = FIT_MEMORY;
}

void fit_refuse(struct fit *fit, enum fit_reason reason)
{
	fit->answer = FIT_NO;
	fit->reason = reason;
	fit->source = NULL;
	fit->moved_bytes = (struct fact){ 0 };
}

/* Allocates tables until one is refused. The caller releases them. */
static int take(struct probe *probe, const struct fit *fit, unsigned int got[],
		enum probe_outcome *last, struct error *err)
{
	for (unsigned int n = 0; n < fit->count; n++) {
		int r = probe_table(probe, fit->order, last, err);

		if (r)
			return r;
		if (*last == PROBE_REFUSED || *last == PROBE_NO_MEMORY)
			return 0;
		got[*last]++;
	}
	return 0;
}

static const char *source_name(const unsigned int got[], unsigned int count)
{
	if (got[PROBE_POOL] == count)
		return "pool";
	return got[PROBE_PAGES] == count ? "pages" : NULL;
}

/*
 * On a kernel without the series, one table of the smallest order empties the lists of each CPU, whose
 * free pages look like those of tables. What /proc/kpageflags then shows as free can certainly be
 * allocated. Nothing else can: pages that are lent may be held, and the small table itself is in
 * some gap, so that "no" takes a trial, as does all that pool_status --probe reports.
 */
static int is_certain(struct probe *probe, const struct fit *fit, bool *certain, struct error *err)
{
	_cleanup_(pool_clear) struct pool pool = { .unlent_wanted = true };
	uint64_t bytes = fit->count * hpt_bytes(fit->order);
	enum probe_outcome outcome;
	bool suffices = false;
	int r = probe_table(probe, HPT_ORDER_MIN, &outcome, err);

	if (r)
		return r;
	pool_read(&probe->fs, &pool);
	probe_release(probe);
	if (bytes >> fit->order == fit->count)
		r = probe_has_memory(probe, bytes, &suffices, err);
	*certain = suffices && pool.unlent_known && pool_certain(&pool, fit->order) >= fit->count;
	return r;
}

int fit_try(struct probe *probe, const struct pool *pool, struct fit *fit, struct error *err)
{
	unsigned int got[PROBE_REFUSED] = { 0 }, count, largest = 0;
	enum probe_outcome last = PROBE_REFUSED;
	bool certain = false;
	int r = pool->series ? 0 : is_certain(probe, fit, &certain, err);

	if (!r && certain)
		got[PROBE_POOL] = fit->count;
	else if (!r)
		r = take(probe, fit, got, &last, err);
	probe_release(probe);
	if (r)
		return r;
	count = got[PROBE_POOL] + got[PROBE_PAGES] + got[PROBE_UNTOLD];
	if (!count && last == PROBE_REFUSED && !fit->largest.known) {
		r = probe_largest(probe, fit->order - 1, &largest, err);
		probe_release(probe);
		if (r)
			return r;
		fact_set(&fit->largest, largest, false);
	}
	fit->fits = fact_of(count);
	fit->source = NULL;
	if (count == fit->count) {
		fit->source = source_name(got, count);
		fit->answer = FIT_YES;
		fit->reason = FIT_ROOM;
	} else if (last == PROBE_NO_MEMORY) {
		fit->answer = FIT_UNKNOWN;
		fit->reason = FIT_MEMORY;
	} else {
		fit->reason = pool_room(pool, fit->order).most < fit->count ? why_not(pool, fit) :
									      FIT_NO_ROOM;
		fit->answer = FIT_NO;
	}
	return 0;
}

void fit_limit(const struct sysfs *fs, const struct cgroup_limit *limit, uint64_t ram_bytes,
	       struct fit *fit)
{
	uint64_t page_bytes, charge = hpt_bytes(fit->order), most;

	if (ram_bytes && !sysfs_page_size(fs, &page_bytes))
		charge += ram_bytes / page_bytes * sizeof(uint64_t);
	most = limit->room_bytes / charge;
	if (!limit->limited || fit->answer == FIT_NO || most >= fit->count)
		return;
	fit->answer = FIT_NO;
	fit->reason = FIT_LIMIT;
	fit->charge_bytes = charge;
	fit->limit = limit;
	if (!most || (fit->fits.known && fit->fits.value > most))
		fit->fits = fact_of(most);
	fit->moved_bytes = (struct fact){ 0 };
	fit->source = NULL;
}

char *fit_sentence(const struct fit *fit)
{
	bool no = fit->answer == FIT_NO,
	     no_pool = fit->reason == FIT_FAILED || fit->reason == FIT_ABSENT;
	char tables[24] = "a table", table[BYTES_TEXT_MAX];
	char largest[BYTES_TEXT_MAX], ram[BYTES_TEXT_MAX];
	unsigned int order = (unsigned int)fit->largest.value;
	char *text = NULL;

	if ((fit->answer == FIT_YES && fit->reason != FIT_MOVES) || fit->reason == FIT_MMU ||
	    fit->reason == FIT_THREADS)
		return NULL;
	bytes_format(hpt_bytes(fit->order), table);
	if (fit->answer == FIT_YES)
		return text_format(
			"a table of order %u (%s) fits after the kernel moves other tables (%s), "
			"which it does when the guest starts",
			fit->order, table, bytes_format(fit->moved_bytes.value, largest));
	if (fit->count > 1)
		snprintf(tables, sizeof(tables), "%u tables", fit->count);
	if (fit->reason == FIT_LIMIT)
		return text_format("no room for the reverse map of %s of order %u (%s): a guest "
				   "needs %s, and the limit of cgroup %s leaves %s",
				   tables, fit->order, table, bytes_format(fit->charge_bytes, ram),
				   fit->limit->cgroup,
				   bytes_format(fit->limit->room_bytes, largest));
	text_add(&text,
		 no ? "no room for %s of order %u (%s)" :
		      "cannot tell whether there is room for %s of order %u (%s)",
		 tables, fit->order, table);
	if (fit->fits.known && fit->fits.value)
		text_add(&text, no ? ", only for %llu" : ", the pool has room for %llu",
			 (unsigned long long)fit->fits.value);
	if (!fit->largest.known || no_pool)
		return text;
	if (!order)
		text_add(&text, "; the pool has no room for any table");
	else if (order <= HPT_ORDER_MAX)
		text_add(&text,
			 "; the largest that fits is of order %u (%s, for a guest of up to %s)",
			 order, bytes_format(hpt_bytes(order), largest),
			 bytes_format(hpt_bytes(order + 7), ram));
	return text;
}

/* Why the free pieces are not enough. */
static char *pieces_advice(const struct pool *pool, const char *free_text)
{
	if (pool->moving == MOVING_ALLOWED)
		return text_format(
			"%s of the pool are free, but in pieces that the kernel cannot or may not "
			"join (see htab_move in kvm-htab-kernel(7)); stop or migrate guests, or "
			"start large guests first",
			free_text);
	if (pool_condition(pool) == CONDITION_FRAGMENTED)
		return pool_advice_text(pool);
	return text_format(
		"%s of the pool are free, but in pieces that hold fewer such tables; restart or "
		"migrate guests to join the pieces, or start large guests first",
		free_text);
}

/* Why reverse maps cannot be had. */
static char *memory_advice(const struct pool *pool)
{
	char *text = NULL, bytes[BYTES_TEXT_MAX];

	text_add(&text, "too little memory is available");
	if (pool->available_bytes.known)
		text_add(&text, " (%s)", bytes_format(pool->available_bytes.value, bytes));
	text_add(&text, ": each table needs a reverse map of its size outside the pool; stop "
			"guests, or release unused huge pages (vm.nr_hugepages)");
	return text;
}

/* Why what is free is not certain. */
static char *lent_advice(const struct pool *pool)
{
	char *text = NULL;

	text_add(&text, "there is room, but the kernel must move pages of others out of it first, "
			"which fails if one of them is held");
	if (pool->pins)
		text_add(&text, ", as by guests with passed-through devices (VFIO) on this kernel "
				"(before 5.2)");
	text_add(&text, "; %s",
		 pool->captured ? "try on the host itself, with --probe" :
				  "use --probe to find out");
	return text;
}

char *fit_advice(const struct sysfs *fs, const struct pool *pool, const struct fit *fit)
{
	_cleanup_(advice_clear) struct advice unknown = { 0 };
	char free_text[BYTES_TEXT_MAX], total_text[BYTES_TEXT_MAX], *text = NULL;

	bytes_format(pool->free_bytes.value, free_text);
	bytes_format(pool->total_bytes.value, total_text);
	switch (fit->reason) {
	case FIT_ROOM:
	case FIT_MMU: /* doctor tells */
	case FIT_THREADS:
		break;
	case FIT_FAILED:
	case FIT_ABSENT:
		return pool_advice_text(pool);
	case FIT_SMALL:
		text_add(&text, "the pool (%s) is too small, even if it were empty; ", total_text);
		pool_add_ratio(fs, pool, fit->count * hpt_bytes(fit->order), &text);
		if (fit->smaller)
			text_add(&text, ", or %s", fit->smaller);
		return text;
	case FIT_TOO_LITTLE:
		text_add(&text, "only %s of %s in the pool are free; stop or migrate guests, or ",
			 free_text, total_text);
		pool_add_ratio(fs, pool, fit->count * hpt_bytes(fit->order), &text);
		return text;
	case FIT_PIECES:
		return pieces_advice(pool, free_text);
	case FIT_PAGES:
		return text_format("the pool has no room, but the page allocator may have some%s",
				   pool->captured ? "" : "; use --probe to find out");
	case FIT_MEMORY:
		return memory_advice(pool);
	case FIT_LIMIT:
		bytes_format(fit->limit->max_bytes, total_text);
		return text_format("raise memory.max of %s (%s), or stop guests in it",
				   fit->limit->cgroup, total_text);
	case FIT_MOVES:
		if (fit->answer == FIT_YES)
			break;
		return text_format(
			"the kernel may move other tables to make room; to find out, ask for one "
			"table at a time, as root, with debugfs mounted");
	case FIT_NO_ROOM:
		text_add(&text,
			 "the pool has no room, and this kernel does not report why; start large "
			 "guests first, stop or migrate guests, or ");
		pool_add_ratio(fs, pool, fit->count * hpt_bytes(fit->order), &text);
		return text;
	case FIT_BUSY:
		unknown = pool_advice_busy(pool);
		return advice_text(&unknown);
	case FIT_LENT:
		return lent_advice(pool);
	case FIT_REASON_UNKNOWN:
		unknown = pool_advice_unknown(pool);
		return advice_text(&unknown);
	}
	return NULL;
}

const char *fit_answer_name(enum fit_answer answer)
{
	static const char *const names[] = {
		[FIT_UNKNOWN] = "unknown",
		[FIT_YES] = "yes",
		[FIT_NO] = "no",
	};

	return names[answer];
}

const char *fit_reason_name(enum fit_reason reason)
{
	static const char *const names[] = {
		[FIT_REASON_UNKNOWN] = "unknown",
		[FIT_ROOM] = "room",
		[FIT_SMALL] = "small",
		[FIT_TOO_LITTLE] = "too-little",
		[FIT_PIECES] = "pieces",
		[FIT_FAILED] = "failed",
		[FIT_ABSENT] = "absent",
		[FIT_PAGES] = "pages",
		[FIT_NO_ROOM] = "no-room",
		[FIT_MEMORY] = "memory",
		[FIT_LIMIT] = "limit",
		[FIT_MOVES] = "moves",
		[FIT_BUSY] = "busy",
		[FIT_LENT] = "lent",
		[FIT_MMU] = "mmu",
		[FIT_THREADS] = "threads",
	};

	return names[reason];
}
