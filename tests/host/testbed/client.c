// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command in an emulated host, through its agent, as if it were a local one: output,
 * errors and exit status are the command's.
 *
 *	client [-u USER] [-t SECONDS] [-i] DIR COMMAND [ARGUMENT]...
 *	client -w SECONDS DIR		wait until the agent answers
 *
 * DIR holds the sockets cmd0, cmd1 ... of the command ports; a free one is taken. A single COMMAND
 * with no arguments is shell text. -i hands stdin on. Exit status 255: the host gave no answer.
 * The limit is multiplied by HOST_PATIENCE, for hosts that are slow.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define EXIT_NO_ANSWER 255
#define ANSWER_GRACE_S 30 /* on top of the command's own limit */

struct link {
	int fd;
	uint32_t session;
	time_t deadline;
};

struct options {
	const char *user;
	unsigned int limit_s;
	unsigned int wait_s;
	bool pass_stdin;
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static int send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int send_frame(struct link *l, enum frame_type type, const void *data, size_t len)
{
	unsigned char out[sizeof(struct frame) + FRAME_MAX];
	struct frame f = {
		.magic = htole32(FRAME_MAGIC),
		.session = htole32(l->session),
		.type = htole32(type),
		.len = htole32((uint32_t)len),
	};

	memcpy(out, &f, sizeof(f));
	if (len)
		memcpy(out + sizeof(f), data, len);
	return send_all(l->fd, out, sizeof(f) + len);
}

/* Waits for bytes, no longer than the link's deadline. */
static int recv_some(struct link *l, void *data, size_t len)
{
	for (;;) {
		struct pollfd pfd = { .fd = l->fd, .events = POLLIN };
		time_t left = l->deadline - now();

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, (int)left * 1000) <= 0)
			continue;

		ssize_t n = recv(l->fd, data, len, 0);

		if (n > 0)
			return (int)n;
		if (!n)
			return -EPIPE;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

static int recv_all(struct link *l, void *data, size_t len)
{
	char *at = data;

	while (len) {
		int n = recv_some(l, at, len);

		if (n < 0)
			return n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Returns the next frame of this session. What an earlier client left over is read and dropped. */
static int recv_frame(struct link *l, struct frame *f, void *data)
{
	for (;;) {
		int ret = recv_all(l, f, sizeof(*f));

		while (!ret && (le32toh(f->magic) != FRAME_MAGIC || le32toh(f->len) > FRAME_MAX)) {
			memmove(f, (char *)f + 1, sizeof(*f) - 1);
			ret = recv_all(l, (char *)f + sizeof(*f) - 1, 1);
		}
		if (!ret)
			ret = recv_all(l, data, le32toh(f->len));
		if (ret)
			return ret;
		f->type = le32toh(f->type);
		f->len = le32toh(f->len);
		if (le32toh(f->session) == l->session)
			return 0;
	}
}

/* Each port serves one client at a time; a lock beside the socket says who. */
static int connect_port(const char *dir, unsigned int number, bool wait)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[4096];
	int lock, fd;

	snprintf(path, sizeof(path), "%s/cmd%u.lock", dir, number);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | (wait ? 0 : LOCK_NB))) {
		close(lock);
		return -EBUSY;
	}
	if (chdir(dir)) /* the socket's own name may be too long for an address */
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "cmd%u", number);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		int err = errno;

		close(lock);
		return -err;
	}
	return fd;
}

static int connect_any(const char *dir)
{
	for (unsigned int i = 0;; i++) {
		char path[4096];
		int fd;

		snprintf(path, sizeof(path), "%s/cmd%u", dir, i);
		if (access(path, F_OK))
			break;
		fd = connect_port(dir, i, false);
		if (fd != -EBUSY)
			return fd;
	}
	return connect_port(dir, 0, true);
}

static int send_run(struct link *l, const struct options *o, char **argv)
{
	char *shell[] = { "bash", "-c", argv[0], NULL };
	unsigned char data[FRAME_MAX];
	struct frame_run run = {
		.limit_s = htole32(o->limit_s),
		.has_stdin = htole32(o->pass_stdin),
	};
	size_t at = sizeof(run), len = strlen(o->user) + 1;

	memcpy(data, &run, sizeof(run));
	memcpy(data + at, o->user, len);
	at += len;
	for (char **arg = argv[1] ? argv : shell; *arg; arg++) {
		len = strlen(*arg) + 1;
		if (at + len > sizeof(data))
			return -E2BIG;
		memcpy(data + at, *arg, len);
		at += len;
	}
	return send_frame(l, FRAME_RUN, data, at);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int send_stdin(struct link *l)
{
	char data[FRAME_MAX];

	for (;;) {
		ssize_t n = read(STDIN_FILENO, data, sizeof(data));
		int ret = send_frame(l, FRAME_STDIN, data, n > 0 ? (size_t)n : 0);

		if (ret || n <= 0)
			return ret;
	}
}

/* Returns the command's exit status or a negative errno. */
static int follow(struct link *l)
{
	unsigned char data[FRAME_MAX];
	struct frame f;
	int ret;

	while (!(ret = recv_frame(l, &f, data))) {
		uint32_t status;

		if (f.type == FRAME_STDOUT || f.type == FRAME_STDERR) {
			write_all(f.type == FRAME_STDOUT ? STDOUT_FILENO : STDERR_FILENO,
				  (char *)data, f.len);
		} else if (f.type == FRAME_EXIT) {
			memcpy(&status, data, sizeof(status));
			return (int)le32toh(status);
		}
	}
	return ret;
}

static int hello(struct link *l)
{
	unsigned char data[FRAME_MAX];
	struct frame f;
	int ret = send_frame(l, FRAME_HELLO, NULL, 0);

	return ret ? ret : recv_frame(l, &f, data);
}

static int run(struct link *l, const struct options *o, char **argv)
{
	int ret = send_run(l, o, argv);

	if (!ret && o->pass_stdin)
		ret = send_stdin(l);
	if (!ret)
		ret = follow(l);
	if (ret == FRAME_STATUS_TIMEOUT)
		fprintf(stderr, "host: no end within %u s: %s\n", o->limit_s, argv[0]);
	return ret;
}

static void usage(void)
{
	fprintf(stderr, "usage: client [-u USER] [-t SECONDS] [-i] DIR COMMAND [ARGUMENT]...\n"
			"       client -w SECONDS DIR\n");
	exit(EXIT_NO_ANSWER);
}

static unsigned int patience(void)
{
	const char *text = getenv("HOST_PATIENCE");
	unsigned long factor = text ? strtoul(text, NULL, 10) : 1;

	return factor ? (unsigned int)factor : 1;
}

int main(int argc, char **argv)
{
	struct options o = { .user = "root", .limit_s = 60 };
	struct link l = { .fd = -1 };
	struct timespec ts;
	int c, ret;

	while ((c = getopt(argc, argv, "+u:t:w:i")) != -1) {
		if (c == 'u')
			o.user = optarg;
		else if (c == 't')
			o.limit_s = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'w')
			o.wait_s = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'i')
			o.pass_stdin = true;
		else
			usage();
	}
	if (argc - optind < (o.wait_s ? 1 : 2))
		usage();

	o.limit_s *= patience();
	clock_gettime(CLOCK_REALTIME, &ts);
	l.session = (uint32_t)getpid() << 16 ^ (uint32_t)ts.tv_nsec;
	l.fd = connect_any(argv[optind]);
	if (l.fd < 0) {
		fprintf(stderr, "host: cannot reach it: %s\n", strerror(-l.fd));
		return EXIT_NO_ANSWER;
	}
	l.deadline = now() + (o.wait_s ? o.wait_s : o.limit_s + ANSWER_GRACE_S);
	ret = o.wait_s ? hello(&l) : run(&l, &o, argv + optind + 1);
	if (ret < 0) {
		fprintf(stderr, "host: no answer: %s\n", strerror(-ret));
		return EXIT_NO_ANSWER;
	}
	return ret;
}
