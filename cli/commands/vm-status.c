// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab vm-status: the table of a VM, its cost, and whether the VM runs. */
#include "commands/serve-vms.h"

static int work(const struct vm *vm, const struct options *options, struct vm_result *result)
{
	int r = vm_info(vm, &result->info, &result->err);

	(void)options;
	if (r)
		return r;
	result->info_known = true;
	result->outcome = "ok";
	return 0;
}

const struct command vm_status_command = {
	.name = "vm-status",
	.summary = "show the table of a VM",
	.args_doc = "--vm=VM",
	.doc = "Show the hashed page table of a VM: its order, source and size, and whether the "
	       "VM is running.",
	.groups = OPTIONS_VM,
	.defaults = "VM,STATE,MMU,TABLE,ORDER,SIZE,COST,SOURCE,HAS-RUN,RESIZING,OFFERED",
	SERVES_VMS,
	.work = work,
};
