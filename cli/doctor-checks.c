// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab doctor: CPU, firmware, modules, device, MMU, threads and kernel. */
#include <asm/kvm_htab.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "doctor.h"

#define KVM_DEVICE "/dev/kvm"
#define KVM_MAJOR 10 /* misc */
#define KVM_MINOR 232

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

void check_cpu(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;
	struct host host;

	cpu_probe(doctor->fs, &doctor->cpu);
	host_probe(doctor->fs, &host);
	if (host.platform == HOST_OTHER) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED, "not POWER (%s)", host.machine);
		item_advise(item, "KVM-HV and its hashed page tables exist on POWER only: "
				  "use a POWER host");
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

void check_firmware(struct doctor *doctor, struct item *item)
{
	const struct cpu *cpu = &doctor->cpu;
	struct host host;

	host_probe(doctor->fs, &host);
	if (host.platform == HOST_PSERIES) {
		doctor->no_hpt = true;
		item_set(item, ITEM_FAILED,
			 "this host is itself a guest (pSeries): KVM-HV guests inside it are "
			 "nested and use the radix MMU only");
		item_advise(item, "start guests with a hashed page table on the host below this "
				  "one, in hypervisor mode");
	} else if (!strcmp(cpu->platform, "PowerNV")) {
		const char *firmware = cpu->firmware;

		if (!*firmware && !sysfs_exists(doctor->fs, "/sys/firmware/opal"))
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

/* Why modprobe or the kernel refuses, as part of a sentence. */
static char *denial_text(const struct module *module)
{
	const char *where = module->where;
	char *text = NULL;
	int r = -1;

	switch (module->denial) {
	case DENIAL_BLACKLIST:
		r = asprintf(&text, "deny-listed (\"blacklist %s\" in %s)", module->denied,
			     where ?: "the configuration of modprobe or modprobe.blacklist=");
		break;
	case DENIAL_INSTALL:
		r = asprintf(&text, "deny-listed (\"install %s %s\" in %s)", module->denied,
			     module->install ?: "", where ?: "the configuration of modprobe");
		break;
	case DENIAL_COMMAND_LINE:
		r = asprintf(&text,
			     "deny-listed (module_blacklist=%s on the kernel's command line)",
			     module->denied);
		break;
	case DENIAL_DISABLED:
		r = asprintf(&text, "loading of modules is switched off (kernel.modules_disabled)");
		break;
	case DENIAL_NONE:
		break;
	}
	return r < 0 ? NULL : text;
}

static void advise_denial(const struct module *module, struct item *item)
{
	switch (module->denial) {
	case DENIAL_BLACKLIST:
	case DENIAL_INSTALL:
		item_advise(item, "remove that line, or it will be missing again after the next "
				  "boot; for now load it by hand");
		break;
	case DENIAL_COMMAND_LINE:
		item_advise(item, "boot without module_blacklist=%s", module->denied);
		break;
	case DENIAL_DISABLED:
		item_advise(item, "this cannot be undone: reboot, and load kvm_hv before it is "
				  "switched off");
		break;
	case DENIAL_NONE:
		item_advise(item, "load it");
		break;
	}
}

static void mend_not_loaded(const struct module *module, struct item *item)
{
	if (module->denial == DENIAL_INSTALL && strcmp(module->denied, "kvm_hv"))
		item_mend(item, "modprobe --ignore-install %s && modprobe kvm_hv", module->denied);
	else if (module->denial == DENIAL_INSTALL)
		item_mend(item, "modprobe --ignore-install kvm_hv");
	else if (module->denial == DENIAL_NONE || module->denial == DENIAL_BLACKLIST)
		item_mend(item, "modprobe kvm_hv");
}

static void module_missing(const struct doctor *doctor, struct item *item)
{
	char index[128];

	switch (doctor->module.state) {
	case MODULE_NO_DIRECTORY:
		item_set(item, ITEM_FAILED,
			 "not loaded, and there are no modules of the running kernel "
			 "(/lib/modules/%s)",
			 doctor->release);
		item_advise(item, "if an update has replaced the kernel, reboot into the new one; "
				  "else install this one's modules");
		return;
	case MODULE_ABSENT:
		snprintf(index, sizeof(index), "/lib/modules/%s/modules.dep", doctor->release);
		if (sysfs_exists(doctor->fs, index)) {
			item_set(item, ITEM_FAILED, "not loaded, and there is no %s", index);
			item_advise(item, "make it, then load the module");
			item_mend(item, "depmod && modprobe kvm_hv");
			return;
		}
		item_set(item, ITEM_FAILED, "kernel %s has no such module", doctor->release);
		item_advise(item, "install the package with the rest of its modules, or a kernel "
				  "with CONFIG_KVM_BOOK3S_64_HV");
		return;
	default:
		item_set(item, ITEM_UNKNOWN,
			 "not loaded; the running kernel's release is not known");
	}
}

static void module_present(const struct module *module, struct item *item, const char *how)
{
	_cleanup_free_ char *denial = NULL;

	if (module->state == MODULE_BUILT_IN || !module->denial) {
		item_set(item, ITEM_OK, "%s", how);
		return;
	}
	denial = denial_text(module);
	item_set(item, ITEM_WARNING, "%s, but %s", how, denial);
	item_advise(item, "remove that, or the module may be missing after the next boot");
}

static void module_loadable(const struct module *module, struct item *item)
{
	_cleanup_free_ char *denial = denial_text(module);

	item_set(item, ITEM_FAILED, "not loaded%s%s", denial ? ": " : "", denial ?: "");
	advise_denial(module, item);
	mend_not_loaded(module, item);
}

void check_kvm_hv(struct doctor *doctor, struct item *item)
{
	struct module *module = &doctor->module;

	module_query(doctor->fs, doctor->release, "kvm_hv", module);
	doctor->kvm_hv_live = module->state == MODULE_LIVE || module->state == MODULE_BUILT_IN;
	switch (module->state) {
	case MODULE_LIVE:
		module_present(module, item, "loaded");
		break;
	case MODULE_BUILT_IN:
		module_present(module, item, "built in");
		break;
	case MODULE_COMING:
	case MODULE_GOING:
		item_set(item, ITEM_FAILED, "being %s",
			 module->state == MODULE_COMING ? "loaded" : "unloaded");
		item_advise(item, "wait for it; if it stays so, look at the kernel log");
		item_mend(item, "dmesg");
		break;
	case MODULE_LOADABLE:
		module_loadable(module, item);
		break;
	case MODULE_ABSENT:
	case MODULE_NO_DIRECTORY:
	case MODULE_UNKNOWN:
		module_missing(doctor, item);
		break;
	}
	if (module->without_libkmod && !item->advice)
		item_advise(item, "libkmod.so.2 is not there: this is from the files alone");
}

void check_kvm_pr(struct doctor *doctor, struct item *item)
{
	bool loaded = !sysfs_exists(doctor->fs, "/sys/module/kvm_pr");

	if (!loaded) {
		item_set(item, ITEM_OK, "not loaded");
	} else if (doctor->kvm_hv_live) {
		item_set(item, ITEM_OK,
			 "loaded as well: serves only VMs that ask for it (kvm-type=PR)");
	} else {
		item_set(item, ITEM_WARNING,
			 "loaded in the place of kvm_hv: VMs run without hypervisor mode");
		item_advise(item, "load kvm_hv, which VMs prefer, and restart those that run");
		item_mend(item, "modprobe kvm_hv");
	}
}

static const char *group_name(gid_t gid, char text[static 32])
{
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(text, 32, "%s", group->gr_name);
	else
		snprintf(text, 32, "%u", gid);
	return text;
}

static const char *user_name(uid_t uid, char text[static 32])
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, 32, "%s", user->pw_name);
	else
		snprintf(text, 32, "%u", uid);
	return text;
}

/* Whether its group, other than root's, may use the device: the usual "root:kvm 0660". */
static bool has_group(const struct stat *st)
{
	return st->st_gid && (st->st_mode & 060) == 060;
}

static bool is_open_to_all(const struct stat *st)
{
	return (st->st_mode & 06) == 06;
}

#define GROUP_COMMAND "chgrp kvm " KVM_DEVICE " && chmod 0660 " KVM_DEVICE

static void device_refused(const struct stat *st, const char *access, struct item *item)
{
	char user[32], group[32];

	user_name(geteuid(), user);
	item_set(item, ITEM_FAILED, "%s: not for this user (%s)", access, user);
	if (has_group(st)) {
		item_advise(item, "as root, put the user into the group; it counts from the next "
				  "login on");
		item_mend(item, "usermod -aG %s %s", group_name(st->st_gid, group), user);
	} else {
		item_advise(item, "as root, give it to group kvm, and the user to that group; it "
				  "counts from the next login on");
		item_mend(item, GROUP_COMMAND " && usermod -aG kvm %s", user);
	}
}

static void device_opened(const struct stat *st, const char *access, struct item *item)
{
	if (has_group(st) || is_open_to_all(st)) {
		item_set(item, ITEM_OK, "%s", access);
		return;
	}
	item_set(item, ITEM_WARNING, "%s: for root only, but VMMs run as other users", access);
	item_advise(item, "give it to group kvm");
	item_mend(item, GROUP_COMMAND);
}

static void device_missing(struct item *item, const char *what)
{
	item_set(item, ITEM_FAILED, "%s", what);
	item_advise(item, "make it (in a container: have it handed in)");
	item_mend(item,
		  "rm -f " KVM_DEVICE " && mknod -m 0660 " KVM_DEVICE " c %d %d && "
		  "chgrp kvm " KVM_DEVICE,
		  KVM_MAJOR, KVM_MINOR);
}

/* Opens the device and asks it; @access is for the answer. */
static void ask_device(struct doctor *doctor, const struct stat *st, const char *access,
		       struct item *item)
{
	doctor->kvm = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (doctor->kvm < 0) {
		item_set(item, ITEM_FAILED, "%s: cannot be opened: %s", access, strerror(errno));
		item_advise(item, "look at the kernel log, and at what confines this process "
				  "(control group of devices, security module)");
		item_mend(item, "dmesg");
	} else if (ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_ALLOC_HTAB) <= 0) {
		item_set(item, ITEM_FAILED, "%s: KVM-HV does not answer", access);
		item_advise(item, "look for what KVM-HV says at its start");
		item_mend(item, "dmesg | grep KVM");
	} else {
		device_opened(st, access, item);
	}
}

void check_device(struct doctor *doctor, struct item *item)
{
	char user[32], group[32], access[80];
	struct stat st;

	if (doctor->fs->captured) {
		item_set(item, ITEM_NONE, "not part of a captured tree");
		return;
	}
	if (!doctor->kvm_hv_live) { /* opening it might load a module */
		item_set(item, ITEM_NONE, "comes with the module");
		return;
	}
	if (stat(KVM_DEVICE, &st)) {
		device_missing(item, errno == ENOENT ? "missing" : strerror(errno));
		return;
	}
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(KVM_MAJOR, KVM_MINOR)) {
		device_missing(item, "is there, but not the device (character, 10:232)");
		return;
	}
	snprintf(access, sizeof(access), "%s:%s %04o", user_name(st.st_uid, user),
		 group_name(st.st_gid, group), st.st_mode & 07777);
	if (faccessat(AT_FDCWD, KVM_DEVICE, R_OK | W_OK, AT_EACCESS))
		device_refused(&st, access, item);
	else
		ask_device(doctor, &st, access, item);
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

void check_mmu(struct doctor *doctor, struct item *item)
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

/* The next range of a list as in "0-3,8"; false: no more. */
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
	return true;
}

/* Whether a thread of the same (sub)core before @cpu is online; -ENOENT: not to be seen. */
static int is_secondary(const struct doctor *doctor, uint64_t cpu, uint64_t threads)
{
	_cleanup_free_ char *siblings = NULL;
	uint64_t first, last;
	const char *list;
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
		 (unsigned int)cpu);
	if (sysfs_read(doctor->fs, path, &siblings, NULL))
		return -ENOENT;
	list = siblings;
	while (next_range(&list, &first, &last))
		for (uint64_t i = first; i <= last && i < cpu; i++)
			if (i / threads == cpu / threads)
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

void check_threads(struct doctor *doctor, struct item *item)
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
		item_mend(item, "chcpu -d %s", online);
	}
}

void check_kernel(struct doctor *doctor, struct item *item)
{
	const char *release = *doctor->release ? doctor->release : "release unknown";
	bool has_requests = doctor->kvm >= 0 &&
			    ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL) > 0;

	if (!sysfs_exists(doctor->fs, "/sys/kernel/kvm_htab/pool")) {
		item_set(item, ITEM_OK, "%s, with the kvm-htab series", release);
	} else if (has_requests || !sysfs_exists(doctor->fs, "/sys/kernel/kvm_htab")) {
		item_set(item, ITEM_OK, "%s, with modules of the kvm-htab series", release);
	} else if (!doctor->kvm_hv_live) {
		item_set(item, ITEM_UNKNOWN,
			 "%s; without kvm_hv it is not to be seen whether its modules have the "
			 "kvm-htab series",
			 release);
	} else {
		item_set(item, ITEM_WARNING, "%s, without the kvm-htab series", release);
		item_advise(item, "guests run, but nothing outside a VMM can see or reset a VM's "
				  "table: see KERNEL in kvm-htab(8)");
	}
}
