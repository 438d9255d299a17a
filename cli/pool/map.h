/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of the pool: which parts are free, and which VM owns the others. */
#ifndef KVM_HTAB_POOL_MAP_H
#define KVM_HTAB_POOL_MAP_H

#include "host/sysfs.h"

enum piece_kind {
	PIECE_FREE,
	PIECE_USED, /* the VM is unknown, or it is not a table */
	PIECE_VM,
};

struct piece {
	enum piece_kind kind;
	uint64_t at, bytes; /* @at counts from the start of the pool */
	uint64_t vm; /* PIECE_VM: its number in /sys/kernel/kvm_htab/vm */
	size_t number; /* PIECE_VM: number of such pieces before it */
};

struct pool_map {
	struct piece *pieces; /* owned; all of the pool, by place; NULL: unknown */
	size_t n;
	size_t nvms; /* pieces of VMs */
	uint64_t bytes; /* of the pool */
	uint64_t granule_bytes; /* the unit of allocation */
	bool owners; /* the kernel reports the tables of VMs */
	int error; /* errno of a source that cannot be read; 0: no source */
};

/* Reads /sys/kernel/debug/kvm_htab/pool, which names the VMs. On errors: pool_map_fail(). */
void pool_map_read(const struct sysfs *fs, struct pool_map *map);

/*
 * Appends a piece, unless it has 0 bytes. pool_map_fail() if memory runs out or the pool would be
 * larger than 2^63 bytes.
 */
void pool_map_add(struct pool_map *map, enum piece_kind kind, uint64_t bytes, uint64_t vm);

/* Drops the pieces and keeps the errno @code, unless it is ENOENT. */
void pool_map_fail(struct pool_map *map, int code);

/* Whether to ask another source. */
static inline bool pool_map_missing(const struct pool_map *map)
{
	return !map->n && !map->error;
}

/*
 * Checks that @map has pieces. Errors: STATUS_CANNOT, -ENOENT: not reported by this kernel;
 * STATUS_FAILED, -EACCES: only for root; -EBADMSG: invalid contents; others of reading files.
 */
int pool_map_check(const struct pool_map *map, struct error *err) _must_check_;

/* Frees the contents of @map. */
void pool_map_clear(struct pool_map *map);

#endif /* KVM_HTAB_POOL_MAP_H */
