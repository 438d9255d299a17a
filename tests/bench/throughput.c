// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest gets done while its table moves, and while its occupancy is read.
 *
 *	throughput SAMPLES ORDER
 *
 * The pool has to be empty. A guest enters entries, stores to pages and loads from them, and removes
 * the entries, over and over. Prints a JSON object: how many such rounds it does in a second, before, in
 * and after each move of its table, and while occupancy is read over and over; how many pieces of 4 KiB
 * of the table it had to wait for in each move, and how many nanoseconds each read took. The host needs
 * two CPUs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../host/programs/number.h"
#include "cost.h"
#include "guests.h"

#define OCCUPANCY "/sys/kernel/debug/kvm_htab/occupancy/%u"
#define READS 20

struct window {
	const struct vm *vm;
	uint64_t ns, count;
};

static struct window begin(const struct vm *vm)
{
	return (struct window){ .vm = vm, .ns = now_ns(), .count = vm_counter(vm) };
}

/* Rounds in a second, since that */
static uint64_t rate(struct window window)
{
	uint64_t ns = now_ns() - window.ns;

	return (vm_counter(window.vm) - window.count) * 1000000000 / ns;
}

static void read_occupancy(unsigned int id)
{
	char path[64], text[512];
	int fd;

	snprintf(path, sizeof(path), OCCUPANCY, id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
		fail(path, -errno);
	close(fd);
}

int main(int argc, char **argv)
{
	static uint64_t before[SAMPLES_MAX], during[SAMPLES_MAX], after[SAMPLES_MAX];
	static uint64_t reading[SAMPLES_MAX], fetched[SAMPLES_MAX], move_ns[SAMPLES_MAX];
	static uint64_t read_ns[SAMPLES_MAX];
	struct guest_vm *vms[3];
	unsigned int samples, order;

	samples_and_order(argc, argv, &samples, &order);
	make_pairs(vms, order);
	for (unsigned int i = 0; i < samples; i++) {
		struct guest_vm *guest;
		struct window window;
		uint64_t start;

		next_pair(vms, order);
		guest = guest_to_move(vms, order + 1);
		guest_run_as(guest, GUEST_CHECK);
		settle();
		window = begin(&guest->vm);
		settle();
		before[i] = rate(window);

		fetched[i] = read_number(STATS "fetched_on_access");
		window = begin(&guest->vm);
		start = now_ns();
		write_number(COMPACT, order + 1);
		move_ns[i] = now_ns() - start;
		during[i] = rate(window);
		fetched[i] = read_number(STATS "fetched_on_access") - fetched[i];

		window = begin(&guest->vm);
		settle();
		after[i] = rate(window);

		window = begin(&guest->vm);
		start = now_ns();
		for (unsigned int n = 0; n < READS; n++)
			read_occupancy(guest->id);
		read_ns[i] = (now_ns() - start) / READS;
		reading[i] = rate(window);
		guest_run_as(guest, GUEST_CEDE);
	}
	printf("{\"order\":%u,\"moves\":%llu", order,
	       (unsigned long long)read_number(STATS "moves"));
	print_all("before", before, samples);
	print_all("during", during, samples);
	print_all("after", after, samples);
	print_all("reading", reading, samples);
	print_all("fetched_on_access", fetched, samples);
	print_all("move_ns", move_ns, samples);
	print_all("read_ns", read_ns, samples);
	printf("}\n");
	guest_end(vms[0]);
	guest_end(vms[1]);
	return 0;
}
