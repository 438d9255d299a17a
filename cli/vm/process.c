// SPDX-License-Identifier: GPL-2.0-only
/* Taking a VM's file descriptor out of its VMM. */
#include "vm/process.h"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>

#include "lib/text.h"
#include "vm/vmm.h"

/* Returns "process 1234 (qemu)" for messages. The caller frees it; NULL: out of memory. */
static char *describe(struct vmm *vmm)
{
	if (!vmm->command && vmm->proc_fd >= 0)
		vmm_identify(vmm);
	return text_format(vmm->command ? "process %d (%s)" : "process %d", vmm->pid, vmm->command);
}

/* Sets @err to @format, whose first "%s" is the process. Returns -@code. */
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
			 "this kernel lacks pidfd_getfd(2) (Linux 5.6 or later); let the VMM offer "
			 "its VM on a socket");
}

static int no_process_error(pid_t pid, struct error *err)
{
	return error_set(err, STATUS_FAILED, ESRCH, "no such process: %d", pid);
}

/* @pid exists, but is a thread of another process. */
static int thread_error(pid_t pid, int code, struct error *err)
{
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };
	struct sysfs here = { .root_fd = -1 };
	uint64_t process;

	if (vmm_open(&here, pid, &vmm) || vmm_status_number(&vmm, "\nTgid:", &process) ||
	    process == (uint64_t)pid)
		return no_process_error(pid, err);
	return error_set(err, STATUS_FAILED, code, "%d is a thread of process %d; use pid:%d", pid,
			 (int)process, (int)process);
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
		return no_process_error(pid, err);
	case EINVAL:
	case ENOENT:
		return thread_error(pid, errno, err);
	default:
		return error_set(err, STATUS_FAILED, errno, "cannot open process %d: %s", pid,
				 strerror(errno));
	}
}

/* Explains why /proc/PID of an existing process cannot be read. */
static int look_error(int r, struct vmm *vmm, struct error *err)
{
	struct sysfs here = { .root_fd = -1 };

	if (sysfs_lookup(&here, "/proc/self") == -ENOENT)
		return error_set(err, STATUS_FAILED, ENOENT,
				 "cannot inspect processes: /proc is not mounted");
	/* With hidepid=2, /proc has no entries for the processes of other users. */
	if (r == -EACCES || r == -EPERM || r == -ENOENT)
		return process_error(
			vmm, err, STATUS_FAILED, EACCES,
			"permission denied: finding the VM of %s requires ptrace access; run as "
			"root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
	return process_error(vmm, err, STATUS_FAILED, -r, "cannot inspect %s: %s", strerror(-r));
}

/* Fails if @vmm runs another domain than @domain: the pid file may be older than the process. */
static int check_domain(struct vmm *vmm, const char *domain, struct error *err)
{
	vmm_identify(vmm);
	if (!vmm->guest || !strcmp(vmm->guest, domain))
		return 0;
	return process_error(vmm, err, STATUS_FAILED, ESRCH,
			     "%s runs domain \"%s\": libvirt's pid file of \"%s\" is out of date",
			     vmm->guest, domain);
}

/* Finds the only VM of the process. @domain: the domain it must run; NULL: any. */
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
			"%s has no KVM VM; `kvm-htab list` shows the processes that have one");
	*number = vmm->fds[0];
	if (vmm->nfds == 1)
		return 0;
	for (size_t i = 0; i < vmm->nfds; i++)
		text_add(&list, i ? ", %d" : "%d", vmm->fds[i]);
	return process_error(
		vmm, err, STATUS_FAILED, EINVAL,
		"%s has several VMs (file descriptors %s); choose one, as in pid:%d:%d",
		list ?: "?", vmm->pid, vmm->fds[0]);
}

/*
 * Fails if descriptor @wanted is visibly not a VM. Inspecting it requires more privileges than
 * taking it, so the caller checks again after taking it.
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
				     "in %s, file descriptor %d is not a KVM VM but \"%s\"", wanted,
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
			"permission denied: taking the VM of %s requires ptrace access; run as "
			"root, or with CAP_SYS_PTRACE (or, for your own processes, with "
			"kernel.yama.ptrace_scope=0)");
	case EBADF:
		return process_error(vmm, err, STATUS_FAILED, EBADF,
				     "%s has no open file descriptor %d", number);
	default:
		return process_error(vmm, err, STATUS_FAILED, errno,
				     "%s: cannot take file descriptor %d: %s", number,
				     strerror(errno));
	}
}

int vm_process_take(pid_t pid, int wanted, const char *domain, int *fd, struct error *err)
{
	const struct sysfs here = { .root_fd = -1 };
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };
	_cleanup_close_ int pidfd = open_process(pid, err);
	_cleanup_close_ int taken = -1;
	int r;

	if (pidfd < 0)
		return pidfd;
	r = vmm_open(&here, pid, &vmm); /* may be hidden, and may not be needed */
	if (r && r != -ENOENT && r != -EACCES && r != -EPERM)
		return look_error(r, &vmm, err);
	r = wanted < 0 ? choose_only(&vmm, domain, &wanted, err) : choose_wanted(&vmm, wanted, err);
	if (!r)
		r = take(pidfd, &vmm, wanted, &taken, err);
	/* Only if the process still runs, @vmm was this process and not a later one of its ID. */
	if (has_ended(pidfd))
		return error_set(err, STATUS_FAILED, ESRCH, "process %d has exited with its VM",
				 pid);
	if (!r)
		*fd = take_fd(&taken);
	return r;
}
