// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab compact: has the kernel move tables to make room for a larger one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "lib/progress.h"
#include "lib/text.h"
#include "pool/fit.h"
#include "pool/moves.h"
#include "pool/pool.h"
#include "vm/list.h"

#define MOVE_COLUMNS(F) \
	F(id, "ID", NUMBER, "number of the VM in the kernel") \
	F(order, "ORDER", NUMBER, "order of its table") \
	F(table_bytes, "SIZE", BYTES, "size of its table") \
	F(from_bytes, "FROM", BYTES, "old offset of the table in the pool") \
	F(to_bytes, "TO", BYTES, "new offset of the table in the pool") \
	F(max_exits, "EXITS", NUMBER, "extra exits of its vCPUs, at most, until it is fetched") \
	F(pid, "PID", NUMBER, "process that created the VM") \
	F(vmm, "VMM", TEXT, "command of that process") \
	F(domain, "DOMAIN", TEXT, "libvirt's name of the VM")

struct move {
	MOVE_COLUMNS(COLUMN_MEMBER)
};

#define ENTRY(...) COLUMN_OF(struct move, __VA_ARGS__),

static const struct column columns[] = { MOVE_COLUMNS(ENTRY) };

struct compact {
	unsigned int order;
	struct plan plan;
	struct vm_list vms;
	struct move *moves; /* of the plan */
	struct fact largest_before, largest_after;
	struct fact moves_before, moved_before; /* counters of the kernel, for progress */
	const char *result; /* "moved", "would-move", "nothing-to-do" or "failed" */
};

static const struct argp_option own_options[] = {
	{ "order", OPT_ORDER, "N", 0,
	  "Make room for a table of order N, 18 (256K) to 46 (64T) (default: the largest possible)",
	  0 },
	{ "ram", OPT_RAM, "SIZE", 0, "Make room for the table of a guest with this much RAM", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Show the moves, but make none", 0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	if (options->sysroot && !options->terms.dry_run)
		options_fail(state, "--sysroot requires --dry-run: a captured host cannot be "
				    "changed");
}

/* Whether only the setting of htab_move prevents room for @order. */
static bool is_forbidden(const struct pool *pool, unsigned int order)
{
	return pool->moving == MOVING_NEVER && pool->free_bytes.known &&
	       pool->free_bytes.value >= hpt_bytes(order);
}

/* Replaces the error if not even joining all free pieces would make room. */
static void explain_shortage(struct call *call, const struct pool *pool, unsigned int order)
{
	_cleanup_free_ char *advice = NULL;
	struct fit fit = { .order = order, .count = 1 };
	char table[BYTES_TEXT_MAX];

	fit_judge(pool, &fit);
	if (fit.reason != FIT_SMALL && fit.reason != FIT_TOO_LITTLE)
		return;
	advice = fit_advice(&call->fs, pool, &fit);
	error_set(&call->err, STATUS_NO, ENOMEM, "no room for a table of order %u (%s): %s", order,
		  bytes_format(hpt_bytes(order), table), advice ?: strerror(ENOMEM));
}

static int plan_for(struct call *call, const struct pool *pool, struct compact *compact)
{
	char table[BYTES_TEXT_MAX];
	int r;

	error_clear(&call->err);
	r = plan_read(&call->fs, compact->order, &compact->plan, &call->err);
	if (call->err.status == STATUS_NO && is_forbidden(pool, compact->order))
		return error_set(
			&call->err, STATUS_NO, EPERM,
			"no free piece of the pool holds order %u (%s), and the kernel may not "
			"move tables; allow it with `echo running "
			">/sys/module/kvm_hv/parameters/htab_move`",
			compact->order, bytes_format(hpt_bytes(compact->order), table));
	if (call->err.status == STATUS_NO && options_order(&call->options))
		explain_shortage(call, pool, compact->order);
	return r;
}

/* An upper bound of the orders that fit after moves; below HPT_ORDER_MIN: none. */
static unsigned int largest_order(const struct pool *pool)
{
	unsigned int order = pool->free_bytes.known ? log2_floor(pool->free_bytes.value | 1) :
						      HPT_ORDER_MAX;

	return order < HPT_ORDER_MAX ? order : HPT_ORDER_MAX;
}

/* Plans for the requested order, or for the largest possible one. */
static int choose(struct call *call, const struct pool *pool, struct compact *compact)
{
	int r;

	compact->order = options_order(&call->options);
	if (compact->order)
		return plan_for(call, pool, compact);
	r = error_set(&call->err, STATUS_NO, ENOMEM,
		      "the pool has no free space; `kvm-htab list` shows which VMs use it");
	for (unsigned int order = largest_order(pool); order >= HPT_ORDER_MIN; order--) {
		compact->order = order;
		r = plan_for(call, pool, compact);
		if (r != -ENOMEM || call->err.status != STATUS_NO)
			break;
	}
	return r;
}

/* Reads the pool. Fails if the host has none or its kernel cannot move tables. */
static int read_pool(struct call *call, struct pool *pool)
{
	_cleanup_free_ char *advice = NULL;
	int r = host_check(&call->host, &call->err);

	if (!r && !call->host.module_loaded)
		r = host_no_module(&call->err);
	if (!r)
		r = plan_check(&call->fs, &call->err);
	if (r)
		return r;
	pool_read(&call->fs, pool);
	if (pool_may_exist(pool))
		return 0;
	advice = pool_advice_text(pool);
	return error_set(&call->err, STATUS_NO, ENOMEM, "%s", advice ?: strerror(ENOMEM));
}

static void say_moved(const void *data, int64_t ms, char text[static PROGRESS_TEXT_MAX])
{
	const struct call *call = data;
	const struct compact *compact = call->data;
	_cleanup_(pool_clear) struct pool pool = { 0 };
	char moved[BYTES_TEXT_MAX], all[BYTES_TEXT_MAX];

	pool_read(&call->fs, &pool);
	bytes_format(pool.moved_bytes.value - compact->moved_before.value, moved);
	snprintf(text, PROGRESS_TEXT_MAX,
		 "kvm-htab: moved %" PRIu64 " of %zu tables, %s of %s (%d s)",
		 pool.moves.value - compact->moves_before.value, compact->plan.nmoves, moved,
		 bytes_format(plan_bytes(&compact->plan), all), (int)(ms / 1000));
}

static int carry_out(struct call *call, struct compact *compact)
{
	_cleanup_(pool_clear) struct pool pool = { 0 };
	_cleanup_(progress_stop) struct progress progress = { 0 };
	int r;

	if (!call->options.output.quiet)
		progress_start(&progress, say_moved, call);
	r = plan_carry_out(&call->fs, compact->order, &call->err);
	progress_stop(&progress);
	pool_read(&call->fs, &pool);
	compact->largest_after = pool.largest_free_order;
	return r;
}

/* What the kernel fetches at a time, when a vCPU looks for an entry in it. */
#define FETCH_BYTES 4096

static void fill_move(const struct compact *compact, const struct plan_move *planned,
		      struct move *move)
{
	const struct host_vm *vm = vm_list_find(&compact->vms, planned->vm);

	move->id = fact_if(planned->vm, planned->vm);
	move->order = fact_of(log2_floor(planned->bytes));
	move->table_bytes = fact_of(planned->bytes);
	move->from_bytes = fact_of(planned->from);
	move->to_bytes = fact_of(planned->to);
	move->max_exits = fact_of(planned->bytes / FETCH_BYTES);
	if (!vm)
		return;
	move->pid = fact_if(vm->pid, (uint64_t)vm->pid);
	move->vmm = vm->command;
	move->domain = vm->domain;
}

/* Fills in the rows. This must be done before the tables move. */
static int describe(struct call *call, struct compact *compact)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	size_t n = compact->plan.nmoves;

	call->rows = compact->moves = calloc(n + 1, sizeof(*compact->moves));
	if (!compact->moves)
		return error_set(&call->err, STATUS_FAILED, ENOMEM, "%s", strerror(ENOMEM));
	if (n && vm_list_read(&call->fs, &call->host, &compact->vms, &ignored))
		vm_list_clear(&compact->vms);
	for (size_t i = 0; i < n; i++)
		fill_move(compact, &compact->plan.moves[i], &compact->moves[i]);
	call->nrows = n;
	return 0;
}

static int gather(struct call *call, struct compact *compact)
{
	_cleanup_(pool_clear) struct pool pool = { 0 };
	int r = read_pool(call, &pool);

	compact->largest_before = compact->largest_after = pool.largest_free_order;
	compact->moves_before = pool.moves;
	compact->moved_before = pool.moved_bytes;
	if (!r)
		r = choose(call, &pool, compact);
	if (!r)
		r = describe(call, compact);
	if (r)
		return r;
	if (!call->nrows) {
		compact->result = "nothing-to-do";
		return 0;
	}
	compact->result = call->options.terms.dry_run ? "would-move" : "moved";
	return call->options.terms.dry_run ? 0 : carry_out(call, compact);
}

static void run(struct call *call)
{
	struct compact *compact = call->data;

	if (gather(call, compact)) {
		compact->result = "failed";
		call->rows = NULL; /* nothing was moved */
	}
}

static void clear(void *data)
{
	struct compact *compact = data;

	free(compact->moves);
	plan_clear(&compact->plan);
	vm_list_clear(&compact->vms);
}

static struct json_object *results(const struct call *call)
{
	const struct compact *compact = call->data;
	struct json_object *object = call_result(call), *results = json_new_array();

	json_add(object, "result", json_new_string(compact->result));
	json_add(object, "order", compact->order ? json_new_number(compact->order) : NULL);
	json_add(object, "moved_bytes", json_new_number(plan_bytes(&compact->plan)));
	json_add(object, "tables",
		 call_json_rows(&call->layout, call->rows, sizeof(struct move), call->nrows));
	if (!call->options.output.columns) {
		json_add(object, "largest_free_order_before", json_fact(&compact->largest_before));
		json_add(object, "largest_free_order", json_fact(&compact->largest_after));
		json_add(object, "exit_status", json_new_number(call->err.status));
		json_add(object, "error", json_error(&call->err));
	}
	json_append(results, object);
	return results;
}

/* Prints the moves, and a summary in words. */
static int print(const struct call *call)
{
	const struct compact *compact = call->data;
	char room[BYTES_TEXT_MAX], moved[BYTES_TEXT_MAX];
	int r = 0;

	bytes_format(hpt_bytes(compact->order), room);
	bytes_format(plan_bytes(&compact->plan), moved);
	if (!call->nrows) {
		printf("There is already room for a table of order %u (%s)\n", compact->order,
		       room);
		return 0;
	}
	r = output_table(&call->layout, call->rows, sizeof(struct move), call->nrows,
			 &call->options.output);
	printf(call->options.terms.dry_run ?
		       "\nWould move %zu %s (%s) to make room for a table of order %u (%s)\n" :
		       "\nMoved %zu %s (%s); there is now room for a table of order %u (%s)\n",
	       call->nrows, tables_word(call->nrows), moved, compact->order, room);
	return r;
}

const struct command compact_command = {
	.name = "compact",
	.summary = "move tables to make room for a larger one",
	.doc = "Move hashed page tables within the pool to make room for a larger one. The kernel "
	       "also does this when a request needs it; this command does it ahead of time. A "
	       "guest pauses for a moment, however large its table is, and is a little slower "
	       "until the table has been copied.",
	.options = own_options,
	.check = check,
	.columns = columns,
	.ncolumns = COUNT_OF(columns),
	.defaults = "ID,ORDER,SIZE,FROM,TO,EXITS,PID,VMM,DOMAIN",
	.row_bytes = sizeof(struct move),
	.data_bytes = sizeof(struct compact),
	.run = run,
	.clear = clear,
	.print = print,
	.results = results,
};
