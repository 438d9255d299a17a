// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab resize: gives a VM an empty table of another order. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "hpt.h"
#include "messages.h"
#include "vm-command.h"

struct resize_call {
	struct vm_call call; /* first: vm-command.c hands it back */
	unsigned int order; /* 0: not given yet */
	unsigned int min_order; /* 0: exactly order */
};

static const struct argp_option options[] = {
	/* the first two are in args_doc */
	{ "order", OPT_ORDER, "N", OPTION_NO_USAGE, "The order wanted: 18 (256K) to 46 (64T)", 0 },
	{ "ram", OPT_RAM, "SIZE", OPTION_NO_USAGE,
	  "The order that QEMU would give a guest with so much RAM: one 128th of it", 0 },
	{ "min-order", OPT_MIN_ORDER, "N", 0, "Accept a smaller table, down to this order", 0 },
	{ 0 },
};

static const struct argp_child children[] = {
	{ &vm_argp, 0, NULL, 0 },
	{ &change_argp, 0, NULL, 0 },
	{ &common_argp, 0, NULL, 0 },
	{ 0 },
};

static void check_orders(struct argp_state *state, const struct resize_call *call)
{
	if (!call->order)
		argp_error(state, MSG_NO_SIZE);
	if (call->min_order > call->order)
		argp_error(state, MSG_MIN_ABOVE, call->min_order, call->order);
}

static error_t parse_order(int key, const char *arg, struct argp_state *state)
{
	struct resize_call *call = state->input;
	struct error err = { 0 };
	uint64_t ram_bytes = 0;
	int r;

	if (key == OPT_MIN_ORDER)
		r = hpt_order_parse(arg, &call->min_order, &err);
	else if (key == OPT_ORDER)
		r = hpt_order_parse(arg, &call->order, &err);
	else
		r = bytes_parse(arg, &ram_bytes, &err);
	if (r)
		options_fail(state, "%s", err.message);
	if (key == OPT_RAM)
		call->order = hpt_order_of_ram(ram_bytes);
	options_note(state, &call->call.common, key);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct resize_call *call = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &call->call.vm;
		state->child_inputs[1] = &call->call.change;
		state->child_inputs[2] = &call->call.common;
		return 0;
	case OPT_ORDER:
	case OPT_RAM:
	case OPT_MIN_ORDER:
		return parse_order(key, arg, state);
	case ARGP_KEY_END:
		check_orders(state, call);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "--vm=VM --order=N|--ram=SIZE",
	.doc = "Give a VM an empty hashed page table of another order.\n\nOnly for a VM that is "
	       "stopped and about to start afresh: clearing the table of a guest that is merely "
	       "paused kills that guest, and the VMM has to know the new order."
	       "\vColumns",
	.children = children,
	.help_filter = vm_command_help,
};

/* A smaller order within --min-order is no failure, but worth a line. */
static void tell_smaller(unsigned int wanted, unsigned int order)
{
	_cleanup_free_ char *message = NULL;
	char size[BYTES_TEXT_MAX];

	if (asprintf(&message, MSG_SMALLER, wanted, order, bytes_format(hpt_bytes(order), size)) <
	    0)
		message = NULL;
	complain(NULL, message);
}

static int work(const struct vm *vm, const struct vm_call *vm_call, struct vm_result *result)
{
	const struct resize_call *call = (const struct resize_call *)vm_call;
	struct kvm_ppc_htab htab = { .order = call->order, .min_order = call->min_order };
	int r;

	result->wanted_order = call->order;
	r = vm_change(vm, vm_call, &htab, result);
	if (r)
		return r;
	if (vm_call->change.dry_run) {
		result->outcome = "would-resize";
		return 0;
	}
	result->outcome = htab.order == result->order_before ? "cleared" : "resized";
	if (htab.order < call->order && !vm_call->common.output.quiet)
		tell_smaller(call->order, htab.order);
	return 0;
}

static const struct vm_command command = {
	.name = "resize",
	.columns = "VM,RESULT,WANTED,ORDER,SIZE,SOURCE",
	.changes = true,
	.work = work,
};

int command_resize(int argc, char **argv)
{
	struct resize_call call = { 0 };

	options_parse(&argp, argc, argv, 0, &call);
	return vm_command_run(&command, &call.call);
}
