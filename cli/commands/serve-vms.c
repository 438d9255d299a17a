// SPDX-License-Identifier: GPL-2.0-only
/* Commands on VMs: the loop over the VMs, and the answers to peers. */
#include "commands/serve-vms.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/progress.h"
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

/* What a VM is waited for, for progress. */
struct wait {
	const char *name; /* of the VM, printable */
	const struct options *options;
	const struct vm *vm;
};

static void say_waited(const struct wait *wait, const char *what, int64_t ms, int64_t limit_ms,
		       char *text)
{
	char limit[SECONDS_TEXT_MAX];

	snprintf(text, PROGRESS_TEXT_MAX, "kvm-htab: %s: %s (%d of %s s)", wait->name, what,
		 (int)(ms / 1000), seconds_format(limit_ms, limit));
}

static void say_attach(const void *data, int64_t ms, char text[static PROGRESS_TEXT_MAX])
{
	const struct wait *wait = data;

	say_waited(wait, "waiting for its VMM to send the VM", ms, wait->options->timeout_ms, text);
}

static void say_work(const void *data, int64_t ms, char text[static PROGRESS_TEXT_MAX])
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	const struct wait *wait = data;
	struct kvm_ppc_htab_info info;

	if (wait->options->terms.wait_ms && !vm_info(wait->vm, &info, &ignored) &&
	    !(info.flags & KVM_PPC_HTAB_INFO_OFFERED))
		say_waited(wait, "waiting for its VMM to stop the VM and to offer it", ms,
			   wait->options->terms.wait_ms, text);
	else
		snprintf(text, PROGRESS_TEXT_MAX, "kvm-htab: %s: %s is under way (%d s)",
			 wait->name, wait->options->command->name, (int)(ms / 1000));
}

/* Gets the VM and does the work on it, with progress on a terminal. */
static int attach_and_work(const struct call *call, const struct vm_target *target, struct vm *vm,
			   struct vm_result *result)
{
	const struct options *options = &call->options;
	_cleanup_free_ char *name = escape_ascii(target->text);
	const struct wait wait = { name ?: "", options, vm };
	_cleanup_(progress_stop) struct progress progress = { 0 };
	int r;

	if (!options->output.quiet)
		progress_start(&progress, say_attach, &wait);
	r = vm_attach(target, &call->fs, &call->host, options->timeout_ms, options->terms.wait_ms,
		      vm, &result->err);
	progress_stop(&progress);
	if (r)
		return r;
	if (!options->output.quiet)
		progress_start(&progress, say_work, &wait);
	return options->command->work(vm, options, result);
}

/* Fills in @row, which owns the error afterwards. */
static void serve_vm(const struct call *call, const struct vm_target *target, struct vm_row *row)
{
	const struct options *options = &call->options;
	const struct command *command = options->command;
	_cleanup_(vm_close) struct vm vm = { .fd = -1, .sock = -1 };
	struct vm_result result = { 0 };
	int r = attach_and_work(call, target, &vm, &result);

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
