/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains of libvirt, from its pid files, which name the process of each domain. The system's pid
 * files are in /run/libvirt/qemu, those of a user's session below $XDG_RUNTIME_DIR.
 */
#ifndef KVM_HTAB_VM_DOMAIN_H
#define KVM_HTAB_VM_DOMAIN_H

#include <sys/types.h>

#include "host/sysfs.h"

struct domain {
	char *name; /* any bytes except "/"; owned */
	pid_t pid;
};

struct domains {
	struct domain *list; /* by pid */
	size_t n;
};

/* Reads all pid files that this user may read. Never fails. domains_clear() frees @domains. */
void domains_read(const struct sysfs *fs, struct domains *domains);
void domains_clear(struct domains *domains);

/* Returns the name of the domain whose pid file names @pid; borrowed; NULL: none. */
const char *domains_name_of(const struct domains *domains, pid_t pid);

/* Errors: -EINVAL with a usage error if @name cannot be the name of a domain. */
int domain_check_name(const char *name, struct error *err) _must_check_;

/*
 * Finds the process that the pid file of domain @name names. It may have ended, and another process
 * may have its ID by now. Errors: -errno, STATUS_FAILED.
 */
int domain_find(const struct sysfs *fs, const char *name, pid_t *pid,
		struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_DOMAIN_H */
