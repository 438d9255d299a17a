/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains of libvirt: the files in which it notes which process runs which
 * domain. Those of the system are in /run/libvirt/qemu, those of a user's own
 * session below $XDG_RUNTIME_DIR.
 */
#ifndef KVM_HTAB_VM_DOMAIN_H
#define KVM_HTAB_VM_DOMAIN_H

#include <sys/types.h>

#include "host/sysfs.h"

struct domain {
	char *name; /* any bytes but "/" */
	pid_t pid;
};

struct domains {
	struct domain *list;
	size_t n;
};

/* Reads all the files that may be read. Never fails. domains_clear() frees @domains. */
void domains_read(const struct sysfs *fs, struct domains *domains);
void domains_clear(struct domains *domains);

/* The name of the domain that @pid is noted for; borrowed; NULL: none. */
const char *domains_name_of(const struct domains *domains, pid_t pid);

/* Errors: -EINVAL with a usage error if no domain can be called @name. */
int domain_check_name(const char *name, struct error *err) _must_check_;

/*
 * Finds the process that is noted for domain @name. It may have ended, and its
 * number may be another's by now. Errors: -errno, STATUS_FAILED.
 */
int domain_find(const struct sysfs *fs, const char *name, pid_t *pid,
		struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_DOMAIN_H */
