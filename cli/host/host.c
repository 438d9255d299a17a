// SPDX-License-Identifier: GPL-2.0-only
/* What kind of host this is. */
#include "host/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* Copies the value of the first line "@name : ...", up to a character of @end. */
static bool cpuinfo_value(const char *cpuinfo, const char *name, const char *end, char *value,
			  size_t size)
{
	size_t length = strlen(name);

	for (const char *line = cpuinfo; (line = strstr(line, name)); line += length) {
		const char *s = line + length + strspn(line + length, " \t");

		if (*s != ':' || (line != cpuinfo && line[-1] != '\n'))
			continue;
		s += 1 + strspn(s + 1, " \t");
		snprintf(value, size, "%.*s", (int)strcspn(s, end), s);
		return true;
	}
	return false;
}

/* Whether the device tree is that of a pseries machine. Its strings are NUL-separated. */
static bool device_tree_is_pseries(const struct sysfs *fs)
{
	_cleanup_free_ char *compatible = NULL;
	size_t length;

	return !sysfs_read(fs, "/proc/device-tree/compatible", &compatible, &length) &&
	       memmem(compatible, length, "pseries", strlen("pseries"));
}

/* @cpuinfo: NULL if it cannot be read. */
static enum host_platform platform_of(const struct sysfs *fs, const char *cpuinfo)
{
	char name[8];

	if (device_tree_is_pseries(fs))
		return HOST_PSERIES;
	if (cpuinfo &&
	    cpuinfo_value(cpuinfo, "platform", "\n", name, sizeof(name))) /* POWER only */
		return strcmp(name, "pSeries") ? HOST_POWERNV : HOST_PSERIES;
#ifdef __powerpc64__
	if (!fs->captured)
		return HOST_POWERNV;
#endif
	return HOST_OTHER;
}

static void read_cpu(const char *cpuinfo, struct cpu *cpu)
{
	char revision[64] = "";
	const char *pvr;

	cpuinfo_value(cpuinfo, "cpu", ",\n", cpu->name, sizeof(cpu->name));
	cpuinfo_value(cpuinfo, "platform", "\n", cpu->platform, sizeof(cpu->platform));
	cpuinfo_value(cpuinfo, "firmware", "\n", cpu->firmware, sizeof(cpu->firmware));
	cpuinfo_value(cpuinfo, "MMU", "\n", cpu->mmu, sizeof(cpu->mmu));
	cpuinfo_value(cpuinfo, "revision", "\n", revision, sizeof(revision));
	pvr = strstr(revision, "(pvr ");
	if (!pvr || sscanf(pvr, "(pvr %4x %4x)", &cpu->version, &cpu->revision) != 2)
		cpu->version = cpu->revision = 0;
}

/* A pseries machine that is not QEMU's is a partition of PowerVM. */
static bool is_powervm(const struct sysfs *fs, const char *cpuinfo)
{
	_cleanup_free_ char *compatible = NULL;
	char model[64] = "";
	size_t length;

	if (!sysfs_read(fs, "/proc/device-tree/compatible", &compatible, &length))
		return !memmem(compatible, length, "qemu", strlen("qemu")) &&
		       memmem(compatible, length, "IBM,", strlen("IBM,"));
	return cpuinfo && cpuinfo_value(cpuinfo, "model", "\n", model, sizeof(model)) &&
	       !strncmp(model, "IBM,", strlen("IBM,"));
}

#define PVR_POWER7 0x3f

bool cpu_is_too_old(const struct cpu *cpu)
{
	return cpu->version >= 0x33 && cpu->version <= 0x45 && cpu->version != PVR_POWER7;
}

void host_read(const struct sysfs *fs, struct host *host)
{
	_cleanup_free_ char *cpuinfo = NULL;
	struct utsname uts;

	(void)!sysfs_read(fs, "/proc/cpuinfo", &cpuinfo, NULL);
	*host = (struct host){ .platform = platform_of(fs, cpuinfo),
			       .captured = fs->captured,
			       .machine = "unknown" };
	if (cpuinfo)
		read_cpu(cpuinfo, &host->cpu);
	host->powervm = host->platform == HOST_PSERIES && is_powervm(fs, cpuinfo);
	host->no_hv = host->platform == HOST_POWERNV &&
		      (cpu_is_too_old(&host->cpu) ||
		       (*host->cpu.platform && strcmp(host->cpu.platform, "PowerNV") != 0));
	host->module_loaded = sysfs_has(fs, "/sys/module/kvm_hv");
	host->patched = sysfs_has(fs, "/sys/kernel/kvm_htab");
	if (!fs->captured && !uname(&uts))
		snprintf(host->machine, sizeof(host->machine), "%s", uts.machine);
	host->denied = fs->fault && fs->fault->code == EACCES ? fs->fault : NULL;
}

int host_no_module(struct error *err)
{
	return error_set(
		err, STATUS_CANNOT, ENODEV,
		"KVM-HV is not present: the module kvm_hv is not loaded (`modprobe kvm_hv`)");
}

/* A host that is itself a guest. */
static int radix_only(const struct host *host, struct error *err)
{
	if (host->powervm)
		return error_set(err, STATUS_CANNOT, EOPNOTSUPP,
				 "this host is a partition (LPAR) of PowerVM: its KVM guests use "
				 "the radix MMU and need no hashed page table");
	return error_set(err, STATUS_CANNOT, EOPNOTSUPP,
			 "this host is itself a guest (pSeries): its KVM-HV guests use the radix "
			 "MMU only; run kvm-htab on the host below it");
}

int host_check(const struct host *host, struct error *err)
{
	if (host->denied && (host->platform == HOST_OTHER || !host->module_loaded))
		return error_set(err, STATUS_FAILED, EACCES, "%s",
				 host->denied->message ?: strerror(EACCES));
	if (host->platform == HOST_OTHER)
		return error_set(
			err, STATUS_CANNOT, EOPNOTSUPP,
			"this host is not POWER (%s): KVM-HV, its hashed page tables and their "
			"pool exist on POWER only",
			host->machine);
	if (host->platform == HOST_PSERIES)
		return radix_only(host, err);
	if (host->no_hv)
		return error_set(err, STATUS_CANNOT, EOPNOTSUPP,
				 "this host (%s, %s) has no hypervisor mode for KVM-HV, which "
				 "requires POWER7 or later and PowerNV",
				 *host->cpu.name ? host->cpu.name : "CPU unknown",
				 *host->cpu.platform ? host->cpu.platform : "platform unknown");
	if (!host->module_loaded && !host->patched)
		return host_no_module(err);
	return 0;
}

bool kernel_is_before(const struct sysfs *fs, unsigned int major, unsigned int minor)
{
	_cleanup_free_ char *release = NULL;
	unsigned int x, y;

	if (sysfs_read(fs, "/proc/sys/kernel/osrelease", &release, NULL) ||
	    sscanf(release, "%u.%u", &x, &y) != 2)
		return false;
	return x < major || (x == major && y < minor);
}

bool meminfo_bytes(const char *meminfo, const char *key, uint64_t *bytes)
{
	uint64_t kib;

	if (find_u64(meminfo, key, &kib) || kib > UINT64_MAX >> 10)
		return false;
	*bytes = kib << 10;
	return true;
}

bool meminfo_available(const char *meminfo, uint64_t *bytes)
{
	uint64_t cma_free_bytes;

	if (!meminfo_bytes(meminfo, "MemAvailable:", bytes))
		return false;
	if (meminfo_bytes(meminfo, "CmaFree:",
			  &cma_free_bytes)) /* may be more: a reserve is not available */
		*bytes -= cma_free_bytes < *bytes ? cma_free_bytes : *bytes;
	return true;
}

const char *host_platform_name(enum host_platform platform)
{
	static const char *const names[] = {
		[HOST_OTHER] = "other",
		[HOST_POWERNV] = "PowerNV",
		[HOST_PSERIES] = "pSeries",
	};

	return names[platform];
}
