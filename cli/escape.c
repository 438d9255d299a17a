// SPDX-License-Identifier: GPL-2.0-only
/* Escaping of strings that come from elsewhere. */
#include "escape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lack.h"

static bool is_printable(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

/*
 * Length in bytes of the well-formed UTF-8 sequence of two to four bytes at
 * @s that may stay; 0: none (overlong, surrogate, out of range, C1 control).
 */
static size_t utf8_length(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t code;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	code = s[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80) /* the terminating NUL stops here, too */
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

static char *escape(const char *string, bool keep_utf8)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)string;
	char *result = malloc(strlen(string) * 4 + 1);
	char *out = result;

	if (!result)
		return NULL;
	while (*s) {
		size_t length = is_printable(*s) ? 1 : keep_utf8 ? utf8_length(s) : 0;

		if (length) {
			memcpy(out, s, length);
			out += length;
			s += length;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[*s >> 4];
		*out++ = hex[*s & 0xf];
		s++;
	}
	*out = '\0';
	return result;
}

char *escape_ascii(const char *s)
{
	return escape(s, false);
}

char *escape_utf8(const char *s)
{
	return escape(s, true);
}
