// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host whose memory is in pieces: leaves the page allocator no free block of more than 2^ORDER
 * bytes, but plenty of smaller ones, so that nothing else fails.
 *
 *	fragment ORDER COMMAND	goes into the background when that is so; ends by SIGTERM. At SIGUSR1
 *				takes what has come together since, and then deletes /run/fragment.again
 *
 * ORDER: 16 (single pages) to 23. COMMAND, for the shell, is to fill the pool; the memory that it needs
 * besides comes in pieces already. Almost all memory is taken in single pages, of which those are given
 * back that have no neighbour to merge with. What large blocks are left then, or come to be by moving
 * pages of others, is taken for tables of VMs: requests that fail without an effort that would end
 * processes. /run/fragment.pid is ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kvm-htab.h>

#include "pagemap.h"

#define KVM_VM_PPC_HV_TYPE 1

/* Where taking single pages ends; the allocator's own reserve is well below */
#define LEAVE_BYTES (64UL << 20)
#define RESERVE_KB "8192"

#define TRIES 70
#define TRIES_AGAIN 2

#define SYSCTL_UNEVICTABLE "/proc/sys/vm/compact_unevictable_allowed"
#define SYSCTL_RESERVE "/proc/sys/vm/min_free_kbytes"
#define SYSCTL_COMPACT "/proc/sys/vm/compact_memory"
#define PID_FILE "/run/fragment.pid"
#define AGAIN_FILE "/run/fragment.again"

static void fail(const char *what)
{
	fprintf(stderr, "fragment: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void get_sysctl(const char *path, char value[32])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, value, 31);

	if (n < 0)
		fail(path);
	value[n] = 0;
	close(fd);
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail(path);
	close(fd);
}

static size_t meminfo_bytes(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoul(at + strlen(name), NULL, 10) << 10 : 0;
}

/* Free memory, without that of the pool */
static size_t free_bytes(size_t *total)
{
	char text[4096];
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail("/proc/meminfo");
	text[n] = 0;
	close(fd);
	if (total)
		*total = meminfo_bytes(text, "MemTotal:");
	return meminfo_bytes(text, "MemFree:") - meminfo_bytes(text, "CmaFree:");
}

/* Takes memory page by page, locked so that nobody moves it. Returns the number of pages. */
static size_t take_pages(unsigned char **region, size_t page_bytes)
{
	size_t total, nr, i;

	free_bytes(&total);
	nr = total / page_bytes;
	*region = mmap(NULL, total, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (*region == MAP_FAILED || madvise(*region, total, MADV_NOHUGEPAGE) ||
	    mlock2(*region, total, MLOCK_ONFAULT))
		fail("memory");
	for (i = 0; i < nr; i++) {
		if (i % 64 == 0 && free_bytes(NULL) < LEAVE_BYTES)
			break;
		(*region)[i * page_bytes] = 1;
	}
	return i;
}

/*
 * A free block of 2^n pages merges with the one next to it, whose number differs in bit n: gives back
 * the pages whose number has a 0 there.
 */
static void give_back(unsigned char *region, size_t nr, size_t page_bytes, unsigned int bit)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < nr; i++) {
		unsigned char *page = region + i * page_bytes;
		uint64_t frame;

		if (!page_frame(fd, page, page_bytes, &frame))
			fail("pagemap");
		if (!frame || frame >> bit & 1)
			continue;
		if (madvise(page, page_bytes, MADV_DONTNEED_LOCKED))
			fail("MADV_DONTNEED_LOCKED");
	}
	close(fd);
}

/*
 * Takes a block of that order for the table of a VM, which lives as long as we do. After a failure
 * the kernel does not try to move pages for a while, up to 64 times, so one failure is none.
 */
static bool take_block(int kvm, unsigned int order, unsigned int tries)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV_TYPE);

	if (vm < 0)
		fail("KVM_CREATE_VM");
	for (unsigned int i = 0; i < tries; i++) {
		struct kvm_ppc_htab htab = { .order = order, .flags = KVM_PPC_HTAB_PREFER_PAGES };

		if (ioctl(vm, KVM_PPC_ALLOCATE_HTAB2, &htab))
			continue;
		if (htab.source == KVM_PPC_HTAB_PAGES)
			return true;
		break;
	}
	close(vm);
	return false;
}

/* All blocks that are larger. Returns their number. */
static unsigned int take_blocks(int kvm, unsigned int order, unsigned int tries)
{
	unsigned int taken = 0;

	for (unsigned int i = 24; i > order && i >= KVM_PPC_HTAB_ORDER_MIN; i--)
		while (take_block(kvm, i, tries))
			taken++;
	return taken;
}

/* Returns /dev/kvm */
static int fragment(unsigned int order, const char *command)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	unsigned int page_shift = (unsigned int)__builtin_ctzl(page_bytes);
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	unsigned char *region;
	size_t nr;

	if (kvm < 0)
		fail("/dev/kvm");
	set_sysctl(SYSCTL_UNEVICTABLE, "0");
	set_sysctl(SYSCTL_RESERVE, RESERVE_KB);
	nr = take_pages(&region, page_bytes);
	give_back(region, nr, page_bytes, order - page_shift);
	take_blocks(kvm, order, TRIES);
	if (system(command))
		fail(command);
	/* The kernel moves what it can in each round, more than it would for a single request. */
	do
		set_sysctl(SYSCTL_COMPACT, "1");
	while (take_blocks(kvm, order, TRIES));
	return kvm;
}

int main(int argc, char **argv)
{
	unsigned int order = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
	char unevictable[32], reserve[32];
	int ready[2], signal_number, kvm;
	sigset_t set;
	FILE *f;

	if (order < 16 || order > 23) {
		fprintf(stderr, "usage: fragment ORDER COMMAND\n");
		return 2;
	}
	if (pipe(ready))
		fail("pipe");
	if (fork()) {
		char c;

		close(ready[1]);
		return read(ready[0], &c, 1) == 1 ? 0 : 2;
	}
	setsid();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	f = fopen(PID_FILE, "w");
	fprintf(f, "%d\n", getpid());
	fclose(f);
	get_sysctl(SYSCTL_UNEVICTABLE, unevictable);
	get_sysctl(SYSCTL_RESERVE, reserve);
	kvm = fragment(order, argv[2]);
	freopen("/dev/null", "w", stderr);
	write(ready[1], "+", 1);
	close(ready[1]);
	while (!sigwait(&set, &signal_number) && signal_number == SIGUSR1) {
		take_blocks(kvm, order, TRIES_AGAIN);
		unlink(AGAIN_FILE);
	}
	set_sysctl(SYSCTL_UNEVICTABLE, unevictable);
	set_sysctl(SYSCTL_RESERVE, reserve);
	unlink(PID_FILE);
	return 0;
}
