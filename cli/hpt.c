// SPDX-License-Identifier: GPL-2.0-only
/* Orders, bytes and the sizes that people write. */
#include "hpt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "messages.h"

static const char units[] = "KMGTPE";

unsigned int hpt_order_of_ram(uint64_t ram_bytes)
{
	unsigned int log2_ceil = ram_bytes > 1 ? log2_floor(ram_bytes - 1) + 1 : 0;

	if (log2_ceil < HPT_ORDER_MIN + 7)
		return HPT_ORDER_MIN;
	if (log2_ceil > HPT_ORDER_MAX + 7)
		return HPT_ORDER_MAX;
	return log2_ceil - 7;
}

const char *bytes_format(uint64_t bytes, char text[static BYTES_TEXT_MAX])
{
	unsigned int unit = bytes ? log2_floor(bytes) / 10 : 0;
	uint64_t tenths;

	if (!unit) {
		snprintf(text, BYTES_TEXT_MAX, "%" PRIu64 "B", bytes);
		return text;
	}

	tenths = (uint64_t)(((unsigned __int128)bytes * 10 + (hpt_bytes(unit * 10) / 2)) >>
			    (unit * 10));
	if (tenths >= 10240 && unit < sizeof(units) - 1) { /* 1023.96M is 1G */
		tenths = 10;
		unit++;
	}
	if (tenths % 10)
		snprintf(text, BYTES_TEXT_MAX, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10,
			 tenths % 10, units[unit - 1]);
	else
		snprintf(text, BYTES_TEXT_MAX, "%" PRIu64 "%c", tenths / 10, units[unit - 1]);
	return text;
}

/* What the unit @s multiplies by; 0: no unit that we know. */
static uint64_t unit_factor(const char *s)
{
	const char *unit;
	uint64_t factor = 1;
	bool decimal;

	if (!*s || !strcasecmp(s, "B"))
		return 1;
	unit = strchr(units, toupper((unsigned char)*s));
	if (!unit)
		return 0;
	decimal = !strcasecmp(s + 1, "B");
	if (!decimal && s[1] && strcasecmp(s + 1, "iB"))
		return 0;
	for (const char *u = units; u <= unit; u++)
		factor *= decimal ? 1000 : 1024;
	return factor;
}

/* Adds the digit @c to @value in place; false: @value would leave 64 bits. */
static bool add_digit(uint64_t *value, char c)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, (uint64_t)(c - '0'), value);
}

int bytes_parse(const char *text, uint64_t *bytes, struct error *err)
{
	uint64_t whole = 0, fraction = 0, scale = 1, factor;
	unsigned __int128 value;
	const char *s = text;

	if (!isdigit((unsigned char)*s))
		return error_set(err, STATUS_USAGE, EINVAL, MSG_BAD_SIZE, text);
	for (; isdigit((unsigned char)*s); s++)
		if (!add_digit(&whole, *s))
			return error_set(err, STATUS_USAGE, ERANGE, MSG_SIZE_RANGE, text);
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++) {
			if (scale >= UINT64_C(10000000000000000000))
				continue; /* at most a tenth of a byte, whatever the unit */
			add_digit(&fraction, *s);
			scale *= 10;
		}
	factor = unit_factor(s);
	if (!factor)
		return error_set(err, STATUS_USAGE, EINVAL, MSG_BAD_SIZE, text);

	value = (unsigned __int128)whole * factor + (unsigned __int128)fraction * factor / scale;
	if (!value || value > UINT64_MAX)
		return error_set(err, STATUS_USAGE, ERANGE, MSG_SIZE_RANGE, text);
	*bytes = (uint64_t)value;
	return 0;
}

int hpt_order_parse(const char *text, unsigned int *order, struct error *err)
{
	uint64_t value = 0;
	const char *s = text;

	for (; isdigit((unsigned char)*s); s++)
		if (!add_digit(&value, *s))
			break;
	if (s == text || *s)
		return error_set(err, STATUS_USAGE, EINVAL, MSG_BAD_ORDER, text);
	if (value < HPT_ORDER_MIN || value > HPT_ORDER_MAX)
		return error_set(err, STATUS_USAGE, ERANGE, MSG_BAD_ORDER, text);
	*order = (unsigned int)value;
	return 0;
}
