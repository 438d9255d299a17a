// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another process with a VM's file descriptor and nothing else: takes it from a VMM's socket, or out
 * of a VMM that knows nothing of it, does what it is told and prints what came of each, a line each:
 * the request and 0, a value, or the errno's name. Exit status 0 if it got that far.
 *
 *	foreign PATH|@NAME|pid:PID REQUEST...
 *
 * REQUEST: create-vcpu, set-memory, allocate ORDER, allocate2 ORDER MIN FLAGS, info, flags,
 * allocate-stalled ORDER FILE (as hold FILE, but while the kernel is about to read the order),
 * reset-loop SECONDS FLAGS (how many resets were done and how many refused with what),
 * flag-loop SECONDS FLAG (how many answers of GET_HTAB_INFO had it, and how many had not),
 * enable-cap ARG0, check-extension CAP, get-htab-fd, hold FILE (say so by creating FILE.holding,
 * go on once FILE exists), say TEXT (a line to the VMM), exec PROGRAM ARGUMENT... (instead of this
 * one, with the VM handed down as file descriptor 9).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <kvm-htab.h>

#define HOLD_LIMIT_S 60
#define HANDED_DOWN_FD 9

static void fail(const char *what)
{
	fprintf(stderr, "foreign: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int connect_to(const char *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (len >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		fail(address);
	}
	memcpy(addr.sun_path, address, len);
	if (address[0] == '@')
		addr.sun_path[0] = 0;
	if (connect(fd, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)))
		fail(address);
	return fd;
}

static int receive_fd(int peer)
{
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(peer, &msg, MSG_CMSG_CLOEXEC) != 1)
		fail("receive");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS) {
		errno = EBADF;
		fail("no file descriptor");
	}
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* The VM of a process that has one: the number of its descriptor there, -1 if there is none. */
static int find_vm(const char *pid)
{
	char dir[64], link[512], target[64];
	struct dirent *entry;
	int fd = -1;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%s/fd", pid);
	d = opendir(dir);
	if (!d)
		fail(dir);
	while (fd < 0 && (entry = readdir(d))) {
		ssize_t len;

		snprintf(link, sizeof(link), "%s/%s", dir, entry->d_name);
		len = readlink(link, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = 0;
		if (!strcmp(target, "anon_inode:kvm-vm"))
			fd = atoi(entry->d_name);
	}
	closedir(d);
	return fd;
}

static int take_vm(const char *pid)
{
	int theirs = find_vm(pid);
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);

	if (fd < 0)
		fail("pidfd_getfd");
	close(pidfd);
	return fd;
}

static void print(const char *request, int ret)
{
	if (ret < 0)
		printf("%s %s\n", request, strerrorname_np(errno));
	else
		printf("%s %d\n", request, ret);
	fflush(stdout);
}

static int set_memory(int vm)
{
	size_t size = 1 << 20;
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = 1ULL << 32,
		.memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int allocate(int vm, uint32_t order)
{
	return ioctl(vm, KVM_PPC_ALLOCATE_HTAB, &order) ? -1 : (int)order;
}

static int allocate2(int vm, uint32_t order, uint32_t min_order, uint32_t flags)
{
	struct kvm_ppc_htab htab = { .order = order, .min_order = min_order, .flags = flags };

	return ioctl(vm, KVM_PPC_ALLOCATE_HTAB2, &htab) ? -1 : (int)htab.order;
}

static int info(int vm)
{
	struct kvm_ppc_htab_info i;

	return ioctl(vm, KVM_PPC_GET_HTAB_INFO, &i) ? -1 : (int)i.order;
}

static int flags(int vm)
{
	struct kvm_ppc_htab_info i;

	return ioctl(vm, KVM_PPC_GET_HTAB_INFO, &i) ? -1 : (int)i.flags;
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void reset_loop(int vm, uint32_t seconds, uint32_t request_flags)
{
	unsigned long done = 0, busy = 0, denied = 0, other = 0;

	for (time_t end = now_s() + seconds; now_s() < end;) {
		if (allocate2(vm, 0, 0, request_flags | KVM_PPC_HTAB_KEEP) >= 0)
			done++;
		else if (errno == EBUSY)
			busy++;
		else if (errno == EPERM)
			denied++;
		else
			other++;
	}
	printf("reset-loop done=%lu EBUSY=%lu EPERM=%lu other=%lu\n", done, busy, denied, other);
}

static void flag_loop(int vm, uint32_t seconds, uint32_t flag)
{
	unsigned long with = 0, without = 0;

	for (time_t end = now_s() + seconds; now_s() < end;) {
		int f = flags(vm);

		if (f < 0)
			fail("GET_HTAB_INFO");
		*((uint32_t)f & flag ? &with : &without) += 1;
	}
	printf("flag-loop with=%lu without=%lu\n", with, without);
}

static int enable_cap(int vm, uint64_t arg0)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_HTAB_CTL, .args = { arg0 } };

	return ioctl(vm, KVM_ENABLE_CAP, &cap);
}

static int get_htab_fd(int vm)
{
	struct kvm_get_htab_fd arg = { .flags = 0 };
	int fd = ioctl(vm, KVM_PPC_GET_HTAB_FD, &arg);

	return fd < 0 ? -1 : close(fd);
}

static int hold(const char *file)
{
	char holding[512];

	snprintf(holding, sizeof(holding), "%s.holding", file);
	close(open(holding, O_CREAT | O_WRONLY, 0666));
	for (int i = 0; i < HOLD_LIMIT_S * 20; i++) {
		if (!access(file, F_OK))
			return 0;
		usleep(50000);
	}
	errno = ETIMEDOUT;
	return -1;
}

static void *answer_fault(void *arg)
{
	const char *file = ((void **)arg)[0];
	struct uffdio_copy *copy = ((void **)arg)[1];
	int uffd = *(int *)((void **)arg)[2];
	struct pollfd waits = { .fd = uffd, .events = POLLIN };

	if (poll(&waits, 1, HOLD_LIMIT_S * 1000) != 1 || hold(file))
		fail(file);
	if (ioctl(uffd, UFFDIO_COPY, copy))
		fail("UFFDIO_COPY");
	return NULL;
}

/* The order is in a page that is missing until FILE exists. */
static int allocate_stalled(int vm, uint32_t order, char *file)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *source = aligned_alloc(size, size);
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .range = { (uintptr_t)page, size },
					.mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { (uintptr_t)page, (uintptr_t)source, size, .mode = 0 };
	void *arguments[] = { file, &copy, &uffd };
	pthread_t thread;
	int ret;

	if (page == MAP_FAILED || !source || uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &area))
		fail("userfaultfd");
	*source = order;
	errno = pthread_create(&thread, NULL, answer_fault, arguments);
	if (errno)
		fail("thread");
	ret = ioctl(vm, KVM_PPC_ALLOCATE_HTAB, page);
	ret = ret ? -errno : (int)order;
	pthread_join(thread, NULL);
	close(uffd);
	munmap(page, size);
	free(source);
	errno = -ret;
	return ret < 0 ? -1 : ret;
}

static void hand_down(int vm, char **argv)
{
	if (dup2(vm, HANDED_DOWN_FD) < 0)
		fail("dup2");
	execvp(argv[0], argv);
	fail(argv[0]);
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

/* Does the request at argv and returns how many words it took. */
static int request(int peer, int vm, int left, char **argv)
{
	const char *r = argv[0];

	if (!strcmp(r, "create-vcpu"))
		return print(r, ioctl(vm, KVM_CREATE_VCPU, 7)), 1;
	if (!strcmp(r, "set-memory"))
		return print(r, set_memory(vm)), 1;
	if (!strcmp(r, "info"))
		return print(r, info(vm)), 1;
	if (!strcmp(r, "flags"))
		return print(r, flags(vm)), 1;
	if (!strcmp(r, "reset-loop") && left > 2)
		return reset_loop(vm, number(argv[1]), number(argv[2])), 3;
	if (!strcmp(r, "flag-loop") && left > 2)
		return flag_loop(vm, number(argv[1]), number(argv[2])), 3;
	if (!strcmp(r, "get-htab-fd"))
		return print(r, get_htab_fd(vm)), 1;
	if (!strcmp(r, "allocate") && left > 1)
		return print(r, allocate(vm, number(argv[1]))), 2;
	if (!strcmp(r, "allocate-stalled") && left > 2)
		return print(r, allocate_stalled(vm, number(argv[1]), argv[2])), 3;
	if (!strcmp(r, "enable-cap") && left > 1)
		return print(r, enable_cap(vm, number(argv[1]))), 2;
	if (!strcmp(r, "check-extension") && left > 1)
		return print(r, ioctl(vm, KVM_CHECK_EXTENSION, number(argv[1]))), 2;
	if (!strcmp(r, "hold") && left > 1)
		return print(r, hold(argv[1])), 2;
	if (!strcmp(r, "say") && left > 1)
		return print(r, dprintf(peer, "%s\n", argv[1]) > 0 ? 0 : -1), 2;
	if (!strcmp(r, "allocate2") && left > 3)
		return print(r, allocate2(vm, number(argv[1]), number(argv[2]), number(argv[3]))),
		       4;
	if (!strcmp(r, "exec") && left > 1)
		hand_down(vm, argv + 1);
	errno = EINVAL;
	fail(r);
	return 0;
}

int main(int argc, char **argv)
{
	int peer = -1, vm;

	if (argc < 3) {
		fprintf(stderr, "usage: foreign PATH|@NAME|pid:PID REQUEST...\n");
		return 2;
	}
	if (!strncmp(argv[1], "pid:", 4)) {
		vm = take_vm(argv[1] + 4);
	} else {
		peer = connect_to(argv[1]);
		vm = receive_fd(peer);
	}
	for (int i = 2; i < argc;)
		i += request(peer, vm, argc - i, argv + i);
	return 0;
}
