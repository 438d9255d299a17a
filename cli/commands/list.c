// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab list: the VMs of this host, their tables and their processes. */
#include "commands/command.h"
#include "commands/vm-row.h"

struct list {
	struct vm_list vms;
	struct vm_row *rows;
};

static void run(struct call *call)
{
	struct list *list = call->data;

	if (vm_list_read(&call->fs, &call->host, &list->vms, &call->err))
		vm_list_clear(&list->vms); /* a partial list would look complete */
	call->rows = list->rows = vm_rows_of_list(&list->vms);
	call->nrows = list->rows ? list->vms.n : 0;
	call_note(call, NULL, list->vms.advice);
}

static void clear(void *data)
{
	struct list *list = data;

	vm_list_clear(&list->vms);
	free(list->rows);
}

static void add_to_document(const struct call *call, struct json_object *document)
{
	const struct vm_list *vms = &((const struct list *)call->data)->vms;
	const struct fact hidden = fact_if(vms->hidden_known, vms->hidden);

	json_add(document, "hidden_vms", json_fact(&hidden));
	json_add(document, "sources", json_list(vms->source));
	json_add(document, "advice", json_new_string(vms->advice));
}

const struct command list_command = {
	.name = "list",
	.summary = "list the VMs of this host and their tables",
	.doc = "List the VMs of this host: their tables, the size of these, and the processes "
	       "that created them. Only root sees everything. Unknown values are shown as \"-\".",
	.groups = OPTIONS_WATCH,
	.columns = vm_list_columns,
	.ncolumns = VM_LIST_NCOLUMNS,
	.defaults = "ID,ORDER,SOURCE,SIZE,REVMAP,PID,VMM,DOMAIN",
	.rows_have_names = true,
	.row_bytes = sizeof(struct vm_row),
	.data_bytes = sizeof(struct list),
	.run = run,
	.clear = clear,
	.add_to_document = add_to_document,
};
