// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool, granule by granule: what is taken belongs to exactly one table. A table's place is what is taken
 * and belongs to no other; it has to be one piece of the table's size.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define CMA "/sys/kernel/debug/cma/kvm_cma/"
#define FREE_BYTES "/sys/kernel/kvm_htab/pool/free_bytes"
#define MOVES "/sys/kernel/kvm_htab/stats/moves"
#define MOVED "/sys/kernel/debug/kvm_htab/pool"
#define GRANULE (256U << 10)
#define ORPHANS_LIMIT_MS 60000

static struct {
	unsigned int granules;
	struct bits others; /* taken before we came */
	struct bits now;
	bool orphans; /* allocations under way that nobody waits for */
	unsigned long long moves; /* of tables, so far */
} pool;

static bool get(const struct bits *b, unsigned int i)
{
	return b->word[i / 64] >> i % 64 & 1;
}

static unsigned int weight(const struct bits *b)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < POOL_WORDS; i++)
		n += (unsigned int)__builtin_popcountll(b->word[i]);
	return n;
}

static void add(struct bits *b, const struct bits *other)
{
	for (unsigned int i = 0; i < POOL_WORDS; i++)
		b->word[i] |= other->word[i];
}

static void take_away(struct bits *b, const struct bits *other)
{
	for (unsigned int i = 0; i < POOL_WORDS; i++)
		b->word[i] &= ~other->word[i];
}

static bool meet(const struct bits *a, const struct bits *b)
{
	for (unsigned int i = 0; i < POOL_WORDS; i++)
		if (a->word[i] & b->word[i])
			return true;
	return false;
}

/* The longest run of granules that have this value */
static unsigned int longest_run(const struct bits *b, bool value)
{
	unsigned int best = 0, run = 0;

	for (unsigned int i = 0; i < pool.granules; i++) {
		run = get(b, i) == value ? run + 1 : 0;
		if (run > best)
			best = run;
	}
	return best;
}

static unsigned long long number(const char *path)
{
	unsigned long long n = 0;
	FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%llu", &n) != 1)
		disagree("%s cannot be read", path);
	fclose(f);
	return n;
}

static void read_bitmap(void)
{
	FILE *f = fopen(CMA "bitmap", "re");
	uint32_t word;

	if (!f)
		disagree("%s cannot be read", CMA "bitmap");
	memset(&pool.now, 0, sizeof(pool.now));
	for (unsigned int i = 0; i < POOL_WORDS * 2 && fscanf(f, "%u", &word) == 1; i++)
		pool.now.word[i / 2] |= (uint64_t)word << i % 2 * 32;
	fclose(f);
}

static void moved_to(unsigned long long id, unsigned int at, unsigned int nr)
{
	for (struct vm *vm = vms; vm < vms + VMS; vm++) {
		if (!vm->alive || vm->id != id || !vm->order)
			continue;
		if (nr != table_bits(vm->order))
			disagree("VM %u has %u granules, which is not its table", vm->index, nr);
		if (vm->ctl & KVM_PPC_HTAB_CTL_NOMOVE && vm->used == YES && vm->place.known &&
		    !(vm->place.bits.word[at / 64] >> at % 64 & 1))
			disagree("VM %u was moved, which it did not permit", vm->index);
		vm->place = (struct place){ .known = true };
		for (unsigned int i = at; i < at + nr; i++)
			vm->place.bits.word[i / 64] |= UINT64_C(1) << i % 64;
	}
}

/* Where the kernel says that the VMs' tables are, if some were moved */
static void follow_moves(void)
{
	unsigned int at, nr;
	char line[128];
	unsigned long long id;
	FILE *f;

	if (pool.moves == number(MOVES))
		return;
	pool.moves = number(MOVES);
	f = fopen(MOVED, "re");
	if (!f)
		disagree("%s cannot be read", MOVED);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%u %u vm %llu", &at, &nr, &id) == 3)
			moved_to(id, at, nr);
	fclose(f);
}

static void look(void)
{
	do {
		if (host.patched)
			follow_moves();
		read_bitmap();
	} while (host.patched && pool.moves != number(MOVES));
}

void pool_open(void)
{
	uint64_t bytes = number(CMA "count") * host.page_bytes;

	pool.granules = (unsigned int)(bytes / GRANULE);
	if (pool.granules > POOL_WORDS * 64 ||
	    host.page_bytes << number(CMA "order_per_bit") != GRANULE) {
		fprintf(stderr, "fuzz-htab: a pool of %u granules of 256 KiB is expected at most\n",
			POOL_WORDS * 64);
		exit(2);
	}
}

/* Whatever is taken now is not ours. */
void pool_start(void)
{
	if (host.patched)
		pool.moves = number(MOVES);
	look();
	pool.others = pool.now;
	pool.orphans = false;
}

void pool_orphan(void)
{
	pool.orphans = true;
}

static bool under_way(void)
{
	for (struct vm *vm = vms; vm < vms + VMS; vm++)
		if (vm->alive && vm->pending == PENDING_UNDER_WAY)
			return true;
	return false;
}

/* Of a kernel worker, what it does: "kworker/u4:2+kvm_resize_hpt"; with a "-", what it did last */
static bool process_does(const char *pid, const char *work)
{
	char path[64], at_work[64];
	bool does;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	does = fscanf(f, "%*[^+]+%63s", at_work) == 1 && !strcmp(at_work, work);
	fclose(f);
	return does;
}

static bool allocation_at_work(void)
{
	const char *work = host.patched ? "kvm_resize_hpt" : "events";
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	if (!dir)
		disagree("/proc cannot be read");
	while (!found && (entry = readdir(dir)))
		found = isdigit((unsigned char)entry->d_name[0]) &&
			process_does(entry->d_name, work);
	closedir(dir);
	return found;
}

/*
 * One that had begun when it was given up goes on: it searches the pool, sleeps, moves tables, and frees
 * what it got. One that had not begun does nothing.
 */
static void wait_for_orphans(void)
{
	unsigned int waited = 0;

	while (allocation_at_work()) {
		if (waited >= ORPHANS_LIMIT_MS)
			disagree("an allocation that was given up does not end");
		usleep(10000);
		waited += 10;
	}
	pool.orphans = false;
}

/* Nothing changes by itself, and it is known what belongs to whom */
bool pool_quiet(void)
{
	for (struct vm *vm = vms; vm < vms + VMS; vm++)
		if (vm->alive && ((vm->order && !vm->place.known) ||
				  (vm->pending != PENDING_NONE && !vm->pending_place.known)))
			return false;
	return !pool.orphans && !under_way();
}

/*
 * Could the pool have given a table of that order, as it was when last looked at? What the VM has prepared
 * is given up first; its table is, too, or rather included, if so asked.
 */
bool pool_could(const struct vm *vm, unsigned int order, bool own_place_too)
{
	struct bits b = pool.now;

	if (order < ORDER_MIN || order > 40)
		return false;
	if (vm && host.patched)
		take_away(&b, &vm->pending_place.bits);
	if (own_place_too)
		take_away(&b, &vm->place.bits);
	return longest_run(&b, false) >= table_bits(order);
}

/* For what is taken by one table or one pending table */
struct claim {
	struct place *place;
	unsigned int order;
	bool pool, pages; /* where it may be */
};

static unsigned int claims_of(struct vm *vm, struct claim *c)
{
	unsigned int n = 0;

	if (!vm->alive)
		return 0;
	if (vm->order)
		c[n++] = (struct claim){ &vm->place, vm->order, vm->source != KVM_PPC_HTAB_PAGES,
					 vm->source != KVM_PPC_HTAB_POOL };
	if (vm->pending != PENDING_NONE)
		c[n++] = (struct claim){ &vm->pending_place, vm->pending_order, true, true };
	return n;
}

/* Takes what nobody else has to be the place of the one table of which it is not known. */
static const char *resolve(struct claim *c, const struct bits *rest)
{
	unsigned int have = weight(rest), want = table_bits(c->order);

	if (!have && !c->pages)
		return "the table is said to be in the pool and is not there";
	if (have && !c->pool)
		return "the table is said to be of the page allocator, but the pool has lost memory";
	if (have && have != want)
		return "what the pool has lost is not the size of the table";
	if (have && longest_run(rest, true) != want)
		return "what the pool has lost is not in one piece";
	c->place->bits = *rest;
	c->place->known = true;
	return NULL;
}

/* NULL: all is well, or cannot be told yet */
static const char *compare(void)
{
	struct claim claims[2 * VMS], *unknown = NULL;
	struct bits rest, known = pool.others;
	unsigned int n = 0, nr_unknown = 0;

	for (struct vm *vm = vms; vm < vms + VMS; vm++)
		n += claims_of(vm, claims + n);
	for (struct claim *c = claims; c < claims + n; c++) {
		if (!c->place->known) {
			unknown = c;
			nr_unknown++;
			continue;
		}
		if (meet(&known, &c->place->bits))
			return "two tables in the same place";
		add(&known, &c->place->bits);
	}
	rest = known;
	take_away(&rest, &pool.now);
	if (weight(&rest))
		return "a table is there whose memory is free";
	if (under_way() || nr_unknown > 1)
		return NULL;
	rest = pool.now;
	take_away(&rest, &known);
	if (nr_unknown)
		return resolve(unknown, &rest);
	return weight(&rest) ? "memory is taken that belongs to no table" : NULL;
}

static void compare_free_bytes(void)
{
	unsigned long long is, should;

	if (!host.patched || !pool_quiet())
		return;
	is = number(FREE_BYTES);
	should = (unsigned long long)(pool.granules - weight(&pool.now)) * GRANULE;
	if (is != should)
		disagree("free_bytes says %llu; total less what is taken is %llu", is, should);
}

void pool_check(void)
{
	const char *wrong;

	if (pool.orphans && !under_way())
		wait_for_orphans();
	look();
	wrong = compare();
	if (wrong && !pool.orphans)
		disagree("pool, %u of %u granules taken: %s", weight(&pool.now), pool.granules,
			 wrong);
	compare_free_bytes();
}
