/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the kernel, on this host or in a captured tree (--sysroot). Links stay inside a tree. */
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
	int root_fd; /* the directory used as "/" */
	bool captured; /* a captured tree, not this host */
	struct error
		*fault; /* of the first file of the kernel that is wrong; borrowed; NULL: unused */
};

/* Notes in fs->fault, unless it has an error already, that the kernel's file @path is wrong. */
void sysfs_note_fault(const struct sysfs *fs, int code, const char *path, const char *what);

/* Opens @sysroot (NULL: this host). Errors: -errno of open(2), STATUS_FAILED. */
int sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err) _must_check_;
void sysfs_close(struct sysfs *fs);

/* Looks up @path (absolute). Returns 0 or -errno. */
int sysfs_lookup(const struct sysfs *fs, const char *path);

/* Whether @path (absolute) exists and this user may see it. */
static inline bool sysfs_has(const struct sysfs *fs, const char *path)
{
	return !sysfs_lookup(fs, path);
}

/*
 * Reads the regular file @path. Notes a fault if this user may not read what all users may. The caller frees @text; @length (may be NULL) does not count its
 * NUL. Errors: -errno of open(2) and read(2); -EFBIG above 64 MiB; -EINVAL: not a regular file.
 */
int sysfs_read(const struct sysfs *fs, const char *path, char **text, size_t *length) _must_check_;

/*
 * Reads the decimal number in @path. Errors: as sysfs_read(); -EBADMSG: not a number, which is a
 * fault of a file of the kvm-htab series.
 */
int sysfs_read_u64(const struct sysfs *fs, const char *path, uint64_t *value) _must_check_;

/* Opens the directory @path (absolute). The caller closes it. Errors: -errno of open(2). */
int sysfs_open_directory(const struct sysfs *fs, const char *path) _must_check_;

/*
 * Opens the file @path (absolute) with @flags of open(2). The caller closes it.
 * Errors: -errno of open(2); -EROFS if a captured tree is to be written.
 */
int sysfs_open_file(const struct sysfs *fs, const char *path, int flags) _must_check_;

/* As sysfs_read(), from the current offset of @fd. @fd -1: the error is in errno. */
int sysfs_read_fd(int fd, char **text, size_t *length) _must_check_;

/* As sysfs_open_directory(), for @name in @directory_fd, without following a link. */
int sysfs_open_directory_at(int directory_fd, const char *name) _must_check_;

/* As sysfs_read(), for @name in @directory_fd. A link is -ELOOP. */
int sysfs_read_at(int directory_fd, const char *name, char **text, size_t *length) _must_check_;

/* Takes @directory_fd over, which may be negative. The caller closes the result; NULL: an error. */
DIR *sysfs_list(int directory_fd) _must_check_;

/* The next entry; NULL: the end, or an error in errno. */
const struct dirent *sysfs_next(DIR *dir);

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

/*
 * The page size of the host, in bytes. A captured tree has it in /proc/self/smaps or, as
 * `getconf PAGESIZE` prints it, in /page-size. Errors: -ENOENT: in neither.
 */
int sysfs_page_size(const struct sysfs *fs, uint64_t *bytes) _must_check_;

#endif /* KVM_HTAB_HOST_SYSFS_H */
