/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM of another process: getting its file descriptor, and the requests on
 * its hashed page table.
 */
#ifndef KVM_HTAB_VM_VM_H
#define KVM_HTAB_VM_VM_H

#include <asm/kvm_htab.h>
#include <linux/kvm.h>
#include <stdbool.h>

#include "host/host.h"
#include "vm/target.h"

struct vm {
	int fd; /* the VM; -1: none */
	int sock; /* the peer that waits for an answer; -1: none */
	bool offered; /* by its VMM, or by a parent: somebody wants it reset */
};

/*
 * Gets the VM's file descriptor, checks that it is a VM and that this kernel
 * lets us at its table. vm_close() closes @vm whatever came of it; a socket
 * is left in vm->sock, to be answered, after failures, too.
 * Errors: -errno with the reason in @err.
 */
int vm_attach(const struct vm_target *target, const struct sysfs *fs, const struct host *host,
	      unsigned int timeout_ms, struct vm *vm, struct error *err) _must_check_;

/* Lets go of the VM, which an open descriptor pins with all its memory; the socket stays. */
void vm_release(struct vm *vm);
void vm_close(struct vm *vm);

/* Fills @info (KVM_PPC_GET_HTAB_INFO). Errors: -errno with the reason in @err. */
int vm_info(const struct vm *vm, struct kvm_ppc_htab_info *info, struct error *err) _must_check_;

/*
 * KVM_PPC_ALLOCATE_HTAB2 with @htab, in and out. While vCPUs run, it is
 * tried again for @wait_ms. Errors: -errno with the reason in @err:
 * -EBUSY is STATUS_RUNNING, -ENOMEM STATUS_NO, else STATUS_FAILED.
 */
int vm_allocate(const struct vm *vm, struct kvm_ppc_htab *htab, unsigned int wait_ms,
		struct error *err) _must_check_;

/* Says in @err that vCPUs of the VM are running, after @wait_ms of waiting. Returns -EBUSY. */
int vm_running_error(unsigned int wait_ms, struct error *err);

#endif /* KVM_HTAB_VM_VM_H */
