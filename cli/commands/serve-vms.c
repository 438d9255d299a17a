// SPDX-License-Identifier: GPL-2.0-only
/* Commands on VMs: the loop over the VMs, and the answers to peers. */
#include "commands/serve-vms.h"

#include <string.h>

#include "lib/text.h"

/* Sends the result to the peer, as one line, after the VM was closed. */
static void reply(const struct call *call, const struct vm *vm, const struct vm_row *row)
{
	_cleanup_json_ struct json_object *object = call_result(call);
	_cleanup_(error_clear) struct error err = { 0 };
	_cleanup_free_ char *line = NULL;
	struct layout all;
	int r = layout_init(&all, call->layout.columns, call->layout.ncolumns, NULL, &err);

	if (!r) {
		output_json_row(object, &all, row);
		line = json_line(object);
	}
	r = line ? vm_socket_reply(vm->sock, line, call->options.timeout_ms) : -ENOMEM;
	if (r && !row->error.status) /* one error per VM is enough */
		complain(row->vm, "cannot send the answer to the peer: %s", strerror(-r));
}

static void fill_row(struct vm_row *row, const struct vm_result *result)
{
	row->result = result->outcome ?: "failed";
	row->error = result->err;
	row->exit_status = fact_of(result->err.status);
	row->changed =
		fact_if(result->changed || !result->tried || result->outcome, result->changed);
	row->wanted_order = fact_if(result->wanted_order, result->wanted_order);
	if (result->info_known)
		vm_row_set_info(row, &result->info);
}

/* Fills in @row, which owns the error afterwards. */
static void serve_vm(const struct call *call, const struct vm_target *target, struct vm_row *row)
{
	const struct options *options = &call->options;
	const struct command *command = options->command;
	_cleanup_(vm_close) struct vm vm = { .fd = -1, .sock = -1 };
	struct vm_result result = { 0 };
	int r = vm_attach(target, &call->fs, &call->host, options->timeout_ms,
			  options->terms.wait_ms, &vm, &result.err);

	if (!r)
		r = command->work(&vm, options, &result);
	vm_release(&vm);
	if (r && (command->groups & OPTIONS_CHANGE) && !result.tried)
		text_add(&result.err.message, "; nothing was changed");
	if (r)
		complain(target->text, "%s", result.err.message);
	row->vm = target->text;
	fill_row(row, &result);
	if (vm.sock >= 0)
		reply(call, &vm, row);
}

void serve_vms(struct call *call)
{
	struct vm_row *rows = call->data;

	call->rows = rows;
	call->nrows = call->options.ntargets;
	for (size_t i = 0; i < call->nrows; i++) {
		serve_vm(call, &call->options.targets[i], &rows[i]);
		call->status = exit_status_first(call->status, rows[i].error.status);
	}
}

void serve_vms_clear(void *data)
{
	struct vm_row *rows = data;

	for (size_t i = 0; i < VM_TARGETS_MAX; i++)
		error_clear(&rows[i].error);
}
