// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab reset: clears the table that a VM has, whatever its order; never allocates. */
#include "commands.h"
#include "vm-command.h"

static const struct argp_child children[] = {
	{ &vm_argp, 0, NULL, 0 },
	{ &change_argp, 0, NULL, 0 },
	{ &common_argp, 0, NULL, 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct vm_call *call = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = &call->vm;
	state->child_inputs[1] = &call->change;
	state->child_inputs[2] = &call->common;
	return 0;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "--vm=VM",
	.doc = "Clear the hashed page table of a VM, whatever its order. A VM without a table needs "
	       "nothing done.\n\nOnly for a VM that is stopped and about to start afresh: clearing the "
	       "table of a guest that is merely paused kills that guest."
	       "\vColumns",
	.children = children,
	.help_filter = vm_command_help,
};

static int work(const struct vm *vm, const struct vm_call *call, struct vm_result *result)
{
	struct kvm_ppc_htab htab = { .flags = KVM_PPC_HTAB_KEEP };
	int r = vm_change(vm, call, &htab, result);

	if (r)
		return r;
	if (call->change.dry_run)
		result->outcome = result->info.order ? "would-reset" : "nothing-to-do";
	else
		result->outcome = htab.order ? "reset" : "nothing-to-do";
	return 0;
}

static const struct vm_command command = {
	.name = "reset",
	.columns = "VM,RESULT,ORDER,SIZE,SOURCE",
	.changes = true,
	.work = work,
};

int command_reset(int argc, char **argv)
{
	struct vm_call call = { 0 };

	options_parse(&argp, argc, argv, 0, &call);
	return vm_command_run(&command, &call);
}
