/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings that grow, and escaping of foreign strings for terminals and JSON. */
#ifndef KVM_HTAB_LIB_TEXT_H
#define KVM_HTAB_LIB_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Appends to the string *@text, which the caller owns and which may be NULL. If memory runs out,
 * *@text is unchanged and shortage_code() is ENOMEM.
 */
void text_add(char **text, const char *format, ...) __attribute__((__format__(printf, 2, 3)));
void text_add_list(char **text, const char *format, va_list args)
	__attribute__((__format__(printf, 2, 0)));

/* A new string that the caller frees; NULL: out of memory. */
char *text_format(const char *format, ...) __attribute__((__format__(printf, 1, 2)));

/* A copy of @s in which \xNN replaces bytes other than printable ASCII. As text_format(). */
char *escape_ascii(const char *s);

/* As escape_ascii(), but keeps well-formed UTF-8 except U+0080..U+009F: valid in JSON. */
char *escape_utf8(const char *s);

/*
 * Prints @text in lines of up to @width bytes (0: any length), broken between words only. All but
 * the first line are indented by @indent blanks.
 */
void print_wrapped(const char *text, size_t indent, size_t width);

#endif /* KVM_HTAB_LIB_TEXT_H */
