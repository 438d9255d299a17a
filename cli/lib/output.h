/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as a table (libsmartcols), as raw columns or as JSON (json-c), from one description of
 * columns: where in a row of the command's own structure each value is, and what it is.
 */
#ifndef KVM_HTAB_LIB_OUTPUT_H
#define KVM_HTAB_LIB_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/fact.h"
#include "lib/json.h"

/* Version of the JSON schema: raised when a name changes or goes, not when one comes. */
#define JSON_VERSION 2

#define COLUMNS_MAX 32

/* What is at the column's offset in a row. Unknown values are "-" in tables, null in JSON. */
enum column_kind {
	COLUMN_TEXT, /* const char *; NULL: unknown */
	COLUMN_LIST, /* const char *, words with commas between them; an array in JSON */
	COLUMN_NUMBER, /* struct fact */
	COLUMN_BYTES, /* struct fact; with a unit in tables unless --bytes */
	COLUMN_FLAG, /* struct fact; "yes" and "no", true and false */
	COLUMN_ERROR, /* struct error; its message in tables, an object in JSON */
};

struct column {
	const char *name; /* heading, and the name for --output */
	const char *json; /* name in JSON */
	const char *help;
	enum column_kind kind;
	size_t offset; /* in a row */
};

/*
 * For a list macro of columns, LIST(F), each F(name, heading, kind, help): LIST(COLUMN_MEMBER) are
 * the members of the row's structure, called as in JSON; COLUMN_OF() is an entry of the table.
 */
#define COLUMN_MEMBER(name, heading, kind, help) COLUMN_TYPE_##kind name;
#define COLUMN_TYPE_TEXT const char *
#define COLUMN_TYPE_LIST const char *
#define COLUMN_TYPE_NUMBER struct fact
#define COLUMN_TYPE_BYTES struct fact
#define COLUMN_TYPE_FLAG struct fact
#define COLUMN_TYPE_ERROR struct error
#define COLUMN_OF(row, name, heading, kind, help) \
	{ \
		heading, #name, help, COLUMN_##kind, offsetof(row, name) \
	}

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
 * Makes @layout one of @columns, all selected or, if @list is not NULL, those that it names
 * (comma-separated, any case). Errors: -EINVAL with a usage error for a name that is unknown or
 * too many of them.
 */
int layout_init(struct layout *layout, const struct column *columns, size_t ncolumns,
		const char *list, struct error *err) _must_check_;

/* Whether the column at @offset of a row is selected. */
bool layout_selects(const struct layout *layout, size_t offset);

/* The columns' names and meanings for --help, one a line. The caller frees it; NULL: no memory. */
char *layout_help(const struct column *columns, size_t ncolumns);

/*
 * Opens the library that the output needs which @options ask for, if any, so that a missing one
 * shows before anything is done. Errors: -ELIBACC, as library_open().
 */
int output_prepare(const struct output_options *options, struct error *err) _must_check_;

/*
 * Prints the selected columns of @nrows @rows of @row_bytes each to stdout.
 * Errors: -ENOMEM. Failing writes are seen by close_stdout().
 */
int output_table(const struct layout *layout, const void *rows, size_t row_bytes, size_t nrows,
		 const struct output_options *options) _must_check_;

/* Enough for any number that a table shows. */
#define CELL_MAX 32

/* @fact as a table shows it; written to @text if it is a number. */
const char *fact_text(const struct fact *fact, enum column_kind kind, bool plain_bytes,
		      char text[static CELL_MAX]);

/* Adds the selected values of @row to @object under their JSON names. */
void output_json_row(struct json_object *object, const struct layout *layout, const void *row);

/* The JSON object of an error, {"errno", "message"}; NULL (null) if there is none. */
struct json_object *json_error(const struct error *err);

/* The JSON array of the words in @list, which has commas between them; NULL: none. */
struct json_object *json_list(const char *list);

/* A number, or NULL (null) if it is unknown. */
struct json_object *json_fact(const struct fact *fact);

#endif /* KVM_HTAB_LIB_OUTPUT_H */
