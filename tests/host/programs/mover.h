/* SPDX-License-Identifier: GPL-2.0-only */
/* Has the tables of other VMs moved: the pool as the kernel shows it, and how it is asked for room. */
#ifndef HOST_MOVER_H
#define HOST_MOVER_H

#include <stdbool.h>

#define ORDER_MIN 18 /* a granule of the pool */
#define GRANULES_MAX 65536
#define TABLES_MAX 4096

/* A table in the pool, in granules */
struct table {
	unsigned int at, nr;
	unsigned int id; /* of its VM */
};

enum granule {
	GRANULE_FREE,
	GRANULE_TABLE,
	GRANULE_USED, /* by what is no VM's table: what a VM has prepared, or pages of others */
};

struct pool {
	unsigned int nr_granules;
	unsigned char granules[GRANULES_MAX]; /* enum granule */
	unsigned int nr_tables;
	struct table tables[TABLES_MAX];
};

/* mover.c */
void fail(const char *what) __attribute__((noreturn));
void pool_read(struct pool *pool);
int vm_create(void);
/* Whether there is room now */
bool make_room(unsigned int order);

/*
 * mover-aim.c: leaves no table of the pool a place but those of VMs up to number @last; false: it has none, or they
 * have no neighbour that could make way. All VMs that are not theirs are to be gone.
 */
bool aim_start(unsigned int last);
/* Has one of those tables moved; false: it cannot be moved, or not now */
bool aim_push(unsigned int last);
void aim_end(void);

#endif
