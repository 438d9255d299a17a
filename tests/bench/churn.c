// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs that come and go, and what becomes of the pool that their hashed page tables are from.
 *
 *	churn SEED ARRIVALS ADMISSION MIX RUNNING
 *
 * VMs arrive at random, are admitted if their table and those of all others are at most ADMISSION
 * percent of the pool, live for a while in simulated time and are destroyed; now and then the table
 * of one of them is cleared or resized, for which it is stopped. VMs and tables are real, time is
 * not. RUNNING percent of them have a vCPU that sleeps inside KVM_RUN. What arrives does not depend
 * on what becomes of it, so it is the same for each kernel.
 *
 * At the end prints a JSON object: how many tables were asked for and how many of those the pool
 * refused though what was free in it would have been enough, by order. A table that came from the
 * page allocator instead is refused, too, and counted as from_pages: large ones cannot come from
 * there.
 *
 * MIX: how many guests can grow (have maxmem of 4 or 8 times their RAM, and with QEMU's pseries a
 * table for that from the beginning): 1 half of them, 2 none, 3 all. The first fifth of the
 * arrivals, which fills the pool, does not count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../fuzz/htab/random.h"
#include "../host/programs/number.h"
#include "../host/programs/vmm.h"

#define CMA_DIR "/sys/kernel/debug/cma/kvm_cma/"
#define STATS_DIR "/sys/kernel/kvm_htab/stats/"
#define VMS_MAX 1000 /* POWER8 has 1023 LPIDs for guests */

/*
 * Guests of 2 to 128 GiB in seven sizes, and how many of each, as on a host whose pool has a hundred
 * times the smallest table but six times the largest: their orders follow from the pool's size.
 */
static const unsigned int weights[] = { 20, 25, 20, 15, 10, 7, 3 };
#define SIZES (sizeof(weights) / sizeof(weights[0]))
#define LARGEST_SHARE 6 /* the largest table is at most this part of the pool */
#define ORDERS 64

/* Lifetimes: a mixture of exponential distributions with these means */
static const struct {
	unsigned int percent;
	double hours;
} lifetimes[] = { { 60, 1 }, { 30, 24 }, { 10, 720 } };

#define OFFERED 1.3 /* the load if all were admitted, over what is admitted */
#define RESET_PERCENT 10 /* of arrivals, besides: the table of a VM is cleared */
#define RESIZE_PERCENT 5 /* or doubled or halved */

#define RAM_BYTES (1UL << 24) /* of which a guest that sleeps touches three pages */

struct guest_vm {
	struct vm vm;
	unsigned int order;
	double end;
	bool runs;
};

/* What happens next, whatever has happened before */
struct event {
	double interval, lifetime;
	unsigned int order;
	bool runs;
	enum { NOTHING, RESET, GROW, SHRINK } also;
	uint64_t whose;
};

static struct guest_vm *vms[VMS_MAX];
static unsigned int nr_vms;
static uint64_t in_tables; /* bytes */

static struct {
	uint64_t arrivals, not_admitted, resets, resizes, resizes_refused, from_pages;
	uint64_t asked[ORDERS], refused[ORDERS];
	double used_share, largest_share; /* summed up over the arrivals */
} count;

static void fail(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double exponential(double mean)
{
	return -mean * log((double)(random_bits() >> 11) / (double)(1ULL << 53) + 0x1p-54);
}

static double lifetime(void)
{
	unsigned int x = below(100), i = 0;

	for (; x >= lifetimes[i].percent; i++)
		x -= lifetimes[i].percent;
	return exponential(lifetimes[i].hours);
}

/* A guest's table by its order, counted from the smallest one */
static unsigned int size_index(unsigned int mix)
{
	unsigned int x = below(100), i = 0;
	bool grows = mix == 3 || (mix == 1 && below(2));

	for (; x >= weights[i]; i++)
		x -= weights[i];
	i += grows ? 2 + below(2) : 0;
	return i < SIZES ? i : SIZES - 1;
}

static uint64_t pool_bytes(const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), CMA_DIR "%s", what);
	return read_number(path) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void check(const char *what, int ret)
{
	if (!ret)
		return;
	errno = -ret;
	fail(what);
}

static void start(struct guest_vm *guest)
{
	if (guest->runs)
		check("KVM_RUN", vm_run_endless(&guest->vm, 0, GUEST_CEDE));
}

static void stop(struct guest_vm *guest)
{
	check("a guest that sleeps has ended", vm_stop(&guest->vm, NULL));
}

/* Whether the table is there and from the pool; one from elsewhere is left to the caller, too. */
static bool allocate(struct guest_vm *guest, unsigned int order, uint64_t others, bool counts)
{
	uint32_t arg = order;

	if (ioctl(guest->vm.fd, KVM_PPC_ALLOCATE_HTAB, &arg)) {
		if (errno != ENOMEM)
			fail("KVM_PPC_ALLOCATE_HTAB");
		return false;
	}
	if (pool_bytes("used") == others + (1ULL << order))
		return true;
	count.from_pages += counts;
	return false;
}

static void vm_end(unsigned int i)
{
	in_tables -= 1ULL << vms[i]->order;
	vm_close(&vms[i]->vm);
	free(vms[i]);
	vms[i] = vms[--nr_vms];
}

static void vm_arrive(const struct event *event, double now, bool counts)
{
	struct guest_vm *guest = calloc(1, sizeof(*guest));
	bool got;

	if (!guest)
		fail("calloc");
	*guest = (struct guest_vm){
		.vm = { .fd = -1, .kvm = -1, .ram_bytes = RAM_BYTES, .nr_vcpus = 1 },
		.order = event->order,
		.end = now + event->lifetime,
		.runs = event->runs,
	};
	check("a new VM", vm_create(&guest->vm));
	if (pool_bytes("used") != in_tables)
		fail("somebody else uses the pool");
	got = allocate(guest, event->order, in_tables, counts);
	if (counts) {
		count.asked[event->order]++;
		count.refused[event->order] += !got;
	}
	if (!got) {
		vm_close(&guest->vm);
		free(guest);
		return;
	}
	vms[nr_vms++] = guest;
	in_tables += 1ULL << event->order;
	start(guest);
}

static void reset_one(const struct event *event, bool counts)
{
	struct guest_vm *guest = vms[event->whose % nr_vms];
	uint32_t order = guest->order;

	stop(guest);
	if (ioctl(guest->vm.fd, KVM_PPC_ALLOCATE_HTAB, &order))
		fail("reset");
	start(guest);
	count.resets += counts;
}

/* An unpatched kernel frees the old table first; what it refuses costs the VM its table. */
static void resize_one(const struct event *event, unsigned int min_order, unsigned int max_order,
		       uint64_t limit, bool counts)
{
	unsigned int i = (unsigned int)(event->whose % nr_vms);
	struct guest_vm *guest = vms[i];
	unsigned int order = event->also == GROW ? guest->order + 1 : guest->order - 1;
	uint64_t others = in_tables - (1ULL << guest->order);

	if (order < min_order || order > max_order || others + (1ULL << order) > limit)
		return;
	count.resizes += counts;
	stop(guest);
	if (!allocate(guest, order, others, counts)) {
		count.resizes_refused += counts;
		vm_end(i);
		return;
	}
	in_tables = others + (1ULL << order);
	guest->order = order;
	start(guest);
}

static double mean_table(unsigned int min_order, unsigned int mix)
{
	double sum = 0;

	for (int i = 0; i < 100000; i++)
		sum += (double)(1ULL << (min_order + size_index(mix)));
	return sum / 100000;
}

static double mean_lifetime(void)
{
	double sum = 0;

	for (unsigned int i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++)
		sum += lifetimes[i].percent * lifetimes[i].hours / 100;
	return sum;
}

/* Ends all that are due by then, the earliest first. */
static void advance(double now)
{
	for (;;) {
		unsigned int first = nr_vms;

		for (unsigned int i = 0; i < nr_vms; i++)
			if (vms[i]->end <= now &&
			    (first == nr_vms || vms[i]->end < vms[first]->end))
				first = i;
		if (first == nr_vms)
			return;
		vm_end(first);
	}
}

static struct event next_event(unsigned int min_order, unsigned int mix, unsigned int running,
			       double interval)
{
	struct event event = { .interval = exponential(interval), .lifetime = lifetime() };
	unsigned int also = below(100);

	event.order = min_order + size_index(mix);
	event.runs = chance(running);
	if (also < RESET_PERCENT)
		event.also = RESET;
	else if (also < RESET_PERCENT + RESIZE_PERCENT)
		event.also = chance(50) ? GROW : SHRINK;
	event.whose = random_bits();
	return event;
}

static void print_orders(const char *name, const uint64_t *of)
{
	printf(",\"%s\":{", name);
	for (unsigned int i = 0, n = 0; i < ORDERS; i++)
		if (count.asked[i])
			printf("%s\"%u\":%llu", n++ ? "," : "", i, (unsigned long long)of[i]);
	printf("}");
}

/* What the series counts, and an unpatched kernel does not; sums, but for the last one, which is since the boot */
static const char *const stat_names[] = { "plans", "moves", "moved_bytes", "longest_stop_us" };
#define STATS (sizeof(stat_names) / sizeof(stat_names[0]))
static uint64_t stats_before[STATS - 1];

static bool read_stat(unsigned int i, uint64_t *value)
{
	char path[64];

	snprintf(path, sizeof(path), STATS_DIR "%s", stat_names[i]);
	if (access(path, R_OK))
		return false;
	*value = read_number(path);
	return true;
}

static void start_stats(void)
{
	for (unsigned int i = 0; i < STATS - 1; i++)
		read_stat(i, &stats_before[i]);
}

static void print_stats(void)
{
	uint64_t value;

	for (unsigned int i = 0; i < STATS; i++)
		if (read_stat(i, &value))
			printf(",\"%s\":%llu", stat_names[i],
			       (unsigned long long)(value - (i < STATS - 1 ? stats_before[i] : 0)));
}

int main(int argc, char **argv)
{
	unsigned int arrivals, admission, mix, running, min_order, max_order;
	uint64_t seed, pool, limit;
	double now = 0, interval;

	if (argc != 6) {
		fprintf(stderr, "usage: churn SEED ARRIVALS ADMISSION MIX RUNNING\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	arrivals = (unsigned int)atoi(argv[2]);
	admission = (unsigned int)atoi(argv[3]);
	mix = (unsigned int)atoi(argv[4]);
	running = (unsigned int)atoi(argv[5]);
	pool = pool_bytes("count");
	limit = pool / 100 * admission;
	max_order = (unsigned int)floor(log2((double)pool / LARGEST_SHARE));
	min_order = max_order - (SIZES - 1);
	random_seed(seed);
	interval = mean_table(min_order, mix) * mean_lifetime() / ((double)limit * OFFERED);

	random_seed(seed);
	for (unsigned int i = 0; i < arrivals; i++) {
		struct event event = next_event(min_order, mix, running, interval);
		bool counts = i >= arrivals / 5;

		if (i == arrivals / 5)
			start_stats();
		now += event.interval;
		advance(now);
		if (counts) {
			count.arrivals++;
			count.used_share += (double)in_tables / (double)pool;
			if (in_tables < pool)
				count.largest_share +=
					(double)pool_bytes("maxchunk") / (double)(pool - in_tables);
		}
		if (in_tables + (1ULL << event.order) > limit || nr_vms == VMS_MAX)
			count.not_admitted += counts;
		else
			vm_arrive(&event, now, counts);
		if (nr_vms && event.also == RESET)
			reset_one(&event, counts);
		else if (nr_vms && event.also != NOTHING)
			resize_one(&event, min_order, max_order, limit, counts);
	}

	printf("{\"seed\":%s,\"mix\":%u,\"admission\":%u,\"running\":%u,\"pool_bytes\":%llu,\"hours\":%.0f,"
	       "\"arrivals\":%llu,\"not_admitted\":%llu,\"resets\":%llu,\"resizes\":%llu,"
	       "\"resizes_refused\":%llu,\"from_pages\":%llu,\"used\":%.4f,\"largest\":%.4f",
	       argv[1], mix, admission, running, (unsigned long long)pool, now,
	       (unsigned long long)count.arrivals, (unsigned long long)count.not_admitted,
	       (unsigned long long)count.resets, (unsigned long long)count.resizes,
	       (unsigned long long)count.resizes_refused, (unsigned long long)count.from_pages,
	       count.used_share / (double)count.arrivals,
	       count.largest_share / (double)count.arrivals);
	print_stats();
	print_orders("asked", count.asked);
	print_orders("refused", count.refused);
	printf("}\n");
	return 0;
}
