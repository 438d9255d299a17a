/* SPDX-License-Identifier: GPL-2.0-only */
/* The modules that are loaded at each boot: systemd-modules-load(8), and /etc/modules. */
#ifndef KVM_HTAB_HOST_BOOT_MODULES_H
#define KVM_HTAB_HOST_BOOT_MODULES_H

#include "host/sysfs.h"

#define BOOT_MODULES_FILE "/etc/modules"

/* The file that lists the module @name. The caller frees it. NULL: none does. */
char *boot_modules_place(const struct sysfs *fs, const char *name);

/* The directories of systemd-modules-load(8), by number; NULL: there are no more. */
const char *boot_modules_directory(size_t i);

#endif /* KVM_HTAB_HOST_BOOT_MODULES_H */
