/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kind of host this is: POWER with hypervisor mode, POWER that is itself
 * a guest, or something else; and which parts of KVM-HV it has.
 */
#ifndef KVM_HTAB_HOST_HOST_H
#define KVM_HTAB_HOST_HOST_H

#include "host/sysfs.h"

enum host_platform {
	HOST_OTHER, /* no POWER */
	HOST_POWERNV, /* POWER, hypervisor mode */
	HOST_PSERIES, /* POWER, itself a guest: nested VMs are radix only */
};

struct host {
	enum host_platform platform;
	bool powervm; /* HOST_PSERIES: a partition (LPAR) of PowerVM, not a guest of KVM */
	bool module_loaded; /* /sys/module/kvm_hv */
	bool patched; /* /sys/kernel/kvm_htab */
	char machine[65]; /* "x86_64"; "unknown" in a captured tree that is no POWER */
};

/* The first CPU and the machine, as /proc/cpuinfo shows them; "" and 0: it does not. */
struct cpu {
	char name[48]; /* "POWER9" */
	char platform[48]; /* "PowerNV" */
	char firmware[16]; /* "OPAL" */
	char mmu[16]; /* "Radix" or "Hash" */
	unsigned int version, revision; /* the halves of the PVR */
};

/* Fills @cpu. Never fails. */
void cpu_read(const struct sysfs *fs, struct cpu *cpu);

/* Fills @host from /proc/cpuinfo, /proc/device-tree and /sys of @fs. Never fails. */
void host_read(const struct sysfs *fs, struct host *host);

/*
 * Whether it can have guests with hashed page tables, as far as this tells.
 * Errors: STATUS_CANNOT with the reason in @err; -EOPNOTSUPP where there is
 * no such thing, -ENODEV while kvm_hv is not loaded.
 */
int host_check(const struct host *host, struct error *err) _must_check_;

/* Says in @err that kvm_hv is not loaded. Returns -ENODEV. */
int host_no_module(struct error *err);

/* Whether the kernel is older than @major.@minor; false: not known. */
bool kernel_is_before(const struct sysfs *fs, unsigned int major, unsigned int minor);

/* The number of KiB behind @key ("MemTotal:") in the text of /proc/meminfo, in bytes. */
bool meminfo_bytes(const char *meminfo, const char *key, uint64_t *bytes);

/*
 * What reverse maps can be made of, of the text of /proc/meminfo: what is free in CMA areas counts
 * as available there, but is for pages that can be moved.
 */
bool meminfo_available(const char *meminfo, uint64_t *bytes);

/* "PowerNV", "pSeries" or "other", as JSON says it. */
const char *host_platform_name(enum host_platform platform);

#endif /* KVM_HTAB_HOST_HOST_H */
