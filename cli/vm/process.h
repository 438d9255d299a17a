/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes a VM's file descriptor from the process that has it, without its cooperation
 * (pidfd_getfd(2)). This requires ptrace access to the process.
 */
#ifndef KVM_HTAB_VM_PROCESS_H
#define KVM_HTAB_VM_PROCESS_H

#include <sys/types.h>

#include "host/sysfs.h"

/*
 * Takes the VM of process @pid: its descriptor @wanted or, if that is -1, the only VM it has.
 * @domain: the libvirt domain that the process must run, if its command line names one; NULL: any.
 * The caller owns *@fd, which is set on success only and closes on exec. The process was alive
 * when its descriptor was taken.
 * Errors: -errno; STATUS_FAILED, or STATUS_CANNOT if the kernel lacks pidfd_getfd().
 */
int vm_process_take(pid_t pid, int wanted, const char *domain, int *fd,
		    struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_PROCESS_H */
