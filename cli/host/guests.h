/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the CPUs of this host can run hash-MMU guests: the rules of KVM-HV, in one place. */
#ifndef KVM_HTAB_HOST_GUESTS_H
#define KVM_HTAB_HOST_GUESTS_H

#include "host/host.h"

/* Why vCPUs of hash-MMU guests cannot run. */
enum obstacle {
	OBSTACLE_NONE, /* or not known */
	OBSTACLE_MMU, /* the host uses radix, and its kernel and CPU cannot have both */
	OBSTACLE_THREADS, /* secondary threads are online */
};

/* The first obstacle on @host, which supports hash-MMU guests as host_check() tells. Never fails. */
enum obstacle guests_obstacle(const struct sysfs *fs, const struct host *host);

/* Whether all threads of a core run the same guest, and radix does not exist: POWER8 and earlier. */
bool cpu_has_strict_threads(const struct cpu *cpu);

/* POWER9 before DD2.2 (Cumulus: before 1.1), whose threads cannot differ in their MMU. */
bool cpu_has_common_mmu(const struct cpu *cpu);

/* kvm_hv.indep_threads_mode, which kernels before 5.14 have: 'Y', 'N' or, of later ones, 0. */
char guests_threads_mode(const struct sysfs *fs);

/* Whether a radix host of this CPU runs hash-MMU guests. */
bool guests_mix_mmus(const struct sysfs *fs, const struct cpu *cpu);

/* Whether secondary threads must be offline: POWER8, and POWER9 in a mode before Linux 5.14. */
bool guests_need_single_threads(const struct sysfs *fs, const struct cpu *cpu);

/*
 * The list of online CPUs that are not the first thread of their (sub)core, where that matters. The
 * caller frees it; NULL: unknown.
 */
char *guests_secondaries(const struct sysfs *fs, const struct cpu *cpu);

#endif /* KVM_HTAB_HOST_GUESTS_H */
