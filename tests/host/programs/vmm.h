/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference VMM: a VM with a hashed page table, its vCPUs and its guest's code (vmm-vm.c), its
 * page table as the owner sees it (vmm-htab.c), with a load that is known (vmm-fill.c), its socket
 * for other programs (vmm-offer.c); vmm.c is the daemon around them. Functions return 0 or a negative
 * errno and print their answer to out.
 */
#ifndef HOST_VMM_H
#define HOST_VMM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define VCPUS_MAX 8

struct vcpu {
	int fd;
	struct kvm_run *run;
	size_t run_bytes;
	pthread_t thread;
	bool running; /* the thread has been started and not been joined */
	int result; /* of the thread, 0 or negative errno */
	unsigned int mmio_loads; /* since the thread was started */
};

struct vm {
	int kvm; /* /dev/kvm */
	int fd; /* -1: no VM */
	unsigned char *ram;
	size_t ram_bytes;
	unsigned char *device; /* memory in the place of the device, see vm_device_memory() */
	unsigned int nr_vcpus;
	struct vcpu vcpus[VCPUS_MAX];
};

/* vmm-vm.c */
int vm_create(struct vm *vm);
void vm_close(struct vm *vm);
int vm_run(struct vm *vm, unsigned int cpu, unsigned int more_entries, FILE *out);
int vm_mmio(struct vm *vm, unsigned int cpu, bool enter, FILE *out);
/* From now on there is memory with the same value where vm_mmio() finds its device. */
int vm_device_memory(struct vm *vm);
/* Takes the page of that memory out of the process's and the guest's page tables; its content stays. */
int vm_device_unmap(struct vm *vm);
/* Whether that memory can be accessed */
int vm_device_protect(struct vm *vm, bool protect);
int vm_enter(struct vm *vm, unsigned int cpu, uint64_t n, uint64_t index, uint64_t places,
	     FILE *out);

/* Guests that stay in KVM_RUN until they are stopped. */
enum guest {
	GUEST_LOOP, /* computes */
	GUEST_CEDE, /* sleeps in H_CEDE */
	GUEST_GAP, /* looks at the timebase all the time: see vm_longest_gap() */
	GUEST_HAMMER, /* enters, reads and removes entries */
	GUEST_CHECK, /* the same, and checks the memory that it gets at through them */
	GUEST_EXITS, /* leaves KVM_RUN and comes back all the time, and checks that an entry stays */
};

int vm_run_endless(struct vm *vm, unsigned int cpu, enum guest guest);
int vm_stop(struct vm *vm, FILE *out);
/* How many rounds such a guest has done since it was started */
uint64_t vm_counter(const struct vm *vm);
/* The longest time, in ticks of the timebase, that such a guest did not run, since this was asked last */
uint64_t vm_longest_gap(struct vm *vm);
int vm_advise(struct vm *vm, int advice);

/* Descriptors that only make the process harder to look through; they stay. */
int vm_second(const struct vm *vm, FILE *out);
int vm_duplicate(const struct vm *vm, FILE *out);

/* What a guest does one after the other, each with its registers r3 to r11 before and after */
#define GUEST_LOAD 1 /* r4 address, r5 and r6 SLB entry: r4 what was there */
#define GUEST_STORE 2 /* the same, r7 */
#define GUEST_FAULT 0x300 /* r3 after one of these */

struct guest_step {
	uint64_t in[9];
	uint64_t pad[7];
	uint64_t out[9];
	uint64_t pad2[7];
};

int vm_steps(struct vm *vm, unsigned int cpu, struct guest_step *steps, unsigned int n);

/* vmm-model.c */
/* order: of the table, 0 if the kernel can say it */
int vm_model(struct vm *vm, uint64_t seed, unsigned int batches, unsigned int order, FILE *out);
int vm_model_check(struct vm *vm, FILE *out);

/* vmm-htab.c */
int htab_allocate(struct vm *vm, uint32_t order, FILE *out);
int htab_allocate2(struct vm *vm, uint32_t order, uint32_t min_order, uint32_t flags, FILE *out);
int htab_info(struct vm *vm, FILE *out);
int htab_ctl(struct vm *vm, uint64_t arg0, uint64_t arg1);

/* What to tell of what a first pass through the htab file descriptor returns */
enum entries {
	ENTRIES_VALID, /* the number of valid ones */
	ENTRIES_ALL, /* of those that there is room for */
	ENTRIES_LIST, /* the valid ones themselves */
};

int htab_entries(struct vm *vm, enum entries what, FILE *out);

/* An entry as the htab file descriptor has it, in a record of its own */
struct entry {
	uint32_t slot;
	uint64_t v, r;
};

#define HTAB_WRITE_MAX 4

/* All of a table of n entries, with v == 0 where there is none */
int htab_snapshot(struct vm *vm, struct entry *entries, size_t n);
/* Takes an entry out of the table */
int htab_write_none(struct vm *vm, uint32_t slot);

/* One write of n entries, or of the first bytes of it; the number of bytes that the kernel took */
ssize_t htab_write(struct vm *vm, const struct entry *entries, size_t n, size_t bytes);

/* The same for one entry, out of memory that is not there until the release. Returns once the kernel waits for it. */
int htab_write_stalled(struct vm *vm, struct entry entry);
/* Lets it go on; what htab_write would have returned */
ssize_t htab_write_release(void);

int htab_prepare(struct vm *vm, uint32_t shift, bool wait, FILE *out);
int htab_commit(struct vm *vm, uint32_t shift, FILE *out);
int htab_mmu(struct vm *vm, bool radix);

/* vmm-fill.c */

/*
 * Gives the table a load that is known, which it prints, with entries for pages of that size: "4k", "64k", "16m". How:
 * "uniform", "secondary" (the same, all of them in their second group), "clustered" (in pieces of neighbouring groups),
 * "strided" (every 64th group is full, whatever ppm is), "one" (in each group).
 */
int vm_fill(struct vm *vm, const char *how, unsigned int ppm, const char *size, uint64_t seed,
	    FILE *out);
/* One of the vCPU's binary statistics */
int vm_stat(struct vm *vm, unsigned int cpu, const char *name, FILE *out);

/* vmm-offer.c */
int offer_start(struct vm *vm, const char *address, bool seqpacket);
int offer_result(unsigned int wait_s, FILE *out);
int offer_lend(struct vm *vm, const char *path, uint32_t order_max, FILE *out);

#endif
