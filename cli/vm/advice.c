// SPDX-License-Identifier: GPL-2.0-only
/* Whether the table of a VM has the right size. */
#include "vm/advice.h"

#include <string.h>

#include "host/hpt.h"
#include "lib/text.h"

#define LOAD_AIM_PPM 500000U
#define LOAD_MAX_PPM 750000U
#define OVERFLOW_MAX_PPM 10000U

/* A table of less than a quarter of the size, as with Linux's hysteresis: resizing is not free. */
#define ORDERS_LESS_MIN 2U

/* QEMU's table is RAM / 128. So the RAM is at most that, if nobody says how much it is. */
#define QEMU_RATIO_SHIFT 7U
#define LINUX_RATIO_SHIFT 10U

static unsigned int log2_ceiling(uint64_t value)
{
	return log2_floor(value) + !!(value & (value - 1));
}

/* The smallest order that is advised. */
static unsigned int floor_order(const struct host_vm *vm, unsigned int order)
{
	unsigned int ram_log2 = order + QEMU_RATIO_SHIFT;

	if (vm->ram_bytes)
		ram_log2 = log2_ceiling(vm->ram_bytes);
	return ram_log2 > HPT_ORDER_MIN + LINUX_RATIO_SHIFT ? ram_log2 - LINUX_RATIO_SHIFT :
							      HPT_ORDER_MIN;
}

/* By how many orders it can be smaller. The load doubles with each. */
static unsigned int orders_less(const struct host_vm *vm, const struct vm_load *load)
{
	const unsigned int order = (unsigned int)load->order.value, least = floor_order(vm, order);
	uint64_t ppm = load->load_ppm.value + load->error_ppm.value;
	unsigned int less = 0;

	while (order > least + less && ppm * 2 <= LOAD_AIM_PPM) {
		ppm *= 2;
		less++;
	}
	return less;
}

struct advice vm_advise(const struct host_vm *vm, const struct vm_load *load,
			const struct fact *overflow_ppm, const struct fact *age_s)
{
	const unsigned int order = (unsigned int)load->order.value;
	struct advice advice = { .kind = ADVICE_OK };
	unsigned int less;

	if (!order)
		return (struct advice){ .kind = ADVICE_NONE };
	if (load->load_ppm.value > LOAD_MAX_PPM ||
	    (overflow_ppm->known && overflow_ppm->value > OVERFLOW_MAX_PPM)) {
		if (order < HPT_ORDER_MAX)
			advice = (struct advice){ .kind = ADVICE_LARGER, .order = order + 1 };
		return advice;
	}
	less = orders_less(vm, load);
	if (less < ORDERS_LESS_MIN)
		return advice;
	advice.order = order - less;
	advice.kind = ADVICE_EARLY;
	if (!(vm->info.flags & KVM_PPC_HTAB_INFO_READY) ||
	    (age_s->known && age_s->value < ADVICE_AGE_S))
		return advice;
	advice.kind = ADVICE_SMALLER;
	advice.table_bytes = vm->info.table_bytes - (vm->info.table_bytes >> less);
	advice.revmap_bytes = vm->info.revmap_bytes - (vm->info.revmap_bytes >> less);
	return advice;
}

const char *vm_advice_name(enum advice_kind kind)
{
	static const char *const names[] = {
		[ADVICE_NONE] = NULL,	    [ADVICE_OK] = "ok",	      [ADVICE_SMALLER] = "smaller",
		[ADVICE_LARGER] = "larger", [ADVICE_EARLY] = "early",
	};

	return names[kind];
}

static char *smaller_text(const struct host_vm *vm, const struct advice *advice)
{
	char table[BYTES_TEXT_MAX], revmap[BYTES_TEXT_MAX];

	if (vm->info.source == KVM_PPC_HTAB_POOL)
		return text_format("order %u is enough: saves %s of the pool and %s of memory",
				   advice->order, bytes_format(advice->table_bytes, table),
				   bytes_format(advice->revmap_bytes, revmap));
	return text_format("order %u is enough: saves %s of memory", advice->order,
			   bytes_format(advice->table_bytes + advice->revmap_bytes, table));
}

char *vm_advice_text(const struct host_vm *vm, const struct advice *advice)
{
	switch (advice->kind) {
	case ADVICE_NONE:
		return NULL;
	case ADVICE_OK:
		return strdup(vm_advice_name(advice->kind));
	case ADVICE_SMALLER:
		return smaller_text(vm, advice);
	case ADVICE_LARGER:
		return text_format("too small: use order %u", advice->order);
	case ADVICE_EARLY:
		return text_format("order %u is enough so far: look again after a day",
				   advice->order);
	}
	return NULL;
}
