/* SPDX-License-Identifier: GPL-2.0-only */
/* The distribution of this host, by /etc/os-release and the tools that are there: how it is told to do things. */
#ifndef KVM_HTAB_HOST_DISTRIBUTION_H
#define KVM_HTAB_HOST_DISTRIBUTION_H

#include "host/sysfs.h"

enum distribution_family {
	DISTRIBUTION_OTHER,
	DISTRIBUTION_DEBIAN, /* and Ubuntu */
	DISTRIBUTION_RHEL, /* Fedora, CentOS, AlmaLinux, Rocky */
	DISTRIBUTION_SUSE,
};

struct distribution {
	enum distribution_family family;
	char id[32]; /* "debian"; "": not known */
	unsigned int version; /* the first number of VERSION_ID; 0: not known */
};

/* Never fails: what cannot be read is not known. */
void distribution_read(const struct sysfs *fs, struct distribution *distribution);

/*
 * How to boot with @option, or without it: advice in *@what and the command, if one does it as it
 * stands, in *@command, both owned by the caller; NULL: there is none, or no memory.
 */
void distribution_boot_option(const struct sysfs *fs, const char *option, bool remove, char **what,
			      char **command);

#endif /* KVM_HTAB_HOST_DISTRIBUTION_H */
