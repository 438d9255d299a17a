/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame of commands on VMs: vm-status, reset, resize. */
#ifndef KVM_HTAB_COMMANDS_SERVE_VMS_H
#define KVM_HTAB_COMMANDS_SERVE_VMS_H

#include "commands/command.h"
#include "commands/vm-row.h"

/*
 * The run() of such a command. For each VM it attaches to it, calls command->work(), closes the VM
 * and answers the peer. work() fills in the result or result->err and returns 0 or -errno.
 */
void serve_vms(struct call *call);

/* Members of struct command. */
#define SERVES_VMS \
	.columns = vm_call_columns, .ncolumns = VM_CALL_NCOLUMNS, \
	.row_bytes = sizeof(struct vm_row), .run = serve_vms, \
	.data_bytes = VM_TARGETS_MAX * sizeof(struct vm_row), .clear = serve_vms_clear

void serve_vms_clear(void *data);

#endif /* KVM_HTAB_COMMANDS_SERVE_VMS_H */
