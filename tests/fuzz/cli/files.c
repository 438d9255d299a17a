// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every file that the tool reads. The first byte of an input says which command reads them and how
 * it prints, the rest is the tree.
 */
#include <string.h>

#include "commands.h"
#include "library.h"
#include "tree.h"

static char raw[] = "--raw", bytes_option[] = "--bytes", json[] = "--json";
static char sysroot[] = "--sysroot=/", metrics[] = "--format=prometheus", ram[] = "--ram=64G";
static char maxmem[] = "--maxmem=1T", count[] = "--count=3", own[] = "--vm=domain:own";
static char map[] = "--map", dry_run[] = "--dry-run", order[] = "--order=26";
static char not_measured[] = "-oID,ORDER,SIZE,FROM,TO,PID,VMM,DOMAIN";
static char web[] = "--vm=domain:web", all_items[] = "-oITEM,STATE,WHAT,ADVICE,MEND";

static const struct {
	int (*command)(int argc, char **argv);
	char *arguments[6];
} calls[] = {
	{ command_pool_status, { raw } },
	{ command_pool_status, { raw, sysroot } },
	{ command_pool_status, { metrics, sysroot } },
	{ command_pool_status, { bytes_option, sysroot } },
	{ command_pool_status, { json, sysroot } },
	{ command_fit, { raw, ram, sysroot } },
	{ command_fit, { raw, ram, maxmem, count, sysroot } },
	{ command_fit, { json, ram, maxmem, sysroot } },
	{ command_list, { raw } },
	{ command_list, { raw, sysroot } },
	{ command_list, { json, sysroot } },
	{ command_list, { sysroot } },
	{ command_doctor, { raw } },
	{ command_doctor, { raw, sysroot } },
	{ command_doctor, { raw, all_items, sysroot } },
	{ command_doctor, { sysroot } },
	{ command_doctor, { json, sysroot } },
	{ command_vm_status, { raw, own, sysroot } },
	{ command_vm_status, { raw, web, sysroot } },
	{ command_pool_status, { map, sysroot } },
	{ command_pool_status, { map, json } },
	{ command_compact, { dry_run, sysroot } },
	{ command_compact, { raw, order, dry_run, sysroot } },
	{ command_compact, { json, order, dry_run, sysroot } },
	{ command_compact, { raw, order, not_measured } },
	{ command_compact, { json, not_measured } },
	{ command_fit, { raw, order } },
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
