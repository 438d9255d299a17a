// SPDX-License-Identifier: GPL-2.0-only
/* The frame around all commands. */
#include "commands/command.h"

#include <stdio.h>
#include <string.h>

#include "commands/watch.h"
#include "lib/stdout.h"
#include "lib/text.h"

void call_note(struct call *call, const char *subject, const char *text)
{
	if (text && call->nnotes < NOTES_MAX)
		call->notes[call->nnotes++] = (struct note){ .subject = subject, .text = text };
}

int call_print_table(const struct call *call, const struct table *table, const void *rows,
		     size_t nrows)
{
	_cleanup_(error_clear) struct error err = { 0 };
	struct layout layout;
	int r = layout_init(&layout, table->columns, table->ncolumns, table->list, &err);

	return r ?: output_table(&layout, rows, table->row_bytes, nrows, &call->options.output);
}

struct json_object *call_json_rows(const struct layout *layout, const void *rows, size_t row_bytes,
				   size_t nrows)
{
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < nrows; i++) {
		struct json_object *object = json_new_object();

		output_json_row(object, layout, (const char *)rows + i * row_bytes);
		json_append(array, object);
	}
	return array;
}

static enum exit_status status_of(const struct call *call)
{
	return call->err.status ?: call->status;
}

struct json_object *call_result(const struct call *call)
{
	struct json_object *object = json_new_object();

	json_add(object, "version", json_new_number(JSON_VERSION));
	json_add(object, "command", json_new_string(call->options.command->name));
	return object;
}

static struct json_object *json_result(const struct call *call, size_t i)
{
	const struct command *command = call->options.command;
	struct json_object *object = call_result(call);

	output_json_row(object, &call->layout, (const char *)call->rows + i * command->row_bytes);
	if (call->options.output.columns)
		return object;
	if (command->add_to_result)
		command->add_to_result(call, i, object);
	if (!json_has(object, "exit_status"))
		json_add(object, "exit_status", json_new_number(status_of(call)));
	if (!json_has(object, "error"))
		json_add(object, "error", json_error(&call->err));
	return object;
}

static struct json_object *json_results(const struct call *call)
{
	struct json_object *results = json_new_array();

	for (size_t i = 0; i < call->nresults; i++)
		json_append(results, json_result(call, i));
	return results;
}

static void print_json(const struct call *call)
{
	const struct command *command = call->options.command;
	struct json_object *document = json_new_object();

	json_add(document, "schema", json_new_string("kvm-htab"));
	json_add(document, "version", json_new_number(JSON_VERSION));
	json_add(document, "command", json_new_string(command->name));
	json_add(document, "exit_status", json_new_number(status_of(call)));
	json_add(document, "error", json_error(&call->err));
	json_add(document, "results",
		 command->results ? command->results(call) : json_results(call));
	if (command->add_to_document)
		command->add_to_document(call, document);
	output_json(document);
}

static int print_rows(const struct call *call)
{
	const struct command *command = call->options.command;
	const struct output_options *output = &call->options.output;

	if (!call->rows || (!call->nrows && call->err.status))
		return 0;
	if (command->print && !output->raw && !output->columns && !output->all)
		return command->print(call);
	return output_table(&call->layout, call->rows, command->row_bytes, call->nrows, output);
}

static enum exit_status print(const struct call *call)
{
	const struct output_options *output = &call->options.output;

	if (output->json)
		print_json(call);
	else if (!output->quiet && print_rows(call)) {
		complain(NULL, "%s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	if (call->nnotes && !output->json && !output->quiet) {
		flush_stdout(); /* notes refer to the results above them */
		for (size_t i = 0; i < call->nnotes; i++)
			complain(call->notes[i].subject, "%s", call->notes[i].text);
	}
	if (call->err.status)
		complain(NULL, "%s", call->err.message ?: strerror(ENOMEM));
	return status_of(call);
}

int command_layout(const struct options *options, struct layout *layout, struct error *err)
{
	const struct command *command = options->command;
	const struct output_options *output = &options->output;
	const char *columns = output->columns ?: output->json ? NULL : command->defaults;
	_cleanup_free_ char *added = NULL;

	if (columns && *columns == '+') {
		added = text_format("%s,%s", command->defaults, columns + 1);
		columns = added ?: command->defaults;
	}
	return layout_init(layout, command->columns, command->ncolumns,
			   output->all ? NULL : columns, err);
}

static int prepare(struct call *call)
{
	int r = command_layout(&call->options, &call->layout, &call->err);

	if (!r)
		r = sysfs_open(&call->fs, call->options.sysroot, &call->err);
	if (r)
		return r;
	call->data = calloc(1, call->options.command->data_bytes);
	if (!call->data)
		return error_set(&call->err, STATUS_FAILED, ENOMEM, "%s", strerror(ENOMEM));
	host_read(&call->fs, &call->host);
	return 0;
}

/* Frees all but the options. */
static void call_clear(struct call **pointer)
{
	struct call *call = *pointer;

	if (call->data && call->options.command->clear)
		call->options.command->clear(call->data);
	free(call->data);
	sysfs_close(&call->fs);
	error_clear(&call->fault);
	error_clear(&call->err);
}

enum exit_status command_once(struct call *call)
{
	_cleanup_(call_clear) struct call *cleared = call;

	memset(&call->layout, 0, sizeof(*call) - offsetof(struct call, layout));
	call->fs = (struct sysfs){ .root_fd = -1, .fault = &call->fault };
	if (prepare(cleared)) {
		complain(NULL, "%s", call->err.message);
		return call->err.status;
	}
	call->options.command->run(call);
	if (!call->err.status) {
		call->err = call->fault;
		call->fault = (struct error){ 0 };
	}
	if (call->nresults < call->nrows)
		call->nresults = call->nrows;
	return print(call);
}

enum exit_status command_run(const struct command *command, int argc, char **argv)
{
	static struct call call; /* one for the process, zeroed by its loader */

	if (call.options.command) /* only a fuzzer comes again */
		call = (struct call){ 0 };
	call.options.command = command;
	options_parse(argc, argv, &call.options);
	return call.options.watch_ms ? watch(&call) : command_once(&call);
}
