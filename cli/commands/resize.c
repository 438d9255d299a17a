// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab resize: gives a VM an empty table of another order. */
#include "commands/serve-vms.h"
#include "host/hpt.h"

static const struct argp_option own_options[] = {
	/* args_doc already has those with OPTION_NO_USAGE. */
	{ "order", OPT_ORDER, "N", OPTION_NO_USAGE, "Order of the table: 18 (256K) to 46 (64T)",
	  0 },
	{ "ram", OPT_RAM, "SIZE", OPTION_NO_USAGE,
	  "Use the order that QEMU uses for this much RAM (a table of 1/128 of it)", 0 },
	{ "min-order", OPT_MIN_ORDER, "N", 0, "Accept a smaller table, down to order N", 0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	unsigned int order = options_order(options);

	if (!order)
		options_fail(state, "no size given; use --order N or --ram SIZE");
	if (options->min_order > order)
		options_fail(state, "--min-order %u is larger than the requested order %u",
			     options->min_order, order);
}

static int work(const struct vm *vm, const struct options *options, struct vm_result *result)
{
	unsigned int order = options_order(options);
	struct kvm_ppc_htab htab = { .order = order, .min_order = options->min_order };
	char size[BYTES_TEXT_MAX];
	int r;

	result->wanted_order = order;
	r = vm_change(vm, &options->terms, &htab, result);
	if (r)
		return r;
	if (options->terms.dry_run) {
		result->outcome = "would-resize";
		return 0;
	}
	result->outcome = htab.order == result->order_before ? "cleared" : "resized";
	if (htab.order < order && !options->output.quiet)
		complain(NULL, "no room for order %u; the table has order %u (%s)", order,
			 htab.order, bytes_format(hpt_bytes(htab.order), size));
	return 0;
}

const struct command resize_command = {
	.name = "resize",
	.summary = "give a stopped VM a table of another order",
	.args_doc = "--vm=VM --order=N|--ram=SIZE",
	.doc = "Give a VM an empty hashed page table of another order.\n\nUse this only on a "
	       "stopped VM that is about to restart, and whose VMM knows the new order. Clearing "
	       "the table of a paused guest kills the guest.",
	.options = own_options,
	.groups = OPTIONS_VM | OPTIONS_CHANGE,
	.check = check,
	.defaults = "VM,RESULT,WANTED,ORDER,SIZE,SOURCE",
	SERVES_VMS,
	.work = work,
};
