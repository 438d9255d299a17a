// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab fit: whether guests of one kind would start now. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "fit-judge.h"
#include "messages.h"
#include "options.h"
#include "pool-facts.h"

#define COUNT_MAX 1000000

/* By RAM and by maxmem. */
#define CASES_MAX 2

enum {
	COL_BASIS,
	COL_RAM,
	COL_ORDER,
	COL_TABLE,
	COL_WANTED,
	COL_FITS,
	COL_ANSWER,
	COL_REASON,
	COL_LARGEST,
	COL_SOURCE,
	COL_MOVED,
	NCOLUMNS
};

static const struct column columns[] = {
	[COL_BASIS] = { "BASIS", "basis",
			"what the order comes from: \"ram\", \"maxmem\", \"order\"" },
	[COL_RAM] = { "RAM", "ram_bytes", "memory that the order is for", true },
	[COL_ORDER] = { "ORDER", "order", "order of the table that such a guest needs", true },
	[COL_TABLE] = { "TABLE", "table_bytes", "size of that table", true },
	[COL_WANTED] = { "WANTED", "wanted", "number of guests", true },
	[COL_FITS] = { "FITS", "fits", "number of such tables that fit", true },
	[COL_ANSWER] = { "ANSWER", "answer", "\"yes\", \"no\" or \"unknown\"" },
	[COL_REASON] = { "REASON", "reason", "why, in a word; see kvm-htab(8)" },
	[COL_LARGEST] = { "LARGEST", "largest_free_order", "largest order that fits; 0: none",
			  true },
	[COL_SOURCE] = { "SOURCE", "source", "where the tables come from: \"pool\" or \"pages\"" },
	[COL_MOVED] = { "MOVED", "moved_bytes",
			"what the kernel moves to make room when it is asked", true },
};

_Static_assert(NCOLUMNS <= COLUMNS_MAX, "a layout holds all columns");

struct fit_call {
	struct common_options common;
	uint64_t ram_bytes, maxmem_bytes; /* 0: not given */
	unsigned int order; /* 0: not given */
	unsigned int count;
	bool probe;
};

/* One order, and what came of it. */
struct fit_case {
	const char *basis;
	uint64_t ram_bytes; /* 0: the order was given */
	struct fit fit;
	bool answered;
	char *sentence; /* NULL: yes */
	char *advice; /* NULL: none */
	struct value row[NCOLUMNS];
};

struct report {
	struct fit_case cases[CASES_MAX];
	size_t ncases;
	enum exit_status status;
	struct error err; /* why there is no answer, or not to all cases */
};

static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return options_help_columns(key, text, columns, NCOLUMNS);
}

/* What args_doc says is not said again. */
static const struct argp_option options[] = {
	{ "ram", OPT_RAM, "SIZE", OPTION_NO_USAGE, "RAM of the guest at its start", 0 },
	{ "maxmem", OPT_MAXMEM, "SIZE", 0,
	  "RAM it may grow to: what counts for a guest that cannot resize its table", 0 },
	{ "order", OPT_ORDER, "N", OPTION_NO_USAGE, "The order of its table: 18 (256K) to 46 (64T)",
	  0 },
	{ "count", OPT_COUNT, "N", 0, "So many such guests (default 1)", 0 },
	{ "probe", OPT_PROBE, NULL, 0,
	  "Find out by trying: takes the tables for a moment; a refusal leaves lines in the kernel "
	  "log",
	  0 },
	{ 0 },
};

static void parse_count(struct argp_state *state, struct fit_call *call, const char *arg)
{
	const char *s = arg;
	uint64_t count;

	if (*s < '0' || *s > '9' || scan_u64(&s, &count) || *s || !count || count > COUNT_MAX)
		options_fail(state, MSG_BAD_COUNT, arg);
	call->count = (unsigned int)count;
}

static void check(struct argp_state *state, const struct fit_call *call)
{
	if (call->maxmem_bytes && !call->ram_bytes)
		argp_error(state, MSG_NO_RAM);
	if (!call->order && !call->ram_bytes)
		argp_error(state, MSG_NO_SIZE);
	if (call->maxmem_bytes && call->maxmem_bytes < call->ram_bytes)
		argp_error(state, MSG_MAXMEM_BELOW);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct fit_call *call = state->input;
	struct error err = { 0 };
	int r = 0;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &call->common;
		return 0;
	case ARGP_KEY_END:
		check(state, call);
		return 0;
	case OPT_RAM:
		r = bytes_parse(arg, &call->ram_bytes, &err);
		break;
	case OPT_MAXMEM:
		r = bytes_parse(arg, &call->maxmem_bytes, &err);
		break;
	case OPT_ORDER:
		r = hpt_order_parse(arg, &call->order, &err);
		break;
	case OPT_COUNT:
		parse_count(state, call, arg);
		break;
	case OPT_PROBE:
		call->probe = true;
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
	.args_doc = "--ram=SIZE|--order=N",
	.doc = "Say whether guests that use the hash MMU would get their tables now, by QEMU's rule. "
	       "Exit status: 0 yes, 3 no, 5 cannot tell; with --maxmem the answer for the larger "
	       "table, the one of a guest that cannot resize its own."
	       "\vColumns",
	.children = options_common_children,
	.help_filter = help_filter,
};

static void add_case(struct report *report, const struct fit_call *call, const char *basis,
		     uint64_t ram_bytes, unsigned int order)
{
	report->cases[report->ncases++] = (struct fit_case){
		.basis = basis,
		.ram_bytes = ram_bytes,
		.fit = { .order = order, .count = call->count },
	};
}

static void add_cases(struct report *report, const struct fit_call *call)
{
	if (call->order)
		add_case(report, call, "order", 0, call->order);
	if (call->ram_bytes)
		add_case(report, call, "ram", call->ram_bytes, hpt_order_of_ram(call->ram_bytes));
	if (call->maxmem_bytes)
		add_case(report, call, "maxmem", call->maxmem_bytes,
			 hpt_order_of_ram(call->maxmem_bytes));
}

static void fill_row(struct fit_case *c)
{
	const struct fit *fit = &c->fit;
	struct value *row = c->row;

	row[COL_BASIS] = value_string(c->basis);
	row[COL_RAM] = c->ram_bytes ? value_bytes(c->ram_bytes) : (struct value){ 0 };
	row[COL_ORDER] = value_number(fit->order);
	row[COL_TABLE] = value_bytes(hpt_bytes(fit->order));
	row[COL_WANTED] = value_number(fit->count);
	row[COL_FITS] = fact_number(&fit->fits);
	row[COL_ANSWER] = value_string(fit_answer_name(fit->answer));
	row[COL_REASON] = value_string(fit_reason_name(fit->reason));
	row[COL_LARGEST] = fact_number(&fit->largest);
	row[COL_SOURCE] = value_string(fit->source);
	row[COL_MOVED] = fact_bytes(&fit->moved_bytes);
}

/* The exit status that an answer is. */
static enum exit_status status_of(enum fit_answer answer)
{
	static const enum exit_status statuses[] = {
		[FIT_UNKNOWN] = STATUS_CANNOT,
		[FIT_YES] = STATUS_DONE,
		[FIT_NO] = STATUS_NO,
	};

	return statuses[answer];
}

/*
 * The last case is that of the larger table, which never fits where the
 * smaller one does not: its answer is the call's.
 */
static int answer_all(const struct sysfs *fs, struct report *report, const struct pool *pool,
		      struct probe *probe)
{
	for (size_t i = 0; i < report->ncases; i++) {
		struct fit_case *c = &report->cases[i];
		int r = 0;

		fit_judge(pool, &c->fit);
		if (!probe)
			fit_plan(fs, pool, &c->fit);
		else
			r = fit_try(probe, pool, &c->fit, &report->err);
		if (r)
			return r;
		c->sentence = fit_sentence(&c->fit);
		c->advice = fit_advice(pool, &c->fit);
		c->answered = true;
		report->status = status_of(c->fit.answer);
	}
	return 0;
}

static int gather(const struct sysfs *fs, bool wants_probe, struct report *report)
{
	_cleanup_(probe_close) struct probe probe = { .kvm = -1, .fs.root_fd = -1 };
	struct pool pool = { 0 };
	struct host host;
	int r;

	host_probe(fs, &host);
	r = host_check(&host, &report->err);
	if (!r && wants_probe)
		r = probe_open(&probe, &report->err);
	if (r)
		return r;
	pool_read(fs, &pool);
	return answer_all(fs, report, &pool, wants_probe ? &probe : NULL);
}

static struct json_object *json_case(const struct report *report, const struct fit_case *c,
				     const struct layout *layout, bool complete)
{
	enum exit_status status = c->answered ? status_of(c->fit.answer) : report->status;
	struct json_object *object = json_new_object();

	json_add(object, "version", json_new_number(JSON_VERSION));
	json_add(object, "command", json_new_string("fit"));
	output_json_row(object, layout, c->row);
	if (!complete)
		return object;
	json_add(object, "advice", json_new_string(c->advice));
	json_add(object, "exit_status", json_new_number(status));
	json_add(object, "error", c->answered ? NULL : json_error(&report->err));
	return object;
}

static void print_json(const struct report *report, const struct layout *layout, bool complete)
{
	struct json_object *document;
	struct json_object *results = json_new_array();

	for (size_t i = 0; i < report->ncases; i++)
		json_append(results, json_case(report, &report->cases[i], layout, complete));
	document = json_document("fit", report->status, results);
	output_json(document);
}

static int print_table(const struct report *report, const struct layout *layout,
		       const struct output_options *output)
{
	struct value rows[CASES_MAX][NCOLUMNS];
	size_t n = 0;

	for (size_t i = 0; i < report->ncases; i++)
		if (report->cases[i].answered)
			memcpy(rows[n++], report->cases[i].row, sizeof(rows[0]));
	return n ? output_table(layout, rows[0], n, output) : 0;
}

/* What stands in the way, case by case, and the advice, which may be the same for both. */
static void explain(const struct report *report)
{
	const char *told = NULL;

	flush_stdout(); /* it refers to what stands above it */
	for (size_t i = 0; i < report->ncases; i++) {
		const struct fit_case *c = &report->cases[i];

		if (c->sentence)
			complain(c->basis, c->sentence);
		if (c->advice && (!told || strcmp(told, c->advice)))
			complain(NULL, c->advice);
		told = c->advice;
	}
}

static enum exit_status print(struct report *report, const struct layout *layout,
			      const struct output_options *output)
{
	for (size_t i = 0; i < report->ncases; i++)
		fill_row(&report->cases[i]);
	if (output->json) {
		print_json(report, layout, !output->columns);
	} else if (!output->quiet) {
		if (print_table(report, layout, output)) {
			complain(NULL, strerror(ENOMEM));
			return STATUS_FAILED;
		}
		explain(report);
	}
	if (report->err.status)
		complain(NULL, report->err.message);
	return report->status;
}

static void report_clear(struct report *report)
{
	for (size_t i = 0; i < report->ncases; i++) {
		free(report->cases[i].sentence);
		free(report->cases[i].advice);
	}
	error_clear(&report->err);
}

int command_fit(int argc, char **argv)
{
	_cleanup_(report_clear) struct report report = { 0 };
	struct fit_call call = { .count = 1 };
	enum exit_status status;
	struct layout layout;
	struct sysfs fs;

	options_parse(&argp, argc, argv, 0, &call);
	status = options_apply(&call.common, columns, NCOLUMNS,
			       "BASIS,RAM,ORDER,TABLE,WANTED,FITS,ANSWER,REASON", &layout, &fs);
	if (status)
		return status;
	add_cases(&report, &call);
	if (gather(&fs, call.probe, &report))
		report.status = report.err.status;
	sysfs_close(&fs);
	return print(&report, &layout, &call.common.output);
}
