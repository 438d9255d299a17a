// SPDX-License-Identifier: GPL-2.0-only
/* Requests for tables that hang in the kernel. */
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"

/* Functions of the kernel that a request for a table is in, as wchan and stack name them. */
static const char *const functions[] = {
	"kvmppc_alloc_reset_hpt", "kvmppc_allocate_hpt", "kvm_alloc_hpt_cma",
	"kvmppc_alloc_hpt",	  "kvmppc_htab_ioctl",	 "resize_hpt_allocate",
};

/* The function of these that @text names; NULL: none. */
static const char *function_in(const char *text)
{
	for (size_t i = 0; text && i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strstr(text, functions[i]))
			return functions[i];
	return NULL;
}

/* Reads file @name of thread @tid of process @pid. The caller frees it; NULL: not to be seen. */
static char *read_file(const struct doctor *doctor, uint64_t pid, uint64_t tid, const char *name)
{
	char path[96], *text = NULL;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", (unsigned int)pid, (unsigned int)tid,
		 name);
	if (!sysfs_read(doctor->fs, path, &text, NULL) || pid != tid)
		return text;
	snprintf(path, sizeof(path), "/proc/%u/%s", (unsigned int)pid, name);
	return sysfs_read(doctor->fs, path, &text, NULL) ? NULL : text;
}

/* The function that a thread hangs in; NULL: it does not, or not for a table. */
static const char *hangs_in(const struct doctor *doctor, uint64_t pid, uint64_t tid)
{
	_cleanup_free_ char *stat = read_file(doctor, pid, tid, "stat"), *wchan = NULL,
			    *stack = NULL;
	const char *name_end = stat ? strrchr(stat, ')') : NULL, *function;

	if (!name_end || strncmp(name_end, ") D", 3))
		return NULL;
	wchan = read_file(doctor, pid, tid, "wchan");
	function = function_in(wchan);
	if (function)
		return function;
	stack = read_file(doctor, pid, tid, "stack");
	return function_in(stack);
}

/* The function that a thread of process @pid hangs in; NULL: none does. */
static const char *process_hangs_in(const struct doctor *doctor, uint64_t pid)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	const char *function = hangs_in(doctor, pid, pid);
	char path[64];
	uint64_t tid;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/task", (unsigned int)pid);
	fd = function ? -1 : sysfs_open_directory(doctor->fs, path);
	dir = fd < 0 ? NULL : sysfs_list(fd);
	while (!function && dir && (entry = sysfs_next(dir)))
		if (!parse_u64(entry->d_name, &tid) && tid != pid)
			function = hangs_in(doctor, pid, tid);
	return function;
}

/* The first process that hangs, and in what; 0: none. */
static uint64_t find_hanging(const struct doctor *doctor, const char **function)
{
	int fd = sysfs_open_directory(doctor->fs, "/proc");
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : sysfs_list(fd);
	const struct dirent *entry;
	uint64_t pid;

	while (dir && (entry = sysfs_next(dir))) {
		if (parse_u64(entry->d_name, &pid) || !pid || pid > INT32_MAX)
			continue;
		*function = process_hangs_in(doctor, pid);
		if (*function)
			return pid;
	}
	return 0;
}

void doctor_requests(struct doctor *doctor, struct item *item)
{
	_cleanup_free_ char *command = NULL;
	const char *function = NULL;
	uint64_t pid = find_hanging(doctor, &function);

	if (pid) {
		command = read_file(doctor, pid, pid, "comm");
		if (command)
			command[strcspn(command, "\n")] = '\0';
		item_set(item, ITEM_FAILED,
			 "process %u (%s) hangs in the kernel, in a request for a table (%s)",
			 (unsigned int)pid, command ?: "?", function);
		item_advise(item, "further requests may hang as well; look at its stack, and move "
				  "guests to another host before you reboot");
		item_set_next(item, "cat /proc/%u/stack", (unsigned int)pid);
	} else if (doctor->pool.log.hung) {
		item_set(item, ITEM_WARNING,
			 "the kernel log tells of a request for a table that took minutes (%s)",
			 "blocked for more than ... seconds");
		item_advise(item, "look for what it waited for");
		item_set_next(item, "dmesg | grep -A 20 'blocked for more than'");
	} else {
		item_set(item, ITEM_OK, "none hangs");
	}
}
