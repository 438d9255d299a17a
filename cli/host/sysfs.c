// SPDX-License-Identifier: GPL-2.0-only
/* Files of /sys and /proc, on this host or in a captured tree. */
#include "host/sysfs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The files of the kvm-htab series */
#define SERIES "/sys/kernel/kvm_htab/"

#define FILE_BYTES_MAX ((size_t)64 << 20)

int sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err)
{
	fs->captured = sysroot != NULL;
	fs->root_fd = open(sysroot ?: "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fs->root_fd < 0)
		return error_set(err, STATUS_FAILED, errno, "cannot open the tree %s: %s",
				 sysroot ?: "/", strerror(errno));
	return 0;
}

void sysfs_close(struct sysfs *fs)
{
	cleanup_close(&fs->root_fd);
}

/* @fd; notes a shortage if it is -1. */
static int opened(int fd)
{
	if (fd < 0)
		shortage_note(errno);
	return fd;
}

void sysfs_note_fault(const struct sysfs *fs, int code, const char *path, const char *what)
{
	if (fs->fault && !fs->fault->status)
		error_set(fs->fault, STATUS_FAILED, code, "%s: %s", path, what);
}

static bool begins_with(const char *path, const char *const *beginnings)
{
	while (*beginnings && strncmp(path, *beginnings, strlen(*beginnings)))
		beginnings++;
	return *beginnings;
}

/* Notes that @path could not be opened. That is a fault if the kernel lets everyone read it. */
static void note_denial(const struct sysfs *fs, int code, const char *path)
{
	static const char *const public[] = { "/proc/cpuinfo",	 "/proc/meminfo",
					      "/proc/cmdline",	 "/proc/vmstat",
					      "/proc/sys/",	 "/proc/device-tree/",
					      "/sys/module/",	 "/sys/kernel/kvm_htab",
					      "/sys/kernel/mm/", NULL };
	static const char *const private[] = { "/sys/kernel/kvm_htab/vm", NULL };

	if (code != EACCES || !begins_with(path, public) || begins_with(path, private) ||
	    strstr(path, "/parameters/"))
		return;
	sysfs_note_fault(fs, code, path,
			 "permission denied, although all users may read it; "
			 "run as root, or outside the sandbox");
}

/* Resolves links inside a captured tree. Kernels before 5.6 follow links out of it. */
static int open_in_tree(const struct sysfs *fs, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags, .resolve = RESOLVE_IN_ROOT };
	long fd = syscall(SYS_openat2, fs->root_fd, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(fs->root_fd, path + 1, flags);
	return (int)fd;
}

static int open_below(const struct sysfs *fs, const char *path, int flags)
{
	int fd = opened(fs->captured ? open_in_tree(fs, path, flags) : open(path, flags)), code;

	if (fd >= 0)
		return fd;
	code = errno;
	note_denial(fs, code, path);
	errno = code;
	return fd;
}

int sysfs_lookup(const struct sysfs *fs, const char *path)
{
	_cleanup_close_ int fd = open_below(fs, path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

/* Reads the rest of @fd. Returns 0 or -errno. */
static int read_all(int fd, char **text, size_t *length)
{
	size_t size = 4096, used = 0;
	char *buffer = malloc(size);

	while (buffer) {
		ssize_t n = read(fd, buffer + used, size - used - 1);
		char *larger;
		int error = n < 0 ? errno : used + (size_t)n > FILE_BYTES_MAX ? EFBIG : 0;

		if (error == EINTR)
			continue;
		if (error) {
			shortage_note(error);
			free(buffer);
			return -error;
		}
		used += (size_t)n;
		if (!n) {
			buffer[used] = '\0';
			*text = buffer;
			*length = used;
			return 0;
		}
		if (size - used > 1)
			continue;
		larger = realloc(buffer, size *= 2);
		if (!larger)
			free(buffer);
		buffer = larger;
	}
	return -ENOMEM;
}

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

int sysfs_read_fd(int fd, char **text, size_t *length)
{
	struct stat st;
	size_t ignored;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		shortage_note(errno);
		return -errno;
	}
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return read_all(fd, text, length ?: &ignored);
}

int sysfs_open_file(const struct sysfs *fs, const char *path, int flags)
{
	int fd;

	if (fs->captured && (flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	fd = open_below(fs, path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int sysfs_read(const struct sysfs *fs, const char *path, char **text, size_t *length)
{
	_cleanup_close_ int fd = open_below(fs, path, READ_FLAGS);

	return sysfs_read_fd(fd, text, length);
}

int sysfs_read_at(int directory_fd, const char *name, char **text, size_t *length)
{
	_cleanup_close_ int fd = opened(openat(directory_fd, name, READ_FLAGS | O_NOFOLLOW));

	return sysfs_read_fd(fd, text, length);
}

int sysfs_open_directory(const struct sysfs *fs, const char *path)
{
	return sysfs_open_file(fs, path, DIRECTORY_FLAGS);
}

int sysfs_open_directory_at(int directory_fd, const char *name)
{
	int fd = opened(openat(directory_fd, name, DIRECTORY_FLAGS | O_NOFOLLOW));

	return fd < 0 ? -errno : fd;
}

DIR *sysfs_list(int directory_fd)
{
	DIR *dir;

	if (directory_fd < 0)
		return NULL;
	dir = fdopendir(directory_fd);
	if (!dir)
		close(directory_fd);
	return shortage_note_pointer(dir);
}

const struct dirent *sysfs_next(DIR *dir)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (!entry && errno == EINTR);
	if (!entry)
		shortage_note(errno);
	return entry;
}

int sysfs_read_u64(const struct sysfs *fs, const char *path, uint64_t *value)
{
	_cleanup_free_ char *text = NULL;
	const char *s;
	uint64_t v;
	int r = sysfs_read(fs, path, &text, NULL);

	if (r)
		return r;
	s = text;
	r = scan_u64(&s, &v);
	if (r || (*s && strcmp(s, "\n"))) {
		if (!strncmp(path, SERIES, strlen(SERIES)))
			sysfs_note_fault(fs, EBADMSG, path, "not a number of at most 64 bits");
		return -EBADMSG;
	}
	*value = v;
	return 0;
}

int sysfs_page_size(const struct sysfs *fs, uint64_t *bytes)
{
	_cleanup_free_ char *smaps = NULL;
	uint64_t kib;

	if (!fs->captured) {
		*bytes = (uint64_t)sysconf(_SC_PAGESIZE);
		return 0;
	}
	if (!sysfs_read(fs, "/proc/self/smaps", &smaps, NULL) &&
	    !find_u64(smaps, "KernelPageSize:", &kib) && kib && kib <= 1 << 20) {
		*bytes = kib << 10;
		return 0;
	}
	return sysfs_read_u64(fs, "/page-size", bytes) ? -ENOENT : 0;
}
