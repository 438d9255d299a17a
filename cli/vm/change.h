/* SPDX-License-Identifier: GPL-2.0-only */
/* Changing a VM's table: refusing what could harm a guest, making the request, learning what came of it. */
#ifndef KVM_HTAB_VM_CHANGE_H
#define KVM_HTAB_VM_CHANGE_H

#include "vm/vm.h"

/* What came of one VM. */
struct vm_result {
	const char *outcome; /* RESULT: "ok", "reset", ... ; NULL: failed */
	struct kvm_ppc_htab_info info; /* the last that was learnt */
	bool info_known;
	unsigned int wanted_order; /* 0: none */
	unsigned int order_before; /* of the table that was there; 0: none */
	bool tried; /* the request that changes was made: "nothing was changed" is not certain */
	bool changed;
	struct error err;
};

struct vm_terms {
	bool dry_run; /* check everything, change nothing */
	bool force; /* VMs that nobody has offered, too */
	unsigned int wait_ms; /* for vCPUs to stop */
};

/*
 * Learns the state of @vm, refuses a VM that nobody has offered unless @terms
 * say otherwise, stops there when it is a dry run (which fails if vCPUs are
 * running), makes the request @htab, in and out, waiting if wanted, and learns
 * the state again. Sets result->changed.
 * Returns 0 or -errno with the reason in result->err.
 */
int vm_change(const struct vm *vm, const struct vm_terms *terms, struct kvm_ppc_htab *htab,
	      struct vm_result *result);

#endif /* KVM_HTAB_VM_CHANGE_H */
