/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command, and the frame around all of them: it parses the arguments, opens the host's files or
 * a captured tree, has the command fill in rows and an error, prints these as a table, as raw
 * columns or as JSON, and returns the exit status.
 */
#ifndef KVM_HTAB_COMMANDS_COMMAND_H
#define KVM_HTAB_COMMANDS_COMMAND_H

#include "commands/options.h"
#include "host/host.h"
#include "vm/change.h"

/* What a command tells on standard error below its results. */
struct note {
	const char *subject; /* borrowed; NULL: none */
	char *text; /* owned */
};

#define NOTES_MAX 4

/* One call of a command. The command fills in what stands below data. */
struct call {
	struct options options;
	struct layout layout;
	struct sysfs fs;
	struct host host;
	void *data; /* command->data_bytes, zeroed */
	const void *rows; /* of command->row_bytes each; in data, or freed by command->clear() */
	size_t nrows; /* in the table */
	size_t nresults; /* in JSON: nrows, or more, whose error is that of the call */
	struct note notes[NOTES_MAX];
	size_t nnotes;
	enum exit_status status; /* unless err has one */
	struct error err; /* of the whole call */
};

struct command {
	const char *name;
	const char *summary; /* in the list of commands */
	const char *args_doc, *doc; /* of --help, as in struct argp */
	const struct argp_option *options; /* its own; NULL: none */
	unsigned int groups; /* of enum option_groups */
	/* Checks options that depend on each other; exits through options_fail(). NULL: none do. */
	void (*check)(struct argp_state *state, const struct options *options);

	const struct column *columns;
	size_t ncolumns;
	const char *defaults; /* columns of the table, as --output would name them */
	size_t row_bytes, data_bytes;

	/* Does the work. */
	void (*run)(struct call *call);
	/* The work on one VM of commands whose run() is serve_vms(). */
	int (*work)(const struct vm *vm, const struct options *options, struct vm_result *result);
	/* Frees what data holds. NULL: nothing. */
	void (*clear)(void *data);
	/* Prints rows instead of a plain table, without --raw and --output. Errors: -ENOMEM. */
	int (*print)(const struct call *call);
	/* Adds what is no column to the JSON object of result @i; not with --output. */
	void (*add_to_result)(const struct call *call, size_t i, struct json_object *object);
	/* Makes the array of results, if a result is more than a row. */
	struct json_object *(*results)(const struct call *call);
	/* Adds to the JSON document. */
	void (*add_to_document)(const struct call *call, struct json_object *document);
};

/* Runs @command. Returns its exit status. */
enum exit_status command_run(const struct command *command, int argc, char **argv);

/* Has @text, which is taken over, printed below the results, unless --quiet or --json; NULL: none. */
void call_note(struct call *call, const char *subject, char *text);

/* The JSON object that each result begins with. */
struct json_object *call_result(const struct call *call);

/*
 * Prints a table of other columns than the command's own: those of @columns that @list names, as
 * --output would; NULL: all. Errors: as output_table().
 */
int call_print_table(const struct call *call, const struct column *columns, size_t ncolumns,
		     const char *list, const void *rows, size_t row_bytes,
		     size_t nrows) _must_check_;

/* The number of elements of an array, for `.ncolumns`. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif /* KVM_HTAB_COMMANDS_COMMAND_H */
