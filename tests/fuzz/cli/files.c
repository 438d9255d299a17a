// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every file that the tool reads. The first byte of an input says which command reads them and how
 * it prints, the rest is the tree.
 */
#include <string.h>

#include "commands/command.h"
#include "lib/library.h"
#include "tree.h"

extern const struct command compact_command, doctor_command, fit_command, inspect_command,
	list_command, pool_status_command, vm_status_command;

static char raw[] = "--raw", bytes_option[] = "--bytes", json[] = "--json";
static char sysroot[] = "--sysroot=/", metrics[] = "--format=prometheus", ram[] = "--ram=64G";
static char maxmem[] = "--maxmem=1T", count[] = "--count=3", own[] = "--vm=domain:own";
static char map[] = "--map", dry_run[] = "--dry-run", order[] = "--order=26";
static char not_measured[] = "-oID,ORDER,SIZE,FROM,TO,PID,VMM,DOMAIN";
static char all[] = "--all", load[] = "--load", cgroup[] = "--cgroup=machine.slice/web";
static char paid[] = "-o+CGROUP,CHARGED,LOAD", by_load[] = "--sort=LOAD";
static char web[] = "--vm=domain:web", all_items[] = "-oITEM,STATE,WHAT,ADVICE,NEXT";

static const struct {
	const struct command *command;
	char *arguments[6];
} calls[] = {
	{ &pool_status_command, { raw } },
	{ &pool_status_command, { raw, sysroot } },
	{ &pool_status_command, { metrics, sysroot } },
	{ &pool_status_command, { bytes_option, sysroot } },
	{ &pool_status_command, { json, sysroot } },
	{ &fit_command, { raw, ram, sysroot } },
	{ &fit_command, { raw, ram, maxmem, count, sysroot } },
	{ &fit_command, { json, ram, maxmem, sysroot } },
	{ &list_command, { raw } },
	{ &list_command, { raw, sysroot } },
	{ &list_command, { json, sysroot } },
	{ &list_command, { sysroot } },
	{ &doctor_command, { raw } },
	{ &doctor_command, { raw, sysroot } },
	{ &doctor_command, { raw, all_items, sysroot } },
	{ &doctor_command, { sysroot } },
	{ &doctor_command, { json, sysroot } },
	{ &vm_status_command, { raw, own } },
	{ &vm_status_command, { raw, web } },
	{ &pool_status_command, { map, sysroot } },
	{ &pool_status_command, { map, json } },
	{ &compact_command, { dry_run, sysroot } },
	{ &compact_command, { raw, order, dry_run, sysroot } },
	{ &compact_command, { json, order, dry_run, sysroot } },
	{ &compact_command, { raw, order, not_measured } },
	{ &compact_command, { json, not_measured } },
	{ &fit_command, { raw, order } },
	{ &inspect_command, { raw, all } },
	{ &inspect_command, { json, all, sysroot } },
	{ &inspect_command, { all, sysroot } },
	{ &inspect_command, { json, own } },
	{ &list_command, { raw, paid, sysroot } },
	{ &list_command, { json, paid, by_load } },
	{ &fit_command, { raw, ram, cgroup, sysroot } },
	{ &pool_status_command, { metrics, load, sysroot } },
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

/* libkmod reads files by itself; without it the tool does. */
int __real_library_open(const struct library *library, struct error *err);
int __wrap_library_open(const struct library *library, struct error *err);
int __wrap_library_open(const struct library *library, struct error *err)
{
	return strstr(library->soname, "kmod") ? -ELIBACC : __real_library_open(library, err);
}

/* Wide, so that nothing but the tool's own line breaks is to be seen. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	setenv("COLUMNS", "120", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	try_calls(NCALLS);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t i = take_byte(&bytes) % NCALLS;
	int status;

	tree_make(&bytes);
	output_begin();
	status = run_command(calls[i].command, calls[i].arguments);
	require(status == 0 || status == 1 || status == 3 || status == 5);
	tree_check();
	output_check();
	return 0;
}
