// SPDX-License-Identifier: GPL-2.0-only
/* Who uses the pool. */
#include "pool-users.h"

#include <stdio.h>
#include <string.h>

enum { COL_ORDER, COL_SIZE, COL_PID, COL_VMM, COL_DOMAIN, NCOLUMNS };

static const struct column columns[] = {
	[COL_ORDER] = { .name = "ORDER", .json = "order", .right = true },
	[COL_SIZE] = { .name = "SIZE", .json = "table_bytes", .right = true },
	[COL_PID] = { .name = "PID", .json = "pid", .right = true },
	[COL_VMM] = { .name = "VMM", .json = "vmm" },
	[COL_DOMAIN] = { .name = "DOMAIN", .json = "domain" },
};

static const struct layout layout = {
	.columns = columns,
	.ncolumns = NCOLUMNS,
	.selected = { COL_ORDER, COL_SIZE, COL_PID, COL_VMM, COL_DOMAIN },
	.nselected = NCOLUMNS,
};

static bool may_use_pool(const struct host_vm *vm)
{
	return !vm->info_known || vm->info.source == KVM_PPC_HTAB_POOL;
}

/* Largest first. */
static int compare_sizes(const void *a, const void *b)
{
	const struct host_vm *x = a, *y = b;

	return (x->info.table_bytes < y->info.table_bytes) -
	       (x->info.table_bytes > y->info.table_bytes);
}

void pool_users_read(const struct sysfs *fs, const struct host *host, struct vm_list *users)
{
	_cleanup_(error_clear) struct error err = { 0 };
	size_t kept = 0;

	if (vm_list_read(fs, host, users, &err)) {
		vm_list_clear(users);
		users->advice = err.message ? strdup(err.message) : NULL;
		return;
	}
	for (size_t i = 0; i < users->n; i++) {
		struct host_vm vm = users->vms[i];

		if (!may_use_pool(&vm))
			continue;
		users->vms[i] = users->vms[kept]; /* swapped, so that all are freed at the end */
		users->vms[kept++] = vm;
	}
	while (users->n > kept)
		host_vm_clear(&users->vms[--users->n]);
	if (kept)
		qsort(users->vms, kept, sizeof(*users->vms), compare_sizes);
}

static void fill_row(struct value *row, const struct host_vm *vm)
{
	memset(row, 0, NCOLUMNS * sizeof(*row));
	if (vm->info_known) {
		row[COL_ORDER] = value_number(vm->info.order);
		row[COL_SIZE] = value_bytes(vm->info.table_bytes);
	}
	if (vm->pid)
		row[COL_PID] = value_number((uint64_t)vm->pid);
	row[COL_VMM] = value_string(vm->command);
	row[COL_DOMAIN] = value_string(vm->domain);
}

void pool_users_add_json(struct json_object *object, const struct vm_list *users)
{
	struct json_object *array = json_new_array();
	struct value row[NCOLUMNS];

	for (size_t i = 0; i < users->n; i++) {
		struct json_object *user = json_new_object();

		fill_row(row, &users->vms[i]);
		output_json_row(user, &layout, row);
		json_append(array, user);
	}
	json_add(object, "users", array);
	json_add(object, "users_hidden",
		 users->hidden_known ? json_new_number(users->hidden) : NULL);
	json_add(object, "users_advice", json_new_string(users->advice));
}

int pool_users_print(const struct vm_list *users, const struct output_options *options)
{
	_cleanup_free_ struct value *rows = calloc(users->n + 1, NCOLUMNS * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	if (!users->n)
		return 0;
	for (size_t i = 0; i < users->n; i++)
		fill_row(&rows[i * NCOLUMNS], &users->vms[i]);
	putchar('\n');
	return output_table(&layout, rows, users->n, options);
}
