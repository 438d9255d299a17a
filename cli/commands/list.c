// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab list: the VMs of this host, their tables and their processes. */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/vm-row.h"
#include "vm/load.h"

struct list {
	struct vm_list vms;
	struct vm_row *rows;
	char *no_load; /* why there is no load of any VM; owned; NULL: there is */
};

static const struct argp_option own_options[] = {
	{ "sort", OPT_SORT, "COLUMN", 0,
	  "Sort by this column: numbers from the largest, text from A (default: ID, from the "
	  "smallest)",
	  0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	struct error err = { 0 };
	struct layout layout;

	if (!options->sort)
		return;
	if (strchr(options->sort, ','))
		options_fail(state, "cannot sort by \"%s\": use one column", options->sort);
	if (layout_init(&layout, vm_list_columns, VM_LIST_NCOLUMNS, options->sort, &err))
		options_fail(state, "%s", err.message);
}

static void sort(struct list *list, const char *column)
{
	_cleanup_(error_clear) struct error err = { 0 };
	struct layout layout;

	if (!layout_init(&layout, vm_list_columns, VM_LIST_NCOLUMNS, column, &err))
		output_sort(&layout, list->rows, sizeof(*list->rows), list->vms.n);
}

/* The sum of the known sizes at @offset of a row. */
static struct fact total(const struct list *list, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; list->rows && i < list->vms.n; i++)
		sum += ((const struct fact *)((const char *)&list->rows[i] + offset))->value;
	return fact_of(sum);
}

#define TOTAL(list, member) total(list, offsetof(struct vm_row, member))

/* Whether the table of a VM is known, so that totals mean something. */
static bool knows_tables(const struct list *list)
{
	for (size_t i = 0; i < list->vms.n; i++)
		if (list->vms.vms[i].info_known)
			return true;
	return false;
}

static int print(const struct call *call)
{
	const struct list *list = call->data;
	const struct output_options *output = &call->options.output;
	const struct fact tables = TOTAL(list, table_bytes), revmaps = TOTAL(list, revmap_bytes);
	char table_text[CELL_MAX], revmap_text[CELL_MAX];
	int r = output_table(&call->layout, call->rows, sizeof(struct vm_row), call->nrows, output);

	if (r || output->noheadings || !knows_tables(list))
		return r;
	printf("\nTotal: %zu %s, tables %s, reverse maps %s\n", call->nrows,
	       call->nrows == 1 ? "VM" : "VMs",
	       fact_text(&tables, COLUMN_BYTES, output->bytes, table_text),
	       fact_text(&revmaps, COLUMN_BYTES, output->bytes, revmap_text));
	return 0;
}

/* Only if the column was asked for by name, since it costs the kernel a read of each table. */
static bool wants_load(const struct call *call)
{
	const struct options *options = &call->options;

	return (options->sort && !strcasecmp(options->sort, "LOAD")) ||
	       ((options->output.columns || options->output.all) &&
		layout_selects(&call->layout, offsetof(struct vm_row, load_ppm)));
}

/* VMs whose load cannot be read have none. */
static void add_loads(struct call *call, struct list *list)
{
	_cleanup_(error_clear) struct error err = { 0 };
	struct vm_load load;

	if (vm_load_check(&call->fs, call->host.patched, &err)) {
		list->no_load = err.message;
		err.message = NULL;
		return;
	}
	for (size_t i = 0; i < call->nrows; i++)
		if (list->vms.vms[i].id && list->vms.vms[i].info.order &&
		    !vm_load_read(&call->fs, list->vms.vms[i].id, &load, &err))
			list->rows[i].load_ppm = load.load_ppm;
}

static void run(struct call *call)
{
	struct list *list = call->data;

	if (vm_list_read(&call->fs, &call->host, &list->vms, &call->err))
		vm_list_clear(&list->vms); /* a partial list would look complete */
	call->rows = list->rows = vm_rows_of_list(&list->vms);
	call->nrows = list->rows ? list->vms.n : 0;
	if (call->nrows && wants_load(call))
		add_loads(call, list);
	if (call->nrows && call->options.sort)
		sort(list, call->options.sort);
	call_note(call, NULL, list->vms.advice);
	call_note(call, "LOAD", list->no_load);
}

static void clear(void *data)
{
	struct list *list = data;

	vm_list_clear(&list->vms);
	free(list->rows);
	free(list->no_load);
}

/* NULL: unknown, or the rows have them. */
static struct json_object *json_tables(const struct vm_list *vms)
{
	struct json_object *array = vms->tables_known ? json_new_array() : NULL;

	for (unsigned int i = 0; vms->tables_known && i < HPT_ORDERS; i++) {
		struct json_object *object;

		if (!vms->tables.count[i])
			continue;
		object = json_new_object();
		json_add(object, "order", json_new_number(i + HPT_ORDER_MIN));
		json_add(object, "count", json_new_number(vms->tables.count[i]));
		json_add(object, "table_bytes", json_new_number(hpt_bytes(i + HPT_ORDER_MIN)));
		json_append(array, object);
	}
	return array;
}

static void add_to_document(const struct call *call, struct json_object *document)
{
	const struct list *list = call->data;
	const struct vm_list *vms = &list->vms;
	const struct fact hidden = fact_if(vms->hidden_known, vms->hidden);
	const bool known = !vms->n || knows_tables(list);
	const struct fact tables = fact_if(known, TOTAL(list, table_bytes).value);
	const struct fact revmaps = fact_if(known, TOTAL(list, revmap_bytes).value);
	struct json_object *totals = json_new_object();

	json_add(totals, "table_bytes", json_fact(&tables));
	json_add(totals, "revmap_bytes", json_fact(&revmaps));
	json_add(document, "totals", totals);
	json_add(document, "hidden_vms", json_fact(&hidden));
	json_add(document, "sources", json_list(vms->source));
	json_add(document, "tables", json_tables(vms));
	json_add(document, "advice", json_new_string(vms->advice));
}

const struct command list_command = {
	.name = "list",
	.summary = "list the VMs of this host and their tables",
	.doc = "List the VMs of this host: their tables, the size of these, and the processes "
	       "that created them. Only root sees everything. Unknown values are shown as \"-\".",
	.options = own_options,
	.groups = OPTIONS_WATCH,
	.check = check,
	.columns = vm_list_columns,
	.ncolumns = VM_LIST_NCOLUMNS,
	.defaults = "ID,STATE,MMU,ORDER,SOURCE,SIZE,REVMAP,PID,VMM,DOMAIN",
	.rows_have_names = true,
	.row_bytes = sizeof(struct vm_row),
	.data_bytes = sizeof(struct list),
	.run = run,
	.clear = clear,
	.print = print,
	.add_to_document = add_to_document,
};
