// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab fit: whether guests of a given size would start now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "doctor/doctor.h"
#include "lib/text.h"
#include "pool/fit.h"

/* --ram and --maxmem */
#define CASES_MAX 2

#define FIT_COLUMNS(F) \
	F(basis, "BASIS", TEXT, "option that gave the order: \"ram\", \"maxmem\", \"order\"") \
	F(ram_bytes, "RAM", BYTES, "guest memory that the order is for") \
	F(order, "ORDER", NUMBER, "order of the table of each guest") \
	F(table_bytes, "SIZE", BYTES, "size of the table of each guest") \
	F(wanted, "WANTED", NUMBER, "number of guests") \
	F(fits, "FITS", NUMBER, "number of such tables that fit") \
	F(answer, "ANSWER", TEXT, "\"yes\", \"no\" or \"unknown\"") \
	F(reason, "REASON", TEXT, "reason, as one word; see kvm-htab-reasons(7)") \
	F(largest_free_order, "LARGEST", NUMBER, "largest order that fits; 0: none") \
	F(source, "SOURCE", TEXT, "source of the tables: \"pool\" or \"pages\"") \
	F(moved_bytes, "MOVED", BYTES, "bytes that the kernel would move to make room") \
	F(ratio, "RATIO", NUMBER, "with --suggest-ratio: N of kvm_cma_resv_ratio=N") \
	F(ratio_pool_bytes, "RATIO-POOL", BYTES, "size of the pool with it") \
	F(ratio_more_bytes, "RATIO-MORE", BYTES, "RAM that it takes in addition to the pool of now")

/* One order and its answer. */
struct fit_case {
	FIT_COLUMNS(COLUMN_MEMBER)
	struct fit fit;
	bool answered;
	enum exit_status status; /* if it is answered */
	struct ratio suggestion;
	char *sentence, *advice; /* NULL: none */
};

#define ENTRY(...) COLUMN_OF(struct fit_case, __VA_ARGS__),

static const struct column columns[] = { FIT_COLUMNS(ENTRY) };

struct fit_cases {
	struct fit_case cases[CASES_MAX];
	size_t n;
	struct cgroup_limit limit;
	char *obstacle; /* why there is no use in a table; NULL: there is */
};

/* args_doc already has those with OPTION_NO_USAGE. */
static const struct argp_option own_options[] = {
	{ "ram", OPT_RAM, "SIZE", OPTION_NO_USAGE, "RAM of the guest when it starts", 0 },
	{ "maxmem", OPT_MAXMEM, "SIZE", 0,
	  "RAM that the guest may grow to (omit if the guest can resize its table)", 0 },
	{ "order", OPT_ORDER, "N", OPTION_NO_USAGE, "Order of its table: 18 (256K) to 46 (64T)",
	  0 },
	{ "count", OPT_COUNT, "N", 0, "Number of such guests (default 1)", 0 },
	{ "cgroup", OPT_CGROUP, "PATH", 0,
	  "Check the memory limit of this cgroup, too, such as machine.slice: it pays for reverse "
	  "maps",
	  0 },
	{ "suggest-ratio", OPT_SUGGEST, NULL, 0,
	  "Print the smallest kvm_cma_resv_ratio=N to boot with, so that they fit beside the tables "
	  "in use, and what it costs in RAM",
	  0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	if (options->maxmem_bytes && !options->ram_bytes)
		options_fail(state, "--maxmem requires --ram");
	if (!options_order(options))
		options_fail(state, "no size given; use --order N or --ram SIZE");
	if (options->maxmem_bytes && options->maxmem_bytes < options->ram_bytes)
		options_fail(state, "--maxmem is less than --ram");
	if (options->cgroup && !cgroup_is_valid(options->cgroup))
		options_fail(state,
			     "invalid cgroup \"%s\": use a path below /sys/fs/cgroup, such as "
			     "machine.slice",
			     options->cgroup);
}

/* @smaller: what would make the table of such a guest smaller */
static void add_case(struct fit_cases *cases, const struct options *options, const char *basis,
		     uint64_t ram_bytes, const char *smaller)
{
	cases->cases[cases->n++] = (struct fit_case){
		.basis = basis,
		.ram_bytes = fact_if(ram_bytes, ram_bytes),
		.fit = {
			.order = ram_bytes ? hpt_order_of_ram(ram_bytes) : options->order,
			.count = options->count,
			.smaller = smaller,
		},
	};
}

/* The last case has the larger table. Its answer is the answer of the call. */
static void add_cases(struct fit_cases *cases, const struct options *options)
{
	if (options->order)
		add_case(cases, options, "order", 0, "request a smaller order");
	if (options->ram_bytes)
		add_case(cases, options, "ram", options->ram_bytes, "give the guest less RAM");
	if (options->maxmem_bytes)
		add_case(cases, options, "maxmem", options->maxmem_bytes,
			 "use a smaller maxmem or resize-hpt=enabled");
}

static void fill_row(struct fit_case *c)
{
	const struct fit *fit = &c->fit;

	c->order = fact_of(fit->order);
	c->table_bytes = fact_of(hpt_bytes(fit->order));
	c->wanted = fact_of(fit->count);
	c->fits = fit->fits;
	c->answer = fit_answer_name(fit->answer);
	c->reason = fit_reason_name(fit->reason);
	c->largest_free_order = fit->largest;
	c->source = fit->source;
	c->moved_bytes = fit->moved_bytes;
}

/* The exit status for an answer. */
static enum exit_status status_of(enum fit_answer answer)
{
	return answer == FIT_YES ? STATUS_DONE : answer == FIT_NO ? STATUS_NO : STATUS_CANNOT;
}

/* What a child process tries. */
struct trial {
	const struct pool *pool;
	struct fit fits[CASES_MAX];
	size_t n, tried;
};

static int trial_work(void *data, struct error *err)
{
	_cleanup_(probe_close) struct probe probe;
	struct trial *trial = data;
	int r = probe_open(&probe, err);

	for (; !r && trial->tried < trial->n; trial->tried += !r)
		r = fit_try(&probe, trial->pool, &trial->fits[trial->tried], err);
	return r;
}

/* Answers by trying. Returns the number of cases that were tried; call->err has the error. */
static size_t try_cases(struct call *call, struct fit_cases *cases, const struct pool *pool)
{
	struct trial trial = { .pool = pool, .n = cases->n };

	for (size_t i = 0; i < cases->n; i++)
		trial.fits[i] = cases->cases[i].fit;
	(void)!probe_in_child(call->options.timeout_ms, trial_work, &trial, sizeof(trial),
			      &call->err);
	for (size_t i = 0; i < trial.tried; i++)
		cases->cases[i].fit = trial.fits[i];
	return trial.tried;
}

/* Fills in the smallest ratio for all that was asked for. */
static void suggest(struct call *call, struct fit_case *c, const struct pool *pool)
{
	uint64_t now_bytes = pool->total_bytes.value;
	struct ratio *ratio = &c->suggestion;

	*ratio = pool_ratio_for(&call->fs, pool, c->fit.count * hpt_bytes(c->fit.order));
	c->status = !ratio->ram_bytes  ? STATUS_CANNOT :
		    !ratio->percent    ? STATUS_NO :
		    !ratio->used_known ? STATUS_CANNOT :
					 STATUS_DONE;
	if (pool->boot_bug) {
		c->status = STATUS_NO;
		c->advice = pool_advice_text(pool);
	}
	call->status = c->status;
	if (pool->boot_bug)
		return;
	if (!ratio->percent) {
		c->advice = NULL;
		pool_add_ratio(&call->fs, pool, c->fit.count * hpt_bytes(c->fit.order), &c->advice);
		return;
	}
	c->ratio = fact_of(ratio->percent);
	c->ratio_pool_bytes = fact_of(ratio->pool_bytes);
	c->ratio_more_bytes =
		fact_if(pool->total_bytes.known,
			ratio->pool_bytes > now_bytes ? ratio->pool_bytes - now_bytes : 0);
	if (!ratio->used_known)
		c->advice = text_format("what is in use now is not known, and was not counted: try "
					"as root");
}

/* Reads what --cgroup may have. On kernels that charge nobody, that does not matter. */
static int read_limit(struct call *call, struct cgroup_limit *limit)
{
	const char *cgroup = call->options.cgroup;
	int r;

	if (!cgroup)
		return 0;
	if (!call->host.patched) {
		call_note(call, NULL,
			  "--cgroup has no effect: this kernel charges no cgroup for tables");
		return 0;
	}
	r = cgroup_read_limit(&call->fs, cgroup, limit);
	if (r == -ENOSYS)
		return error_set(&call->err, STATUS_CANNOT, ENOSYS,
				 "--cgroup requires cgroups of version 2 in /sys/fs/cgroup");
	if (r == -ENOENT)
		return error_set(&call->err, STATUS_FAILED, ENOENT,
				 "there is no cgroup \"%s\" in /sys/fs/cgroup", cgroup);
	return r ? error_set(&call->err, STATUS_FAILED, -r,
			     "cannot read the limits of cgroup \"%s\": %s", cgroup, strerror(-r)) :
		   0;
}

/* No guest can use a table, whatever there is room for. */
static void refuse(struct call *call, struct fit_cases *cases)
{
	struct item item = { 0 };

	if (!doctor_obstacle(&call->fs, &call->host, &item))
		return;
	cases->obstacle = item_obstacle_text(&item);
	for (size_t i = 0; i < cases->n; i++)
		fit_refuse(&cases->cases[i].fit, strcmp(item.name, "mmu") ? FIT_THREADS : FIT_MMU);
	item_clear(&item);
}

/* Fills in the answers. Returns their number. */
static size_t answer(struct call *call, struct fit_cases *cases)
{
	_cleanup_(pool_clear) struct pool pool = { .unlent_wanted = true };
	size_t n = cases->n;

	if (read_limit(call, &cases->limit))
		return 0;
	pool_read(&call->fs, &pool);
	for (size_t i = 0; i < n; i++) {
		fit_judge(&pool, &cases->cases[i].fit);
		if (!call->options.probe) {
			fit_plan(&call->fs, &pool, &cases->cases[i].fit);
			fit_check_memory(&pool, &cases->cases[i].fit);
		}
	}
	refuse(call, cases);
	if (call->options.probe && !cases->obstacle)
		n = try_cases(call, cases, &pool);
	for (size_t i = 0; i < n; i++) {
		struct fit_case *c = &cases->cases[i];

		c->answered = true;
		if (!cases->obstacle)
			fit_limit(&call->fs, &cases->limit, c->ram_bytes.value, &c->fit);
		if (call->options.suggest_ratio) {
			suggest(call, c, &pool);
			continue;
		}
		c->advice = cases->obstacle ? strdup(cases->obstacle) :
					      fit_advice(&call->fs, &pool, &c->fit);
		c->sentence = fit_sentence(&c->fit);
		call->status = c->status = status_of(c->fit.answer);
	}
	return n;
}

/* Notes the reason of each case, and its advice unless the case before has the same. */
static void explain(struct call *call, struct fit_cases *cases)
{
	const char *told = NULL;

	for (size_t i = 0; i < call->nrows; i++) {
		struct fit_case *c = &cases->cases[i];

		call_note(call, c->basis, c->sentence);
		if (c->advice && (!told || strcmp(told, c->advice)))
			call_note(call, NULL, c->advice);
		told = c->advice;
	}
}

static void run(struct call *call)
{
	struct fit_cases *cases = call->data;

	add_cases(cases, &call->options);
	call->rows = cases->cases;
	call->nresults = cases->n;
	if (!host_check(&call->host, &call->err))
		call->nrows = answer(call, cases);
	for (size_t i = 0; i < cases->n; i++)
		fill_row(&cases->cases[i]);
	explain(call, cases);
}

static void clear(void *data)
{
	struct fit_cases *cases = data;

	for (size_t i = 0; i < cases->n; i++) {
		free(cases->cases[i].sentence);
		free(cases->cases[i].advice);
	}
	free(cases->limit.cgroup);
	free(cases->obstacle);
}

static void add_to_result(const struct call *call, size_t i, struct json_object *object)
{
	const struct fit_case *c = &((const struct fit_cases *)call->data)->cases[i];

	json_add(object, "advice", json_new_string(c->advice));
	if (!c->answered)
		return;
	json_add(object, "exit_status", json_new_number(c->status));
	json_add(object, "error", NULL);
}

/* Prints the suggestions instead of the table. */
static int print(const struct call *call)
{
	const struct fit_cases *cases = call->data;
	bool plain = call->options.output.bytes;
	char pool[CELL_MAX], more[CELL_MAX];

	if (!call->options.suggest_ratio)
		return output_table(&call->layout, cases->cases, sizeof(cases->cases[0]),
				    call->nrows, &call->options.output);
	for (size_t i = 0; i < call->nrows; i++) {
		const struct fit_case *c = &cases->cases[i];

		if (!c->ratio.known)
			continue;
		printf("kvm_cma_resv_ratio=%" PRIu64 "  # for %" PRIu64 " of order %" PRIu64
		       ": a pool of %s",
		       c->ratio.value, c->wanted.value, c->order.value,
		       fact_text(&c->ratio_pool_bytes, COLUMN_BYTES, plain, pool));
		if (c->ratio_more_bytes.known)
			printf(", %s more RAM than now",
			       fact_text(&c->ratio_more_bytes, COLUMN_BYTES, plain, more));
		putchar('\n');
	}
	return 0;
}

const struct command fit_command = {
	.name = "fit",
	.summary = "check whether a guest would start now",
	.args_doc = "--ram=SIZE|--order=N",
	.doc = "Check whether guests that use the hash MMU would get their tables now, with the "
	       "order that QEMU requests. Exit status: 0 yes, 3 no, 5 unknown. With --maxmem the "
	       "answer is for the larger table. Omit --maxmem if the guest can resize its table; "
	       "if unsure, give it.",
	.options = own_options,
	.groups = OPTIONS_PROBE,
	.check = check,
	.columns = columns,
	.ncolumns = COUNT_OF(columns),
	.defaults = "BASIS,RAM,ORDER,SIZE,WANTED,FITS,ANSWER,REASON",
	.row_bytes = sizeof(struct fit_case),
	.data_bytes = sizeof(struct fit_cases),
	.run = run,
	.clear = clear,
	.print = print,
	.add_to_result = add_to_result,
};
