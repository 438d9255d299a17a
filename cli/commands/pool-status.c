// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab pool-status: capacity and use of the pool, and what still fits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/pool-parts.h"
#include "doctor/doctor.h"
#include "lib/text.h"
#include "pool/probe.h"

/* Columns in addition to POOL_FACTS. */
#define STATUS_COLUMNS(F) \
	F(state, "STATE", TEXT, "\"ready\", \"failed\", \"absent\" or \"unknown\"") \
	F(condition, "CONDITION", TEXT, "\"ok\", \"full\", \"fragmented\", or as STATE") \
	F(module_loaded, "MODULE", FLAG, "whether kvm_hv is loaded") \
	F(kernel_patched, "PATCHED", FLAG, \
	  "whether the kernel has the kvm-htab modules or series") \
	F(platform, "PLATFORM", TEXT, "\"PowerNV\", \"pSeries\" or \"other\"") \
	F(approximate, "APPROX", FLAG, "whether sizes are approximate") \
	F(sources, "SOURCES", LIST, "sources of the information")

/* The row, and the other results of a call. */
struct status {
	STATUS_COLUMNS(COLUMN_MEMBER)
	struct pool pool;
	char *advice; /* owned; NULL: none */
	char *obstacle; /* why no guest can use the pool; owned; NULL: they can, as far as known */
	struct vm_list users;
	struct pool_map map;
};

#define STATUS_COLUMN(...) COLUMN_OF(struct status, __VA_ARGS__),
#define FACT_COLUMN(name, directory, heading, kind, metric, help) \
	{ heading, #name, help, COLUMN_##kind, offsetof(struct status, pool.name) },

static const struct column columns[] = { STATUS_COLUMNS(STATUS_COLUMN) POOL_FACTS(FACT_COLUMN) };

_Static_assert(COUNT_OF(columns) <= COLUMNS_MAX, "a layout holds all columns");

/* Number of guests of common sizes that fit. */
#define GUEST_COLUMNS(F) \
	F(ram_bytes, "GUEST RAM", BYTES, "") \
	F(order, "ORDER", NUMBER, "") \
	F(table_bytes, "SIZE", BYTES, "") \
	F(fits, "FITS", NUMBER, "")

struct guest {
	GUEST_COLUMNS(COLUMN_MEMBER)
};

#define GUEST_COLUMN(...) COLUMN_OF(struct guest, __VA_ARGS__),

static const struct column guest_columns[] = { GUEST_COLUMNS(GUEST_COLUMN) };

#define NGUESTS 10 /* 2 GiB to 1 TiB */

static const struct argp_option own_options[] = {
	{ "map", OPT_MAP, NULL, 0, "Also draw a map of the pool; requires root", 0 },
	{ "format", OPT_FORMAT, "FORMAT", 0,
	  "Print metrics for node_exporter's textfile collector (FORMAT: prometheus); always "
	  "exits with status 0",
	  0 },
	{ "load", OPT_LOAD, NULL, 0,
	  "With --format: also how full the table of each VM is, for which the kernel reads a "
	  "sample of it",
	  0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	if (options->load && !options->metrics)
		argp_error(state, "--load requires --format=prometheus; `kvm-htab list -o +LOAD` "
				  "prints a table");
}

/* In a child process. */
static int probe_work(void *pool, struct error *err)
{
	_cleanup_(probe_close) struct probe probe;

	return probe_open(&probe, err) ?: probe_pool(&probe, pool, err);
}

/* An error is that of the call, and does not stop the rest. */
static void find_out_by_trying(struct call *call, struct pool *pool)
{
	int r = probe_in_child(call->options.timeout_ms, probe_work, pool, sizeof(*pool),
			       &call->err);

	if (!r || pool_fits(pool, HPT_ORDER_MAX)->known)
		pool_add_source(pool, "/dev/kvm");
}

/*
 * Whether a guest with a hashed page table can start here, as `kvm-htab doctor` judges. What only
 * the collector of metrics may not do, VMMs may.
 */
static bool can_run_guests(const struct call *call)
{
	bool can = !call->err.status && !call->fault.status;
	struct item items[DOCTOR_ITEMS] = { 0 };

	doctor_examine(&call->fs, &call->host, true, items);
	for (size_t i = 0; i < DOCTOR_ITEMS; i++) {
		can &= items[i].state != ITEM_FAILED || items[i].of_user;
		item_clear(&items[i]);
	}
	return can;
}

static void print_metrics(struct call *call)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	struct status *status = call->data;
	bool available = can_run_guests(call);

	if (vm_list_read(&call->fs, &call->host, &status->users, &ignored))
		vm_list_clear(&status->users);
	pool_metrics_print(&call->host, &status->pool, &status->users, available);
	if (call->options.load)
		pool_metrics_print_loads(&call->fs, &status->users);
	error_clear(&call->err); /* a metric reports it */
	error_clear(&call->fault);
}

static void fill_row(const struct call *call, struct status *status)
{
	const struct pool *pool = &status->pool;

	status->state = pool_state_name(pool->state);
	status->condition = pool_condition_name(pool_condition(pool));
	status->module_loaded = fact_of(call->host.module_loaded);
	status->kernel_patched = fact_of(call->host.patched);
	status->platform = host_platform_name(call->host.platform);
	status->approximate = fact_of(pool_is_approximate(pool));
	status->sources = pool->sources;
}

/* The short forms, which must be fast, omit the users. */
static bool shows_users(const struct output_options *output)
{
	return !output->quiet && !output->raw && !output->columns && !output->all;
}

static char *find_obstacle(const struct call *call)
{
	struct item item = { 0 };
	char *text;

	if (!doctor_obstacle(&call->fs, &call->host, &item))
		return NULL;
	text = item_obstacle_text(&item);
	item_clear(&item);
	return text;
}

/* What is free may not be had: that comes before what is not known, unless a trial has shown what fits. */
static char *advice_of(const struct call *call, const struct pool *pool)
{
	_cleanup_(advice_clear) struct advice busy = { 0 };
	enum pool_condition condition = pool_condition(pool);

	if (call->options.probe || !pool_is_doubtful(pool) ||
	    (condition != CONDITION_OK && condition != CONDITION_UNKNOWN))
		return pool_advice_text(pool);
	busy = pool_advice_busy(pool);
	return advice_text(&busy);
}

static void run(struct call *call)
{
	struct status *status = call->data;
	struct pool *pool = &status->pool;
	bool powernv = call->host.platform == HOST_POWERNV && !call->host.no_hv;

	pool->map = call->options.map ? &status->map : NULL;
	if (!host_check(&call->host, &call->err) && call->options.probe)
		find_out_by_trying(call, pool);
	if (powernv) {
		pool_read(&call->fs, pool);
		status->advice = advice_of(call, pool);
		status->obstacle = find_obstacle(call);
		if (pool->map && pool_may_exist(pool) && !call->err.status)
			(void)!pool_map_check(pool->map, &call->err);
	}
	fill_row(call, status);
	if (call->options.metrics) {
		print_metrics(call);
		return;
	}
	if (powernv && shows_users(&call->options.output))
		pool_users_read(call, &status->users);
	call->rows = status;
	call->nresults = 1;
	call->nrows = powernv; /* other hosts have nothing to show */
	call_note(call, NULL, status->obstacle);
	call_note(call, NULL, status->advice);
	call_note(call, NULL, status->users.advice);
}

static void clear(void *data)
{
	struct status *status = data;

	free(status->advice);
	free(status->obstacle);
	vm_list_clear(&status->users);
	pool_map_clear(&status->map);
	pool_clear(&status->pool);
}

static void read_guests(const struct pool *pool, struct guest guests[static NGUESTS])
{
	for (unsigned int i = 0; i < NGUESTS; i++) {
		uint64_t ram_bytes = UINT64_C(2) << (30 + i);
		unsigned int order = hpt_order_of_ram(ram_bytes);

		guests[i].ram_bytes = fact_of(ram_bytes);
		guests[i].order = fact_of(order);
		guests[i].table_bytes = fact_of(hpt_bytes(order));
		guests[i].fits = *pool_fits(pool, order);
	}
}

/* The names are static because json_add() borrows them. snprintf() would be slower. */
static struct json_object *json_fits(const struct pool *pool)
{
	static char names[HPT_ORDERS][sizeof("46")];
	struct json_object *object = json_new_object();

	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		char *name = names[order - HPT_ORDER_MIN];

		name[0] = (char)('0' + order / 10);
		name[1] = (char)('0' + order % 10);
		json_add(object, name, json_fact(pool_fits(pool, order)));
	}
	return object;
}

static struct json_object *json_guests(const struct pool *pool)
{
	_cleanup_(error_clear) struct error err = { 0 };
	struct guest guests[NGUESTS];
	struct layout layout;

	read_guests(pool, guests);
	if (layout_init(&layout, guest_columns, COUNT_OF(guest_columns), NULL, &err))
		return NULL;
	return call_json_rows(&layout, guests, sizeof(guests[0]), NGUESTS);
}

static void add_to_result(const struct call *call, size_t i, struct json_object *object)
{
	const struct status *status = call->data;

	(void)i;
	json_add(object, "fits", json_fits(&status->pool));
	json_add(object, "guests", json_guests(&status->pool));
	pool_users_add_json(&status->users, object);
	if (status->pool.map)
		json_add(object, "map", pool_map_json(&status->map));
	json_add(object, "advice", json_new_string(status->advice));
	json_add(object, "obstacle", json_new_string(status->obstacle));
}

/* Prints one line of the summary: a size, marked if it is approximate, and a @remark. */
static void print_size(const struct call *call, const char *name, const struct fact *fact,
		       const char *remark)
{
	char text[CELL_MAX];

	printf("%-15s %s%s%s\n", name, fact_mark(fact),
	       fact_text(fact, COLUMN_BYTES, call->options.output.bytes, text), remark);
}

static void print_largest(const struct pool *pool)
{
	char table[BYTES_TEXT_MAX], ram[BYTES_TEXT_MAX];
	unsigned int order = (unsigned int)pool->largest_free_order.value;

	if (!pool->largest_free_order.known)
		puts("Largest order   -");
	else if (order < HPT_ORDER_MIN || order > HPT_ORDER_MAX)
		puts("Largest order   none");
	else
		printf("Largest order   %u (%s, for a guest of up to %s)\n", order,
		       bytes_format(hpt_bytes(order), table),
		       bytes_format(hpt_bytes(order + 7), ram));
}

/* Prints statistics of moved tables, if any were moved. */
static void print_moves(const struct call *call, const struct pool *pool)
{
	char bytes[CELL_MAX];

	if (!pool->moves.value)
		return;
	printf("Moved           %" PRIu64 " %s to make room (%s); longest pause %" PRIu64
	       ".%" PRIu64 " ms\n",
	       pool->moves.value, tables_word(pool->moves.value),
	       fact_text(&pool->moved_bytes, COLUMN_BYTES, call->options.output.bytes, bytes),
	       pool->longest_stop_us.value / 1000, pool->longest_stop_us.value / 100 % 10);
}

static void print_summary(const struct call *call, const struct status *status)
{
	const struct pool *pool = &status->pool;
	enum pool_condition condition = pool_condition(pool);
	bool ready = pool->state == POOL_READY && condition != CONDITION_UNKNOWN;
	char failures[CELL_MAX], fallbacks[CELL_MAX], remark[48] = "";

	printf("Pool            %s%s%s\n", status->state, ready ? ", " : "",
	       ready ? status->condition : "");
	if (condition == CONDITION_FRAGMENTED)
		snprintf(remark, sizeof(remark), " (order %u if it were in one piece)",
			 log2_floor(pool->free_bytes.value));
	print_size(call, "Total", &pool->total_bytes, "");
	print_size(call, "Used", &pool->used_bytes, "");
	print_size(call, "Free", &pool->free_bytes, remark);
	print_largest(pool);
	printf("Orders          %" PRIu64 " to %" PRIu64 ", default %" PRIu64,
	       pool->order_min.value, pool->order_max.value, pool->order_default.value);
	if (pool->order_max_pages.known)
		printf("; page allocator up to %" PRIu64, pool->order_max_pages.value);
	printf("\nModule kvm_hv   %s\n", call->host.module_loaded ? "loaded" : "not loaded");
	printf("Kernel          %s\n", pool->series	  ? "series" :
				       call->host.patched ? "modules" :
							    "stock");
	printf("Failures        %s; tables smaller than requested: %s\n",
	       fact_text(&pool->failures, COLUMN_NUMBER, true, failures),
	       fact_text(&pool->fallbacks, COLUMN_NUMBER, true, fallbacks));
	print_moves(call, pool);
	printf("Source          %s\n\n", status->sources ?: "-");
}

static int print(const struct call *call)
{
	static const struct table table = { guest_columns, COUNT_OF(guest_columns), NULL,
					    sizeof(struct guest) };
	const struct status *status = call->data;
	struct guest guests[NGUESTS];

	print_summary(call, status);
	read_guests(&status->pool, guests);
	if (call_print_table(call, &table, guests, NGUESTS) ||
	    pool_users_print(call, &status->users))
		return -ENOMEM;
	if (status->map.n)
		pool_map_print(&status->map, &status->users);
	return 0;
}

const struct command pool_status_command = {
	.name = "pool-status",
	.summary = "show how much room for tables is left",
	.doc = "Show the pool that large hashed page tables come from: its size, free space, the "
	       "largest table that fits, and how many guests of each size fit. Approximate values "
	       "are marked with \"~\". Values that this kernel does not report are shown as \"-\".",
	.options = own_options,
	.groups = OPTIONS_PROBE | OPTIONS_WATCH,
	.check = check,
	.columns = columns,
	.ncolumns = COUNT_OF(columns),
	.defaults = "STATE,CONDITION,TOTAL,USED,FREE,LARGEST,APPROX,SOURCES",
	.row_bytes = sizeof(struct status),
	.data_bytes = sizeof(struct status),
	.run = run,
	.clear = clear,
	.print = print,
	.add_to_result = add_to_result,
};
