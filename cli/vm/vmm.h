/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that has VMs (a VMM), from /proc: its descriptors of VMs, and its identity. */
#ifndef KVM_HTAB_VM_VMM_H
#define KVM_HTAB_VM_VMM_H

#include <sys/types.h>

#include "host/sysfs.h"

/* The target of the link /proc/PID/fd/N of a KVM VM. */
#define VMM_VM_LINK "anon_inode:kvm-vm"

struct vmm {
	pid_t pid;
	int proc_fd; /* /proc/PID, which never refers to a later process; -1: none */
	bool captured; /* in a captured tree */

	/* vmm_read_fds() */
	int *fds; /* the lowest descriptor of each VM, ascending; owned */
	size_t nfds;
	bool has_kvm; /* it has a descriptor of a VM or vCPU */

	/* vmm_identify() */
	char *command; /* any bytes; owned; NULL: unknown */
	char *cgroup; /* of its memory; any bytes; owned; NULL: unknown */
	char *guest; /* the NAME in QEMU's "-name guest=NAME"; any bytes; owned; NULL: none */
	uid_t uid;
	bool uid_known;
	uint64_t ram_bytes; /* of its guest, as QEMU was told with -m; 0: unknown */
	uint64_t start_ticks; /* when it started, since the host booted; 0: unknown */
};

/*
 * Opens /proc/@pid, which may also be a thread. The caller frees @vmm with vmm_clear(), even after
 * a failure. Errors: -errno of open(2).
 */
int vmm_open(const struct sysfs *fs, pid_t pid, struct vmm *vmm) _must_check_;

/*
 * Finds the VMs of the process. Descriptors of the same VM count once if the kernel can compare
 * them (kcmp(2)). Errors: -errno; -EACCES without ptrace access; -ENOENT, -ESRCH: the process has
 * ended.
 */
int vmm_read_fds(struct vmm *vmm) _must_check_;

/* Reads the link of descriptor @fd into @kind, as in VMM_VM_LINK. Errors: -errno of readlink(2). */
int vmm_fd_kind(const struct vmm *vmm, int fd, char *kind, size_t size) _must_check_;

/* Fills in what is visible of the process's identity. Never fails. */
void vmm_identify(struct vmm *vmm);

/* Fit for _cleanup_(). */
void vmm_clear(struct vmm *vmm);

/* Reads the number after @key ("\nTgid:") in the process's status file. Errors: -errno. */
int vmm_status_number(const struct vmm *vmm, const char *key, uint64_t *value) _must_check_;

/* Whether this kernel can compare descriptors. */
bool vmm_can_compare(void);

/* A descriptor of a VM. */
struct vmm_fd {
	pid_t pid;
	int fd;
	bool repeated; /* an earlier one in the array is the same VM */
	size_t index; /* for vmm_find_repeated() */
};

/*
 * Sets .repeated of @n descriptors of processes of this host; false if the kernel cannot compare
 * them. That takes about n * log2(n) system calls.
 */
void vmm_find_repeated(struct vmm_fd *fds, size_t n);

#endif /* KVM_HTAB_VM_VMM_H */
