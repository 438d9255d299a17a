/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking a VM's file descriptor out of the process that has it, which need
 * not know (pidfd_getfd(2)). That takes ptrace access to it.
 */
#ifndef KVM_HTAB_VM_PROCESS_H
#define KVM_HTAB_VM_PROCESS_H

#include <sys/types.h>

#include "host/sysfs.h"

/*
 * Takes the VM of process @pid: its descriptor @wanted, or, with -1, that of
 * the only VM it has. The caller owns *@fd, set on success only, which closes
 * on exec. The process was alive when that was done.
 * Errors: -errno; STATUS_FAILED, or STATUS_CANNOT where the kernel cannot do it.
 */
int vm_process_take(pid_t pid, int wanted, int *fd, struct error *err) _must_check_;

/* The same with the process that libvirt runs domain @name as, according to the files of @fs. */
int vm_domain_take(const struct sysfs *fs, const char *name, int *fd,
		   struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_PROCESS_H */
