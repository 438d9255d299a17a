// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offers the VM to one other program: hands its file descriptor to the first that connects, and
 * takes the line in which that one says what it did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <kvm-htab.h>

#include "vmm.h"

static struct {
	pthread_t thread;
	bool started;
	atomic_int listener; /* -1: closed; its number may be somebody else's by now */
	int vm_fd;
	char line[4096];
	int result;
} offer;

static int send_fd(int peer, int fd)
{
	char byte = 'V';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(peer, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static void *offer_thread(void *arg)
{
	int peer = accept4(offer.listener, NULL, NULL, SOCK_CLOEXEC);
	size_t have = 0;
	ssize_t n = 1;

	(void)arg;
	close(atomic_exchange(&offer.listener, -1));
	offer.result = peer < 0 ? -errno : send_fd(peer, offer.vm_fd);
	while (!offer.result && n > 0 && !memchr(offer.line, '\n', have) &&
	       have < sizeof(offer.line) - 1) {
		n = recv(peer, offer.line + have, sizeof(offer.line) - 1 - have, 0);
		if (n > 0)
			have += (size_t)n;
	}
	offer.line[have] = 0;
	if (!offer.result && !strchr(offer.line, '\n'))
		offer.result = -ENODATA;
	offer.line[strcspn(offer.line, "\n")] = 0;
	printf("client: %s\n", offer.line);
	if (peer >= 0)
		close(peer);
	return NULL;
}

static int listen_as(const char *address, bool seqpacket)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(address);
	int fd;

	if (len >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, address, len);
	if (address[0] == '@')
		addr.sun_path[0] = 0;
	else
		unlink(address);
	fd = socket(AF_UNIX, (seqpacket ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) ||
	    listen(fd, 1)) {
		int err = errno;

		close(fd);
		return -err;
	}
	if (address[0] != '@')
		chmod(address, 0666);
	return fd;
}

/* One offer at a time; a new one replaces an earlier one that nobody took. */
int offer_start(struct vm *vm, const char *address, bool seqpacket)
{
	int ret;

	if (offer.started) {
		int listener = offer.listener;

		if (listener >= 0)
			shutdown(listener, SHUT_RDWR);
		pthread_join(offer.thread, NULL);
		offer.started = false;
	}
	if (vm->fd < 0)
		return -ENOENT;
	offer.listener = listen_as(address, seqpacket);
	if (offer.listener < 0)
		return offer.listener;
	offer.vm_fd = vm->fd;
	offer.line[0] = 0;
	ret = pthread_create(&offer.thread, NULL, offer_thread, NULL);
	offer.started = !ret;
	return -ret;
}

/* Prints the client's line. -ENODATA: it went away without one. */
int offer_result(unsigned int wait_s, FILE *out)
{
	struct timespec end;

	if (!offer.started)
		return -ENOENT;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += wait_s;
	if (pthread_timedjoin_np(offer.thread, NULL, &end))
		return -ETIMEDOUT;
	offer.started = false;
	fprintf(out, "%s", offer.line);
	return offer.result;
}

/* of examples/share-vm-fd.c */
struct lent {
	char answer[65536];
	struct kvm_ppc_htab_info info;
};
bool can_offer(int vm_fd);
int listen_at(const char *path);
int lend_vm(int sock, int vm_fd, __u32 order_max, struct lent *lent);

/* Lends the VM to one client as the example does, and prints what it learns. */
int offer_lend(struct vm *vm, const char *path, uint32_t order_max, FILE *out)
{
	static struct lent lent;
	int listener, peer, goes_on, err;

	if (!can_offer(vm->fd)) {
		fprintf(out, "takes no offers");
		return 0;
	}
	listener = listen_at(path);
	if (listener < 0)
		return -errno;
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	goes_on = peer < 0 ? -1 : lend_vm(peer, vm->fd, order_max, &lent);
	err = errno;
	if (peer >= 0)
		close(peer);
	close(listener);
	unlink(path);
	if (goes_on < 0)
		return -err;
	fprintf(out, "goes_on=%d order=%u answer=%s", goes_on, lent.info.order, lent.answer);
	return 0;
}
