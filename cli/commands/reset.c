// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab reset: clears the table that a VM has, whatever its order; never allocates. */
#include "commands/serve-vms.h"

static int work(const struct vm *vm, const struct options *options, struct vm_result *result)
{
	struct kvm_ppc_htab htab = { .flags = KVM_PPC_HTAB_KEEP };
	const struct vm_terms terms = vm_terms_of(options);
	int r = vm_change(vm, &terms, &htab, result);

	if (r)
		return r;
	if (options->dry_run)
		result->outcome = result->info.order ? "would-reset" : "nothing-to-do";
	else
		result->outcome = htab.order ? "reset" : "nothing-to-do";
	return 0;
}

const struct command reset_command = {
	.name = "reset",
	.summary = "clear the table of a stopped VM",
	.args_doc = "--vm=VM",
	.doc = "Clear the hashed page table of a VM, whatever its order. A VM without a table "
	       "needs nothing done.\n\nOnly for a VM that is stopped and about to start afresh: "
	       "clearing the table of a guest that is merely paused kills that guest.",
	.groups = OPTIONS_VM | OPTIONS_CHANGE,
	.defaults = "VM,RESULT,ORDER,SIZE,SOURCE",
	SERVES_VMS,
	.work = work,
};
