// SPDX-License-Identifier: GPL-2.0-only
/* Whether hash-MMU guests can run on the CPUs of this host. */
#include "host/guests.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/text.h"

/* PVR versions of CPUs that KVM-HV supports. */
#define PVR_POWER7 0x3f
#define PVR_POWER7P 0x4a
#define PVR_POWER8 0x4d /* and POWER8E and POWER8NVL before it */
#define PVR_POWER9 0x4e

#define POWER8_THREADS 8
#define POWER9_THREADS 4

bool cpu_has_strict_threads(const struct cpu *cpu)
{
	return cpu->version == PVR_POWER7 ||
	       (cpu->version >= PVR_POWER7P && cpu->version <= PVR_POWER8);
}

bool cpu_has_common_mmu(const struct cpu *cpu)
{
	unsigned int kind = cpu->revision & 0xe000, level = cpu->revision & 0xfff;

	return cpu->version == PVR_POWER9 &&
	       ((kind == 0 && level < 0x202) || (kind == 0x2000 && level < 0x101));
}

char guests_threads_mode(const struct sysfs *fs)
{
	_cleanup_free_ char *mode = NULL;

	if (sysfs_read(fs, "/sys/module/kvm_hv/parameters/indep_threads_mode", &mode, NULL))
		return 0;
	return *mode;
}

/* Linux 4.15 is the first with both MMUs on one host. RHEL 7 has that in its 4.14 for POWER9. */
static bool kernel_mixes_mmus(const struct sysfs *fs)
{
	_cleanup_free_ char *release = NULL;

	return !kernel_is_before(fs, 4, 15) ||
	       (!sysfs_read(fs, "/proc/sys/kernel/osrelease", &release, NULL) &&
		strstr(release, ".el7"));
}

/* What KVM-HV itself answers; true if it cannot be asked. Opening the device might load a module. */
static bool kernel_agrees(const struct sysfs *fs)
{
	_cleanup_close_ int kvm = -1;

	if (fs->captured || !sysfs_has(fs, "/sys/module/kvm_hv"))
		return true;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return kvm < 0 || ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_ALLOC_HTAB) <= 0 ||
	       ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_MMU_HASH_V3) > 0;
}

/*
 * KVM-HV's own rule, kvmppc_hash_v3_possible(), for those who may not open the device: with a common MMU all threads of a core must use the
 * same one. KVM refuses there since Linux 5.14, and QEMU then offers its guests radix only. Before,
 * KVM allows it on every POWER9, but vCPUs end with EBUSY unless cores run one guest at a time.
 */
bool guests_mix_mmus(const struct sysfs *fs, const struct cpu *cpu)
{
	char mode = guests_threads_mode(fs);

	if (mode)
		return mode == 'N' || (!cpu_has_common_mmu(cpu) && kernel_agrees(fs));
	return kernel_mixes_mmus(fs) && !cpu_has_common_mmu(cpu) && kernel_agrees(fs);
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
static int is_secondary(const struct sysfs *fs, uint64_t cpu, uint64_t threads)
{
	_cleanup_free_ char *siblings = NULL;
	uint64_t first, last, start = cpu / threads * threads;
	const char *list;
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
		 (unsigned int)cpu);
	if (sysfs_read(fs, path, &siblings, NULL))
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

/* The list of online CPUs that are not the first thread of their (sub)core of @threads. */
static char *secondaries(const struct sysfs *fs, uint64_t threads)
{
	_cleanup_free_ char *online = NULL;
	const char *list;
	uint64_t first, last, start = 0, end = 0; /* the current range: [start, end) */
	char *text;
	int r = 0;

	if (sysfs_read(fs, "/sys/devices/system/cpu/online", &online, NULL))
		return NULL;
	text = strdup("");
	for (list = online; r >= 0 && next_range(&list, &first, &last);)
		for (uint64_t cpu = first; r >= 0 && cpu <= last; cpu++) {
			r = is_secondary(fs, cpu, threads);
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

bool guests_need_single_threads(const struct sysfs *fs, const struct cpu *cpu)
{
	return cpu_has_strict_threads(cpu) || guests_threads_mode(fs) == 'N';
}

char *guests_secondaries(const struct sysfs *fs, const struct cpu *cpu)
{
	uint64_t parts = 1;

	if (sysfs_read_u64(fs, "/sys/devices/system/cpu/subcores_per_core", &parts) ||
	    (parts != 2 && parts != 4))
		parts = 1;
	return secondaries(fs,
			   (cpu_has_strict_threads(cpu) ? POWER8_THREADS : POWER9_THREADS) / parts);
}

enum obstacle guests_obstacle(const struct sysfs *fs, const struct host *host)
{
	_cleanup_free_ char *online = NULL;

	if (!strcmp(host->cpu.mmu, "Radix") && !guests_mix_mmus(fs, &host->cpu))
		return OBSTACLE_MMU;
	if (!guests_need_single_threads(fs, &host->cpu))
		return OBSTACLE_NONE;
	online = guests_secondaries(fs, &host->cpu);
	return online && *online ? OBSTACLE_THREADS : OBSTACLE_NONE;
}
