/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kvm-htab doctor: the items that it looks at, one function each, and what
 * they have learnt so far.
 */
#ifndef KVM_HTAB_DOCTOR_H
#define KVM_HTAB_DOCTOR_H

#include "host.h"
#include "module.h"
#include "pool.h"

enum item_state {
	ITEM_NONE, /* not applicable */
	ITEM_OK,
	ITEM_WARNING, /* guests run, but not as well or not as large as they could */
	ITEM_FAILED, /* guests do not run */
	ITEM_UNKNOWN, /* could not be seen */
	ITEM_STATES
};

struct item {
	const char *name;
	enum item_state state;
	char *what; /* what was found */
	char *advice; /* what to do about it; NULL: nothing */
	char *mend; /* the command that does it, as it stands; NULL: none does */
	char *both; /* of the two, if they are to be shown as one */
};

struct doctor {
	const struct sysfs *fs;
	bool plain_bytes;
	bool no_hpt; /* an item has found that this kind of host has no HPT guests at all */
	struct cpu cpu;
	char release[65]; /* of the kernel; "": unknown */
	struct module module; /* kvm_hv */
	int kvm; /* /dev/kvm; -1: not opened */
	bool kvm_hv_live; /* loaded or built in */
	struct pool pool;
	uint64_t ram_bytes, available_bytes; /* 0: unknown */
};

/* Sets what an item found; the text is escaped. */
void item_set(struct item *item, enum item_state state, const char *format, ...)
	__attribute__((__format__(printf, 3, 4)));

/* Sets what to do about it. */
void item_advise(struct item *item, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

/* Sets the command that does it. */
void item_mend(struct item *item, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

/* Advice to boot with @option, with the command or the file that this host has for it. */
void item_advise_boot(const struct doctor *doctor, struct item *item, const char *option);

/* The items, in the order in which they are looked at: the first that failed is the cause. */
void check_cpu(struct doctor *doctor, struct item *item);
void check_firmware(struct doctor *doctor, struct item *item);
void check_kvm_hv(struct doctor *doctor, struct item *item);
void check_kvm_pr(struct doctor *doctor, struct item *item);
void check_device(struct doctor *doctor, struct item *item);
void check_mmu(struct doctor *doctor, struct item *item);
void check_threads(struct doctor *doctor, struct item *item);
void check_kernel(struct doctor *doctor, struct item *item);
void check_reservation(struct doctor *doctor, struct item *item);
void check_pool(struct doctor *doctor, struct item *item);
void check_memory(struct doctor *doctor, struct item *item);
void check_refusals(struct doctor *doctor, struct item *item);

#endif /* KVM_HTAB_DOCTOR_H */
