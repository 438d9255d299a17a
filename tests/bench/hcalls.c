// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest's hypercalls for its hashed page table cost, and faults that make an entry of it
 * valid; on any kernel with KVM-HV.
 *
 *	hcalls SAMPLES
 *
 * Prints a JSON object for each of them: how many are in a sample, and nanoseconds of each sample. The
 * plugin count.c counts the instructions meanwhile: those of a sample that warms up, and of these.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../host/programs/hcall.h"
#include "../host/programs/vmm.h"
#include "cost.h"

#define MSR_SF (1ULL << 63)
#define MSR_ME (1ULL << 12)
#define MSR_LE 1ULL

/* In the guest's memory, of which there is enough */
#define CODE 0x8000UL
#define PAGES 0x200000UL
#define PAGE_STEP 0x10000UL
#define PAGES_MAX 32U
#define RAM_BYTES (1UL << 26)

/* A 4 KiB entry for the first of PAGES at EA, in a 256 MiB segment: its hash is the VSID. */
#define EA 0x10000000ULL
#define VSID 0x123ULL
#define PTEH (VSID << 12 | 1)
#define PTEL (PAGES | 0x10 | 0x2) /* M; read and write */
#define SLB_VSID (VSID << 12)
#define SLB_ESID (EA | 1ULL << 27 | 1) /* V, slot 1 */

#define ORDER 24
#define SAMPLES_MAX 2000
#define CALLS 50U

extern const unsigned char hcalls[], hcalls_end[];
extern const unsigned char hcalls_enter[], hcalls_read[], hcalls_protect[], hcalls_fault[];

static void fail(const char *what, int error)
{
	fprintf(stderr, "hcalls: %s: %s\n", what, strerror(error));
	exit(1);
}

static void start_at(struct vcpu *v, const unsigned char *entry, uint64_t count)
{
	struct kvm_regs regs;

	if (ioctl(v->fd, KVM_GET_REGS, &regs))
		fail("KVM_GET_REGS", errno);
	regs.pc = CODE + (uint64_t)(entry - hcalls);
	regs.msr = MSR_SF | MSR_ME | MSR_LE;
	regs.gpr[14] = count;
	regs.gpr[15] = PTEH;
	regs.gpr[16] = PTEL;
	regs.gpr[17] = VSID << 3;
	regs.gpr[19] = EA;
	regs.gpr[27] = SLB_VSID;
	regs.gpr[28] = SLB_ESID;
	if (ioctl(v->fd, KVM_SET_REGS, &regs))
		fail("KVM_SET_REGS", errno);
}

/* Until the guest's next hypercall for the VMM */
static void run(struct vcpu *v)
{
	while (ioctl(v->fd, KVM_RUN, 0))
		if (errno != EINTR)
			fail("KVM_RUN", errno);
	if (v->run->exit_reason != KVM_EXIT_PAPR_HCALL || v->run->papr_hcall.nr != H_EXIT) {
		fprintf(stderr, "hcalls: exit %u, hypercall %#llx, %lld\n", v->run->exit_reason,
			(unsigned long long)v->run->papr_hcall.nr,
			(long long)v->run->papr_hcall.args[0]);
		exit(1);
	}
	v->run->papr_hcall.ret = 0;
}

/* absent: an entry that is made while the host has no page for it is not valid until the fault that is measured. */
static uint64_t take(struct vm *vm, bool absent)
{
	uint64_t start;

	if (absent && madvise(vm->ram + PAGES, PAGES_MAX * PAGE_STEP, MADV_DONTNEED))
		fail("madvise", errno);
	run(&vm->vcpus[0]);
	for (unsigned int i = 0; i < PAGES_MAX; i++)
		*(volatile unsigned char *)(vm->ram + PAGES + i * PAGE_STEP) = 1;
	start = now_ns();
	run(&vm->vcpus[0]);
	return now_ns() - start;
}

static void measure(const char *name, const unsigned char *entry, unsigned int count, bool absent,
		    unsigned int n)
{
	struct vm vm = { .fd = -1, .kvm = -1, .ram_bytes = RAM_BYTES, .nr_vcpus = 1 };
	uint32_t order = ORDER;
	uint64_t samples[SAMPLES_MAX];
	int ret = vm_create(&vm);

	if (ret)
		fail("a new VM", -ret);
	if (ioctl(vm.fd, KVM_PPC_ALLOCATE_HTAB, &order))
		fail("KVM_PPC_ALLOCATE_HTAB", errno);
	memcpy(vm.ram + CODE, hcalls, (size_t)(hcalls_end - hcalls));
	memset(vm.ram + PAGES, 1, PAGES_MAX * PAGE_STEP);
	start_at(&vm.vcpus[0], entry, count);
	take(&vm, absent); /* warms things up */
	for (unsigned int i = 0; i < n; i++)
		samples[i] = take(&vm, absent);
	vm_close(&vm);

	printf("{\"name\":\"%s\",\"count\":%u,\"ns\":[", name, count);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%llu", i ? "," : "", (unsigned long long)samples[i]);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 0;

	if (n < 1 || n > SAMPLES_MAX) {
		fprintf(stderr, "usage: hcalls SAMPLES\n");
		return 2;
	}
	measure("H_ENTER+H_REMOVE", hcalls_enter, CALLS, false, (unsigned int)n);
	measure("H_READ", hcalls_read, CALLS, false, (unsigned int)n);
	measure("H_PROTECT", hcalls_protect, CALLS, false, (unsigned int)n);
	measure("page fault", hcalls_fault, PAGES_MAX, true, (unsigned int)n);
	return 0;
}
