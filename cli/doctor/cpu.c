// SPDX-License-Identifier: GPL-2.0-only
/* CPU, firmware, MMU and threads. */
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "doctor/doctor.h"
#include "host/distribution.h"
#include "lib/text.h"

/* PVR versions of CPUs that KVM-HV supports. */
#define PVR_POWER7 0x3f
#define PVR_POWER7P 0x4a
#define PVR_POWER8E 0x4b
#define PVR_POWER8NVL 0x4c
#define PVR_POWER8 0x4d
#define PVR_POWER9 0x4e

#define POWER8_THREADS 8
#define POWER9_THREADS 4

/* Whether all threads of a core run the same guest: POWER8 and earlier. */
static bool has_strict_threads(const struct cpu *cpu)
{
	return cpu->version == PVR_POWER7 ||
	       (cpu->version >= PVR_POWER7P && cpu->version <= PVR_POWER8);
}

bool doctor_is_power8(const struct doctor *doctor)
{
	return has_strict_threads(&doctor->cpu);
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

/*
 * KVM in a guest: with kvm_hv its guests use the radix MMU; with kvm_pr, on the hash MMU, they have no
 * table of the host. Neither needs the pool.
 */
static void firmware_pseries(struct doctor *doctor, struct item *item)
{
	const char *what = doctor->host->powervm ? "a partition (LPAR) of PowerVM" :
						   "itself a guest of KVM (pSeries)";

	doctor->no_hpt = true;
	if (doctor->host->module_loaded) {
		item_set(item, ITEM_NONE,
			 "this host is %s: guests that use the radix MMU run here, and need no "
			 "hashed page table",
			 what);
	} else if (sysfs_has(doctor->fs, "/sys/module/kvm_pr")) {
		item_set(item, ITEM_NONE,
			 "this host is %s: guests of KVM-PR (kvm_pr) run here, and need no hashed "
			 "page table of the host",
			 what);
	} else if (doctor->host->powervm) {
		item_set(item, ITEM_FAILED, "this host is %s without KVM", what);
		item_advise(
			item,
			"KVM in a partition needs POWER10, firmware FW1060.10 and the HMC's "
			"setting \"KVM Capable\"; its guests use the radix MMU. For guests with a "
			"hashed page table use a host in hypervisor mode (PowerNV)");
	} else {
		item_set(item, ITEM_FAILED,
			 "this host is %s: KVM-HV guests inside it are nested and use the radix "
			 "MMU only",
			 what);
		item_advise(item, "start guests with a hashed page table on the host below this "
				  "one, in hypervisor mode");
	}
}

void doctor_firmware(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;

	if (doctor->host->platform == HOST_PSERIES) {
		firmware_pseries(doctor, item);
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

/* kvm_hv.indep_threads_mode, which kernels before 5.14 have: 'Y', 'N' or, of later ones, 0. */
static char independent_threads(const struct doctor *doctor)
{
	_cleanup_free_ char *mode = NULL;

	if (sysfs_read(doctor->fs, "/sys/module/kvm_hv/parameters/indep_threads_mode", &mode, NULL))
		return 0;
	return *mode;
}

/* POWER9 before DD2.2 (Cumulus: before 1.1), whose threads cannot differ in their MMU. */
static bool has_common_mmu(const struct cpu *cpu)
{
	unsigned int kind = cpu->revision & 0xe000, level = cpu->revision & 0xfff;

	return cpu->version == PVR_POWER9 &&
	       ((kind == 0 && level < 0x202) || (kind == 0x2000 && level < 0x101));
}

/*
 * Whether guests may use the hash MMU on a radix host. On POWER9 before DD2.2 (Cumulus: 1.1) all
 * threads of a core must use the same MMU mode. KVM refuses there since Linux 5.14; before, it says
 * yes of every POWER9, but vCPUs end with EBUSY unless cores run one guest at a time.
 */
static bool radix_host_has_hash(const struct doctor *doctor)
{
	char mode = independent_threads(doctor);

	if (has_common_mmu(&doctor->cpu) && mode)
		return mode == 'N';
	if (doctor->kvm >= 0)
		return ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_HASH_V3) > 0;
	return !has_common_mmu(&doctor->cpu);
}

void doctor_mmu(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;

	if (!strcmp(cpu->mmu, "Hash")) {
		item_set(item, ITEM_OK, "hash");
	} else if (strcmp(cpu->mmu, "Radix")) {
		item_set(item, ITEM_UNKNOWN, "the MMU is not in /proc/cpuinfo");
	} else if (radix_host_has_hash(doctor)) {
		item_set(item, ITEM_OK, "radix; can run hash-MMU guests, too%s",
			 has_common_mmu(cpu) ? " (kvm_hv.indep_threads_mode=N)" : "");
	} else {
		item_set(item, ITEM_FAILED,
			 "this CPU (%s, PVR %04x %04x) cannot run hash-MMU guests while the host "
			 "uses radix",
			 cpu->name, cpu->version, cpu->revision);
		item_advise_boot(doctor, item, "disable_radix", false);
		if (independent_threads(doctor))
			item_advise(
				item,
				"boot with disable_radix; or load kvm_hv with "
				"indep_threads_mode=N (`options kvm_hv indep_threads_mode=N` in "
				"/etc/modprobe.d) and take all threads but the first of each core "
				"offline");
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
	return has_strict_threads(&doctor->cpu) || independent_threads(doctor) == 'N';
}

/* Whether something takes the threads offline at each boot. */
static bool stays_single(const struct doctor *doctor)
{
	static const char *const units[] = { "smt_off.service", "smtstate.service" };
	static const char *const options[] = { "nosmt", "smt-enabled=off", "smt-enabled=1" };
	_cleanup_free_ char *cmdline = NULL;
	char path[96];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		snprintf(path, sizeof(path), "/etc/systemd/system/multi-user.target.wants/%s",
			 units[i]);
		if (sysfs_has(doctor->fs, path))
			return true;
	}
	if (sysfs_read(doctor->fs, "/proc/cmdline", &cmdline, NULL))
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strstr(cmdline, options[i]))
			return true;
	return false;
}

/* What takes the threads offline at each boot on this distribution. */
static const char *single_at_boot(const struct doctor *doctor)
{
	struct distribution distribution;

	distribution_read(doctor->fs, &distribution);
	switch (distribution.family) {
	case DISTRIBUTION_SUSE:
		return "`systemctl enable smtstate.service` (powerpc-utils)";
	case DISTRIBUTION_DEBIAN:
		return "boot with smt-enabled=off";
	default:
		return "`systemctl enable smt_off.service` (powerpc-utils), or boot with "
		       "smt-enabled=off";
	}
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
	online = secondaries(doctor,
			     (has_strict_threads(&doctor->cpu) ? POWER8_THREADS : POWER9_THREADS) /
				     parts);
	if (!online) {
		item_set(item, ITEM_UNKNOWN, "cannot read /sys/devices/system/cpu");
	} else if (*online) {
		item_set(item, ITEM_FAILED,
			 "secondary threads are online (CPUs %s): vCPUs cannot run (EBUSY)",
			 online);
		item_advise(item,
			    "take them offline, KVM-HV can still use them; for the next boot: %s",
			    single_at_boot(doctor));
		item_set_next(item, "chcpu -d %s", online);
	} else {
		item_set(item, ITEM_OK,
			 "only the first of each core is online, as KVM-HV requires");
		if (!stays_single(doctor))
			item_advise(item, "to keep it so at the next boot: %s",
				    single_at_boot(doctor));
	}
}
