// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM socket: bytes, control data and what goes wrong, and behind it the kernel's answers about
 * the VM. The first byte of an input says which command; each call that the tool makes takes the
 * next bytes for its answer. Held against it: what came in is closed, once; nothing but a VM is
 * asked; success is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "commands/command.h"
#include "fuzz.h"
#include "host/host.h"

extern const struct command reset_command, resize_command, vm_status_command;

#define SOCKET_FD 1500
#define FIRST_FD 2000
#define FDS_MAX 8192

#define ANSWER_MAX 65536

static struct bytes input;

/* The descriptors that the peer has sent, and 2000, which a parent hands down. */
static struct {
	bool open, asked, is_vm;
} fds[FDS_MAX];
static int nfds;

static bool socket_open;
static int64_t now_ms;
static unsigned int successes;
static char answer[ANSWER_MAX];
static bool is_json; /* of the answers, too, it is looked whether that is what they are */
static size_t answer_length;

/* The next byte as an error: 0 most often. */
static int take_error(void)
{
	static const int errors[] = {
		EAGAIN, EINTR,	EPERM,	EIO,   EBUSY,	   ENOMEM,	 EINVAL, EACCES,
		ENOENT, EPROTO, EMFILE, EPIPE, ECONNRESET, ECONNREFUSED, ENOTTY, EPROTOTYPE,
	};
	uint8_t byte = take_byte(&input);

	if (byte < 0xc0)
		return 0;
	errno = errors[byte % (sizeof(errors) / sizeof(errors[0]))];
	return -1;
}

void __wrap_host_read(const struct sysfs *fs, struct host *host);
void __wrap_host_read(const struct sysfs *fs, struct host *host)
{
	uint8_t byte = take_byte(&input);

	(void)fs;
	*host = (struct host){ .platform = byte % 3, .patched = byte & 0x80, .machine = "here" };
}

int __wrap_sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err);
int __wrap_sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err)
{
	(void)sysroot, (void)err;
	*fs = (struct sysfs){ .root_fd = -1 };
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now_ms++;
	*now = (struct timespec){ now_ms / 1000, now_ms % 1000 * 1000000 };
	return 0;
}

int __wrap_nanosleep(const struct timespec *span, struct timespec *left);
int __wrap_nanosleep(const struct timespec *span, struct timespec *left)
{
	(void)left;
	now_ms += span->tv_sec * 1000 + span->tv_nsec / 1000000;
	return 0;
}

int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	require(domain == AF_UNIX && type & SOCK_CLOEXEC && !protocol && !socket_open);
	if (take_error())
		return -1;
	socket_open = true;
	return SOCKET_FD;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	(void)level, (void)name, (void)value, (void)length;
	require(fd == SOCKET_FD && socket_open);
	return 0;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)address, (void)length;
	require(fd == SOCKET_FD && socket_open);
	return take_error();
}

int __wrap_poll(struct pollfd *list, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *list, nfds_t n, int timeout_ms)
{
	uint8_t byte = take_byte(&input);

	require(n == 1 && list->fd == SOCKET_FD && timeout_ms >= 0);
	if (byte == 0xff) {
		now_ms += timeout_ms;
		return 0;
	}
	if (byte >= 0xf0) {
		errno = byte == 0xf0 ? ENOMEM : EINTR;
		return -1;
	}
	list->revents = list->events;
	return 1;
}

/* So many new descriptors, as many as fit, behind the header @cmsg. */
static void send_fds(struct cmsghdr *cmsg, size_t count)
{
	for (size_t i = 0; i < count && nfds < FDS_MAX; i++) {
		int fd = FIRST_FD + nfds;

		fds[nfds++].open = true;
		memcpy(CMSG_DATA(cmsg) + i * sizeof(fd), &fd, sizeof(fd));
	}
}

/* Headers as the kernel makes them: of any level and type, and cut off where there is no room. */
static void fill_control(struct msghdr *msg)
{
	uint8_t *control = msg->msg_control;
	size_t room = msg->msg_controllen, used = 0;

	for (unsigned int n = take_byte(&input) % 8; n; n--) {
		struct cmsghdr *cmsg = (struct cmsghdr *)(control + used);
		uint8_t kind = take_byte(&input);
		size_t length = take_byte(&input) % 254 * sizeof(int);

		if (used + CMSG_LEN(0) > room) {
			msg->msg_flags |= MSG_CTRUNC;
			break;
		}
		if (used + CMSG_LEN(length) > room) {
			msg->msg_flags |= MSG_CTRUNC;
			length = (room - used - CMSG_LEN(0)) / sizeof(int) * sizeof(int);
		}
		cmsg->cmsg_level = kind & 0x40 ? kind : SOL_SOCKET;
		cmsg->cmsg_type = kind & 0x80 ? kind : SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(length);
		memset(CMSG_DATA(cmsg), kind, length);
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
			send_fds(cmsg, length / sizeof(int));
		used += CMSG_SPACE(length) < room - used ? CMSG_SPACE(length) : room - used;
	}
	msg->msg_controllen = used;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	size_t n;

	require(fd == SOCKET_FD && socket_open);
	require(flags & MSG_CMSG_CLOEXEC && flags & MSG_DONTWAIT);
	if (take_error())
		return -1;
	n = take_byte(&input) * 17U;
	if (n > msg->msg_iov->iov_len)
		n = msg->msg_iov->iov_len;
	memset(msg->msg_iov->iov_base, 'x', n);
	msg->msg_flags = take_byte(&input) & 0x80 ? MSG_CTRUNC : 0;
	if (nfds < FDS_MAX / 2)
		fill_control(msg);
	else
		msg->msg_controllen = 0;
	return (ssize_t)n;
}

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	size_t part;

	require(fd == SOCKET_FD && socket_open);
	require(flags & MSG_NOSIGNAL && flags & MSG_DONTWAIT);
	for (int i = 1; i < nfds; i++)
		require(!fds[i].open); /* the VM is let go before the peer is answered */
	if (take_error())
		return -1;
	part = take_byte(&input);
	if (part && part < size)
		size = part;
	require(answer_length + size < ANSWER_MAX);
	memcpy(answer + answer_length, data, size);
	answer_length += size;
	return (ssize_t)size;
}

/* The descriptor that @fd is, which has to be open. */
static int index_of(int fd)
{
	require(fd >= FIRST_FD && fd < FIRST_FD + nfds && fds[fd - FIRST_FD].open);
	return fd - FIRST_FD;
}

/* The answer is a line of JSON, or cut off, by a peer that does not take it. */
static void check_answer(void)
{
	struct json_object *object;

	require(!memchr(answer, 0, answer_length));
	if (answer_length && answer[answer_length - 1] == '\n') {
		answer[answer_length - 1] = 0;
		require(answer[0] == '{' && !strchr(answer, '\n'));
		if (is_json) {
			object = json_tokener_parse(answer);
			require(object);
			json_object_put(object);
		}
	}
	answer_length = 0;
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
	if (fd == SOCKET_FD) {
		require(socket_open);
		check_answer();
		socket_open = false;
		return 0;
	}
	fds[index_of(fd)].open = false;
	return 0;
}

int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	require(fd == FIRST_FD && command == F_SETFD);
	if (take_error())
		return -1;
	fds[0].open = true;
	return 0;
}

ssize_t __wrap_readlink(const char *path, char *buffer, size_t size);
ssize_t __wrap_readlink(const char *path, char *buffer, size_t size)
{
	static const char vm[] = "anon_inode:kvm-vm";
	int i = index_of(atoi(path + strlen("/proc/self/fd/")));
	size_t length = take_byte(&input);

	if (take_error())
		return -1;
	fds[i].asked = true;
	if (!length) {
		fds[i].is_vm = true;
		memcpy(buffer, vm, strlen(vm));
		return (ssize_t)strlen(vm);
	}
	for (size_t n = 0; n < length && n < size; n++)
		buffer[n] = (char)(take_byte(&input) ?: 'x');
	length = length < size ? length : size;
	fds[i].is_vm = length == strlen(vm) && !memcmp(buffer, vm, length);
	return (ssize_t)length;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct kvm_ppc_htab_info *info;
	struct kvm_ppc_htab *htab;
	va_list args;
	void *arg;
	int i = index_of(fd);

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	require(fds[i].asked && fds[i].is_vm);
	if (take_error())
		return -1;
	switch (request) {
	case KVM_CHECK_EXTENSION:
		return take_byte(&input) & 3;
	case KVM_PPC_GET_HTAB_INFO:
		info = arg;
		info->order = take_byte(&input) % 47;
		info->source = take_byte(&input) % 4;
		info->flags = take_byte(&input);
		info->vcpus_running = take_byte(&input) % 4;
		info->table_bytes = (uint64_t)take_u32(&input) << 20;
		info->default_order = take_byte(&input);
		return 0;
	case KVM_PPC_ALLOCATE_HTAB2:
		htab = arg;
		htab->order = take_byte(&input) % 47;
		htab->source = take_byte(&input) % 4;
		successes++;
		return 0;
	default:
		require(!"an ioctl of the VM");
		return -1;
	}
}

static char socket_vm[] = "--vm=@socket", fd_vm[] = "--vm=fd:2000";
static char raw[] = "--raw", json[] = "--json", quiet[] = "--quiet", dry[] = "--dry-run";
static char wait[] = "--wait=1", timeout[] = "--timeout=0.5", order[] = "--order=24";
static char ram[] = "--ram=256G", min_order[] = "--min-order=18";

/* @changes: how many requests have to succeed for exit status 0. */
static const struct {
	const struct command *command;
	unsigned int changes;
	char *arguments[7];
} calls[] = {
	{ &vm_status_command, 0, { raw, socket_vm } },
	{ &vm_status_command, 0, { json, socket_vm, socket_vm } },
	{ &reset_command, 1, { raw, socket_vm } },
	{ &reset_command, 1, { raw, socket_vm, wait, timeout } },
	{ &reset_command, 0, { json, socket_vm, dry } },
	{ &reset_command, 1, { json, fd_vm, wait } },
	{ &reset_command, 2, { quiet, socket_vm, socket_vm } },
	{ &resize_command, 1, { raw, socket_vm, order } },
	{ &resize_command, 1, { json, socket_vm, ram, min_order } },
	{ &resize_command, 0, { raw, socket_vm, order, dry } },
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	try_calls(NCALLS);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int status;
	size_t i;

	input = (struct bytes){ data, size };
	memset(fds, 0, sizeof(fds[0]) * (size_t)(nfds + 1));
	nfds = 1;
	socket_open = false;
	now_ms = 0;
	successes = 0;
	answer_length = 0;
	i = take_byte(&input) % NCALLS;
	is_json = calls[i].arguments[0] == json;
	output_begin();
	status = run_command(calls[i].command, calls[i].arguments);
	require(status == 0 || status == 1 || status == 3 || status == 4 || status == 5);
	require(successes == calls[i].changes || status || !calls[i].changes);
	require(calls[i].changes || !successes);
	require(!socket_open);
	for (int fd = 0; fd < nfds; fd++)
		require(!fds[fd].open);
	output_check();
	return 0;
}
