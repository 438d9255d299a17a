// SPDX-License-Identifier: GPL-2.0-only
/* CPU, firmware, MMU and threads. */
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "doctor/doctor.h"
#include "lib/text.h"

/* PVR versions of CPUs that KVM-HV supports. */
#define PVR_POWER7 0x3f
#define PVR_POWER7P 0x4a
#define PVR_POWER8E 0x4b
#define PVR_POWER8NVL 0x4c
#define PVR_POWER8 0x4d
#define PVR_POWER9 0x4e

#define POWER8_THREADS 8

/* Whether all threads of a core run the same guest: POWER8 and earlier. */
static bool has_strict_threads(const struct cpu *cpu)
{
	return cpu->version == PVR_POWER7 ||
	       (cpu->version >= PVR_POWER7P && cpu->version <= PVR_POWER8);
}

/* POWER4 to POWER6 and the PowerPC 970. */
static bool is_too_old(const struct cpu *cpu)
{
	return cpu->version >= 0x33 && cpu->version <= 0x45 && cpu->version != PVR_POWER7;
}

void doctor_cpu(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;

	cpu_read(doctor->fs, &doctor->cpu);
	if (doctor->host->platform == HOST_OTHER) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED, "not POWER (%s)", doctor->host->machine);
		item_advise(item, "KVM-HV requires POWER: use a POWER host");
		return;
	}
	if (!cpu->version) {
		item_set(item, ITEM_UNKNOWN, "not in /proc/cpuinfo");
		return;
	}
	doctor->no_hpt = is_too_old(cpu);
	item_set(item, doctor->no_hpt ? ITEM_FAILED : ITEM_OK, "%s (PVR %04x %04x)", cpu->name,
		 cpu->version, cpu->revision);
	if (doctor->no_hpt)
		item_advise(item, "KVM-HV requires POWER7 or later: use a newer host");
}

void doctor_firmware(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;

	if (doctor->host->platform == HOST_PSERIES) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED,
			 "this host is itself a guest (pSeries): its KVM-HV guests use the radix "
			 "MMU only");
		item_advise(item,
			    "start guests with a hashed page table on the host below this one");
	} else if (!strcmp(cpu->platform, "PowerNV")) {
		const char *firmware = cpu->firmware;

		if (!*firmware && sysfs_has(doctor->fs, "/sys/firmware/opal"))
			firmware = "OPAL";
		item_set(item, ITEM_OK, "hypervisor mode (PowerNV%s%s)", *firmware ? ", " : "",
			 firmware);
	} else if (*cpu->platform) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED, "platform %s, without hypervisor mode", cpu->platform);
		item_advise(item, "KVM-HV requires a PowerNV host");
	} else {
		item_set(item, ITEM_UNKNOWN, "the platform is not in /proc/cpuinfo");
	}
}

/*
 * Whether guests may use the hash MMU on a radix host. KVM refuses that on POWER9 before DD2.2
 * (Cumulus: 1.1), where all threads of a core must use the same MMU mode.
 */
static bool radix_host_has_hash(const struct doctor *doctor)
{
	unsigned int revision = doctor->cpu.revision;

	if (doctor->kvm >= 0)
		return ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_HASH_V3) > 0;
	if (doctor->cpu.version != PVR_POWER9)
		return true;
	return !((revision & 0xe000) == 0 && (revision & 0xfff) < 0x202) &&
	       !((revision & 0xe000) == 0x2000 && (revision & 0xfff) < 0x101);
}

void doctor_mmu(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;

	if (!strcmp(cpu->mmu, "Hash")) {
		item_set(item, ITEM_OK, "hash");
	} else if (strcmp(cpu->mmu, "Radix")) {
		item_set(item, ITEM_UNKNOWN, "the MMU is not in /proc/cpuinfo");
	} else if (radix_host_has_hash(doctor)) {
		item_set(item, ITEM_OK, "radix; can run hash-MMU guests, too");
	} else {
		item_set(item, ITEM_FAILED,
			 "this CPU (%s, PVR %04x %04x) cannot run hash-MMU guests while the host "
			 "uses radix",
			 cpu->name, cpu->version, cpu->revision);
		item_advise_boot(doctor, item, "disable_radix");
	}
}

/* Larger numbers are invalid: NR_CPUS is 8192 at most. */
#define CPUS_MAX 65536

/* Parses the next range of a list such as "0-3,8". False: the end, or invalid. */
static bool next_range(const char **list, uint64_t *first, uint64_t *last)
{
	*list += strspn(*list, ",\n");
	if (scan_u64(list, first))
		return false;
	*last = *first;
	if (**list == '-') {
		(*list)++;
		if (scan_u64(list, last) || *last < *first)
			return false;
	}
	return *last < CPUS_MAX;
}

/* Whether a thread before @cpu in its (sub)core is online; -ENOENT: unknown. */
static int is_secondary(const struct doctor *doctor, uint64_t cpu, uint64_t threads)
{
	_cleanup_free_ char *siblings = NULL;
	uint64_t first, last, start = cpu / threads * threads;
	const char *list;
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
		 (unsigned int)cpu);
	if (sysfs_read(doctor->fs, path, &siblings, NULL))
		return -ENOENT;
	list = siblings;
	while (next_range(&list, &first, &last))
		if (start < cpu && first < cpu && last >= start)
			return 1;
	return 0;
}

/* Appends the range [@start, @end) to the list *@text, unless it is empty. */
static void add_range(char **text, uint64_t start, uint64_t end)
{
	if (start == end)
		return;
	text_add(text, "%s%u", *text && **text ? "," : "", (unsigned int)start);
	if (end - start > 1)
		text_add(text, "-%u", (unsigned int)end - 1);
}

/*
 * The list of online CPUs that are not the first thread of their (sub)core of @threads. The caller
 * frees it; NULL: unknown.
 */
static char *secondaries(const struct doctor *doctor, uint64_t threads)
{
	_cleanup_free_ char *online = NULL;
	const char *list;
	uint64_t first, last, start = 0, end = 0; /* the current range: [start, end) */
	char *text;
	int r = 0;

	if (sysfs_read(doctor->fs, "/sys/devices/system/cpu/online", &online, NULL))
		return NULL;
	text = strdup("");
	for (list = online; r >= 0 && next_range(&list, &first, &last);)
		for (uint64_t cpu = first; r >= 0 && cpu <= last; cpu++) {
			r = is_secondary(doctor, cpu, threads);
			if (r <= 0)
				continue;
			if (end != cpu) {
				add_range(&text, start, end);
				start = cpu;
			}
			end = cpu + 1;
		}
	add_range(&text, start, end);
	if (!*list && r >= 0)
		return text;
	free(text);
	return NULL;
}

/* Whether secondary threads must be offline: POWER8, and POWER9 in a mode before Linux 5.14. */
static bool needs_single_threads(const struct doctor *doctor)
{
	_cleanup_free_ char *mode = NULL;

	if (has_strict_threads(&doctor->cpu))
		return true;
	return !sysfs_read(doctor->fs, "/sys/module/kvm_hv/parameters/indep_threads_mode", &mode,
			   NULL) &&
	       *mode == 'N';
}

void doctor_threads(struct doctor *doctor, struct item *item)
{
	_cleanup_free_ char *online = NULL;
	uint64_t parts = 1;

	if (!needs_single_threads(doctor)) {
		item_set(item, doctor->cpu.version ? ITEM_OK : ITEM_UNKNOWN, "%s",
			 doctor->cpu.version ? "independent of each other" :
					       "the CPU is not in /proc/cpuinfo");
		return;
	}
	if (sysfs_read_u64(doctor->fs, "/sys/devices/system/cpu/subcores_per_core", &parts) ||
	    parts < 1 || parts > POWER8_THREADS)
		parts = 1;
	online = secondaries(doctor, POWER8_THREADS / parts);
	if (!online) {
		item_set(item, ITEM_UNKNOWN, "cannot read /sys/devices/system/cpu");
	} else if (!*online) {
		item_set(item, ITEM_OK,
			 "only the first of each core is online, as KVM-HV requires");
	} else {
		item_set(item, ITEM_FAILED,
			 "secondary threads are online (CPUs %s): vCPUs cannot run (EBUSY)",
			 online);
		item_advise(item, "take them offline; KVM-HV can still use them");
		item_set_next(item, "chcpu -d %s", online);
	}
}
