/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of pool-status that have files of their own. */
#ifndef KVM_HTAB_COMMANDS_POOL_PARTS_H
#define KVM_HTAB_COMMANDS_POOL_PARTS_H

#include "commands/command.h"
#include "commands/vm-row.h"
#include "pool/map.h"
#include "pool/pool.h"

/*
 * Fills @users with the VMs that have a table from the pool, or that may have one if this kernel or
 * user is not told; the largest first. Never fails: what is missing is said in users->advice.
 * vm_list_clear() frees it.
 */
void pool_users_read(const struct call *call, struct vm_list *users);

/* Prints them as a table, if there are any. Errors: -ENOMEM. */
int pool_users_print(const struct call *call, const struct vm_list *users) _must_check_;

/* Adds "users", "users_hidden" and "users_advice" to @object. */
void pool_users_add_json(const struct vm_list *users, struct json_object *object);

/* Prints a character for each slice of @map, and what the characters mean. @users names the VMs. */
void pool_map_print(const struct pool_map *map, const struct vm_list *users);

/* The pieces as an array; NULL (null) if there are none. */
struct json_object *pool_map_json(const struct pool_map *map);

/*
 * Prints metrics in the text format that node_exporter's textfile collector reads. @available:
 * whether the host has KVM-HV. What is not known is left out: a 0 would be believed.
 */
void pool_metrics_print(const struct host *host, const struct pool *pool, bool available);

#endif /* KVM_HTAB_COMMANDS_POOL_PARTS_H */
