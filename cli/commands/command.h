/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command, and the frame around all commands. The frame parses the arguments and opens the host's
 * files or a captured tree. The command fills in rows and an error. The frame prints them as a
 * table, as raw columns or as JSON, and returns the exit status.
 */
#ifndef KVM_HTAB_COMMANDS_COMMAND_H
#define KVM_HTAB_COMMANDS_COMMAND_H

#include "commands/options.h"
#include "host/host.h"
#include "vm/change.h"

/* A message on standard error after the results. */
struct note {
	const char *subject, *text; /* borrowed; no subject: NULL */
};

#define NOTES_MAX 4

/* One call of a command. The command fills in the members after data. */
struct call {
	struct options options; /* all after them is of one run; --watch makes several */
	struct layout layout;
	struct sysfs fs;
	struct error fault; /* of fs */
	struct host host;
	void *data; /* command->data_bytes, zeroed */
	const void *rows; /* of command->row_bytes each; command->clear() frees them, if needed */
	size_t nrows; /* in the table */
	size_t nresults; /* in JSON: nrows, or more, which have the error of the call */
	struct note notes[NOTES_MAX];
	size_t nnotes;
	enum exit_status status; /* if err has none */
	struct error err; /* of the whole call */
};

struct command {
	const char *name;
	const char *summary; /* in the list of commands */
	const char *args_doc, *doc; /* of --help, as in struct argp */
	const struct argp_option *options; /* its own; NULL: none */
	unsigned int groups; /* flags of enum option_groups */
	/* Checks combinations of options; exits through options_fail(). May be NULL, like all below. */
	void (*check)(struct argp_state *state, const struct options *options);

	const struct column *columns;
	size_t ncolumns;
	const char *defaults; /* columns of the table, as in --output */
	bool rows_have_names; /* the first column tells which row it is, for --watch */
	size_t row_bytes, data_bytes;

	/* Does the work. */
	void (*run)(struct call *call);
	/* The work on one VM, if run() is serve_vms(). */
	int (*work)(const struct vm *vm, const struct options *options, struct vm_result *result);
	/* Frees the members of data. */
	void (*clear)(void *data);
	/* Replaces the plain table, but not with --raw or --output. Errors: -ENOMEM. */
	int (*print)(const struct call *call);
	/* Adds more than columns to the JSON object of result @i; not called with --output. */
	void (*add_to_result)(const struct call *call, size_t i, struct json_object *object);
	/* Makes the JSON array of results, if they are not the rows. */
	struct json_object *(*results)(const struct call *call);
	/* Adds to the JSON document. */
	void (*add_to_document)(const struct call *call, struct json_object *document);
};

/* Runs @command, once or with --watch. Returns its exit status. */
enum exit_status command_run(const struct command *command, int argc, char **argv);

/* Runs call->options.command once and prints the results. Returns its exit status. */
enum exit_status command_once(struct call *call);

/* Lays out the columns that @options ask for. Errors: as layout_init(). */
int command_layout(const struct options *options, struct layout *layout,
		   struct error *err) _must_check_;

/*
 * Prints @text after the results, unless --quiet or --json is given. NULL is ignored. Both strings
 * must live until command->clear().
 */
void call_note(struct call *call, const char *subject, const char *text);

/* Makes a JSON object with the members that each result begins with. */
struct json_object *call_result(const struct call *call);

/* A second table of a command. */
struct table {
	const struct column *columns;
	size_t ncolumns;
	const char *list; /* columns to print, as in --output; NULL: all */
	size_t row_bytes;
};

/* Prints @nrows @rows of @table. Errors: as output_table(). */
int call_print_table(const struct call *call, const struct table *table, const void *rows,
		     size_t nrows) _must_check_;

/* Makes a JSON array of @nrows @rows with the columns that @layout selects. */
struct json_object *call_json_rows(const struct layout *layout, const void *rows, size_t row_bytes,
				   size_t nrows);

/* The number of elements of an array. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif /* KVM_HTAB_COMMANDS_COMMAND_H */
