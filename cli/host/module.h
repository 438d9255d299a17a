/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel module, and what modprobe(8) would do with it: from libkmod, opened on first use, else
 * from the files that libkmod reads.
 */
#ifndef KVM_HTAB_HOST_MODULE_H
#define KVM_HTAB_HOST_MODULE_H

#include "host/sysfs.h"

enum module_state {
	MODULE_UNKNOWN, /* not loaded, and the release is unknown */
	MODULE_BUILT_IN,
	MODULE_LIVE,
	MODULE_COMING, /* being loaded */
	MODULE_GOING, /* being unloaded */
	MODULE_LOADABLE,
	MODULE_ABSENT, /* not in this kernel */
	MODULE_NO_DIRECTORY, /* /lib/modules/RELEASE does not exist */
};

/* Why a module cannot be loaded. */
enum module_denial {
	DENIAL_NONE,
	DENIAL_BLACKLIST, /* "blacklist": loaded by name, but not on demand */
	DENIAL_INSTALL, /* "install": another command runs instead */
	DENIAL_COMMAND_LINE, /* module_blacklist= */
	DENIAL_DISABLED, /* kernel.modules_disabled */
};

struct module {
	enum module_state state;
	enum module_denial denial;
	char denied[32]; /* the denied module: this one or one that it requires */
	char *install; /* the command of DENIAL_INSTALL; owned */
	char *where; /* the file with the denial; owned; NULL: not found */
	bool without_libkmod; /* libkmod could not be loaded */
};

/*
 * Fills @module for the module @name ("kvm_hv") of the kernel @release ("": unknown). Never fails.
 * module_clear() frees its contents.
 */
void module_query(const struct sysfs *fs, const char *release, const char *name,
		  struct module *module);
void module_clear(struct module *module);

/*
 * Where a parameter of the module @name is set: a file of modprobe's configuration, or the kernel's
 * command line. The caller frees it. NULL: nowhere.
 */
char *module_parameter_place(const struct sysfs *fs, const char *name, const char *parameter);

/* The directories of modprobe(8)'s configuration, by number; NULL: there are no more. */
const char *module_config_directory(size_t i);

#endif /* KVM_HTAB_HOST_MODULE_H */
