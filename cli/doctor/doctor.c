// SPDX-License-Identifier: GPL-2.0-only
/* Whether HPT guests can run here, item by item. */
#include "doctor/doctor.h"

#include <stdio.h>
#include <string.h>

#include "host/guests.h"
#include "lib/text.h"

static const struct {
	const char *name;
	void (*look)(struct doctor *doctor, struct item *item);
} looks[DOCTOR_ITEMS] = {
#define LOOK(name, look) { name, look },
	DOCTOR_LIST(LOOK)
#undef LOOK
};

static void read_memory(struct doctor *doctor)
{
	_cleanup_free_ char *meminfo = NULL;

	if (sysfs_read(doctor->fs, "/proc/meminfo", &meminfo, NULL))
		return;
	meminfo_bytes(meminfo, "MemTotal:", &doctor->ram_bytes);
}

static void read_release(struct doctor *doctor)
{
	_cleanup_free_ char *text = NULL;

	if (!sysfs_read(doctor->fs, "/proc/sys/kernel/osrelease", &text, NULL))
		snprintf(doctor->release, sizeof(doctor->release), "%.*s",
			 (int)strcspn(text, "/ \n"), text);
}

const struct item *doctor_examine(const struct sysfs *fs, const struct host *host, bool plain_bytes,
				  struct item items[static DOCTOR_ITEMS])
{
	struct doctor doctor = { .fs = fs, .host = host, .plain_bytes = plain_bytes, .kvm = -1 };
	const struct item *cause = NULL;

	read_release(&doctor);
	read_memory(&doctor);
	for (size_t i = 0; i < DOCTOR_ITEMS; i++) {
		struct item *item = &items[i];

		item->name = looks[i].name;
		if (doctor.no_hpt)
			item_set(item, ITEM_NONE, "not applicable to this host");
		else if (host->denied && host->platform == HOST_OTHER)
			item_set(item, ITEM_UNKNOWN, "%s",
				 host->denied->message ?: strerror(EACCES));
		else
			looks[i].look(&doctor, item);
		if (item->state == ITEM_FAILED && !cause)
			cause = item;
	}
	module_clear(&doctor.module);
	pool_clear(&doctor.pool);
	cleanup_close(&doctor.kvm);
	return cause;
}

bool doctor_obstacle(const struct sysfs *fs, const struct host *host, struct item *item)
{
	struct doctor doctor = { .fs = fs, .host = host, .kvm = -1 };

	switch (guests_obstacle(fs, host)) {
	case OBSTACLE_NONE:
		return false;
	case OBSTACLE_MMU:
		read_release(&doctor);
		item->name = "mmu";
		doctor_mmu(&doctor, item);
		return true;
	case OBSTACLE_THREADS:
		item->name = "threads";
		doctor_threads(&doctor, item);
		return true;
	}
	return false;
}

char *item_obstacle_text(const struct item *item)
{
	return text_format("guests with a hashed page table cannot run here: %s; %s%s%s%s",
			   item->what ?: item->name, item->advice ?: "see `kvm-htab doctor`",
			   item->next ? ": `" : "", item->next ?: "", item->next ? "`" : "");
}
