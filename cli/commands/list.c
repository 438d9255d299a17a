// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab list: the VMs of this host, who has them and what their tables cost. */
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
		vm_list_clear(&list->vms); /* half a list would look like a whole one */
	call->rows = list->rows = vm_rows_of_list(&list->vms);
	call->nrows = list->rows ? list->vms.n : 0;
	call_note(call, NULL, list->vms.advice ? strdup(list->vms.advice) : NULL);
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
	.summary = "the VMs of this host and what their tables cost",
	.doc = "List the VMs of this host: their tables, what these cost, and the processes that "
	       "have them. Only root is shown everything. \"-\" marks what is not known.",
	.columns = vm_list_columns,
	.ncolumns = VM_LIST_NCOLUMNS,
	.defaults = "ID,ORDER,SOURCE,SIZE,REVMAP,PID,VMM,DOMAIN",
	.row_bytes = sizeof(struct vm_row),
	.data_bytes = sizeof(struct list),
	.run = run,
	.clear = clear,
	.add_to_document = add_to_document,
};
