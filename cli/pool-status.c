// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab pool-status: capacity, free, what still fits, and what to do about it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "messages.h"
#include "options.h"
#include "pool-facts.h"
#include "pool-map.h"
#include "pool-metrics.h"
#include "pool-users.h"
#include "probe.h"

enum {
	COL_STATE,
	COL_CONDITION,
	COL_TOTAL,
	COL_USED,
	COL_FREE,
	COL_LARGEST,
	COL_GRANULE,
	COL_MIN,
	COL_MAX,
	COL_DEFAULT,
	COL_MAX_PAGES,
	COL_MODULE,
	COL_PATCHED,
	COL_PLATFORM,
	COL_APPROXIMATE,
	COL_SOURCES,
	COL_FROM_POOL,
	COL_FROM_PAGES,
	COL_IN_PLACE,
	COL_FALLBACKS,
	COL_FAILURES,
	COL_RESETS,
	COL_MOVES,
	COL_MOVED,
	COL_LONGEST_MOVE,
	NCOLUMNS
};

static const struct column columns[] = {
	[COL_STATE] = { "STATE", "state", "\"ready\", \"failed\", \"absent\" or \"unknown\"" },
	[COL_CONDITION] = { "CONDITION", "condition",
			    "\"ok\", \"full\", \"fragmented\", or as STATE" },
	[COL_TOTAL] = { "TOTAL", "total_bytes", "size of the pool", true },
	[COL_USED] = { "USED", "used_bytes", "taken by tables", true },
	[COL_FREE] = { "FREE", "free_bytes", "allocatable now", true },
	[COL_LARGEST] = { "LARGEST", "largest_free_order", "largest order that fits; 0: none",
			  true },
	[COL_GRANULE] = { "GRANULE", "granule_bytes", "what the pool is divided into", true },
	[COL_MIN] = { "MIN", "order_min", "smallest order of a table", true },
	[COL_MAX] = { "MAX", "order_max", "largest order of a table", true },
	[COL_DEFAULT] = { "DEFAULT", "order_default", "order if nobody asks for one", true },
	[COL_MAX_PAGES] = { "PAGES", "order_max_pages", "largest from the page allocator", true },
	[COL_MODULE] = { "MODULE", "module_loaded", "whether kvm_hv is present" },
	[COL_PATCHED] = { "PATCHED", "kernel_patched", "whether the kernel has the series" },
	[COL_PLATFORM] = { "PLATFORM", "platform", "\"PowerNV\", \"pSeries\" or \"other\"" },
	[COL_APPROXIMATE] = { "APPROX", "approximate", "whether sizes are approximate" },
	[COL_SOURCES] = { "SOURCES", "sources", "what was read" },
	[COL_FROM_POOL] = { "FROM-POOL", "from_pool", "tables made in the pool so far", true },
	[COL_FROM_PAGES] = { "FROM-PAGES", "from_pages", "by the page allocator", true },
	[COL_IN_PLACE] = { "IN-PLACE", "in_place", "in the place of the old table", true },
	[COL_FALLBACKS] = { "FALLBACKS", "fallbacks", "smaller than was asked for", true },
	[COL_FAILURES] = { "FAILURES", "failures", "requests without room for a table", true },
	[COL_RESETS] = { "RESETS", "resets", "requests that emptied a table", true },
	[COL_MOVES] = { "MOVES", "moves", "tables moved to make room for others", true },
	[COL_MOVED] = { "MOVED", "moved_bytes", "what was copied for that", true },
	[COL_LONGEST_MOVE] = { "LONGEST-MOVE", "longest_move_us",
			       "microseconds for which a move held up a VM at most", true },
};

_Static_assert(NCOLUMNS <= COLUMNS_MAX, "a layout holds all columns");

/* RAM of guests as people order them, in GiB. */
static const unsigned int guests_gib[] = { 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024 };

#define NGUESTS (sizeof(guests_gib) / sizeof(guests_gib[0]))

struct pool_status_call {
	struct common_options common;
	bool probe;
	bool metrics;
	bool map;
};

/* What one call has learnt. */
struct report {
	struct host host;
	struct pool pool;
	char sources[128]; /* joined with commas */
	char *advice; /* NULL: none needed */
	struct vm_list users;
	struct pool_map map;
	struct value row[NCOLUMNS];
	struct error err;
};

static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return options_help_columns(key, text, columns, NCOLUMNS);
}

static const struct argp_option own_options[] = {
	{ "probe", OPT_PROBE, NULL, 0,
	  "Find out by trying: takes all of the pool for a moment, and some lines of the kernel log",
	  0 },
	{ "map", OPT_MAP, NULL, 0, "Draw what is where in the pool, too; for root", 0 },
	{ "format", OPT_FORMAT, "FORMAT", 0,
	  "\"prometheus\": metrics for node_exporter's textfile collector; exits 0 always", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct pool_status_call *call = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &call->common;
		return 0;
	case OPT_PROBE:
		call->probe = true;
		break;
	case OPT_MAP:
		call->map = true;
		break;
	case OPT_FORMAT:
		if (strcmp(arg, "prometheus"))
			options_fail(state, MSG_BAD_FORMAT, arg);
		call->metrics = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	options_note(state, &call->common, key);
	return 0;
}

static const struct argp argp = {
	.options = own_options,
	.parser = parse,
	.doc = "Show the pool that large hashed page tables come from: capacity, free, the largest "
	       "table and how many guests of which size still fit. \"~\" marks what is approximate, "
	       "\"-\" what this kernel does not tell."
	       "\vColumns",
	.children = options_common_children,
	.help_filter = help_filter,
};

static void fill_row(struct report *report)
{
	const struct pool *pool = &report->pool;
	struct value *row = report->row;

	row[COL_STATE] = value_string(pool_state_name(pool->state));
	row[COL_CONDITION] = value_string(pool_condition_name(pool_condition(pool)));
	row[COL_TOTAL] = fact_bytes(&pool->total_bytes);
	row[COL_USED] = fact_bytes(&pool->used_bytes);
	row[COL_FREE] = fact_bytes(&pool->free_bytes);
	row[COL_LARGEST] = fact_number(&pool->largest_order);
	row[COL_GRANULE] = fact_bytes(&pool->granule_bytes);
	row[COL_MIN] = fact_number(&pool->order_min);
	row[COL_MAX] = fact_number(&pool->order_max);
	row[COL_DEFAULT] = fact_number(&pool->order_default);
	row[COL_MAX_PAGES] = fact_number(&pool->order_max_pages);
	row[COL_MODULE] = value_bool(report->host.module_loaded);
	row[COL_PATCHED] = value_bool(report->host.patched);
	row[COL_PLATFORM] = value_string(host_platform_name(report->host.platform));
	row[COL_APPROXIMATE] = value_bool(pool->total_bytes.approximate ||
					  pool->used_bytes.approximate ||
					  pool->free_bytes.approximate);
	row[COL_SOURCES] = value_string(*report->sources ? report->sources : NULL);
	row[COL_FROM_POOL] = fact_number(&pool->from_pool);
	row[COL_FROM_PAGES] = fact_number(&pool->from_pages);
	row[COL_IN_PLACE] = fact_number(&pool->in_place);
	row[COL_FALLBACKS] = fact_number(&pool->fallbacks);
	row[COL_FAILURES] = fact_number(&pool->failures);
	row[COL_RESETS] = fact_number(&pool->resets);
	row[COL_MOVES] = fact_number(&pool->moves);
	row[COL_MOVED] = fact_bytes(&pool->moved_bytes);
	row[COL_LONGEST_MOVE] = fact_number(&pool->longest_move_us);
}

static void join_sources(struct report *report)
{
	size_t used = 0;

	for (size_t i = 0; i < report->pool.nsources; i++)
		used += (size_t)snprintf(report->sources + used, sizeof(report->sources) - used,
					 "%s%s", i ? "," : "", report->pool.sources[i]);
}

/* Errors are in report->err. */
static void find_out_by_trying(struct report *report)
{
	_cleanup_(probe_close) struct probe probe;
	int r = probe_open(&probe, &report->err);

	if (!r)
		r = probe_pool(&probe, &report->pool, &report->err);
	(void)r;
}

static void gather_pool(const struct sysfs *fs, struct report *report)
{
	struct error err = { 0 };

	pool_read(fs, &report->pool);
	join_sources(report);
	report->advice = pool_advice(&report->pool);
	if (!report->pool.map || !pool_may_exist(&report->pool) ||
	    !pool_map_check(&report->map, &err))
		return;
	if (report->err.status)
		error_clear(&err); /* that there are no tables at all is the better reason */
	else
		report->err = err;
}

static void gather(const struct sysfs *fs, const struct pool_status_call *call,
		   struct report *report)
{
	report->pool.map = call->map ? &report->map : NULL;
	host_probe(fs, &report->host);
	if (!host_check(&report->host, &report->err) && call->probe)
		find_out_by_trying(report); /* what was learnt before it failed is shown */
	if (report->host.platform == HOST_POWERNV)
		gather_pool(fs, report);
	fill_row(report);
}

/* Keys stay where they are: json_add() borrows them. Two digits each, for which snprintf() would be much. */
static struct json_object *json_fits(const struct pool *pool)
{
	static char names[HPT_ORDERS][sizeof("46")];
	struct json_object *object = json_new_object();

	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		char *name = names[order - HPT_ORDER_MIN];

		name[0] = (char)('0' + order / 10);
		name[1] = (char)('0' + order % 10);
		json_add(object, name, fact_json(pool_fits(pool, order)));
	}
	return object;
}

static struct json_object *json_guests(const struct pool *pool)
{
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < NGUESTS; i++) {
		uint64_t ram_bytes = (uint64_t)guests_gib[i] << 30;
		unsigned int order = hpt_order_of_ram(ram_bytes);
		struct json_object *object = json_new_object();

		json_add(object, "ram_bytes", json_new_number(ram_bytes));
		json_add(object, "order", json_new_number(order));
		json_add(object, "table_bytes", json_new_number(hpt_bytes(order)));
		json_add(object, "fits", fact_json(pool_fits(pool, order)));
		json_append(array, object);
	}
	return array;
}

static struct json_object *json_sources(const struct pool *pool)
{
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < pool->nsources; i++)
		json_append(array, json_new_string(pool->sources[i]));
	return array;
}

static void print_json(const struct report *report, const struct layout *layout, bool complete)
{
	struct json_object *document;
	struct json_object *object = json_new_object();
	struct json_object *results = json_new_array();

	json_add(object, "version", json_new_number(JSON_VERSION));
	json_add(object, "command", json_new_string("pool-status"));
	output_json_row(object, layout, report->row);
	if (json_has(object, columns[COL_SOURCES].json))
		json_add(object, columns[COL_SOURCES].json, json_sources(&report->pool));
	if (complete) {
		json_add(object, "fits", json_fits(&report->pool));
		json_add(object, "guests", json_guests(&report->pool));
		pool_users_add_json(object, &report->users);
		if (report->pool.map)
			json_add(object, "map", pool_map_json(&report->map));
		json_add(object, "advice", json_new_string(report->advice));
		json_add(object, "exit_status", json_new_number(report->err.status));
		json_add(object, "error", json_error(&report->err));
	}
	json_append(results, object);
	document = json_document("pool-status", report->err.status, results);
	output_json(document);
}

/* One line of the summary; @mark is put before the value. */
static void print_fact(const char *name, const char *mark, const struct value *value,
		       bool plain_bytes)
{
	char text[32];

	printf("%-15s %s%s\n", name, mark, value_format(value, plain_bytes, text, sizeof(text)));
}

static void print_largest(const struct pool *pool)
{
	char table[BYTES_TEXT_MAX], ram[BYTES_TEXT_MAX];
	unsigned int order = (unsigned int)pool->largest_order.value;

	if (!pool->largest_order.known)
		puts("Largest order   -");
	else if (order < HPT_ORDER_MIN || order > HPT_ORDER_MAX)
		puts("Largest order   none");
	else
		printf("Largest order   %u (%s, for a guest of up to %s)\n", order,
		       bytes_format(hpt_bytes(order), table),
		       bytes_format(hpt_bytes(order + 7), ram));
}

static void print_failures(const struct value *row)
{
	char failures[32], fallbacks[32];

	printf("Failures        %s, smaller tables than wanted: %s\n",
	       value_format(&row[COL_FAILURES], true, failures, sizeof(failures)),
	       value_format(&row[COL_FALLBACKS], true, fallbacks, sizeof(fallbacks)));
}

/* Of tables that were moved, if any were. */
static void print_moves(const struct report *report, bool plain_bytes)
{
	const struct pool *pool = &report->pool;
	char bytes[32];

	if (!pool->moves.value)
		return;
	printf("Moved           %" PRIu64 " %s to make room (%s), in at most %" PRIu64 ".%" PRIu64
	       " ms each\n",
	       pool->moves.value, tables_word(pool->moves.value),
	       value_format(&report->row[COL_MOVED], plain_bytes, bytes, sizeof(bytes)),
	       pool->longest_move_us.value / 1000, pool->longest_move_us.value / 100 % 10);
}

/* What is free, and what that is good for if it is in pieces. */
static void print_free(const struct report *report, bool plain_bytes)
{
	const struct pool *pool = &report->pool;
	char text[32];

	printf("Free            %s%s", pool->free_bytes.approximate ? "~" : "",
	       value_format(&report->row[COL_FREE], plain_bytes, text, sizeof(text)));
	if (pool_condition(pool) == CONDITION_FRAGMENTED)
		printf(", in one piece enough for order %u", log2_floor(pool->free_bytes.value));
	putchar('\n');
}

static void print_summary(const struct report *report, bool plain_bytes)
{
	const struct pool *pool = &report->pool;
	const struct value *row = report->row;

	printf("Pool            %s", pool_state_name(pool->state));
	if (pool->state == POOL_READY && pool_condition(pool) != CONDITION_UNKNOWN)
		printf(", %s", pool_condition_name(pool_condition(pool)));
	putchar('\n');
	print_fact("Total", pool->total_bytes.approximate ? "~" : "", &row[COL_TOTAL], plain_bytes);
	print_fact("Used", pool->used_bytes.approximate ? "~" : "", &row[COL_USED], plain_bytes);
	print_free(report, plain_bytes);
	print_largest(pool);
	printf("Orders          %" PRIu64 " to %" PRIu64 ", %" PRIu64 " by default",
	       pool->order_min.value, pool->order_max.value, pool->order_default.value);
	if (pool->order_max_pages.known)
		printf(", up to %" PRIu64 " from the page allocator, too",
		       pool->order_max_pages.value);
	putchar('\n');
	printf("Module kvm_hv   %s\n", report->host.module_loaded ? "present" : "not loaded");
	printf("kvm-htab series %s\n", report->host.patched ? "present" : "not in this kernel");
	print_failures(row);
	print_moves(report, plain_bytes);
	print_fact("Source", "", &row[COL_SOURCES], false);
	putchar('\n');
}

static int print_guests(const struct pool *pool, const struct output_options *options)
{
	static const struct column guest_columns[] = {
		{ .name = "GUEST RAM", .right = true },
		{ .name = "ORDER", .right = true },
		{ .name = "TABLE", .right = true },
		{ .name = "FITS", .right = true },
	};
	const struct layout layout = {
		.columns = guest_columns,
		.ncolumns = 4,
		.selected = { 0, 1, 2, 3 },
		.nselected = 4,
	};
	struct value rows[NGUESTS][4];

	for (size_t i = 0; i < NGUESTS; i++) {
		uint64_t ram_bytes = (uint64_t)guests_gib[i] << 30;
		unsigned int order = hpt_order_of_ram(ram_bytes);

		rows[i][0] = value_bytes(ram_bytes);
		rows[i][1] = value_number(order);
		rows[i][2] = value_bytes(hpt_bytes(order));
		rows[i][3] = fact_number(pool_fits(pool, order));
	}
	return output_table(&layout, rows[0], NGUESTS, options);
}

static int print_tables(const struct report *report, const struct layout *layout,
			const struct output_options *options)
{
	if (report->host.platform != HOST_POWERNV)
		return 0; /* there is nothing to show */
	if (options->raw || options->columns)
		return output_table(layout, report->row, 1, options);
	print_summary(report, options->bytes);
	if (print_guests(&report->pool, options) || pool_users_print(&report->users, options))
		return -ENOMEM;
	if (report->map.n)
		pool_map_print(&report->map, &report->users);
	return 0;
}

static enum exit_status print(const struct report *report, const struct layout *layout,
			      const struct output_options *options)
{
	if (options->json) {
		print_json(report, layout, !options->columns);
	} else if (!options->quiet && print_tables(report, layout, options)) {
		complain(NULL, strerror(ENOMEM));
		return STATUS_FAILED;
	}
	if (report->err.status)
		complain(NULL, report->err.message);
	if (report->advice && !options->quiet && !options->json) {
		flush_stdout(); /* the advice refers to what stands above it */
		complain(NULL, report->advice);
	}
	if (report->users.advice && !options->quiet && !options->json) {
		flush_stdout();
		complain(NULL, report->users.advice);
	}
	return report->err.status;
}

/* Not in the short forms, which are for scripts and fast. */
static bool shows_users(const struct output_options *options, const struct report *report)
{
	return report->host.platform == HOST_POWERNV && !options->quiet && !options->raw &&
	       !options->columns;
}

static void report_clear(struct report *report)
{
	free(report->advice);
	vm_list_clear(&report->users);
	pool_map_clear(&report->map);
	error_clear(&report->err);
}

int command_pool_status(int argc, char **argv)
{
	_cleanup_(report_clear) struct report report = { 0 };
	struct pool_status_call call = { 0 };
	enum exit_status status;
	struct layout layout;
	struct sysfs fs;

	options_parse(&argp, argc, argv, 0, &call);
	status = options_apply(&call.common, columns, NCOLUMNS,
			       "STATE,CONDITION,TOTAL,USED,FREE,LARGEST,APPROX,SOURCES", &layout,
			       &fs);
	if (status)
		return status;
	gather(&fs, &call, &report);
	if (!call.metrics && shows_users(&call.common.output, &report))
		pool_users_read(&fs, &report.host, &report.users);
	sysfs_close(&fs);
	if (call.metrics) {
		pool_metrics_print(&report.host, &report.pool, !report.err.status);
		return STATUS_DONE;
	}
	return print(&report, &layout, &call.common.output);
}
