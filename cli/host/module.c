// SPDX-License-Identifier: GPL-2.0-only
/* Whether a kernel module exists, is loaded and may be loaded. */
#include "host/module.h"

#include <ctype.h>
#include <dirent.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/library.h"

/* The configuration of modprobe(8). A file hides files of the same name in later directories. */
static const char *const config_directories[] = {
	"/etc/modprobe.d",     "/run/modprobe.d", "/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d", "/lib/modprobe.d",
};

#define NCONFIG (sizeof(config_directories) / sizeof(config_directories[0]))

const char *module_config_directory(size_t i)
{
	return i < NCONFIG ? config_directories[i] : NULL;
}

/* The module that KVM-HV and KVM-PR require. */
#define NEEDED "kvm"

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

/* In names of modules, "-" and "_" are the same. */
static bool same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

/* Whether the comma-separated @list, which ends at a blank, contains @name. */
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

/* Whether an option @option ("name=") on the kernel's command line lists @name. */
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

/* The rest of @line after "@keyword @name" and blanks; NULL: another line. */
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

/* Whether @text begins with @parameter, alone or with a value. */
static bool is_parameter(const char *text, const char *parameter)
{
	size_t n = strcspn(text, "= \t\n");

	return n == strlen(parameter) && !strncmp(text, parameter, n);
}

/* Whether @text, up to the end of the line, sets @parameter; NULL: it need not set any. */
static bool sets_parameter(const char *text, const char *parameter)
{
	if (!parameter)
		return true;
	while (*text && *text != '\n') {
		if (is_parameter(text, parameter))
			return true;
		text += strcspn(text, " \t\n");
		text += strspn(text, " \t");
	}
	return false;
}

/*
 * The text after "@keyword @name" in the file @path, on the first such line that sets @parameter.
 * The caller frees it; NULL: not found.
 */
static char *file_directive(const struct sysfs *fs, const char *path, const char *keyword,
			    const char *name, const char *parameter)
{
	_cleanup_free_ char *text = NULL;

	if (sysfs_read(fs, path, &text, NULL))
		return NULL;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *rest;

		line += *line == '\n';
		rest = directive(line, keyword, name);
		if (rest && sets_parameter(rest, parameter))
			return strndup(rest, strcspn(rest, "\n"));
		if (!*line)
			break;
	}
	return NULL;
}

/* Whether a directory before number @directory contains @file. */
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
 * The text after "@keyword @name" in modprobe's configuration, on a line that sets @parameter
 * unless that is NULL, and in @where, unless it is NULL, the file. The caller frees both. NULL: not
 * found.
 */
static char *config_directive(const struct sysfs *fs, const char *keyword, const char *name,
			      const char *parameter, char **where)
{
	for (size_t i = 0; i < NCONFIG; i++) {
		_cleanup_closedir_ DIR *dir =
			sysfs_list(sysfs_open_directory(fs, config_directories[i]));
		const struct dirent *entry;

		while (dir && (entry = sysfs_next(dir))) {
			const char *dot = strrchr(entry->d_name, '.');
			char path[512];
			char *rest;

			if (!dot || strcmp(dot, ".conf") || is_hidden(fs, i, entry->d_name))
				continue;
			snprintf(path, sizeof(path), "%s/%s", config_directories[i], entry->d_name);
			rest = file_directive(fs, path, keyword, name, parameter);
			if (rest && where)
				*where = strdup(path);
			if (rest)
				return rest;
		}
	}
	return NULL;
}

/* Whether an "install" line with @command prevents loading. */
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
	free(config_directive(fs, "install", name, NULL, &module->where));
}

static void deny_blacklist(const struct sysfs *fs, struct module *module, const char *name)
{
	deny(module, DENIAL_BLACKLIST, name);
	free(config_directive(fs, "blacklist", name, NULL, &module->where));
}

/* What the kernel refuses, whatever the configuration of modprobe. */
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

/* Reads the state in /sys/module, which has none for built-in modules. */
static void ask_sysfs(const struct sysfs *fs, const char *name, struct module *module)
{
	static const char *const names[] = {
		[MODULE_LIVE] = "live",
		[MODULE_COMING] = "coming",
		[MODULE_GOING] = "going",
	};
	_cleanup_free_ char *text = NULL;
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	if (sysfs_read(fs, path, &text, NULL))
		return;
	for (enum module_state state = MODULE_LIVE; state <= MODULE_GOING; state++)
		if (!strncmp(text, names[state], strlen(names[state])))
			module->state = state;
}

/* Opens the directory @path. @text is a path of the result that stays inside a captured tree. */
static int open_for_libkmod(const struct sysfs *fs, const char *path, char text[static 32])
{
	int fd = sysfs_open_directory(fs, path);

	snprintf(text, 32, "/proc/self/fd/%d", fd);
	return fd;
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

/* Asks libkmod; false: cannot be loaded. */
static bool ask_libkmod(const struct sysfs *fs, const char *directory, const char *name,
			struct module *module)
{
	_cleanup_(error_clear) struct error err = { 0 };
	const char *config[NCONFIG + 1] = { 0 };
	char modules[32], paths[NCONFIG][32];
	int fds[NCONFIG], modules_fd;
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	size_t n = 0;

	if (library_open(&kmod_library, &err))
		return false;
	errno = 0;
	modules_fd = open_for_libkmod(fs, directory, modules);
	for (size_t i = 0; i < NCONFIG; i++) {
		fds[i] = open_for_libkmod(fs, config_directories[i], paths[i]);
		if (fds[i] >= 0)
			config[n++] = paths[i];
	}
	ctx = modules_fd >= 0 ? kmod.kmod_new(modules, config) : NULL;
	if (ctx) {
		kmod.kmod_set_log_fn(ctx, log_nothing, NULL);
		if (!kmod.kmod_module_new_from_lookup(ctx, name, &list) && list)
			ask_module(ctx, fs, list, module);
		else if (module->state == MODULE_UNKNOWN)
			module->state = MODULE_ABSENT;
		kmod.kmod_module_unref_list(list);
		kmod.kmod_unref(ctx);
	}
	shortage_note(errno); /* libkmod reports ENOMEM in many ways, or not at all */
	for (size_t i = 0; i < NCONFIG; i++)
		cleanup_close(&fds[i]);
	cleanup_close(&modules_fd);
	return true;
}

/* Whether the text file @file of @directory lists the module @name. */
static bool index_has(const struct sysfs *fs, const char *directory, const char *file,
		      const char *name)
{
	char path[256];
	_cleanup_free_ char *text = NULL;
	size_t length = strlen(name);

	snprintf(path, sizeof(path), "%s/%s", directory, file);
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

/* As ask_libkmod(), from the text files behind libkmod's indexes. */
static void ask_files(const struct sysfs *fs, const char *directory, const char *name,
		      struct module *module)
{
	_cleanup_free_ char *command = config_directive(fs, "install", name, NULL, NULL);
	_cleanup_free_ char *blacklist = config_directive(fs, "blacklist", name, NULL, NULL);

	if (module->state == MODULE_UNKNOWN) {
		if (index_has(fs, directory, "modules.builtin", name))
			module->state = MODULE_BUILT_IN;
		else
			module->state = index_has(fs, directory, "modules.dep", name) ?
						MODULE_LOADABLE :
						MODULE_ABSENT;
	}
	deny_install(fs, module, name, command);
	if (!module->denial && blacklist)
		deny_blacklist(fs, module, name);
}

void module_query(const struct sysfs *fs, const char *release, const char *name,
		  struct module *module)
{
	_cleanup_free_ char *cmdline = NULL, *command = NULL;
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
	/* libkmod reads the command line of this host, not of a captured tree. */
	if ((!module->denial || (module->denial == DENIAL_BLACKLIST && !module->where)) &&
	    !sysfs_read(fs, "/proc/cmdline", &cmdline, NULL) &&
	    command_line_has(cmdline, "modprobe.blacklist=", name)) {
		deny(module, DENIAL_BLACKLIST, name);
		module->where = strdup("modprobe.blacklist= of the kernel's command line");
	}
	if (!module->denial && module->state == MODULE_LOADABLE) {
		command = config_directive(fs, "install", NEEDED, NULL, NULL);
		deny_install(fs, module, NEEDED, command);
	}
}

char *module_parameter_place(const struct sysfs *fs, const char *name, const char *parameter)
{
	_cleanup_free_ char *cmdline = NULL;
	char *where = NULL;

	free(config_directive(fs, "options", name, parameter, &where));
	if (where || sysfs_read(fs, "/proc/cmdline", &cmdline, NULL))
		return where;
	for (const char *word = cmdline; *word; word += strspn(word, " \t\n")) {
		size_t n = strcspn(word, ". \t\n");

		if (n == strlen(name) && same_name(word, name, n) && word[n] == '.' &&
		    is_parameter(word + n + 1, parameter))
			return strdup("the kernel's command line");
		word += strcspn(word, " \t\n");
	}
	return NULL;
}

void module_clear(struct module *module)
{
	free(module->install);
	free(module->where);
	*module = (struct module){ 0 };
}
