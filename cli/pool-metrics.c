// SPDX-License-Identifier: GPL-2.0-only
/* The pool as metrics. What is not known is left out: a 0 would be believed. */
#include "pool-metrics.h"

#include <inttypes.h>
#include <stdio.h>

static void describe(const char *name, const char *type, const char *help)
{
	printf("# HELP kvm_htab_%s %s\n# TYPE kvm_htab_%s %s\n", name, help, name, type);
}

/* @value is one of our own words, in which there is nothing to escape. */
static void print_labelled(const char *name, const char *label, const char *value, uint64_t number)
{
	printf("kvm_htab_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, number);
}

static void print_number(const char *name, const char *type, const char *help, uint64_t number)
{
	describe(name, type, help);
	printf("kvm_htab_%s %" PRIu64 "\n", name, number);
}

static void print_fact(const char *name, const char *type, const char *help,
		       const struct fact *fact)
{
	if (fact->known)
		print_number(name, type, help, fact->value);
}

/* Prometheus counts in seconds. */
static void print_seconds(const char *name, const char *type, const char *help,
			  const struct fact *us)
{
	if (!us->known)
		return;
	describe(name, type, help);
	printf("kvm_htab_%s %" PRIu64 ".%06" PRIu64 "\n", name, us->value / 1000000,
	       us->value % 1000000);
}

static void print_states(const struct pool *pool)
{
	enum pool_condition condition = pool_condition(pool);

	describe(
		"pool_state", "gauge",
		"1 for the state of the pool that large hashed page tables come from, 0 for others.");
	for (enum pool_state s = POOL_UNKNOWN; s <= POOL_ABSENT; s++)
		print_labelled("pool_state", "state", pool_state_name(s), s == pool->state);
	describe("pool_condition", "gauge", "1 for what ails the pool, 0 for what does not.");
	for (enum pool_condition c = CONDITION_UNKNOWN; c <= CONDITION_ABSENT; c++)
		print_labelled("pool_condition", "condition", pool_condition_name(c),
			       c == condition);
}

static void print_sizes(const struct pool *pool)
{
	print_fact("pool_size_bytes", "gauge", "Size of the pool.", &pool->total_bytes);
	print_fact("pool_used_bytes", "gauge", "Bytes of the pool taken by tables.",
		   &pool->used_bytes);
	print_fact("pool_free_bytes", "gauge", "Bytes of the pool that can be allocated.",
		   &pool->free_bytes);
	if (pool->total_bytes.known || pool->used_bytes.known || pool->free_bytes.known)
		print_number("pool_approximate", "gauge",
			     "Whether sizes of the pool are approximate.",
			     pool->total_bytes.approximate || pool->used_bytes.approximate ||
				     pool->free_bytes.approximate);
	print_fact("pool_largest_free_order", "gauge",
		   "Largest order (log2 of bytes) of a table that fits into the pool, 0 for none.",
		   &pool->largest_order);
}

static void print_fits(const struct pool *pool)
{
	bool described = false;
	char text[3];

	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		const struct fact *fits = pool_fits(pool, order);

		if (!fits->known)
			continue;
		if (!described)
			describe("pool_fits", "gauge",
				 "How many more tables of an order, of that order alone, fit.");
		described = true;
		snprintf(text, sizeof(text), "%u", order);
		print_labelled("pool_fits", "order", text, fits->value);
	}
}

static void print_statistics(const struct pool *pool)
{
	if (pool->from_pool.known && pool->from_pages.known) {
		describe("tables_total", "counter", "Tables allocated since kvm_hv was loaded.");
		print_labelled("tables_total", "source", "pool", pool->from_pool.value);
		print_labelled("tables_total", "source", "pages", pool->from_pages.value);
	}
	print_fact("tables_in_place_total", "counter",
		   "Tables made in the place of their predecessor.", &pool->in_place);
	print_fact("fallbacks_total", "counter", "Tables smaller than was asked for.",
		   &pool->fallbacks);
	print_fact("failures_total", "counter", "Requests for a table that ended for want of room.",
		   &pool->failures);
	print_fact("resets_total", "counter", "Requests that emptied a table.", &pool->resets);
	print_fact("moves_total", "counter", "Tables moved to make room for others.", &pool->moves);
	print_fact("moved_bytes_total", "counter", "Bytes of tables copied to move them.",
		   &pool->moved_bytes);
	print_seconds("longest_move_seconds", "gauge",
		      "The longest time that moving a table has held up a VM.",
		      &pool->longest_move_us);
}

void pool_metrics_print(const struct host *host, const struct pool *pool, bool available)
{
	print_number("available", "gauge",
		     "Whether this host can have guests with hashed page tables.", available);
	print_number("module_loaded", "gauge", "Whether the module kvm_hv is present.",
		     host->module_loaded);
	print_number("kernel_patched", "gauge", "Whether the kernel has the kvm-htab series.",
		     host->patched);
	print_states(pool);
	print_sizes(pool);
	print_fits(pool);
	print_statistics(pool);
	if (pool->nsources)
		describe("pool_source_info", "gauge", "What was read to learn about the pool.");
	for (size_t i = 0; i < pool->nsources; i++)
		print_labelled("pool_source_info", "source", pool->sources[i], 1);
}
