// SPDX-License-Identifier: GPL-2.0-only
/* Tables and JSON from one description of columns. */
#include "output.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "hpt.h"
#include "messages.h"

#define CELL_MAX 32

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

static int add_columns(struct libscols_table *table, const struct layout *layout)
{
	for (size_t i = 0; i < layout->nselected; i++) {
		const struct column *column = &layout->columns[layout->selected[i]];

		if (!scols_table_new_column(table, column->name, 0,
					    column->right ? SCOLS_FL_RIGHT : 0))
			return -ENOMEM;
	}
	return 0;
}

static int add_row(struct libscols_table *table, const struct layout *layout,
		   const struct value *row, bool plain_bytes)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char text[CELL_MAX];

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < layout->nselected; i++)
		if (scols_line_set_data(line, i,
					value_format(&row[layout->selected[i]], plain_bytes, text,
						     sizeof(text))))
			return -ENOMEM;
	return 0;
}

static void cleanup_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

int output_table(const struct layout *layout, const struct value *rows, size_t nrows,
		 const struct output_options *options)
{
	_cleanup_(cleanup_table) struct libscols_table *table = scols_new_table();
	int r = table ? add_columns(table, layout) : -ENOMEM;

	for (size_t i = 0; !r && i < nrows; i++)
		r = add_row(table, layout, &rows[i * layout->ncolumns], options->bytes);
	if (r)
		return r;
	scols_table_enable_raw(table, options->raw);
	scols_table_enable_noheadings(table, options->noheadings);
	scols_table_set_stream(table, stdout);
	return scols_print_table(table) ? -ENOMEM : 0;
}

struct json_object *json_string(const char *s)
{
	_cleanup_free_ char *escaped = s ? escape_utf8(s) : NULL;

	return escaped ? json_object_new_string(escaped) : NULL;
}

struct json_object *json_error(const struct error *err)
{
	struct json_object *object;
	const char *name;

	if (!err->status)
		return NULL;
	object = json_object_new_object();
	name = err->code ? strerrorname_np(err->code) : NULL;
	json_object_object_add(object, "errno", json_string(name));
	json_object_object_add(object, "message", json_string(err->message));
	return object;
}

static struct json_object *json_value(const struct value *value)
{
	switch (value->kind) {
	case VALUE_STRING:
		return json_string(value->string);
	case VALUE_NUMBER:
	case VALUE_BYTES:
		return json_object_new_uint64(value->number);
	case VALUE_BOOL:
		return json_object_new_boolean(value->truth);
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

		json_object_object_add(object, layout->columns[column].json,
				       json_value(&row[column]));
	}
}

struct json_object *json_document(const char *command, enum exit_status status,
				  struct json_object *results)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "schema", json_object_new_string("kvm-htab"));
	json_object_object_add(document, "version", json_object_new_int(JSON_VERSION));
	json_object_object_add(document, "command", json_object_new_string(command));
	json_object_object_add(document, "exit_status", json_object_new_int(status));
	json_object_object_add(document, "results", results);
	return document;
}

void output_json(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
}

static _Noreturn void stdout_failed(int code)
{
	_cleanup_free_ char *message = NULL;

	if (asprintf(&message, MSG_STDOUT, strerror(code)) < 0)
		message = NULL;
	complain(NULL, message);
	_exit(STATUS_FAILED);
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
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) || failed)
		stdout_failed(errno ?: EIO);
}
