/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of pool-status that draws the pool: what is where, and whose it is. */
#ifndef KVM_HTAB_POOL_MAP_H
#define KVM_HTAB_POOL_MAP_H

#include "output.h"
#include "vm-list.h"

enum piece_kind {
	PIECE_FREE,
	PIECE_USED, /* for a table, nobody says whose */
	PIECE_VM,
};

/* In bytes, from the start of the pool. */
struct piece {
	enum piece_kind kind;
	uint64_t at, bytes;
	uint64_t vm; /* of PIECE_VM: its number in /sys/kernel/kvm_htab/vm */
};

struct pool_map {
	struct piece *pieces; /* owned; all of the pool, by place */
	size_t n;
	uint64_t bytes; /* of the pool */
	uint64_t granule_bytes;
};

/*
 * Fills @map from /sys/kernel/debug/kvm_htab/pool; pool_map_clear() frees it. Errors:
 * STATUS_FAILED, -EACCES for want of privileges; STATUS_CANNOT, -ENOENT if this kernel does
 * not tell; -EBADMSG for a file that is none.
 */
int pool_map_read(const struct sysfs *fs, struct pool_map *map, struct error *err) _must_check_;
void pool_map_clear(struct pool_map *map);

/* Prints a character for each slice of @map, and what the characters mean. @users names the VMs. */
void pool_map_print(const struct pool_map *map, const struct vm_list *users);

/* Adds "map" to @object. */
void pool_map_add_json(struct json_object *object, const struct pool_map *map);

#endif /* KVM_HTAB_POOL_MAP_H */
