/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's command line, word by word, as the kernel reads it. */
#ifndef KVM_HTAB_HOST_CMDLINE_H
#define KVM_HTAB_HOST_CMDLINE_H

#include "host/sysfs.h"

/* A copy of the command line, and the place in it. cmdline_close() frees it. */
struct cmdline {
	char *text, *rest;
};

/* Errors, as an empty command line: it cannot be read. */
struct cmdline cmdline_open(const struct sysfs *fs);
void cmdline_close(struct cmdline *cmdline);

/*
 * The next option in *@name and what follows its "=" in *@value (NULL: none). False: no more; what is
 * after "--" is for init.
 */
bool cmdline_next(struct cmdline *cmdline, const char **name, const char **value);

/* Whether @a and @b are the same option: "-" and "_" are the same. */
bool cmdline_is(const char *a, const char *b);

/* Whether the option @name is there, with any value or none. */
bool cmdline_has(const struct sysfs *fs, const char *name);

#endif /* KVM_HTAB_HOST_CMDLINE_H */
