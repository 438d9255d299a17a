/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For benchmarks of what guests notice: VMs in a pool that has room for another table if one is moved.
 * What fails ends the program with a message.
 */
#ifndef BENCH_GUESTS_H
#define BENCH_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../host/programs/vmm.h"

#define POOL "/sys/kernel/kvm_htab/pool/"
#define STATS "/sys/kernel/kvm_htab/stats/"
#define COMPACT "/sys/kernel/kvm_htab/compact"

#define TIMEBASE_HZ 512000000ULL
#define SAMPLES_MAX 1000

struct guest_vm {
	struct vm vm;
	unsigned int id; /* in the kernel */
};

/* The arguments of such a program; at most SAMPLES_MAX samples */
void samples_and_order(int argc, char **argv, unsigned int *samples, unsigned int *order);
/* ret: a negative errno */
void fail(const char *what, int ret);
void write_text(const char *path, const char *text);
void write_number(const char *path, unsigned int value);
/*
 * The emulator's own TLB grows while much of it is used, within a tenth of a second; one that is small makes copies
 * between blocks slow that are a power of two apart. So before each copy of either kind there is nothing for longer
 * than that.
 */
void settle(void);
/* A VM with a table of that order; one that runs has a vCPU that sleeps inside KVM_RUN */
struct guest_vm *guest_start(unsigned int order, bool runs);
void guest_end(struct guest_vm *guest);
void guest_run_as(struct guest_vm *guest, enum guest what);
/*
 * Takes all of an empty pool but the room of two tables of that order; vms has the VMs of two others,
 * beside each other.
 */
void make_pairs(struct guest_vm **vms, unsigned int order);
/* One more VM, the second then, instead of the first: there is no room for a table that is twice as large */
void next_pair(struct guest_vm **vms, unsigned int order);
/*
 * Which of two VMs has the table that would be moved to make room for one of that order. It becomes the
 * first: where it is going to be, nothing is free on either side once it has gone.
 */
struct guest_vm *guest_to_move(struct guest_vm **vms, unsigned int order);
/* A member of a JSON object, and a comma before it */
void print_all(const char *name, const uint64_t *values, unsigned int n);

#endif
