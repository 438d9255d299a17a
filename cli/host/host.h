/* SPDX-License-Identifier: GPL-2.0-only */
/* The kind of this host, and the parts of KVM-HV that it has. */
#ifndef KVM_HTAB_HOST_HOST_H
#define KVM_HTAB_HOST_HOST_H

#include "host/sysfs.h"

enum host_platform {
	HOST_OTHER, /* not POWER */
	HOST_POWERNV, /* POWER in hypervisor mode */
	HOST_PSERIES, /* POWER, itself a guest: its VMs are nested and use radix */
};

/* The first CPU and the machine in /proc/cpuinfo; "" and 0: unknown. */
struct cpu {
	char name[48]; /* "POWER9" */
	char platform[48]; /* "PowerNV" */
	char firmware[16]; /* "OPAL" */
	char mmu[16]; /* "Radix" or "Hash" */
	unsigned int version, revision; /* the halves of the PVR */
};

struct host {
	enum host_platform platform;
	bool powervm; /* HOST_PSERIES: a partition (LPAR) of PowerVM, not a guest of KVM */
	bool no_hv; /* HOST_POWERNV, but a CPU or platform without hypervisor mode */
	bool module_loaded; /* /sys/module/kvm_hv */
	bool patched; /* /sys/kernel/kvm_htab */
	bool captured; /* a captured tree, not this host */
	const struct error *denied; /* why the above may be wrong; borrowed; NULL: it is not */
	char machine[65]; /* "x86_64"; "unknown" in a captured tree */
	struct cpu cpu;
};

/* POWER4 to POWER6 and the PowerPC 970. */
bool cpu_is_too_old(const struct cpu *cpu);

/* Fills @host from /proc/cpuinfo, /proc/device-tree and /sys, and borrows fs->fault. Never fails. */
void host_read(const struct sysfs *fs, struct host *host);

/*
 * Checks whether @host supports guests with hashed page tables. Errors: STATUS_CANNOT,
 * -EOPNOTSUPP: not supported; -ENODEV: kvm_hv is not loaded. STATUS_FAILED, -EACCES: what would
 * tell could not be read.
 */
int host_check(const struct host *host, struct error *err) _must_check_;

/* Sets @err: kvm_hv is not loaded. Returns -ENODEV. */
int host_no_module(struct error *err);

/* Whether the kernel is older than @major.@minor; false: not known. */
bool kernel_is_before(const struct sysfs *fs, unsigned int major, unsigned int minor);

/* The value of @key ("MemTotal:") in the text of /proc/meminfo, in bytes. False: not found. */
bool meminfo_bytes(const char *meminfo, const char *key, uint64_t *bytes);

/*
 * The memory available for reverse maps, in bytes, from the text of /proc/meminfo: MemAvailable
 * without CmaFree, which only movable pages can use. False: not found.
 */
bool meminfo_available(const char *meminfo, uint64_t *bytes);

/* "PowerNV", "pSeries" or "other". */
const char *host_platform_name(enum host_platform platform);

#endif /* KVM_HTAB_HOST_HOST_H */
