// SPDX-License-Identifier: GPL-2.0-only
/* Memory cgroups: whose a process is, and what the limits of one leave. */
#include "host/cgroup.h"

#include <string.h>

#include "lib/text.h"

#define ROOT "/sys/fs/cgroup"

/* The path in a line "ID:CONTROLLERS:PATH" of /proc/PID/cgroup with these controllers; NULL: none. */
static char *path_of_line(char *text, const char *controller)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		char *controllers = strchr(line, ':'), *path, *name;

		path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		controllers++;
		while ((name = strsep(&controllers, ",")))
			if (!strcmp(name, controller))
				return strdup(*path == '/' && path[1] ? path + 1 : path);
	}
	return NULL;
}

char *cgroup_of_process(int proc_fd)
{
	_cleanup_free_ char *text = NULL, *copy = NULL;
	char *path;

	if (sysfs_read_at(proc_fd, "cgroup", &text, NULL))
		return NULL;
	copy = strdup(text);
	/* On hosts with both versions, the one that has the memory controller counts. */
	path = copy ? path_of_line(copy, "memory") : NULL;
	return path ?: path_of_line(text, "");
}

/* Returns what is left of @cgroup below the root. */
static const char *below_root(const char *cgroup)
{
	if (!strncmp(cgroup, ROOT "/", strlen(ROOT "/")))
		cgroup += strlen(ROOT);
	return cgroup + strspn(cgroup, "/");
}

bool cgroup_is_valid(const char *cgroup)
{
	const char *path = below_root(cgroup);

	if (!*path)
		return false;
	while (path) { /* no way out */
		size_t length = strcspn(path, "/");

		if ((length == 1 && *path == '.') || (length == 2 && !strncmp(path, "..", 2)))
			return false;
		path = path[length] ? path + length + 1 : NULL;
	}
	return true;
}

/* Reads the number in file @name of a cgroup. Errors: -errno; -ERANGE: "max". */
static int read_number(const struct sysfs *fs, const char *cgroup, const char *name,
		       uint64_t *value)
{
	_cleanup_free_ char *path = text_format(ROOT "/%s/%s", cgroup, name), *text = NULL;
	int r = path ? sysfs_read(fs, path, &text, NULL) : -ENOMEM;

	if (r)
		return r;
	return strncmp(text, "max", 3) ? scan_u64(&(const char *){ text }, value) : -ERANGE;
}

/* What of memory.current the kernel takes back before it refuses a charge. */
static uint64_t page_cache_bytes(const struct sysfs *fs, const char *cgroup)
{
	static const char *const keys[] = { "active_file ", "inactive_file " };
	_cleanup_free_ char *path = text_format(ROOT "/%s/memory.stat", cgroup), *text = NULL;
	uint64_t sum = 0, value;

	if (!path || sysfs_read(fs, path, &text, NULL))
		return 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!find_u64(text, keys[i], &value))
			sum += value;
	return sum;
}

/* Narrows @limit down to that of @cgroup. A cgroup without the controller has none. */
static int add_limit(const struct sysfs *fs, const char *cgroup, struct cgroup_limit *limit)
{
	uint64_t max, current, room, cache;
	int r = read_number(fs, cgroup, "memory.max", &max);

	if (r == -ERANGE || r == -ENOENT)
		return 0;
	r = r ?: read_number(fs, cgroup, "memory.current", &current);
	if (r)
		return r;
	cache = page_cache_bytes(fs, cgroup);
	current -= cache < current ? cache : current;
	room = max > current ? max - current : 0;
	if (limit->limited && limit->room_bytes <= room)
		return 0;
	free(limit->cgroup);
	limit->cgroup = strdup(cgroup);
	limit->limited = true;
	limit->max_bytes = max;
	limit->room_bytes = room;
	return limit->cgroup ? 0 : -ENOMEM;
}

int cgroup_read_limit(const struct sysfs *fs, const char *cgroup, struct cgroup_limit *limit)
{
	_cleanup_free_ char *path = NULL, *directory = NULL;
	char *slash;
	int r = 0;

	*limit = (struct cgroup_limit){ 0 };
	cgroup = below_root(cgroup);
	if (!sysfs_has(fs, ROOT "/cgroup.controllers"))
		return -ENOSYS;
	path = strdup(cgroup);
	directory = text_format(ROOT "/%s", cgroup);
	if (!path || !directory)
		return -ENOMEM;
	r = sysfs_lookup(fs, directory);
	while (!r && *path) {
		slash = strrchr(path, '/');
		if (!slash || slash[1]) /* not the "/" at the end */
			r = add_limit(fs, path, limit);
		*(slash ?: path) = '\0';
	}
	return r;
}
