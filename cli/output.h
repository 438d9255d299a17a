/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as a table (libsmartcols), as raw columns or as JSON (json-c), all from the
 * same values and the same description of columns.
 */
#ifndef KVM_HTAB_OUTPUT_H
#define KVM_HTAB_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "json.h"

/* Version of the JSON schema: raised when a name changes or goes, not when one comes. */
#define JSON_VERSION 1

#define COLUMNS_MAX 32

enum value_kind {
	VALUE_UNKNOWN, /* "-", null */
	VALUE_STRING,
	VALUE_NUMBER,
	VALUE_BYTES, /* number of bytes; with a unit in tables unless --bytes */
	VALUE_BOOL, /* "yes" and "no", true and false */
};

struct value {
	enum value_kind kind;
	bool truth;
	uint64_t number;
	const char *string; /* borrowed */
	const char *colour; /* of libsmartcols, for terminals; borrowed; NULL: none */
};

static inline struct value value_string(const char *string)
{
	return (struct value){ .kind = string ? VALUE_STRING : VALUE_UNKNOWN, .string = string };
}

static inline struct value value_number(uint64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

static inline struct value value_number_if(bool known, uint64_t number)
{
	return known ? value_number(number) : (struct value){ 0 };
}

static inline struct value value_bytes(uint64_t bytes)
{
	return (struct value){ .kind = VALUE_BYTES, .number = bytes };
}

static inline struct value value_bool(bool truth)
{
	return (struct value){ .kind = VALUE_BOOL, .truth = truth };
}

struct column {
	const char *name; /* heading, and the name for --output */
	const char *json; /* name in JSON */
	const char *help;
	bool right; /* numbers stand on the right */
	bool wrap; /* text that may go on in the next line of a terminal */
};

/* The columns of a command, and which of them are wanted in which order. */
struct layout {
	const struct column *columns;
	size_t ncolumns;
	unsigned int selected[COLUMNS_MAX];
	size_t nselected;
};

struct output_options {
	bool json;
	bool raw;
	bool bytes;
	bool noheadings;
	bool quiet;
	const char *columns; /* of --output; NULL: the default */
};

/*
 * Selects the columns named in @list (comma-separated, any case) in @layout.
 * Errors: -EINVAL with a usage error for a name that is unknown or too many of them.
 */
int layout_select(struct layout *layout, const char *list, struct error *err) _must_check_;

/* Makes @layout one of all @columns, in their order. */
void layout_all(struct layout *layout, const struct column *columns, size_t ncolumns);

/*
 * The same of those that --output names, else of @defaults (as --output would
 * name them) or, in JSON, of all. Errors as layout_select().
 */
int layout_choose(struct layout *layout, const struct column *columns, size_t ncolumns,
		  const struct output_options *options, const char *defaults,
		  struct error *err) _must_check_;

/* The columns' names and meanings for --help, one a line. The caller frees it; NULL: no memory. */
char *layout_help(const struct column *columns, size_t ncolumns);

/*
 * Opens the library that the output needs which @options ask for, if any. Every
 * command's parser calls it, so that want of it shows before anything is done.
 * Errors: -ELIBACC, as library_open().
 */
int output_prepare(const struct output_options *options, struct error *err) _must_check_;

/*
 * Prints @nrows rows of layout->ncolumns values each, those selected, to
 * stdout. Errors: -ENOMEM. Failing writes are seen by close_stdout().
 */
int output_table(const struct layout *layout, const struct value *rows, size_t nrows,
		 const struct output_options *options) _must_check_;

/* Whether stdout is a terminal that may have colours: neither NO_COLOR nor TERM=dumb is set. */
bool colours_wanted(void);

/* Writes @value to @text (at least @size bytes) as tables show it, and returns it. */
const char *value_format(const struct value *value, bool plain_bytes, char *text, size_t size);

/* Adds the selected values of one row to @object under their JSON names. */
void output_json_row(struct json_object *object, const struct layout *layout,
		     const struct value *row);

/* The JSON object of an error, {"errno", "message"}; null if there is none. */
struct json_object *json_error(const struct error *err);

/*
 * The document of a call: {"schema", "version", "command", "exit_status", "results"}.
 * Takes over @results.
 */
struct json_object *json_document(const char *command, enum exit_status status,
				  struct json_object *results);

/* Prints @document, which it takes over, to stdout; exits with status 1 for want of memory. */
void output_json(struct json_object *document);

/* To be called first, so that writes fail in flush_stdout() or close_stdout(). */
void buffer_stdout(void);

/* Writes out what is buffered; exits with status 1 if that fails. */
void flush_stdout(void);

/*
 * To be called at exit: anything that did not reach stdout is an error, and so is anything that may
 * be missing there, see lack.h. Exit status 1.
 */
void close_stdout(void);

#endif /* KVM_HTAB_OUTPUT_H */
