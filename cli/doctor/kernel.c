// SPDX-License-Identifier: GPL-2.0-only
/* The modules and the kernel. */
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "doctor/doctor.h"
#include "host/boot-modules.h"
#include "host/distribution.h"
#include "lib/text.h"

/* Why modprobe or the kernel refuses to load a module. The caller frees it; NULL: no denial. */
static char *denial_text(const struct module *module)
{
	const char *where = module->where;

	switch (module->denial) {
	case DENIAL_BLACKLIST:
		return text_format("deny-listed (\"blacklist %s\" in %s)", module->denied,
				   where ?: "modprobe's configuration or modprobe.blacklist=");
	case DENIAL_INSTALL:
		return text_format("deny-listed (\"install %s %s\" in %s)", module->denied,
				   module->install ?: "", where ?: "modprobe's configuration");
	case DENIAL_COMMAND_LINE:
		return text_format("deny-listed (module_blacklist=%s on the command line)",
				   module->denied);
	case DENIAL_DISABLED:
		return text_format("loading of modules is disabled (kernel.modules_disabled)");
	case DENIAL_NONE:
		break;
	}
	return NULL;
}

/* What has the module loaded at each boot; or why it should have been, where that is set up. */
static void advise_next_boots(const struct doctor *doctor, struct item *item)
{
	_cleanup_free_ char *place = boot_modules_place(doctor->fs, "kvm_hv");

	if (place)
		item_advise(
			item,
			"load it; %s lists it, so that it was to be loaded at boot: look for the "
			"reason with `journalctl -b -u systemd-modules-load` or dmesg",
			place);
	else if (sysfs_has(doctor->fs, "/etc/NIXOS"))
		item_advise(item,
			    "load it; for the next boots as well: add it to boot.kernelModules "
			    "in /etc/nixos/configuration.nix");
	else
		item_advise(item, "load it; for the next boots as well: `echo kvm_hv "
				  ">/etc/modules-load.d/kvm_hv.conf`");
}

/* What to do if @module can be loaded, but is not. */
static void advise_to_load(const struct doctor *doctor, const struct module *module,
			   struct item *item)
{
	char option[64];

	switch (module->denial) {
	case DENIAL_BLACKLIST:
	case DENIAL_INSTALL:
		item_advise(item,
			    "remove that line or option, or the module is missing again after "
			    "the next boot; load it by hand now");
		break;
	case DENIAL_COMMAND_LINE:
		snprintf(option, sizeof(option), "module_blacklist=%s", module->denied);
		item_advise_boot(doctor, item, option, true);
		return;
	case DENIAL_DISABLED:
		item_advise(item, "reboot, and load kvm_hv before loading is disabled, which "
				  "cannot be undone");
		return;
	case DENIAL_NONE:
		advise_next_boots(doctor, item);
		break;
	}
	if (module->denial == DENIAL_INSTALL)
		item_set_next(item, "modprobe --ignore-install %s%s", module->denied,
			      strcmp(module->denied, "kvm_hv") ? " && modprobe kvm_hv" : "");
	else
		item_set_next(item, "modprobe kvm_hv");
}

/* Where a kernel with the module is. SUSE has its kernel-default without most modules as well. */
static void advise_other_kernel(const struct doctor *doctor, struct item *item)
{
	struct distribution distribution;
	bool image = sysfs_has(doctor->fs, "/usr/sbin/transactional-update");

	distribution_read(doctor->fs, &distribution);
	if (distribution.family == DISTRIBUTION_SUSE && strstr(doctor->release, "-default")) {
		item_advise(item, "if package kernel-default-base is installed, replace it by "
				  "kernel-default, which has all modules, and reboot");
		item_set_next(item, "%s install kernel-default",
			      image ? "transactional-update pkg" : "zypper");
		return;
	}
	item_advise(item, "install the package with its other modules, or a kernel with "
			  "CONFIG_KVM_BOOK3S_64_HV");
}

static void module_missing(const struct doctor *doctor, struct item *item)
{
	char index[128];

	switch (doctor->module.state) {
	case MODULE_NO_DIRECTORY:
		item_set(item, ITEM_FAILED,
			 "not loaded: no modules of the running kernel (/lib/modules/%s)",
			 doctor->release);
		item_advise(item, "if an update replaced the kernel, reboot into the new one; "
				  "else install the modules");
		return;
	case MODULE_ABSENT:
		snprintf(index, sizeof(index), "/lib/modules/%s/modules.dep", doctor->release);
		if (!sysfs_has(doctor->fs, index)) {
			item_set(item, ITEM_FAILED, "not loaded: %s does not exist", index);
			item_advise(item, "create it, then load the module");
			item_set_next(item, "depmod && modprobe kvm_hv");
			return;
		}
		item_set(item, ITEM_FAILED, "kernel %s does not have this module", doctor->release);
		advise_other_kernel(doctor, item);
		return;
	default:
		item_set(item, ITEM_UNKNOWN,
			 "not loaded, and the release of the kernel is unknown");
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
	item_advise(item,
		    "remove that line or option, or the module may be missing after the next boot");
}

/* Whether DKMS has installed our modules for the running kernel. */
static bool has_dkms_modules(const struct doctor *doctor)
{
	static const char *const endings[] = { "", ".xz", ".zst", ".gz" };
	char path[160];

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/updates/dkms/kvm-hv.ko%s",
			 doctor->release, endings[i]);
		if (sysfs_has(doctor->fs, path))
			return true;
	}
	return false;
}

/* Whether the kernel refuses modules that are not signed with a key of its own, as those of DKMS are not. */
static bool refuses_foreign_modules(const struct doctor *doctor)
{
	_cleanup_free_ char *enforce = NULL, *lockdown = NULL;

	if (!sysfs_read(doctor->fs, "/sys/module/module/parameters/sig_enforce", &enforce, NULL) &&
	    *enforce == 'Y')
		return true;
	return !sysfs_read(doctor->fs, "/sys/kernel/security/lockdown", &lockdown, NULL) &&
	       (strstr(lockdown, "[integrity]") || strstr(lockdown, "[confidentiality]"));
}

#define REFUSED \
	"this kernel refuses modules that are not signed with a key of its own " \
	"(module.sig_enforce or lockdown)"

static void module_loadable(const struct doctor *doctor, const struct module *module,
			    struct item *item)
{
	_cleanup_free_ char *denial = denial_text(module);

	if (!denial && has_dkms_modules(doctor) && refuses_foreign_modules(doctor)) {
		item_set(item, ITEM_FAILED, "not loaded: " REFUSED);
		item_advise(item, "remove the modules of DKMS, and load the kernel's");
		item_set_next(item, "apt remove kvm-htab-dkms && modprobe kvm_hv");
		return;
	}
	item_set(item, ITEM_FAILED, "not loaded%s%s", denial ? ": " : "", denial ?: "");
	advise_to_load(doctor, module, item);
}

/* Whether something that was not @seen may be there: what would tell could not be read. */
static bool is_denied(const struct doctor *doctor, struct item *item, bool seen)
{
	const struct error *denied = doctor->host->denied;

	if (seen || !denied)
		return false;
	item_set(item, ITEM_UNKNOWN, "%s", denied->message ?: strerror(denied->code));
	return true;
}

void doctor_kvm_hv(struct doctor *doctor, struct item *item)
{
	struct module *module = &doctor->module;

	module_query(doctor->fs, doctor->release, "kvm_hv", module);
	doctor->kvm_hv_live = module->state == MODULE_LIVE || module->state == MODULE_BUILT_IN;
	if (is_denied(doctor, item, doctor->kvm_hv_live))
		return;
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
		item_advise(item, "wait; if this persists, check the kernel log");
		item_set_next(item, "dmesg");
		break;
	case MODULE_LOADABLE:
		module_loadable(doctor, module, item);
		break;
	case MODULE_ABSENT:
	case MODULE_NO_DIRECTORY:
	case MODULE_UNKNOWN:
		module_missing(doctor, item);
		break;
	}
	if (module->without_libkmod && !item->advice)
		item_advise(item, "libkmod.so.2 is missing: this answer is from files only");
}

void doctor_kvm_pr(struct doctor *doctor, struct item *item)
{
	bool loaded = sysfs_has(doctor->fs, "/sys/module/kvm_pr");

	if (is_denied(doctor, item, loaded))
		return;
	if (!loaded) {
		item_set(item, ITEM_OK, "not loaded");
	} else if (doctor->kvm_hv_live) {
		item_set(item, ITEM_OK, "loaded, too: only for VMs that request it (kvm-type=PR)");
	} else {
		item_set(item, ITEM_WARNING,
			 "loaded instead of kvm_hv: VMs run without hypervisor mode");
		item_advise(item, "load kvm_hv, which VMs prefer, and restart running VMs");
		item_set_next(item, "modprobe kvm_hv");
	}
}

/* The length of the major and minor version at the start of @release: 3 of 6.1.0-50-powerpc64le */
static int line_length(const char *release)
{
	size_t major = strspn(release, "0123456789");

	return (int)(major + (release[major] == '.') +
		     strspn(release + major + (release[major] == '.'), "0123456789"));
}

/* Whether package kvm-htab-dkms builds modules for this kernel: Debian's own 6.1 and 6.12 for ppc64el. */
static bool has_dkms_package(const struct doctor *doctor)
{
	struct distribution distribution;

	distribution_read(doctor->fs, &distribution);
	return strstr(doctor->release, "-powerpc64le") &&
	       (!*distribution.id || !strcmp(distribution.id, "debian")) &&
	       distribution.family == DISTRIBUTION_DEBIAN &&
	       (!strncmp(doctor->release, "6.1.", 4) || !strncmp(doctor->release, "6.12.", 5));
}

/* The next step from a kernel without the series. */
static void advise_modules(const struct doctor *doctor, struct item *item)
{
	if (has_dkms_modules(doctor) && refuses_foreign_modules(doctor)) {
		item_advise(item,
			    REFUSED ": remove those of DKMS, or kvm_hv cannot be loaded again");
		item_set_next(item, "apt remove kvm-htab-dkms");
	} else if (has_dkms_package(doctor) && refuses_foreign_modules(doctor)) {
		item_advise(item, "guests run, but nothing outside a VMM can see or reset a VM's "
				  "table; " REFUSED ": see kvm-htab-kernel(7)");
	} else if (has_dkms_modules(doctor)) {
		item_advise(item, "the kvm-htab modules are installed, but not loaded: stop the "
				  "VMs and load them");
		item_set_next(item, "modprobe -r kvm_hv && modprobe kvm_hv");
	} else if (has_dkms_package(doctor)) {
		item_advise(item,
			    "guests run, but nothing outside a VMM can see or reset a VM's table: "
			    "install modules that can, then stop the VMs and load them");
		item_set_next(item, "apt install kvm-htab-dkms");
	} else {
		item_advise(item, "guests run, but nothing outside a VMM can see or reset a VM's "
				  "table: see kvm-htab-kernel(7)");
	}
}

#define GONE "htab_move_max_order"

/* The kernel ignores a parameter that it does not have: only a line in its log says so. */
static void warn_of_parameter(const struct doctor *doctor, const char *release, struct item *item)
{
	_cleanup_free_ char *where = NULL;

	if (!sysfs_has(doctor->fs, "/sys/module/kvm_hv/parameters/htab_move_max_pause_ms"))
		return;
	where = module_parameter_place(doctor->fs, "kvm_hv", GONE);
	if (!where)
		return;
	item_set(item, ITEM_WARNING, "%s, with the kvm-htab series, which ignores " GONE " in %s",
		 release, where);
	item_advise(item, "replace it by htab_move_max_pause_ms, the milliseconds that a VM may "
			  "pause: see kvm-htab-kernel(7)");
}

void doctor_kernel(struct doctor *doctor, struct item *item)
{
	if (is_denied(doctor, item, doctor->host->patched))
		return;
	const char *release = *doctor->release ? doctor->release : "release unknown";
	bool has_requests = doctor->kvm >= 0 &&
			    ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL) > 0;

	if (sysfs_has(doctor->fs, "/sys/kernel/kvm_htab/pool/state")) {
		item_set(item, ITEM_OK, "%s, with the kvm-htab series", release);
		warn_of_parameter(doctor, release, item);
	} else if (has_requests || sysfs_has(doctor->fs, "/sys/kernel/kvm_htab")) {
		item_set(item, ITEM_OK,
			 "%s, with the kvm-htab modules: the pool is known from the boot log "
			 "only",
			 release);
		item_advise(item, "a kernel with the kvm-htab series always reports the pool, and "
				  "grows tables in place: build it from the sources of kvm-htab");
		item_set_next(item, "make -C kernel deb LINE=%.*s", line_length(release), release);
	} else if (!doctor->kvm_hv_live) {
		item_set(item, ITEM_UNKNOWN,
			 "%s; load kvm_hv to see whether it is the kvm-htab module", release);
	} else {
		item_set(item, ITEM_WARNING, "%s, without the kvm-htab modules or series", release);
		advise_modules(doctor, item);
	}
}
