// SPDX-License-Identifier: GPL-2.0-only
/* Domains of libvirt, found by its pid files. */
#include "vm/domain.h"

#include <stdio.h>
#include <string.h>

#include "lib/array.h"

#define SUFFIX ".pid"
#define NAME_BYTES_MAX 255 /* of a file name */

/* Directories with pid files: of the system and of the caller's session. */
#define DIRECTORIES 2

static const char system_directory[] = "/run/libvirt/qemu";

/* Writes the path of directory @i to @path. Returns false if there is no such directory. */
static bool directory_path(unsigned int i, char *path, size_t size)
{
	const char *runtime = i ? getenv("XDG_RUNTIME_DIR") : NULL;

	if (!i)
		return snprintf(path, size, "%s", system_directory) < (int)size;
	return runtime && *runtime == '/' &&
	       snprintf(path, size, "%s/libvirt/qemu/run", runtime) < (int)size;
}

/* Parses a process ID, followed by white space only. Returns 0 for anything else. */
static pid_t parse_pid(const char *text)
{
	uint64_t pid;

	if (scan_u64(&text, &pid) || pid > INT32_MAX || text[strspn(text, " \t\r\n")])
		return 0;
	return (pid_t)pid;
}

static void add(struct domains *domains, const char *name, size_t length, pid_t pid)
{
	struct domain *larger = array_grow(domains->list, domains->n, sizeof(*larger));
	char *copy = strndup(name, length);

	if (larger)
		domains->list = larger;
	if (larger && copy)
		domains->list[domains->n++] = (struct domain){ .name = copy, .pid = pid };
	else
		free(copy);
}

static void read_directory(const struct sysfs *fs, const char *path, struct domains *domains)
{
	int directory_fd = sysfs_open_directory(fs, path);
	_cleanup_closedir_ DIR *dir = sysfs_list(directory_fd);
	const struct dirent *entry;

	while (dir && (entry = sysfs_next(dir))) {
		size_t length = strlen(entry->d_name);
		_cleanup_free_ char *text = NULL;
		pid_t pid;

		if (length <= strlen(SUFFIX) ||
		    strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) ||
		    sysfs_read_at(dirfd(dir), entry->d_name, &text, NULL))
			continue;
		pid = parse_pid(text);
		if (pid)
			add(domains, entry->d_name, length - strlen(SUFFIX), pid);
	}
}

/* By process and, for those of libvirt that name the same one, by name. */
static int compare(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid) ?: strcmp(x->name, y->name);
}

void domains_read(const struct sysfs *fs, struct domains *domains)
{
	char path[4096];

	*domains = (struct domains){ 0 };
	for (unsigned int i = 0; i < DIRECTORIES; i++)
		if (directory_path(i, path, sizeof(path)))
			read_directory(fs, path, domains);
	if (domains->n)
		qsort(domains->list, domains->n, sizeof(*domains->list), compare);
}

void domains_clear(struct domains *domains)
{
	for (size_t i = 0; i < domains->n; i++)
		free(domains->list[i].name);
	free(domains->list);
	*domains = (struct domains){ 0 };
}

const char *domains_name_of(const struct domains *domains, pid_t pid)
{
	size_t first = 0, end = domains->n;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (domains->list[middle].pid < pid)
			first = middle + 1;
		else
			end = middle;
	}
	return first < domains->n && domains->list[first].pid == pid ? domains->list[first].name :
								       NULL;
}

int domain_check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);

	if (strchr(name, '/'))
		return error_set(err, STATUS_USAGE, EINVAL,
				 "invalid domain name \"%s\": it contains \"/\"; for a socket, "
				 "use unix:PATH",
				 name);
	if (!length || length + strlen(SUFFIX) > NAME_BYTES_MAX)
		return error_set(err, STATUS_USAGE, EINVAL,
				 "invalid domain name \"%s\": use 1 to %zu bytes", name,
				 NAME_BYTES_MAX - strlen(SUFFIX));
	return 0;
}

/* Reads the pid file @path. Errors: -ENOENT, @err unchanged; others with the reason in @err. */
static int read_pid_file(const struct sysfs *fs, const char *path, pid_t *pid, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = sysfs_read(fs, path, &text, NULL);

	if (r == -ENOENT)
		return r;
	if (r)
		return error_set(err, STATUS_FAILED, -r, "cannot read %s: %s%s", path, strerror(-r),
				 r == -EACCES ? "; run as root" : "");
	*pid = parse_pid(text);
	if (!*pid)
		return error_set(err, STATUS_FAILED, EBADMSG, "%s does not contain a process ID",
				 path);
	return 0;
}

int domain_find(const struct sysfs *fs, const char *name, pid_t *pid, struct error *err)
{
	char path[4096 + NAME_BYTES_MAX + 2];
	pid_t found[DIRECTORIES];
	size_t nfound = 0;

	for (unsigned int i = 0; i < DIRECTORIES; i++) {
		size_t length;

		if (!directory_path(i, path, 4096))
			continue;
		length = strlen(path);
		snprintf(path + length, sizeof(path) - length, "/%s" SUFFIX, name);
		nfound += !read_pid_file(fs, path, &found[nfound], err);
	}
	if (nfound > 1 && found[0] != found[1])
		return error_set(err, STATUS_FAILED, EEXIST,
				 "ambiguous domain \"%s\": process %d of the system, or process "
				 "%d of your session; use pid:PID",
				 name, found[0], found[1]);
	if (!nfound && err->status)
		return -err->code;
	if (!nfound)
		return error_set(err, STATUS_FAILED, ENOENT,
				 "domain \"%s\" is not running: there is no %s/%s.pid, nor one of "
				 "your session; `virsh list` shows the domains",
				 name, system_directory, name);
	error_clear(err); /* one directory is enough */
	*pid = found[0];
	return 0;
}
