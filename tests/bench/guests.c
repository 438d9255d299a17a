// SPDX-License-Identifier: GPL-2.0-only
/* For benchmarks of what guests notice: VMs in a pool that has room for another table if one is moved */
#define _GNU_SOURCE
#include "guests.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../host/programs/number.h"

#define PLAN "/sys/kernel/debug/kvm_htab/plan"
#define VMS "/sys/kernel/kvm_htab/vm"

#define ORDER_MAX 46

void samples_and_order(int argc, char **argv, unsigned int *samples, unsigned int *order)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s SAMPLES ORDER\n", program_invocation_short_name);
		exit(2);
	}
	*samples = (unsigned int)atoi(argv[1]);
	if (*samples > SAMPLES_MAX)
		*samples = SAMPLES_MAX;
	*order = (unsigned int)atoi(argv[2]);
}

void fail(const char *what, int ret)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-ret));
	exit(1);
}

void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		fail(path, -errno);
}

void write_number(const char *path, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	write_text(path, text);
}

void settle(void)
{
	usleep(300000);
}

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

struct guest_vm *guest_start(unsigned int order, bool runs)
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

void guest_end(struct guest_vm *guest)
{
	vm_close(&guest->vm);
	free(guest);
}

void guest_run_as(struct guest_vm *guest, enum guest what)
{
	int ret = vm_stop(&guest->vm, NULL) ?: vm_run_endless(&guest->vm, 0, what);

	if (ret)
		fail("KVM_RUN", ret);
}

struct guest_vm *guest_to_move(struct guest_vm **vms, unsigned int order)
{
	/* The memory of a VM that has ended may take a moment to be free */
	for (unsigned int tries = 0; tries < 100; tries++, usleep(10000)) {
		unsigned int id = next_to_move(order);

		if (vms[1]->id == id) {
			struct guest_vm *other = vms[0];

			vms[0] = vms[1];
			vms[1] = other;
		}
		if (vms[0]->id == id)
			return vms[0];
	}
	fail("the plan", -EPROTO);
	return NULL;
}

/* Leaves four tables' room, at the end */
static void fill(unsigned int order)
{
	for (unsigned int large = ORDER_MAX; large >= order; large--)
		while (read_number(POOL "free_bytes") >= (4UL << order) + (1UL << large))
			guest_start(large, false);
}

/* The emulator makes memory when it is used first, which takes longer than to copy it. */
static void warm_up(unsigned int order)
{
	struct guest_vm *vms[4];

	for (unsigned int i = 0; i < 4; i++)
		vms[i] = guest_start(order, false);
	for (unsigned int i = 0; i < 4; i++)
		guest_end(vms[i]);
}

void make_pairs(struct guest_vm **vms, unsigned int order)
{
	fill(order);
	warm_up(order);
	vms[0] = guest_start(order, true);
	vms[1] = guest_start(order, true);
}

void next_pair(struct guest_vm **vms, unsigned int order)
{
	vms[2] = guest_start(order, true);
	guest_end(vms[0]);
	vms[0] = vms[1];
	vms[1] = vms[2];
}

void print_all(const char *name, const uint64_t *values, unsigned int n)
{
	printf(",\"%s\":[", name);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%llu", i ? "," : "", (unsigned long long)values[i]);
	printf("]");
}
