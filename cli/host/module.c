// SPDX-License-Identifier: GPL-2.0-only
/* A kernel module: is it there, is it loaded, may it be loaded. */
#include "host/module.h"

#include <ctype.h>
#include <dirent.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/library.h"

/* Where modprobe(8) is configured; a file hides those of its name in what comes after. */
static const char *const config_directories[] = {
	"/etc/modprobe.d",     "/run/modprobe.d", "/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d", "/lib/modprobe.d",
};

#define NCONFIG (sizeof(config_directories) / sizeof(config_directories[0]))

/* What the modules of KVM-HV and KVM-PR cannot be loaded without. */
#define NEEDED "kvm"

/* The functions of libkmod that are used here. */
#define KMOD_FUNCTIONS(F) \
	F(kmod_new) \
	F(kmod_unref) \
	F(kmod_set_log_fn) \
	F(kmod_module_new_from_lookup) \
	F(kmod_module_get_module) \
	F(kmod_module_get_name) \
	F(kmod_module_get_path) \
	F(kmod_module_get_initstate) \
	F(kmod_module_get_install_commands) \
	F(kmod_module_apply_filter) \
	F(kmod_module_unref) \
	F(kmod_module_unref_list)

LIBRARY(kmod, "libkmod.so.2", "libkmod2", "whether modules can be loaded", KMOD_FUNCTIONS);

static void log_nothing(void *data, int priority, const char *file, int line, const char *function,
			const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)function, (void)format;
	(void)args;
}

/* Names of modules are the same whether written with "-" or "_". */
static bool same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

/* Whether the list of names with commas at @list, up to a blank, has @name in it. */
static bool list_has(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list && !isspace((unsigned char)*list)) {
		size_t n = strcspn(list, ", \t\n");

		if (n == length && same_name(list, name, n))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* Whether the kernel's command line has an option @option ("name=") whose list names @name. */
static bool command_line_has(const char *cmdline, const char *option, const char *name)
{
	for (const char *s = cmdline; (s = strstr(s, option)); s += strlen(option))
		if ((s == cmdline || isspace((unsigned char)s[-1])) &&
		    list_has(s + strlen(option), name))
			return true;
	return false;
}

static void deny(struct module *module, enum module_denial denial, const char *name)
{
	module->denial = denial;
	snprintf(module->denied, sizeof(module->denied), "%s", name);
}

/* The rest of @line behind "@keyword @name", without blanks around it; NULL: it says otherwise. */
static const char *directive(const char *line, const char *keyword, const char *name)
{
	size_t n = strlen(keyword);

	line += strspn(line, " \t");
	if (strncmp(line, keyword, n) || !isblank((unsigned char)line[n]))
		return NULL;
	line += n + strspn(line + n, " \t");
	n = strcspn(line, " \t\n");
	if (n != strlen(name) || !same_name(line, name, n))
		return NULL;
	return line + n + strspn(line + n, " \t");
}

/* Looks for "@keyword @name" in the file @path: the text behind it, owned by the caller. */
static char *file_directive(const struct sysfs *fs, const char *path, const char *keyword,
			    const char *name)
{
	_cleanup_free_ char *text = NULL;

	if (sysfs_read(fs, path, &text, NULL))
		return NULL;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *rest;

		line += *line == '\n';
		rest = directive(line, keyword, name);
		if (rest)
			return strndup(rest, strcspn(rest, "\n"));
		if (!*line)
			break;
	}
	return NULL;
}

static DIR *open_directory(const struct sysfs *fs, const char *path)
{
	int fd = sysfs_open_directory(fs, path);

	return fd < 0 ? NULL : sysfs_list(fd);
}

/* Whether a directory before @directory has a file @file. */
static bool is_hidden(const struct sysfs *fs, size_t directory, const char *file)
{
	char path[512];

	for (size_t i = 0; i < directory; i++) {
		snprintf(path, sizeof(path), "%s/%s", config_directories[i], file);
		if (sysfs_has(fs, path))
			return true;
	}
	return false;
}

/*
 * The text behind "@keyword @name" in modprobe's configuration, and the file
 * in @where, both owned by the caller; NULL: it is not there.
 */
static char *config_directive(const struct sysfs *fs, const char *keyword, const char *name,
			      char **where)
{
	for (size_t i = 0; i < NCONFIG; i++) {
		_cleanup_closedir_ DIR *dir = open_directory(fs, config_directories[i]);
		const struct dirent *entry;

		while (dir && (entry = sysfs_next(dir))) {
			const char *dot = strrchr(entry->d_name, '.');
			char path[512];
			char *rest;

			if (!dot || strcmp(dot, ".conf") || is_hidden(fs, i, entry->d_name))
				continue;
			snprintf(path, sizeof(path), "%s/%s", config_directories[i], entry->d_name);
			rest = file_directive(fs, path, keyword, name);
			if (rest) {
				*where = strdup(path);
				return rest;
			}
		}
	}
	return NULL;
}

/* Commands of an "install" line by which admins say "never". */
static bool is_refusal(const char *command)
{
	static const char *const refusals[] = {
		"/bin/false",	 "/usr/bin/false", "false", "/bin/true",
		"/usr/bin/true", "true",	   ":",	    "/dev/null",
	};
	size_t length = strcspn(command, " \t\n");

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strlen(refusals[i]) == length && !strncmp(command, refusals[i], length))
			return true;
	return false;
}

static void deny_install(const struct sysfs *fs, struct module *module, const char *name,
			 const char *command)
{
	if (module->denial || !command || !is_refusal(command))
		return;
	deny(module, DENIAL_INSTALL, name);
	module->install = strdup(command);
	free(config_directive(fs, "install", name, &module->where));
}

static void deny_blacklist(const struct sysfs *fs, struct module *module, const char *name)
{
	deny(module, DENIAL_BLACKLIST, name);
	free(config_directive(fs, "blacklist", name, &module->where));
}

/* What the kernel itself refuses, whatever modprobe is told. */
static void ask_kernel(const struct sysfs *fs, const char *name, struct module *module)
{
	_cleanup_free_ char *cmdline = NULL;
	uint64_t disabled;

	if (!sysfs_read(fs, "/proc/cmdline", &cmdline, NULL)) {
		if (command_line_has(cmdline, "module_blacklist=", name))
			deny(module, DENIAL_COMMAND_LINE, name);
		else if (command_line_has(cmdline, "module_blacklist=", NEEDED))
			deny(module, DENIAL_COMMAND_LINE, NEEDED);
	}
	if (!module->denial && module->state == MODULE_UNKNOWN &&
	    !sysfs_read_u64(fs, "/proc/sys/kernel/modules_disabled", &disabled) && disabled)
		deny(module, DENIAL_DISABLED, name);
}

static bool initstate_is(const char *text, const char *state)
{
	return !strncmp(text, state, strlen(state));
}

/* What /sys/module says: a module that is built in has no "initstate" there, or no directory. */
static void ask_sysfs(const struct sysfs *fs, const char *name, struct module *module)
{
	_cleanup_free_ char *text = NULL;
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	if (sysfs_read(fs, path, &text, NULL))
		return;
	if (initstate_is(text, "live"))
		module->state = MODULE_LIVE;
	else if (initstate_is(text, "coming"))
		module->state = MODULE_COMING;
	else if (initstate_is(text, "going"))
		module->state = MODULE_GOING;
}

/* The directory @path as a path that does not lead out of a captured tree; *@fd keeps it open. */
static char *directory_path(const struct sysfs *fs, const char *path, int *fd)
{
	char *text;

	*fd = sysfs_open_directory(fs, path);
	if (*fd < 0)
		return NULL;
	return asprintf(&text, "/proc/self/fd/%d", *fd) < 0 ? NULL : text;
}

static void ask_module(struct kmod_ctx *ctx, const struct sysfs *fs, struct kmod_list *list,
		       struct module *module)
{
	struct kmod_module *mod = kmod.kmod_module_get_module(list);
	const char *name = kmod.kmod_module_get_name(mod);
	struct kmod_list *allowed = NULL;

	if (module->state == MODULE_UNKNOWN) {
		if (kmod.kmod_module_get_initstate(mod) == KMOD_MODULE_BUILTIN)
			module->state = MODULE_BUILT_IN;
		else
			module->state = kmod.kmod_module_get_path(mod) ? MODULE_LOADABLE :
									 MODULE_ABSENT;
	}
	deny_install(fs, module, name, kmod.kmod_module_get_install_commands(mod));
	if (!module->denial &&
	    !kmod.kmod_module_apply_filter(ctx, KMOD_FILTER_BLACKLIST, list, &allowed) && !allowed)
		deny_blacklist(fs, module, name);
	kmod.kmod_module_unref_list(allowed);
	kmod.kmod_module_unref(mod);
}

/* Asks libkmod; false: it is not there. */
static bool ask_libkmod(const struct sysfs *fs, const char *directory, const char *name,
			struct module *module)
{
	_cleanup_(error_clear) struct error err = { 0 };
	_cleanup_free_ char *modules = NULL;
	const char *config[NCONFIG + 1] = { 0 };
	char *paths[NCONFIG] = { 0 };
	int fds[NCONFIG], modules_fd;
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	size_t n = 0;

	/* Its library for signatures costs 15 times the instructions of all else at start. */
	if (library_open(&kmod_library, &err))
		return false;
	errno = 0;
	modules = directory_path(fs, directory, &modules_fd);
	for (size_t i = 0; i < NCONFIG; i++) {
		paths[i] = directory_path(fs, config_directories[i], &fds[i]);
		if (paths[i])
			config[n++] = paths[i];
	}
	ctx = modules ? kmod.kmod_new(modules, config) : NULL;
	if (ctx) {
		kmod.kmod_set_log_fn(ctx, log_nothing, NULL);
		if (!kmod.kmod_module_new_from_lookup(ctx, name, &list) && list)
			ask_module(ctx, fs, list, module);
		else if (module->state == MODULE_UNKNOWN)
			module->state = MODULE_ABSENT;
		kmod.kmod_module_unref_list(list);
		kmod.kmod_unref(ctx);
	}
	shortage_note(errno); /* which it says in many ways, or not at all */
	for (size_t i = 0; i < NCONFIG; i++) {
		free(paths[i]);
		cleanup_close(&fds[i]);
	}
	cleanup_close(&modules_fd);
	return true;
}

/* Whether a line of the index @path begins with the path of module @name. */
static bool index_has(const struct sysfs *fs, const char *path, const char *name)
{
	_cleanup_free_ char *text = NULL;
	size_t length = strlen(name);

	if (sysfs_read(fs, path, &text, NULL))
		return false;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *base, *end;

		line += *line == '\n';
		end = line + strcspn(line, ":\n");
		base = memrchr(line, '/', (size_t)(end - line));
		base = base ? base + 1 : line;
		if ((size_t)(end - base) > length && base[length] == '.' &&
		    same_name(base, name, length))
			return true;
	}
	return false;
}

/* The same from the text files that libkmod's indexes are made of. */
static void ask_files(const struct sysfs *fs, const char *directory, const char *name,
		      struct module *module)
{
	_cleanup_free_ char *command = NULL, *blacklist = NULL, *where = NULL;
	char path[256];

	if (module->state == MODULE_UNKNOWN) {
		snprintf(path, sizeof(path), "%s/modules.builtin", directory);
		if (index_has(fs, path, name))
			module->state = MODULE_BUILT_IN;
	}
	if (module->state == MODULE_UNKNOWN) {
		snprintf(path, sizeof(path), "%s/modules.dep", directory);
		module->state = index_has(fs, path, name) ? MODULE_LOADABLE : MODULE_ABSENT;
	}
	command = config_directive(fs, "install", name, &where);
	deny_install(fs, module, name, command);
	if (module->denial)
		return;
	free(where);
	where = NULL;
	blacklist = config_directive(fs, "blacklist", name, &where);
	if (blacklist)
		deny_blacklist(fs, module, name);
}

void module_query(const struct sysfs *fs, const char *release, const char *name,
		  struct module *module)
{
	_cleanup_free_ char *cmdline = NULL, *command = NULL, *where = NULL;
	char directory[128];

	*module = (struct module){ 0 };
	ask_sysfs(fs, name, module);
	ask_kernel(fs, name, module);
	if (*release) {
		snprintf(directory, sizeof(directory), "/lib/modules/%s", release);
		if (sysfs_lookup(fs, directory) == -ENOENT) {
			if (module->state == MODULE_UNKNOWN)
				module->state = MODULE_NO_DIRECTORY;
		} else if (!ask_libkmod(fs, directory, name, module)) {
			module->without_libkmod = true;
			ask_files(fs, directory, name, module);
		}
	}
	/* libkmod reads this host's command line, not that of a captured tree. */
	if (!module->denial && !sysfs_read(fs, "/proc/cmdline", &cmdline, NULL) &&
	    command_line_has(cmdline, "modprobe.blacklist=", name))
		deny_blacklist(fs, module, name);
	if (!module->denial && module->state == MODULE_LOADABLE) {
		command = config_directive(fs, "install", NEEDED, &where);
		deny_install(fs, module, NEEDED, command);
	}
}

void module_clear(struct module *module)
{
	free(module->install);
	free(module->where);
	*module = (struct module){ 0 };
}
