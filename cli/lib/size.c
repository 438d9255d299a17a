// SPDX-License-Identifier: GPL-2.0-only
/* Numbers and sizes. */
#include "lib/size.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGTPE";

const char *bytes_format(uint64_t bytes, char text[static BYTES_TEXT_MAX])
{
	unsigned int unit = bytes ? log2_floor(bytes) / 10 : 0;
	uint64_t tenths;

	if (!unit) {
		snprintf(text, BYTES_TEXT_MAX, "%" PRIu64 "B", bytes);
		return text;
	}

	tenths = (uint64_t)(((unsigned __int128)bytes * 10 + (UINT64_C(1) << (unit * 10 - 1))) >>
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
		return error_set(
			err, STATUS_USAGE, EINVAL,
			"\"%s\" is no size: write a number with a unit, as in 64G, 512MiB or 1.5T",
			text);
	for (; isdigit((unsigned char)*s); s++)
		if (!add_digit(&whole, *s))
			return error_set(
				err, STATUS_USAGE, ERANGE,
				"size \"%s\" is out of range: more than 0 and less than 16 EiB",
				text);
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++) {
			if (scale >= UINT64_C(10000000000000000000))
				continue; /* at most a tenth of a byte, whatever the unit */
			add_digit(&fraction, *s);
			scale *= 10;
		}
	factor = unit_factor(s);
	if (!factor)
		return error_set(
			err, STATUS_USAGE, EINVAL,
			"\"%s\" is no size: write a number with a unit, as in 64G, 512MiB or 1.5T",
			text);

	value = (unsigned __int128)whole * factor + (unsigned __int128)fraction * factor / scale;
	if (!value || value > UINT64_MAX)
		return error_set(err, STATUS_USAGE, ERANGE,
				 "size \"%s\" is out of range: more than 0 and less than 16 EiB",
				 text);
	*bytes = (uint64_t)value;
	return 0;
}

int scan_u64(const char **s, uint64_t *value)
{
	const char *p = *s;
	uint64_t v = 0;

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p < '0' || *p > '9')
		return -EBADMSG;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -EBADMSG;
	*s = p;
	*value = v;
	return 0;
}

int find_u64(const char *text, const char *key, uint64_t *value)
{
	const char *line = text;

	while ((line = strstr(line, key)) && line != text && line[-1] != '\n')
		line += strlen(key);
	if (!line)
		return -ENOENT;
	line += strlen(key);
	return scan_u64(&line, value);
}

int parse_u64(const char *s, uint64_t *value)
{
	uint64_t v;

	if (*s < '0' || *s > '9' || scan_u64(&s, &v) || *s)
		return -EBADMSG;
	*value = v;
	return 0;
}
