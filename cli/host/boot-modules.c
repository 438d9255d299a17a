// SPDX-License-Identifier: GPL-2.0-only
/* The modules that are loaded at each boot. */
#include "host/boot-modules.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "host/cmdline.h"

static const char *const directories[] = {
	"/etc/modules-load.d",
	"/run/modules-load.d",
	"/usr/local/lib/modules-load.d",
	"/usr/lib/modules-load.d",
};

#define NDIRECTORIES (sizeof(directories) / sizeof(directories[0]))

const char *boot_modules_directory(size_t i)
{
	return i < NDIRECTORIES ? directories[i] : NULL;
}

/* Whether a line of the file @path is @name. */
static bool file_lists(const struct sysfs *fs, const char *path, const char *name)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;

	if (sysfs_read(fs, path, &text, NULL))
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		if (cmdline_is(line, name)) /* in which "-" and "_" are the same, too */
			return true;
	}
	return false;
}

char *boot_modules_place(const struct sysfs *fs, const char *name)
{
	for (size_t i = 0; i < NDIRECTORIES; i++) {
		_cleanup_closedir_ DIR *dir = sysfs_list(sysfs_open_directory(fs, directories[i]));
		const struct dirent *entry;

		while (dir && (entry = sysfs_next(dir))) {
			const char *dot = strrchr(entry->d_name, '.');
			char path[512];

			snprintf(path, sizeof(path), "%s/%s", directories[i], entry->d_name);
			if (dot && !strcmp(dot, ".conf") && file_lists(fs, path, name))
				return strdup(path);
		}
	}
	return file_lists(fs, BOOT_MODULES_FILE, name) ? strdup(BOOT_MODULES_FILE) : NULL;
}
