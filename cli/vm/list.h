/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMs of this host: from /sys/kernel/kvm_htab/vm, which shows root their tables, or else from
 * the processes that have them.
 */
#ifndef KVM_HTAB_VM_LIST_H
#define KVM_HTAB_VM_LIST_H

#include <kvm-htab.h>
#include <sys/types.h>

#include "host/host.h"
#include "host/tables.h"
#include "lib/fact.h"

struct host_vm {
	uint64_t id; /* name of its directory in sysfs; 0: unknown */
	bool info_known;
	struct kvm_ppc_htab_info info; /* except default_order, which is 0 */
	pid_t pid; /* 0: unknown, or its process has ended */
	int fd; /* its descriptor in that process; -1: unknown */
	uid_t uid;
	bool uid_known;
	struct fact charged_bytes; /* what the owner's memory cgroup pays for its table */
	char *cgroup; /* that cgroup, as of now; any bytes; owned; NULL: unknown */
	char *command; /* of the VMM; any bytes; owned; NULL: unknown */
	char *domain; /* libvirt's name; any bytes; owned; NULL: none */
	uint64_t ram_bytes; /* of the guest, as its QEMU was told; 0: unknown */
	uint64_t start_ticks; /* when its process started, since the host booted; 0: unknown */
};

struct vm_list {
	struct host_vm *vms; /* sorted by id, or by pid and fd */
	size_t n;
	const char *source; /* the directory that was read; NULL: none */
	size_t hidden; /* number of VMs that this list lacks */
	bool hidden_known; /* false: there may be more */
	struct host_tables tables; /* of all VMs, if the kernel does not report whose they are */
	bool tables_known;
	char *advice; /* what the list lacks, and who sees it; owned; NULL: nothing */
};

/*
 * Fills @list, which the caller frees with vm_list_clear(), even after a failure. It stays empty on
 * hosts other than POWER. Errors: -errno, STATUS_CANNOT: /proc cannot be read.
 */
int vm_list_read(const struct sysfs *fs, const struct host *host, struct vm_list *list,
		 struct error *err) _must_check_;
void vm_list_clear(struct vm_list *list);

/* Finds the VM with number @id, borrowed from @list; NULL: not in the list, or @id is 0. */
const struct host_vm *vm_list_find(const struct vm_list *list, uint64_t id);

/*
 * Finds the process that made the VM with number @id. It may have ended, and another process may have
 * its ID by now. Errors: -errno; STATUS_FAILED, or STATUS_CANNOT if the kernel does not number VMs.
 */
int vm_id_find(const struct sysfs *fs, uint64_t id, pid_t *pid, struct error *err) _must_check_;

/* Frees the strings of one VM of a list. */
void host_vm_clear(struct host_vm *vm);

#endif /* KVM_HTAB_VM_LIST_H */
