// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has the tables of other VMs moved: a few VMs of its own get tables of random sizes and are gone
 * again, which leaves the pool in pieces, and these are put together again.
 *
 *	mover [--aim] SEED MOVES SECONDS LAST [EVENT]...
 *
 * Ends when tables of the VMs up to number LAST were moved MOVES times and each EVENT of
 * /proc/vmstat has happened, after so many SECONDS, or on SIGUSR1. Prints how often those were
 * moved, how many tables were in all, how often room was asked for and could not be made, how often
 * the table of each of those VMs was moved, and how often the events have happened. Debugfs shows
 * where those tables are, before and after.
 *
 * Most of what is moved are tables of its own. With --aim it spends half of its moves on those of the
 * VMs up to LAST alone, see mover-aim.c.
 *
 * Room is asked for in sysfs: a request for a table might be served by the page allocator.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../../fuzz/htab/random.h"
#include "mover.h"
#include "number.h"

#define KVM_VM_PPC_HV_TYPE 1
#define POOL "/sys/kernel/debug/kvm_htab/pool"
#define MOVES "/sys/kernel/kvm_htab/stats/moves"
#define COMPACT "/sys/kernel/kvm_htab/compact"
#define TOTAL "/sys/kernel/kvm_htab/pool/total_bytes"
#define FREE "/sys/kernel/kvm_htab/pool/free_bytes"

#define OWN 32
#define IDS_MAX 100000
#define AIMED 30 /* moves, and as many others then */
#define EVENTS_MAX 8

static int own[OWN]; /* file descriptors, -1: none */
static int kvm;
static unsigned int last, max_order;
static unsigned long wanted;
static time_t end;
static volatile sig_atomic_t told_to_end;

/* Where the tables of VMs up to the last are, and one more; 0 for those that have none */
static unsigned int places[IDS_MAX];
static unsigned long moved[IDS_MAX];

static struct {
	unsigned long moves, of_those, asked, refused;
} count;

static struct event {
	const char *name;
	uint64_t before;
} events[EVENTS_MAX];
static unsigned int nr_events;

void fail(const char *what)
{
	fprintf(stderr, "mover: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A table that is there twice was moved while the kernel looked. */
void pool_read(struct pool *pool)
{
	unsigned int at, nr, id;
	char line[80], use[8];
	enum granule granule;
	FILE *f = fopen(POOL, "r");

	if (!f)
		fail(POOL);
	pool->nr_granules = pool->nr_tables = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %u %7s %u", &at, &nr, use, &id) < 3 || at + nr > GRANULES_MAX)
			continue;
		granule = use[0] == 'v' ? GRANULE_TABLE :
			  use[0] == 'u' ? GRANULE_USED :
					  GRANULE_FREE;
		memset(pool->granules + at, (int)granule, nr);
		pool->nr_granules = at + nr;
		if (granule == GRANULE_TABLE && pool->nr_tables < TABLES_MAX)
			pool->tables[pool->nr_tables++] = (struct table){ at, nr, id };
	}
	fclose(f);
}

/* The tables that have another place than before */
static void count_moved(void)
{
	static struct pool now;

	pool_read(&now);
	for (const struct table *t = now.tables; t < now.tables + now.nr_tables; t++) {
		if (t->id > last)
			continue;
		if (places[t->id] && places[t->id] != t->at + 1) {
			moved[t->id]++;
			count.of_those++;
		}
		places[t->id] = t->at + 1;
	}
}

int vm_create(void)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);

	if (vm < 0)
		fail("KVM_CREATE_VM");
	return vm;
}

static void change_table(void)
{
	int *vm = &own[below(OWN)];
	uint32_t order = ORDER_MIN + below(max_order - ORDER_MIN + 1);

	/* A table is given back with its VM only */
	if (*vm >= 0)
		close(*vm);
	*vm = -1;
	if (chance(30))
		return;
	*vm = vm_create();
	if (ioctl(*vm, KVM_PPC_ALLOCATE_HTAB, &order) && errno != ENOMEM)
		fail("KVM_PPC_ALLOCATE_HTAB");
}

bool make_room(unsigned int order)
{
	FILE *f = fopen(COMPACT, "w");

	if (!f || fprintf(f, "%u", order) < 0)
		fail(COMPACT);
	count.asked++;
	if (!fclose(f))
		return true;
	if (errno != ENOMEM)
		fail(COMPACT);
	count.refused++;
	return false;
}

/* Half or all of what is free, in one piece */
static void compact(void)
{
	unsigned long free_bytes = read_number(FREE);
	unsigned int order = ORDER_MIN;

	while (2UL << order <= free_bytes)
		order++;
	if (order > ORDER_MIN)
		order -= below(2);
	make_room(order);
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

static bool enough(void)
{
	return (count.of_those >= wanted && all_have_happened()) || time(NULL) >= end ||
	       told_to_end;
}

static void move_at_random(void)
{
	for (unsigned int i = below(4); i; i--)
		change_table();
	compact();
	count_moved();
}

static void move_those(void)
{
	unsigned long limit = count.of_those + AIMED;
	unsigned int failures = 0;

	for (unsigned int i = 0; i < OWN; i++) {
		if (own[i] >= 0)
			close(own[i]);
		own[i] = -1;
	}
	if (aim_start(last)) {
		while (count.of_those < limit && failures < 3 && !enough()) {
			failures += !aim_push(last);
			count_moved();
		}
	}
	aim_end();
	/* As many as there are when tables have come and gone for some time */
	for (unsigned int i = 0; i < OWN && !enough(); i++)
		change_table();
}

static void move_all(void)
{
	unsigned long limit = read_number(MOVES) + AIMED;

	for (unsigned int i = 0; i < AIMED && read_number(MOVES) < limit && !enough(); i++)
		move_at_random();
}

static void end_soon(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static void parse(char **argv)
{
	random_seed(strtoull(argv[0], NULL, 0));
	wanted = strtoul(argv[1], NULL, 0);
	end = time(NULL) + atoi(argv[2]);
	last = (unsigned int)atoi(argv[3]);
	if (last >= IDS_MAX)
		last = IDS_MAX - 1;
	for (char **name = argv + 4; *name; name++)
		events[nr_events++] = (struct event){ *name, read_events(*name) };
}

static void print_counts(void)
{
	printf("of-those=%lu moves=%lu asked=%lu refused=%lu", count.of_those, count.moves,
	       count.asked, count.refused);
	for (unsigned int id = 0; id <= last; id++)
		if (moved[id])
			printf(" vm%u=%lu", id, moved[id]);
	for (unsigned int i = 0; i < nr_events; i++)
		printf(" %s=%" PRIu64, events[i].name, times_happened(&events[i]));
	puts("");
}

int main(int argc, char **argv)
{
	bool aim = argc > 1 && !strcmp(argv[1], "--aim");
	unsigned long before;

	argc -= aim;
	argv += aim;
	if (argc < 5 || argc > 5 + EVENTS_MAX) {
		fprintf(stderr, "usage: mover [--aim] SEED MOVES SECONDS LAST [EVENT]...\n");
		return 2;
	}
	parse(argv + 1);
	signal(SIGUSR1, end_soon);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		fail("/dev/kvm");
	for (unsigned int i = 0; i < OWN; i++)
		own[i] = -1;

	/* All of them, with tables up to an eighth, would be more than there is */
	max_order = ORDER_MIN;
	while (16UL << max_order <= read_number(TOTAL))
		max_order++;
	count_moved();
	before = read_number(MOVES);
	while (!enough()) {
		if (aim)
			move_those();
		move_all();
	}
	count.moves = read_number(MOVES) - before;
	print_counts();
	return 0;
}
