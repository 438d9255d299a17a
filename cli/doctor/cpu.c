// SPDX-License-Identifier: GPL-2.0-only
/* CPU, firmware, MMU and threads. */
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/cmdline.h"
#include "host/distribution.h"
#include "host/guests.h"
#include "lib/text.h"

void doctor_cpu(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->host->cpu;

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
	doctor->no_hpt = cpu_is_too_old(cpu);
	item_set(item, doctor->no_hpt ? ITEM_FAILED : ITEM_OK, "%s (PVR %04x %04x)", cpu->name,
		 cpu->version, cpu->revision);
	if (doctor->no_hpt)
		item_advise(item, "KVM-HV requires POWER7 or later: use a newer host");
}

#define PVR_POWER10 0x80

#define POWERNV_ONLY \
	"only a host in hypervisor mode (PowerNV) has guests with a hashed page table. "
#define PARTITION_NEEDS "firmware FW1060.10 and the HMC's setting \"KVM Capable\""

static void partition_without_kvm(const struct cpu *cpu, const char *what, struct item *item)
{
	item_set(item, ITEM_FAILED, "this host is %s without KVM", what);
	if (cpu->version < PVR_POWER10) {
		item_advise(item, POWERNV_ONLY
			    "For guests that use the radix MMU, a partition needs POWER10 or "
			    "later, " PARTITION_NEEDS);
		return;
	}
	item_advise(item, POWERNV_ONLY
		    "For guests that use the radix MMU load kvm_hv; if there is no such device, "
		    "the partition needs " PARTITION_NEEDS);
	item_set_next(item, "modprobe kvm_hv");
}

#define HOST_BELOW \
	"start guests with a hashed page table on the host below this one, in hypervisor mode"

static void guest_without_kvm(const struct cpu *cpu, const char *what, struct item *item)
{
	if (strcmp(cpu->mmu, "Hash") != 0 && !cpu_has_strict_threads(cpu)) {
		item_set(item, ITEM_FAILED,
			 "this host is %s: KVM-HV guests inside it are nested and use the radix "
			 "MMU only",
			 what);
		item_advise(item, HOST_BELOW
			    "; to have guests that use the radix MMU in here, start this host with "
			    "-machine pseries,cap-nested-hv=on and load kvm_hv");
		return;
	}
	item_set(item, ITEM_FAILED,
		 "this host is %s, on the hash MMU: KVM-HV cannot run inside it, only KVM-PR can",
		 what);
	item_advise(item, HOST_BELOW "; to have guests of KVM-PR in here, load kvm_pr");
	item_set_next(item, "modprobe kvm_pr");
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
		partition_without_kvm(&doctor->host->cpu, what, item);
	} else {
		guest_without_kvm(&doctor->host->cpu, what, item);
	}
}

void doctor_firmware(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->host->cpu;

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

/* Both MMUs at once are beyond the CPU, or beyond the kernel. */
static void mmu_failed(const struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->host->cpu;

	if (cpu_has_common_mmu(cpu))
		item_set(item, ITEM_FAILED,
			 "this CPU (%s, PVR %04x %04x) cannot run hash-MMU guests while the host "
			 "uses radix",
			 cpu->name, cpu->version, cpu->revision);
	else
		item_set(item, ITEM_FAILED,
			 "the kernel (%s) does not run hash-MMU guests while the host uses radix",
			 *doctor->release ? doctor->release : "release unknown");
	item_advise_boot(doctor, item, "disable_radix", false);
	if (guests_threads_mode(doctor->fs))
		item_advise(item,
			    "%s; or load kvm_hv with indep_threads_mode=N (`options kvm_hv "
			    "indep_threads_mode=N` in /etc/modprobe.d) and take all threads but "
			    "the first of each core offline",
			    item->advice ?: "");
}

void doctor_mmu(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->host->cpu;

	/* Kernels before 4.7 do not name the MMU; radix came with POWER9. */
	if (!strcmp(cpu->mmu, "Hash") || (!*cpu->mmu && cpu_has_strict_threads(cpu)))
		item_set(item, ITEM_OK, "hash");
	else if (strcmp(cpu->mmu, "Radix"))
		item_set(item, ITEM_UNKNOWN, "the MMU is not in /proc/cpuinfo");
	else if (guests_mix_mmus(doctor->fs, cpu))
		item_set(item, ITEM_OK, "radix; can run hash-MMU guests, too%s",
			 cpu_has_common_mmu(cpu) ? " (kvm_hv.indep_threads_mode=N)" : "");
	else
		mmu_failed(doctor, item);
}

/* Whether an option of the kernel leaves one thread of each core. POWER knows nosmt since Linux 6.6. */
static bool boots_single(const struct doctor *doctor)
{
	_cleanup_(cmdline_close) struct cmdline cmdline = cmdline_open(doctor->fs);
	const char *name, *value;

	while (cmdline_next(&cmdline, &name, &value)) {
		if (cmdline_is(name, "nosmt") && !kernel_is_before(doctor->fs, 6, 6))
			return true;
		if (cmdline_is(name, "smt-enabled") && value &&
		    (!strcmp(value, "off") || !strcmp(value, "1")))
			return true;
	}
	return false;
}

/* Whether something takes the threads offline at each boot. */
static bool stays_single(const struct doctor *doctor)
{
	static const char *const units[] = { "smt_off.service", "smtstate.service" };
	char path[96];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		snprintf(path, sizeof(path), "/etc/systemd/system/multi-user.target.wants/%s",
			 units[i]);
		if (sysfs_has(doctor->fs, path))
			return true;
	}
	return boots_single(doctor);
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
	case DISTRIBUTION_OTHER: /* which may have neither systemd nor the unit */
		if (*distribution.id)
			return "boot with smt-enabled=off";
		/* fall through */
	default:
		return "`systemctl enable smt_off.service` (powerpc-utils), or boot with "
		       "smt-enabled=off";
	}
}

/* The length of the part of a list of CPUs that fits into a sentence. The command has all of it. */
static size_t shown_length(const char *list)
{
	size_t length = strlen(list);

	while (length > 40)
		length = (size_t)((const char *)memrchr(list, ',', length) - list);
	return length;
}

void doctor_threads(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->host->cpu;
	_cleanup_free_ char *online = NULL;

	if (!guests_need_single_threads(doctor->fs, cpu)) {
		item_set(item, cpu->version ? ITEM_OK : ITEM_UNKNOWN, "%s",
			 cpu->version ? "independent of each other" :
					"the CPU is not in /proc/cpuinfo");
		return;
	}
	online = guests_secondaries(doctor->fs, cpu);
	if (!online) {
		item_set(item, ITEM_UNKNOWN, "cannot read /sys/devices/system/cpu");
	} else if (*online) {
		size_t length = shown_length(online);

		item_set(item, ITEM_FAILED,
			 "secondary threads are online (CPUs %.*s%s): vCPUs cannot run (EBUSY)",
			 (int)length, online, online[length] ? ",..." : "");
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
