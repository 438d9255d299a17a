// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.so, to be preloaded: allocations that fail, and a VM that is none.
 *
 *   FAULTS_ALLOCATION=N   the Nth allocation fails, and no other
 *   FAULTS_VM=ORDER       every file descriptor is a VM with a table of ORDER (0: none)
 *   FAULTS_LINKS=1        the same of links in a directory: descriptors of other processes
 *   FAULTS_VCPUS=N        so many of its vCPUs run
 *   FAULTS_FLAGS=N        the flags that it has (default 8: offered)
 *   FAULTS_MOST=ORDER     it gets no larger table than that
 *   FAULTS_CAPS=N         what it answers to KVM_CHECK_EXTENSION (default 1)
 *   FAULTS_LOG=FILE       at the end: "allocations N" and "requests N", those that changed the VM
 */
#include <errno.h>
#include <fcntl.h>
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *block, size_t size);

static unsigned long allocations, failing, requests;
static bool counting;
static unsigned int order;

static unsigned long number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
	failing = number("FAULTS_ALLOCATION");
	order = (unsigned int)number("FAULTS_VM");
	counting = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *name = getenv("FAULTS_LOG");
	int fd = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	counting = false;
	if (fd >= 0) {
		dprintf(fd, "allocations %lu\nrequests %lu\n", allocations, requests);
		close(fd);
	}
}

/* From here on nothing is counted, and nothing fails: what follows is not the program's any more. */
void faults_stop(void);
void faults_stop(void)
{
	counting = false;
}

static bool fails(void)
{
	if (!counting)
		return false;
	allocations++;
	if (allocations != failing)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *block, size_t size)
{
	return fails() ? NULL : __libc_realloc(block, size);
}

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
	static const char vm[] = "anon_inode:kvm-vm";

	if (!getenv("FAULTS_VM") || strncmp(path, "/proc/self/fd/", 14) || size < strlen(vm))
		return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
	/* made all the same, so that it can be made to fail */
	if (syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size) < 0)
		return -1;
	memcpy(buffer, vm, strlen(vm));
	return (ssize_t)strlen(vm);
}

ssize_t readlinkat(int fd, const char *restrict path, char *restrict buffer, size_t size)
{
	static const char vm[] = "anon_inode:kvm-vm";

	if (!getenv("FAULTS_LINKS") || size < strlen(vm))
		return syscall(SYS_readlinkat, fd, path, buffer, size);
	memcpy(buffer, vm, strlen(vm));
	return (ssize_t)strlen(vm);
}

static int answer(unsigned long request, void *arg)
{
	struct kvm_ppc_htab_info *info = arg;
	struct kvm_ppc_htab *htab = arg;

	switch (request) {
	case KVM_CHECK_EXTENSION:
		return getenv("FAULTS_CAPS") ? (int)number("FAULTS_CAPS") : 1;
	case KVM_PPC_GET_HTAB_INFO:
		*info = (struct kvm_ppc_htab_info){ .order = order, .source = !!order };
		info->vcpus_running = (unsigned int)number("FAULTS_VCPUS");
		info->flags = KVM_PPC_HTAB_INFO_OFFERED;
		if (getenv("FAULTS_FLAGS"))
			info->flags = (unsigned int)number("FAULTS_FLAGS");
		return 0;
	case KVM_PPC_ALLOCATE_HTAB2:
		requests++;
		if (htab->order)
			order = htab->order;
		if (number("FAULTS_MOST") && order > number("FAULTS_MOST"))
			order = (unsigned int)number("FAULTS_MOST");
		htab->order = order;
		htab->source = !!order;
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!getenv("FAULTS_VM"))
		return (int)syscall(SYS_ioctl, fd, request, arg);
	/* made all the same: on what is no VM it fails with ENOTTY, and otherwise when made to */
	if (syscall(SYS_ioctl, fd, request, arg) < 0 && errno != ENOTTY)
		return -1;
	return answer(request, arg);
}
