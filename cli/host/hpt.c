// SPDX-License-Identifier: GPL-2.0-only
/* Orders of tables. */
#include "host/hpt.h"

unsigned int hpt_order_of_ram(uint64_t ram_bytes)
{
	unsigned int log2_ceil = ram_bytes > 1 ? log2_floor(ram_bytes - 1) + 1 : 0;

	if (log2_ceil < HPT_ORDER_MIN + 7)
		return HPT_ORDER_MIN;
	if (log2_ceil > HPT_ORDER_MAX + 7)
		return HPT_ORDER_MAX;
	return log2_ceil - 7;
}

int hpt_order_parse(const char *text, unsigned int *order, struct error *err)
{
	uint64_t value;

	if (parse_u64(text, &value) || value < HPT_ORDER_MIN || value > HPT_ORDER_MAX)
		return error_set(
			err, STATUS_USAGE, EINVAL,
			"invalid order \"%s\": use a number from 18 (256 KiB) to 46 (64 TiB)",
			text);
	*order = (unsigned int)value;
	return 0;
}
