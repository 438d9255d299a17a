/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of pool-status about who uses the pool, as far as the caller may see. */
#ifndef KVM_HTAB_POOL_USERS_H
#define KVM_HTAB_POOL_USERS_H

#include "output.h"
#include "vm-list.h"

/*
 * Fills @users with the VMs that have a table from the pool, or that may have one where
 * this kernel or user is not told. Never fails: what is missing is said in users->advice.
 * vm_list_clear() frees it.
 */
void pool_users_read(const struct sysfs *fs, const struct host *host, struct vm_list *users);

/* Adds "users", "users_hidden" and "users_advice" to @object. */
void pool_users_add_json(struct json_object *object, const struct vm_list *users);

/* Prints them as a table, if there are any. Errors: -ENOMEM. */
int pool_users_print(const struct vm_list *users,
		     const struct output_options *options) _must_check_;

#endif /* KVM_HTAB_POOL_USERS_H */
