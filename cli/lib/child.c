// SPDX-License-Identifier: GPL-2.0-only
/* Work in a child process. */
#include "lib/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/clock.h"

/* What a child sends before its data. */
struct answer {
	int result;
	int shortage;
	enum exit_status status;
	int code;
	char message[512];
};

static bool write_all(int fd, const void *data, size_t bytes)
{
	for (const char *s = data; bytes;) {
		ssize_t n = write(fd, s, bytes);

		if (n < 0 && errno != EINTR)
			return false;
		s += n > 0 ? n : 0;
		bytes -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/*
 * Whoever waits for the end of this program's output, or for a lock in a descriptor that it has
 * inherited, must not wait for a child that hangs.
 */
static void let_go_of_files(int except)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (fd != except && (null < 0 || dup2(null, fd) < 0))
			close(fd);
	if (except > 3)
		close_range(3, (unsigned int)except - 1, 0);
	close_range((unsigned int)except + 1, ~0U, 0);
}

static _Noreturn void be_child(int fd, pid_t parent, int (*work)(void *data, struct error *err),
			       void *data, size_t bytes)
{
	struct error err = { 0 };
	struct answer answer = { 0 };

	/* What it has allocated is freed if the program is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	let_go_of_files(fd);
	answer.result = work(data, &err);
	answer.shortage = shortage_code();
	answer.status = err.status;
	answer.code = err.code;
	snprintf(answer.message, sizeof(answer.message), "%s", err.message ?: strerror(ENOMEM));
	_exit(!write_all(fd, &answer, sizeof(answer)) || !write_all(fd, data, bytes));
}

/* Reads @bytes from @fd before @deadline. Errors: -ETIMEDOUT; -EPIPE: there are no more. */
static int read_all(int fd, void *data, size_t bytes, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	for (char *s = data; bytes;) {
		int64_t left = deadline - clock_ms();
		int r = poll(&poll_fd, 1, left > 0 ? (int)left : 0);
		ssize_t n;

		if (!r)
			return -ETIMEDOUT;
		if (r < 0 && errno != EINTR)
			return -errno;
		n = r < 0 ? -1 : read(fd, s, bytes);
		if (!n)
			return -EPIPE;
		if (n < 0 && errno != EINTR)
			return -errno;
		s += n > 0 ? n : 0;
		bytes -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* @data is unchanged unless the whole answer has come. */
static int receive(int fd, struct answer *answer, void *data, size_t bytes, int64_t deadline)
{
	_cleanup_free_ char *copy = malloc(bytes);
	int r = copy ? read_all(fd, answer, sizeof(*answer), deadline) : -ENOMEM;

	if (!r)
		r = read_all(fd, copy, bytes, deadline);
	if (!r)
		memcpy(data, copy, bytes);
	return r;
}

int child_run(unsigned int timeout_ms, int (*work)(void *data, struct error *err), void *data,
	      size_t bytes, pid_t *left_behind, struct error *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	pid_t parent = getpid(), child = -1;
	_cleanup_close_ int reader = -1;
	struct answer answer;
	int fds[2], r;

	*left_behind = 0;
	r = pipe2(fds, O_CLOEXEC) ? -errno : 0;
	if (!r) {
		reader = fds[0];
		child = fork();
		if (!child)
			be_child(fds[1], parent, work, data, bytes);
		r = child < 0 ? -errno : 0;
		close(fds[1]);
	}
	if (!r)
		r = receive(reader, &answer, data, bytes, deadline);
	if (r && child > 0)
		kill(child, SIGKILL);
	if (r == -ETIMEDOUT) {
		*left_behind = child;
		return r;
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	if (r)
		return error_set(err, STATUS_FAILED, -r, "the child process has failed: %s",
				 strerror(-r));
	shortage_note(answer.shortage);
	if (answer.status)
		error_set(err, answer.status, answer.code, "%.*s", (int)sizeof(answer.message),
			  answer.message);
	return answer.result;
}
