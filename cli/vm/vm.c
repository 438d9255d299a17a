// SPDX-License-Identifier: GPL-2.0-only
/* Attaching to a VM of another process, and the requests on its table. */
#include "vm/vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/hpt.h"
#include "vm/domain.h"
#include "vm/list.h"
#include "vm/process.h"
#include "vm/vmm.h"

/* Fails if vm->fd is not a KVM VM: an ioctl on another file could do harm. */
static int check_is_vm(const struct vm *vm, struct error *err)
{
	char link[64], kind[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", vm->fd);
	n = readlink(link, kind, sizeof(kind) - 1);
	if (n < 0)
		return error_set(err, STATUS_FAILED, errno,
				 "cannot identify the file descriptor: cannot read %s: %s", link,
				 strerror(errno));
	kind[n] = '\0';
	if (strcmp(kind, VMM_VM_LINK))
		return error_set(err, STATUS_FAILED, EPROTO, "not a KVM VM but \"%s\"", kind);
	return 0;
}

/* Explains an error that any request on a VM may return. */
static int request_error(int code, struct error *err)
{
	switch (code) {
	case EPERM:
		return error_set(
			err, STATUS_FAILED, code,
			"permission denied: the VM was not offered and this process lacks "
			"CAP_SYS_ADMIN; let its VMM offer it (see kvm-htab-vm-socket(7)), or run as "
			"root");
	case EIO:
		return error_set(err, STATUS_FAILED, code,
				 "the kernel rejects this VM: its owner has exited, or the VM is "
				 "dead or not one of KVM-HV");
	default:
		return error_set(err, STATUS_FAILED, code, "the kernel refuses: %s",
				 strerror(code));
	}
}

/* The same for KVM_CHECK_EXTENSION, for which EIO may also mean a stock kernel. */
static int extension_error(int code, const struct host *host, struct error *err)
{
	if (code != EIO || (host->platform != HOST_OTHER && host->patched))
		return request_error(code, err);
	if (host->platform == HOST_OTHER)
		return error_set(err, STATUS_CANNOT, code,
				 "this VM is not on a POWER host (%s): only POWER has hashed page "
				 "tables of KVM-HV",
				 host->machine);
	return error_set(
		err, STATUS_CANNOT, code,
		"this kernel accepts VM ioctls only from the VM's own process; load the kvm-htab "
		"modules or boot a kernel with the series (see kvm-htab-kernel(7))");
}

static int check_kernel(const struct vm *vm, const struct host *host, struct error *err)
{
	int mask = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL);

	if (mask < 0)
		return extension_error(errno, host, err);
	if (!mask) /* the kernel has the series, but runs without hypervisor mode */
		return error_set(err, STATUS_CANNOT, EOPNOTSUPP,
				 "this host is itself a guest (pSeries): its VMs use radix and "
				 "have no hashed page table");
	return 0;
}

static int adopt_fd(const struct vm_target *target, struct vm *vm, struct error *err)
{
	if (target->closed || fcntl(target->fd, F_SETFD, FD_CLOEXEC) < 0)
		return error_set(
			err, STATUS_FAILED, EBADF,
			"file descriptor %d is not open; let the parent process pass it on",
			target->fd);
	vm->fd = target->fd;
	return 0;
}

int vm_attach(const struct vm_target *target, const struct sysfs *fs, const struct host *host,
	      unsigned int timeout_ms, unsigned int wait_ms, struct vm *vm, struct error *err)
{
	int r = -EINVAL;
	pid_t pid;

	*vm = (struct vm){ .fd = -1, .sock = -1 };
	switch (target->kind) {
	case VM_TARGET_UNIX:
		r = vm_socket_receive(&target->address, timeout_ms, wait_ms, &vm->sock, &vm->fd,
				      err);
		break;
	case VM_TARGET_FD:
		r = adopt_fd(target, vm, err);
		break;
	case VM_TARGET_PID:
		r = vm_process_take(target->pid, target->fd, NULL, &vm->fd, err);
		break;
	case VM_TARGET_DOMAIN:
		r = domain_find(fs, target->domain, &pid, err);
		if (!r)
			r = vm_process_take(pid, -1, target->domain, &vm->fd, err);
		break;
	case VM_TARGET_ID:
		r = vm_id_find(fs, target->id, &pid, err);
		if (!r)
			r = vm_process_take(pid, -1, NULL, &vm->fd, err);
		break;
	}
	if (!r)
		r = check_is_vm(vm, err);
	if (!r)
		r = check_kernel(vm, host, err);
	return r;
}

void vm_release(struct vm *vm)
{
	cleanup_close(&vm->fd);
}

void vm_close(struct vm *vm)
{
	cleanup_close(&vm->fd);
	cleanup_close(&vm->sock);
}

/* The same for KVM_PPC_ALLOCATE_HTAB2, on a VM that the caller had access to before. */
static int allocate_error(int code, const struct kvm_ppc_htab *htab, struct error *err)
{
	char size[BYTES_TEXT_MAX];

	switch (code) {
	case EBUSY:
		return error_set(err, STATUS_RUNNING, code, "the VM is running");
	case ENOMEM:
		bytes_format(hpt_bytes(htab->order & 63), size);
		if (htab->min_order && htab->min_order < htab->order)
			return error_set(
				err, STATUS_NO, code,
				"no room for a table of order %u (%s), or a smaller one down to "
				"order %u; see `kvm-htab pool-status`",
				htab->order, size, htab->min_order);
		return error_set(
			err, STATUS_NO, code,
			"no room for a table of order %u (%s); see `kvm-htab pool-status`, or "
			"accept a smaller one with --min-order",
			htab->order, size);
	case EPERM:
		if (htab->flags & KVM_PPC_HTAB_FORCE)
			return error_set(
				err, STATUS_FAILED, code,
				"permission denied: --force requires CAP_SYS_ADMIN; run as "
				"root, or let the VMM offer the VM again");
		if (htab->order)
			return error_set(
				err, STATUS_FAILED, code,
				"permission denied: order %u exceeds the limit set by the VM's "
				"owner, or the owner has just taken its offer back",
				htab->order);
		break;
	}
	return request_error(code, err);
}

int vm_info(const struct vm *vm, struct kvm_ppc_htab_info *info, struct error *err)
{
	*info = (struct kvm_ppc_htab_info){ 0 };
	if (ioctl(vm->fd, KVM_PPC_GET_HTAB_INFO, info) < 0)
		return request_error(errno, err);
	return 0;
}

int vm_allocate(const struct vm *vm, struct kvm_ppc_htab *htab, struct error *err)
{
	const struct kvm_ppc_htab wanted = *htab;

	while (ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB2, htab) < 0) {
		int code = errno;

		if (code != EINTR)
			return allocate_error(code, &wanted, err);
		*htab = wanted;
	}
	return 0;
}
