// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a VM is held up while its table is moved, and the kernel's memcpy of a block of the pool
 * of the same size.
 *
 *	pause SAMPLES ORDER
 *
 * The pool has to be empty, and kvm_hv loaded anew: of pauses the kernel keeps the longest one. Takes
 * all of the pool but four tables' room, in which SAMPLES times a table of a VM that is inside KVM_RUN
 * is moved to join what is free. Prints a JSON object: nanoseconds of each memcpy, and of the longest
 * pause, and how many tables were moved.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../host/programs/number.h"
#include "../host/programs/vmm.h"

#define POOL "/sys/kernel/kvm_htab/pool/"
#define STATS "/sys/kernel/kvm_htab/stats/"
#define COMPACT "/sys/kernel/kvm_htab/compact"
#define COPY_ORDER "/sys/module/memset_pool/parameters/order"
#define COPY "/sys/module/memset_pool/parameters/copy"

#define ORDER_MAX 46

static void fail(const char *what, int ret)
{
	fprintf(stderr, "pause: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static void write_number(const char *path, unsigned int value)
{
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "%u", value) < 0 || fclose(f))
		fail(path, -errno);
}

/*
 * The emulator's own TLB grows while much of it is used, within a tenth of a second; one that is small makes copies
 * between blocks slow that are a power of two apart. So before each copy of either kind there is nothing for longer
 * than that.
 */
static void settle(void)
{
	usleep(300000);
}

/* A VM with a table, and with a vCPU that sleeps inside KVM_RUN */
static struct vm *start(unsigned int order, bool runs)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	uint32_t arg = order;
	int ret;

	if (!vm)
		fail("calloc", -errno);
	*vm = (struct vm){ .fd = -1, .kvm = -1, .ram_bytes = 1UL << 24, .nr_vcpus = 1 };
	ret = vm_create(vm);
	if (ret)
		fail("a new VM", ret);
	if (ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB, &arg))
		fail("KVM_PPC_ALLOCATE_HTAB", -errno);
	ret = runs ? vm_run_endless(vm, 0, GUEST_CEDE) : 0;
	if (ret)
		fail("KVM_RUN", ret);
	return vm;
}

static void end(struct vm *vm)
{
	vm_close(vm);
	free(vm);
}

/* Leaves four tables' room, at the end */
static void fill(unsigned int order)
{
	for (unsigned int large = ORDER_MAX; large >= order; large--)
		while (read_number(POOL "free_bytes") >= (4UL << order) + (1UL << large))
			start(large, false);
}

/* The emulator makes memory when it is used first, which takes longer than to copy it. */
static void warm_up(unsigned int order)
{
	struct vm *vms[4];

	for (unsigned int i = 0; i < 4; i++)
		vms[i] = start(order, false);
	for (unsigned int i = 0; i < 4; i++)
		end(vms[i]);
}

int main(int argc, char **argv)
{
	unsigned int samples, order;
	struct vm *vms[3];

	if (argc != 3) {
		fprintf(stderr, "usage: pause SAMPLES ORDER\n");
		return 2;
	}
	samples = (unsigned int)atoi(argv[1]);
	order = (unsigned int)atoi(argv[2]);
	fill(order);
	warm_up(order);
	vms[0] = start(order, true);
	vms[1] = start(order, true);
	for (unsigned int i = 0; i < samples; i++) {
		/* Two beside each other, and one that has the rest for itself; without one of the two there is no pair free */
		vms[2] = start(order, true);
		end(vms[0]);
		settle();
		write_number(COMPACT, order + 1);
		vms[0] = vms[1];
		vms[1] = vms[2];
	}
	printf("{\"order\":%u,\"longest_ns\":%llu,\"moves\":%llu", order,
	       (unsigned long long)read_number(STATS "longest_move_us") * 1000,
	       (unsigned long long)read_number(STATS "moves"));
	end(vms[0]);
	end(vms[1]);
	write_number(COPY_ORDER, order);
	printf(",\"copy_ns\":[");
	for (unsigned int i = 0; i <= samples; i++) {
		uint64_t ns;

		settle();
		ns = read_number(COPY);
		if (i) /* the first one warms things up */
			printf("%s%llu", i > 1 ? "," : "", (unsigned long long)ns);
	}
	printf("]}\n");
	write_number(COPY_ORDER, 0);
	return 0;
}
