// SPDX-License-Identifier: GPL-2.0-only
/* Writes captured trees. */
#include "host/tree.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/text.h"

int tree_make(struct tree *tree, const char *directory, struct error *err)
{
	*tree = (struct tree){ .fd = -1 };
	if (mkdir(directory, 0700))
		return error_set(err, STATUS_FAILED, errno, "cannot make the directory %s: %s%s",
				 directory, strerror(errno),
				 errno == EEXIST ? "; name a new one" : "");
	tree->fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tree->fd < 0)
		return error_set(err, STATUS_FAILED, errno, "cannot open %s: %s", directory,
				 strerror(errno));
	return 0;
}

int tree_check(const struct tree *tree, struct error *err)
{
	if (!tree->code)
		return 0;
	return error_set(err, STATUS_FAILED, tree->code, "cannot write the copy of %s: %s",
			 tree->where ?: "?", strerror(tree->code));
}

void tree_clear(struct tree *tree)
{
	cleanup_close(&tree->fd);
	free(tree->where);
}

static void fail(struct tree *tree, const char *path, int code)
{
	if (tree->code)
		return;
	tree->code = code;
	tree->where = strdup(path);
}

/* Makes the directories above @path. Returns the path below the root. */
static const char *make_parents(struct tree *tree, const char *path)
{
	_cleanup_free_ char *parent = strdup(path);

	for (char *s = parent ? strchr(parent + 1, '/') : NULL; s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdirat(tree->fd, parent + 1, 0700) && errno != EEXIST)
			fail(tree, path, errno);
		*s = '/';
	}
	return path + 1;
}

void tree_directory(struct tree *tree, const char *path)
{
	const char *name = make_parents(tree, path);

	if (mkdirat(tree->fd, name, 0700) && errno != EEXIST)
		fail(tree, path, errno);
}

static void write_file(struct tree *tree, const char *path, mode_t mode, const void *data,
		       size_t bytes, off_t at)
{
	const char *name = make_parents(tree, path);
	_cleanup_close_ int fd =
		openat(tree->fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);

	for (const char *s = data; fd >= 0 && bytes;) {
		ssize_t n = pwrite(fd, s, bytes, at);

		if (n < 0 && errno != EINTR) {
			fail(tree, path, errno);
			return;
		}
		s += n > 0 ? n : 0;
		at += n > 0 ? n : 0;
		bytes -= n > 0 ? (size_t)n : 0;
	}
	if (fd < 0)
		fail(tree, path, errno);
}

void tree_write(struct tree *tree, const char *path, const void *data, size_t bytes, off_t at)
{
	write_file(tree, path, 0600, data, bytes, at);
}

void tree_link(struct tree *tree, const char *path, const char *target)
{
	if (symlinkat(target, tree->fd, make_parents(tree, path)))
		fail(tree, path, errno);
}

static bool is_directory(const struct sysfs *fs, const char *path)
{
	_cleanup_close_ int fd = sysfs_open_directory(fs, path);

	return fd >= 0;
}

void tree_copy(struct tree *tree, const struct sysfs *fs, const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	if (!sysfs_has(fs, path))
		return;
	if (is_directory(fs, path)) {
		tree_directory(tree, path);
		return;
	}
	r = sysfs_read(fs, path, &text, &length);
	if (r)
		write_file(tree, path, 0, NULL, 0, 0);
	else
		tree_write(tree, path, text, length, 0);
}

void tree_mark(struct tree *tree, const struct sysfs *fs, const char *path)
{
	if (is_directory(fs, path))
		tree_directory(tree, path);
	else if (sysfs_has(fs, path))
		tree_write(tree, path, NULL, 0, 0);
}

/* "@directory/@name@rest" */
static char *join(const char *directory, size_t length, const char *name, const char *rest)
{
	return text_format("%.*s/%s%s", (int)length, directory, name, rest);
}

void tree_copy_matching(struct tree *tree, const struct sysfs *fs, const char *pattern)
{
	_cleanup_free_ char *directory = NULL, *component = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const char *star = strchr(pattern, '*'), *start, *rest;
	const struct dirent *entry;
	bool all;

	if (!star) {
		tree_copy(tree, fs, pattern);
		return;
	}
	start = memrchr(pattern, '/', (size_t)(star - pattern));
	rest = start + 1 + strcspn(start + 1, "/");
	directory = strndup(pattern, (size_t)(start - pattern));
	component = strndup(start + 1, (size_t)(rest - start - 1));
	if (!directory || !component || !is_directory(fs, directory))
		return;
	all = !strcmp(component, "**");
	if (all)
		tree_directory(tree, directory);
	dir = sysfs_list(sysfs_open_directory(fs, directory));
	while (dir && (entry = sysfs_next(dir))) {
		_cleanup_free_ char *path = NULL;

		if (*entry->d_name == '.' || fnmatch(component, entry->d_name, 0))
			continue;
		path = join(directory, strlen(directory), entry->d_name, rest);
		if (path && all && is_directory(fs, path)) {
			_cleanup_free_ char *below = text_format("%s/**", path);

			if (below)
				tree_copy_matching(tree, fs, below);
		} else if (path) {
			tree_copy_matching(tree, fs, path);
		}
	}
}

void tree_copy_lines(struct tree *tree, const struct sysfs *fs, const char *path,
		     bool (*keep)(const char *line))
{
	_cleanup_free_ char *text = NULL, *kept = NULL;
	char *save = NULL;

	if (sysfs_read(fs, path, &text, NULL)) {
		tree_copy(tree, fs, path); /* as it cannot be read there either */
		return;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (keep(line))
			text_add(&kept, "%s\n", line);
	tree_write(tree, path, kept, kept ? strlen(kept) : 0, 0);
}
