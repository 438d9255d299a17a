// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client on a VMM's socket that takes the VM, and then does not behave like kvm-htab.
 *
 *	taker MODE PATH
 *
 * Prints "taken" when it has the VM. Modes:
 *
 *	silent          says nothing, until it is killed
 *	reset           clears the table, prints "reset" or the errno's name, and is as silent
 *	late            waits until the VMM hangs up, then tries to clear the table as above, and ends
 *	boast           does nothing, and answers that it has succeeded
 *	deny            clears the table as above, and answers that it has failed
 *	garbage         answers with a line that is no JSON
 *	flood           answers without end
 *	many            opens sixty connections and keeps them
 */
#define _GNU_SOURCE
#include <errno.h>
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dial(const char *path, int flags)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (!flags)
			perror("taker: connect");
		return -1;
	}
	return sock;
}

static int take(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void reset(int vm)
{
	struct kvm_ppc_htab htab = { .flags = KVM_PPC_HTAB_KEEP };

	say(ioctl(vm, KVM_PPC_ALLOCATE_HTAB2, &htab) ? strerrorname_np(errno) : "reset");
}

static bool answer(int sock, const char *line)
{
	return write(sock, line, strlen(line)) == (ssize_t)strlen(line);
}

int main(int argc, char **argv)
{
	const char *mode = argc == 3 ? argv[1] : "";
	char buffer[4096];
	int sock, vm;

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(mode, "many")) {
		for (int i = 0; i < 60; i++)
			dial(argv[2], SOCK_NONBLOCK);
		say("connected");
		pause();
	}
	sock = dial(argv[2], 0);
	if (sock < 0)
		return 1;
	vm = take(sock);
	say(vm < 0 ? "nothing" : "taken");
	if (vm < 0)
		return 1;
	if (!strcmp(mode, "reset") || !strcmp(mode, "deny"))
		reset(vm);
	if (!strcmp(mode, "silent") || !strcmp(mode, "reset"))
		pause();
	if (!strcmp(mode, "boast") &&
	    !answer(sock, "{\"exit_status\": 0, \"result\": \"reset\"}\n"))
		return 1;
	if (!strcmp(mode, "deny") &&
	    !answer(sock, "{\"exit_status\": 3, \"result\": \"failed\"}\n"))
		return 1;
	if (!strcmp(mode, "garbage") && !answer(sock, "garbage\n"))
		return 1;
	memset(buffer, 'x', sizeof(buffer));
	while (!strcmp(mode, "flood") && write(sock, buffer, sizeof(buffer)) > 0)
		;
	while (read(sock, buffer, sizeof(buffer)) > 0)
		;
	say("closed");
	if (!strcmp(mode, "late"))
		reset(vm);
	return 0;
}
