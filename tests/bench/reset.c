// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times resets of a hashed page table, and the kernel's memset of another block of the pool in
 * between, order by order.
 *
 *	reset MIB SAMPLES MIN-ORDER MAX-ORDER
 *
 * MIB is the size of the VM's memory, which is only mapped, never touched: a reset empties the
 * reverse-map chains of all of it. Prints a JSON object per order, with nanoseconds and
 * instructions in the order in which they were taken:
 *
 *	memset	the kernel's memset of a block of the same order
 *	reset	KVM_PPC_ALLOCATE_HTAB2 with KEEP of a table in which there is an entry
 *	again	the same right afterwards, with nothing left to clear
 *
 * Which of memset and reset goes first alternates. A first round, not printed, warms things up.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kvm-htab.h>

#include "cost.h"

#define KVM_VM_PPC_HV_TYPE 1
#define MEMSET_ORDER "/sys/module/memset_pool/parameters/order"
#define MEMSET_CLEAR "/sys/module/memset_pool/parameters/clear"
#define SAMPLES_MAX 1000

/* A 4 KiB entry for the guest's second page of that size; any place will do. */
#define ENTRY_INDEX 8
#define ENTRY_V 0x1001ULL
#define ENTRY_R 0x1012ULL

struct cost {
	uint64_t ns, instructions;
};

struct sample {
	struct cost memset, reset, again;
};

static void fail(const char *what)
{
	fprintf(stderr, "reset: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int vm_create(size_t bytes)
{
	struct kvm_userspace_memory_region region = { .memory_size = bytes };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	void *ram;

	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);
	if (vm < 0)
		fail("cannot create a VM");
	ram = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (ram == MAP_FAILED)
		fail("cannot map the VM's memory");
	region.userspace_addr = (uintptr_t)ram;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		fail("cannot give the VM memory");
	return vm;
}

static void make_dirty(int vm)
{
	struct kvm_get_htab_fd arg = { .flags = KVM_GET_HTAB_WRITE };
	struct {
		struct kvm_get_htab_header header;
		uint64_t v, r;
	} data = {
		.header = { .index = ENTRY_INDEX, .n_valid = 1 },
		.v = htobe64(ENTRY_V),
		.r = htobe64(ENTRY_R),
	};
	int fd = ioctl(vm, KVM_PPC_GET_HTAB_FD, &arg);

	if (fd < 0 || write(fd, &data, sizeof(data)) != sizeof(data))
		fail("cannot write an entry");
	close(fd);
}

static struct cost time_reset(int vm)
{
	struct kvm_ppc_htab reset = { .flags = KVM_PPC_HTAB_KEEP };
	uint64_t start = now_ns(), end;
	uint32_t before = instructions(), after;

	if (ioctl(vm, KVM_PPC_ALLOCATE_HTAB2, &reset))
		fail("reset");
	after = instructions();
	end = now_ns();
	return (struct cost){ .ns = end - start, .instructions = after - before };
}

static void hold_block(unsigned int order)
{
	FILE *f = fopen(MEMSET_ORDER, "w");

	if (!f || fprintf(f, "%u\n", order) < 0 || fclose(f))
		fail(MEMSET_ORDER);
}

static struct cost time_memset(void)
{
	FILE *f = fopen(MEMSET_CLEAR, "r");
	unsigned long long ns, count;

	if (!f || fscanf(f, "%llu %llu", &ns, &count) != 2)
		fail(MEMSET_CLEAR);
	fclose(f);
	if (!count) {
		errno = ENOTSUP;
		fail("PMC5 does not count instructions");
	}
	return (struct cost){ .ns = ns, .instructions = count };
}

static struct sample take(int vm, bool memset_first)
{
	struct sample s;

	make_dirty(vm);
	if (memset_first)
		s.memset = time_memset();
	s.reset = time_reset(vm);
	s.again = time_reset(vm);
	if (!memset_first)
		s.memset = time_memset();
	return s;
}

static void print_series(const char *name, const struct sample *samples, int n, size_t offset)
{
	static const char *const units[] = { "ns", "instructions" };

	for (int unit = 0; unit < 2; unit++) {
		printf(",\"%s_%s\":[", name, units[unit]);
		for (int i = 0; i < n; i++) {
			struct cost c;

			memcpy(&c, (const char *)&samples[i] + offset, sizeof(c));
			printf("%s%llu", i ? "," : "",
			       (unsigned long long)(unit ? c.instructions : c.ns));
		}
		putchar(']');
	}
}

static void measure(int vm, unsigned long mib, int n, unsigned int order)
{
	struct kvm_ppc_htab table = { .order = order };
	struct sample samples[SAMPLES_MAX];

	hold_block(0);
	if (ioctl(vm, KVM_PPC_ALLOCATE_HTAB2, &table))
		fail("no table");
	if (table.source != KVM_PPC_HTAB_POOL) {
		errno = ENOMEM;
		fail("the table is not from the pool");
	}
	hold_block(order);
	for (int i = -1; i < n; i++)
		samples[i < 0 ? 0 : i] = take(vm, i % 2 == 0);
	printf("{\"order\":%u,\"memory_mib\":%lu", order, mib);
	print_series("memset", samples, n, offsetof(struct sample, memset));
	print_series("reset", samples, n, offsetof(struct sample, reset));
	print_series("again", samples, n, offsetof(struct sample, again));
	printf("}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long mib, min, max;
	int vm, n;

	if (argc != 5 || (n = atoi(argv[2])) < 1 || n > SAMPLES_MAX) {
		fprintf(stderr, "usage: reset MIB SAMPLES MIN-ORDER MAX-ORDER\n");
		return 2;
	}
	mib = strtoul(argv[1], NULL, 0);
	min = strtoul(argv[3], NULL, 0);
	max = strtoul(argv[4], NULL, 0);
	vm = vm_create((size_t)mib << 20);
	for (unsigned long order = min; order <= max; order++)
		measure(vm, mib, n, (unsigned int)order);
	hold_block(0);
	return 0;
}
