// SPDX-License-Identifier: GPL-2.0-only
/* Changing a VM's table. */
#include "vm/change.h"

#include "lib/text.h"

/*
 * After a request that failed: what the VM has now. Only ENOMEM may have cost
 * it something, where the kernel had to give up the old table to try: then the
 * VM has that table again, but empty and hence not READY, or none.
 */
static void learn_after_failure(const struct vm *vm, struct vm_result *result)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	const struct kvm_ppc_htab_info before = result->info;
	bool emptied;

	result->info_known = !vm_info(vm, &result->info, &ignored);
	if (result->err.code == EIO || (result->err.code == ENOMEM && !result->info_known))
		return;
	emptied = before.flags & ~result->info.flags & KVM_PPC_HTAB_INFO_READY;
	result->changed = result->err.code == ENOMEM &&
			  (result->info.order != before.order || emptied);
	result->tried = result->changed;
	if (!result->changed)
		return;
	if (result->info.order == before.order)
		text_add(&result->err.message, "; meanwhile the table was emptied");
	else if (result->info.order)
		text_add(&result->err.message, "; the VM now has a table of order %u",
			 result->info.order);
	else
		text_add(&result->err.message,
			 "; meanwhile the VM has lost its table: it has none now");
}

/*
 * A VM that nobody has offered is not changed unless forced: not its order,
 * which its VMM knows, and not the table of a guest that has run and may only
 * be paused.
 */
static int check_offered(const struct vm *vm, const struct vm_terms *terms, bool resize,
			 struct vm_result *result)
{
	if (vm->offered || terms->force)
		return 0;
	if (resize)
		return error_set(
			&result->err, STATUS_FAILED, EPERM,
			"nobody has offered this VM for a resize, and its VMM would go on with "
			"the order that it knows (QEMU does): let the VMM ask for another order "
			"(maxmem), or use --force");
	if (result->info.flags & KVM_PPC_HTAB_INFO_READY)
		return error_set(
			&result->err, STATUS_FAILED, EPERM,
			"the guest has run since its table was last cleared, and nobody has "
			"offered this VM for a reset, which kills a guest that is only paused: "
			"let the VMM offer it (see kvm-htab-vm-socket(7)), or use --force if the "
			"guest is about to start afresh");
	return 0;
}

/*
 * How long to wait for vCPUs to stop: not at all for a VM that must not have
 * run, because now it does.
 */
static unsigned int wait_ms(const struct vm *vm, const struct vm_terms *terms)
{
	return vm->offered || terms->force ? terms->wait_ms : 0;
}

int vm_change(const struct vm *vm, const struct vm_terms *terms, struct kvm_ppc_htab *htab,
	      struct vm_result *result)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	int r = vm_info(vm, &result->info, &result->err);

	if (r)
		return r;
	result->info_known = true;
	result->order_before = result->info.order;
	r = check_offered(vm, terms, htab->order, result);
	if (r)
		return r;
	if (terms->dry_run) {
		if (result->info.vcpus_running)
			return vm_running_error(0, &result->err);
		return 0;
	}

	result->tried = true;
	r = vm_allocate(vm, htab, wait_ms(vm, terms), &result->err);
	if (r) {
		learn_after_failure(vm, result);
		if (r == -EBUSY) /* has it just begun to run? */
			r = check_offered(vm, terms, htab->order, result) ?: r;
		return r;
	}
	result->changed = htab->order != 0;
	result->info_known = !vm_info(vm, &result->info, &ignored);
	return 0;
}
