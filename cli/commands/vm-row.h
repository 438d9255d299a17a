/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM as all commands show it. */
#ifndef KVM_HTAB_COMMANDS_VM_ROW_H
#define KVM_HTAB_COMMANDS_VM_ROW_H

#include "lib/output.h"
#include "vm/list.h"

/* What came of a call on the VM: vm-status, reset, resize. */
#define VM_RESULT_COLUMNS(F) \
	F(vm, "VM", TEXT, "the VM, as given with --vm") \
	F(result, "RESULT", TEXT, "what was done: see kvm-htab(8)") \
	F(default_order, "DEFAULT", NUMBER, "order of a table that nobody asked for") \
	F(wanted_order, "WANTED", NUMBER, "order asked for") \
	F(changed, "CHANGED", FLAG, "whether the table was cleared or replaced") \
	F(exit_status, "STATUS", NUMBER, "exit status for this VM") \
	F(error, "ERROR", ERROR, "why it failed")

/* Its table: these and list. */
#define VM_TABLE_COLUMNS(F) \
	F(state, "STATE", TEXT, "\"running\" or \"stopped\"") \
	F(mmu, "MMU", TEXT, "\"hash\" or \"radix\"") \
	F(table, "TABLE", FLAG, "whether the VM has a table yet") \
	F(order, "ORDER", NUMBER, "log2 of the table's size in bytes") \
	F(table_bytes, "SIZE", BYTES, "size of the table") \
	F(revmap_bytes, "REVMAP", BYTES, "size of its reverse map") \
	F(cost_bytes, "COST", BYTES, "table and reverse map together") \
	F(source, "SOURCE", TEXT, "\"pool\" or \"pages\" (page allocator)") \
	F(ready, "READY", FLAG, "whether a vCPU has run since the last reset") \
	F(resizing, "RESIZING", FLAG, "whether the guest's own resize is pending") \
	F(shared, "SHARED", FLAG, "whether the owner lets others reset it") \
	F(vcpus_running, "VCPUS", NUMBER, "vCPU threads inside KVM_RUN")

/* Who has it: list. */
#define VM_OWNER_COLUMNS(F) \
	F(id, "ID", NUMBER, "the kernel's number of the VM") \
	F(pid, "PID", NUMBER, "process that made the VM") \
	F(fd, "FD", NUMBER, "its file descriptor there") \
	F(uid, "UID", NUMBER, "user ID of that process") \
	F(vmm, "VMM", TEXT, "command of that process") \
	F(domain, "DOMAIN", TEXT, "libvirt's name of the VM")

struct vm_row {
	VM_RESULT_COLUMNS(COLUMN_MEMBER)
	VM_TABLE_COLUMNS(COLUMN_MEMBER)
	VM_OWNER_COLUMNS(COLUMN_MEMBER)
};

/* The columns of a call on VMs, and of a list of VMs. */
#define COLUMN_ONE(...) +1
enum {
	VM_CALL_NCOLUMNS = VM_RESULT_COLUMNS(COLUMN_ONE) VM_TABLE_COLUMNS(COLUMN_ONE),
	VM_LIST_NCOLUMNS = VM_OWNER_COLUMNS(COLUMN_ONE) VM_TABLE_COLUMNS(COLUMN_ONE),
};

extern const struct column vm_call_columns[VM_CALL_NCOLUMNS];
extern const struct column vm_list_columns[VM_LIST_NCOLUMNS];

/* Fills in what the kernel says of the VM's table. */
void vm_row_set_info(struct vm_row *row, const struct kvm_ppc_htab_info *info);

/* A row for each VM of @list, whose strings they borrow. The caller frees it; NULL: no memory. */
struct vm_row *vm_rows_of_list(const struct vm_list *list);

#endif /* KVM_HTAB_COMMANDS_VM_ROW_H */
