/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that has VMs (a VMM), as /proc shows it: which descriptors of VMs
 * it holds, and who it is.
 */
#ifndef KVM_HTAB_VM_VMM_H
#define KVM_HTAB_VM_VMM_H

#include <sys/types.h>

#include "host/sysfs.h"

/* What /proc/PID/fd/N of a KVM VM points at. */
#define VMM_VM_LINK "anon_inode:kvm-vm"

struct vmm {
	pid_t pid;
	int proc_fd; /* /proc/PID, which goes dead with this very process; -1: none */
	bool captured; /* not a process of this host */

	/* vmm_read_fds() */
	int *fds; /* descriptors of VMs, the lowest of each VM, ascending; owned */
	size_t nfds;
	bool has_kvm; /* a descriptor of a VM or of a vCPU */

	/* vmm_identify() */
	char *command; /* any bytes; owned; NULL: unknown */
	char *guest; /* NAME of QEMU's "-name guest=NAME"; any bytes; owned; NULL: none */
	uid_t uid;
	bool uid_known;
};

/*
 * Opens /proc/@pid. vmm_clear() frees @vmm whatever came of it. A thread that
 * is no process can be opened, too. Errors: -errno of open(2).
 */
int vmm_open(const struct sysfs *fs, pid_t pid, struct vmm *vmm) _must_check_;

/*
 * Finds the VMs that the process holds. Descriptors of the same VM are one
 * where the kernel can tell (kcmp(2)). Errors: -errno; -EACCES: may not be
 * seen, which takes ptrace access; -ENOENT, -ESRCH: the process has ended.
 */
int vmm_read_fds(struct vmm *vmm) _must_check_;

/*
 * Reads what descriptor @fd of the process is, as in VMM_VM_LINK, into @kind.
 * Errors: -errno of readlink(2).
 */
int vmm_fd_kind(const struct vmm *vmm, int fd, char *kind, size_t size) _must_check_;

/* Fills in who it is, as far as that can be seen. Never fails. */
void vmm_identify(struct vmm *vmm);

/* Fit for _cleanup_(). */
void vmm_clear(struct vmm *vmm);

/* The number of @key ("\nTgid:") in the process's status; -errno. */
int vmm_status_number(const struct vmm *vmm, const char *key, uint64_t *value) _must_check_;

/* Whether this kernel can tell that two descriptors are the same VM. */
bool vmm_can_compare(void);

/* Whether both are the same VM; false if the kernel cannot tell. Of this host only. */
bool vmm_same_vm(pid_t pid_a, int fd_a, pid_t pid_b, int fd_b);

#endif /* KVM_HTAB_VM_VMM_H */
