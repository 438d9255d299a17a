/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the table of a VM has the right size. Half full is the aim: then 0.08 % of all H_ENTER calls find no place.
 * Linux's own rule for pages of 64 KiB, RAM / 1024, is the smallest that is advised.
 */
#ifndef KVM_HTAB_VM_ADVICE_H
#define KVM_HTAB_VM_ADVICE_H

#include "vm/list.h"
#include "vm/load.h"

enum advice_kind {
	ADVICE_NONE, /* the VM has no table */
	ADVICE_OK,
	ADVICE_SMALLER,
	ADVICE_LARGER,
	ADVICE_EARLY, /* a smaller one would do now, but the VM has not run for long */
};

struct advice {
	enum advice_kind kind;
	unsigned int order; /* ADVICE_SMALLER, _LARGER, _EARLY: that would do */
	uint64_t table_bytes, revmap_bytes; /* ADVICE_SMALLER: what it would save */
};

/* How long a VM must have run before its load is taken for the most that it needs, in seconds. */
#define ADVICE_AGE_S 86400U

/*
 * @load_ppm: the highest load that was seen; @overflow_ppm: H_ENTER calls that found no place, if known;
 * @age_s: for how long the VM's process has run, if known.
 */
struct advice vm_advise(const struct host_vm *vm, const struct vm_load *load,
			const struct fact *overflow_ppm, const struct fact *age_s);

/* "ok", "smaller", "larger", "early"; NULL: none. */
const char *vm_advice_name(enum advice_kind kind);

/* The advice for people. The caller frees it; NULL: none, or out of memory. */
char *vm_advice_text(const struct host_vm *vm, const struct advice *advice);

#endif /* KVM_HTAB_VM_ADVICE_H */
