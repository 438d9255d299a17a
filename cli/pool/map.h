/* SPDX-License-Identifier: GPL-2.0-only */
/* What is where in the pool, and whose it is. */
#ifndef KVM_HTAB_POOL_MAP_H
#define KVM_HTAB_POOL_MAP_H

#include "host/sysfs.h"

enum piece_kind {
	PIECE_FREE,
	PIECE_USED, /* nobody says by which VM */
	PIECE_VM,
	PIECE_UNKNOWN, /* in a table, or free */
};

/* In bytes, from the start of the pool. */
struct piece {
	enum piece_kind kind;
	uint64_t at, bytes;
	uint64_t vm; /* of PIECE_VM: its number in /sys/kernel/kvm_htab/vm */
	size_t number; /* of PIECE_VM: how many such pieces stand before it */
};

/* What the sources of facts about the pool, see pool.h, tell of places. */
struct pool_map {
	struct piece *pieces; /* owned; all of the pool, by place; NULL: not told */
	size_t n;
	size_t nvms; /* pieces of VMs */
	uint64_t bytes; /* of the pool */
	uint64_t granule_bytes; /* what it is divided into */
	bool owners; /* it is told what the VMs have */
	int error; /* errno: a source is there, but cannot be read; 0: there is none */
};

/* Reads /sys/kernel/debug/kvm_htab/pool, the best source, which names the VMs; else as pool_map_fail(). */
void pool_map_read(const struct sysfs *fs, struct pool_map *map);

/*
 * Adds a piece right behind those that are there; one of no bytes is none. Without memory, or
 * where the pool would end beyond 2^63 bytes, as pool_map_fail().
 */
void pool_map_add(struct pool_map *map, enum piece_kind kind, uint64_t bytes, uint64_t vm);

/* Notes why there is no map, as an errno, ENOENT excepted, and forgets the pieces there are. */
void pool_map_fail(struct pool_map *map, int code);

/* Makes what is in use unknown: some of it may be free. */
void pool_map_doubt(struct pool_map *map);

/* Whether another source is to be asked. */
static inline bool pool_map_missing(const struct pool_map *map)
{
	return !map->n && !map->error;
}

/*
 * What to say if nothing is known. Errors: STATUS_FAILED, -EACCES for want of privileges;
 * STATUS_CANNOT, -ENOENT if this kernel does not tell; others of reading files; -EBADMSG for a
 * file that is none.
 */
int pool_map_check(const struct pool_map *map, struct error *err) _must_check_;

/* Frees what @map holds. */
void pool_map_clear(struct pool_map *map);

#endif /* KVM_HTAB_POOL_MAP_H */
