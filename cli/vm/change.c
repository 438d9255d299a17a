// SPDX-License-Identifier: GPL-2.0-only
/* Changing a VM's table. */
#include "vm/change.h"

#include "lib/text.h"

/*
 * Reads the state of the VM after a failed request. Only ENOMEM may have changed it, if the kernel
 * had to free the old table to try. The VM then has that table again, empty and not READY, or none.
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
		text_add(&result->err.message, "; its table was emptied");
	else if (result->info.order)
		text_add(&result->err.message, "; the VM now has a table of order %u",
			 result->info.order);
	else
		text_add(&result->err.message, "; the VM has lost its table");
}

/*
 * Refuses, without --force, to change a VM that was not offered: its VMM would not learn the new
 * order, and a guest that has run may only be paused.
 */
static int check_offered(const struct vm *vm, const struct vm_terms *terms, bool resize,
			 struct vm_result *result)
{
	if (vm->offered || terms->force)
		return 0;
	if (resize)
		return error_set(&result->err, STATUS_FAILED, EPERM,
				 "this VM was not offered for a resize, and its VMM (such as QEMU) "
				 "keeps using the old order; change maxmem in the VMM, or use "
				 "--force");
	if (result->info.flags & KVM_PPC_HTAB_INFO_READY)
		return error_set(
			&result->err, STATUS_FAILED, EPERM,
			"this VM has run since its last reset and was not offered for one, which "
			"kills a paused guest; use --force if the guest is about to restart, or "
			"let the VMM offer it (see kvm-htab-vm-socket(7))");
	return 0;
}

/* How long to wait for vCPUs to stop. A VM that must not have run is refused at once. */
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
		if (r == -EBUSY) /* it may have just started to run */
			r = check_offered(vm, terms, htab->order, result) ?: r;
		return r;
	}
	result->changed = htab->order != 0;
	result->info_known = !vm_info(vm, &result->info, &ignored);
	return 0;
}
