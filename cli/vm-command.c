// SPDX-License-Identifier: GPL-2.0-only
/* The frame around the commands on VMs, and their results as rows and JSON. */
#include "vm-command.h"

#include <stdio.h>
#include <string.h>

#include "hpt.h"
#include "messages.h"

enum {
	COL_VM,
	COL_RESULT,
	COL_STATE,
	COL_MMU,
	COL_TABLE,
	COL_ORDER,
	COL_SIZE,
	COL_REVMAP,
	COL_COST,
	COL_SOURCE,
	COL_READY,
	COL_RESIZING,
	COL_SHARED,
	COL_VCPUS,
	COL_DEFAULT,
	COL_WANTED,
	COL_CHANGED,
	COL_STATUS,
	COL_ERROR,
	NCOLUMNS
};

static const struct column columns[] = {
	[COL_VM] = { "VM", "vm", "the VM, as given with --vm" },
	[COL_RESULT] = { "RESULT", "result", "what was done: see kvm-htab(8)" },
	[COL_STATE] = { "STATE", "state", "\"running\" or \"stopped\"" },
	[COL_MMU] = { "MMU", "mmu", "\"hash\" or \"radix\"" },
	[COL_TABLE] = { "TABLE", "table", "whether the VM has a table yet" },
	[COL_ORDER] = { "ORDER", "order", "log2 of the table's size in bytes", true },
	[COL_SIZE] = { "SIZE", "table_bytes", "size of the table", true },
	[COL_REVMAP] = { "REVMAP", "revmap_bytes", "size of its reverse map", true },
	[COL_COST] = { "COST", "cost_bytes", "table and reverse map together", true },
	[COL_SOURCE] = { "SOURCE", "source", "\"pool\" or \"pages\" (page allocator)" },
	[COL_READY] = { "READY", "ready", "whether a vCPU has run since the last reset" },
	[COL_RESIZING] = { "RESIZING", "resizing", "whether the guest's own resize is pending" },
	[COL_SHARED] = { "SHARED", "shared", "whether the owner lets others reset it" },
	[COL_VCPUS] = { "VCPUS", "vcpus_running", "vCPU threads inside KVM_RUN", true },
	[COL_DEFAULT] = { "DEFAULT", "default_order", "order if nobody asks before it runs", true },
	[COL_WANTED] = { "WANTED", "wanted_order", "order asked for", true },
	[COL_CHANGED] = { "CHANGED", "changed", "whether the table was cleared or replaced" },
	[COL_STATUS] = { "STATUS", "exit_status", "exit status for this VM", true },
	[COL_ERROR] = { "ERROR", "error", "why it failed" },
};

_Static_assert(NCOLUMNS <= COLUMNS_MAX, "a layout holds all columns");

char *vm_command_help(int key, const char *text, void *input)
{
	(void)input;
	return options_help_columns(key, text, columns, NCOLUMNS);
}

const char *vm_source_name(uint32_t source)
{
	switch (source) {
	case KVM_PPC_HTAB_POOL:
		return "pool";
	case KVM_PPC_HTAB_PAGES:
		return "pages";
	default:
		return NULL;
	}
}

static void fill_info(struct value *row, const struct kvm_ppc_htab_info *info)
{
	bool radix = info->flags & KVM_PPC_HTAB_INFO_RADIX;

	row[COL_STATE] = value_string(info->vcpus_running ? "running" : "stopped");
	row[COL_MMU] = value_string(radix ? "radix" : "hash");
	row[COL_TABLE] = value_bool(info->order != 0);
	row[COL_READY] = value_bool(info->flags & KVM_PPC_HTAB_INFO_READY);
	row[COL_RESIZING] = value_bool(info->flags & KVM_PPC_HTAB_INFO_RESIZING);
	row[COL_SHARED] = value_bool(info->flags & KVM_PPC_HTAB_INFO_SHARED);
	row[COL_VCPUS] = value_number(info->vcpus_running);
	if (info->default_order)
		row[COL_DEFAULT] = value_number(info->default_order);
	if (!info->order)
		return;
	row[COL_ORDER] = value_number(info->order);
	row[COL_SIZE] = value_bytes(info->table_bytes);
	row[COL_REVMAP] = value_bytes(info->revmap_bytes);
	row[COL_COST] = value_bytes(info->table_bytes + info->revmap_bytes);
	row[COL_SOURCE] = value_string(vm_source_name(info->source));
}

static void fill_row(struct value *row, const struct vm_target *target,
		     const struct vm_result *result)
{
	row[COL_VM] = value_string(target->text);
	row[COL_RESULT] = value_string(result->outcome ?: "failed");
	row[COL_STATUS] = value_number(result->err.status);
	row[COL_ERROR] = value_string(result->err.message);
	if (result->changed || !result->tried || result->outcome)
		row[COL_CHANGED] = value_bool(result->changed);
	if (result->wanted_order)
		row[COL_WANTED] = value_number(result->wanted_order);
	if (result->info_known)
		fill_info(row, &result->info);
}

/* The result object, complete whatever --output says unless @layout narrows it. */
static struct json_object *json_result(const struct vm_command *command,
				       const struct layout *layout, const struct value *row,
				       const struct vm_result *result)
{
	struct json_object *object = json_new_object();

	json_add(object, "version", json_new_number(JSON_VERSION));
	json_add(object, "command", json_new_string(command->name));
	output_json_row(object, layout, row);
	if (json_has(object, columns[COL_ERROR].json))
		json_add(object, columns[COL_ERROR].json, json_error(&result->err));
	return object;
}

/* Tells the peer what came of it: one line, the VM already let go. */
static void reply(const struct vm *vm, const struct vm_command *command, const struct value *row,
		  const struct vm_target *target, const struct vm_result *result,
		  unsigned int timeout_ms)
{
	_cleanup_json_ struct json_object *object = NULL;
	_cleanup_free_ char *line = NULL;
	struct layout all;
	int r;

	layout_all(&all, columns, NCOLUMNS);
	object = json_result(command, &all, row, result);
	line = json_line(object);
	r = line ? vm_socket_reply(vm->sock, line, timeout_ms) : -ENOMEM;
	if (r && !result->err.status) { /* a peer that failed us need not be told about */
		_cleanup_free_ char *message = NULL;

		if (asprintf(&message, MSG_NO_REPLY, strerror(-r)) < 0)
			message = NULL;
		complain(target->text, message);
	}
}

static void work_on(const struct vm_command *command, const struct vm_call *call,
		    const struct vm_target *target, const struct sysfs *fs, const struct host *host,
		    struct value *row, struct vm_result *result)
{
	_cleanup_(vm_close) struct vm vm = { .fd = -1, .sock = -1 };
	int r = vm_attach(target, fs, host, call->vm.timeout_ms, &vm, &result->err);

	if (!r)
		r = command->work(&vm, call, result);
	vm_release(&vm);
	if (r && command->changes && !result->tried)
		error_append(&result->err, MSG_UNCHANGED);
	if (r)
		complain(target->text, result->err.message);
	fill_row(row, target, result);
	if (vm.sock >= 0)
		reply(&vm, command, row, target, result, call->vm.timeout_ms);
}

static enum exit_status print_results(const struct vm_command *command, const struct vm_call *call,
				      const struct layout *layout, const struct value *rows,
				      const struct vm_result *results, enum exit_status status)
{
	size_t nrows = call->vm.ntargets;
	struct json_object *document;
	struct json_object *array;

	if (call->common.output.quiet)
		return status;
	if (!call->common.output.json) {
		if (!output_table(layout, rows, nrows, &call->common.output))
			return status;
		complain(NULL, strerror(ENOMEM));
		return STATUS_FAILED;
	}
	array = json_new_array();
	for (size_t i = 0; i < nrows; i++)
		json_append(array, json_result(command, layout, &rows[i * NCOLUMNS], &results[i]));
	document = json_document(command->name, status, array);
	output_json(document);
	return status;
}

static void cleanup_results(struct vm_result **results)
{
	for (size_t i = 0; *results && i < VM_TARGETS_MAX; i++)
		error_clear(&(*results)[i].err);
	free(*results);
}

enum exit_status vm_command_run(const struct vm_command *command, const struct vm_call *call)
{
	_cleanup_(cleanup_results) struct vm_result *results = NULL;
	_cleanup_(error_clear) struct error err = { 0 };
	_cleanup_free_ struct value *rows = NULL;
	enum exit_status status;
	struct layout layout;
	struct sysfs fs;
	struct host host;

	if (json_prepare(&err)) { /* answers to peers are JSON, whatever else is printed */
		complain(NULL, err.message);
		return err.status;
	}
	status = options_apply(&call->common, columns, NCOLUMNS, command->columns, &layout, &fs);
	if (status)
		return status;
	host_probe(&fs, &host);

	results = calloc(VM_TARGETS_MAX, sizeof(*results));
	rows = calloc(call->vm.ntargets * NCOLUMNS, sizeof(*rows));
	if (!results || !rows) {
		sysfs_close(&fs);
		complain(NULL, strerror(ENOMEM));
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < call->vm.ntargets; i++) {
		work_on(command, call, &call->vm.targets[i], &fs, &host, &rows[i * NCOLUMNS],
			&results[i]);
		status = exit_status_first(status, results[i].err.status);
	}
	sysfs_close(&fs);
	return print_results(command, call, &layout, rows, results, status);
}

/*
 * After a request that failed: what the VM has now. Only ENOMEM may have cost
 * it something, where the kernel had to give up the old table to try: then the
 * VM has that table again, but empty and hence not READY, or none.
 */
static void learn_after_failure(const struct vm *vm, struct vm_result *result)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	const struct kvm_ppc_htab_info before = result->info;
	bool emptied;

	result->info_known = !vm_info(vm, &result->info, &ignored);
	if (result->err.code == EIO || (result->err.code == ENOMEM && !result->info_known))
		return;
	emptied = before.flags & ~result->info.flags & KVM_PPC_HTAB_INFO_READY;
	result->changed = result->err.code == ENOMEM &&
			  (result->info.order != before.order || emptied);
	result->tried = result->changed;
	if (!result->changed)
		return;
	if (result->info.order == before.order)
		error_append(&result->err, MSG_TABLE_EMPTIED);
	else if (result->info.order)
		error_append(&result->err, MSG_TABLE_OTHER, result->info.order);
	else
		error_append(&result->err, MSG_TABLE_LOST);
}

/*
 * A VM that nobody has offered is not changed unless forced: not its order,
 * which its VMM knows, and not the table of a guest that has run and may only
 * be paused.
 */
static int check_offered(const struct vm *vm, const struct vm_call *call, bool resize,
			 struct vm_result *result)
{
	if (vm->offered || call->change.force)
		return 0;
	if (resize)
		return error_set(&result->err, STATUS_FAILED, EPERM, MSG_NOT_OFFERED_RESIZE);
	if (result->info.flags & KVM_PPC_HTAB_INFO_READY)
		return error_set(&result->err, STATUS_FAILED, EPERM, MSG_NOT_OFFERED_READY);
	return 0;
}

/*
 * How long to wait for vCPUs to stop: not at all for a VM that must not have
 * run, because now it does.
 */
static unsigned int wait_ms(const struct vm *vm, const struct vm_call *call)
{
	return vm->offered || call->change.force ? call->change.wait_ms : 0;
}

int vm_change(const struct vm *vm, const struct vm_call *call, struct kvm_ppc_htab *htab,
	      struct vm_result *result)
{
	_cleanup_(error_clear) struct error ignored = { 0 };
	int r = vm_info(vm, &result->info, &result->err);

	if (r)
		return r;
	result->info_known = true;
	result->order_before = result->info.order;
	r = check_offered(vm, call, htab->order, result);
	if (r)
		return r;
	if (call->change.dry_run) {
		if (result->info.vcpus_running)
			return vm_running_error(0, &result->err);
		return 0;
	}

	result->tried = true;
	r = vm_allocate(vm, htab, wait_ms(vm, call), &result->err);
	if (r) {
		learn_after_failure(vm, result);
		if (r == -EBUSY) /* has it just begun to run? */
			r = check_offered(vm, call, htab->order, result) ?: r;
		return r;
	}
	result->changed = htab->order != 0;
	result->info_known = !vm_info(vm, &result->info, &ignored);
	return 0;
}
