// SPDX-License-Identifier: GPL-2.0-only
/* Tables, raw columns and JSON. */
#include "lib/output.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>

#include "lib/library.h"
#include "lib/size.h"
#include "lib/stdout.h"
#include "lib/text.h"

static int column_find(const struct layout *layout, const char *name, size_t length)
{
	for (size_t i = 0; i < layout->ncolumns; i++) {
		const char *candidate = layout->columns[i].name;

		if (strlen(candidate) == length && !strncasecmp(candidate, name, length))
			return (int)i;
	}
	return -1;
}

static int layout_select(struct layout *layout, const char *list, struct error *err)
{
	layout->nselected = 0;
	for (const char *name = list;;) {
		size_t length = strcspn(name, ",");
		int column = column_find(layout, name, length);

		if (column < 0)
			return error_set(err, STATUS_USAGE, EINVAL,
					 "unknown column \"%s\": --help lists the columns",
					 strndupa(name, length));
		if (layout->nselected == COLUMNS_MAX)
			return error_set(err, STATUS_USAGE, EINVAL,
					 "too many columns: the limit is %d", COLUMNS_MAX);
		layout->selected[layout->nselected++] = (unsigned int)column;
		if (!name[length])
			return 0;
		name += length + 1;
	}
}

int layout_init(struct layout *layout, const struct column *columns, size_t ncolumns,
		const char *list, struct error *err)
{
	*layout = (struct layout){ .columns = columns, .ncolumns = ncolumns };
	if (list)
		return layout_select(layout, list, err);
	for (unsigned int i = 0; i < ncolumns; i++)
		layout->selected[layout->nselected++] = i;
	return 0;
}

bool layout_selects(const struct layout *layout, size_t offset)
{
	for (size_t i = 0; i < layout->nselected; i++)
		if (layout->columns[layout->selected[i]].offset == offset)
			return true;
	return false;
}

char *layout_help(const struct column *columns, size_t ncolumns)
{
	char *text = text_format("Columns for --output:");

	for (size_t i = 0; i < ncolumns; i++)
		text_add(&text, "\n  %-16s %s", columns[i].name, columns[i].help);
	return text;
}

const char *fact_text(const struct fact *fact, enum column_kind kind, bool plain_bytes,
		      char text[static CELL_MAX])
{
	if (!fact->known)
		return "-";
	if (kind == COLUMN_FLAG)
		return fact->value ? "yes" : "no";
	if (kind == COLUMN_BYTES && !plain_bytes)
		return bytes_format(fact->value, text);
	if (kind == COLUMN_PPM)
		return percent_format(fact->value, text);
	snprintf(text, CELL_MAX, "%" PRIu64, fact->value);
	return text;
}

/* The value of @column in @row as in a table. @text holds numbers. */
static const char *cell_text(const struct column *column, const void *row, bool plain_bytes,
			     char text[static CELL_MAX])
{
	const void *cell = (const char *)row + column->offset;

	switch (column->kind) {
	case COLUMN_TEXT:
	case COLUMN_LIST:
		return *(const char *const *)cell ?: "-";
	case COLUMN_ERROR:
		return ((const struct error *)cell)->message ?: "-";
	default:
		return fact_text(cell, column->kind, plain_bytes, text);
	}
}

static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !a - !b;
}

static int compare_facts(const struct fact *a, const struct fact *b)
{
	if (!a->known || !b->known)
		return !a->known - !b->known;
	return (a->value < b->value) - (a->value > b->value);
}

static int compare_cells(const struct column *column, const char *a, const char *b)
{
	a += column->offset;
	b += column->offset;
	switch (column->kind) {
	case COLUMN_TEXT:
	case COLUMN_LIST:
		return compare_text(*(const char *const *)a, *(const char *const *)b);
	case COLUMN_ERROR:
		return compare_text(((const struct error *)a)->message,
				    ((const struct error *)b)->message);
	default:
		return compare_facts((const struct fact *)a, (const struct fact *)b);
	}
}

/* What to sort. */
struct order {
	const struct column *column;
	const char *rows;
	size_t row_bytes;
};

/* The order of two rows, given by their numbers. */
static int compare_rows(const void *a, const void *b, void *order)
{
	const struct order *o = order;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return compare_cells(o->column, o->rows + x * o->row_bytes, o->rows + y * o->row_bytes) ?:
		       (x > y) - (x < y);
}

void output_sort(const struct layout *layout, void *rows, size_t row_bytes, size_t nrows)
{
	_cleanup_free_ size_t *numbers = calloc(nrows + 1, sizeof(*numbers));
	_cleanup_free_ char *copy = calloc(nrows + 1, row_bytes);
	struct order order = { &layout->columns[layout->selected[0]], copy, row_bytes };

	if (!numbers || !copy)
		return; /* shortage_code() is ENOMEM */
	memcpy(copy, rows, nrows * row_bytes);
	for (size_t i = 0; i < nrows; i++)
		numbers[i] = i;
	qsort_r(numbers, nrows, sizeof(*numbers), compare_rows, &order);
	for (size_t i = 0; i < nrows; i++)
		memcpy((char *)rows + i * row_bytes, copy + numbers[i] * row_bytes, row_bytes);
}

#define SCOLS_FUNCTIONS(F) \
	F(scols_new_table) \
	F(scols_unref_table) \
	F(scols_table_new_column) \
	F(scols_table_new_line) \
	F(scols_line_set_data) \
	F(scols_table_enable_noheadings) \
	F(scols_table_set_stream) \
	F(scols_print_table)

LIBRARY(scols, "libsmartcols.so.1", "libsmartcols1", "tables on a terminal", SCOLS_FUNCTIONS);

int output_prepare(const struct output_options *options, struct error *err)
{
	int r;

	if (options->json)
		return json_prepare(err);
	if (options->raw || options->quiet)
		return 0;
	r = library_open(&scols_library, err);
	if (r)
		text_add(&err->message, ", or use --raw");
	return r;
}

static bool is_number(enum column_kind kind)
{
	return kind == COLUMN_NUMBER || kind == COLUMN_BYTES || kind == COLUMN_PPM;
}

static int add_columns(struct libscols_table *table, const struct layout *layout)
{
	for (size_t i = 0; i < layout->nselected; i++) {
		const struct column *column = &layout->columns[layout->selected[i]];
		int flags = is_number(column->kind) ? SCOLS_FL_RIGHT : 0;

		if (!scols.scols_table_new_column(table, column->name, 0, flags))
			return -ENOMEM;
	}
	return 0;
}

static int add_row(struct libscols_table *table, const struct layout *layout, const void *row,
		   bool plain_bytes)
{
	struct libscols_line *line = scols.scols_table_new_line(table, NULL);
	int r = line ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < layout->nselected; i++) {
		char text[CELL_MAX];

		r = scols.scols_line_set_data(line, i,
					      cell_text(&layout->columns[layout->selected[i]], row,
							plain_bytes, text));
	}
	return r ? -ENOMEM : 0;
}

static void cleanup_table(struct libscols_table **table)
{
	scols.scols_unref_table(*table);
}

static int print_table(const struct layout *layout, const char *rows, size_t row_bytes,
		       size_t nrows, const struct output_options *options)
{
	_cleanup_(cleanup_table) struct libscols_table *table = scols.scols_new_table();
	int r = table ? add_columns(table, layout) : -ENOMEM;

	for (size_t i = 0; !r && i < nrows; i++)
		r = add_row(table, layout, rows + i * row_bytes, options->bytes);
	if (r)
		return r;
	scols.scols_table_enable_noheadings(table, options->noheadings);
	scols.scols_table_set_stream(table, stdout);
	/* libsmartcols drops headings that it cannot allocate; errno is the only sign. */
	errno = 0;
	return scols.scols_print_table(table) || errno == ENOMEM ? -ENOMEM : 0;
}

/* Escapes blanks and unprintable bytes as libsmartcols does in raw tables. */
static void print_raw_cell(const char *s)
{
	for (const unsigned char *c = (const unsigned char *)s; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == '\\')
			printf("\\x%02x", *c);
		else
			putchar_unlocked(*c);
}

/* Prints a line of raw columns, or the headings if @row is NULL. */
static void print_raw_line(const struct layout *layout, const void *row, bool plain_bytes)
{
	char text[CELL_MAX];

	for (size_t i = 0; i < layout->nselected; i++) {
		const struct column *column = &layout->columns[layout->selected[i]];

		if (i)
			putchar_unlocked(' ');
		print_raw_cell(row ? cell_text(column, row, plain_bytes, text) : column->name);
	}
	putchar_unlocked('\n');
}

int output_table(const struct layout *layout, const void *rows, size_t row_bytes, size_t nrows,
		 const struct output_options *options)
{
	if (!options->raw)
		return print_table(layout, rows, row_bytes, nrows, options);
	if (!options->noheadings)
		print_raw_line(layout, NULL, false);
	for (size_t i = 0; i < nrows; i++)
		print_raw_line(layout, (const char *)rows + i * row_bytes, options->bytes);
	return 0;
}

struct json_object *json_error(const struct error *err)
{
	struct json_object *object;

	if (!err->status)
		return NULL;
	object = json_new_object();
	json_add(object, "errno", json_new_string(err->code ? strerrorname_np(err->code) : NULL));
	json_add(object, "message", json_new_string(err->message));
	return object;
}

struct json_object *json_list(const char *list)
{
	struct json_object *array = json_new_array();

	while (list && *list) {
		size_t length = strcspn(list, ",");

		json_append(array, json_new_string(strndupa(list, length)));
		list += length + (list[length] == ',');
	}
	return array;
}

struct json_object *json_fact(const struct fact *fact)
{
	return fact->known ? json_new_number(fact->value) : NULL;
}

static struct json_object *json_cell(const struct column *column, const void *row)
{
	const void *cell = (const char *)row + column->offset;
	const struct fact *fact = cell;

	switch (column->kind) {
	case COLUMN_TEXT:
		return json_new_string(*(const char *const *)cell);
	case COLUMN_LIST:
		return json_list(*(const char *const *)cell);
	case COLUMN_ERROR:
		return json_error(cell);
	case COLUMN_FLAG:
		return fact->known ? json_new_bool(fact->value) : NULL;
	default:
		return json_fact(fact);
	}
}

void output_json_row(struct json_object *object, const struct layout *layout, const void *row)
{
	for (size_t i = 0; i < layout->nselected; i++) {
		const struct column *column = &layout->columns[layout->selected[i]];

		json_add(object, column->json, json_cell(column, row));
	}
}
