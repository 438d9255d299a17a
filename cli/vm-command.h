/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands on VMs have in common: one VM after the other is
 * attached, worked on, let go and answered; then the results are printed.
 */
#ifndef KVM_HTAB_VM_COMMAND_H
#define KVM_HTAB_VM_COMMAND_H

#include "options.h"

/* What a command works with; VM commands put it first in their options. */
struct vm_call {
	struct common_options common;
	struct vm_options vm;
	struct change_options change;
};

/* What came of one VM. */
struct vm_result {
	const char *outcome; /* RESULT: "ok", "reset", ... ; NULL: failed */
	struct kvm_ppc_htab_info info; /* the last that was learnt */
	bool info_known;
	unsigned int wanted_order; /* 0: none */
	unsigned int order_before; /* of the table that was there; 0: none */
	bool tried; /* the request that changes was made: "nothing was changed" is not certain */
	bool changed;
	struct error err;
};

struct vm_command {
	const char *name;
	const char *columns; /* the default ones */
	bool changes; /* refusals say that nothing was changed */
	/*
	 * Does the work on an attached VM. Fills result (info, outcome,
	 * changed) or result->err. @call is the command's own struct.
	 * Returns 0 or -errno.
	 */
	int (*work)(const struct vm *vm, const struct vm_call *call, struct vm_result *result);
};

/* Does @command on the VMs of @call and prints the results. Returns the exit status. */
enum exit_status vm_command_run(const struct vm_command *command, const struct vm_call *call);

/* The help filter of commands on VMs: lists their columns. */
char *vm_command_help(int key, const char *text, void *input);

/* "pool" or "pages" for KVM_PPC_HTAB_POOL or _PAGES, as all commands say it; else NULL. */
const char *vm_source_name(uint32_t source);

/*
 * The part that reset and resize share: learns the state, refuses a VM that nobody has offered
 * unless --force says otherwise, stops there when it is a dry run
 * (which fails if vCPUs are running), makes the request @htab, waiting if
 * wanted, and learns the state again. Sets result->changed.
 * Returns 0 or -errno with the reason in result->err.
 */
int vm_change(const struct vm *vm, const struct vm_call *call, struct kvm_ppc_htab *htab,
	      struct vm_result *result);

#endif /* KVM_HTAB_VM_COMMAND_H */
