// SPDX-License-Identifier: GPL-2.0-only
/* The options of all commands. */
#include "commands/options.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "host/hpt.h"
#include "lib/text.h"

#define PEER_TIMEOUT_MS 10000
#define PROBE_TIMEOUT_MS 60000
#define WATCH_DEFAULT_MS 2000
#define SECONDS_MAX 86400
#define COUNT_MAX 1000000

#define EXCLUSIVE_MAX 4

/* More than any command has, with the final { 0 }. */
#define OPTIONS_MAX 32

/* At most one option of each row may be given. */
static const struct {
	int key;
	const char *name;
} exclusive[][EXCLUSIVE_MAX] = {
	{ { 'J', "--json" }, { 'r', "--raw" }, { 'q', "--quiet" }, { OPT_FORMAT, "--format" } },
	{ { 'J', "--json" }, { 'n', "--noheadings" } },
	{ { 'q', "--quiet" }, { 'o', "--output" } },
	{ { OPT_ORDER, "--order" }, { OPT_RAM, "--ram" } },
	{ { OPT_WAIT, "--wait" }, { OPT_FORCE, "--force" } },
	{ { OPT_ORDER, "--order" }, { OPT_MAXMEM, "--maxmem" } },
	{ { OPT_FORMAT, "--format" }, { 'n', "--noheadings" } },
	{ { OPT_FORMAT, "--format" }, { 'o', "--output" } },
	{ { OPT_FORMAT, "--format" }, { OPT_PROBE, "--probe" } },
	{ { OPT_PROBE, "--probe" }, { OPT_SYSROOT, "--sysroot" } },
	{ { OPT_VM, "--vm" }, { OPT_SYSROOT, "--sysroot" } }, /* a VM is of this host */
	{ { OPT_PROBE, "--probe" }, { OPT_SUGGEST, "--suggest-ratio" } },
	{ { OPT_CGROUP, "--cgroup" }, { OPT_SUGGEST, "--suggest-ratio" } },
	{ { 'r', "--raw" }, { 'q', "--quiet" }, { OPT_FORMAT, "--format" }, { OPT_MAP, "--map" } },
	{ { 'o', "--output" }, { OPT_MAP, "--map" }, { OPT_OUTPUT_ALL, "--output-all" } },
	{ { 'q', "--quiet" }, { OPT_OUTPUT_ALL, "--output-all" }, { OPT_FORMAT, "--format" } },
	{ { OPT_OUTPUT_ALL, "--output-all" }, { OPT_MAP, "--map" } },
	{ { OPT_VM, "--vm" }, { OPT_ALL, "--all" } },
	{ { OPT_INTERVAL, "--interval" }, { OPT_SYSROOT, "--sysroot" } },
	{ { OPT_WATCH, "--watch" }, { 'J', "--json" } },
	{ { OPT_WATCH, "--watch" }, { 'q', "--quiet" } },
	{ { OPT_WATCH, "--watch" }, { OPT_FORMAT, "--format" } },
	{ { OPT_WATCH, "--watch" }, { OPT_PROBE, "--probe" } },
};

/* Exits with a usage error if two options of a row were given. */
static void check_exclusive(struct argp_state *state, const bool *seen)
{
	for (size_t row = 0; row < COUNT_OF(exclusive); row++) {
		const char *first = NULL;

		for (size_t i = 0; i < EXCLUSIVE_MAX && exclusive[row][i].key; i++) {
			if (!seen[exclusive[row][i].key])
				continue;
			if (first)
				argp_error(state, "%s and %s are mutually exclusive", first,
					   exclusive[row][i].name);
			first = exclusive[row][i].name;
		}
	}
}

void options_fail(struct argp_state *state, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	_cleanup_free_ char *escaped = NULL;
	va_list args;

	va_start(args, format);
	text_add_list(&message, format, args);
	va_end(args);
	escaped = message ? escape_ascii(message) : NULL;
	argp_error(state, "%s", escaped ?: "out of memory");
	exit(STATUS_USAGE); /* argp_error() does not return, but is not declared so */
}

unsigned int options_order(const struct options *options)
{
	if (options->order || !options->ram_bytes)
		return options->order;
	return hpt_order_of_ram(options->ram_bytes);
}

static const struct argp_option vm_options[] = {
	{ "vm", OPT_VM, "VM", OPTION_NO_USAGE, /* args_doc has it */
	  "The VM: unix:PATH or unix:@NAME (socket on which its VMM offers it), fd:N (inherited "
	  "file descriptor), pid:PID or pid:PID:FD (its VMM), domain:NAME (libvirt), or id:N "
	  "(ID of `kvm-htab list`, root only); may be repeated",
	  1 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0,
	  "Wait up to SECONDS for a peer to send its VM, and as long to deliver the answer "
	  "(default 10)",
	  2 },
	{ 0 }
};

static const struct argp_option change_options[] = {
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Make all checks, but change nothing", 3 },
	{ "wait", OPT_WAIT, "SECONDS", 0, "Wait up to SECONDS for the VM to be offered again", 3 },
	{ "force", OPT_FORCE, NULL, 0,
	  "Change a VM without an offer, even if its guest has run or its VMM does not know "
	  "the new order; root only",
	  3 },
	{ 0 }
};

static const struct argp_option probe_options[] = {
	{ "probe", OPT_PROBE, NULL, 0,
	  "Allocate tables for a moment to find out what fits; this may leave lines in the kernel "
	  "log",
	  0 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0,
	  "With --probe: give up after SECONDS if the kernel hangs (default 60)", 0 },
	{ 0 }
};

static const struct argp_option watch_options[] = {
	{ "watch", OPT_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
	  "Repeat every SECONDS (default 2) and highlight what is new, until q is pressed; print a "
	  "line per change if standard output is not a terminal",
	  3 },
	{ 0 }
};

static const struct argp_option common_options[] = {
	{ "json", 'J', NULL, 0, "Print JSON", 10 },
	{ "raw", 'r', NULL, 0, "Print columns for scripts, without padding", 10 },
	{ "bytes", 'b', NULL, 0, "Print sizes in bytes", 10 },
	{ "noheadings", 'n', NULL, 0, "Do not print headings", 10 },
	{ "output", 'o', "COLUMNS", 0,
	  "Print these columns (comma-separated); +COLUMNS: after the usual ones", 10 },
	{ "output-all", OPT_OUTPUT_ALL, NULL, 0, "Print all columns", 10 },
	{ "quiet", 'q', NULL, 0, "Print errors only", 10 },
	{ "sysroot", OPT_SYSROOT, "DIR", 0,
	  "Read /sys and /proc of a captured host below DIR; not with --vm", 11 },
	OPTIONS_HELP,
	{ 0 }
};

error_t options_parse_help(int key, struct argp_state *state)
{
	switch (key) {
	case 'h':
	case '?':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case OPT_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		puts("kvm-htab " VERSION);
		exit(STATUS_DONE);
	}
	return ARGP_ERR_UNKNOWN;
}

/* Parses seconds with an optional fraction. Returns milliseconds. */
static unsigned int parse_seconds(struct argp_state *state, const char *arg)
{
	char *end;
	double seconds;

	seconds = strtod(arg, &end);
	if (!isdigit((unsigned char)*arg) || *end || !(seconds <= SECONDS_MAX))
		options_fail(state, "invalid time \"%s\": use 0 to %d seconds, such as 5 or 0.5",
			     arg, SECONDS_MAX);
	return (unsigned int)(seconds * 1000);
}

static unsigned int parse_interval(struct argp_state *state, const char *arg)
{
	unsigned int ms = arg ? parse_seconds(state, arg) : WATCH_DEFAULT_MS;

	if (!ms)
		options_fail(state, "invalid time \"%s\": use seconds, such as 5 or 0.5", arg);
	return ms;
}

static unsigned int parse_count(struct argp_state *state, const char *arg)
{
	uint64_t count;

	if (parse_u64(arg, &count) || !count || count > COUNT_MAX)
		options_fail(state, "invalid number of guests \"%s\": use 1 to %d", arg, COUNT_MAX);
	return (unsigned int)count;
}

static int add_target(struct argp_state *state, struct options *options, const char *arg,
		      struct error *err)
{
	if (options->ntargets == VM_TARGETS_MAX)
		argp_error(state, "too many VMs: the limit is %d", VM_TARGETS_MAX);
	return vm_target_parse(arg, &options->targets[options->ntargets++], err);
}

static void parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;
	struct error err = { 0 };
	int r = 0;

	switch (key) {
	case OPT_VM:
		r = add_target(state, options, arg, &err);
		break;
	case OPT_ORDER:
		r = hpt_order_parse(arg, &options->order, &err);
		break;
	case OPT_MIN_ORDER:
		r = hpt_order_parse(arg, &options->min_order, &err);
		break;
	case OPT_RAM:
		r = bytes_parse(arg, &options->ram_bytes, &err);
		break;
	case OPT_MAXMEM:
		r = bytes_parse(arg, &options->maxmem_bytes, &err);
		break;
	case OPT_FORMAT:
		if (strcmp(arg, "prometheus"))
			options_fail(state, "unknown format \"%s\": use prometheus", arg);
		break;
	case OPT_TIMEOUT:
		options->timeout_ms = parse_seconds(state, arg);
		break;
	case OPT_WAIT:
		options->terms.wait_ms = parse_seconds(state, arg);
		break;
	case OPT_WATCH:
		options->watch_ms = parse_interval(state, arg);
		break;
	case OPT_INTERVAL:
		options->interval_ms = parse_interval(state, arg);
		break;
	case OPT_COUNT:
		options->count = parse_count(state, arg);
		break;
	case OPT_SYSROOT:
		options->sysroot = arg;
		break;
	case OPT_CGROUP:
		options->cgroup = arg;
		break;
	case OPT_SORT:
		options->sort = arg;
		break;
	case 'o':
		options->output.columns = arg;
		break;
	}
	if (r)
		options_fail(state, "%s", err.message);
}

/* Stores the options that take no argument. */
static void set_flags(struct options *options)
{
	const bool *seen = options->seen;

	options->output.json = seen['J'];
	options->output.raw = seen['r'];
	options->output.bytes = seen['b'];
	options->output.noheadings = seen['n'];
	options->output.quiet = seen['q'];
	options->output.all = seen[OPT_OUTPUT_ALL];
	options->terms.dry_run = seen[OPT_DRY_RUN];
	options->terms.force = seen[OPT_FORCE];
	options->probe = seen[OPT_PROBE];
	options->map = seen[OPT_MAP];
	options->suggest_ratio = seen[OPT_SUGGEST];
	options->full = seen[OPT_FULL];
	options->metrics = seen[OPT_FORMAT];
	options->all_vms = seen[OPT_ALL];
	options->load = seen[OPT_LOAD];
}

/* Checks the options after all arguments are parsed, and opens the libraries they need. */
static void finish(struct argp_state *state, struct options *options)
{
	const struct command *command = options->command;
	struct error err = { 0 };
	int r;

	set_flags(options);
	check_exclusive(state, options->seen);
	if ((command->groups & OPTIONS_PROBE) && options->seen[OPT_TIMEOUT] && !options->probe)
		argp_error(state, "--timeout requires --probe");
	if (!options->seen[OPT_TIMEOUT])
		options->timeout_ms = options->probe ? PROBE_TIMEOUT_MS : PEER_TIMEOUT_MS;
	if ((command->groups & OPTIONS_VM) && !options->ntargets)
		argp_error(state, "no VM given; use --vm, as in --vm unix:/run/vm.sock");
	if ((command->groups & OPTIONS_DIRECTORY) && !options->directory)
		argp_error(state, "no directory given; name a new one");
	if (command->check)
		command->check(state, options);
	r = output_prepare(&options->output, &err);
	if (!r && (command->groups & OPTIONS_VM)) /* peers always get a JSON answer */
		r = json_prepare(&err);
	if (!r)
		return;
	complain(NULL, "%s", err.message);
	exit(err.status);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	if (key == ARGP_KEY_END)
		finish(state, options);
	else if (key == ARGP_KEY_ARG && (options->command->groups & OPTIONS_DIRECTORY) &&
		 !options->directory)
		options->directory = arg;
	else if (!options_parse_help(key, state))
		return 0;
	else if (key <= 0 || key >= OPT_KEYS)
		return ARGP_ERR_UNKNOWN;
	else {
		options->seen[key] = true;
		parse_option(key, arg, state);
	}
	return 0;
}

/* The help filter: appends the command's columns. */
static char *add_columns(int key, const char *text, void *input)
{
	const struct options *options = input;

	if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE)
		return NULL; /* not needed: each option shows its argument */
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	if (!options->command->ncolumns)
		return NULL;
	return layout_help(options->command->columns, options->command->ncolumns);
}

void options_parse_argp(const struct argp *argp, int argc, char **argv, unsigned int flags,
			void *input)
{
	error_t r = argp_parse(argp, argc, argv, flags | ARGP_NO_HELP, NULL, input);

	if (!r)
		return;
	complain(NULL, "%s", strerror(r));
	exit(STATUS_FAILED);
}

/* Copies the options of @from, which ends with { 0 }, to @to. Returns the new end. */
static struct argp_option *append(struct argp_option *to, const struct argp_option *from)
{
	while (from && (from->name || from->key))
		*to++ = *from++;
	return to;
}

void options_parse(int argc, char **argv, struct options *options)
{
	const struct command *command = options->command;
	_cleanup_free_ char *doc =
		text_format("%s\n\nSee kvm-htab-%s(8).\vColumns", command->doc, command->name);
	struct argp_option all[OPTIONS_MAX] = { 0 };
	struct argp_option *end = append(all, command->options);
	const struct argp argp = {
		.options = all,
		.parser = parse,
		.args_doc = command->args_doc,
		.doc = doc,
		.help_filter = add_columns,
	};

	if (command->groups & OPTIONS_VM)
		end = append(end, vm_options);
	if (command->groups & OPTIONS_CHANGE)
		end = append(end, change_options);
	if (command->groups & OPTIONS_PROBE)
		end = append(end, probe_options);
	if (command->groups & OPTIONS_WATCH)
		end = append(end, watch_options);
	append(end, common_options);
	options->count = 1;
	options_parse_argp(&argp, argc, argv, 0, options);
}
