/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel module and what modprobe(8) would do with it, from libkmod, which
 * is loaded when it is first needed, or without it from the files it reads.
 */
#ifndef KVM_HTAB_HOST_MODULE_H
#define KVM_HTAB_HOST_MODULE_H

#include "host/sysfs.h"

enum module_state {
	MODULE_UNKNOWN, /* not loaded, and /lib/modules/RELEASE could not be read */
	MODULE_BUILT_IN,
	MODULE_LIVE,
	MODULE_COMING, /* being loaded */
	MODULE_GOING, /* being unloaded */
	MODULE_LOADABLE,
	MODULE_ABSENT, /* this kernel has no such module */
	MODULE_NO_DIRECTORY, /* there is no /lib/modules/RELEASE */
};

/* What keeps a module from being loaded. */
enum module_denial {
	DENIAL_NONE,
	DENIAL_BLACKLIST, /* "blacklist": not loaded on demand, but by name */
	DENIAL_INSTALL, /* "install": another command runs instead */
	DENIAL_COMMAND_LINE, /* module_blacklist= */
	DENIAL_DISABLED, /* kernel.modules_disabled */
};

struct module {
	enum module_state state;
	enum module_denial denial;
	char denied[32]; /* which module is denied, it or one that it needs */
	char *install; /* the command of DENIAL_INSTALL; owned */
	char *where; /* the file that denies it; owned; NULL: not found */
	bool without_libkmod; /* libkmod could not be loaded */
};

/*
 * Fills @module with what becomes of @name ("kvm_hv") on the kernel @release
 * ("": not known). Never fails. module_clear() frees what it holds.
 */
void module_query(const struct sysfs *fs, const char *release, const char *name,
		  struct module *module);
void module_clear(struct module *module);

#endif /* KVM_HTAB_HOST_MODULE_H */
