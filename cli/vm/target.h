/* SPDX-License-Identifier: GPL-2.0-only */
/* How a VM is named on the command line. */
#ifndef KVM_HTAB_VM_TARGET_H
#define KVM_HTAB_VM_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vm/socket.h"

enum vm_target_kind {
	VM_TARGET_UNIX, /* unix:PATH, unix:@NAME */
	VM_TARGET_FD, /* fd:N */
	VM_TARGET_PID, /* pid:PID, pid:PID:FD */
	VM_TARGET_DOMAIN, /* domain:NAME */
	VM_TARGET_ID, /* id:N */
};

struct vm_target {
	enum vm_target_kind kind;
	const char *text; /* as given with --vm; borrowed */
	struct vm_address address; /* VM_TARGET_UNIX */
	int fd; /* VM_TARGET_FD; VM_TARGET_PID: descriptor of the VMM, -1: its only VM */
	bool closed; /* VM_TARGET_FD: not inherited; the number may be a file of ours by now */
	pid_t pid; /* VM_TARGET_PID */
	const char *domain; /* VM_TARGET_DOMAIN; borrowed */
	uint64_t id; /* VM_TARGET_ID */
};

/* Parses one argument of --vm, which must outlive @target. Errors: -errno with a usage error. */
int vm_target_parse(const char *text, struct vm_target *target, struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_TARGET_H */
