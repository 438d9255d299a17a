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
	bool of_user; /* the finding is about who runs kvm-htab, not about the host */
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
	char release[65]; /* of the kernel; "": unknown */
	struct module module; /* kvm_hv */
	int kvm; /* /dev/kvm; -1: not opened */
	bool kvm_hv_live; /* loaded or built in */
	struct pool pool;
	uint64_t ram_bytes; /* 0: unknown */
};

/* Replaces *@text of an item by the formatted text, escaped. */
void item_set_text(char **text, const char *format, ...) __attribute__((__format__(printf, 2, 3)));

#define item_set(item, found, ...) \
	((item)->state = (found), item_set_text(&(item)->what, __VA_ARGS__))
#define item_advise(item, ...) item_set_text(&(item)->advice, __VA_ARGS__)
#define item_set_next(item, ...) item_set_text(&(item)->next, __VA_ARGS__)

/* Advises to boot with @option, or without it, in the way of this distribution. */
void item_advise_boot(const struct doctor *doctor, struct item *item, const char *option,
		      bool remove);

/* The items and their functions. Later items use the findings of earlier ones. */
#define DOCTOR_LIST(F) \
	F("cpu", doctor_cpu) \
	F("firmware", doctor_firmware) \
	F("kvm_hv", doctor_kvm_hv) \
	F("kvm_pr", doctor_kvm_pr) \
	F("/dev/kvm", doctor_device) \
	F("mmu", doctor_mmu) \
	F("pages", doctor_pages) \
	F("threads", doctor_threads) \
	F("kernel", doctor_kernel) \
	F("reservation", doctor_reservation) \
	F("pool", doctor_pool) \
	F("memory", doctor_memory) \
	F("refusals", doctor_refusals) \
	F("requests", doctor_requests)

#define DOCTOR_FUNCTION(name, look) void look(struct doctor *doctor, struct item *item);
DOCTOR_LIST(DOCTOR_FUNCTION)

#define DOCTOR_ITEMS 14

/*
 * Checks all items. Returns the first that failed, the cause; NULL: none. @plain_bytes: sizes
 * without units. item_clear() frees each item.
 */
const struct item *doctor_examine(const struct sysfs *fs, const struct host *host, bool plain_bytes,
				  struct item items[static DOCTOR_ITEMS]);
void item_clear(struct item *item);

/*
 * Why hash-MMU guests cannot run on the CPUs of @host, as guests_obstacle() tells, and what to do: the
 * item of doctor, which item_clear() frees. False: nothing is in the way.
 */
bool doctor_obstacle(const struct sysfs *fs, const struct host *host, struct item *item);

/* "guests with a hashed page table cannot run here: ...; ...", which the caller frees. */
char *item_obstacle_text(const struct item *item);

/* The command or else the advice of @item; NULL: nothing to do. */
static inline const char *item_next_step(const struct item *item)
{
	return item->next ?: item->advice;
}

#endif /* KVM_HTAB_DOCTOR_DOCTOR_H */
