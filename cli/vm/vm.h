/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM of another process: getting its file descriptor, and requests on its hashed page table. */
#ifndef KVM_HTAB_VM_VM_H
#define KVM_HTAB_VM_VM_H

#include <kvm-htab.h>
#include <linux/kvm.h>
#include <stdbool.h>

#include "host/host.h"
#include "vm/target.h"

struct vm {
	int fd; /* the VM; -1: none */
	int sock; /* a peer that waits for an answer; -1: none */
};

/*
 * Gets the VM's file descriptor and checks that it is a VM and that the kernel grants access to its
 * table. The caller closes @vm with vm_close(), even after a failure, and answers vm->sock first if
 * there is one. Errors: -errno with the reason in @err.
 */
int vm_attach(const struct vm_target *target, const struct sysfs *fs, const struct host *host,
	      unsigned int timeout_ms, unsigned int wait_ms, struct vm *vm,
	      struct error *err) _must_check_;

/* Closes the VM but not the socket: an open descriptor keeps the VM and its memory alive. */
void vm_release(struct vm *vm);
void vm_close(struct vm *vm);

/* Fills @info (KVM_PPC_GET_HTAB_INFO). Errors: -errno with the reason in @err. */
int vm_info(const struct vm *vm, struct kvm_ppc_htab_info *info, struct error *err) _must_check_;

/*
 * Calls KVM_PPC_ALLOCATE_HTAB2 with @htab, which it updates. Errors: -errno with the reason in @err:
 * STATUS_RUNNING for -EBUSY, STATUS_NO for -ENOMEM, else STATUS_FAILED.
 */
int vm_allocate(const struct vm *vm, struct kvm_ppc_htab *htab, struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_VM_H */
