/* SPDX-License-Identifier: GPL-2.0-only */
/* What guests with a hashed page table depend on: items, with one function each. */
#ifndef KVM_HTAB_DOCTOR_DOCTOR_H
#define KVM_HTAB_DOCTOR_DOCTOR_H

#include "host/host.h"
#include "host/module.h"
#include "pool/pool.h"

enum item_state {
	ITEM_NONE, /* not applicable */
	ITEM_OK,
	ITEM_WARNING, /* guests run, but with restrictions */
	ITEM_FAILED, /* guests do not run */
	ITEM_UNKNOWN,
	ITEM_STATES
};

struct item {
	const char *name;
	enum item_state state;
	char *what; /* the finding; owned, as the next two */
	char *advice; /* what to do about it; NULL: nothing */
	char *next; /* a command that does it; NULL: none */
};

/* What the items have found so far. */
struct doctor {
	const struct sysfs *fs;
	const struct host *host;
	bool plain_bytes;
	bool no_hpt; /* this kind of host does not support HPT guests */
	struct cpu cpu;
	char release[65]; /* of the kernel; "": unknown */
	struct module module; /* kvm_hv */
	int kvm; /* /dev/kvm; -1: not opened */
	bool kvm_hv_live; /* loaded or built in */
	struct pool pool;
	uint64_t ram_bytes, available_bytes; /* 0: unknown */
};

/* Each sets a text of the item, escaped: the finding, the advice and the command. */
void item_set(struct item *item, enum item_state state, const char *format, ...)
	__attribute__((__format__(printf, 3, 4)));
void item_advise(struct item *item, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));
void item_set_next(struct item *item, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

/* Advises to boot with @option, by grubby or GRUB's configuration if this host has one. */
void item_advise_boot(const struct doctor *doctor, struct item *item, const char *option);

/* In the order of the checks: later items use the findings of earlier ones. */
void doctor_cpu(struct doctor *doctor, struct item *item);
void doctor_firmware(struct doctor *doctor, struct item *item);
void doctor_kvm_hv(struct doctor *doctor, struct item *item);
void doctor_kvm_pr(struct doctor *doctor, struct item *item);
void doctor_device(struct doctor *doctor, struct item *item);
void doctor_mmu(struct doctor *doctor, struct item *item);
void doctor_threads(struct doctor *doctor, struct item *item);
void doctor_kernel(struct doctor *doctor, struct item *item);
void doctor_reservation(struct doctor *doctor, struct item *item);
void doctor_pool(struct doctor *doctor, struct item *item);
void doctor_memory(struct doctor *doctor, struct item *item);
void doctor_refusals(struct doctor *doctor, struct item *item);

#define DOCTOR_ITEMS 12

/*
 * Checks all items. Returns the first that failed, the cause; NULL: none. @plain_bytes: sizes
 * without units. item_clear() frees each item.
 */
const struct item *doctor_examine(const struct sysfs *fs, const struct host *host, bool plain_bytes,
				  struct item items[static DOCTOR_ITEMS]);
void item_clear(struct item *item);

/* The command or else the advice of @item; NULL: nothing to do. */
static inline const char *item_next_step(const struct item *item)
{
	return item->next ?: item->advice;
}

#endif /* KVM_HTAB_DOCTOR_DOCTOR_H */
