// SPDX-License-Identifier: GPL-2.0-only
/* Calls on files, answered from a tree in memory; no other file is there. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PATH_MAX_HERE 256
#define OPEN_MAX_HERE 32

/* File descriptors of the tree, far from real ones. */
#define FD_BASE 1000

/* A "*" stands for whatever the tool looks for in its place. */
static const char *const tree_paths[] = {
#define PATH(path) path,
#include "paths.h"
#undef PATH
};

#define NPATHS (sizeof(tree_paths) / sizeof(tree_paths[0]))

static struct {
	const char *text; /* NULL: not there */
	size_t length;
} files[NPATHS];

static struct {
	char path[PATH_MAX_HERE]; /* "": not open */
	int file; /* -1: a directory */
	size_t at;
	struct dirent entry;
	bool is_stream; /* a DIR, whose number is the file descriptor's */
} open_files[OPEN_MAX_HERE];

void tree_make(const struct bytes *bytes)
{
	const uint8_t *s = memchr(bytes->data, TREE_MARK, bytes->size),
		      *end = bytes->data + bytes->size;

	memset(files, 0, sizeof(files));
	while (s && end - s >= 2) {
		const uint8_t *text = s + 2;
		const uint8_t *next = memchr(text, TREE_MARK, (size_t)(end - text));
		size_t i = s[1] % NPATHS;

		files[i].text = (const char *)text;
		files[i].length = (size_t)((next ?: end) - text);
		s = next;
	}
}

void tree_check(void)
{
	for (size_t i = 0; i < OPEN_MAX_HERE; i++)
		require(!*open_files[i].path);
}

/* Whether @path is @pattern, or, if @prefix, leads to it. */
static bool matches(const char *path, const char *pattern, bool prefix)
{
	while (*path && *pattern) {
		if (*pattern == '*') {
			path += strcspn(path, "/");
			pattern++;
			continue;
		}
		if (*path++ != *pattern++)
			return false;
	}
	return !*path && (prefix ? *pattern == '/' : !*pattern);
}

/* The file @path: its index, -1 for a directory, or -ENOENT - 1. */
static int look_up(const char *path)
{
	if (!strcmp(path, "/"))
		return -1;
	for (size_t i = 0; i < NPATHS; i++)
		if (files[i].text && matches(path, tree_paths[i], false))
			return (int)i;
	for (size_t i = 0; i < NPATHS; i++)
		if (files[i].text && matches(path, tree_paths[i], true))
			return -1;
	return -ENOENT - 1;
}

/* Joins @name to the path of directory @fd. */
static const char *join(int fd, const char *name, char path[static PATH_MAX_HERE])
{
	int n;

	if (*name == '/')
		return name;
	require(fd >= FD_BASE && fd < FD_BASE + OPEN_MAX_HERE && *open_files[fd - FD_BASE].path);
	n = snprintf(path, PATH_MAX_HERE, "%s/%s", open_files[fd - FD_BASE].path, name);
	if (n >= PATH_MAX_HERE) /* cut off, it is the path of nothing */
		n = PATH_MAX_HERE - 1;
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	return path;
}

static int open_at(int fd, const char *name, int flags)
{
	char joined[PATH_MAX_HERE], path[PATH_MAX_HERE];
	int file;
	size_t n;

	snprintf(path, sizeof(path), "%s", join(fd, name, joined));
	n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	file = look_up(path);
	if (file < -1 || (file >= 0 && flags & O_DIRECTORY)) {
		errno = file < -1 ? ENOENT : ENOTDIR;
		return -1;
	}
	if (file >= 0 && files[file].length && (uint8_t)*files[file].text == TREE_DENIED) {
		errno = EACCES;
		return -1;
	}
	for (int i = 0; i < OPEN_MAX_HERE; i++)
		if (!*open_files[i].path) {
			memcpy(open_files[i].path, path, sizeof(path));
			open_files[i].file = file;
			open_files[i].at = 0;
			open_files[i].is_stream = false;
			return FD_BASE + i;
		}
	require(!"too many files are open");
	return -1;
}

/* The open file @fd, which it has to be. */
static int index_of(int fd)
{
	require(fd >= FD_BASE && fd < FD_BASE + OPEN_MAX_HERE && *open_files[fd - FD_BASE].path);
	return fd - FD_BASE;
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	return open_at(-1, path, flags);
}

int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	return open_at(fd, path, flags);
}

/* kcmp(2): the same VM has the same number everywhere. */
static long compare(va_list args)
{
	int fd_a, fd_b;

	va_arg(args, pid_t), va_arg(args, pid_t), va_arg(args, int);
	fd_a = va_arg(args, int);
	fd_b = va_arg(args, int);
	return fd_a != fd_b;
}

/* openat2(2) of the tree and kcmp(2); the others are those that open processes. */
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	const struct open_how *how;
	const char *path;
	va_list args;
	long r = -1;
	int fd;

	errno = ENOSYS;
	va_start(args, number);
	if (number == SYS_openat2) {
		fd = va_arg(args, int);
		path = va_arg(args, const char *);
		how = va_arg(args, const struct open_how *);
		require(how->resolve == RESOLVE_IN_ROOT);
		r = open_at(fd, path, (int)how->flags);
	} else if (number == SYS_kcmp) {
		r = compare(args);
	}
	va_end(args);
	return r;
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int i = index_of(fd);

	require(!open_files[i].is_stream);
	*open_files[i].path = '\0';
	return 0;
}

int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	*st = (struct stat){ .st_mode = open_files[index_of(fd)].file < 0 ? S_IFDIR : S_IFREG };
	return 0;
}

int __wrap_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
	(void)path, (void)st;
	errno = ENOENT;
	return -1;
}

/* In pieces, as the kernel may. */
ssize_t __wrap_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	int i = index_of(fd), file = open_files[i].file;
	size_t left = files[file].length - open_files[i].at;

	if (size > left)
		size = left;
	if (size > 512)
		size = 512;
	memcpy(buffer, files[file].text + open_files[i].at, size);
	open_files[i].at += size;
	return (ssize_t)size;
}

/* Nothing changes; to a file that is empty the kernel says that there is no room. */
ssize_t __wrap_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size)
{
	int file = open_files[index_of(fd)].file;

	(void)buffer;
	require(file >= 0);
	if (files[file].length)
		return (ssize_t)size;
	errno = ENOMEM;
	return -1;
}

ssize_t __wrap_readlinkat(int fd, const char *name, char *buffer, size_t size);
ssize_t __wrap_readlinkat(int fd, const char *name, char *buffer, size_t size)
{
	char path[PATH_MAX_HERE];
	int file = look_up(join(fd, name, path));

	if (file < 0) {
		errno = file < -1 ? ENOENT : EINVAL;
		return -1;
	}
	if (size > files[file].length)
		size = files[file].length;
	memcpy(buffer, files[file].text, size);
	return (ssize_t)size;
}

DIR *__wrap_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd)
{
	open_files[index_of(fd)].is_stream = true;
	return (DIR *)&open_files[index_of(fd)];
}

int __wrap_dirfd(DIR *dir);
int __wrap_dirfd(DIR *dir)
{
	return FD_BASE + (int)((__typeof__(&open_files[0]))dir - open_files);
}

int __wrap_closedir(DIR *dir);
int __wrap_closedir(DIR *dir)
{
	int i = index_of(__wrap_dirfd(dir));

	require(open_files[i].is_stream);
	open_files[i].is_stream = false;
	return __wrap_close(FD_BASE + i);
}

/* What is next below the directory, of files that are there; perhaps several times. */
struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir)
{
	int i = index_of(__wrap_dirfd(dir));
	size_t length = strlen(open_files[i].path);

	while (open_files[i].at < NPATHS) {
		size_t file = open_files[i].at++;
		const char *path = tree_paths[file];

		if (!files[file].text || strncmp(path, open_files[i].path, length) ||
		    path[length] != '/')
			continue;
		path += length + 1;
		snprintf(open_files[i].entry.d_name, sizeof(open_files[i].entry.d_name), "%.*s",
			 (int)strcspn(path, "/"), path);
		return &open_files[i].entry;
	}
	return NULL;
}

/* The log is a file here, whoever asks for it. */
int __wrap_klogctl(int type, char *buffer, int size);
int __wrap_klogctl(int type, char *buffer, int size)
{
	int file = look_up("/var/log/dmesg");

	if (file < 0) {
		errno = EPERM;
		return -1;
	}
	if (type == 10) /* its size */
		return (int)files[file].length;
	if ((size_t)size > files[file].length)
		size = (int)files[file].length;
	memcpy(buffer, files[file].text, (size_t)size);
	return size;
}
