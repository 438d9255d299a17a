// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab reset: clears the table of a VM, keeping its order; never allocates. */
#include "commands/serve-vms.h"

static int work(const struct vm *vm, const struct options *options, struct vm_result *result)
{
	struct kvm_ppc_htab htab = { .flags = KVM_PPC_HTAB_KEEP };
	int r = vm_change(vm, &options->terms, &htab, result);

	if (r)
		return r;
	if (options->terms.dry_run)
		result->outcome = result->info.order ? "would-reset" : "nothing-to-do";
	else
		result->outcome = htab.order ? "reset" : "nothing-to-do";
	return 0;
}

const struct command reset_command = {
	.name = "reset",
	.summary = "clear the table of a stopped VM",
	.args_doc = "--vm=VM",
	.doc = "Clear the hashed page table of a VM and keep its order. A VM without a table is "
	       "left alone.\n\nUse this only on a stopped VM that is about to restart. Clearing "
	       "the table of a paused guest kills the guest.",
	.groups = OPTIONS_VM | OPTIONS_CHANGE,
	.defaults = "VM,RESULT,ORDER,SIZE,SOURCE",
	SERVES_VMS,
	.work = work,
};
