/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the kernel's small files, on this host or in a captured tree
 * (--sysroot) whose links never lead out of it.
 */
#ifndef KVM_HTAB_HOST_SYSFS_H
#define KVM_HTAB_HOST_SYSFS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/size.h"

struct sysfs {
	int root_fd; /* directory that stands for "/" */
	bool captured; /* not this host but a tree */
};

/*
 * Opens @sysroot (NULL: this host) in @fs; sysfs_close() closes it.
 * Errors: -errno of open(2), STATUS_FAILED.
 */
int sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err) _must_check_;
void sysfs_close(struct sysfs *fs);

/* 0 if @path (absolute) can be looked up, else -errno. */
int sysfs_lookup(const struct sysfs *fs, const char *path);

/* Whether @path (absolute) is there, as far as this user may see. */
static inline bool sysfs_has(const struct sysfs *fs, const char *path)
{
	return !sysfs_lookup(fs, path);
}

/*
 * Reads all of the regular file @path. The caller frees @text, which ends in
 * a NUL that @length (may be NULL) does not count.
 * Errors: -errno of open(2) and read(2); -EFBIG beyond 64 MiB; -EINVAL: no regular file.
 */
int sysfs_read(const struct sysfs *fs, const char *path, char **text, size_t *length) _must_check_;

/*
 * Reads @path, which holds one plain decimal number and a newline, as most of
 * sysfs does. Errors: as sysfs_read(); -EBADMSG if it holds anything else.
 */
int sysfs_read_u64(const struct sysfs *fs, const char *path, uint64_t *value) _must_check_;

/*
 * Opens the directory @path (absolute) as a file descriptor for the functions
 * below, which the caller closes. Errors: -errno of open(2).
 */
int sysfs_open_directory(const struct sysfs *fs, const char *path) _must_check_;

/*
 * Opens the file @path (absolute) with @flags of open(2); the caller closes it.
 * Errors: -errno of open(2); -EROFS for writing to a captured tree.
 */
int sysfs_open_file(const struct sysfs *fs, const char *path, int flags) _must_check_;

/* As sysfs_read(), from where the file @fd is read. */
int sysfs_read_fd(int fd, char **text, size_t *length) _must_check_;

/* The same for the directory @name in @directory_fd; no link is followed. */
int sysfs_open_directory_at(int directory_fd, const char *name) _must_check_;

/* As sysfs_read(), of the file @name in @directory_fd; a link is -ELOOP. */
int sysfs_read_at(int directory_fd, const char *name, char **text, size_t *length) _must_check_;

/* Begins to read @directory_fd, which is taken over. The caller closes it; NULL: out of memory. */
DIR *sysfs_list(int directory_fd) _must_check_;

/* Its next entry; NULL: no more, or, with errno set, not to be had. */
const struct dirent *sysfs_next(DIR *dir);

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

/*
 * The host's page size in bytes: sysconf(3) here; in a captured tree
 * KernelPageSize of /proc/self/smaps, or the number in /page-size
 * (`getconf PAGESIZE`). Errors: -ENOENT if the tree has neither.
 */
int sysfs_page_size(const struct sysfs *fs, uint64_t *bytes) _must_check_;

#endif /* KVM_HTAB_HOST_SYSFS_H */
