/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM of another process: naming it, getting its file descriptor, and the
 * requests on its hashed page table.
 */
#ifndef KVM_HTAB_VM_H
#define KVM_HTAB_VM_H

#include <asm/kvm_htab.h>
#include <linux/kvm.h>
#include <stdbool.h>

#include "host.h"
#include "vm-socket.h"

/* How a VM is named. */
enum vm_target_kind {
	VM_TARGET_UNIX, /* unix:PATH, unix:@NAME */
	VM_TARGET_FD, /* fd:N */
	VM_TARGET_PID, /* pid:PID, pid:PID:FD */
	VM_TARGET_DOMAIN, /* domain:NAME */
};

struct vm_target {
	enum vm_target_kind kind;
	const char *text; /* as the user wrote it; borrowed */
	struct vm_address address; /* VM_TARGET_UNIX */
	int fd; /* VM_TARGET_FD; VM_TARGET_PID: of the VMM, -1: the only VM it has */
	pid_t pid; /* VM_TARGET_PID */
	const char *domain; /* VM_TARGET_DOMAIN; borrowed */
};

struct vm {
	int fd; /* the VM; -1: none */
	int sock; /* the peer that waits for an answer; -1: none */
	bool offered; /* by its VMM, or by a parent: somebody wants it reset */
};

/* Parses one argument of --vm, which must outlive @target. Errors: -errno with a usage error. */
int vm_target_parse(const char *text, struct vm_target *target, struct error *err) _must_check_;

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

#endif /* KVM_HTAB_VM_H */
