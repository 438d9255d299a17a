// SPDX-License-Identifier: GPL-2.0-only
/* How a VM is named on the command line. */
#include "vm/target.h"

#include <fcntl.h>
#include <string.h>

#include "lib/size.h"
#include "vm/domain.h"

static int target_error(const struct vm_target *target, struct error *err)
{
	return error_set(err, STATUS_USAGE, EINVAL,
			 "invalid VM \"%s\": use unix:PATH, unix:@NAME, fd:N, pid:PID, "
			 "pid:PID:FD, domain:NAME, id:N, @NAME, or a path with a \"/\"",
			 target->text);
}

static int parse_fd(const char *number, struct vm_target *target, struct error *err)
{
	uint64_t fd;

	if (parse_u64(number, &fd) || fd > INT32_MAX)
		return target_error(target, err);
	if (fd <= STDERR_FILENO)
		return error_set(err, STATUS_USAGE, EINVAL,
				 "invalid VM \"%s\": descriptors 0 to 2 are the standard streams; "
				 "pass the VM as 3 or higher",
				 target->text);
	target->kind = VM_TARGET_FD;
	target->fd = (int)fd;
	target->closed = fcntl(target->fd, F_GETFD) < 0;
	return 0;
}

/* PID or PID:FD */
static int parse_pid(const char *numbers, struct vm_target *target, struct error *err)
{
	const char *s = numbers;
	uint64_t pid, fd = 0;

	if (*s < '0' || *s > '9' || scan_u64(&s, &pid) || !pid || pid > INT32_MAX ||
	    (*s && (*s != ':' || parse_u64(s + 1, &fd) || fd > INT32_MAX)))
		return target_error(target, err);
	target->kind = VM_TARGET_PID;
	target->pid = (pid_t)pid;
	target->fd = *s ? (int)fd : -1;
	return 0;
}

/* PATH or @NAME */
static int parse_socket(const char *name, struct vm_target *target, struct error *err)
{
	if (!*name || !strcmp(name, "@"))
		return target_error(target, err);
	return vm_address_set(&target->address, name, err);
}

int vm_target_parse(const char *text, struct vm_target *target, struct error *err)
{
	*target = (struct vm_target){ .kind = VM_TARGET_UNIX, .text = text, .fd = -1 };
	if (!strncmp(text, "fd:", 3))
		return parse_fd(text + 3, target, err);
	if (!strncmp(text, "pid:", 4))
		return parse_pid(text + 4, target, err);
	if (!strncmp(text, "domain:", 7)) {
		target->kind = VM_TARGET_DOMAIN;
		target->domain = text + 7;
		return domain_check_name(target->domain, err);
	}
	if (!strncmp(text, "id:", 3)) {
		target->kind = VM_TARGET_ID;
		return parse_u64(text + 3, &target->id) || !target->id ? target_error(target, err) :
									 0;
	}
	if (!strncmp(text, "unix:", 5))
		return parse_socket(text + 5, target, err);
	if (*text == '@' || strchr(text, '/'))
		return parse_socket(text, target, err);
	return target_error(target, err);
}
