// SPDX-License-Identifier: GPL-2.0-only
/* Tables, raw columns and JSON from one description of columns. */
#include "output.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "hpt.h"
#include "library.h"
#include "messages.h"
#include "wrap.h"

#define CELL_MAX 32

/* Narrower columns of text are worse than lines that a terminal wraps. */
#define WRAP_MIN 16

/* More than any output of one VM: a failing write is then seen where errno says why. */
#define STDOUT_BUFFER 65536

static int column_find(const struct layout *layout, const char *name, size_t length)
{
	for (size_t i = 0; i < layout->ncolumns; i++) {
		const char *candidate = layout->columns[i].name;

		if (strlen(candidate) == length && !strncasecmp(candidate, name, length))
			return (int)i;
	}
	return -1;
}

int layout_select(struct layout *layout, const char *list, struct error *err)
{
	layout->nselected = 0;
	for (const char *name = list;;) {
		size_t length = strcspn(name, ",");
		int column = column_find(layout, name, length);

		if (column < 0 || layout->nselected == COLUMNS_MAX)
			return error_set(err, STATUS_USAGE, EINVAL, MSG_BAD_COLUMN,
					 column < 0 ? strndupa(name, length) : list);
		layout->selected[layout->nselected++] = (unsigned int)column;
		if (!name[length])
			return 0;
		name += length + 1;
	}
}

void layout_all(struct layout *layout, const struct column *columns, size_t ncolumns)
{
	*layout = (struct layout){ .columns = columns, .ncolumns = ncolumns };
	for (unsigned int i = 0; i < ncolumns; i++)
		layout->selected[layout->nselected++] = i;
}

int layout_choose(struct layout *layout, const struct column *columns, size_t ncolumns,
		  const struct output_options *options, const char *defaults, struct error *err)
{
	layout_all(layout, columns, ncolumns);
	if (options->columns || !options->json)
		return layout_select(layout, options->columns ?: defaults, err);
	return 0;
}

char *layout_help(const struct column *columns, size_t ncolumns)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("Columns for --output:\n", f);
	for (size_t i = 0; i < ncolumns; i++)
		fprintf(f, "  %-16s %s\n", columns[i].name, columns[i].help);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	text[size - 1] = '\0';
	return text;
}

const char *value_format(const struct value *value, bool plain_bytes, char *text, size_t size)
{
	char with_unit[BYTES_TEXT_MAX];

	switch (value->kind) {
	case VALUE_STRING:
		return value->string;
	case VALUE_BOOL:
		return value->truth ? "yes" : "no";
	case VALUE_BYTES:
		if (!plain_bytes) {
			snprintf(text, size, "%s", bytes_format(value->number, with_unit));
			return text;
		}
		/* fallthrough */
	case VALUE_NUMBER:
		snprintf(text, size, "%" PRIu64, value->number);
		return text;
	case VALUE_UNKNOWN:
		break;
	}
	return "-";
}

/* What is used of libsmartcols; its header stands for the types. */
#define SCOLS_FUNCTIONS(f) \
	f(new_table) f(unref_table) f(table_new_column) f(table_new_line) f(line_set_data) \
		f(line_get_cell) f(cell_set_color) f(column_set_wrapfunc) f(column_set_safechars) \
			f(wrapnl_chunksize) f(wrapnl_nextchunk) f(table_get_termwidth) \
				f(table_enable_noheadings) f(table_enable_colors) \
					f(table_set_stream) f(print_table)

static struct {
#define SCOLS_POINTER(name) __typeof__(&scols_##name) name;
	SCOLS_FUNCTIONS(SCOLS_POINTER)
} scols;

int output_prepare(const struct output_options *options, struct error *err)
{
#define SCOLS_ENTRY(name) { "scols_" #name, &scols.name },
	static const struct library_function functions[] = { SCOLS_FUNCTIONS(SCOLS_ENTRY) };
	static const struct library library = {
		.soname = "libsmartcols.so.1",
		.package = "libsmartcols1",
		.functions = functions,
		.nfunctions = sizeof(functions) / sizeof(functions[0]),
	};
	int r;

	if (options->json)
		return json_prepare(err);
	if (options->raw || options->quiet)
		return 0;
	r = library_open(&library, err);
	if (r)
		error_append(err, MSG_LIBRARY_TABLE);
	return r;
}

/* Line breaks in cells of @column are ours, see break_lines(). */
static int enable_wrap(struct libscols_column *column)
{
	return scols.column_set_wrapfunc(column, scols.wrapnl_chunksize, scols.wrapnl_nextchunk, NULL) ?:
		       scols.column_set_safechars(column, "\n");
}

static int add_columns(struct libscols_table *table, const struct layout *layout)
{
	for (size_t i = 0; i < layout->nselected; i++) {
		const struct column *column = &layout->columns[layout->selected[i]];
		int flags = (column->right ? SCOLS_FL_RIGHT : 0) |
			    (column->wrap ? SCOLS_FL_WRAP : 0);
		struct libscols_column *cl = scols.table_new_column(table, column->name, 0, flags);

		if (!cl || (column->wrap && enable_wrap(cl)))
			return -ENOMEM;
	}
	return 0;
}

static int set_cell(struct libscols_line *line, size_t i, const struct value *value,
		    bool plain_bytes, size_t width)
{
	_cleanup_free_ char *wrapped = NULL;
	char number[CELL_MAX];
	const char *text = value_format(value, plain_bytes, number, sizeof(number));

	if (width) {
		wrapped = wrap_words(text, width);
		if (!wrapped)
			return -ENOMEM;
		text = wrapped;
	}
	if (scols.line_set_data(line, i, text) ||
	    (value->colour && scols.cell_set_color(scols.line_get_cell(line, i), value->colour)))
		return -ENOMEM;
	return 0;
}

/* @widths: where to break lines in each column selected; 0: nowhere. */
static int add_row(struct libscols_table *table, const struct layout *layout,
		   const struct value *row, bool plain_bytes, const size_t *widths)
{
	struct libscols_line *line = scols.table_new_line(table, NULL);
	int r = line ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < layout->nselected; i++)
		r = set_cell(line, i, &row[layout->selected[i]], plain_bytes, widths[i]);
	return r;
}

/* The longest text in a column, its heading included. */
static size_t natural_width(const struct layout *layout, unsigned int column,
			    const struct value *rows, size_t nrows,
			    const struct output_options *options)
{
	size_t width = strlen(layout->columns[column].name);

	for (size_t i = 0; i < nrows; i++) {
		char number[CELL_MAX];
		size_t length = strlen(value_format(&rows[i * layout->ncolumns + column],
						    options->bytes, number, sizeof(number)));

		if (length > width)
			width = length;
	}
	return width;
}

/*
 * Sets in @widths where lines of the columns that may wrap are to be broken,
 * for all to fit a terminal of @total columns: 0, nowhere, if they do anyway
 * or if there is hardly any room.
 */
static void break_lines(const struct layout *layout, const struct value *rows, size_t nrows,
			const struct output_options *options, size_t total, size_t *widths)
{
	size_t wanted[COLUMNS_MAX], n = 0, others = 0;

	for (size_t i = 0; i < layout->nselected; i++) {
		unsigned int column = layout->selected[i];
		size_t width = natural_width(layout, column, rows, nrows, options);

		widths[i] = 0;
		if (layout->columns[column].wrap)
			wanted[n++] = width;
		else
			others += width;
	}
	others += layout->nselected; /* what is between them, and the margin */
	if (!n || total < others + n * WRAP_MIN)
		return;
	wrap_share(total - others, wanted, n);
	for (size_t i = 0, k = 0; i < layout->nselected; i++)
		if (layout->columns[layout->selected[i]].wrap)
			widths[i] = wanted[k++];
}

bool colours_wanted(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

static void cleanup_table(struct libscols_table **table)
{
	scols.unref_table(*table);
}

static int print_table(const struct layout *layout, const struct value *rows, size_t nrows,
		       const struct output_options *options)
{
	_cleanup_(cleanup_table) struct libscols_table *table = scols.new_table();
	int r = table ? add_columns(table, layout) : -ENOMEM;
	size_t widths[COLUMNS_MAX] = { 0 };

	if (!r && isatty(STDOUT_FILENO))
		break_lines(layout, rows, nrows, options, scols.table_get_termwidth(table), widths);
	for (size_t i = 0; !r && i < nrows; i++)
		r = add_row(table, layout, &rows[i * layout->ncolumns], options->bytes, widths);
	if (r)
		return r;
	scols.table_enable_noheadings(table, options->noheadings);
	scols.table_enable_colors(table, colours_wanted());
	scols.table_set_stream(table, stdout);
	/* A title that there is no memory for is left out, and only malloc() says so. */
	errno = 0;
	return scols.print_table(table) || errno == ENOMEM ? -ENOMEM : 0;
}

/* A cell that is one word without unprintable bytes, escaped as libsmartcols does in raw tables. */
static void print_raw_cell(const char *s)
{
	for (const unsigned char *c = (const unsigned char *)s; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == '\\')
			printf("\\x%02x", *c);
		else
			putchar_unlocked(*c);
}

/* One line of raw columns: the headings if @row is NULL. */
static void print_raw_line(const struct layout *layout, const struct value *row, bool plain_bytes)
{
	char text[CELL_MAX];

	for (size_t i = 0; i < layout->nselected; i++) {
		unsigned int column = layout->selected[i];

		if (i)
			putchar_unlocked(' ');
		print_raw_cell(row ? value_format(&row[column], plain_bytes, text, sizeof(text)) :
				     layout->columns[column].name);
	}
	putchar_unlocked('\n');
}

int output_table(const struct layout *layout, const struct value *rows, size_t nrows,
		 const struct output_options *options)
{
	if (!options->raw)
		return print_table(layout, rows, nrows, options);
	if (!options->noheadings)
		print_raw_line(layout, NULL, false);
	for (size_t i = 0; i < nrows; i++)
		print_raw_line(layout, &rows[i * layout->ncolumns], options->bytes);
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

static struct json_object *json_value(const struct value *value)
{
	switch (value->kind) {
	case VALUE_STRING:
		return json_new_string(value->string);
	case VALUE_NUMBER:
	case VALUE_BYTES:
		return json_new_number(value->number);
	case VALUE_BOOL:
		return json_new_bool(value->truth);
	case VALUE_UNKNOWN:
		break;
	}
	return NULL;
}

void output_json_row(struct json_object *object, const struct layout *layout,
		     const struct value *row)
{
	for (size_t i = 0; i < layout->nselected; i++) {
		unsigned int column = layout->selected[i];

		json_add(object, layout->columns[column].json, json_value(&row[column]));
	}
}

struct json_object *json_document(const char *command, enum exit_status status,
				  struct json_object *results)
{
	struct json_object *document = json_new_object();

	json_add(document, "schema", json_new_string("kvm-htab"));
	json_add(document, "version", json_new_number(JSON_VERSION));
	json_add(document, "command", json_new_string(command));
	json_add(document, "exit_status", json_new_number(status));
	json_add(document, "results", results);
	return document;
}

static _Noreturn void stdout_failed(int code)
{
	_cleanup_free_ char *message = NULL;

	if (asprintf(&message, MSG_STDOUT, strerror(code)) < 0)
		message = NULL;
	complain(NULL, message);
	_exit(STATUS_FAILED);
}

void output_json(struct json_object *document)
{
	/* Freeing it costs half of what printing it does; so it stays, and is known, until the end. */
	static struct json_object *kept __attribute__((__used__));

	kept = document;
	if (json_print(document, stdout))
		stdout_failed(ENOMEM);
}

void buffer_stdout(void)
{
	static char buffer[STDOUT_BUFFER];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

void flush_stdout(void)
{
	if (fflush(stdout))
		stdout_failed(errno);
}

void close_stdout(void)
{
	_cleanup_free_ char *message = NULL;
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) || failed)
		stdout_failed(errno ?: EIO);
	if (!lack_code())
		return;
	if (asprintf(&message, MSG_LACK, strerror(lack_code())) < 0)
		message = NULL;
	complain(NULL, message);
	_exit(STATUS_FAILED);
}
