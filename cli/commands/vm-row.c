// SPDX-License-Identifier: GPL-2.0-only
/* The columns of a VM. */
#include "commands/vm-row.h"

#define ENTRY(...) COLUMN_OF(struct vm_row, __VA_ARGS__),

const struct column vm_call_columns[VM_CALL_NCOLUMNS] = { VM_RESULT_COLUMNS(ENTRY)
								  VM_TABLE_COLUMNS(ENTRY) };
const struct column vm_list_columns[VM_LIST_NCOLUMNS] = { VM_OWNER_COLUMNS(ENTRY)
								  VM_TABLE_COLUMNS(ENTRY) };

_Static_assert(VM_CALL_NCOLUMNS <= COLUMNS_MAX && VM_LIST_NCOLUMNS <= COLUMNS_MAX,
	       "a layout holds all columns");

/* The first that applies says whether the table may be changed, see kvm-htab-vm-status(8). */
static const char *state_name(const struct kvm_ppc_htab_info *info)
{
	if (info->vcpus_running)
		return "running";
	if (info->flags & KVM_PPC_HTAB_INFO_OFFERED)
		return "offered";
	if (info->flags & KVM_PPC_HTAB_INFO_READY)
		return "in use";
	return "fresh";
}

void vm_row_set_info(struct vm_row *row, const struct kvm_ppc_htab_info *info)
{
	row->state = state_name(info);
	row->mmu = info->flags & KVM_PPC_HTAB_INFO_RADIX ? "radix" : "hash";
	row->table = fact_of(info->order != 0);
	row->has_run = fact_of(!!(info->flags & KVM_PPC_HTAB_INFO_READY));
	row->resizing = fact_of(!!(info->flags & KVM_PPC_HTAB_INFO_RESIZING));
	row->offered = fact_of(!!(info->flags & KVM_PPC_HTAB_INFO_OFFERED));
	row->vcpus_running = fact_of(info->vcpus_running);
	row->default_order = fact_if(info->default_order, info->default_order);
	if (!info->order)
		return;
	row->order = fact_of(info->order);
	row->table_bytes = fact_of(info->table_bytes);
	row->revmap_bytes = fact_of(info->revmap_bytes);
	row->cost_bytes = fact_of(info->table_bytes + info->revmap_bytes);
	row->source = info->source == KVM_PPC_HTAB_POOL	 ? "pool" :
		      info->source == KVM_PPC_HTAB_PAGES ? "pages" :
							   NULL;
}

struct vm_row *vm_rows_of_list(const struct vm_list *list)
{
	struct vm_row *rows = calloc(list->n + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < list->n; i++) {
		const struct host_vm *vm = &list->vms[i];
		struct vm_row *row = &rows[i];

		row->id = fact_if(vm->id, vm->id);
		if (vm->info_known)
			vm_row_set_info(row, &vm->info);
		row->pid = fact_if(vm->pid, (uint64_t)vm->pid);
		row->fd = fact_if(vm->fd >= 0, (uint64_t)vm->fd);
		row->uid = fact_if(vm->uid_known, vm->uid);
		row->vmm = vm->command;
		row->domain = vm->domain;
		row->cgroup = vm->cgroup;
		row->charged_bytes = vm->charged_bytes;
	}
	return rows;
}
