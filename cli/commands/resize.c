// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab resize: gives a VM an empty table of another order. */
#include "commands/serve-vms.h"
#include "host/hpt.h"

static const struct argp_option own_options[] = {
	/* the first two are in args_doc */
	{ "order", OPT_ORDER, "N", OPTION_NO_USAGE, "The order wanted: 18 (256K) to 46 (64T)", 0 },
	{ "ram", OPT_RAM, "SIZE", OPTION_NO_USAGE,
	  "The order that QEMU would give a guest with so much RAM: one 128th of it", 0 },
	{ "min-order", OPT_MIN_ORDER, "N", 0, "Accept a smaller table, down to this order", 0 },
	{ 0 },
};

static void check(struct argp_state *state, const struct options *options)
{
	unsigned int order = options_order(options);

	if (!order)
		options_fail(state, "which size? give --order N or --ram SIZE");
	if (options->min_order > order)
		options_fail(state, "--min-order %u is above the order wanted, %u",
			     options->min_order, order);
}

static int work(const struct vm *vm, const struct options *options, struct vm_result *result)
{
	unsigned int order = options_order(options);
	struct kvm_ppc_htab htab = { .order = order, .min_order = options->min_order };
	const struct vm_terms terms = vm_terms_of(options);
	char size[BYTES_TEXT_MAX];
	int r;

	result->wanted_order = order;
	r = vm_change(vm, &terms, &htab, result);
	if (r)
		return r;
	if (options->dry_run) {
		result->outcome = "would-resize";
		return 0;
	}
	result->outcome = htab.order == result->order_before ? "cleared" : "resized";
	if (htab.order < order && !options->output.quiet)
		complain(NULL, "order %u was wanted, order %u (%s) is what could be had", order,
			 htab.order, bytes_format(hpt_bytes(htab.order), size));
	return 0;
}

const struct command resize_command = {
	.name = "resize",
	.summary = "give a stopped VM a table of another order",
	.args_doc = "--vm=VM --order=N|--ram=SIZE",
	.doc = "Give a VM an empty hashed page table of another order.\n\nOnly for a VM that is "
	       "stopped and about to start afresh: clearing the table of a guest that is merely "
	       "paused kills that guest, and the VMM has to know the new order.",
	.options = own_options,
	.groups = OPTIONS_VM | OPTIONS_CHANGE,
	.check = check,
	.defaults = "VM,RESULT,WANTED,ORDER,SIZE,SOURCE",
	SERVES_VMS,
	.work = work,
};
