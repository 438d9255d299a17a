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
#include <stdio.h>
#include <stdlib.h>

#include "../host/programs/number.h"
#include "guests.h"

#define COPY_ORDER "/sys/module/memset_pool/parameters/order"
#define COPY "/sys/module/memset_pool/parameters/copy"

static uint64_t longest_gap_ns(struct vm *vm)
{
	return vm_longest_gap(vm) * 1000000000ULL / TIMEBASE_HZ;
}

/* Has room made by moving the table of one of these; what its guest notices, and without that */
static void sample(struct guest_vm **vms, unsigned int order, uint64_t *gap_ns, uint64_t *idle_ns)
{
	struct guest_vm *moved = guest_to_move(vms, order);

	guest_run_as(moved, GUEST_GAP);
	settle();
	longest_gap_ns(&moved->vm);
	settle();
	*idle_ns = longest_gap_ns(&moved->vm);
	write_number(COMPACT, order);
	*gap_ns = longest_gap_ns(&moved->vm);
	guest_run_as(moved, GUEST_CEDE);
}

int main(int argc, char **argv)
{
	uint64_t gaps[SAMPLES_MAX], idle[SAMPLES_MAX];
	unsigned int samples, order;
	struct guest_vm *vms[3];

	samples_and_order(argc, argv, &samples, &order);
	make_pairs(vms, order);
	for (unsigned int i = 0; i < samples; i++) {
		next_pair(vms, order);
		sample(vms, order + 1, &gaps[i], &idle[i]);
	}
	printf("{\"order\":%u,\"longest_stop_ns\":%llu,\"moves\":%llu", order,
	       (unsigned long long)read_number(STATS "longest_stop_us") * 1000,
	       (unsigned long long)read_number(STATS "moves"));
	print_all("gap_ns", gaps, samples);
	print_all("idle_ns", idle, samples);
	guest_end(vms[0]);
	guest_end(vms[1]);
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
