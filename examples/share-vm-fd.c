// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's side of kvm-htab-vm-socket(7): listen_at() once if can_offer(). Each time the VM's vCPUs have stopped, and a
 * client has connected: lend_vm(). Only the process that has created the VM can do that.
 */
#include <errno.h>
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define OTHER_BITS 0 /* that the VM has, such as KVM_PPC_HTAB_CTL_NOMOVE */
#define TIMEOUT_MS 10000 /* how long a client may have the VM */
#define ANSWER_MAX 65536

struct lent {
	char answer[ANSWER_MAX]; /* of the client, for logs; or "" */
	struct kvm_ppc_htab_info info; /* of the kernel, afterwards */
};

bool can_offer(int vm_fd);
int listen_at(const char *path);
int share_vm_fd(int sock, int vm_fd);
int read_answer(int sock, char *answer);
int lend_vm(int sock, int vm_fd, __u32 order_max, struct lent *lent);

/* Whether the kernel takes offers. A stock kernel does not. */
bool can_offer(int vm_fd)
{
	int bits = ioctl(vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL);

	return bits > 0 && bits & KVM_PPC_HTAB_CTL_OFFER;
}

static int set_ctl(int vm_fd, __u64 bits, __u32 order_max)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_PPC_HTAB_CTL,
		.args = { bits | OTHER_BITS, order_max },
	};

	return ioctl(vm_fd, KVM_ENABLE_CAP, &cap);
}

/* Listens in a directory that only this VMM may enter. */
int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sockaddr *name = (struct sockaddr *)&address;
	struct stat st;
	int sock;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path); /* a VMM that died has left it there */
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -1;
	if (!bind(sock, name, sizeof(address)) && !listen(sock, 1))
		return sock;
	close(sock);
	return -1;
}

int share_vm_fd(int sock, int vm_fd)
{
	char byte = 0;
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &vm_fd, sizeof(int));
	/* does not wait: one byte fits into the buffer of a new socket */
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static __s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__s64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Receives a line, for logs, without its end. -1: none in time. */
int read_answer(int sock, char *answer)
{
	struct pollfd poll_fd = { .fd = sock, .events = POLLIN };
	__s64 left, end = now_ms() + TIMEOUT_MS;
	size_t length = 0;
	char *newline;
	ssize_t n;

	while ((left = end - now_ms()) > 0 && length < ANSWER_MAX) {
		if (poll(&poll_fd, 1, (int)left) != 1)
			continue; /* a signal, or the time is up */
		n = read(sock, answer + length, ANSWER_MAX - length);
		if (n <= 0)
			break;
		newline = memchr(answer + length, '\n', (size_t)n);
		length += (size_t)n;
		if (newline) {
			*newline = '\0';
			return 0;
		}
	}
	answer[0] = '\0';
	return -1;
}

/*
 * Lends the VM, whose vCPUs are stopped, to the client on sock. Returns
 * 1 if the guest can go on, 0 if its table is empty, so that it must be
 * reset, and -1 if no offer could be made: nothing has changed.
 */
int lend_vm(int sock, int vm_fd, __u32 order_max, struct lent *lent)
{
	struct kvm_ppc_htab_info *info = &lent->info;

	memset(lent, 0, sizeof(*lent));
	if (set_ctl(vm_fd, KVM_PPC_HTAB_CTL_OFFER, order_max))
		return -1; /* EBUSY: a vCPU is inside KVM_RUN */
	if (!share_vm_fd(sock, vm_fd))
		read_answer(sock, lent->answer);
	/*
	 * Waits for a client's request that is being handled.
	 * Afterwards no client can change the table.
	 */
	if (set_ctl(vm_fd, 0, 0))
		return 0;
	if (ioctl(vm_fd, KVM_PPC_GET_HTAB_INFO, info))
		return 0;
	return info->flags & KVM_PPC_HTAB_INFO_READY ? 1 : 0;
}
