/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes a VM's table, after checks that protect its guest, and reads the result. */
#ifndef KVM_HTAB_VM_CHANGE_H
#define KVM_HTAB_VM_CHANGE_H

#include "vm/vm.h"

/* The result for one VM. */
struct vm_result {
	const char *outcome; /* RESULT: "ok", "reset", ... ; NULL: failed */
	struct kvm_ppc_htab_info info; /* the latest known */
	bool info_known;
	unsigned int wanted_order; /* 0: none */
	unsigned int order_before; /* of the old table; 0: none */
	bool tried; /* the VM may have been changed, even if the request failed */
	bool changed;
	struct error err;
};

struct vm_terms {
	bool dry_run; /* check everything, change nothing */
	bool force; /* even if the VM was not offered */
	unsigned int wait_ms; /* for vCPUs to stop */
};

/*
 * Reads the state of @vm, refuses a VM that was not offered unless terms->force is set, makes the
 * request @htab, which it updates, and reads the state again. A dry run ends before the request and
 * fails if vCPUs are running. Sets result->changed.
 * Returns 0 or -errno with the reason in result->err.
 */
int vm_change(const struct vm *vm, const struct vm_terms *terms, struct kvm_ppc_htab *htab,
	      struct vm_result *result);

#endif /* KVM_HTAB_VM_CHANGE_H */
