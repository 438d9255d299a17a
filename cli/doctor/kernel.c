// SPDX-License-Identifier: GPL-2.0-only
/* the modules and the kernel. */
#include <asm/kvm_htab.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "doctor/doctor.h"
#include "host/distribution.h"

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

static void advise_denial(const struct doctor *doctor, const struct module *module,
			  struct item *item)
{
	char option[64];

	switch (module->denial) {
	case DENIAL_BLACKLIST:
	case DENIAL_INSTALL:
		item_advise(item, "remove that line, or it will be missing again after the next "
				  "boot; for now load it by hand");
		break;
	case DENIAL_COMMAND_LINE:
		snprintf(option, sizeof(option), "module_blacklist=%s", module->denied);
		item_advise_boot(doctor, item, option, true);
		break;
	case DENIAL_DISABLED:
		item_advise(item, "this cannot be undone: reboot, and load kvm_hv before it is "
				  "switched off");
		break;
	case DENIAL_NONE:
		item_advise(item, "load it; for the next boots as well: `echo kvm_hv "
				  ">/etc/modules-load.d/kvm_hv.conf`");
		break;
	}
}

static void mend_not_loaded(const struct module *module, struct item *item)
{
	if (module->denial == DENIAL_INSTALL && strcmp(module->denied, "kvm_hv"))
		item_set_next(item, "modprobe --ignore-install %s && modprobe kvm_hv",
			      module->denied);
	else if (module->denial == DENIAL_INSTALL)
		item_set_next(item, "modprobe --ignore-install kvm_hv");
	else if (module->denial == DENIAL_NONE || module->denial == DENIAL_BLACKLIST)
		item_set_next(item, "modprobe kvm_hv");
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
		if (!sysfs_has(doctor->fs, index)) {
			item_set(item, ITEM_FAILED, "not loaded, and there is no %s", index);
			item_advise(item, "make it, then load the module");
			item_set_next(item, "depmod && modprobe kvm_hv");
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

static void module_loadable(const struct doctor *doctor, const struct module *module,
			    struct item *item)
{
	_cleanup_free_ char *denial = denial_text(module);

	item_set(item, ITEM_FAILED, "not loaded%s%s", denial ? ": " : "", denial ?: "");
	advise_denial(doctor, module, item);
	mend_not_loaded(module, item);
}

void doctor_kvm_hv(struct doctor *doctor, struct item *item)
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
		item_advise(item, "libkmod.so.2 is not there: this is from the files alone");
}

void doctor_kvm_pr(struct doctor *doctor, struct item *item)
{
	bool loaded = sysfs_has(doctor->fs, "/sys/module/kvm_pr");

	if (!loaded) {
		item_set(item, ITEM_OK, "not loaded");
	} else if (doctor->kvm_hv_live) {
		item_set(item, ITEM_OK,
			 "loaded as well: serves only VMs that ask for it (kvm-type=PR)");
	} else {
		item_set(item, ITEM_WARNING,
			 "loaded in the place of kvm_hv: VMs run without hypervisor mode");
		item_advise(item, "load kvm_hv, which VMs prefer, and restart those that run");
		item_set_next(item, "modprobe kvm_hv");
	}
}

/* Whether DKMS has put our modules beside the running kernel's. */
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

/* How many characters of a release are its line: 3 of 6.1.0-50-powerpc64le */
static int line_length(const char *release)
{
	size_t major = strspn(release, "0123456789");

	return (int)(major + (release[major] == '.') +
		     strspn(release + major + (release[major] == '.'), "0123456789"));
}

/* Whether package kvm-htab-dkms builds modules for this kernel: Debian's own 6.1 and 6.12. */
static bool has_dkms_package(const struct doctor *doctor)
{
	struct distribution distribution;

	distribution_read(doctor->fs, &distribution);
	return (!*distribution.id || !strcmp(distribution.id, "debian")) &&
	       distribution.family == DISTRIBUTION_DEBIAN &&
	       (!strncmp(doctor->release, "6.1.", 4) || !strncmp(doctor->release, "6.12.", 5));
}

/* The next step from a kernel that has nothing of ours. */
static void advise_modules(const struct doctor *doctor, struct item *item)
{
	if (has_dkms_modules(doctor)) {
		item_advise(item, "modules with the series are installed and not loaded: stop the "
				  "VMs and load them");
		item_set_next(item, "modprobe -r kvm_hv && modprobe kvm_hv");
	} else if (has_dkms_package(doctor)) {
		item_advise(item,
			    "guests run, but nothing outside a VMM can see or reset a VM's table: "
			    "install modules that can, then stop the VMs and load them");
		item_set_next(item, "apt install kvm-htab-dkms");
	} else {
		item_advise(item, "guests run, but nothing outside a VMM can see or reset a VM's "
				  "table: see KERNEL in kvm-htab(8)");
	}
}

void doctor_kernel(struct doctor *doctor, struct item *item)
{
	const char *release = *doctor->release ? doctor->release : "release unknown";
	bool has_requests = doctor->kvm >= 0 &&
			    ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL) > 0;

	if (sysfs_has(doctor->fs, "/sys/kernel/kvm_htab/pool/state")) {
		item_set(item, ITEM_OK, "%s, with the kvm-htab series", release);
	} else if (has_requests || sysfs_has(doctor->fs, "/sys/kernel/kvm_htab")) {
		item_set(item, ITEM_OK,
			 "%s, with modules of the kvm-htab series: what the pool has is known "
			 "from the boot log",
			 release);
		item_advise(item, "a kernel with the whole series knows it at any time, and makes "
				  "tables larger in their place; from the sources of kvm-htab");
		item_set_next(item, "make -C kernel deb LINE=%.*s", line_length(release), release);
	} else if (!doctor->kvm_hv_live) {
		item_set(item, ITEM_UNKNOWN,
			 "%s; without kvm_hv it is not to be seen whether its modules have the "
			 "kvm-htab series",
			 release);
	} else {
		item_set(item, ITEM_WARNING, "%s, without the kvm-htab series", release);
		advise_modules(doctor, item);
	}
}
