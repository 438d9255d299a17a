// SPDX-License-Identifier: GPL-2.0-only
/* The size of the host's pages. */
#include <string.h>

#include "doctor/doctor.h"
#include "host/distribution.h"
#include "host/guests.h"

/* Whether the kernel is of Debian's port ppc64. */
static bool is_big_endian(const struct doctor *doctor)
{
	const char *arch = strstr(doctor->release, "-powerpc64");

	return arch && strncmp(arch, "-powerpc64le", strlen("-powerpc64le")) != 0;
}

/* The package with a kernel that has pages of 64 KiB; NULL: not known to exist. */
static const char *kernel_package(const struct doctor *doctor)
{
	struct distribution distribution;

	distribution_read(doctor->fs, &distribution);
	if (strcmp(distribution.id, "debian") != 0 || is_big_endian(doctor))
		return NULL;
	/* Debian's kernel for ppc64el has pages of 4 KiB since Debian 13. Only later ones have no version. */
	if (distribution.version >= 13 || !distribution.version)
		return "linux-image-powerpc64le-64k";
	return NULL;
}

/*
 * QEMU's pseries machine offers its guests pages of 64 KiB and lets them map devices with these, which
 * KVM-HV can do only if the host's pages are as large. It ends with "KVM can't supply 64kiB CI pages,
 * which guest expects" (hw/ppc/spapr.c, target/ppc/kvm.c).
 */
void doctor_pages(struct doctor *doctor, struct item *item)
{
	const char *package = kernel_package(doctor);
	uint64_t bytes;

	if (sysfs_page_size(doctor->fs, &bytes)) {
		item_set(item, ITEM_UNKNOWN, "the page size is not known");
		return;
	}
	if (bytes >= 65536) {
		item_set(item, ITEM_OK, "%u KiB", (unsigned int)(bytes >> 10));
		return;
	}
	item_set(item, ITEM_WARNING,
		 "%u KiB: QEMU's default pseries machine does not start (\"KVM can't supply 64kiB "
		 "CI pages\")",
		 (unsigned int)(bytes >> 10));
	if (cpu_has_strict_threads(&doctor->host->cpu))
		item_advise(item,
			    "on POWER8, use an older machine type, such as -machine pseries-2.12; "
			    "or boot a kernel with pages of 64 KiB%s%s",
			    package ? ", from package " : "", package ?: "");
	else
		item_advise(item,
			    "start guests with -machine pseries,cap-hpt-max-page-size=4096, which "
			    "then use pages of 4 KiB; or boot a kernel with pages of 64 KiB%s%s",
			    package ? ", from package " : "", package ?: "");
	if (package)
		item_set_next(item, "apt install %s", package);
}
