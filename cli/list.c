// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab list: the VMs of this host, who has them and what their tables cost. */
#include <string.h>

#include "commands.h"
#include "messages.h"
#include "options.h"
#include "vm-command.h"
#include "vm-list.h"

enum {
	COL_ID,
	COL_ORDER,
	COL_SOURCE,
	COL_SIZE,
	COL_REVMAP,
	COL_COST,
	COL_TABLE,
	COL_STATE,
	COL_MMU,
	COL_READY,
	COL_RESIZING,
	COL_SHARED,
	COL_VCPUS,
	COL_PID,
	COL_FD,
	COL_UID,
	COL_VMM,
	COL_DOMAIN,
	NCOLUMNS
};

static const struct column columns[] = {
	[COL_ID] = { "ID", "id", "the kernel's number of the VM", true },
	[COL_ORDER] = { "ORDER", "order", "log2 of the table's size in bytes", true },
	[COL_SOURCE] = { "SOURCE", "source", "\"pool\" or \"pages\" (page allocator)" },
	[COL_SIZE] = { "SIZE", "table_bytes", "size of the table", true },
	[COL_REVMAP] = { "REVMAP", "revmap_bytes", "size of its reverse map", true },
	[COL_COST] = { "COST", "cost_bytes", "table and reverse map together", true },
	[COL_TABLE] = { "TABLE", "table", "whether the VM has a table yet" },
	[COL_STATE] = { "STATE", "state", "\"running\" or \"stopped\"" },
	[COL_MMU] = { "MMU", "mmu", "\"hash\" or \"radix\"" },
	[COL_READY] = { "READY", "ready", "whether a vCPU has run since the last reset" },
	[COL_RESIZING] = { "RESIZING", "resizing", "whether the guest's own resize is pending" },
	[COL_SHARED] = { "SHARED", "shared", "whether the owner lets others reset it" },
	[COL_VCPUS] = { "VCPUS", "vcpus_running", "vCPU threads inside KVM_RUN", true },
	[COL_PID] = { "PID", "pid", "process that made the VM", true },
	[COL_FD] = { "FD", "fd", "its file descriptor there", true },
	[COL_UID] = { "UID", "uid", "user ID of that process", true },
	[COL_VMM] = { "VMM", "vmm", "command of that process" },
	[COL_DOMAIN] = { "DOMAIN", "domain", "libvirt's name of the VM" },
};

_Static_assert(NCOLUMNS <= COLUMNS_MAX, "a layout holds all columns");

#define COLUMNS_DEFAULT "ID,ORDER,SOURCE,SIZE,REVMAP,PID,VMM,DOMAIN"

static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	return options_help_columns(key, text, columns, NCOLUMNS);
}

static const struct argp argp = {
	.parser = options_parse_common,
	.doc = "List the VMs of this host: their tables, what these cost, and the processes that "
	       "have them. Only root is shown everything. \"-\" marks what is not known."
	       "\vColumns",
	.children = options_common_children,
	.help_filter = help_filter,
};

static void fill_info(struct value *row, const struct kvm_ppc_htab_info *info)
{
	bool radix = info->flags & KVM_PPC_HTAB_INFO_RADIX;

	row[COL_TABLE] = value_bool(info->order != 0);
	row[COL_STATE] = value_string(info->vcpus_running ? "running" : "stopped");
	row[COL_MMU] = value_string(radix ? "radix" : "hash");
	row[COL_READY] = value_bool(info->flags & KVM_PPC_HTAB_INFO_READY);
	row[COL_RESIZING] = value_bool(info->flags & KVM_PPC_HTAB_INFO_RESIZING);
	row[COL_SHARED] = value_bool(info->flags & KVM_PPC_HTAB_INFO_SHARED);
	row[COL_VCPUS] = value_number(info->vcpus_running);
	if (!info->order)
		return;
	row[COL_ORDER] = value_number(info->order);
	row[COL_SOURCE] = value_string(vm_source_name(info->source));
	row[COL_SIZE] = value_bytes(info->table_bytes);
	row[COL_REVMAP] = value_bytes(info->revmap_bytes);
	row[COL_COST] = value_bytes(info->table_bytes + info->revmap_bytes);
}

static void fill_row(struct value *row, const struct host_vm *vm)
{
	if (vm->id)
		row[COL_ID] = value_number(vm->id);
	if (vm->info_known)
		fill_info(row, &vm->info);
	if (vm->pid)
		row[COL_PID] = value_number((uint64_t)vm->pid);
	if (vm->fd >= 0)
		row[COL_FD] = value_number((uint64_t)vm->fd);
	if (vm->uid_known)
		row[COL_UID] = value_number(vm->uid);
	row[COL_VMM] = value_string(vm->command);
	row[COL_DOMAIN] = value_string(vm->domain);
}

static struct json_object *json_rows(const struct layout *layout, const struct value *rows,
				     size_t n)
{
	struct json_object *results = json_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *object = json_new_object();

		json_add(object, "version", json_new_number(JSON_VERSION));
		json_add(object, "command", json_new_string("list"));
		output_json_row(object, layout, &rows[i * NCOLUMNS]);
		json_append(results, object);
	}
	return results;
}

static void print_json(const struct vm_list *list, const struct layout *layout,
		       const struct value *rows, const struct error *err)
{
	struct json_object *document =
		json_document("list", err->status, json_rows(layout, rows, list->n));

	json_add(document, "hidden_vms", list->hidden_known ? json_new_number(list->hidden) : NULL);
	json_add(document, "source", json_new_string(list->source));
	json_add(document, "advice", json_new_string(list->advice));
	json_add(document, "error", json_error(err));
	output_json(document);
}

static enum exit_status print(const struct vm_list *list, const struct layout *layout,
			      const struct output_options *options, const struct error *err)
{
	_cleanup_free_ struct value *rows = calloc(list->n + 1, NCOLUMNS * sizeof(*rows));
	int r = rows ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < list->n; i++)
		fill_row(&rows[i * NCOLUMNS], &list->vms[i]);
	if (!r && options->json)
		print_json(list, layout, rows, err);
	else if (!r && !options->quiet)
		r = output_table(layout, rows, list->n, options);
	if (r) {
		complain(NULL, strerror(ENOMEM));
		return STATUS_FAILED;
	}
	if (list->advice && !options->quiet && !options->json) {
		flush_stdout(); /* the advice refers to what stands above it */
		complain(NULL, list->advice);
	}
	if (err->status)
		complain(NULL, err->message);
	return err->status;
}

int command_list(int argc, char **argv)
{
	_cleanup_(vm_list_clear) struct vm_list list = { 0 };
	_cleanup_(error_clear) struct error err = { 0 };
	struct common_options options = { 0 };
	enum exit_status status;
	struct layout layout;
	struct sysfs fs;
	struct host host;

	options_parse(&argp, argc, argv, 0, &options);
	status = options_apply(&options, columns, NCOLUMNS, COLUMNS_DEFAULT, &layout, &fs);
	if (status)
		return status;
	host_probe(&fs, &host);
	if (vm_list_read(&fs, &host, &list, &err))
		vm_list_clear(&list); /* half a list would look like a whole one */
	sysfs_close(&fs);
	return print(&list, &layout, &options.output, &err);
}
