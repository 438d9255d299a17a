// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests, from the owner of the VM or from one of two other processes that get its file descriptor for
 * each of them: one with all privileges, one without any. And the pointers they are made with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define DATA_BYTES 128
#define NOBODY 65534

enum command { CALL, HOLD, DROP };

struct message {
	enum command command;
	unsigned int slot;
	unsigned long request;
	enum pointer pointer;
	size_t bytes;
	long ret;
	unsigned char data[DATA_BYTES];
};

static struct {
	int socket;
	pid_t pid;
} others[OTHERS];

static unsigned char *arena; /* a page, and behind it nothing */

const char *who_name(enum who who)
{
	static const char *const names[] = { "owner", "admin", "stranger" };

	return names[who];
}

const char *pointer_name(enum pointer pointer)
{
	static const char *const names[] = { "", " read-only", " half-mapped", " unmapped",
					     " kernel-address" };

	return names[pointer];
}

/* Where an argument of so many bytes is; what can be read of it is what is at the arena's end. */
static unsigned char *pointer_to(enum pointer pointer, size_t bytes)
{
	switch (pointer) {
	case HALF:
		return arena + host.page_bytes - bytes / 2;
	case NOWHERE:
		return arena + host.page_bytes + 64;
	case KERNELS:
		return (unsigned char *)0xc000000001000000;
	default:
		return arena + host.page_bytes - DATA_BYTES;
	}
}

void *call_bad_pointer(enum pointer pointer, size_t bytes)
{
	return pointer_to(pointer, bytes);
}

static long make_call(int fd, unsigned long request, void *data, size_t bytes, enum pointer pointer)
{
	unsigned char *at = pointer_to(pointer, bytes);
	long ret;

	if (pointer == GOOD || pointer == READ_ONLY)
		memcpy(at, data, bytes);
	else if (pointer == HALF)
		memcpy(at, data, bytes / 2);
	if (pointer == READ_ONLY)
		mprotect(arena, host.page_bytes, PROT_READ);
	ret = ioctl(fd, request, at);
	if (ret < 0)
		ret = -errno;
	if (pointer == READ_ONLY)
		mprotect(arena, host.page_bytes, PROT_READ | PROT_WRITE);
	if (pointer == GOOD)
		memcpy(data, at, bytes);
	return ret;
}

static int transfer(int peer, bool send, struct message *m, int *fd)
{
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (!send || (fd && *fd >= 0)) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
	}
	if (send && fd && *fd >= 0) {
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), fd, sizeof(int));
	}
	if (send)
		return sendmsg(peer, &msg, MSG_NOSIGNAL) == sizeof(*m) ? 0 : -1;
	if (recvmsg(peer, &msg, 0) != sizeof(*m))
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (fd) {
		*fd = -1;
		if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
	}
	return 0;
}

static void other_process(int peer, enum who who)
{
	int held[VMS] = { -1, -1, -1, -1 }, fd;
	struct message m;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (who == STRANGER && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
				setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(2);
	while (!transfer(peer, false, &m, &fd)) {
		if (m.command == CALL)
			m.ret = make_call(fd >= 0 ? fd : held[m.slot], m.request, m.data, m.bytes,
					  m.pointer);
		if (m.command == HOLD) {
			held[m.slot] = fd;
			fd = -1;
		}
		if (m.command == DROP) {
			close(held[m.slot]);
			held[m.slot] = -1;
		}
		if (fd >= 0)
			close(fd);
		if (transfer(peer, true, &m, NULL))
			break;
	}
	_exit(0);
}

void call_start(void)
{
	arena = mmap(NULL, 2 * host.page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	mprotect(arena + host.page_bytes, host.page_bytes, PROT_NONE);
	for (unsigned int i = 0; i < OTHERS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
			disagree("no socket pair");
		others[i].pid = fork();
		if (!others[i].pid) {
			close(pair[0]);
			for (unsigned int j = 0; j < i; j++)
				close(others[j].socket); /* it ends when the owner closes that */
			other_process(pair[1], ADMIN + i);
		}
		close(pair[1]);
		others[i].socket = pair[0];
	}
}

void call_end(void)
{
	for (unsigned int i = 0; i < OTHERS; i++) {
		close(others[i].socket);
		waitpid(others[i].pid, NULL, 0);
	}
}

static void ask(enum who who, struct message *m, int fd)
{
	int peer = others[who - ADMIN].socket;

	if (transfer(peer, true, m, &fd) || transfer(peer, false, m, NULL))
		disagree("the %s has gone", who_name(who));
}

/*
 * Makes a request and returns what ioctl does, or a negative errno. The data is what the kernel left
 * there, if the pointer is a good one. fd -1 - N: the one that the other process holds in its slot N.
 */
int call(enum who who, int fd, unsigned long request, void *data, size_t bytes,
	 enum pointer pointer)
{
	struct message m = {
		.command = CALL, .request = request, .pointer = pointer, .bytes = bytes
	};

	if (who == OWNER)
		return (int)make_call(fd, request, data, bytes, pointer);
	if (fd < 0)
		m.slot = (unsigned int)(-fd - 1);
	memcpy(m.data, data, bytes);
	ask(who, &m, fd);
	memcpy(data, m.data, bytes);
	return (int)m.ret;
}

void call_hold(enum who who, unsigned int slot, int fd)
{
	struct message m = { .command = HOLD, .slot = slot };

	ask(who, &m, fd);
}

void call_drop(enum who who, unsigned int slot)
{
	struct message m = { .command = DROP, .slot = slot };

	ask(who, &m, -1);
}
