// SPDX-License-Identifier: GPL-2.0-only
/* CPU, firmware, MMU and threads. */
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "doctor/doctor.h"

/* Versions in the PVR of CPUs with a hypervisor mode that KVM-HV uses. */
#define PVR_POWER7 0x3f
#define PVR_POWER7P 0x4a
#define PVR_POWER8E 0x4b
#define PVR_POWER8NVL 0x4c
#define PVR_POWER8 0x4d
#define PVR_POWER9 0x4e

#define POWER8_THREADS 8

/* Threads of a core run the same guest: POWER8 and before. */
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
		item_advise(item, "KVM-HV and its hashed page tables exist on POWER only: use a "
				  "POWER host");
		return;
	}
	if (!cpu->version) {
		item_set(item, ITEM_UNKNOWN, "/proc/cpuinfo does not tell");
	} else if (is_too_old(cpu)) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED, "%s (PVR %04x %04x)", cpu->name, cpu->version,
			 cpu->revision);
		item_advise(item, "KVM-HV needs POWER7 or later: use a later host");
	} else {
		item_set(item, ITEM_OK, "%s (PVR %04x %04x)", cpu->name, cpu->version,
			 cpu->revision);
	}
}

void doctor_firmware(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;

	if (doctor->host->platform == HOST_PSERIES) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED,
			 "this host is itself a guest (pSeries): KVM-HV guests inside it are "
			 "nested and use the radix MMU only");
		item_advise(item, "start guests with a hashed page table on the host below this "
				  "one, in hypervisor mode");
	} else if (!strcmp(cpu->platform, "PowerNV")) {
		const char *firmware = cpu->firmware;

		if (!*firmware && sysfs_has(doctor->fs, "/sys/firmware/opal"))
			firmware = "OPAL";
		item_set(item, ITEM_OK, "hypervisor mode (PowerNV%s%s)", *firmware ? ", " : "",
			 firmware);
	} else if (*cpu->platform) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED, "platform %s, without hypervisor mode", cpu->platform);
		item_advise(item, "KVM-HV needs a PowerNV host");
	} else {
		item_set(item, ITEM_UNKNOWN, "/proc/cpuinfo does not tell the platform");
	}
}

/*
 * Whether guests may use the hash MMU on a radix host. KVM says no for
 * POWER9 before DD2.2 (Cumulus: 1.1), whose threads cannot differ in it.
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
		item_set(item, ITEM_UNKNOWN, "/proc/cpuinfo does not tell");
	} else if (radix_host_has_hash(doctor)) {
		item_set(item, ITEM_OK, "radix; runs guests with the hash MMU, too");
	} else {
		item_set(item, ITEM_FAILED,
			 "radix, with a CPU (%s, PVR %04x %04x) that then has no guests with the "
			 "hash MMU (KVM_CAP_PPC_MMU_HASH_V3)",
			 cpu->name, cpu->version, cpu->revision);
		item_advise_boot(doctor, item, "disable_radix");
	}
}

/* More than a kernel is made for (NR_CPUS is 8192 at most): larger numbers are none. */
#define CPUS_MAX 65536

/* The next range of a list as in "0-3,8"; false: no more, or no range. */
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

/* Whether a thread of the same (sub)core before @cpu is online; -ENOENT: not to be seen. */
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

/* Writes the range @first to @last, if it is one, to @f, a comma before all but the first. */
static void print_range(FILE *f, uint64_t first, uint64_t last)
{
	const char *comma = ftell(f) > 0 ? "," : "";

	if (first == last)
		fprintf(f, "%s%u", comma, (unsigned int)first);
	else
		fprintf(f, "%s%u-%u", comma, (unsigned int)first, (unsigned int)last);
}

/*
 * The list of CPUs that are online and not the first thread of their core, or
 * of their part of it, of @threads. The caller frees it; NULL: not to be seen.
 */
static char *secondaries(const struct doctor *doctor, uint64_t threads)
{
	_cleanup_free_ char *online = NULL;
	char *text = NULL;
	const char *list;
	uint64_t first, last, start = 0, end = 0; /* the range that grows: [start, end) */
	size_t size;
	FILE *f;
	int r = 0;

	if (sysfs_read(doctor->fs, "/sys/devices/system/cpu/online", &online, NULL))
		return NULL;
	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	for (list = online; r >= 0 && next_range(&list, &first, &last);)
		for (uint64_t cpu = first; r >= 0 && cpu <= last; cpu++) {
			r = is_secondary(doctor, cpu, threads);
			if (r <= 0)
				continue;
			if (end && end == cpu) {
				end++;
				continue;
			}
			if (end)
				print_range(f, start, end - 1);
			start = cpu;
			end = cpu + 1;
		}
	if (end)
		print_range(f, start, end - 1);
	if (*list)
		r = -EBADMSG;
	if (!fclose(f) && r >= 0)
		return text;
	free(text);
	return NULL;
}

/* Whether threads have to be offline: POWER8, and POWER9 in a mode that kernels had before 5.14. */
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
					       "/proc/cpuinfo does not tell the CPU");
		return;
	}
	if (sysfs_read_u64(doctor->fs, "/sys/devices/system/cpu/subcores_per_core", &parts) ||
	    parts < 1 || parts > POWER8_THREADS)
		parts = 1;
	online = secondaries(doctor, POWER8_THREADS / parts);
	if (!online) {
		item_set(item, ITEM_UNKNOWN, "/sys/devices/system/cpu does not tell");
	} else if (!*online) {
		item_set(item, ITEM_OK,
			 "only the first of each core is online, as KVM-HV needs it");
	} else {
		item_set(item, ITEM_FAILED,
			 "secondary threads are online (CPUs %s): vCPUs then end with EBUSY",
			 online);
		item_advise(item, "take them offline; KVM-HV uses them all the same");
		item_set_next(item, "chcpu -d %s", online);
	}
}
