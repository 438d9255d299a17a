// SPDX-License-Identifier: GPL-2.0-only
/* Taking a VM's file descriptor from a unix socket. */
#include "vm/socket.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "lib/clock.h"

/* The kernel's limit for one message (SCM_MAX_FD), so that all surplus descriptors are counted. */
#define FDS_MAX 253

/* Number of messages after the first that are searched for surplus descriptors. */
#define MESSAGES_MAX 16

int vm_address_set(struct vm_address *address, const char *name, struct error *err)
{
	size_t length = strlen(name), max = sizeof(address->address.sun_path) - 1;

	if (length > max)
		return error_set(err, STATUS_USAGE, ENAMETOOLONG,
				 "socket name \"%s\" is too long: the limit is %zu bytes", name,
				 max);
	*address = (struct vm_address){ .address.sun_family = AF_UNIX };
	memcpy(address->address.sun_path, name, length);
	address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (*name == '@')
		address->address.sun_path[0] = '\0';
	else
		address->length++; /* a path includes its NUL, an abstract name has none */
	return 0;
}

/* Whether @address is the path of a file that is not a socket. */
static bool is_no_socket(const struct vm_address *address)
{
	struct stat st;

	return !stat(address->address.sun_path, &st) && !S_ISSOCK(st.st_mode);
}

static int connect_error(int code, const struct vm_address *address, unsigned int timeout_ms,
			 struct error *err)
{
	char seconds[SECONDS_TEXT_MAX];

	switch (code) {
	case ENOENT:
		return error_set(err, STATUS_FAILED, code,
				 "no such socket; check that the VMM is running and offers its VM");
	case ECONNREFUSED:
		if (is_no_socket(address))
			return error_set(
				err, STATUS_FAILED, code,
				"not a socket; use the one on which the VMM offers its VM");
		return error_set(
			err, STATUS_FAILED, code,
			"no process listens on this socket; check that the VMM is running");
	case EACCES:
		return error_set(err, STATUS_FAILED, code,
				 "permission denied: the socket's owner decides who may connect");
	case EAGAIN:
	case EINTR:
		return error_set(err, STATUS_FAILED, ETIMEDOUT,
				 "the VMM did not accept a connection within %s s (see --timeout)",
				 seconds_format(timeout_ms, seconds));
	default:
		return error_set(err, STATUS_FAILED, code, "cannot connect: %s", strerror(code));
	}
}

/*
 * Connects once, with a socket of @type. If the backlog is full, a non-blocking connect() returns
 * EAGAIN at once and the socket cannot be polled. A blocking one is bounded by the send timeout.
 */
static int connect_as(int type, const struct vm_address *address, int64_t deadline)
{
	_cleanup_close_ int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int64_t left = deadline - clock_ms();
	struct timeval limit;

	if (sock < 0)
		return -errno;
	if (left < 1)
		left = 1; /* 0 means no limit */
	limit.tv_sec = left / 1000;
	limit.tv_usec = left % 1000 * 1000;
	if (setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(sock, (const struct sockaddr *)&address->address, address->length))
		return -errno;
	return take_fd(&sock);
}

/* What the peer sent. The first descriptor is kept, all others are closed. */
struct received {
	int fd;
	unsigned int nfds;
	size_t nbytes;
	bool truncated;
};

static void receive_fds(struct msghdr *msg, struct received *received)
{
	struct cmsghdr *cmsg;

	if (msg->msg_flags & MSG_CTRUNC)
		received->truncated = true;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (received->nfds++)
				close(fd);
			else
				received->fd = fd;
		}
	}
}

/* Receives one message without waiting. Returns its bytes, 0 at the end of a stream, or -errno. */
static ssize_t receive_message(int sock, struct received *received)
{
	union {
		char buffer[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	char data[4096];
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	receive_fds(&msg, received);
	received->nbytes += (size_t)n;
	return n;
}

static int wait_readable(int sock, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = sock, .events = POLLIN };

	for (;;) {
		int64_t left = deadline - clock_ms();
		int r = poll(&poll_fd, 1, left > 0 ? (int)left : 0);

		if (r > 0)
			return 0;
		if (!r)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* Waits for the first message, and receives those that are already there after it. */
static int receive_all(int sock, int64_t deadline, struct received *received)
{
	ssize_t n;
	int r;

	do {
		r = wait_readable(sock, deadline);
		if (r)
			return r;
		n = receive_message(sock, received);
	} while (n == -EAGAIN || n == -EINTR);

	if (n < 0)
		return (int)n;
	for (unsigned int i = 0; n > 0 && i < MESSAGES_MAX; i++)
		n = receive_message(sock, received);
	return 0;
}

static int check_received(int r, const struct received *received, unsigned int timeout_ms,
			  bool waits, struct error *err)
{
	char seconds[SECONDS_TEXT_MAX];

	if (r == -ETIMEDOUT && waits)
		return error_set(
			err, STATUS_RUNNING, EBUSY,
			"its VMM did not offer the VM within %s s of --wait; stop it first",
			seconds_format(timeout_ms, seconds));
	if (r == -ETIMEDOUT)
		return error_set(err, STATUS_FAILED, ETIMEDOUT,
				 "the peer sent nothing within %s s (see --timeout)",
				 seconds_format(timeout_ms, seconds));
	if (r)
		return error_set(err, STATUS_FAILED, -r, "cannot receive from the peer: %s",
				 strerror(-r));
	if (received->truncated)
		return error_set(
			err, STATUS_FAILED, EPROTO,
			"file descriptors from the peer were lost; the limit on open files may be "
			"too low");
	if (received->nfds > 1)
		return error_set(
			err, STATUS_FAILED, EPROTO,
			"the peer sent %u file descriptors instead of one; all were closed",
			received->nfds);
	if (!received->nbytes && !received->nfds)
		return error_set(err, STATUS_FAILED, EPIPE,
				 "the peer hung up without sending a file descriptor");
	if (!received->nfds)
		return error_set(err, STATUS_FAILED, EPROTO,
				 "the peer sent no file descriptor with its first message");
	if (!received->nbytes)
		return error_set(err, STATUS_FAILED, EPROTO,
				 "the peer sent a file descriptor without a byte of data");
	return 0;
}

int vm_socket_receive(const struct vm_address *address, unsigned int timeout_ms,
		      unsigned int wait_ms, int *sock, int *fd, struct error *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	struct received received = { .fd = -1 };
	int type = SOCK_STREAM;
	int r;

	/* connect() with a time limit returns EINTR if the process is stopped and continued. */
	do {
		r = connect_as(type, address, deadline);
		if (r == -EPROTOTYPE && type == SOCK_STREAM) {
			type = SOCK_SEQPACKET;
			r = -EINTR;
		}
	} while (r == -EINTR && clock_ms() < deadline);
	if (r < 0)
		return connect_error(-r, address, timeout_ms, err);
	*sock = r;

	/* A VMM that takes clients only while its VM is stopped leaves us in its backlog. */
	if (wait_ms > timeout_ms) {
		deadline += wait_ms - timeout_ms;
		timeout_ms = wait_ms;
	}
	r = receive_all(*sock, deadline, &received);
	r = check_received(r, &received, timeout_ms, wait_ms, err);
	if (!r)
		*fd = take_fd(&received.fd);
	cleanup_close(&received.fd);
	return r;
}

int vm_socket_reply(int sock, const char *line, unsigned int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;
	size_t left = strlen(line);

	while (left) {
		struct pollfd poll_fd = { .fd = sock, .events = POLLOUT };
		ssize_t n = send(sock, line, left, MSG_NOSIGNAL | MSG_DONTWAIT);
		int64_t wait_ms;

		if (n >= 0) {
			line += n;
			left -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		wait_ms = deadline - clock_ms();
		if (wait_ms <= 0)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, (int)wait_ms) < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}
