// SPDX-License-Identifier: GPL-2.0-only
/* Numbers and sizes. */
#include "lib/size.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGTPE";

const char *percent_format(uint64_t ppm, char text[static BYTES_TEXT_MAX])
{
	const uint64_t hundredths = (ppm + 50) / 100, tenths = (ppm + 500) / 1000;

	if (ppm && !hundredths) /* not "0.00%" beside a "0%" */
		snprintf(text, BYTES_TEXT_MAX, "<0.01%%");
	else if (ppm && hundredths < 100)
		snprintf(text, BYTES_TEXT_MAX, "0.%02" PRIu64 "%%", hundredths);
	else if (tenths % 10)
		snprintf(text, BYTES_TEXT_MAX, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10,
			 tenths % 10);
	else
		snprintf(text, BYTES_TEXT_MAX, "%" PRIu64 "%%", tenths / 10);
	return text;
}

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

/* The factor of the unit @s; 0: unknown unit. */
static uint64_t unit_factor(const char *s)
{
	const char *unit;
	uint64_t factor = 1;
	bool decimal;

	if (!strcasecmp(s, "B"))
		return 1;
	unit = *s ? strchr(units, toupper((unsigned char)*s)) : NULL;
	if (!unit)
		return 0;
	decimal = !strcasecmp(s + 1, "B");
	if (!decimal && s[1] && strcasecmp(s + 1, "i") && strcasecmp(s + 1, "iB"))
		return 0;
	for (const char *u = units; u <= unit; u++)
		factor *= decimal ? 1000 : 1024;
	return factor;
}

/* Appends the digit @c to @value; false: @value exceeds 64 bits. */
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
	bool fits = true;

	for (; isdigit((unsigned char)*s); s++)
		fits = fits && add_digit(&whole, *s);
	if (s > text && *s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++) {
			if (scale >= UINT64_C(10000000000000000000))
				continue; /* less than a byte in any unit */
			add_digit(&fraction, *s);
			scale *= 10;
		}
	if (s > text && !*s)
		return error_set(
			err, STATUS_USAGE, EINVAL,
			"size \"%s\" has no unit: QEMU means MiB (%sM), libvirt KiB (%sK); "
			"use a number with a unit, such as 64G",
			text, text, text);
	factor = s > text ? unit_factor(s) : 0;
	if (!factor)
		return error_set(
			err, STATUS_USAGE, EINVAL,
			"invalid size \"%s\": use a number with a unit, such as 64G or 1.5T", text);
	value = (unsigned __int128)whole * factor + (unsigned __int128)fraction * factor / scale;
	if (!fits || !value || value > UINT64_MAX)
		return error_set(
			err, STATUS_USAGE, ERANGE,
			"size \"%s\" is out of range: use more than 0 and less than 16 EiB", text);
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
		if (!add_digit(&v, *p))
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
