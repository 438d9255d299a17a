// SPDX-License-Identifier: GPL-2.0-only
/* The VMs that use the pool. */
#include <stdio.h>
#include <string.h>

#include "commands/pool-parts.h"

/* Largest first. */
static int compare_sizes(const void *a, const void *b)
{
	const struct host_vm *x = a, *y = b;

	return (x->info.table_bytes < y->info.table_bytes) -
	       (x->info.table_bytes > y->info.table_bytes);
}

void pool_users_read(const struct call *call, struct vm_list *users)
{
	_cleanup_(error_clear) struct error err = { 0 };
	size_t kept = 0;

	if (vm_list_read(&call->fs, &call->host, users, &err)) {
		vm_list_clear(users);
		users->advice = err.message ? strdup(err.message) : NULL;
		return;
	}
	for (size_t i = 0; i < users->n; i++) {
		struct host_vm vm = users->vms[i];

		if (vm.info_known && vm.info.source != KVM_PPC_HTAB_POOL)
			continue;
		users->vms[i] = users->vms[kept]; /* swapped, so that none is lost */
		users->vms[kept++] = vm;
	}
	while (users->n > kept)
		host_vm_clear(&users->vms[--users->n]);
	if (kept)
		qsort(users->vms, kept, sizeof(*users->vms), compare_sizes);
}

int pool_users_print(const struct call *call, const struct vm_list *users)
{
	static const struct table table = { vm_list_columns, VM_LIST_NCOLUMNS,
					    "ID,ORDER,SIZE,PID,VMM,DOMAIN", sizeof(struct vm_row) };
	_cleanup_free_ struct vm_row *rows = vm_rows_of_list(users);

	if (!rows)
		return -ENOMEM;
	if (!users->n)
		return 0;
	putchar('\n');
	return call_print_table(call, &table, rows, users->n);
}

void pool_users_add_json(const struct vm_list *users, struct json_object *object)
{
	_cleanup_(error_clear) struct error err = { 0 };
	_cleanup_free_ struct vm_row *rows = vm_rows_of_list(users);
	const struct fact hidden = fact_if(users->hidden_known, users->hidden);
	struct layout layout;
	int r = layout_init(&layout, vm_list_columns, VM_LIST_NCOLUMNS,
			    "ID,ORDER,SIZE,PID,VMM,DOMAIN", &err);

	json_add(object, "users",
		 call_json_rows(&layout, rows, sizeof(*rows), r || !rows ? 0 : users->n));
	json_add(object, "users_hidden", json_fact(&hidden));
	json_add(object, "users_advice", json_new_string(users->advice));
}
