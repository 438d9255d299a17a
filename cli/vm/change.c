// SPDX-License-Identifier: GPL-2.0-only
/* Changing a VM's table. */
#include "vm/change.h"

#include "lib/clock.h"
#include "lib/text.h"

/*
 * Reads the state of the VM after a failed request. Only ENOMEM may have changed it, if the kernel
 * had to free the old table to try. The VM then has that table again, empty and as if it had not run, or none.
 */
static void learn_after_failure(const struct vm *vm, struct vm_result *result)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	const struct kvm_ppc_htab_info before = result->info;
	bool emptied;

	result->info_known = !vm_info(vm, &result->info, &ignored);
	if (!result->info_known)
		result->info = before;
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

/* Whether the VM's owner makes offers, so that there may be another one. */
static bool offers_are_made(const struct kvm_ppc_htab_info *info)
{
	return info->flags & (KVM_PPC_HTAB_INFO_OFFERED | KVM_PPC_HTAB_INFO_OFFER_ENDED);
}

static int running_error(const struct vm_terms *terms, const struct kvm_ppc_htab_info *info,
			 struct error *err)
{
	char seconds[SECONDS_TEXT_MAX];

	if (!offers_are_made(info))
		return error_set(err, STATUS_RUNNING, EBUSY, "the VM is running; stop it first");
	if (terms->wait_ms)
		return error_set(err, STATUS_RUNNING, EBUSY,
				 "the VM is still running after %s s of --wait; stop it first",
				 seconds_format(terms->wait_ms, seconds));
	return error_set(err, STATUS_RUNNING, EBUSY,
			 "the VM is running; stop it first, or use --wait");
}

static int ended_error(const struct vm_terms *terms, struct error *err)
{
	char seconds[SECONDS_TEXT_MAX];

	if (terms->wait_ms)
		return error_set(err, STATUS_RUNNING, EBUSY,
				 "the VM was not offered again within %s s of --wait; let its VMM "
				 "stop it and offer it again",
				 seconds_format(terms->wait_ms, seconds));
	return error_set(err, STATUS_RUNNING, EBUSY,
			 "the VM has run since it was offered; let its VMM stop it and offer it "
			 "again, or use --wait");
}

/*
 * Refuses what the kernel would refuse in this state, and, without --force, to resize a VM that was
 * not offered: its VMM would not learn the new order.
 */
static int check_state(const struct vm_terms *terms, bool resize, struct vm_result *result)
{
	const struct kvm_ppc_htab_info *info = &result->info;
	const bool used = info->flags & KVM_PPC_HTAB_INFO_READY;

	if (info->vcpus_running)
		return running_error(terms, info, &result->err);
	if ((info->flags & KVM_PPC_HTAB_INFO_OFFERED) || terms->force)
		return 0;
	if ((info->flags & KVM_PPC_HTAB_INFO_OFFER_ENDED) && (used || resize))
		return ended_error(terms, &result->err);
	if (used)
		return error_set(
			&result->err, STATUS_FAILED, EPERM,
			"the VM has run and was not offered; if it is stopped and about to "
			"restart, use --force, or let its VMM offer it (see "
			"kvm-htab-vm-socket(7))");
	if (resize)
		return error_set(
			&result->err, STATUS_FAILED, EPERM,
			"this VM was not offered for a resize, and its VMM (such as "
			"QEMU) keeps using the old order; change the guest's RAM or maxmem in "
			"the VMM, or use --force");
	return 0;
}

/* Replaces the error after the kernel has answered EBUSY: what changed since the last look? */
static void explain_busy(const struct vm_terms *terms, const struct kvm_ppc_htab *htab,
			 struct vm_result *result)
{
	if (result->info_known && check_state(terms, htab->order, result))
		return;
	if (result->info.flags & KVM_PPC_HTAB_INFO_OFFER_ENDED)
		ended_error(terms, &result->err);
	else if ((result->info.flags & KVM_PPC_HTAB_INFO_OFFERED) && htab->order)
		error_set(&result->err, STATUS_FAILED, EBUSY,
			  "order %u exceeds the limit set by the VM's owner; reset the VM first",
			  htab->order);
	else
		running_error(terms, &result->info, &result->err);
}

/* One attempt. -EBUSY: the VM is running, or its offer has ended. */
static int try_change(const struct vm *vm, const struct vm_terms *terms, struct kvm_ppc_htab *htab,
		      struct vm_result *result)
{
	const struct kvm_ppc_htab wanted = *htab;
	int r = vm_info(vm, &result->info, &result->err);

	if (r)
		return r;
	result->info_known = true;
	result->order_before = result->info.order;
	r = check_state(terms, htab->order, result);
	if (r || terms->dry_run)
		return r;

	/* An offer needs no force, which only root has. */
	if (terms->force && (result->info.flags & KVM_PPC_HTAB_INFO_READY) &&
	    !(result->info.flags & KVM_PPC_HTAB_INFO_OFFERED))
		htab->flags |= KVM_PPC_HTAB_FORCE;
	result->tried = true;
	r = vm_allocate(vm, htab, &result->err);
	if (!r)
		return 0;
	*htab = wanted;
	learn_after_failure(vm, result);
	if (r == -EBUSY)
		explain_busy(terms, htab, result);
	return r == -EBUSY ? -result->err.code : r;
}

/* Pauses between attempts: short at first, as the VMM may be about to make its offer. */
#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 500

int vm_change(const struct vm *vm, const struct vm_terms *terms, struct kvm_ppc_htab *htab,
	      struct vm_result *result)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	int64_t deadline = clock_ms() + terms->wait_ms, pause = BACKOFF_MIN_MS, left;
	int r;

	while ((r = try_change(vm, terms, htab, result)) == -EBUSY) {
		left = deadline - clock_ms();
		if (terms->dry_run || left <= 0 || !offers_are_made(&result->info))
			break;
		error_clear(&result->err);
		sleep_ms(pause < left ? pause : left);
		pause = pause * 2 < BACKOFF_MAX_MS ? pause * 2 : BACKOFF_MAX_MS;
	}
	if (r || terms->dry_run)
		return r;
	result->changed = htab->order != 0;
	result->info_known = !vm_info(vm, &result->info, &ignored);
	return 0;
}
