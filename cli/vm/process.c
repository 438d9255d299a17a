// SPDX-License-Identifier: GPL-2.0-only
/* Taking a VM's file descriptor out of its VMM. */
#include "vm/process.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "vm/domain.h"
#include "vm/vmm.h"

/* A process as messages name it: "process 1234 (qemu)". The caller frees it. */
static char *describe(struct vmm *vmm)
{
	char *text;

	if (!vmm->command && vmm->proc_fd >= 0)
		vmm_identify(vmm);
	if (asprintf(&text, vmm->command ? "process %d (%s)" : "process %d", vmm->pid,
		     vmm->command) < 0)
		return NULL;
	return text;
}

/* Puts @format, in which the one "%s" is the process, into @err. */
#define process_error(vmm, err, status, code, format, ...) \
	({ \
		_cleanup_free_ char *process_ = describe(vmm); \
		error_set(err, status, code, format, process_ ?: "the process", ##__VA_ARGS__); \
	})

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

static int no_pidfd_error(struct error *err)
{
	return error_set(err, STATUS_CANNOT, ENOSYS,
			 "this kernel cannot take a file descriptor out of another process "
			 "(pidfd_getfd(2), since Linux 5.6): let the VMM offer its VM on a socket");
}

/* @pid is there, but no process: the thread of one. */
static int thread_error(pid_t pid, int code, struct error *err)
{
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };
	struct sysfs here = { .root_fd = -1 };
	uint64_t process;

	if (vmm_open(&here, pid, &vmm) || vmm_status_number(&vmm, "\nTgid:", &process) ||
	    process == (uint64_t)pid)
		return error_set(err, STATUS_FAILED, ESRCH, "there is no process %d", pid);
	return error_set(err, STATUS_FAILED, code, "%d is a thread of process %d: write pid:%d",
			 pid, (int)process, (int)process);
}

static int open_process(pid_t pid, struct error *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0)
		return pidfd;
	switch (errno) {
	case ENOSYS:
		return no_pidfd_error(err);
	case ESRCH:
		return error_set(err, STATUS_FAILED, ESRCH, "there is no process %d", pid);
	case EINVAL:
	case ENOENT:
		return thread_error(pid, errno, err);
	default:
		return error_set(err, STATUS_FAILED, errno, "cannot open process %d: %s", pid,
				 strerror(errno));
	}
}

/* What looking at a process that is there may fail with. */
static int look_error(int r, struct vmm *vmm, struct error *err)
{
	struct sysfs here = { .root_fd = -1 };

	if (sysfs_lookup(&here, "/proc/self") == -ENOENT)
		return error_set(err, STATUS_FAILED, ENOENT,
				 "cannot look into processes: /proc is not mounted");
	/* Where /proc hides other users' processes, they are not there at all. */
	if (r == -EACCES || r == -EPERM || r == -ENOENT)
		return process_error(
			vmm, err, STATUS_FAILED, EACCES,
			"no permission to look for a VM in %s: that needs ptrace access to it; "
			"try as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
	return process_error(vmm, err, STATUS_FAILED, -r, "cannot look into %s: %s", strerror(-r));
}

/* A list of its descriptors for a message: "7, 9". The caller frees it. */
static char *list_fds(const struct vmm *vmm)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < vmm->nfds; i++)
		fprintf(f, "%s%d", i ? ", " : "", vmm->fds[i]);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

/* Whether @vmm may be what libvirt runs @domain as: the file may be older than the process. */
static int check_domain(struct vmm *vmm, const char *domain, struct error *err)
{
	vmm_identify(vmm);
	if (!vmm->guest || !strcmp(vmm->guest, domain))
		return 0;
	return process_error(
		vmm, err, STATUS_FAILED, ESRCH,
		"%s is the VMM of domain \"%s\": libvirt's pid file of \"%s\" is left over from "
		"another process",
		vmm->guest, domain);
}

/* The one VM that the process has; as @domain, unless that is NULL. */
static int choose_only(struct vmm *vmm, const char *domain, int *number, struct error *err)
{
	_cleanup_free_ char *list = NULL;
	int r = vmm->proc_fd < 0 ? -ENOENT : vmm_read_fds(vmm);

	if (r)
		return look_error(r, vmm, err);
	r = domain ? check_domain(vmm, domain, err) : 0;
	if (r)
		return r;
	if (!vmm->nfds)
		return process_error(
			vmm, err, STATUS_FAILED, ENOENT,
			"%s has no VM of KVM: is this the VMM's number? (`kvm-htab list` shows "
			"the VMs)");
	*number = vmm->fds[0];
	if (vmm->nfds == 1)
		return 0;
	list = list_fds(vmm);
	return process_error(
		vmm, err, STATUS_FAILED, EINVAL,
		"%s has several VMs, its file descriptors %s: say which, as in pid:%d:%d",
		list ?: "?", vmm->pid, vmm->fds[0]);
}

/*
 * Descriptor @wanted, unless it is seen to be no VM. Seeing that takes more privileges than
 * taking it; whoever takes it looks at it again.
 */
static int choose_wanted(struct vmm *vmm, int wanted, struct error *err)
{
	char kind[64];
	int r = vmm->proc_fd < 0 ? -EACCES : vmm_fd_kind(vmm, wanted, kind, sizeof(kind));

	if (r == -ENOENT)
		return process_error(vmm, err, STATUS_FAILED, EBADF,
				     "%s has no open file descriptor %d", wanted);
	if (!r && strcmp(kind, VMM_VM_LINK))
		return process_error(vmm, err, STATUS_FAILED, EPROTO,
				     "of %s, file descriptor %d is no KVM VM but \"%s\"", wanted,
				     kind);
	return 0;
}

static int take(int pidfd, struct vmm *vmm, int number, int *fd, struct error *err)
{
	int taken = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);

	if (taken >= 0) {
		*fd = taken;
		return 0;
	}
	switch (errno) {
	case ENOSYS:
		return no_pidfd_error(err);
	case EPERM:
		return process_error(
			vmm, err, STATUS_FAILED, EPERM,
			"no permission to take a VM out of %s: that needs ptrace access to it; "
			"try as root, or with CAP_SYS_PTRACE (kernel.yama.ptrace_scope=0 does for "
			"processes of your own)");
	case EBADF:
		return process_error(vmm, err, STATUS_FAILED, EBADF,
				     "%s has no open file descriptor %d", number);
	default:
		return process_error(vmm, err, STATUS_FAILED, errno,
				     "cannot take from %s its file descriptor %d: %s", number,
				     strerror(errno));
	}
}

/* All of it on the process that @pidfd is. @domain: NULL, or what it is to be. */
static int take_from(int pidfd, struct vmm *vmm, int wanted, const char *domain, int *fd,
		     struct error *err)
{
	int number = wanted;
	int r = wanted < 0 ? choose_only(vmm, domain, &number, err) :
			     choose_wanted(vmm, wanted, err);

	return r ? r : take(pidfd, vmm, number, fd, err);
}

static int process_take(pid_t pid, int wanted, const char *domain, int *fd, struct error *err)
{
	const struct sysfs here = { .root_fd = -1 };
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };
	_cleanup_close_ int pidfd = open_process(pid, err);
	_cleanup_close_ int taken = -1;
	int r;

	if (pidfd < 0)
		return pidfd;
	r = vmm_open(&here, pid, &vmm); /* which may be hidden, and may not be needed */
	if (r && r != -ENOENT && r != -EACCES && r != -EPERM)
		return look_error(r, &vmm, err);
	r = take_from(pidfd, &vmm, wanted, domain, &taken, err);
	/* Only now is it certain that @vmm was this process and no later one of the same number. */
	if (has_ended(pidfd))
		return error_set(err, STATUS_FAILED, ESRCH,
				 "process %d has ended, and its VM with it", pid);
	if (!r)
		*fd = take_fd(&taken);
	return r;
}

int vm_process_take(pid_t pid, int wanted, int *fd, struct error *err)
{
	return process_take(pid, wanted, NULL, fd, err);
}

int vm_domain_take(const struct sysfs *fs, const char *name, int *fd, struct error *err)
{
	pid_t pid;
	int r = domain_find(fs, name, &pid, err);

	return r ? r : process_take(pid, -1, name, fd, err);
}
