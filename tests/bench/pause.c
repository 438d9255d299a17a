// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest notices while its table is moved, beside the kernel's memcpy of a block of the pool of
 * the same size.
 *
 *	pause SAMPLES ORDER
 *
 * The pool has to be empty, and kvm_hv loaded anew: of stops the kernel keeps the longest one. Takes
 * all of the pool but four tables' room, in which SAMPLES times a table is moved to join what is free,
 * while its guest looks at the timebase all the time. Prints a JSON object: nanoseconds of each
 * memcpy, of the longest gap that the guest saw in each move and in as long a time without one, and
 * of the longest stop, and how many tables were moved. The host needs two CPUs.
 */
#define _GNU_SOURCE
#include <dirent.h>
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

#define PLAN "/sys/kernel/debug/kvm_htab/plan"
#define VMS "/sys/kernel/kvm_htab/vm"

#define ORDER_MAX 46
#define TIMEBASE_HZ 512000000ULL
#define SAMPLES_MAX 1000

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

struct guest_vm {
	struct vm vm;
	unsigned int id; /* in the kernel */
};

/* The newest VM's */
static unsigned int last_id(void)
{
	DIR *dir = opendir(VMS);
	struct dirent *entry;
	unsigned int id = 0;

	if (!dir)
		fail(VMS, -errno);
	while ((entry = readdir(dir)))
		if ((unsigned int)atoi(entry->d_name) > id)
			id = (unsigned int)atoi(entry->d_name);
	closedir(dir);
	return id;
}

/* Whose table would be moved to make room for one of that order */
static unsigned int next_to_move(unsigned int order)
{
	int fd = open(PLAN, O_RDWR | O_CLOEXEC);
	char text[4096] = "";
	const char *move;
	unsigned int id;

	if (fd < 0 || dprintf(fd, "%u", order) < 0 || pread(fd, text, sizeof(text) - 1, 0) < 0)
		fail(PLAN, -errno);
	close(fd);
	move = strstr(text, "move ");
	return move && sscanf(move, "move %u", &id) == 1 ? id : 0;
}

/* A VM with a table, and with a vCPU that sleeps inside KVM_RUN */
static struct guest_vm *start(unsigned int order, bool runs)
{
	struct guest_vm *guest = calloc(1, sizeof(*guest));
	struct vm *vm = &guest->vm;
	uint32_t arg = order;
	int ret;

	if (!guest)
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
	guest->id = last_id();
	return guest;
}

static void end(struct guest_vm *guest)
{
	vm_close(&guest->vm);
	free(guest);
}

static void run(struct guest_vm *guest, enum guest what)
{
	int ret = vm_stop(&guest->vm, NULL) ?: vm_run_endless(&guest->vm, 0, what);

	if (ret)
		fail("KVM_RUN", ret);
}

/* Has room made by moving the table of one of these; what its guest notices, and without that */
static void sample(struct guest_vm **vms, unsigned int order, uint64_t *gap_ns, uint64_t *idle_ns)
{
	struct guest_vm *moved = NULL;
	unsigned int id = next_to_move(order);

	for (unsigned int i = 0; i < 2; i++)
		if (vms[i]->id == id)
			moved = vms[i];
	if (!moved)
		fail("the plan", -EPROTO);
	run(moved, GUEST_GAP);
	settle();
	vm_longest_gap(&moved->vm);
	settle();
	*idle_ns = vm_longest_gap(&moved->vm) * 1000000000ULL / TIMEBASE_HZ;
	write_number(COMPACT, order);
	*gap_ns = vm_longest_gap(&moved->vm) * 1000000000ULL / TIMEBASE_HZ;
	run(moved, GUEST_CEDE);
}

static void print_all(const char *name, const uint64_t *values, unsigned int n)
{
	printf(",\"%s\":[", name);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%llu", i ? "," : "", (unsigned long long)values[i]);
	printf("]");
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
	struct guest_vm *vms[4];

	for (unsigned int i = 0; i < 4; i++)
		vms[i] = start(order, false);
	for (unsigned int i = 0; i < 4; i++)
		end(vms[i]);
}

int main(int argc, char **argv)
{
	uint64_t gaps[SAMPLES_MAX], idle[SAMPLES_MAX];
	unsigned int samples, order;
	struct guest_vm *vms[3];

	if (argc != 3) {
		fprintf(stderr, "usage: pause SAMPLES ORDER\n");
		return 2;
	}
	samples = (unsigned int)atoi(argv[1]);
	if (samples > SAMPLES_MAX)
		samples = SAMPLES_MAX;
	order = (unsigned int)atoi(argv[2]);
	fill(order);
	warm_up(order);
	vms[0] = start(order, true);
	vms[1] = start(order, true);
	for (unsigned int i = 0; i < samples; i++) {
		/* Two beside each other, and one that has the rest for itself; without one of the two there is no pair free */
		vms[2] = start(order, true);
		end(vms[0]);
		sample(vms + 1, order + 1, &gaps[i], &idle[i]);
		vms[0] = vms[1];
		vms[1] = vms[2];
	}
	printf("{\"order\":%u,\"longest_stop_ns\":%llu,\"moves\":%llu", order,
	       (unsigned long long)read_number(STATS "longest_stop_us") * 1000,
	       (unsigned long long)read_number(STATS "moves"));
	print_all("gap_ns", gaps, samples);
	print_all("idle_ns", idle, samples);
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
