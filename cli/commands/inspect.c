// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab inspect: how full the tables of VMs are, and whether they have the right size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "vm/advice.h"
#include "vm/domain.h"

#define INSPECT_COLUMNS(F) \
	F(id, "ID", NUMBER, "number of the VM in the kernel") \
	F(order, "ORDER", NUMBER, "log2 of the table's size in bytes") \
	F(table_bytes, "SIZE", BYTES, "size of the table") \
	F(load_ppm, "LOAD", PPM, "used entries, of all entries of the table") \
	F(error_ppm, "MARGIN", PPM, "by which LOAD may be wrong: 95 % of all samples are closer") \
	F(bolted_ppm, "BOLTED", PPM, "bolted entries, of all entries") \
	F(secondary_ppm, "SECOND", PPM, "entries in their second group, of those used") \
	F(referenced_ppm, "REFERENCED", PPM, "referenced entries, of those used") \
	F(full_ppm, "FULL", PPM, "groups without a free place, of all groups") \
	F(size_4k_ppm, "4K", PPM, "entries for pages of 4 KiB, of those used") \
	F(size_64k_ppm, "64K", PPM, "the same for 64 KiB") \
	F(size_16m_ppm, "16M", PPM, "the same for 16 MiB") \
	F(size_16g_ppm, "16G", PPM, "the same for 16 GiB") \
	F(groups_read, "READ", NUMBER, "groups of 8 entries that the kernel looked at") \
	F(h_enter, "ENTERED", NUMBER, "H_ENTER calls of the guest; not on POWER8") \
	F(h_pteg_full, "REFUSED", NUMBER, "those that found no place") \
	F(overflow_ppm, "OVERFLOW", PPM, "REFUSED, of ENTERED") \
	F(ram_bytes, "RAM", BYTES, "the guest's memory, as its QEMU was told") \
	F(age_seconds, "AGE", NUMBER, "seconds since its VMM started") \
	F(pid, "PID", NUMBER, "process that created the VM") \
	F(domain, "DOMAIN", TEXT, "libvirt's name of the VM") \
	F(verdict, "VERDICT", TEXT, "\"ok\", \"smaller\", \"larger\" or \"early\"") \
	F(advised_order, "ADVISED", NUMBER, "order that would do, if it is another one") \
	F(saved_table_bytes, "SAVED", BYTES, "what a smaller table saves") \
	F(saved_revmap_bytes, "SAVED-REVMAP", BYTES, "what its smaller reverse map saves") \
	F(advice, "ADVICE", TEXT, "the verdict for people") \
	F(error, "ERROR", ERROR, "why the load is unknown")

struct inspect_row {
	INSPECT_COLUMNS(COLUMN_MEMBER)
};

#define COLUMN_ONE(...) +1
#define ENTRY(...) COLUMN_OF(struct inspect_row, __VA_ARGS__),

static const struct column columns[] = { INSPECT_COLUMNS(ENTRY) };

_Static_assert(0 INSPECT_COLUMNS(COLUMN_ONE) <= COLUMNS_MAX, "a layout holds all columns");

/* A VM to look at. */
struct subject {
	const struct host_vm *vm;
	struct vm_load load, before; /* before: with --interval */
	bool known;
	char *advice;
};

struct inspect {
	struct vm_list vms;
	struct subject *subjects;
	struct inspect_row *rows;
	size_t n;
	double uptime_s; /* 0: unknown */
};

static const struct argp_option own_options[] = {
	{ "vm", OPT_VM, "VM", OPTION_NO_USAGE, /* args_doc has it */
	  "The VM: id:N (ID of `kvm-htab list`), pid:PID (its VMM) or domain:NAME (libvirt); may be "
	  "repeated",
	  0 },
	{ "all", OPT_ALL, NULL, OPTION_NO_USAGE, "All VMs of this host", 0 },
	{ "interval", OPT_INTERVAL, "SECONDS", 0,
	  "Look again after SECONDS, and count the calls of this time only", 0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	if (!options->ntargets && !options->all_vms)
		argp_error(state, "no VM given; use --vm, as in --vm id:7, or --all");
	for (size_t i = 0; i < options->ntargets; i++)
		switch (options->targets[i].kind) {
		case VM_TARGET_ID:
		case VM_TARGET_PID:
		case VM_TARGET_DOMAIN:
			break;
		default:
			options_fail(state,
				     "cannot inspect \"%s\": use id:N, pid:PID or domain:NAME",
				     options->targets[i].text);
		}
}

/* Errors: STATUS_FAILED: none, or several. */
static int find_by_pid(const struct vm_list *vms, pid_t pid, const struct host_vm **found,
		       struct error *err)
{
	*found = NULL;
	for (size_t i = 0; i < vms->n; i++) {
		if (vms->vms[i].pid != pid)
			continue;
		if (*found)
			return error_set(err, STATUS_FAILED, EINVAL,
					 "process %d has several VMs; choose one, as in id:%llu",
					 pid, (unsigned long long)(*found)->id);
		*found = &vms->vms[i];
	}
	if (*found)
		return 0;
	return error_set(err, STATUS_FAILED, ENOENT,
			 "process %d has no KVM VM; `kvm-htab list` shows the VMs", pid);
}

static int find_vm(const struct call *call, const struct vm_target *target,
		   const struct host_vm **found, struct error *err)
{
	const struct inspect *inspect = call->data;
	pid_t pid = target->pid;
	int r = 0;

	if (target->kind == VM_TARGET_ID) {
		*found = vm_list_find(&inspect->vms, target->id);
		if (*found)
			return 0;
		return error_set(err, STATUS_FAILED, ENOENT,
				 "there is no VM %llu; `kvm-htab list` shows the VMs",
				 (unsigned long long)target->id);
	}
	if (target->kind == VM_TARGET_DOMAIN)
		r = domain_find(&call->fs, target->domain, &pid, err);
	return r ?: find_by_pid(&inspect->vms, pid, found, err);
}

/* Sets the subjects. Errors of single VMs are in their rows. */
static int choose(struct call *call)
{
	struct inspect *inspect = call->data;
	const struct options *options = &call->options;
	const size_t n = options->all_vms ? inspect->vms.n : options->ntargets;

	inspect->subjects = calloc(n + 1, sizeof(*inspect->subjects));
	inspect->rows = calloc(n + 1, sizeof(*inspect->rows));
	if (!inspect->subjects || !inspect->rows)
		return error_set(&call->err, STATUS_FAILED, ENOMEM, "%s", strerror(ENOMEM));
	inspect->n = n;
	for (size_t i = 0; i < n; i++) {
		struct inspect_row *row = &inspect->rows[i];

		if (options->all_vms)
			inspect->subjects[i].vm = &inspect->vms.vms[i];
		else if (find_vm(call, &options->targets[i], &inspect->subjects[i].vm, &row->error))
			complain(options->targets[i].text, "%s", row->error.message);
	}
	return 0;
}

static void read_loads(struct call *call)
{
	struct inspect *inspect = call->data;

	for (size_t i = 0; i < inspect->n; i++) {
		struct subject *subject = &inspect->subjects[i];
		struct inspect_row *row = &inspect->rows[i];

		if (!subject->vm || row->error.status)
			continue;
		subject->before = subject->load;
		subject->known =
			!vm_load_read(&call->fs, subject->vm->id, &subject->load, &row->error);
		if (subject->known || row->error.code == EBADMSG) /* call->fault says that */
			continue;
		complain(NULL, "%s", row->error.message);
	}
}

static struct fact ppm_of(const struct fact *part, uint64_t whole)
{
	return fact_if(part->known && whole, whole ? part->value * MILLION / whole : 0);
}

/* H_ENTER calls, of the interval if there was one. */
static void set_calls(const struct subject *subject, bool interval, struct inspect_row *row)
{
	row->h_enter = subject->load.hpt_enter;
	row->h_pteg_full = subject->load.hpt_full;
	if (interval) {
		row->h_enter.value -= subject->before.hpt_enter.value;
		row->h_pteg_full.value -= subject->before.hpt_full.value;
	}
	row->overflow_ppm = ppm_of(&row->h_pteg_full, row->h_enter.value);
}

static void set_load(const struct vm_load *load, struct inspect_row *row)
{
	const uint64_t entries = load->read.value * LOAD_GROUP_ENTRIES;

	row->groups_read = load->read;
	row->load_ppm = load->load_ppm;
	row->error_ppm = load->error_ppm;
	row->full_ppm = ppm_of(&load->full, load->read.value);
	row->bolted_ppm = ppm_of(&load->bolted, entries);
	row->secondary_ppm = ppm_of(&load->secondary, load->used.value);
	row->referenced_ppm = ppm_of(&load->referenced, load->used.value);
	row->size_4k_ppm = ppm_of(&load->size_4k, load->used.value);
	row->size_64k_ppm = ppm_of(&load->size_64k, load->used.value);
	row->size_16m_ppm = ppm_of(&load->size_16m, load->used.value);
	row->size_16g_ppm = ppm_of(&load->size_16g, load->used.value);
}

static void set_advice(struct subject *subject, struct inspect_row *row)
{
	struct vm_load most = subject->load;
	struct advice advice;

	if (subject->before.order.value == most.order.value &&
	    subject->before.load_ppm.value > most.load_ppm.value)
		most.load_ppm = subject->before.load_ppm;
	advice = vm_advise(subject->vm, &most, &row->overflow_ppm, &row->age_seconds);
	row->verdict = vm_advice_name(advice.kind);
	row->advised_order = fact_if(advice.order, advice.order);
	row->saved_table_bytes = fact_if(advice.table_bytes, advice.table_bytes);
	row->saved_revmap_bytes = fact_if(advice.revmap_bytes, advice.revmap_bytes);
	row->advice = subject->advice = vm_advice_text(subject->vm, &advice);
}

static void fill_row(const struct call *call, struct subject *subject, struct inspect_row *row)
{
	const struct inspect *inspect = call->data;
	const struct host_vm *vm = subject->vm;
	const double start_s = (double)vm->start_ticks / (double)sysconf(_SC_CLK_TCK);
	const struct vm_load *load = &subject->load;

	row->id = fact_of(vm->id);
	row->pid = fact_if(vm->pid, (uint64_t)vm->pid);
	row->domain = vm->domain;
	row->ram_bytes = fact_if(vm->ram_bytes, vm->ram_bytes);
	if (vm->start_ticks && start_s <= inspect->uptime_s)
		row->age_seconds = fact_of((uint64_t)(inspect->uptime_s - start_s));
	if (!subject->known)
		return;
	set_calls(subject, call->options.interval_ms, row);
	if (!load->order.value)
		return;
	row->order = load->order;
	row->table_bytes = fact_of(UINT64_C(1) << load->order.value);
	set_load(load, row);
	set_advice(subject, row);
}

static double read_uptime(const struct sysfs *fs)
{
	_cleanup_free_ char *text = NULL;

	return sysfs_read(fs, "/proc/uptime", &text, NULL) ? 0 : strtod(text, NULL);
}

/* Explains once how to follow the advice. */
static void add_notes(struct call *call)
{
	const struct inspect *inspect = call->data;
	bool smaller = false, larger = false;

	for (size_t i = 0; i < inspect->n; i++) {
		const char *verdict = inspect->rows[i].verdict ?: "";

		smaller |= !strcmp(verdict, "smaller");
		larger |= !strcmp(verdict, "larger");
	}
	if (smaller || larger)
		call_note(call, NULL,
			  "to change the order in a Linux guest, as its root: echo ORDER "
			  ">/sys/kernel/debug/powerpc/hpt_order");
	if (smaller)
		call_note(
			call, NULL,
			"to have a smaller table from the start, give the guest less initial RAM, "
			"or a smaller maxmem if it cannot resize its table; see "
			"kvm-htab-inspect(8)");
	if (larger)
		call_note(call, NULL,
			  "to have a larger table from the start, give the guest "
			  "resize-hpt=disabled and a larger maxmem; see kvm-htab-inspect(8)");
}

static void run(struct call *call)
{
	struct inspect *inspect = call->data;

	if (host_check(&call->host, &call->err) ||
	    vm_load_check(&call->fs, call->host.patched, &call->err) ||
	    vm_list_read(&call->fs, &call->host, &inspect->vms, &call->err) || choose(call))
		return;
	read_loads(call);
	if (call->options.interval_ms) {
		sleep_ms(call->options.interval_ms);
		read_loads(call);
	}
	inspect->uptime_s = read_uptime(&call->fs);
	for (size_t i = 0; i < inspect->n; i++) {
		if (inspect->subjects[i].vm)
			fill_row(call, &inspect->subjects[i], &inspect->rows[i]);
		call->status = exit_status_first(call->status, inspect->rows[i].error.status);
	}
	call->rows = inspect->rows;
	call->nrows = inspect->n;
	add_notes(call);
}

static void clear(void *data)
{
	struct inspect *inspect = data;

	for (size_t i = 0; i < inspect->n; i++) {
		free(inspect->subjects[i].advice);
		error_clear(&inspect->rows[i].error);
	}
	free(inspect->subjects);
	free(inspect->rows);
	vm_list_clear(&inspect->vms);
}

const struct command inspect_command = {
	.name = "inspect",
	.summary = "show how full tables are, and whether their size is right",
	.args_doc = "--vm=VM\n--all",
	.doc = "Show how full the tables of VMs are, from a sample of their entries, and advise which "
	       "order is enough. This does not stop the VMs. Requires root.",
	.options = own_options,
	.groups = OPTIONS_WATCH,
	.check = check,
	.columns = columns,
	.ncolumns = COUNT_OF(columns),
	.defaults = "ID,ORDER,SIZE,LOAD,MARGIN,BOLTED,FULL,4K,64K,16M,OVERFLOW,DOMAIN,ADVICE",
	.rows_have_names = true,
	.row_bytes = sizeof(struct inspect_row),
	.data_bytes = sizeof(struct inspect),
	.run = run,
	.clear = clear,
};
