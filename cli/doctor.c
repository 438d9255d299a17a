// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab doctor: why HPT guests cannot run here, or that they can, step by step. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "escape.h"
#include "options.h"

/* One path of the boot loader's configuration on most distributions, and the tool of the others. */
#define GRUB_DEFAULTS "/etc/default/grub"
#define GRUBBY "/usr/sbin/grubby"

enum { COL_ITEM, COL_STATE, COL_WHAT, COL_ADVICE, COL_MEND, NCOLUMNS };

static const struct column columns[] = {
	[COL_ITEM] = { "ITEM", "item", "what was looked at" },
	[COL_STATE] = { "STATE", "state",
			"\"ok\", \"warning\", \"failed\", \"unknown\" or \"n/a\"" },
	[COL_WHAT] = { "WHAT", "what", "what was found", .wrap = true },
	[COL_ADVICE] = { "ADVICE", "advice", "what to do about it", .wrap = true },
	[COL_MEND] = { "MEND", "mend", "the command that does it", .wrap = true },
};

static const char *const state_names[ITEM_STATES] = {
	[ITEM_NONE] = "n/a",	  [ITEM_OK] = "ok",	      [ITEM_WARNING] = "warning",
	[ITEM_FAILED] = "failed", [ITEM_UNKNOWN] = "unknown",
};

static const char *const state_colours[ITEM_STATES] = {
	[ITEM_OK] = "green",
	[ITEM_WARNING] = "yellow",
	[ITEM_FAILED] = "red",
	[ITEM_UNKNOWN] = "brown",
};

static const struct {
	const char *name;
	void (*check)(struct doctor *doctor, struct item *item);
} checks[] = {
	{ "cpu", check_cpu },
	{ "firmware", check_firmware },
	{ "kvm_hv", check_kvm_hv },
	{ "kvm_pr", check_kvm_pr },
	{ "/dev/kvm", check_device },
	{ "mmu", check_mmu },
	{ "threads", check_threads },
	{ "kernel", check_kernel },
	{ "reservation", check_reservation },
	{ "pool", check_pool },
	{ "memory", check_memory },
	{ "refusals", check_refusals },
};

#define NITEMS (sizeof(checks) / sizeof(checks[0]))

/* What one call has found. */
struct report {
	struct item items[NITEMS];
	unsigned int count[ITEM_STATES];
	const struct item *cause; /* the first that failed; NULL: none */
	struct error err;
};

static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return options_help_columns(key, text, columns, NCOLUMNS);
}

static const struct argp argp = {
	.parser = options_parse_common,
	.doc = "Find out why guests with a hashed page table cannot run on this host, or that they "
	       "can: one item after the other, with what to do about it. The first item that failed "
	       "is the cause; the last line names it and the next command. Exit status 3 if an item "
	       "failed."
	       "\vColumns",
	.children = options_common_children,
	.help_filter = help_filter,
};

static char *format_text(const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return text ? escape_utf8(text) : NULL;
}

void item_set(struct item *item, enum item_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	item->state = state;
	free(item->what);
	item->what = format_text(format, args);
	va_end(args);
}

void item_advise(struct item *item, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(item->advice);
	item->advice = format_text(format, args);
	va_end(args);
}

void item_mend(struct item *item, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(item->mend);
	item->mend = format_text(format, args);
	va_end(args);
}

void item_advise_boot(const struct doctor *doctor, struct item *item, const char *option)
{
	if (!sysfs_exists(doctor->fs, GRUBBY)) {
		item_advise(item, "boot with %s: set it, and reboot when you can", option);
		item_mend(item, "grubby --update-kernel=ALL --args=%s", option);
	} else if (!sysfs_exists(doctor->fs, GRUB_DEFAULTS)) {
		item_advise(item,
			    "boot with %s: put it into GRUB_CMDLINE_LINUX in " GRUB_DEFAULTS
			    ", run update-grub and reboot",
			    option);
	} else {
		item_advise(item, "boot with %s on the kernel's command line", option);
	}
}

static void read_memory(struct doctor *doctor)
{
	_cleanup_free_ char *meminfo = NULL;

	if (sysfs_read(doctor->fs, "/proc/meminfo", &meminfo, NULL))
		return;
	if (!meminfo_bytes(meminfo, "MemTotal:", &doctor->ram_bytes))
		doctor->ram_bytes = 0;
	if (!meminfo_available(meminfo, &doctor->available_bytes))
		doctor->available_bytes = 0;
}

static void read_release(struct doctor *doctor)
{
	_cleanup_free_ char *text = NULL;

	if (!sysfs_read(doctor->fs, "/proc/sys/kernel/osrelease", &text, NULL))
		snprintf(doctor->release, sizeof(doctor->release), "%.*s",
			 (int)strcspn(text, "/ \n"), text);
}

static void examine(const struct sysfs *fs, bool plain_bytes, struct report *report)
{
	struct doctor doctor = { .fs = fs, .plain_bytes = plain_bytes, .kvm = -1 };

	read_release(&doctor);
	read_memory(&doctor);
	for (size_t i = 0; i < NITEMS; i++) {
		struct item *item = &report->items[i];

		item->name = checks[i].name;
		if (doctor.no_hpt)
			item_set(item, ITEM_NONE, "not on such a host");
		else
			checks[i].check(&doctor, item);
		report->count[item->state]++;
		if (item->state == ITEM_FAILED && !report->cause)
			report->cause = item;
	}
	module_clear(&doctor.module);
	cleanup_close(&doctor.kvm);
}

/* Advice and command in one, for a table without a column for commands. */
static int combine(struct item *item)
{
	if (item->mend && item->advice &&
	    asprintf(&item->both, "%s: %s", item->advice, item->mend) < 0)
		return -ENOMEM;
	return 0;
}

static void fill_row(const struct item *item, struct value *row)
{
	row[COL_ITEM] = value_string(item->name);
	row[COL_STATE] = value_string(state_names[item->state]);
	row[COL_STATE].colour = state_colours[item->state];
	row[COL_WHAT] = value_string(item->what);
	row[COL_ADVICE] = value_string(item->both ?: item->advice);
	row[COL_MEND] = value_string(item->mend);
}

static enum exit_status status_of(const struct report *report)
{
	return report->cause ? STATUS_NO : STATUS_DONE;
}

/* What to do next: a command if there is one. */
static const char *next_step(const struct item *item)
{
	return item->mend ?: item->advice;
}

static struct json_object *json_cause(const struct report *report)
{
	struct json_object *object;

	if (!report->cause)
		return NULL;
	object = json_new_object();
	json_add(object, "item", json_new_string(report->cause->name));
	json_add(object, "what", json_new_string(report->cause->what));
	json_add(object, "next", json_new_string(next_step(report->cause)));
	return object;
}

static void print_json(const struct report *report, const struct layout *layout)
{
	struct json_object *document;
	struct json_object *results = json_new_array();

	for (size_t i = 0; i < NITEMS; i++) {
		struct json_object *object = json_new_object();
		struct value row[NCOLUMNS];

		fill_row(&report->items[i], row);
		json_add(object, "version", json_new_number(JSON_VERSION));
		json_add(object, "command", json_new_string("doctor"));
		output_json_row(object, layout, row);
		json_append(results, object);
	}
	document = json_document("doctor", status_of(report), results);
	json_add(document, "cause", json_cause(report));
	output_json(document);
}

/* The names of the items in @state, one after the other. */
static void print_names(const struct report *report, enum item_state state)
{
	const char *comma = "";

	for (size_t i = 0; i < NITEMS; i++)
		if (report->items[i].state == state) {
			printf("%s%s", comma, report->items[i].name);
			comma = ", ";
		}
}

static void print_summary(const struct report *report)
{
	putchar('\n');
	if (report->cause) {
		printf("Cause: %s: %s. Next: %s\n", report->cause->name, report->cause->what,
		       next_step(report->cause));
		return;
	}
	fputs("Guests with a hashed page table can run here", stdout);
	if (report->count[ITEM_UNKNOWN]) {
		fputs(", as far as can be seen (not: ", stdout);
		print_names(report, ITEM_UNKNOWN);
		putchar(')');
	}
	if (report->count[ITEM_WARNING]) {
		fputs("; see the warnings: ", stdout);
		print_names(report, ITEM_WARNING);
	}
	putchar('\n');
}

static int print_table(struct report *report, const struct layout *layout,
		       const struct output_options *options)
{
	struct value rows[NITEMS][NCOLUMNS];

	for (size_t i = 0; i < NITEMS; i++) {
		if (!options->raw && !options->columns && combine(&report->items[i]))
			return -ENOMEM;
		fill_row(&report->items[i], rows[i]);
	}
	return output_table(layout, rows[0], NITEMS, options);
}

static enum exit_status print(struct report *report, const struct layout *layout,
			      const struct output_options *options)
{
	if (options->json) {
		print_json(report, layout);
	} else if (!options->quiet) {
		if (print_table(report, layout, options)) {
			complain(NULL, strerror(ENOMEM));
			return STATUS_FAILED;
		}
		if (!options->raw && !options->columns)
			print_summary(report);
	}
	return status_of(report);
}

static void report_clear(struct report *report)
{
	for (size_t i = 0; i < NITEMS; i++) {
		free(report->items[i].what);
		free(report->items[i].advice);
		free(report->items[i].mend);
		free(report->items[i].both);
	}
	error_clear(&report->err);
}

int command_doctor(int argc, char **argv)
{
	_cleanup_(report_clear) struct report report = { 0 };
	struct common_options options = { 0 };
	enum exit_status status;
	struct layout layout;
	struct sysfs fs;

	options_parse(&argp, argc, argv, 0, &options);
	status = options_apply(&options, columns, NCOLUMNS,
			       options.output.raw ? "ITEM,STATE,WHAT,ADVICE,MEND" :
						    "ITEM,STATE,WHAT,ADVICE",
			       &layout, &fs);
	if (status)
		return status;
	examine(&fs, options.output.bytes, &report);
	sysfs_close(&fs);
	return print(&report, &layout, &options.output);
}
