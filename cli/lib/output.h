/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as a table (libsmartcols), as raw columns or as JSON (json-c). A column describes where
 * a value is in the command's own row structure, and its kind.
 */
#ifndef KVM_HTAB_LIB_OUTPUT_H
#define KVM_HTAB_LIB_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/fact.h"
#include "lib/json.h"

/* Version of the JSON schema: raised if a name is changed or removed, not if one is added. */
#define JSON_VERSION 2

#define COLUMNS_MAX 32

/* The type at the column's offset in a row. Unknown values are "-" in tables, null in JSON. */
enum column_kind {
	COLUMN_TEXT, /* const char *; NULL: unknown */
	COLUMN_LIST, /* const char *, comma-separated; an array in JSON */
	COLUMN_NUMBER, /* struct fact */
	COLUMN_BYTES, /* struct fact; with a unit in tables unless --bytes */
	COLUMN_PPM, /* struct fact, parts per million; a percentage in tables */
	COLUMN_FLAG, /* struct fact; "yes" and "no", true and false */
	COLUMN_ERROR, /* struct error: the message in tables, an object in JSON */
};

struct column {
	const char *name; /* heading, and the name for --output */
	const char *json; /* name in JSON */
	const char *help;
	enum column_kind kind;
	size_t offset; /* in a row */
};

/*
 * For a list macro of columns F(name, heading, kind, help): COLUMN_MEMBER declares a member of the
 * row structure, named as in JSON; COLUMN_OF is its struct column.
 */
#define COLUMN_MEMBER(name, heading, kind, help) COLUMN_TYPE_##kind name;
#define COLUMN_TYPE_TEXT const char *
#define COLUMN_TYPE_LIST const char *
#define COLUMN_TYPE_NUMBER struct fact
#define COLUMN_TYPE_BYTES struct fact
#define COLUMN_TYPE_PPM struct fact
#define COLUMN_TYPE_FLAG struct fact
#define COLUMN_TYPE_ERROR struct error
#define COLUMN_OF(row, name, heading, kind, help) \
	{ \
		heading, #name, help, COLUMN_##kind, offsetof(row, name) \
	}

/* The columns of a command, and those selected, in order. */
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
	bool all; /* columns */
};

/*
 * Initializes @layout for @columns and selects those in @list (names, comma-separated, any case);
 * NULL: all. Errors: -EINVAL, usage error: unknown name, or more than COLUMNS_MAX.
 */
int layout_init(struct layout *layout, const struct column *columns, size_t ncolumns,
		const char *list, struct error *err) _must_check_;

/* Whether the column at @offset of a row is selected. */
bool layout_selects(const struct layout *layout, size_t offset);

/* Names and descriptions of the columns for --help. The caller frees it; NULL: out of memory. */
char *layout_help(const struct column *columns, size_t ncolumns);

/* Opens the library that the output needs, before any work. Errors: -ELIBACC, as library_open(). */
int output_prepare(const struct output_options *options, struct error *err) _must_check_;

/*
 * Sorts @rows by the first column that @layout selects: numbers from the largest, text from A, then
 * unknown values. Rows with the same value stay in their order.
 */
void output_sort(const struct layout *layout, void *rows, size_t row_bytes, size_t nrows);

/* Prints the selected columns of @nrows rows of @row_bytes each to stdout. Errors: -ENOMEM. */
int output_table(const struct layout *layout, const void *rows, size_t row_bytes, size_t nrows,
		 const struct output_options *options) _must_check_;

/* Room for any number in a table. */
#define CELL_MAX 32

/* @fact as in a table. @text holds numbers. */
const char *fact_text(const struct fact *fact, enum column_kind kind, bool plain_bytes,
		      char text[static CELL_MAX]);

/* Adds the selected columns of @row to @object. */
void output_json_row(struct json_object *object, const struct layout *layout, const void *row);

/* {"errno", "message"}; NULL (null): no error. */
struct json_object *json_error(const struct error *err);

/* An array of the words in the comma-separated @list, which may be NULL. */
struct json_object *json_list(const char *list);

/* A number; NULL (null): unknown. */
struct json_object *json_fact(const struct fact *fact);

#endif /* KVM_HTAB_LIB_OUTPUT_H */
