// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab doctor: checks whether HPT guests can run on this host. */
#include "doctor/doctor.h"

#include <stdio.h>

#include "commands/command.h"
#include "lib/stdout.h"
#include "lib/text.h"

#define ITEM_COLUMNS(F) \
	F(item, "ITEM", TEXT, "the requirement that was checked") \
	F(state, "STATE", TEXT, "\"ok\", \"warning\", \"failed\", \"unknown\" or \"n/a\"") \
	F(what, "WHAT", TEXT, "the finding") \
	F(advice, "ADVICE", TEXT, "what to do about it") \
	F(next, "NEXT", TEXT, "the command to run next")

struct item_row {
	ITEM_COLUMNS(COLUMN_MEMBER)
};

#define ENTRY(...) COLUMN_OF(struct item_row, __VA_ARGS__),

static const struct column columns[] = { ITEM_COLUMNS(ENTRY) };

struct findings {
	struct item items[DOCTOR_ITEMS];
	struct item_row rows[DOCTOR_ITEMS];
	const struct item *cause; /* NULL: none */
};

/* Where the text of an item begins in the list, after its state and name. */
#define TEXT_COLUMN 22

static const struct {
	const char *name;
	const char *colour; /* escape sequence */
} states[ITEM_STATES] = {
	[ITEM_NONE] = { "n/a", "" },
	[ITEM_OK] = { "ok", "\033[32m" },
	[ITEM_WARNING] = { "warning", "\033[33m" },
	[ITEM_FAILED] = { "failed", "\033[31m" },
	[ITEM_UNKNOWN] = { "unknown", "\033[36m" },
};

/* Whether hash-MMU guests cannot run here, and radix guests do: nothing has failed. */
static bool radix_only(const struct call *call)
{
	const struct findings *findings = call->data;

	return !findings->cause && call->host.platform == HOST_PSERIES;
}

static void run(struct call *call)
{
	struct findings *findings = call->data;

	findings->cause =
		doctor_examine(&call->fs, &call->host, call->options.output.bytes, findings->items);
	for (size_t i = 0; i < DOCTOR_ITEMS; i++) {
		const struct item *item = &findings->items[i];

		findings->rows[i] = (struct item_row){
			.item = item->name,
			.state = states[item->state].name,
			.what = item->what,
			.advice = item->advice,
			.next = item->next,
		};
	}
	call->rows = findings->rows;
	call->nrows = DOCTOR_ITEMS;
	call->status = findings->cause ? STATUS_NO : radix_only(call) ? STATUS_CANNOT : STATUS_DONE;
}

static void clear(void *data)
{
	struct findings *findings = data;

	for (size_t i = 0; i < DOCTOR_ITEMS; i++)
		item_clear(&findings->items[i]);
}

static void add_to_result(const struct call *call, size_t i, struct json_object *object)
{
	const struct findings *findings = call->data;
	bool failed = findings->items[i].state == ITEM_FAILED;

	json_add(object, "exit_status", json_new_number(failed ? STATUS_NO : STATUS_DONE));
}

static void add_to_document(const struct call *call, struct json_object *document)
{
	const struct item *cause = ((const struct findings *)call->data)->cause;
	struct json_object *object = cause ? json_new_object() : NULL;

	if (cause) {
		json_add(object, "item", json_new_string(cause->name));
		json_add(object, "what", json_new_string(cause->what));
		json_add(object, "next", json_new_string(item_next_step(cause)));
	}
	json_add(document, "cause", object);
}

/* Prints the state, the item and the finding, then the advice, then the command on its own line. */
static void print_item(const struct item *item, size_t width)
{
	bool coloured = colours_wanted() && *states[item->state].colour;

	printf("%s%-8s%s %-12s ", coloured ? states[item->state].colour : "",
	       states[item->state].name, coloured ? "\033[m" : "", item->name);
	print_wrapped(item->what ?: "-", TEXT_COLUMN, width);
	if (item->advice) {
		_cleanup_free_ char *advice =
			text_format("%s%s", item->advice, item->next ? ":" : "");

		printf("%*s", TEXT_COLUMN, "");
		print_wrapped(advice ?: item->advice, TEXT_COLUMN, width);
	}
	if (item->next)
		printf("%*s%s\n", TEXT_COLUMN, "", item->next);
}

/* Prints @intro and the names of the items in @state. Prints nothing if there are none. */
static void print_names(const struct findings *findings, enum item_state state, const char *intro)
{
	for (size_t i = 0; i < DOCTOR_ITEMS; i++)
		if (findings->items[i].state == state) {
			printf("%s%s", intro, findings->items[i].name);
			intro = ", ";
		}
}

static void print_summary(const struct call *call, size_t width)
{
	const struct findings *findings = call->data;
	const struct item *cause = findings->cause;

	putchar('\n');
	if (cause) {
		_cleanup_free_ char *what = text_format("%s: %s", cause->name, cause->what ?: "-");

		fputs("Cause: ", stdout);
		print_wrapped(what ?: cause->name, sizeof("Cause: ") - 1, width);
		fputs("Next: ", stdout); /* a command is not wrapped */
		print_wrapped(item_next_step(cause) ?: "-", sizeof("Next: ") - 1,
			      cause->next ? 0 : width);
		if (!call->fs.captured)
			puts("To have others look at it: kvm-htab capture DIR");
		return;
	}
	if (radix_only(call)) {
		puts(call->host.module_loaded ?
			     "Guests that use the radix MMU run here, and need no hashed page table" :
			     "Guests of KVM-PR run here, and need no hashed page table of the host");
		return;
	}
	fputs("Guests with a hashed page table can run here", stdout);
	print_names(findings, ITEM_UNKNOWN, ", as far as known; unknown: ");
	print_names(findings, ITEM_WARNING, "; see the warnings: ");
	putchar('\n');
}

static int print(const struct call *call)
{
	const struct findings *findings = call->data;
	size_t width = isatty(STDOUT_FILENO) ? stdout_width() : 0;

	for (size_t i = 0; i < DOCTOR_ITEMS; i++)
		print_item(&findings->items[i], width);
	print_summary(call, width);
	return 0;
}

const struct command doctor_command = {
	.name = "doctor",
	.summary = "check whether HPT guests can run here, and why not",
	.doc = "Check, item by item, whether guests with a hashed page table can run on this "
	       "host, and what to do if not. The first failed item is the cause. The last "
	       "lines name it and the next command. The exit status is 3 if an item failed.",
	.columns = columns,
	.ncolumns = COUNT_OF(columns),
	.defaults = "ITEM,STATE,WHAT,ADVICE,NEXT",
	.row_bytes = sizeof(struct item_row),
	.data_bytes = sizeof(struct findings),
	.run = run,
	.clear = clear,
	.print = print,
	.add_to_result = add_to_result,
	.add_to_document = add_to_document,
};
