// SPDX-License-Identifier: GPL-2.0-only
/* Processes that have VMs, from /proc. */
#include "vm/vmm.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "host/cgroup.h"
#include "lib/array.h"
#include "lib/size.h"

/* Common prefix of descriptors of VMs and of vCPUs ("anon_inode:kvm-vcpu:0"). */
#define KVM_LINK "anon_inode:kvm-v"

int vmm_open(const struct sysfs *fs, pid_t pid, struct vmm *vmm)
{
	char path[32];

	*vmm = (struct vmm){ .pid = pid, .proc_fd = -1, .captured = fs->captured };
	snprintf(path, sizeof(path), "/proc/%d", pid);
	vmm->proc_fd = sysfs_open_directory(fs, path);
	return vmm->proc_fd < 0 ? vmm->proc_fd : 0;
}

void vmm_clear(struct vmm *vmm)
{
	cleanup_close(&vmm->proc_fd);
	free(vmm->fds);
	free(vmm->command);
	free(vmm->cgroup);
	free(vmm->guest);
	*vmm = (struct vmm){ .proc_fd = -1 };
}

/*
 * The kernel's order of open files, of which all descriptors of a VM share one; kcmp(2) returns 0, 1
 * (less) or 2. By process and number if it cannot compare them.
 */
static int compare_files(const struct vmm_fd *a, const struct vmm_fd *b)
{
	switch (syscall(SYS_kcmp, a->pid, b->pid, KCMP_FILE, a->fd, b->fd)) {
	case 0:
		return 0;
	case 1:
		return -1;
	case 2:
		return 1;
	}
	return (a->pid > b->pid) - (a->pid < b->pid) ?: (a->fd > b->fd) - (a->fd < b->fd);
}

static int compare_indexes(const void *a, const void *b)
{
	const struct vmm_fd *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int compare_files_then_indexes(const void *a, const void *b)
{
	return compare_files(a, b) ?: compare_indexes(a, b);
}

void vmm_find_repeated(struct vmm_fd *fds, size_t n)
{
	if (n < 2)
		return;
	for (size_t i = 0; i < n; i++)
		fds[i].index = i;
	qsort(fds, n, sizeof(*fds), compare_files_then_indexes);
	for (size_t i = 1; i < n; i++)
		fds[i].repeated = !compare_files(&fds[i - 1], &fds[i]);
	qsort(fds, n, sizeof(*fds), compare_indexes);
}

bool vmm_can_compare(void)
{
	const struct vmm_fd fd = { .pid = getpid(), .fd = STDIN_FILENO };

	return !syscall(SYS_kcmp, fd.pid, fd.pid, KCMP_FILE, fd.fd, fd.fd);
}

static int read_kind(int directory_fd, const char *name, char *kind, size_t size)
{
	ssize_t n = readlinkat(directory_fd, name, kind, size - 1);

	if (n < 0)
		return -errno;
	kind[n] = '\0';
	return 0;
}

int vmm_fd_kind(const struct vmm *vmm, int fd, char *kind, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%d", fd);
	return read_kind(vmm->proc_fd, name, kind, size);
}

static int add_fd(struct vmm *vmm, int fd)
{
	int *larger = array_grow(vmm->fds, vmm->nfds, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	vmm->fds = larger;
	vmm->fds[vmm->nfds++] = fd;
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Keeps only the lowest descriptor of each VM. Errors: -ENOMEM. */
static int drop_repeated(struct vmm *vmm)
{
	_cleanup_free_ struct vmm_fd *fds = NULL;
	size_t kept = 0;

	if (vmm->captured || vmm->nfds < 2)
		return 0;
	fds = calloc(vmm->nfds, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < vmm->nfds; i++)
		fds[i] = (struct vmm_fd){ .pid = vmm->pid, .fd = vmm->fds[i] };
	vmm_find_repeated(fds, vmm->nfds);
	for (size_t i = 0; i < vmm->nfds; i++)
		if (!fds[i].repeated)
			vmm->fds[kept++] = vmm->fds[i];
	vmm->nfds = kept;
	return 0;
}

int vmm_read_fds(struct vmm *vmm)
{
	int directory_fd = sysfs_open_directory_at(vmm->proc_fd, "fd");
	_cleanup_closedir_ DIR *dir = sysfs_list(directory_fd);
	const struct dirent *entry;
	char kind[64];
	uint64_t fd;
	int r;

	if (directory_fd == -EPERM) /* a /proc mounted with hidepid */
		return -EACCES;
	if (!dir)
		return directory_fd < 0 ? directory_fd : -ENOMEM;
	while ((entry = sysfs_next(dir))) {
		if (*entry->d_name == '.')
			continue;
		r = read_kind(dirfd(dir), entry->d_name, kind, sizeof(kind));
		if (r == -ENOENT || r == -ESRCH || r == -EINVAL)
			continue; /* has been closed, or is no link in a tree */
		if (r)
			return r == -EPERM ? -EACCES : r;
		vmm->has_kvm |= !strncmp(kind, KVM_LINK, strlen(KVM_LINK));
		if (strcmp(kind, VMM_VM_LINK) || parse_u64(entry->d_name, &fd) || fd > INT32_MAX)
			continue;
		if (add_fd(vmm, (int)fd))
			return -ENOMEM;
	}
	if (errno)
		return -errno;
	if (vmm->nfds)
		qsort(vmm->fds, vmm->nfds, sizeof(*vmm->fds), compare_fds);
	return drop_repeated(vmm);
}

int vmm_status_number(const struct vmm *vmm, const char *key, uint64_t *value)
{
	_cleanup_free_ char *status = NULL;
	const char *line;
	int r = sysfs_read_at(vmm->proc_fd, "status", &status, NULL);

	if (r)
		return r;
	line = strstr(status, key);
	if (!line)
		return -EBADMSG;
	line += strlen(key);
	return scan_u64(&line, value);
}

/* The value of @key in QEMU's comma-separated @options, where ",," is a comma; NULL: none. */
static char *qemu_option(const char *options, const char *key)
{
	size_t length = strlen(key);
	char *value, *out;

	while (strncmp(options, key, length)) {
		while (*options && (*options != ',' || options[1] == ','))
			options += *options == ',' ? 2 : 1;
		if (!*options++)
			return NULL;
	}
	options += length;
	value = out = malloc(strlen(options) + 1);
	if (!value)
		return NULL;
	while (*options && (*options != ',' || options[1] == ',')) {
		options += *options == ',';
		*out++ = *options++;
	}
	*out = '\0';
	return value;
}

/* The name in the value of -name, "guest=NAME,..." or "NAME,..."; NULL: none. */
static char *name_of_options(const char *options)
{
	char *name = qemu_option(options, "guest=");

	if (!name && options[strcspn(options, "=,")] != '=')
		name = qemu_option(options, "");
	return name;
}

/* The size in the value of -m, "size=N,..." or "N,...", in MiB if it has no unit; 0: none. */
static uint64_t bytes_of_options(const char *options)
{
	static const char units[] = "BKMGTPE";
	_cleanup_free_ char *size = qemu_option(options, "size=");
	const char *s = size ?: options, *unit = units + 2;
	uint64_t number;
	unsigned int shift;

	if (*s < '0' || *s > '9' || scan_u64(&s, &number))
		return 0;
	if (*s && *s != ',')
		unit = strchr(units, toupper((unsigned char)*s));
	if (!unit || !number)
		return 0;
	shift = (unsigned int)(unit - units) * 10;
	return log2_floor(number) + shift < 64 ? number << shift : 0;
}

/*
 * What QEMU was started with: the name of the guest, as libvirt gives it to each, and the size of its
 * memory.
 */
static void read_arguments(struct vmm *vmm)
{
	_cleanup_free_ char *arguments = NULL;
	size_t length;

	vmm->guest = NULL;
	vmm->ram_bytes = 0;
	if (sysfs_read_at(vmm->proc_fd, "cmdline", &arguments, &length))
		return;
	for (const char *s = arguments; s < arguments + length; s += strlen(s) + 1) {
		const char *next = s + strlen(s) + 1;

		if (next >= arguments + length)
			return;
		if (!vmm->guest && (!strcmp(s, "-name") || !strcmp(s, "--name")))
			vmm->guest = name_of_options(next);
		if (!strcmp(s, "-m") || !strcmp(s, "--m"))
			vmm->ram_bytes = bytes_of_options(next);
	}
}

/* Field 22 of the process's stat file: "4711 (command) S 1 ..."; 0: unknown. */
static uint64_t start_ticks(const struct vmm *vmm)
{
	_cleanup_free_ char *stat = NULL;
	const char *s;
	uint64_t ticks;

	if (sysfs_read_at(vmm->proc_fd, "stat", &stat, NULL))
		return 0;
	s = strrchr(stat, ')');
	for (int field = 2; s && field < 22; field++)
		s = strchr(s + 1, ' ');
	return s && !scan_u64(&s, &ticks) ? ticks : 0;
}

void vmm_identify(struct vmm *vmm)
{
	uint64_t uid;
	size_t length;

	free(vmm->command);
	free(vmm->cgroup);
	free(vmm->guest);
	if (sysfs_read_at(vmm->proc_fd, "comm", &vmm->command, &length))
		vmm->command = NULL;
	else if (length && vmm->command[length - 1] == '\n')
		vmm->command[length - 1] = '\0'; /* the name may contain other newlines */
	vmm->cgroup = cgroup_of_process(vmm->proc_fd);
	read_arguments(vmm);
	vmm->start_ticks = start_ticks(vmm);
	vmm->uid_known = !vmm_status_number(vmm, "\nUid:", &uid);
	vmm->uid = vmm->uid_known ? (uid_t)uid : 0;
}
