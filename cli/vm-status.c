// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab vm-status: what table a VM has, what it costs, whether the VM runs. */
#include "commands.h"
#include "vm-command.h"

static const struct argp_child children[] = {
	{ &vm_argp, 0, NULL, 0 },
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
	state->child_inputs[1] = &call->common;
	return 0;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "--vm=VM",
	.doc = "Show the hashed page table of a VM: order, source and cost, whether the VM is "
	       "running, and whether it has a table yet."
	       "\vColumns",
	.children = children,
	.help_filter = vm_command_help,
};

static int work(const struct vm *vm, const struct vm_call *call, struct vm_result *result)
{
	int r = vm_info(vm, &result->info, &result->err);

	(void)call;
	if (r)
		return r;
	result->info_known = true;
	result->outcome = "ok";
	return 0;
}

static const struct vm_command command = {
	.name = "vm-status",
	.columns = "VM,STATE,MMU,TABLE,ORDER,SIZE,COST,SOURCE,READY,RESIZING,SHARED",
	.work = work,
};

int command_vm_status(int argc, char **argv)
{
	struct vm_call call = { 0 };

	options_parse(&argp, argc, argv, 0, &call);
	return vm_command_run(&command, &call);
}
