/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMs of this host: from /sys/kernel/kvm_htab/vm, which tells root all
 * about their tables, else from the processes that have them.
 */
#ifndef KVM_HTAB_VM_LIST_H
#define KVM_HTAB_VM_LIST_H

#include <asm/kvm_htab.h>
#include <sys/types.h>

#include "host/host.h"

struct host_vm {
	uint64_t id; /* of its directory in sysfs; 0: unknown */
	bool info_known;
	struct kvm_ppc_htab_info info; /* default_order is not told */
	pid_t pid; /* 0: unknown, or its process has ended */
	int fd; /* its descriptor there; -1: unknown */
	uid_t uid;
	bool uid_known;
	char *command; /* of the VMM; any bytes; owned; NULL: unknown */
	char *domain; /* libvirt's name; any bytes; owned; NULL: none */
};

struct vm_list {
	struct host_vm *vms; /* in the order of id, or of pid and fd */
	size_t n;
	const char *source; /* what was read; NULL: nothing */
	size_t hidden; /* VMs that there are, but not in this list */
	bool hidden_known; /* else there may be some */
	bool tables_known; /* what tables the VMs have */
	char *advice; /* what is missing, and what helps; owned; NULL: nothing is */
};

/*
 * Fills @list; vm_list_clear() frees it whatever came of it. A host that is no
 * POWER has none. Errors: -errno, STATUS_CANNOT: there is nothing to read them from.
 */
int vm_list_read(const struct sysfs *fs, const struct host *host, struct vm_list *list,
		 struct error *err) _must_check_;
void vm_list_clear(struct vm_list *list);

/* The VM with the number @id; NULL: it is not in the list, or @id is 0. Borrowed from @list. */
const struct host_vm *vm_list_find(const struct vm_list *list, uint64_t id);

/* Frees what one VM of a list holds. */
void host_vm_clear(struct host_vm *vm);

#endif /* KVM_HTAB_VM_LIST_H */
