// SPDX-License-Identifier: GPL-2.0-only
/*
 * A peer on the VM socket that behaves as told, or misbehaves.
 *
 *   peer [-s] MODE ADDRESS   listens on ADDRESS (a path, or @NAME) for one client
 *   peer run PROGRAM...      hands a KVM VM down as fd 9 and runs PROGRAM
 *   peer refuse N ERRNO PROGRAM...
 *                            runs PROGRAM, for which system call N (or "ioctl") fails with ERRNO
 *   peer before N COMMAND PROGRAM...
 *                            runs PROGRAM, and the shell's COMMAND right before PROGRAM's Nth ioctl; with
 *                            CALL:N before its Nth call number CALL
 *   peer after CALL:N COMMAND PROGRAM...
 *                            the same right after that call
 *   peer threads             has a second thread, and waits
 *   peer kvm                 exits 0 if this machine can make a KVM VM
 *
 * -s: seqpacket instead of stream. Prints "ready" once it listens; when the
 * client answers, "fds 0" or "fds held" for what it still has of what was sent
 * (modes that send a pipe; flood, hundreds and split: when it hung up) and the answer;
 * "closed" when it hung up.
 *
 * Modes: vm (a KVM VM), pipe (a fd that is no VM), two, many, split (a second fd in a
 * message of its own), none (data only), bare (a fd without data, seqpacket),
 * silent (nothing at all), hangup, deaf (never accepts, backlog full), gone (ends
 * when a client waits to be accepted), chatter (a VM and a lot of data), unread (a
 * VM, and takes no answer), late (as pipe, after most of a second), drip (a byte
 * now and then, and the fd at last), flood (fds without end), hundreds (fds in as
 * many messages), dies (a VM whose owner ends at once), line (prints what
 * read_answer() of examples/ makes of the answer to a pipe).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDED_DOWN_FD 9
#define MANY 200
#define WAIT_MS 8000

/* of examples/share-vm-fd.c */
#define ANSWER_MAX 65536
int share_vm_fd(int sock, int vm_fd);
int read_answer(int sock, char *answer);

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int make_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (kvm >= 0)
		close(kvm);
	return vm;
}

static int listen_on(int type, const char *name, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (sock < 0 || length >= sizeof(address.sun_path))
		die(name);
	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	if (bind(sock, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) ||
	    listen(sock, backlog))
		die(name);
	return sock;
}

/* Sends @nbytes of data and @nfds copies of @fd in one message. */
static void send_fds(int sock, int fd, unsigned int nfds, size_t nbytes)
{
	static char data[4096];
	union {
		char buffer[CMSG_SPACE(MANY * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = nbytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	memset(&control, 0, sizeof(control));
	if (nfds) {
		msg.msg_control = control.buffer;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		for (unsigned int i = 0; i < nfds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd, sizeof(int));
	}
	/* the client may be through with us before we are with it */
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		die("sendmsg");
}

static bool is_gone(int sock)
{
	struct pollfd poll_fd = { .fd = sock };

	return poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & (POLLHUP | POLLERR);
}

/*
 * The reading end sees the end of the file only when every copy of the writing
 * end is closed, which a client has done before it answers.
 */
static void check_leaks(int reading, int wait_ms)
{
	struct pollfd poll_fd = { .fd = reading };

	if (poll(&poll_fd, 1, wait_ms) == 1 && poll_fd.revents & POLLHUP)
		puts("fds 0");
	else
		puts("fds held");
}

/*
 * Prints what comes until the client hangs up; @reading: the pipe to look at, -1: none; it is looked
 * at when the client answers, or, @late, when it has hung up: what it has not received yet, its end
 * of the socket holds.
 */
static void print_answer(int sock, int reading, bool late)
{
	struct pollfd poll_fd = { .fd = sock, .events = POLLIN };
	bool checked = reading < 0 || late;
	char data[4096];
	ssize_t n;

	for (;;) {
		if (poll(&poll_fd, 1, WAIT_MS) != 1) {
			puts("the client neither answered nor hung up");
			exit(1);
		}
		n = recv(sock, data, sizeof(data), 0);
		if (n <= 0)
			break;
		if (!checked)
			check_leaks(reading, 0);
		checked = true;
		fwrite(data, 1, (size_t)n, stdout);
	}
	if (late)
		check_leaks(reading, 1000); /* the kernel closes them after the socket */
	puts("closed");
}

/* Sends as @mode says; @fd is the VM or the writing end of a pipe. */
static void misbehave(const char *mode, int sock, int fd)
{
	if (!strcmp(mode, "vm") || !strcmp(mode, "pipe") || !strcmp(mode, "unread") ||
	    !strcmp(mode, "dies") || !strcmp(mode, "line")) {
		if (share_vm_fd(sock, fd))
			die("share_vm_fd");
	} else if (!strcmp(mode, "two")) {
		send_fds(sock, fd, 2, 1);
	} else if (!strcmp(mode, "many")) {
		send_fds(sock, fd, MANY, 1);
	} else if (!strcmp(mode, "split")) {
		send_fds(sock, fd, 1, 1);
		send_fds(sock, fd, 1, 1);
	} else if (!strcmp(mode, "none")) {
		send_fds(sock, fd, 0, 5);
	} else if (!strcmp(mode, "bare")) {
		send_fds(sock, fd, 1, 0);
	} else if (!strcmp(mode, "chatter")) {
		send_fds(sock, fd, 1, 4096);
		for (int i = 0; i < 30; i++)
			send_fds(sock, fd, 0, 4096);
	} else if (!strcmp(mode, "late")) {
		poll(NULL, 0, 700);
		send_fds(sock, fd, 1, 1);
	} else if (!strcmp(mode, "drip")) {
		for (int i = 0; i < 20 && !is_gone(sock); i++) {
			send_fds(sock, fd, 0, 1);
			poll(NULL, 0, 100);
		}
		send_fds(sock, fd, 1, 1);
	} else if (!strcmp(mode, "flood")) {
		while (!is_gone(sock))
			send_fds(sock, fd, MANY, 4096);
	} else if (!strcmp(mode, "hundreds")) {
		for (int i = 0; i < MANY; i++)
			send_fds(sock, fd, 1, 1);
	}
}

static int serve(int type, const char *mode, const char *name)
{
	bool wants_vm = strstr("vm chatter unread dies", mode);
	int pipe_fds[2] = { -1, -1 };
	int listening = listen_on(type, name, 1);
	int sock, fd;

	if (!wants_vm && pipe2(pipe_fds, O_CLOEXEC))
		die("pipe");
	fd = wants_vm ? make_vm() : pipe_fds[1];
	if (fd < 0)
		die("/dev/kvm");
	puts("ready");
	fflush(stdout);
	sock = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (sock < 0)
		die("accept");
	if (!strcmp(mode, "unread"))
		shutdown(sock, SHUT_RD);
	misbehave(mode, sock, fd);
	if (!strcmp(mode, "dies"))
		_exit(0);
	close(fd);
	if (!strcmp(mode, "hangup")) {
		close(sock);
	} else if (!strcmp(mode, "unread")) {
		struct pollfd poll_fd = { .fd = sock };

		poll(&poll_fd, 1, WAIT_MS); /* the VM needs its owner until then */
	} else if (!strcmp(mode, "line")) {
		char answer[ANSWER_MAX];

		puts(read_answer(sock, answer) ? "none" : answer);
	} else {
		print_answer(sock, pipe_fds[0],
			     !strcmp(mode, "flood") || !strcmp(mode, "hundreds") ||
				     !strcmp(mode, "split"));
	}
	return 0;
}

static int serve_gone(int type, const char *name)
{
	struct pollfd poll_fd = { .fd = listen_on(type, name, 1), .events = POLLIN };

	puts("ready");
	fflush(stdout);
	poll(&poll_fd, 1, WAIT_MS);
	return 0;
}

/* Fills its own backlog, so that a further client cannot even connect. */
static int serve_deaf(int type, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = listen_on(type, name, 0);
	socklen_t length = sizeof(address);

	getsockname(listening, (struct sockaddr *)&address, &length);
	for (int i = 0; i < 2; i++) {
		int sock = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (connect(sock, (struct sockaddr *)&address, length))
			break;
	}
	puts("ready");
	fflush(stdout);
	poll(NULL, 0, WAIT_MS);
	return 0;
}

static int run(char **argv)
{
	int vm = make_vm();

	int status;
	pid_t child;

	if (vm < 0 || dup2(vm, HANDED_DOWN_FD) < 0)
		die("/dev/kvm");
	child = fork();
	if (!child) { /* another process than the one that made the VM */
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		die("fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int run_refused(uint32_t number, uint32_t code, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("prctl");
	execvp(argv[0], argv);
	die(argv[0]);
	return 1;
}

/* The next stop of @child, which @signal lets go on; false: it has ended, as *@status says. */
static bool next_stop(pid_t child, int signal, int *status)
{
	if (ptrace(PTRACE_SYSCALL, child, NULL, (long)signal) || waitpid(child, status, 0) < 0)
		die("ptrace");
	return WIFSTOPPED(*status);
}

/* Whether @child stands right before (or after, if @exit) system call @number, which *@inside keeps in mind. */
static bool is_at(pid_t child, bool exit, uint64_t number, bool *inside)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) <= 0)
		return false;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		*inside = info.entry.nr == number;
		return *inside && !exit;
	}
	return info.op == PTRACE_SYSCALL_INFO_EXIT && *inside && exit;
}

/* LeakSanitizer needs ptrace for itself. */
static void without_leak_check(void)
{
	const char *options = getenv("ASAN_OPTIONS");
	char all[512];

	if (!options)
		return;
	snprintf(all, sizeof(all), "%s:detect_leaks=0", options);
	setenv("ASAN_OPTIONS", all, 1);
}

/* @which: "N" or "CALL:N" */
static int run_at(bool exit, const char *which, const char *command, char **argv)
{
	const char *colon = strchr(which, ':');
	uint64_t number = colon ? (uint64_t)atoi(which) : SYS_ioctl;
	unsigned int n = (unsigned int)atoi(colon ? colon + 1 : which);
	pid_t child = fork();
	int status, signal = 0;
	bool inside = false;

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			die("ptrace");
		without_leak_check();
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		die("ptrace");
	while (next_stop(child, signal, &status)) {
		bool is_syscall = WSTOPSIG(status) == (SIGTRAP | 0x80);

		signal = is_syscall ? 0 : WSTOPSIG(status);
		if (is_syscall && is_at(child, exit, number, &inside) && !--n && system(command))
			die(command);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void *wait_long(void *arg)
{
	poll(NULL, 0, WAIT_MS);
	return arg;
}

static int run_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_long, NULL))
		die("pthread_create");
	pthread_join(thread, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	int type = SOCK_STREAM;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "-s")) {
		type = SOCK_SEQPACKET;
		argc--;
		argv++;
	}
	if (argc == 2 && !strcmp(argv[1], "kvm"))
		return make_vm() < 0;
	if (argc > 4 && !strcmp(argv[1], "refuse"))
		return run_refused(!strcmp(argv[2], "ioctl") ? SYS_ioctl : (uint32_t)atoi(argv[2]),
				   (uint32_t)atoi(argv[3]), argv + 4);
	if (argc > 4 && (!strcmp(argv[1], "before") || !strcmp(argv[1], "after")))
		return run_at(!strcmp(argv[1], "after"), argv[2], argv[3], argv + 4);
	if (argc == 2 && !strcmp(argv[1], "threads"))
		return run_threads();
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "deaf"))
		return serve_deaf(type, argv[2]);
	if (!strcmp(argv[1], "gone"))
		return serve_gone(type, argv[2]);
	return serve(type, argv[1], argv[2]);
}
