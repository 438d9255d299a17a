// SPDX-License-Identifier: GPL-2.0-only
/* Options that commands share. */
#include "options.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "messages.h"

#define TIMEOUT_DEFAULT_MS 10000
#define SECONDS_MAX 86400

#define EXCLUSIVE_MAX 4

/* At most one of each row; the names are for the message. */
static const struct {
	int key;
	const char *name;
} exclusive[][EXCLUSIVE_MAX] = {
	{ { 'J', "--json" }, { 'r', "--raw" }, { 'q', "--quiet" }, { OPT_FORMAT, "--format" } },
	{ { 'J', "--json" }, { 'n', "--noheadings" } },
	{ { 'q', "--quiet" }, { 'o', "--output" } },
	{ { OPT_ORDER, "--order" }, { OPT_RAM, "--ram" } },
	{ { OPT_ORDER, "--order" }, { OPT_MAXMEM, "--maxmem" } },
	{ { OPT_FORMAT, "--format" }, { 'n', "--noheadings" } },
	{ { OPT_FORMAT, "--format" }, { 'o', "--output" } },
	{ { OPT_FORMAT, "--format" }, { OPT_PROBE, "--probe" } },
	{ { OPT_PROBE, "--probe" }, { OPT_SYSROOT, "--sysroot" } },
	{ { 'r', "--raw" }, { 'q', "--quiet" }, { OPT_FORMAT, "--format" }, { OPT_MAP, "--map" } },
	{ { 'o', "--output" }, { OPT_MAP, "--map" } },
};

#define EXCLUSIVE_SETS (sizeof(exclusive) / sizeof(exclusive[0]))

/* The first other key of set @set that was given; -1: @key is not in it, or no other was. */
static int excluded_by(const struct common_options *common, size_t set, int key, int *self)
{
	int other = -1;

	*self = -1;
	for (int i = 0; i < EXCLUSIVE_MAX && exclusive[set][i].key; i++) {
		if (exclusive[set][i].key == key)
			*self = i;
		else if (other < 0 && common->seen[exclusive[set][i].key])
			other = i;
	}
	return *self < 0 ? -1 : other;
}

void options_parse(const struct argp *argp, int argc, char **argv, unsigned int flags, void *input)
{
	error_t r = argp_parse(argp, argc, argv, flags | ARGP_NO_HELP, NULL, input);

	if (!r)
		return;
	complain(NULL, strerror(r));
	exit(STATUS_FAILED);
}

void options_note(struct argp_state *state, struct common_options *common, int key)
{
	common->seen[key] = true;
	for (size_t set = 0; set < EXCLUSIVE_SETS; set++) {
		int self, other = excluded_by(common, set, key, &self);

		if (other >= 0)
			argp_error(state, MSG_EXCLUSIVE,
				   exclusive[set][other < self ? other : self].name,
				   exclusive[set][other < self ? self : other].name);
	}
}

void options_fail(struct argp_state *state, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	_cleanup_free_ char *escaped = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	escaped = message ? escape_ascii(message) : NULL;
	argp_error(state, "%s", escaped ?: "out of memory");
	exit(STATUS_USAGE); /* argp_error() does not return here, but its type does not say so */
}

enum exit_status options_apply(const struct common_options *common, const struct column *columns,
			       size_t ncolumns, const char *defaults, struct layout *layout,
			       struct sysfs *fs)
{
	_cleanup_(error_clear) struct error err = { 0 };

	if (!layout_choose(layout, columns, ncolumns, &common->output, defaults, &err) &&
	    !sysfs_open(fs, common->sysroot, &err))
		return STATUS_DONE;
	complain(NULL, err.message);
	return err.status;
}

char *options_help_columns(int key, const char *text, const struct column *columns, size_t ncolumns)
{
	if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE)
		return NULL; /* a sentence on -o */
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	return layout_help(columns, ncolumns);
}

static const struct argp_option common_options[] = {
	{ "json", 'J', NULL, 0, "Print JSON", 10 },
	{ "raw", 'r', NULL, 0, "Print columns for scripts, without padding", 10 },
	{ "bytes", 'b', NULL, 0, "Print sizes in bytes, not with units", 10 },
	{ "noheadings", 'n', NULL, 0, "Print no headings", 10 },
	{ "output", 'o', "COLUMNS", 0, "Print these columns (comma-separated)", 10 },
	{ "quiet", 'q', NULL, 0, "Print no results, only errors", 10 },
	{ "sysroot", OPT_SYSROOT, "DIR", 0, "Read /sys and /proc of a captured host below DIR",
	  11 },
	{ "help", 'h', NULL, 0, "Show this help", -1 },
	{ NULL, '?', NULL, OPTION_HIDDEN, NULL, -1 },
	{ "usage", OPT_USAGE, NULL, 0, "Show a short usage message", -1 },
	{ "version", OPT_VERSION, NULL, 0, "Show the version", -1 },
	{ 0 }
};

static void prepare_output(const struct output_options *options)
{
	struct error err = { 0 };

	if (!output_prepare(options, &err))
		return;
	complain(NULL, err.message);
	exit(err.status);
}

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
	case OPT_VERSION:
		puts("kvm-htab " VERSION);
		exit(STATUS_DONE);
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct common_options *common = state->input;

	switch (key) {
	case 'J':
		common->output.json = true;
		break;
	case 'r':
		common->output.raw = true;
		break;
	case 'b':
		common->output.bytes = true;
		break;
	case 'n':
		common->output.noheadings = true;
		break;
	case 'o':
		common->output.columns = arg;
		break;
	case 'q':
		common->output.quiet = true;
		break;
	case OPT_SYSROOT:
		common->sysroot = arg;
		break;
	case ARGP_KEY_END:
		prepare_output(&common->output);
		return 0;
	default:
		return options_parse_help(key, state);
	}
	options_note(state, common, key);
	return 0;
}

const struct argp common_argp = { .options = common_options, .parser = parse_common };

/* Seconds with an optional fraction, in milliseconds; a usage error otherwise. */
static unsigned int parse_seconds(struct argp_state *state, const char *arg)
{
	char *end;
	double seconds;

	seconds = strtod(arg, &end);
	if (!isdigit((unsigned char)*arg) || *end || !(seconds <= SECONDS_MAX))
		options_fail(state, MSG_BAD_SECONDS, arg);
	return (unsigned int)(seconds * 1000);
}

static const struct argp_option vm_options[] = {
	{ "vm", OPT_VM, "VM", OPTION_NO_USAGE, /* args_doc has it */
	  "The VM: unix:PATH or unix:@NAME (a socket on which its VMM offers it), fd:N "
	  "(inherited), pid:PID or pid:PID:FD (its VMM), or domain:NAME (libvirt's); may be "
	  "given several times",
	  1 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0,
	  "How long a peer may take to accept and to send its VM, and again to take the answer "
	  "(default 10)",
	  2 },
	{ 0 }
};

static void add_target(struct argp_state *state, struct vm_options *options, const char *arg)
{
	struct error err = { 0 };

	if (options->ntargets == VM_TARGETS_MAX)
		argp_error(state, MSG_MANY_VMS, VM_TARGETS_MAX);
	if (vm_target_parse(arg, &options->targets[options->ntargets++], &err))
		options_fail(state, "%s", err.message);
}

static error_t parse_vm(int key, char *arg, struct argp_state *state)
{
	struct vm_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		options->timeout_ms = TIMEOUT_DEFAULT_MS;
		return 0;
	case OPT_VM:
		add_target(state, options, arg);
		return 0;
	case OPT_TIMEOUT:
		options->timeout_ms = parse_seconds(state, arg);
		return 0;
	case ARGP_KEY_END:
		if (!options->ntargets)
			argp_error(state, MSG_NO_VM);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp vm_argp = { .options = vm_options, .parser = parse_vm };

static const struct argp_option change_options[] = {
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Check everything, but change nothing", 3 },
	{ "wait", OPT_WAIT, "SECONDS", 0, "Wait so long for the VM's vCPUs to stop", 3 },
	{ "force", OPT_FORCE, NULL, 0,
	  "With pid: and domain:, where nobody has offered the VM: even if its guest has run, or "
	  "its VMM does not know the new order",
	  3 },
	{ 0 }
};

static error_t parse_change(int key, char *arg, struct argp_state *state)
{
	struct change_options *options = state->input;

	switch (key) {
	case OPT_DRY_RUN:
		options->dry_run = true;
		return 0;
	case OPT_WAIT:
		options->wait_ms = parse_seconds(state, arg);
		return 0;
	case OPT_FORCE:
		options->force = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp change_argp = { .options = change_options, .parser = parse_change };

const struct argp_child options_common_children[] = { { &common_argp, 0, NULL, 0 }, { 0 } };

error_t options_parse_common(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}
