/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands on VMs have in common: vm-status, reset, resize. */
#ifndef KVM_HTAB_COMMANDS_SERVE_VMS_H
#define KVM_HTAB_COMMANDS_SERVE_VMS_H

#include "commands/command.h"
#include "commands/vm-row.h"

/*
 * The run() of such a command: one VM after the other is attached, worked on
 * by command->work(), let go and answered. work() fills in the result or
 * result->err and returns 0 or -errno.
 */
void serve_vms(struct call *call);

/* For struct command. */
#define SERVES_VMS \
	.columns = vm_call_columns, .ncolumns = VM_CALL_NCOLUMNS, \
	.row_bytes = sizeof(struct vm_row), .run = serve_vms, \
	.data_bytes = VM_TARGETS_MAX * sizeof(struct vm_row), .clear = serve_vms_clear

void serve_vms_clear(void *data);

/* What the options say of changes. */
static inline struct vm_terms vm_terms_of(const struct options *options)
{
	return (struct vm_terms){
		.dry_run = options->dry_run,
		.force = options->force,
		.wait_ms = options->wait_ms,
	};
}

#endif /* KVM_HTAB_COMMANDS_SERVE_VMS_H */
