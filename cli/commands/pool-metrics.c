// SPDX-License-Identifier: GPL-2.0-only
/* The pool as Prometheus metrics. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/pool-parts.h"
#include "lib/text.h"
#include "vm/load.h"

static void describe(const char *name, int length, const char *type, const char *help)
{
	printf("# HELP kvm_htab_%.*s %c%s.\n# TYPE kvm_htab_%.*s %s\n", length, name,
	       toupper((unsigned char)*help), help + 1, length, name, type);
}

static void describe_gauge(const char *name, const char *help)
{
	describe(name, (int)strlen(name), "gauge", help);
}

/* @value is a constant of this program that needs no escaping. */
static void print_labelled(const char *name, const char *label, const char *value, uint64_t number)
{
	printf("kvm_htab_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, number);
}

static void print_flag(const char *name, const char *help, bool value)
{
	describe_gauge(name, help);
	printf("kvm_htab_%s %d\n", name, value);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	return length > strlen(end) && !strncmp(text + length - strlen(end), end, strlen(end));
}

/* Prints a fact of the pool. Facts that differ in their labels share one description. */
static void print_fact(const char *name, const char *help, const struct fact *fact)
{
	static const char *described = "";
	size_t length = name ? strcspn(name, "{") : 0;

	if (!name || !fact->known || fact->least)
		return;
	if (strncmp(described, name, length + 1))
		describe(name, (int)length, ends_with(name, length, "_total") ? "counter" : "gauge",
			 help);
	described = name;
	printf("kvm_htab_%s ", name);
	if (ends_with(name, length, "_seconds")) /* the fact is in microseconds */
		printf("%" PRIu64 ".%06" PRIu64 "\n", fact->value / 1000000, fact->value % 1000000);
	else
		printf("%" PRIu64 "\n", fact->value);
}

static void print_states(const struct pool *pool)
{
	enum pool_condition condition = pool_condition(pool);

	describe_gauge("pool_state", "1 for the state of the pool, 0 for others");
	for (enum pool_state s = POOL_UNKNOWN; s <= POOL_ABSENT; s++)
		print_labelled("pool_state", "state", pool_state_name(s), s == pool->state);
	describe_gauge("pool_condition", "1 for the condition of the pool, 0 for others");
	for (enum pool_condition c = CONDITION_UNKNOWN; c <= CONDITION_ABSENT; c++)
		print_labelled("pool_condition", "condition", pool_condition_name(c),
			       c == condition);
}

static void print_facts(const struct pool *pool)
{
#define PRINT(name, directory, heading, kind, metric, help) print_fact(metric, help, &pool->name);
	POOL_FACTS(PRINT)
	if (pool->total_bytes.known || pool->used_bytes.known || pool->free_bytes.known)
		print_flag("pool_approximate", "whether sizes of the pool are approximate",
			   pool_is_approximate(pool));
}

static void print_fits(const struct pool *pool)
{
	bool described = false;

	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		const struct fact *fits = pool_fits(pool, order);

		if (!fits->known)
			continue;
		if (!described)
			describe_gauge("pool_fits",
				       "number of further tables that fit if all have this order");
		described = true;
		printf("kvm_htab_pool_fits{order=\"%u\"} %" PRIu64 "\n", order, fits->value);
	}
}

static void print_sources(const char *sources)
{
	if (!sources)
		return;
	describe_gauge("pool_source_info", "sources of the information about the pool");
	while (*sources) {
		size_t length = strcspn(sources, ",");

		print_labelled("pool_source_info", "source", strndupa(sources, length), 1);
		sources += length + (sources[length] == ',');
	}
}

static uint64_t table_bytes(const struct kvm_ppc_htab_info *info)
{
	return info->table_bytes;
}

static uint64_t has_run(const struct kvm_ppc_htab_info *info)
{
	return !!(info->flags & KVM_PPC_HTAB_INFO_READY);
}

static uint64_t is_running(const struct kvm_ppc_htab_info *info)
{
	return info->vcpus_running != 0;
}

/* @text, with any bytes, as the value of a label. */
static void print_label_value(const char *text)
{
	_cleanup_free_ char *escaped = escape_utf8(text);

	for (const char *s = escaped ?: ""; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
}

static void print_vm_labels(const char *name, const struct host_vm *vm)
{
	printf("kvm_htab_%s{id=\"%" PRIu64 "\",domain=\"", name, vm->id);
	print_label_value(vm->domain ?: "");
	printf("\"} ");
}

static void print_vms(const struct vm_list *vms)
{
	static const struct {
		const char *name, *help;
		uint64_t (*value)(const struct kvm_ppc_htab_info *info);
	} metrics[] = {
		{ "vm_table_bytes", "size of the table of a VM, 0 if it has none", table_bytes },
		{ "vm_has_run", "whether a VM has run since its table was last cleared", has_run },
		{ "vm_running", "whether a vCPU of a VM is running", is_running },
	};

	for (size_t m = 0; m < COUNT_OF(metrics); m++) {
		bool described = false;

		for (size_t i = 0; i < vms->n; i++) {
			const struct host_vm *vm = &vms->vms[i];

			if (!vm->info_known)
				continue;
			if (!described)
				describe_gauge(metrics[m].name, metrics[m].help);
			described = true;
			print_vm_labels(metrics[m].name, vm);
			printf("%" PRIu64 "\n", metrics[m].value(&vm->info));
		}
	}
}

static bool fits_known(const struct pool *pool)
{
	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++)
		if (!pool_fits(pool, order)->known)
			return false;
	return true;
}

static bool vms_known(const struct vm_list *vms)
{
	for (size_t i = 0; i < vms->n; i++)
		if (!vms->vms[i].info_known)
			return false;
	return vms->hidden_known && !vms->hidden;
}

/* Whether each metric that can be left out is there. */
static void print_known(const struct pool *pool, const struct vm_list *vms)
{
	const struct {
		const char *name;
		bool known;
	} metrics[] = {
#define KNOWN(name, directory, heading, kind, metric, help) \
	{ metric, pool->name.known && !pool->name.least },
		POOL_FACTS(KNOWN)
#undef KNOWN
			{ "pool_fits", fits_known(pool) },
		{ "vm_table_bytes", vms_known(vms) },
	};
	const char *last = "";

	describe_gauge("known", "1 for each metric that is known, 0 for one that is left out");
	for (size_t m = 0; m < COUNT_OF(metrics); m++) {
		size_t length = strcspn(metrics[m].name ?: "", "{");

		if (length && strncmp(last, metrics[m].name, length + 1))
			printf("kvm_htab_known{metric=\"kvm_htab_%.*s\"} %d\n", (int)length,
			       metrics[m].name, metrics[m].known);
		last = metrics[m].name ?: "";
	}
}

void pool_metrics_print(const struct host *host, const struct pool *pool, const struct vm_list *vms,
			bool available)
{
	describe_gauge("build_info", "version of kvm-htab");
	print_labelled("build_info", "version", VERSION, 1);
	print_flag("available",
		   "whether this host can run guests with hashed page tables, as doctor judges",
		   available);
	print_flag("module_loaded", "whether the module kvm_hv is loaded", host->module_loaded);
	print_flag("kernel_patched", "whether the kernel has the kvm-htab modules or series",
		   host->patched);
	print_states(pool);
	print_facts(pool);
	print_fits(pool);
	if (pool_may_exist(pool))
		print_flag("moving_allowed", "whether the kernel may move tables to make room",
			   pool->moving == MOVING_ALLOWED);
	print_known(pool, vms);
	print_sources(pool->sources);
	print_vms(vms);
}

void pool_metrics_print_loads(const struct sysfs *fs, const struct vm_list *vms)
{
	bool described = false;

	for (size_t i = 0; i < vms->n; i++) {
		_cleanup_(error_clear) struct error ignored = { 0 };
		struct vm_load load;

		if (!vms->vms[i].info.order || vm_load_read(fs, vms->vms[i].id, &load, &ignored) ||
		    !load.order.value)
			continue;
		if (!described)
			describe_gauge("vm_load_ratio",
				       "used entries of all entries of the table of a VM");
		described = true;
		print_vm_labels("vm_load_ratio", &vms->vms[i]);
		printf("%" PRIu64 ".%06" PRIu64 "\n", load.load_ppm.value / MILLION,
		       load.load_ppm.value % MILLION);
	}
}
