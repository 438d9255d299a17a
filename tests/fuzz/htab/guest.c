// SPDX-License-Identifier: GPL-2.0-only
/* The guest: its vCPUs, what it asks for itself, and its memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"

#define MSR_SF (1ULL << 63)
#define MSR_ME (1ULL << 12)
#define MSR_LE 1ULL
#define H_REMOVE 0x04
#define H_ENTER 0x08
#define H_REPORT 0xf00
#define H_EXACT (1UL << (63 - 24))
#define H_PARAMETER (-4L)
#define H_PTEG_FULL (-6L)
#define H_NOT_FOUND (-7L)
#define HCALL_CODE 0x4000
#define CEDE_CODE 0x5000
#define COUNTER 0x10000
#define DEFAULT_ORDER 24
#define HCALL_GPRS 5

static void nothing(int signal_number)
{
	(void)signal_number;
}

/* KVM_RUN ends after that much time, whatever the guest does. */
static void limit_run(unsigned int ms)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval timer = {
		.it_value.tv_usec = ms * 1000L,
		.it_interval.tv_usec = ms * 1000L,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* gprs: from r3 on */
static void set_registers(struct vcpu *v, uint64_t pc, const uint64_t gprs[HCALL_GPRS])
{
	struct kvm_regs regs = { .pc = pc, .msr = MSR_SF | MSR_ME | MSR_LE };

	for (unsigned int i = 0; gprs && i < HCALL_GPRS; i++)
		regs.gpr[3 + i] = gprs[i];
	ioctl(v->fd, KVM_SET_REGS, &regs);
	v->run->immediate_exit = 0;
}

/* The table that a VM gets that has none when it runs: which order and source can only be asked for. */
static void default_table(struct vm *vm)
{
	struct kvm_ppc_htab_info info = { .order = DEFAULT_ORDER };

	if (host.patched && call(OWNER, vm->fd, KVM_PPC_GET_HTAB_INFO, &info, sizeof(info), GOOD))
		disagree("KVM_PPC_GET_HTAB_INFO fails");
	table_gone(vm);
	if (!info.order)
		return;
	if (info.order < ORDER_MIN || info.order > DEFAULT_ORDER)
		disagree("order %u is no default", info.order);
	for (unsigned int order = info.order + 1; order <= DEFAULT_ORDER; order++)
		if (pool_quiet() && pool_could(vm, order, false))
			disagree("the default is order %u, but %u can be had", info.order, order);
	vm->order = info.order;
	vm->source = info.source;
	vm->place.known = false;
}

/* How KVM_RUN has ended; what of that can be foreseen is that the MMU is ready then. */
static void after_run(struct vm *vm, int ret)
{
	/* A signal may have come before the vCPU got anywhere */
	vm_used(vm, ret == -EINTR ? DONT_KNOW : YES);
	if (vm->radix) {
		vm->ready = YES;
		return;
	}
	if (vm->ready == DONT_KNOW || ret == -EINTR) {
		if (!vm->order)
			default_table(vm);
		if (ret >= 0)
			vm->ready = YES;
		vm_adopt(vm);
		return;
	}
	if (vm->ready == YES)
		return;
	if (!vm->order)
		default_table(vm);
	if (!vm->order)
		return allow(ret, -ENOMEM, -ENOMEM);
	if (!vm->has_slot[0])
		return allow(ret, -EINVAL, -EINVAL);
	if (ret < 0)
		disagree("KVM_RUN fails: %d", ret);
	vm->ready = YES;
	if (vm->entries.known)
		entries_map_vrma(vm);
}

static int run_once(struct vcpu *v)
{
	int ret;

	limit_run(300);
	ret = ioctl(v->fd, KVM_RUN, 0) ? -errno : 0;
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	return ret;
}

static struct vcpu *idle_vcpu(struct vm *vm)
{
	struct vcpu *v = &vm->vcpus[below(VCPUS)];

	return vm->fd >= 0 && v->fd >= 0 && !v->running ? v : NULL;
}

bool do_run(struct vm *vm)
{
	struct vcpu *v = idle_vcpu(vm);
	int ret;

	if (!v)
		return false;
	if (vm->has_slot[0])
		vm_write_code(vm);
	step("VM %u run", vm->index);
	set_registers(v, 0x2000, NULL);
	ret = run_once(v);
	answer("RUN", ret, " exit %u", ret ? 0 : v->run->exit_reason);
	after_run(vm, ret);
	return true;
}

/* What an entry that the guest makes or removes itself has to be answered */
static void judge_enter(struct vm *vm, uint64_t slot, bool exact, const struct entry *e,
			const __u64 *args)
{
	uint64_t slots = 1ULL << (vm->order - 4);
	enum enter can = entry_enter(vm, e->v, e->r);
	long ret = (long)args[0], want = 0;

	if (!exact)
		for (slot &= ~7ULL; slot % 8 < 7 && entries_at(&vm->entries, slot);)
			slot++;
	if (can == ENTER_PARAMETER || slot >= slots)
		want = H_PARAMETER;
	else if (entries_at(&vm->entries, slot))
		want = H_PTEG_FULL;
	if (can == ENTER_EITHER)
		vm->entries.known = false;
	else if (ret != want)
		disagree("H_ENTER says %ld, and has to say %ld", ret, want);
	if (!ret)
		entries_put(&vm->entries, slot, e->v, e->r);
}

static void judge_remove(struct vm *vm, uint64_t slot, const __u64 *args)
{
	long ret = (long)args[0], want = 0;

	if (slot >= 1ULL << (vm->order - 4))
		want = H_PARAMETER;
	else if (!entries_at(&vm->entries, slot))
		want = H_NOT_FOUND;
	if (ret != want)
		disagree("H_REMOVE says %ld, and has to say %ld", ret, want);
	entries_remove(&vm->entries, slot);
}

/* A guest enters or removes an entry: with the right slot, its own memory's. */
bool do_hcall(struct vm *vm)
{
	struct vcpu *v = idle_vcpu(vm);
	bool remove = chance(30), exact = chance(60);
	struct entry e;
	int ret;

	if (!v || vm->radix || !vm->has_slot[0] || vm->ready != YES || !vm->entries.known ||
	    !vm->order)
		return false;
	entry_random(vm, &e);
	vm_write_code(vm);
	step("VM %u guest %s %u%s %#llx %#llx", vm->index, remove ? "removes" : "enters", e.slot,
	     exact ? " exactly" : "", (unsigned long long)e.v, (unsigned long long)e.r);
	set_registers(v, HCALL_CODE,
		      (uint64_t[HCALL_GPRS]){ remove ? H_REMOVE : H_ENTER,
					      exact && !remove ? H_EXACT : 0, e.slot, e.v, e.r });
	ret = run_once(v);
	vm_used(vm, ret ? DONT_KNOW : YES);
	answer(remove ? "H_REMOVE" : "H_ENTER", ret, " exit %u: %lld",
	       ret ? 0 : v->run->exit_reason, ret ? 0 : (long long)v->run->papr_hcall.args[0]);
	if (ret || v->run->exit_reason != KVM_EXIT_PAPR_HCALL ||
	    v->run->papr_hcall.nr != H_REPORT) {
		vm_adopt(vm);
		return true;
	}
	if (remove)
		judge_remove(vm, e.slot, v->run->papr_hcall.args);
	else
		judge_enter(vm, e.slot, exact, &e, v->run->papr_hcall.args);
	return true;
}

static void *cede_thread(void *arg)
{
	struct vcpu *v = arg;

	while (!v->stop)
		ioctl(v->fd, KVM_RUN, 0);
	return NULL;
}

static bool cede_started(const struct vm *vm)
{
	for (unsigned int ms = 0; ms < 3000; ms++) {
		if (*(volatile uint64_t *)(vm->ram + COUNTER))
			return true;
		usleep(1000);
	}
	return false;
}

void vcpu_stop(struct vm *vm, unsigned int cpu)
{
	struct vcpu *v = &vm->vcpus[cpu];

	if (!v->running)
		return;
	v->stop = true;
	v->run->immediate_exit = 1;
	pthread_kill(v->thread, SIGUSR1);
	pthread_join(v->thread, NULL);
	v->running = false;
	vm->nr_running--;
}

/* A vCPU that sleeps inside KVM_RUN until it is stopped; only where it can be foreseen that it gets there */
bool do_cede(struct vm *vm)
{
	struct vcpu *v = idle_vcpu(vm);
	struct sigaction action = { .sa_handler = nothing };
	sigset_t alarm, before;

	if (!v || !vm->has_slot[0] || vm->ready == DONT_KNOW ||
	    (!vm->radix && (!vm->order || !vm->entries.known)))
		return false;
	vm_write_code(vm);
	memset(vm->ram + COUNTER, 0, sizeof(uint64_t));
	step("VM %u vCPU sleeps", vm->index);
	set_registers(v, CEDE_CODE, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &before);
	v->stop = false;
	if (pthread_create(&v->thread, NULL, cede_thread, v))
		disagree("no thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	v->running = true;
	vm->nr_running++;
	if (!cede_started(vm)) {
		vcpu_stop(vm, (unsigned int)(v - vm->vcpus));
		answered("RUN sleeping", -EINTR);
		vm_used(vm, DONT_KNOW);
		vm_adopt(vm);
		return true;
	}
	answered("RUN sleeping", 0);
	after_run(vm, 0);
	return true;
}

bool do_stop(struct vm *vm)
{
	if (!vm->nr_running)
		return false;
	step("VM %u stops", vm->index);
	for (unsigned int i = 0; i < VCPUS; i++)
		vcpu_stop(vm, i);
	answered("stop", 0);
	return true;
}

bool do_vcpu(struct vm *vm)
{
	unsigned int cpu = below(VCPUS);

	if (vm->fd < 0 || vm->vcpus[cpu].fd >= 0)
		return false;
	step("VM %u vCPU %u", vm->index, cpu);
	if (!vcpu_create(vm, cpu))
		disagree("no vCPU: %d", -errno);
	answered("create vCPU", 0);
	return true;
}

/* Memory slots come, go and change. A vCPU that sleeps has its code in the first one. */
bool do_slot(struct vm *vm)
{
	unsigned int slot = chance(70), flags = 0;
	bool there;
	int ret;

	if (vm->fd < 0 || vm->nr_running)
		return false;
	there = !vm->has_slot[slot];
	if (there || chance(50)) {
		there = true;
		flags = chance(50) ? KVM_MEM_LOG_DIRTY_PAGES : 0;
	}
	step("VM %u memory slot %u %s flags %u", vm->index, slot, there ? "there" : "gone", flags);
	ret = vm_slot(vm, slot, there, flags);
	answered("SET_MEMORY", ret);
	allow(ret, 0, 0);
	if (slot)
		vm->dirty_log = there && flags;
	if (slot && vm->dirty_log && chance(70)) {
		static uint64_t bitmap[MORE_RAM_BYTES / 4096 / 64];
		struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

		ret = call(OWNER, vm->fd, KVM_GET_DIRTY_LOG, &log, sizeof(log), GOOD);
		answered("GET_DIRTY_LOG", ret);
		allow(ret, 0, 0);
	}
	return true;
}

/* What is behind the guest's memory goes, comes back or is protected, of which the MMU notifiers tell KVM. */
bool do_memory(struct vm *vm)
{
	unsigned int what = below(4), more = below(2);
	unsigned char *at = more ? vm->more_ram : vm->ram;
	size_t bytes = more ? MORE_RAM_BYTES : RAM_BYTES, from = below(2) ? bytes / 2 : 0;

	if (vm->fd < 0 || vm->nr_running)
		return false;
	step("VM %u memory %u behind slot %u from %#zx", vm->index, what, more, from);
	switch (what) {
	case 0:
		madvise(at + from, bytes - from, MADV_DONTNEED);
		break;
	case 1:
		mprotect(at + from, bytes - from, PROT_READ);
		mprotect(at + from, bytes - from, PROT_READ | PROT_WRITE);
		break;
	case 2:
		for (size_t i = from; i < bytes; i += host.page_bytes)
			at[i + 8] = 1;
		break;
	default:
		mremap(at + from, bytes - from, bytes - from, MREMAP_MAYMOVE);
		at[from + 8] = 1;
	}
	answered("memory", 0);
	return true;
}
