// SPDX-License-Identifier: GPL-2.0-only
/* Work in a child process. */
#include "lib/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/clock.h"

/* What a child sends, before its data. */
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

/* Whoever reads what this program prints must not wait for a child that hangs. */
static void let_go_of_streams(void)
{
	int fd = open("/dev/null", O_RDWR);

	for (int stream = 0; stream <= 2; stream++)
		if (fd < 0 || dup2(fd, stream) < 0)
			close(stream);
}

static _Noreturn void be_child(int fd, int (*work)(void *data, struct error *err), void *data,
			       size_t bytes)
{
	struct error err = { 0 };
	struct answer answer = { 0 };

	let_go_of_streams();
	answer.result = work(data, &err);
	answer.shortage = shortage_code();
	answer.status = err.status;
	answer.code = err.code;
	snprintf(answer.message, sizeof(answer.message), "%s", err.message ?: "");
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

static int no_answer(int code, unsigned int timeout_ms, struct error *err)
{
	char seconds[SECONDS_TEXT_MAX];

	if (code == ETIMEDOUT)
		return error_set(
			err, STATUS_CANNOT, code,
			"the kernel hangs: no answer within %s s (see --timeout); look for "
			"blocked tasks in the kernel log",
			seconds_format(timeout_ms, seconds));
	return error_set(err, STATUS_FAILED, code, "cannot try: the child process has ended: %s",
			 strerror(code));
}

int child_run(unsigned int timeout_ms, int (*work)(void *data, struct error *err), void *data,
	      size_t bytes, struct error *err)
{
	_cleanup_close_ int reader = -1;
	int fds[2], r;
	struct answer answer;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return error_set(err, STATUS_FAILED, errno, "cannot try: %s", strerror(errno));
	reader = fds[0];
	fflush(stdout);
	child = fork();
	if (!child)
		be_child(fds[1], work, data, bytes);
	close(fds[1]);
	if (child < 0)
		return error_set(err, STATUS_FAILED, errno, "cannot try: %s", strerror(errno));
	r = read_all(reader, &answer, sizeof(answer), clock_ms() + timeout_ms);
	if (!r)
		r = read_all(reader, data, bytes, clock_ms() + timeout_ms);
	if (r) {
		kill(child, SIGKILL); /* which does not end it while it hangs */
		return no_answer(-r, timeout_ms, err);
	}
	waitpid(child, NULL, 0);
	shortage_note(answer.shortage);
	if (answer.status)
		error_set(err, answer.status, answer.code, "%.*s", (int)sizeof(answer.message),
			  answer.message);
	return answer.result;
}
