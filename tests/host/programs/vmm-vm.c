// SPDX-License-Identifier: GPL-2.0-only
/* The VM, its vCPUs and what its guest does. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hcall.h"
#include "vmm.h"

#define KVM_VM_PPC_HV_TYPE 1

#define H_FUNCTION (-2L)

#define MSR_SF (1ULL << 63)
#define MSR_ME (1ULL << 12)
#define MSR_LE 1ULL
#define LPCR_ILE (1ULL << 25)

#define MAILBOX 0x20000 /* guest.S knows this one, too */
#define MAILBOX_COUNTER 128
#define MAILBOX_GAP 136
#define PAGE 0x30000
#define STEPS 0x80000 /* and this one */
#define PATTERN 0x4b564d2d48544142ULL

/* A 4 KiB entry for PAGE at EA, in a 256 MiB segment: its hash is the VSID. */
#define EA 0x10000000ULL
#define VSID 0x123ULL
#define PTEH (VSID << 12 | 1)
#define PTEL (PAGE | 0x10 | 0x2) /* M; read and write */
#define SLB_ESID (EA | 1ULL << 27 | 1) /* V, slot 1 */

/* The same for a page that is no memory, in another segment. */
#define MMIO_GPA 0x40000000ULL
#define MMIO_EA 0x20000000ULL
#define MMIO_VSID 0x234ULL
#define MMIO_PTEH (MMIO_VSID << 12 | 1)
#define MMIO_PTEL (MMIO_GPA | 0x28 | 0x2) /* I and G; read and write */
#define MMIO_SLB_ESID (MMIO_EA | 1ULL << 27 | 2) /* V, slot 2 */

#define DEVICE_BYTES 0x10000

#define GUEST_LIMIT_S 30

extern const unsigned char guest_image[], guest_image_end[];
extern const unsigned char guest_run[], guest_loop[], guest_cede[], guest_hammer[], guest_check[];
extern const unsigned char guest_exits[], guest_gap[];
extern const unsigned char guest_mmio_enter[], guest_mmio[], guest_enter[], guest_steps[];

struct mailbox {
	uint64_t pattern, pteh, ptel, index, more, ea, page, slb_vsid, slb_esid;
};

static int vcpu_create(struct vm *vm, unsigned int cpu)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct vcpu *v = &vm->vcpus[cpu];
	uint64_t lpcr;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_LPCR_64, .addr = (uintptr_t)&lpcr };
	int size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, cpu);
	if (size < 0 || v->fd < 0 || ioctl(v->fd, KVM_ENABLE_CAP, &papr) ||
	    ioctl(v->fd, KVM_GET_ONE_REG, &reg))
		return -errno;
	lpcr |= LPCR_ILE;
	if (ioctl(v->fd, KVM_SET_ONE_REG, &reg))
		return -errno;
	v->run_bytes = (size_t)size;
	v->run = mmap(NULL, v->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	return v->run == MAP_FAILED ? -errno : 0;
}

/* Creates VM, memory and vCPUs as vm->ram_bytes and vm->nr_vcpus say. */
int vm_create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = { .memory_size = vm->ram_bytes };
	int ret = 0;

	if (vm->fd >= 0)
		return -EEXIST;
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -errno;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);
	if (vm->fd < 0)
		return -errno;
	vm->ram = mmap(NULL, vm->ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	if (vm->ram == MAP_FAILED)
		return -errno;
	memcpy(vm->ram, guest_image, (size_t)(guest_image_end - guest_image));
	region.userspace_addr = (uintptr_t)vm->ram;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	for (unsigned int i = 0; i < vm->nr_vcpus && !ret; i++)
		ret = vcpu_create(vm, i);
	return ret;
}

int vm_second(const struct vm *vm, FILE *out)
{
	int fd = ioctl(vm->kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);

	fprintf(out, "%d", fd);
	return fd < 0 ? -errno : 0;
}

/* Unlike the one that KVM made, this one outlasts exec. */
int vm_duplicate(const struct vm *vm, FILE *out)
{
	int fd = dup(vm->fd);

	fprintf(out, "%d", fd);
	return fd < 0 ? -errno : 0;
}

/* The VM is destroyed when this returns, unless somebody else holds a file descriptor of it. */
void vm_close(struct vm *vm)
{
	vm_stop(vm, NULL);
	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *v = &vm->vcpus[i];

		if (v->run)
			munmap(v->run, v->run_bytes);
		if (v->fd > 0)
			close(v->fd);
		*v = (struct vcpu){ .fd = -1 };
	}
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	if (vm->ram)
		munmap(vm->ram, vm->ram_bytes);
	if (vm->device)
		munmap(vm->device, DEVICE_BYTES);
	vm->fd = vm->kvm = -1;
	vm->ram = vm->device = NULL;
}

static int vcpu_prepare(struct vm *vm, unsigned int cpu, const unsigned char *entry)
{
	struct kvm_regs regs;

	if (vm->fd < 0 || cpu >= vm->nr_vcpus)
		return -ENOENT;
	if (vm->vcpus[cpu].running)
		return -EALREADY;
	if (ioctl(vm->vcpus[cpu].fd, KVM_GET_REGS, &regs))
		return -errno;
	regs.pc = (uint64_t)(entry - guest_image);
	regs.gpr[3] = cpu;
	regs.msr = MSR_SF | MSR_ME | MSR_LE;
	vm->vcpus[cpu].run->immediate_exit = 0;
	return ioctl(vm->vcpus[cpu].fd, KVM_SET_REGS, &regs) ? -errno : 0;
}

/* A device that is nothing but the pattern. Returns whether this exit was for it. */
static bool vcpu_mmio(struct vcpu *v)
{
	const uint64_t value = PATTERN;

	if (v->run->exit_reason != KVM_EXIT_MMIO || v->run->mmio.is_write ||
	    v->run->mmio.len != sizeof(value) || v->run->mmio.phys_addr != MMIO_GPA)
		return false;
	memcpy(v->run->mmio.data, &value, sizeof(value));
	v->mmio_loads++;
	return true;
}

/* Runs until the guest reports, something goes wrong or vcpu_stop() ends it (-EINTR). */
static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;

	for (;;) {
		if (ioctl(v->fd, KVM_RUN, 0)) {
			if (errno == EINTR && !v->run->immediate_exit)
				continue; /* after SIGSTOP and SIGCONT */
			v->result = -errno;
			return NULL;
		}
		if (vcpu_mmio(v))
			continue;
		if (v->run->exit_reason != KVM_EXIT_PAPR_HCALL) {
			v->result = -EPROTO;
			return NULL;
		}
		if (v->run->papr_hcall.nr == H_REPORT || v->run->papr_hcall.nr == H_FAULT) {
			v->result = v->run->papr_hcall.nr == H_FAULT ? -EFAULT : 0;
			return NULL;
		}
		v->run->papr_hcall.ret = (uint64_t)H_FUNCTION;
	}
}

static void kick(int signal_number)
{
	(void)signal_number;
}

static int vcpu_start(struct vcpu *v)
{
	struct sigaction action = { .sa_handler = kick };
	int ret;

	sigaction(SIGUSR1, &action, NULL);
	v->result = 0;
	v->mmio_loads = 0;
	ret = pthread_create(&v->thread, NULL, vcpu_thread, v);
	v->running = !ret;
	return -ret;
}

/* Kicks the vCPU out of KVM_RUN, wherever it is in there, and waits for its thread. */
static void vcpu_stop(struct vcpu *v)
{
	if (!v->running)
		return;
	v->run->immediate_exit = 1;
	pthread_kill(v->thread, SIGUSR1);
	pthread_join(v->thread, NULL);
	v->running = false;
}

/* Fails if one had ended by itself before. Prints what a guest that checks did not find as it has to be. */
int vm_stop(struct vm *vm, FILE *out)
{
	int ret = 0;

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *v = &vm->vcpus[i];
		const __u64 *args = v->run ? v->run->papr_hcall.args : NULL;

		if (!v->running)
			continue;
		vcpu_stop(v);
		if (v->result == -EINTR)
			continue;
		ret = v->result ? v->result : -EPROTO;
		if (ret == -EFAULT && out)
			fprintf(out, "vCPU %u: at %llu: %#llx, page %llu, stored %#llx; ", i,
				args[0], args[1], args[2], args[3]);
	}
	return ret;
}

/* Advice for all of the guest's memory, see madvise(2). */
int vm_advise(struct vm *vm, int advice)
{
	return madvise(vm->ram, vm->ram_bytes, advice) ? -errno : 0;
}

/* What the guest reports must be what it was asked to do. */
static int check_report(const __u64 *args, unsigned int more, FILE *out)
{
	fprintf(out,
		"stored=%#llx h_enter=%lld slot=%llu h_read=%lld v=%#llx r=%#llx translated=%#llx"
		" entered=%llu",
		args[0], (long long)args[1], args[2], (long long)args[3], args[4], args[5], args[6],
		args[7] + !args[1]);
	if (args[0] != PATTERN || args[1] || args[3] || args[6] != PATTERN || args[7] != more)
		return -EPROTO;
	/* R and C may have been set, and KVM has bits of its own below the valid one */
	if ((args[4] & ~0x7eULL) != PTEH || (args[5] & 0xfffff000) != PAGE)
		return -EPROTO;
	return 0;
}

/* Waits for the guest's report. Prints why there is none. */
static int vcpu_finish(struct vcpu *v, FILE *out)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += GUEST_LIMIT_S;
	if (pthread_timedjoin_np(v->thread, NULL, &end)) {
		vcpu_stop(v);
		fprintf(out, "the guest does not end");
		return -ETIMEDOUT;
	}
	v->running = false;
	if (v->result == -EFAULT)
		fprintf(out, "guest interrupt %#llx", v->run->papr_hcall.args[0]);
	else if (v->result == -EPROTO)
		fprintf(out, "KVM_RUN ended with exit reason %u", v->run->exit_reason);
	return v->result;
}

static void fill_mailbox(struct vm *vm, unsigned int more_entries)
{
	const struct mailbox box = {
		.pattern = PATTERN,
		.pteh = PTEH,
		.ptel = PTEL,
		.index = VSID * 8,
		.more = more_entries,
		.ea = EA,
		.page = PAGE,
		.slb_vsid = VSID << 12,
		.slb_esid = SLB_ESID,
	};

	memcpy(vm->ram + MAILBOX, &box, sizeof(box));
}

int vm_run(struct vm *vm, unsigned int cpu, unsigned int more_entries, FILE *out)
{
	int ret = vcpu_prepare(vm, cpu, guest_run);

	if (ret)
		return ret;
	fill_mailbox(vm, more_entries);
	memset(vm->ram + PAGE, 0, sizeof(uint64_t));
	ret = vcpu_start(&vm->vcpus[cpu]);
	if (!ret)
		ret = vcpu_finish(&vm->vcpus[cpu], out);
	return ret ? ret : check_report(vm->vcpus[cpu].run->papr_hcall.args, more_entries, out);
}

int vm_steps(struct vm *vm, unsigned int cpu, struct guest_step *steps, unsigned int n)
{
	int ret = vcpu_prepare(vm, cpu, guest_steps);
	const uint64_t count = n;

	if (ret)
		return ret;
	memcpy(vm->ram + STEPS, &count, sizeof(count));
	memcpy(vm->ram + STEPS + sizeof(*steps), steps, n * sizeof(*steps));
	ret = vcpu_start(&vm->vcpus[cpu]);
	if (!ret)
		ret = vcpu_finish(&vm->vcpus[cpu], stderr);
	memcpy(steps, vm->ram + STEPS + sizeof(*steps), n * sizeof(*steps));
	return ret;
}

/* Whatever the outcome, prints how many loads got to the device. */
int vm_mmio(struct vm *vm, unsigned int cpu, bool enter, FILE *out)
{
	const struct mailbox box = {
		.pteh = MMIO_PTEH,
		.ptel = MMIO_PTEL,
		.index = MMIO_VSID * 8,
		.ea = MMIO_EA,
		.slb_vsid = MMIO_VSID << 12,
		.slb_esid = MMIO_SLB_ESID,
	};
	int ret = vcpu_prepare(vm, cpu, enter ? guest_mmio_enter : guest_mmio);
	const __u64 *args;

	if (ret)
		return ret;
	memcpy(vm->ram + MAILBOX, &box, sizeof(box));
	ret = vcpu_start(&vm->vcpus[cpu]);
	if (ret)
		return ret;
	ret = vcpu_finish(&vm->vcpus[cpu], out);
	fprintf(out, "%sloads=%u", ret ? ", " : "", vm->vcpus[cpu].mmio_loads);
	if (ret)
		return ret;
	args = vm->vcpus[cpu].run->papr_hcall.args;
	fprintf(out, " h_enter=%lld first=%#llx second=%#llx", (long long)args[0], args[1],
		args[2]);
	return args[0] || args[1] != PATTERN || args[2] != PATTERN ? -EPROTO : 0;
}

/* Shared, so that the page outlives its mapping. */
int vm_device_memory(struct vm *vm)
{
	const uint64_t value = PATTERN;
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = MMIO_GPA,
		.memory_size = DEVICE_BYTES,
	};

	if (vm->fd < 0 || vm->device)
		return -EINVAL;
	vm->device =
		mmap(NULL, DEVICE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vm->device == MAP_FAILED) {
		vm->device = NULL;
		return -errno;
	}
	memcpy(vm->device, &value, sizeof(value));
	region.userspace_addr = (uintptr_t)vm->device;
	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int vm_device_unmap(struct vm *vm)
{
	return madvise(vm->device, DEVICE_BYTES, MADV_DONTNEED) ? -errno : 0;
}

int vm_device_protect(struct vm *vm, bool protect)
{
	int prot = protect ? PROT_NONE : PROT_READ | PROT_WRITE;

	return mprotect(vm->device, DEVICE_BYTES, prot) ? -errno : 0;
}

/* For pages that are no memory. Prints how many the kernel has taken, and how many it refused as there was no place. */
int vm_enter(struct vm *vm, unsigned int cpu, uint64_t n, uint64_t index, uint64_t places,
	     FILE *out)
{
	const struct mailbox box = {
		.pteh = MMIO_PTEH,
		.ptel = MMIO_PTEL,
		.index = index,
		.more = n,
		.page = places,
	};
	int ret = vcpu_prepare(vm, cpu, guest_enter);
	const __u64 *args;

	if (ret)
		return ret;
	memcpy(vm->ram + MAILBOX, &box, sizeof(box));
	ret = vcpu_start(&vm->vcpus[cpu]);
	if (!ret)
		ret = vcpu_finish(&vm->vcpus[cpu], out);
	if (ret)
		return ret;
	args = vm->vcpus[cpu].run->papr_hcall.args;
	fprintf(out, "entered=%llu full=%llu", args[0], args[1]);
	return args[2] ? -EPROTO : 0;
}

uint64_t vm_longest_gap(struct vm *vm)
{
	return __atomic_exchange_n((uint64_t *)(vm->ram + MAILBOX + MAILBOX_GAP), 0,
				   __ATOMIC_RELAXED);
}

uint64_t vm_counter(const struct vm *vm)
{
	return __atomic_load_n((const uint64_t *)(vm->ram + MAILBOX + MAILBOX_COUNTER),
			       __ATOMIC_RELAXED);
}

/* Returns once the guest has shown that it runs. */
int vm_run_endless(struct vm *vm, unsigned int cpu, enum guest guest)
{
	static const unsigned char *const entries[] = {
		[GUEST_LOOP] = guest_loop,     [GUEST_CEDE] = guest_cede,
		[GUEST_HAMMER] = guest_hammer, [GUEST_CHECK] = guest_check,
		[GUEST_EXITS] = guest_exits,   [GUEST_GAP] = guest_gap,
	};
	int ret = vcpu_prepare(vm, cpu, entries[guest]);
	volatile uint64_t *counter;

	if (ret)
		return ret;
	fill_mailbox(vm, 0);
	counter = (volatile uint64_t *)(vm->ram + MAILBOX + MAILBOX_COUNTER);
	*counter = 0;
	vm_longest_gap(vm);
	ret = vcpu_start(&vm->vcpus[cpu]);
	for (int i = 0; !ret && !*counter; i++) {
		if (i == GUEST_LIMIT_S * 100 || vm->vcpus[cpu].result) {
			vcpu_stop(&vm->vcpus[cpu]);
			return vm->vcpus[cpu].result ? vm->vcpus[cpu].result : -ETIMEDOUT;
		}
		usleep(10000);
	}
	return ret;
}
