// SPDX-License-Identifier: GPL-2.0-only
/* A VM: how it is made and given up, and what the kernel says of its table. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define HV_TYPE 1
#define LPCR_ILE (1ULL << 25)

struct vm vms[VMS];
struct host host;

static int kvm = -1;
static size_t run_bytes;

unsigned int table_bits(unsigned int order)
{
	return order >= ORDER_MIN ? 1U << (order - ORDER_MIN) : 0;
}

void table_gone(struct vm *vm)
{
	vm->order = vm->source = 0;
	vm->place = (struct place){ .known = true };
	entries_clear(&vm->entries);
}

void host_look(void)
{
	FILE *f = fopen("/sys/kernel/kvm_htab/order_max_pages", "re");
	int fd;

	host.page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	host.max_pages_order = 24;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	run_bytes = (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	fd = ioctl(kvm, KVM_CREATE_VM, HV_TYPE);
	if (fd < 0) {
		perror("fuzz-htab: a VM");
		exit(2);
	}
	host.patched = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL) > 0;
	host.hash_only = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_RADIX) <= 0;
	/*
	 * Linux 7.2 makes 0x8000000000000000 of them before it reads, where the kernel's memory is
	 * once more on a radix host; what comes of it is then what happens to be there.
	 */
	host.reads_kernel_pointers =
		ioctl(fd, KVM_PPC_RESIZE_HPT_PREPARE, 0xc000000001000000) >= 0 || errno != EFAULT;
	if (host.reads_kernel_pointers)
		printf("this kernel reads through pointers into its own memory: not tried\n");
	host.power9 = ioctl(fd, KVM_PPC_CONFIGURE_V3_MMU, &(struct kvm_ppc_mmuv3_cfg){ 0 }) == 0 ||
		      errno != ENODEV;
	close(fd);
	if (f && fscanf(f, "%u", &host.max_pages_order) == 1)
		fclose(f);
}

static const uint32_t report_code[] = { 0x38600f00, 0x44000022, 0x4bfffff8, 0x60000000 };
/* sc 1; its answer in r4 of the report */
static const uint32_t hcall_code[] = { 0x44000022, 0x7c641b78, 0x38600f00, 0x44000022, 0x48000000 };
/* counts at 0x10000, H_CEDE, again */
static const uint32_t cede_code[] = { 0x3fe00001, 0xe8bf0000, 0x38a50001, 0xf8bf0000,
				      0x386000e0, 0x44000022, 0x4bffffec };
/* The decrementer only has to be quiet. */
static const uint32_t decrementer_code[] = { 0x3c007fff, 0x7c1603a6, 0x4c000024 };

/* Whatever interrupt comes is a report, too. */
void vm_write_code(struct vm *vm)
{
	for (size_t at = 0; at < 0x3000; at += sizeof(report_code))
		memcpy(vm->ram + at, report_code, sizeof(report_code));
	memcpy(vm->ram + 0x900, decrementer_code, sizeof(decrementer_code));
	memcpy(vm->ram + 0x4000, hcall_code, sizeof(hcall_code));
	memcpy(vm->ram + 0x5000, cede_code, sizeof(cede_code));
}

int vm_slot(struct vm *vm, unsigned int slot, bool there, unsigned int flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = slot ? MORE_RAM_GPA : 0,
		.memory_size = !there ? 0 :
			       slot   ? MORE_RAM_BYTES :
					RAM_BYTES,
		.userspace_addr = (uintptr_t)(slot ? vm->more_ram : vm->ram),
	};
	int ret = call(OWNER, vm->fd, KVM_SET_USER_MEMORY_REGION, &region, sizeof(region), GOOD);

	if (!ret)
		vm->has_slot[slot] = there;
	return ret;
}

bool vcpu_create(struct vm *vm, unsigned int cpu)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct vcpu *v = &vm->vcpus[cpu];
	uint64_t lpcr;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_LPCR_64, .addr = (uintptr_t)&lpcr };

	v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, cpu);
	if (v->fd < 0 || ioctl(v->fd, KVM_ENABLE_CAP, &papr) || ioctl(v->fd, KVM_GET_ONE_REG, &reg))
		return false;
	lpcr |= LPCR_ILE;
	if (ioctl(v->fd, KVM_SET_ONE_REG, &reg))
		return false;
	v->run = mmap(NULL, run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	return v->run != MAP_FAILED;
}

static void *map(size_t bytes, size_t align)
{
	unsigned char *at = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t lead = (align - (uintptr_t)at % align) % align;

	if (at == MAP_FAILED)
		disagree("no memory for a guest");
	if (lead)
		munmap(at, lead);
	if (align - lead)
		munmap(at + lead + bytes, align - lead);
	return at + lead;
}

/* That of the VM that was made last: they rise */
static unsigned long long newest_id(void)
{
	DIR *dir = opendir("/sys/kernel/kvm_htab/vm");
	unsigned long long id, newest = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		id = strtoull(entry->d_name, NULL, 10);
		if (id > newest)
			newest = id;
	}
	if (dir)
		closedir(dir);
	return newest;
}

bool vm_create(struct vm *vm, bool vcpu)
{
	struct entries old = vm->entries;

	*vm = (struct vm){ .index = (unsigned int)(vm - vms), .reader = -1, .writer = -1 };
	vm->entries = old;
	for (unsigned int i = 0; i < VCPUS; i++)
		vm->vcpus[i].fd = -1;
	table_gone(vm);
	vm->pending_place.known = true;
	vm->fd = ioctl(kvm, KVM_CREATE_VM, HV_TYPE);
	answered("create-vm", vm->fd < 0 ? -errno : 0);
	if (vm->fd < 0)
		return false;
	vm->alive = true;
	if (host.patched)
		vm->id = newest_id();
	vm->radix = !host.hash_only;
	vm->ram = map(RAM_BYTES, RAM_BYTES);
	vm->more_ram = map(MORE_RAM_BYTES, MORE_RAM_BYTES);
	vm_write_code(vm);
	if (vm_slot(vm, 0, true, 0))
		disagree("no memory slot for a new VM");
	return !vcpu || vcpu_create(vm, 0);
}

/* Is anybody left who holds it? If not, it has been destroyed, and its tables are free. */
static void look_whether_alive(struct vm *vm)
{
	vm->alive = vm->fd >= 0 || vm->held[0] || vm->held[1] || vm->reader >= 0 || vm->writer >= 0;
	for (unsigned int i = 0; i < VCPUS; i++)
		vm->alive |= vm->vcpus[i].fd >= 0;
	if (vm->alive)
		return;
	if (vm->ram)
		munmap(vm->ram, RAM_BYTES);
	if (vm->more_ram)
		munmap(vm->more_ram, MORE_RAM_BYTES);
	vm->ram = vm->more_ram = NULL;
}

void vm_close_fd(struct vm *vm, int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	look_whether_alive(vm);
}

/* The owner gives up the VM and its vCPUs; other file descriptors of it may keep it. */
void vm_close(struct vm *vm)
{
	if (excused(7) && vm->fd >= 0)
		prepare_cancel(vm);
	for (unsigned int i = 0; i < VCPUS; i++) {
		struct vcpu *v = &vm->vcpus[i];

		vcpu_stop(vm, i);
		if (v->run)
			munmap(v->run, run_bytes);
		if (v->fd >= 0)
			close(v->fd);
		*v = (struct vcpu){ .fd = -1 };
	}
	vm_close_fd(vm, &vm->fd);
}

void vm_let_go(struct vm *vm, enum who who)
{
	call_drop(who, vm->index);
	vm->held[who - ADMIN] = false;
	look_whether_alive(vm);
}

static unsigned int model_flags(const struct vm *vm)
{
	unsigned int flags = 0;

	if (vm->radix)
		flags |= KVM_PPC_HTAB_INFO_RADIX;
	if (vm->used == YES)
		flags |= KVM_PPC_HTAB_INFO_READY;
	if (vm->pending != PENDING_NONE)
		flags |= KVM_PPC_HTAB_INFO_RESIZING;
	if (vm->offered == YES)
		flags |= KVM_PPC_HTAB_INFO_OFFERED;
	else if (vm->ctl & KVM_PPC_HTAB_CTL_OFFER)
		flags |= KVM_PPC_HTAB_INFO_OFFER_ENDED;
	return flags;
}

static bool get_info(struct vm *vm, struct kvm_ppc_htab_info *info)
{
	int ret;

	memset(info, 0xff, sizeof(*info));
	if (!host.patched || !vm->alive || (vm->fd < 0 && !vm->held[0]))
		return false;
	ret = vm->fd >= 0 ? call(OWNER, vm->fd, KVM_PPC_GET_HTAB_INFO, info, sizeof(*info), GOOD) :
			    call(ADMIN, -1 - (int)vm->index, KVM_PPC_GET_HTAB_INFO, info,
				 sizeof(*info), GOOD);
	if (ret)
		disagree("KVM_PPC_GET_HTAB_INFO of VM %u fails: %d", vm->index, ret);
	return true;
}

/* Takes over what the model could not know. */
static void adopt(struct vm *vm, const struct kvm_ppc_htab_info *info)
{
	if (vm->used == DONT_KNOW)
		vm->used = info->flags & KVM_PPC_HTAB_INFO_READY ? YES : NO;
	if (vm->offered == DONT_KNOW)
		vm->offered = info->flags & KVM_PPC_HTAB_INFO_OFFERED ? YES : NO;
	if (vm->used == NO && !vm->radix)
		vm->ready = NO;
	if (vm->order && !vm->source)
		vm->source = info->source;
}

/* A vCPU has entered KVM_RUN, or something was written to the table; or perhaps not */
void vm_used(struct vm *vm, enum tri sure)
{
	if (vm->used != YES)
		vm->used = sure;
	if (vm->offered == YES)
		vm->offered = sure == YES ? NO : DONT_KNOW;
}

/* After a guest has run in a way that cannot be foreseen */
void vm_adopt(struct vm *vm)
{
	struct kvm_ppc_htab_info info;

	if (vm->ready != YES)
		vm->ready = DONT_KNOW;
	vm->entries.known = false;
	if (!get_info(vm, &info))
		return;
	adopt(vm, &info);
}

/* Does the kernel say of it what the model does? */
void vm_check(struct vm *vm)
{
	struct kvm_ppc_htab_info info, should = { 0 };

	if (!get_info(vm, &info))
		return;
	adopt(vm, &info);
	if (vm->radix && vm->ready == DONT_KNOW)
		vm->ready = YES; /* harmless: it matters for running vCPUs only */
	should.order = vm->order;
	should.source = vm->source;
	should.flags = model_flags(vm);
	should.vcpus_running = vm->nr_running;
	should.table_bytes = vm->order ? 1ULL << vm->order : 0;
	should.revmap_bytes = should.table_bytes;
	should.default_order = 24;
	if (!memcmp(&info, &should, sizeof(info)))
		return;
	disagree("VM %u has order %u source %u flags %#x running %u bytes %llu+%llu default %u,"
		 " and should have order %u source %u flags %#x running %u",
		 vm->index, info.order, info.source, info.flags, info.vcpus_running,
		 (unsigned long long)info.table_bytes, (unsigned long long)info.revmap_bytes,
		 info.default_order, should.order, should.source, should.flags,
		 should.vcpus_running);
}
