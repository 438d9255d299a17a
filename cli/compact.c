// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab compact: has the kernel move tables so that there is room for a larger one. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "commands.h"
#include "messages.h"
#include "options.h"
#include "plan.h"
#include "pool-facts.h"
#include "vm-list.h"

enum {
	COL_ID,
	COL_ORDER,
	COL_SIZE,
	COL_FROM,
	COL_TO,
	COL_PAUSE,
	COL_PID,
	COL_VMM,
	COL_DOMAIN,
	NCOLUMNS
};

static const struct column columns[] = {
	[COL_ID] = { "ID", "id", "the kernel's number of the VM whose table moves", true },
	[COL_ORDER] = { "ORDER", "order", "order of its table", true },
	[COL_SIZE] = { "SIZE", "table_bytes", "size of its table", true },
	[COL_FROM] = { "FROM", "from_bytes", "where it is, from the start of the pool", true },
	[COL_TO] = { "TO", "to_bytes", "where it goes", true },
	[COL_PAUSE] = { "PAUSE", "pause_ms",
			"how long its vCPUs are held up for that, about, in milliseconds", true },
	[COL_PID] = { "PID", "pid", "process that made the VM", true },
	[COL_VMM] = { "VMM", "vmm", "command of that process" },
	[COL_DOMAIN] = { "DOMAIN", "domain", "libvirt's name of the VM" },
};

_Static_assert(NCOLUMNS <= COLUMNS_MAX, "a layout holds all columns");

struct compact_call {
	struct common_options common;
	unsigned int order; /* 0: the largest that can be had */
	bool dry_run;
};

struct report {
	unsigned int order;
	struct plan plan;
	struct vm_list vms;
	uint64_t copy_bytes_per_ms; /* 0: not measured */
	struct fact largest_before, largest_after;
	const char *result; /* "moved", "would-move", "nothing-to-do" or "failed" */
	bool moved;
	struct error err;
};

static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return options_help_columns(key, text, columns, NCOLUMNS);
}

static const struct argp_option options[] = {
	{ "order", OPT_ORDER, "N", 0,
	  "Make room for a table of this order: 18 (256K) to 46 (64T); default: the largest that "
	  "can be had",
	  0 },
	{ "ram", OPT_RAM, "SIZE", 0, "The same for that of a guest with so much RAM", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Show what would be moved", 0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct compact_call *call)
{
	if (call->common.sysroot && !call->dry_run)
		argp_error(state, MSG_COMPACT_TREE);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct compact_call *call = state->input;
	struct error err = { 0 };
	uint64_t ram_bytes;
	int r = 0;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &call->common;
		return 0;
	case ARGP_KEY_END:
		check(state, call);
		return 0;
	case OPT_ORDER:
		r = hpt_order_parse(arg, &call->order, &err);
		break;
	case OPT_RAM:
		r = bytes_parse(arg, &ram_bytes, &err);
		if (!r)
			call->order = hpt_order_of_ram(ram_bytes);
		break;
	case OPT_DRY_RUN:
		call->dry_run = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (r)
		options_fail(state, "%s", err.message);
	options_note(state, &call->common, key);
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Move hashed page tables within the pool so that there is room in one piece for a larger "
	       "one. The kernel does so by itself when a request needs it; this does it ahead of time. "
	       "Guests go on without noticing, but for a pause while theirs is copied."
	       "\vColumns",
	.children = options_common_children,
	.help_filter = help_filter,
};

/* For a table that is larger than caches are, and is not in them. */
#define COPY_BYTES ((size_t)32 << 20)
#define COPY_ROUNDS 5

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What this host copies in a millisecond, about; @from and @to have COPY_BYTES each. 0: not measured. */
static uint64_t copy_speed(const char *from, char *to)
{
	int64_t times[COPY_ROUNDS], ns;

	for (size_t i = 0; i < COPY_ROUNDS; i++) {
		int64_t start = clock_ns();

		memcpy(to, from, COPY_BYTES);
		__asm__ volatile("" : : "r"(to) : "memory"); /* as if it were read */
		times[i] = clock_ns() - start;
	}
	/* the one in the middle: others may have been interrupted */
	qsort(times, COPY_ROUNDS, sizeof(times[0]), compare_times);
	ns = times[COPY_ROUNDS / 2];
	return ns > 0 ? (uint64_t)COPY_BYTES * 1000000 / (uint64_t)ns : 0;
}

static uint64_t measure_copy(void)
{
	/* the names in brackets are those of the C library: a lack of memory is no fault here */
	_cleanup_free_ char *from = (malloc)(COPY_BYTES), *to = (malloc)(COPY_BYTES);

	if (!from || !to)
		return 0;
	memset(from, 1, COPY_BYTES);
	memset(to, 2, COPY_BYTES);
	return copy_speed(from, to);
}

/* Whether there could be a plan for @order if the kernel were not told to leave tables where they are. */
static bool forbidden(const struct pool *pool, unsigned int order)
{
	return pool->moving == MOVING_NEVER && pool->free_bytes.known &&
	       pool->free_bytes.value >= hpt_bytes(order);
}

static int plan_for(const struct sysfs *fs, const struct pool *pool, struct report *report)
{
	char table[BYTES_TEXT_MAX];
	int r;

	error_clear(&report->err);
	r = plan_read(fs, report->order, &report->plan, &report->err);
	if (report->err.status == STATUS_NO && forbidden(pool, report->order))
		return error_set(&report->err, STATUS_NO, EPERM, MSG_MOVE_NEVER, report->order,
				 bytes_format(hpt_bytes(report->order), table));
	return r;
}

/* The largest order there can be room for, as far as this tells; less than HPT_ORDER_MIN: none. */
static unsigned int largest_order(const struct pool *pool)
{
	unsigned int order = pool->free_bytes.known ? log2_floor(pool->free_bytes.value | 1) :
						      HPT_ORDER_MAX;

	return order < HPT_ORDER_MAX ? order : HPT_ORDER_MAX;
}

/* The plan for @report->order, or for the largest order there is one for. */
static int choose(const struct sysfs *fs, const struct pool *pool, struct report *report)
{
	int r;

	if (report->order)
		return plan_for(fs, pool, report);
	r = error_set(&report->err, STATUS_NO, ENOMEM, MSG_NOTHING_FREE);
	for (unsigned int order = largest_order(pool); order >= HPT_ORDER_MIN; order--) {
		report->order = order;
		r = plan_for(fs, pool, report);
		if (r != -ENOMEM || report->err.status != STATUS_NO)
			break;
	}
	return r;
}

/* Whether there can be tables, a kernel that moves them, and a pool in which it does. */
static int read_host(const struct sysfs *fs, struct host *host, struct pool *pool,
		     struct error *err)
{
	_cleanup_free_ char *advice = NULL;
	int r;

	host_probe(fs, host);
	r = host_check(host, err);
	if (!r && !host->module_loaded)
		r = error_set(err, STATUS_CANNOT, ENODEV, MSG_NO_MODULE);
	if (!r)
		r = plan_check(fs, err);
	if (r)
		return r;
	pool_read(fs, pool);
	if (pool_may_exist(pool))
		return 0;
	advice = pool_advice(pool);
	return error_set(err, STATUS_NO, ENOMEM, "%s", advice ?: strerror(ENOMEM));
}

static int carry_out(const struct sysfs *fs, struct report *report)
{
	struct pool pool = { 0 };
	int r = plan_carry_out(fs, report->order, &report->err);

	pool_read(fs, &pool);
	report->largest_after = pool.largest_order;
	return r;
}

static int gather(const struct sysfs *fs, bool dry_run, bool pauses, struct report *report)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	struct pool pool = { 0 };
	struct host host;
	int r = read_host(fs, &host, &pool, &report->err);

	report->largest_before = report->largest_after = pool.largest_order;
	if (!r)
		r = choose(fs, &pool, report);
	report->result = "nothing-to-do";
	if (r || !report->plan.nmoves)
		return r;

	/* whose tables these are, while they still are where the plan says */
	if (vm_list_read(fs, &host, &report->vms, &ignored))
		vm_list_clear(&report->vms);
	if (pauses && !fs->captured)
		report->copy_bytes_per_ms = measure_copy();
	report->moved = !dry_run;
	report->result = dry_run ? "would-move" : "moved";
	return dry_run ? 0 : carry_out(fs, report);
}

static void fill_row(const struct report *report, const struct plan_move *move, struct value *row)
{
	const struct host_vm *vm = vm_list_find(&report->vms, move->vm);
	uint64_t speed = report->copy_bytes_per_ms;

	row[COL_ID] = value_number_if(move->vm, move->vm);
	row[COL_ORDER] = value_number(log2_floor(move->bytes));
	row[COL_SIZE] = value_bytes(move->bytes);
	row[COL_FROM] = value_bytes(move->from);
	row[COL_TO] = value_bytes(move->to);
	row[COL_PAUSE] = value_number_if(speed, speed ? move->bytes / speed + 1 : 0);
	row[COL_PID] = value_number_if(vm && vm->pid, vm ? (uint64_t)vm->pid : 0);
	row[COL_VMM] = value_string(vm ? vm->command : NULL);
	row[COL_DOMAIN] = value_string(vm ? vm->domain : NULL);
}

static void print_json(const struct report *report, const struct layout *layout, bool complete)
{
	struct json_object *object = json_new_object(), *moves = json_new_array();
	struct json_object *results = json_new_array();

	for (size_t i = 0; i < report->plan.nmoves; i++) {
		struct json_object *move = json_new_object();
		struct value row[NCOLUMNS];

		fill_row(report, &report->plan.moves[i], row);
		output_json_row(move, layout, row);
		json_append(moves, move);
	}
	json_add(object, "version", json_new_number(JSON_VERSION));
	json_add(object, "command", json_new_string("compact"));
	json_add(object, "result", json_new_string(report->result));
	json_add(object, "order", report->order ? json_new_number(report->order) : NULL);
	json_add(object, "moved_bytes", json_new_number(plan_bytes(&report->plan)));
	json_add(object, "moves", moves);
	if (complete) {
		json_add(object, "largest_free_order_before", fact_json(&report->largest_before));
		json_add(object, "largest_free_order", fact_json(&report->largest_after));
		json_add(object, "exit_status", json_new_number(report->err.status));
		json_add(object, "error", json_error(&report->err));
	}
	json_append(results, object);
	output_json(json_document("compact", report->err.status, results));
}

static int print_table(const struct report *report, const struct layout *layout,
		       const struct output_options *output)
{
	size_t n = report->plan.nmoves;
	struct value(*rows)[NCOLUMNS] = calloc(n ?: 1, sizeof(*rows));
	int r = rows ? 0 : -ENOMEM;

	for (size_t i = 0; rows && i < n; i++)
		fill_row(report, &report->plan.moves[i], rows[i]);
	if (!r && n)
		r = output_table(layout, rows[0], n, output);
	free(rows);
	return r;
}

/* In words, what the table is about. */
static void explain(const struct report *report)
{
	char room[BYTES_TEXT_MAX], moved[BYTES_TEXT_MAX];
	size_t n = report->plan.nmoves;

	bytes_format(hpt_bytes(report->order), room);
	bytes_format(plan_bytes(&report->plan), moved);
	if (!n)
		printf(MSG_ROOM_ALREADY "\n", report->order, room);
	else
		printf(report->moved ? "\n" MSG_MOVED "\n" : "\n" MSG_WOULD_MOVE "\n", n,
		       tables_word(n), moved, report->order, room);
}

static enum exit_status print(const struct report *report, const struct layout *layout,
			      const struct output_options *output)
{
	if (output->json) {
		print_json(report, layout, !output->columns);
	} else if (!output->quiet && !report->err.status) {
		if (print_table(report, layout, output)) {
			complain(NULL, strerror(ENOMEM));
			return STATUS_FAILED;
		}
		if (!output->raw && !output->columns)
			explain(report);
	}
	if (report->err.status)
		complain(NULL, report->err.message);
	return report->err.status;
}

static void report_clear(struct report *report)
{
	plan_clear(&report->plan);
	vm_list_clear(&report->vms);
	error_clear(&report->err);
}

static bool shows_pauses(const struct layout *layout, const struct output_options *output)
{
	for (size_t i = 0; i < layout->nselected; i++)
		if (layout->selected[i] == COL_PAUSE)
			return !output->quiet;
	return false;
}

int command_compact(int argc, char **argv)
{
	_cleanup_(report_clear) struct report report = { 0 };
	struct compact_call call = { 0 };
	enum exit_status status;
	struct layout layout;
	struct sysfs fs;

	options_parse(&argp, argc, argv, 0, &call);
	status = options_apply(&call.common, columns, NCOLUMNS,
			       "ID,ORDER,SIZE,FROM,TO,PAUSE,PID,VMM,DOMAIN", &layout, &fs);
	if (status)
		return status;
	report.order = call.order;
	if (gather(&fs, call.dry_run, shows_pauses(&layout, &call.common.output), &report))
		report.result = "failed";
	sysfs_close(&fs);
	return print(&report, &layout, &call.common.output);
}
