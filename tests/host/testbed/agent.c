// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the emulated host: mounts what a user space expects, loads KVM, then serves each command
 * port (virtio-serial ports named cmd*) from a process of its own. With host.shell on the kernel's
 * command line it gives a shell on the console instead and powers off when that ends.
 *
 * A command runs in a session of its own. When it exits, what its pipes hold by then is sent and
 * the answer ends, whoever still has them open: children left in the background do not count. When
 * its client goes away or its time is up, the whole process group is killed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define ARGS_MAX 256
#define GONE_S 2 /* see client_gone() */
#define KILL_GRACE_S 5 /* a process that SIGKILL does not end within this hangs in the kernel */

/* One command port and the command it runs, if any. */
struct port {
	int fd;
	int epoll;
	uint32_t session;
	pid_t pid; /* 0: nothing runs */
	int pidfd;
	int in, out, err; /* our ends of the command's pipes, -1 when closed */
	time_t deadline; /* 0: none */
	time_t gone_since; /* 0: a client is connected */
	bool killed;
	size_t have; /* bytes in buf */
	unsigned char buf[sizeof(struct frame) + FRAME_MAX];
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("agent: ");
	vprintf(format, ap);
	printf("\n");
	fflush(stdout);
	va_end(ap);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void kill_command(struct port *p)
{
	if (!p->pid)
		return;
	kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL);
}

static bool hung_up(const struct port *p)
{
	struct pollfd pfd = { .fd = p->fd };

	poll(&pfd, 1, 0);
	return pfd.revents & POLLHUP;
}

/*
 * The kernel learns of connections over a queue other than the data's: right after one client was
 * followed by the next, the next one's data can be here while the port still counts as hung up.
 * So only a state that lasts means anything.
 */
static bool client_gone(struct port *p)
{
	if (!hung_up(p)) {
		p->gone_since = 0;
		return false;
	}
	if (!p->gone_since)
		p->gone_since = now();
	return now() > p->gone_since + GONE_S;
}

/* Writes all of it, or gives up because nobody listens any more. */
static int port_write(struct port *p, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(p->fd, at, len);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;

		struct pollfd pfd = { .fd = p->fd, .events = POLLOUT };

		if (client_gone(p))
			return -EPIPE;
		poll(&pfd, 1, 1000);
		if (pfd.revents & POLLHUP)
			usleep(1000); /* poll() does not wait then */
	}
	return 0;
}

static int port_send(struct port *p, enum frame_type type, const void *data, uint32_t len)
{
	unsigned char out[sizeof(struct frame) + FRAME_MAX];
	struct frame f = {
		.magic = htole32(FRAME_MAGIC),
		.session = htole32(p->session),
		.type = htole32(type),
		.len = htole32(len),
	};

	memcpy(out, &f, sizeof(f));
	if (len)
		memcpy(out + sizeof(f), data, len);
	return port_write(p, out, sizeof(f) + len);
}

/* Sends what the pipe holds now. Returns false once the pipe is at its end. */
static bool forward(struct port *p, int fd, enum frame_type type)
{
	char data[FRAME_MAX];
	ssize_t n = read(fd, data, sizeof(data));

	if (n > 0) {
		if (port_send(p, type, data, (uint32_t)n) < 0)
			kill_command(p);
		return true;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/*
 * For an exited command: whatever is in the pipe, but not more than one pipe can hold, since a
 * child in the background may go on writing for ever.
 */
static void drain(struct port *p, int fd, enum frame_type type)
{
	for (size_t total = 0; fd >= 0 && total < 16 * FRAME_MAX; total += FRAME_MAX) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		if (poll(&pfd, 1, 0) <= 0 || !(pfd.revents & POLLIN) || !forward(p, fd, type))
			return;
	}
}

static void finish(struct port *p, uint32_t status)
{
	uint32_t le = htole32(status);

	drain(p, p->out, FRAME_STDOUT);
	drain(p, p->err, FRAME_STDERR);
	close_fd(&p->in);
	close_fd(&p->out);
	close_fd(&p->err);
	close_fd(&p->pidfd);
	p->pid = 0;
	port_send(p, FRAME_EXIT, &le, sizeof(le));
}

static void reap(struct port *p)
{
	int status;

	if (waitpid(p->pid, &status, WNOHANG) != p->pid)
		return;
	if (p->killed)
		finish(p, FRAME_STATUS_TIMEOUT);
	else if (WIFSIGNALED(status))
		finish(p, 128 + (uint32_t)WTERMSIG(status));
	else
		finish(p, (uint32_t)WEXITSTATUS(status));
}

static int become(const char *user)
{
	if (!strcmp(user, "root"))
		return 0;

	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;

	if (!f)
		return -1;
	while ((pw = fgetpwent(f)) && strcmp(pw->pw_name, user))
		;
	fclose(f);
	if (!pw) {
		fprintf(stderr, "no user %s in this host\n", user);
		return -1;
	}
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", user, 1);
	if (setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid)) {
		perror("cannot become another user");
		return -1;
	}
	return 0;
}

static void exec_command(const char *user, char **argv, int in, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (chdir("/tmp") || become(user))
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	return 0;
}

static void start(struct port *p, const struct frame_run *run, char *strings, size_t len)
{
	char *user = strings, *end = strings + len, *argv[ARGS_MAX + 1];
	int in[2] = { -1, -1 }, out[2], err[2];
	size_t n = 0;

	for (char *s = user + strlen(user) + 1; s < end && n < ARGS_MAX; s += strlen(s) + 1)
		argv[n++] = s;
	argv[n] = NULL;
	p->killed = false;
	p->deadline = run->limit_s ? now() + (time_t)le32toh(run->limit_s) : 0;
	if (!n || make_pipe(in) || make_pipe(out) || make_pipe(err)) {
		finish(p, 126);
		return;
	}
	if (!run->has_stdin) {
		close(in[0]);
		in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		close_fd(&in[1]);
	}
	p->pid = fork();
	if (!p->pid)
		exec_command(user, argv, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	p->in = in[1];
	p->out = out[0];
	p->err = err[0];
	fcntl(p->out, F_SETFL, O_NONBLOCK);
	fcntl(p->err, F_SETFL, O_NONBLOCK);
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
}

/* A client died, or a new one found the remains of an earlier command: away with those. */
static void abandon(struct port *p)
{
	if (!p->pid)
		return;
	kill_command(p);
	waitpid(p->pid, NULL, 0);
	close_fd(&p->in);
	close_fd(&p->out);
	close_fd(&p->err);
	close_fd(&p->pidfd);
	p->pid = 0;
}

static void stdin_frame(struct port *p, const unsigned char *data, size_t len)
{
	if (p->in < 0)
		return;
	if (!len) {
		close_fd(&p->in);
		return;
	}
	while (len) {
		ssize_t n = write(p->in, data, len);

		if (n < 0) {
			close_fd(&p->in);
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

static void handle(struct port *p, const struct frame *f, unsigned char *data)
{
	uint32_t len = le32toh(f->len);

	switch (le32toh(f->type)) {
	case FRAME_HELLO:
		abandon(p);
		p->session = le32toh(f->session);
		port_send(p, FRAME_HELLO, NULL, 0);
		break;
	case FRAME_RUN: {
		struct frame_run run;

		if (len <= sizeof(run) || data[len - 1])
			break;
		abandon(p);
		p->session = le32toh(f->session);
		memcpy(&run, data, sizeof(run));
		start(p, &run, (char *)data + sizeof(run), len - sizeof(run));
		break;
	}
	case FRAME_STDIN:
		if (le32toh(f->session) == p->session)
			stdin_frame(p, data, len);
		break;
	}
}

/* Takes whole frames out of the buffer; bytes that are none are skipped one by one. */
static void parse(struct port *p)
{
	size_t at = 0;

	while (p->have - at >= sizeof(struct frame)) {
		struct frame f;

		memcpy(&f, p->buf + at, sizeof(f));
		if (le32toh(f.magic) != FRAME_MAGIC || le32toh(f.len) > FRAME_MAX) {
			at++;
			continue;
		}
		if (p->have - at < sizeof(f) + le32toh(f.len))
			break;
		handle(p, &f, p->buf + at + sizeof(f));
		at += sizeof(f) + le32toh(f.len);
	}
	memmove(p->buf, p->buf + at, p->have - at);
	p->have -= at;
}

static void port_readable(struct port *p)
{
	for (;;) {
		ssize_t n = read(p->fd, p->buf + p->have, sizeof(p->buf) - p->have);

		if (n > 0) {
			p->have += (size_t)n;
			parse(p);
		} else if (!n || errno != EINTR) {
			return;
		}
	}
}

/*
 * The port is watched edge-triggered through an epoll of its own: while no client is connected it
 * is in a permanent hang-up state, which poll() would report for ever.
 */
static void serve(int fd)
{
	static struct port p;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLHUP | EPOLLET };

	p = (struct port){ .fd = fd, .pidfd = -1, .in = -1, .out = -1, .err = -1 };
	p.epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(p.epoll, EPOLL_CTL_ADD, fd, &ev);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct pollfd pfd[] = {
			{ .fd = p.epoll, .events = POLLIN },
			{ .fd = p.pid ? p.pidfd : -1, .events = POLLIN },
			{ .fd = p.pid ? p.out : -1, .events = POLLIN },
			{ .fd = p.pid ? p.err : -1, .events = POLLIN },
		};

		poll(pfd, 4, p.pid || p.have ? 500 : -1);
		if (pfd[0].revents) {
			epoll_wait(p.epoll, &ev, 1, 0);
			port_readable(&p);
			continue; /* the command may be another one now */
		}
		if (pfd[2].revents && !forward(&p, p.out, FRAME_STDOUT))
			close_fd(&p.out);
		if (pfd[3].revents && !forward(&p, p.err, FRAME_STDERR))
			close_fd(&p.err);
		if (pfd[1].revents)
			reap(&p);
		if ((p.pid || p.have) && client_gone(&p)) {
			abandon(&p);
			p.have = 0;
		}
		if (!p.pid || !p.deadline)
			continue;
		if (now() >= p.deadline && !p.killed) {
			p.killed = true;
			kill_command(&p);
		} else if (now() >= p.deadline + KILL_GRACE_S) {
			say("process %d survives SIGKILL", p.pid);
			finish(&p, FRAME_STATUS_TIMEOUT);
		}
	}
}

/* Opens the virtio-serial port of this name; the device nodes only carry numbers. */
static int open_port(const char *dir, char *name, size_t size)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", dir);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (!fgets(name, (int)size, f))
		name[0] = 0;
	fclose(f);
	name[strcspn(name, "\n")] = 0;
	snprintf(path, sizeof(path), "/dev/%s", dir);
	if (!strncmp(name, "cmd", 3))
		return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(path, sizeof(path), "/dev/port-%s", name);
	symlink(dir, path);
	return -1;
}

static int serve_ports(void)
{
	DIR *d = opendir("/sys/class/virtio-ports");
	struct dirent *e;
	int served = 0;

	while (d && (e = readdir(d))) {
		char name[64];
		int fd = e->d_name[0] == '.' ? -1 : open_port(e->d_name, name, sizeof(name));

		if (fd < 0)
			continue;
		if (!fork()) {
			serve(fd);
			_exit(1);
		}
		close(fd);
		served++;
	}
	if (d)
		closedir(d);
	return served;
}

static void mount_all(void)
{
	static const struct {
		const char *type, *dir, *options;
		unsigned long flags;
	} mounts[] = {
		{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "devtmpfs", "/dev", NULL, MS_NOSUID },
		{ "devpts", "/dev/pts", "mode=620,ptmxmode=666", MS_NOSUID },
		{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV },
		{ "tmpfs", "/run", "mode=755", MS_NOSUID | MS_NODEV },
		{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV },
		{ "debugfs", "/sys/kernel/debug", NULL, 0 },
		{ "cgroup2", "/sys/fs/cgroup", NULL, 0 },
		{ "tracefs", "/sys/kernel/tracing", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].dir, 0755);
		if (mount(mounts[i].type, mounts[i].dir, mounts[i].type, mounts[i].flags,
			  mounts[i].options))
			say("cannot mount %s: %s", mounts[i].dir, strerror(errno));
	}
	mkdir("/run/vmm", 0777);
	chmod("/run/vmm", 01777);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	symlink("/proc/mounts", "/etc/mtab");
}

static void run_and_wait(char *const argv[])
{
	pid_t pid = fork();

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static bool cmdline_has(const char *word)
{
	char line[4096] = "";
	FILE *f = fopen("/proc/cmdline", "re");
	bool has = false;

	if (!f)
		return false;
	if (fgets(line, sizeof(line), f))
		for (char *s = strtok(line, " \n"); s; s = strtok(NULL, " \n"))
			has |= !strcmp(s, word);
	fclose(f);
	return has;
}

static void console_shell(void)
{
	pid_t pid = fork();

	if (!pid) {
		char *argv[] = { "bash", "-l", NULL };
		int fd;

		setsid();
		fd = open("/dev/hvc0", O_RDWR);
		ioctl(fd, TIOCSCTTY, 1);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (wait(NULL) != pid)
		;
	sync();
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	/* Where the first two are modules, nothing could be asked of the host without them. */
	char *modprobe[] = { "modprobe", "-qa", "virtio_pci", "virtio_console", "kvm-hv", NULL };

	if (argc > 1 && !strcmp(argv[1], "poweroff")) {
		sync();
		reboot(RB_POWER_OFF);
	}
	if (getpid() != 1) {
		fprintf(stderr, "agent: to be started by the kernel\n");
		return 2;
	}
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	umask(022);
	mount_all();
	sethostname("host", 4);
	run_and_wait(modprobe);
	if (cmdline_has("host.shell")) {
		setenv("TERM", "vt220", 1);
		console_shell();
	}
	say("%d command ports", serve_ports());
	for (;;)
		if (wait(NULL) < 0)
			pause();
}
