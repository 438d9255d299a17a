// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs that come and go, and what becomes of the pool that their hashed page tables are from.
 *
 *	churn SEED ARRIVALS ADMISSION MIX
 *
 * VMs arrive at random, are admitted if their table and those of all others are at most ADMISSION
 * percent of the pool, live for a while in simulated time and are destroyed; now and then the table
 * of one of them is cleared or resized. VMs and tables are real, time is not. At the end prints a
 * JSON object: how many tables were asked for and how many of those the pool refused though what was
 * free in it would have been enough, by order. A table that came from the page allocator instead is
 * refused, too: large ones cannot come from there.
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

#define KVM_VM_PPC_HV_TYPE 1
#define CMA_DIR "/sys/kernel/debug/cma/kvm_cma/"
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

struct vm {
	int fd;
	unsigned int order;
	double end;
};

static struct vm vms[VMS_MAX];
static unsigned int nr_vms;
static uint64_t in_tables; /* bytes */
static int kvm;

static struct {
	uint64_t arrivals, not_admitted, resets, resizes, resizes_refused;
	uint64_t asked[ORDERS], refused[ORDERS];
	double used_share; /* summed up over what was asked */
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

static uint64_t read_number(const char *path)
{
	unsigned long long value;
	FILE *f = fopen(path, "r");

	if (!f || fscanf(f, "%llu", &value) != 1)
		fail(path);
	fclose(f);
	return value;
}

static uint64_t pool_used(void)
{
	return read_number(CMA_DIR "used") * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Whether the table is there and from the pool; one from elsewhere is left to the caller, too. */
static bool allocate(int fd, unsigned int order, uint64_t from_pool_before)
{
	uint32_t arg = order;

	if (ioctl(fd, KVM_PPC_ALLOCATE_HTAB, &arg)) {
		if (errno != ENOMEM)
			fail("KVM_PPC_ALLOCATE_HTAB");
		return false;
	}
	return pool_used() == from_pool_before + (1ULL << order);
}

static void vm_end(unsigned int i)
{
	in_tables -= 1ULL << vms[i].order;
	close(vms[i].fd);
	vms[i] = vms[--nr_vms];
}

static void vm_arrive(unsigned int order, double now, bool counts)
{
	uint64_t before = pool_used();
	int fd = ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);
	bool got;

	if (fd < 0)
		fail("KVM_CREATE_VM");
	if (before != in_tables)
		fail("somebody else uses the pool");
	got = allocate(fd, order, before);
	if (counts) {
		count.asked[order]++;
		count.refused[order] += !got;
	}
	if (!got) {
		close(fd);
		return;
	}
	vms[nr_vms++] = (struct vm){ fd, order, now + lifetime() };
	in_tables += 1ULL << order;
}

static void reset_one(void)
{
	struct vm *vm = &vms[below(nr_vms)];
	uint32_t order = vm->order;

	if (ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB, &order))
		fail("reset");
	count.resets++;
}

/* An unpatched kernel frees the old table first; what it refuses costs the VM its table. */
static void resize_one(unsigned int min_order, unsigned int max_order, uint64_t limit, bool counts)
{
	unsigned int i = below(nr_vms), order = vms[i].order + (below(2) ? 1 : -1);
	uint64_t others = in_tables - (1ULL << vms[i].order);

	if (order < min_order || order > max_order || others + (1ULL << order) > limit)
		return;
	if (counts)
		count.resizes++;
	if (allocate(vms[i].fd, order, others)) {
		in_tables = others + (1ULL << order);
		vms[i].order = order;
		return;
	}
	if (counts)
		count.resizes_refused++;
	vm_end(i);
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
			if (vms[i].end <= now && (first == nr_vms || vms[i].end < vms[first].end))
				first = i;
		if (first == nr_vms)
			return;
		vm_end(first);
	}
}

static void print_orders(const char *name, const uint64_t *of)
{
	printf(",\"%s\":{", name);
	for (unsigned int i = 0, n = 0; i < ORDERS; i++)
		if (count.asked[i])
			printf("%s\"%u\":%llu", n++ ? "," : "", i, (unsigned long long)of[i]);
	printf("}");
}

int main(int argc, char **argv)
{
	unsigned int arrivals, admission, mix, min_order, max_order;
	uint64_t seed, pool, limit;
	double now = 0, interval;

	if (argc != 5) {
		fprintf(stderr, "usage: churn SEED ARRIVALS ADMISSION MIX\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	arrivals = (unsigned int)atoi(argv[2]);
	admission = (unsigned int)atoi(argv[3]);
	mix = (unsigned int)atoi(argv[4]);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		fail("/dev/kvm");
	pool = read_number(CMA_DIR "count") * (uint64_t)sysconf(_SC_PAGESIZE);
	limit = pool / 100 * admission;
	max_order = (unsigned int)floor(log2((double)pool / LARGEST_SHARE));
	min_order = max_order - (SIZES - 1);
	random_seed(seed);
	interval = mean_table(min_order, mix) * mean_lifetime() / ((double)limit * OFFERED);

	random_seed(seed);
	for (unsigned int i = 0; i < arrivals; i++) {
		bool counts = i >= arrivals / 5;
		unsigned int order = min_order + size_index(mix), also = below(100);

		now += exponential(interval);
		advance(now);
		if (counts) {
			count.arrivals++;
			count.used_share += (double)in_tables / (double)pool;
		}
		if (in_tables + (1ULL << order) > limit || nr_vms == VMS_MAX)
			count.not_admitted += counts;
		else
			vm_arrive(order, now, counts);
		if (nr_vms && also < RESET_PERCENT)
			reset_one();
		else if (nr_vms && also < RESET_PERCENT + RESIZE_PERCENT)
			resize_one(min_order, max_order, limit, counts);
	}

	printf("{\"seed\":%s,\"mix\":%u,\"admission\":%u,\"pool_bytes\":%llu,\"hours\":%.0f,\"arrivals\":%llu,"
	       "\"not_admitted\":%llu,\"resets\":%llu,\"resizes\":%llu,\"resizes_refused\":%llu,\"used\":%.4f",
	       argv[1], mix, admission, (unsigned long long)pool, now,
	       (unsigned long long)count.arrivals, (unsigned long long)count.not_admitted,
	       (unsigned long long)count.resets, (unsigned long long)count.resizes,
	       (unsigned long long)count.resizes_refused,
	       count.used_share / (double)count.arrivals);
	print_orders("asked", count.asked);
	print_orders("refused", count.refused);
	printf("}\n");
	return 0;
}
