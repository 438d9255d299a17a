// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has a table in particular moved, again and again.
 *
 * A table that a VM has prepared for a resize stays where it is. Such pins fill the pool, but for the tables
 * of the VMs that are aimed at, and for some places of the size of one of these. If a pin beside such a table
 * is taken away, room for twice its size can only be made there, and the table goes to one of the free places.
 * What it leaves is pinned again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../fuzz/htab/random.h"
#include "mover.h"

#define PINS 160
#define LARGER 3 /* orders above that of the table, for a large pool */
#define SPARE 2 /* places to move to; some of them for tables that others want meanwhile */

struct pin {
	int vm;
	unsigned int at, nr; /* nr is 0 if nothing is pinned */
};

static struct pin pins[PINS];
static unsigned int nr_pins;
/* Of the tables that are aimed at; the offset is what the pool begins with before a place of that size */
static unsigned int nr, order, offset;
static struct pool pool;

static void prepare(struct pin *pin, unsigned int shift)
{
	struct kvm_ppc_resize_hpt arg = { .shift = shift };
	int ret;

	/* In milliseconds */
	while ((ret = ioctl(pin->vm, KVM_PPC_RESIZE_HPT_PREPARE, &arg)) > 0)
		usleep(1000);
	if (ret && errno != ENOMEM)
		fail("KVM_PPC_RESIZE_HPT_PREPARE");
}

static void unpin(struct pin *pin)
{
	prepare(pin, 0);
	if (pin->nr)
		memset(pool.granules + pin->at, GRANULE_FREE, pin->nr);
	pin->nr = 0;
}

/* What is taken now and was free is the pin's, if it is one piece of the right size: others come and go, too */
static bool find_pin(struct pin *pin, const struct pool *before, unsigned int size)
{
	unsigned int taken = 0, at = 0;

	for (unsigned int i = 0; i < pool.nr_granules; i++) {
		if (pool.granules[i] != GRANULE_USED || before->granules[i] != GRANULE_FREE)
			continue;
		if (!taken++)
			at = i;
		else if (at + taken - 1 != i)
			return false;
	}
	if (taken != size)
		return false;
	pin->at = at;
	pin->nr = size;
	return true;
}

/* false: there is no place in the pool; what the page allocator has given instead is given back */
static bool pin_order(struct pin *pin, unsigned int shift)
{
	static struct pool before;

	pool_read(&before);
	prepare(pin, shift);
	pool_read(&pool);
	if (find_pin(pin, &before, 1U << (shift - ORDER_MIN)))
		return true;
	prepare(pin, 0);
	return false;
}

static struct pin *unused_pin(void)
{
	struct kvm_ppc_mmuv3_cfg hash = {};
	struct pin *pin = pins;

	while (pin < pins + nr_pins && pin->nr)
		pin++;
	if (pin < pins + nr_pins)
		return pin;
	if (nr_pins == PINS)
		return NULL;
	nr_pins++;
	*pin = (struct pin){ .vm = vm_create() };
	/* Where a VM is radix at first, and refused where it cannot be */
	ioctl(pin->vm, KVM_PPC_CONFIGURE_V3_MMU, &hash);
	return pin;
}

static bool add_pin(unsigned int shift)
{
	struct pin *pin = unused_pin();

	return pin && pin_order(pin, shift);
}

static unsigned int nr_free(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < pool.nr_granules; i++)
		n += pool.granules[i] == GRANULE_FREE;
	return n;
}

static bool is_free(unsigned int at, unsigned int size)
{
	for (unsigned int i = at; i < at + size; i++)
		if (i >= pool.nr_granules || pool.granules[i] != GRANULE_FREE)
			return false;
	return true;
}

static unsigned int free_places(void)
{
	unsigned int n = 0;

	for (unsigned int at = offset; at < pool.nr_granules; at += nr)
		n += is_free(at, nr);
	return n;
}

/* Room for twice the size that nothing has to make way for: the kernel looks in steps of a quarter of it */
static bool have_room(void)
{
	unsigned int step = nr > 1 ? nr / 2 : 1;

	for (unsigned int at = 0; at + 2 * nr <= pool.nr_granules; at += step)
		if (is_free(at, 2 * nr))
			return true;
	return false;
}

static bool beside(const struct table *table, unsigned int at)
{
	return at + nr == table->at || table->at + nr == at;
}

/* One of the tables of that size, or of any */
static const struct table *choose_table(unsigned int last, bool any)
{
	unsigned int start = below(pool.nr_tables + 1);
	const struct table *table;

	for (unsigned int i = 0; i < pool.nr_tables; i++) {
		table = &pool.tables[(start + i) % pool.nr_tables];
		if (table->id <= last && (any || table->nr == nr))
			return table;
	}
	return NULL;
}

/* Takes away a pin, beside a table if one is given, and without making the room by that alone */
static struct pin *take_pin(const struct table *table)
{
	unsigned int start = below(nr_pins + 1), at;

	for (unsigned int i = 0; i < nr_pins; i++) {
		struct pin *pin = &pins[(start + i) % nr_pins];

		at = pin->at;
		if (pin->nr != nr || (table && !beside(table, at)))
			continue;
		memset(pool.granules + at, GRANULE_FREE, nr);
		if (!have_room()) {
			unpin(pin);
			return pin;
		}
		memset(pool.granules + at, GRANULE_USED, nr);
	}
	return NULL;
}

/* A pin goes to any of the places that are free */
static void pin_rest(void)
{
	while (free_places() > SPARE || have_room())
		if (!add_pin(order))
			break;
}

bool aim_start(unsigned int last)
{
	const struct table *table;

	pool_read(&pool);
	table = choose_table(last, true);
	if (!table)
		return false;
	nr = table->nr;
	offset = table->at % nr;
	order = ORDER_MIN + (unsigned int)__builtin_ctz(nr);
	/* At the start of the pool, where tables most often are, they get neighbours of their size in any case */
	for (unsigned int i = 0; i < PINS / 8; i++)
		if (!add_pin(order))
			break;
	for (unsigned int larger = order + LARGER; larger > order; larger--)
		while (nr_free() >= (1U << (larger - ORDER_MIN)) + PINS / 2 * nr)
			if (!add_pin(larger))
				break;
	for (unsigned int shift = order; shift >= ORDER_MIN; shift--)
		while (nr_free() >= 1U << (shift - ORDER_MIN))
			if (!add_pin(shift))
				break;
	return choose_table(last, false);
}

bool aim_push(unsigned int last)
{
	const struct table *table;
	bool done;

	pool_read(&pool);
	pin_rest();
	while (free_places() < SPARE)
		if (!take_pin(NULL))
			return false;
	table = choose_table(last, false);
	if (!table || have_room() || !take_pin(table))
		return false;
	done = make_room(order + 1);
	pool_read(&pool);
	pin_rest();
	return done;
}

void aim_end(void)
{
	while (nr_pins)
		close(pins[--nr_pins].vm);
}
