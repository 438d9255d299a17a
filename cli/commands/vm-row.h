/* SPDX-License-Identifier: GPL-2.0-only */
/* The columns of a VM. */
#ifndef KVM_HTAB_COMMANDS_VM_ROW_H
#define KVM_HTAB_COMMANDS_VM_ROW_H

#include "lib/output.h"
#include "vm/list.h"

/* The result for a VM: vm-status, reset, resize. */
#define VM_RESULT_COLUMNS(F) \
	F(vm, "VM", TEXT, "the VM, as given with --vm") \
	F(result, "RESULT", TEXT, "what was done; see kvm-htab-reset(8)") \
	F(default_order, "DEFAULT", NUMBER, "order of a table if none is requested") \
	F(wanted_order, "WANTED", NUMBER, "requested order") \
	F(changed, "CHANGED", FLAG, "whether the table was cleared or replaced") \
	F(exit_status, "STATUS", NUMBER, "exit status for this VM") \
	F(error, "ERROR", ERROR, "why it failed")

/* The table of a VM: all commands on VMs, and list. */
#define VM_TABLE_COLUMNS(F) \
	F(state, "STATE", TEXT, "\"running\", \"offered\", \"in use\" or \"fresh\"") \
	F(mmu, "MMU", TEXT, "\"hash\" or \"radix\"") \
	F(table, "TABLE", FLAG, "whether the VM has a table") \
	F(order, "ORDER", NUMBER, "log2 of the table's size in bytes") \
	F(table_bytes, "SIZE", BYTES, "size of the table") \
	F(revmap_bytes, "REVMAP", BYTES, "size of its reverse map") \
	F(cost_bytes, "COST", BYTES, "table and reverse map together") \
	F(source, "SOURCE", TEXT, "\"pool\" or \"pages\" (page allocator)") \
	F(has_run, "HAS-RUN", FLAG, "whether the VM has run since its table was last cleared") \
	F(resizing, "RESIZING", FLAG, "whether the guest's own resize is pending") \
	F(offered, "OFFERED", FLAG, "whether others may reset it until the VM runs") \
	F(vcpus_running, "VCPUS", NUMBER, "vCPU threads inside KVM_RUN")

/* The owner of a VM: list. */
#define VM_OWNER_COLUMNS(F) \
	F(id, "ID", NUMBER, "number of the VM in the kernel") \
	F(pid, "PID", NUMBER, "process that created the VM") \
	F(fd, "FD", NUMBER, "file descriptor of the VM in that process") \
	F(uid, "UID", NUMBER, "user ID of that process") \
	F(vmm, "VMM", TEXT, "command of that process") \
	F(domain, "DOMAIN", TEXT, "libvirt's name of the VM") \
	F(cgroup, "CGROUP", TEXT, "memory cgroup of that process") \
	F(charged_bytes, "CHARGED", BYTES, "what is charged to memory cgroups for the VM") \
	F(load_ppm, "LOAD", PPM, "used entries of the table; requires root")

struct vm_row {
	VM_RESULT_COLUMNS(COLUMN_MEMBER)
	VM_TABLE_COLUMNS(COLUMN_MEMBER)
	VM_OWNER_COLUMNS(COLUMN_MEMBER)
};

/* The columns of commands on VMs, and of list. */
#define COLUMN_ONE(...) +1
enum {
	VM_CALL_NCOLUMNS = VM_RESULT_COLUMNS(COLUMN_ONE) VM_TABLE_COLUMNS(COLUMN_ONE),
	VM_LIST_NCOLUMNS = VM_OWNER_COLUMNS(COLUMN_ONE) VM_TABLE_COLUMNS(COLUMN_ONE),
};

extern const struct column vm_call_columns[VM_CALL_NCOLUMNS];
extern const struct column vm_list_columns[VM_LIST_NCOLUMNS];

/* Fills in the VM's table from @info. */
void vm_row_set_info(struct vm_row *row, const struct kvm_ppc_htab_info *info);

/* Makes an array of rows, which borrow strings of @list. The caller frees it; NULL: no memory. */
struct vm_row *vm_rows_of_list(const struct vm_list *list);

#endif /* KVM_HTAB_COMMANDS_VM_ROW_H */
