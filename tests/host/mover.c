// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has the tables of other VMs moved: asks for tables of random sizes for a few VMs of its own, so
 * that the pool is full and in pieces all the time.
 *
 *	mover SEED MOVES SECONDS
 *
 * Ends when tables of others were moved MOVES times, or after so many SECONDS. Prints both kinds of
 * moves, and what was asked for and refused. That others' were moved is seen in debugfs, where they
 * are after each request.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../fuzz/htab/random.h"

#define KVM_VM_PPC_HV_TYPE 1
#define POOL "/sys/kernel/debug/kvm_htab/pool"
#define MOVES "/sys/kernel/kvm_htab/stats/moves"
#define TOTAL "/sys/kernel/kvm_htab/pool/total_bytes"
#define ORDER_MIN 18

#define OWN 24
#define IDS_MAX 100000

static int own[OWN]; /* file descriptors, -1: none */
static int kvm;

static struct {
	unsigned long moves, others, requests, refused;
} count;

static void fail(const char *what)
{
	fprintf(stderr, "mover: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long read_number(const char *path)
{
	unsigned long value;
	FILE *f = fopen(path, "r");

	if (!f || fscanf(f, "%lu", &value) != 1)
		fail(path);
	fclose(f);
	return value;
}

/* Where the tables of all VMs are; 0 for those that have none, else one more than the place */
static void read_places(unsigned long *places)
{
	unsigned long at, nr;
	char line[80];
	unsigned int id;
	FILE *f = fopen(POOL, "r");

	if (!f)
		fail(POOL);
	memset(places, 0, IDS_MAX * sizeof(*places));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lu %lu vm %u", &at, &nr, &id) == 3 && id < IDS_MAX)
			places[id] = at + 1;
	fclose(f);
}

/* The tables of VMs that were there before this began and have another place than before */
static unsigned long count_moved(unsigned int ids, unsigned long *places)
{
	static unsigned long now[IDS_MAX];
	unsigned long moved = 0;

	read_places(now);
	for (unsigned int id = 0; id < ids; id++) {
		moved += places[id] && now[id] && now[id] != places[id];
		places[id] = now[id];
	}
	return moved;
}

static void ask(unsigned int max_order)
{
	int *vm = &own[below(OWN)];
	uint32_t order = ORDER_MIN + below(max_order - ORDER_MIN + 1);

	/* A table is given back with its VM only */
	if (*vm >= 0 && chance(50)) {
		close(*vm);
		*vm = -1;
	}
	if (*vm < 0)
		*vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);
	if (*vm < 0)
		fail("KVM_CREATE_VM");
	count.requests++;
	if (!ioctl(*vm, KVM_PPC_ALLOCATE_HTAB, &order))
		return;
	if (errno != ENOMEM)
		fail("KVM_PPC_ALLOCATE_HTAB");
	count.refused++;
}

/* The number that the next VM gets: those below are others' */
static unsigned int first_own(unsigned long *places)
{
	unsigned int id = IDS_MAX;

	read_places(places);
	while (id && !places[id - 1])
		id--;
	return id;
}

int main(int argc, char **argv)
{
	static unsigned long places[IDS_MAX];
	unsigned long wanted, before;
	unsigned int max_order, ids;
	time_t end;

	if (argc != 4) {
		fprintf(stderr, "usage: mover SEED MOVES SECONDS\n");
		return 2;
	}
	random_seed(strtoull(argv[1], NULL, 0));
	wanted = strtoul(argv[2], NULL, 0);
	end = time(NULL) + atoi(argv[3]);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		fail("/dev/kvm");
	for (unsigned int i = 0; i < OWN; i++)
		own[i] = -1;

	/* A quarter of the pool is the largest table */
	max_order = ORDER_MIN;
	while (8UL << max_order <= read_number(TOTAL))
		max_order++;
	ids = first_own(places);
	before = read_number(MOVES);
	while (count.others < wanted && time(NULL) < end) {
		ask(max_order);
		count.others += count_moved(ids, places);
	}
	count.moves = read_number(MOVES) - before;
	printf("others=%lu moves=%lu requests=%lu refused=%lu\n", count.others, count.moves,
	       count.requests, count.refused);
	return 0;
}
