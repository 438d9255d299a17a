// SPDX-License-Identifier: GPL-2.0-only
/* Strings. */
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

void text_add_list(char **text, const char *format, va_list args)
{
	_cleanup_free_ char *more = NULL;
	char *joined;

	if (vasprintf(&more, format, args) < 0) {
		more = NULL;
		return;
	}
	if (asprintf(&joined, "%s%s", *text ?: "", more) < 0)
		return;
	free(*text);
	*text = joined;
}

void text_add(char **text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_add_list(text, format, args);
	va_end(args);
}

char *text_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	text_add_list(&text, format, args);
	va_end(args);
	return text;
}

/* The number of printable ASCII characters at the start of @s. */
static size_t printable_length(const unsigned char *s)
{
	size_t length = 0;

	while (s[length] >= 0x20 && s[length] < 0x7f)
		length++;
	return length;
}

/*
 * The length of the well-formed UTF-8 sequence of two to four bytes at @s.
 * 0: overlong, surrogate, out of range, C1 control or not UTF-8.
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
		if ((s[i] & 0xc0) != 0x80) /* or the terminating NUL */
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
		size_t length = printable_length(s);

		if (!length && keep_utf8)
			length = utf8_length(s);
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

/* The number of bytes of @text that fit into @room, broken at a blank; at least one word. */
static size_t line_length(const char *text, size_t room)
{
	size_t length = strlen(text);

	if (length <= room)
		return length;
	for (length = room; length && text[length] != ' ';)
		length--;
	return length ?: strcspn(text, " ");
}

void print_wrapped(const char *text, size_t indent, size_t width)
{
	size_t room = width > indent ? width - indent : width ? 1 : strlen(text);

	for (;;) {
		size_t length = line_length(text, room);

		printf("%.*s\n", (int)length, text);
		text += length + strspn(text + length, " ");
		if (!*text)
			return;
		printf("%*s", (int)indent, "");
	}
}
