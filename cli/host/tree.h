/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a captured tree (--sysroot). Paths are absolute, as on the host. */
#ifndef KVM_HTAB_HOST_TREE_H
#define KVM_HTAB_HOST_TREE_H

#include <sys/types.h>

#include "host/sysfs.h"

struct tree {
	int fd; /* its root; -1: none */
	int code; /* errno of the first failure; 0: none */
	char *where; /* the path that failed; owned */
};

/* Makes @directory, with mode 0700. Errors: -errno, STATUS_FAILED: -EEXIST and others of mkdir(2). */
int tree_make(struct tree *tree, const char *directory, struct error *err) _must_check_;

/* Fails with the first failure of the functions below. */
int tree_check(const struct tree *tree, struct error *err) _must_check_;
void tree_clear(struct tree *tree);

/* Writes a file, from offset @at on. */
void tree_write(struct tree *tree, const char *path, const void *data, size_t bytes, off_t at);
void tree_link(struct tree *tree, const char *path, const char *target);
void tree_directory(struct tree *tree, const char *path);

/*
 * Copies the file or directory @path of @fs, without the contents of a directory. One that cannot be
 * read becomes an empty file without permissions. What does not exist is left out.
 */
void tree_copy(struct tree *tree, const struct sysfs *fs, const char *path);

/* The same for what matches @pattern: "*" as in a shell; "**" at the end: all files below. */
void tree_copy_matching(struct tree *tree, const struct sysfs *fs, const char *pattern);

/* Makes an empty file or a directory if @path of @fs exists. */
void tree_mark(struct tree *tree, const struct sysfs *fs, const char *path);

/* Copies the lines of @path of @fs for which @keep says so. */
void tree_copy_lines(struct tree *tree, const struct sysfs *fs, const char *path,
		     bool (*keep)(const char *line));

#endif /* KVM_HTAB_HOST_TREE_H */
