// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has the tables of other VMs moved: a few VMs of its own get tables of random sizes and are gone
 * again, which leaves the pool in pieces, and these are put together again.
 *
 *	mover SEED MOVES SECONDS LAST [EVENT]...
 *
 * Ends when tables of the VMs up to number LAST were moved MOVES times and each EVENT of
 * /proc/vmstat has happened, or after so many SECONDS. Prints how often those were moved, how many
 * tables were in all, how often room was asked for and could not be made, and how often the events
 * have happened. Debugfs shows where those tables are, before and after.
 *
 * Room is asked for in sysfs: a request for a table might be served by the page allocator.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../../fuzz/htab/random.h"
#include "number.h"

#define KVM_VM_PPC_HV_TYPE 1
#define POOL "/sys/kernel/debug/kvm_htab/pool"
#define MOVES "/sys/kernel/kvm_htab/stats/moves"
#define COMPACT "/sys/kernel/kvm_htab/compact"
#define TOTAL "/sys/kernel/kvm_htab/pool/total_bytes"
#define FREE "/sys/kernel/kvm_htab/pool/free_bytes"
#define ORDER_MIN 18

#define OWN 32
#define IDS_MAX 100000
#define EVENTS_MAX 8

static int own[OWN]; /* file descriptors, -1: none */
static int kvm;

static struct {
	unsigned long moves, of_those, asked, refused;
} count;

static struct event {
	const char *name;
	uint64_t before;
} events[EVENTS_MAX];
static unsigned int nr_events;

static void fail(const char *what)
{
	fprintf(stderr, "mover: %s: %s\n", what, strerror(errno));
	exit(1);
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

/* The tables that have another place than before */
static unsigned long count_moved(unsigned int last, unsigned long *places)
{
	static unsigned long now[IDS_MAX];
	unsigned long moved = 0;

	read_places(now);
	for (unsigned int id = 0; id <= last; id++) {
		moved += places[id] && now[id] && now[id] != places[id];
		places[id] = now[id];
	}
	return moved;
}

static void change_table(unsigned int max_order)
{
	int *vm = &own[below(OWN)];
	uint32_t order = ORDER_MIN + below(max_order - ORDER_MIN + 1);

	/* A table is given back with its VM only */
	if (*vm >= 0)
		close(*vm);
	*vm = -1;
	if (chance(30))
		return;
	*vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);
	if (*vm < 0)
		fail("KVM_CREATE_VM");
	if (ioctl(*vm, KVM_PPC_ALLOCATE_HTAB, &order) && errno != ENOMEM)
		fail("KVM_PPC_ALLOCATE_HTAB");
}

/* Half or all of what is free, in one piece */
static void make_room(void)
{
	unsigned long free_bytes = read_number(FREE);
	unsigned int order = ORDER_MIN;
	FILE *f;

	while (2UL << order <= free_bytes)
		order++;
	if (order > ORDER_MIN)
		order -= below(2);
	f = fopen(COMPACT, "w");
	if (!f || fprintf(f, "%u", order) < 0)
		fail(COMPACT);
	count.asked++;
	if (!fclose(f))
		return;
	if (errno != ENOMEM)
		fail(COMPACT);
	count.refused++;
}

static uint64_t times_happened(const struct event *event)
{
	return read_events(event->name) - event->before;
}

static bool all_have_happened(void)
{
	for (unsigned int i = 0; i < nr_events; i++)
		if (!times_happened(&events[i]))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static unsigned long places[IDS_MAX];
	unsigned long wanted, before;
	unsigned int max_order, last;
	time_t end;

	if (argc < 5 || argc > 5 + EVENTS_MAX) {
		fprintf(stderr, "usage: mover SEED MOVES SECONDS LAST [EVENT]...\n");
		return 2;
	}
	random_seed(strtoull(argv[1], NULL, 0));
	wanted = strtoul(argv[2], NULL, 0);
	end = time(NULL) + atoi(argv[3]);
	last = (unsigned int)atoi(argv[4]);
	if (last >= IDS_MAX)
		last = IDS_MAX - 1;
	for (char **name = argv + 5; *name; name++)
		events[nr_events++] = (struct event){ *name, read_events(*name) };
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		fail("/dev/kvm");
	for (unsigned int i = 0; i < OWN; i++)
		own[i] = -1;

	/* All of them, with tables up to an eighth, would be more than there is */
	max_order = ORDER_MIN;
	while (16UL << max_order <= read_number(TOTAL))
		max_order++;
	read_places(places);
	before = read_number(MOVES);
	while ((count.of_those < wanted || !all_have_happened()) && time(NULL) < end) {
		for (unsigned int i = below(4); i; i--)
			change_table(max_order);
		make_room();
		count.of_those += count_moved(last, places);
	}
	count.moves = read_number(MOVES) - before;
	printf("of-those=%lu moves=%lu asked=%lu refused=%lu", count.of_those, count.moves,
	       count.asked, count.refused);
	for (unsigned int i = 0; i < nr_events; i++)
		printf(" %s=%" PRIu64, events[i].name, times_happened(&events[i]));
	puts("");
	return 0;
}
