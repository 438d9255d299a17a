// SPDX-License-Identifier: GPL-2.0-only
/* Text in lines of a given width. */
#include "wrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lack.h"

/* How many bytes of @text go into a line of @width: up to a blank, if there is one. */
static size_t line_length(const char *text, size_t width)
{
	size_t length = strlen(text);

	if (length <= width)
		return length;
	for (length = width; length; length--)
		if (text[length] == ' ')
			return length;
	return width;
}

char *wrap_words(const char *text, size_t width)
{
	/* at worst every line is one byte and its newline */
	char *result = malloc(2 * strlen(text) + 1), *out = result;

	while (result) {
		size_t length = line_length(text, width);

		memcpy(out, text, length);
		out += length;
		text += length + strspn(text + length, " ");
		if (!*text)
			break;
		*out++ = '\n';
	}
	if (result)
		*out = '\0';
	return result;
}

/* Whether the @n @widths together are more than @total. */
static bool is_more(size_t total, const size_t *widths, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += widths[i];
	return sum > total;
}

void wrap_share(size_t total, size_t *widths, size_t n)
{
	size_t rest = total, wide = n, limit = 0;

	if (!is_more(total, widths, n))
		return;
	/* The limit grows while narrow ones leave something for the others. */
	while (wide && limit < rest / wide) {
		limit = rest / wide;
		rest = total;
		wide = 0;
		for (size_t i = 0; i < n; i++) {
			if (widths[i] <= limit)
				rest -= widths[i];
			else
				wide++;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (widths[i] > limit)
			widths[i] = limit;
}
