/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of pool-status in other files. */
#ifndef KVM_HTAB_COMMANDS_POOL_PARTS_H
#define KVM_HTAB_COMMANDS_POOL_PARTS_H

#include "commands/command.h"
#include "commands/vm-row.h"
#include "pool/map.h"
#include "pool/pool.h"

/*
 * Fills @users with the VMs whose table is, or may be, from the pool, the largest first. Never
 * fails: users->advice says what is missing. vm_list_clear() frees @users.
 */
void pool_users_read(const struct call *call, struct vm_list *users);

/* Prints @users as a table, unless there are none. Errors: -ENOMEM. */
int pool_users_print(const struct call *call, const struct vm_list *users) _must_check_;

/* Adds "users", "users_hidden" and "users_advice" to @object. */
void pool_users_add_json(const struct vm_list *users, struct json_object *object);

/* Draws @map and explains its characters. @users has the processes of the VMs. */
void pool_map_print(const struct pool_map *map, const struct vm_list *users);

/* Makes a JSON array of the pieces; NULL (null) if there are none. */
struct json_object *pool_map_json(const struct pool_map *map);

/*
 * Prints metrics for the textfile collector of node_exporter. @vms: all that this user may see.
 * @available: whether the host can run HPT guests. Unknown values are omitted, because a 0 would be
 * misleading.
 */
void pool_metrics_print(const struct host *host, const struct pool *pool, const struct vm_list *vms,
			bool available);

/* Adds how full the tables of @vms are, which the kernel has to read for that. */
void pool_metrics_print_loads(const struct sysfs *fs, const struct vm_list *vms);

#endif /* KVM_HTAB_COMMANDS_POOL_PARTS_H */
