/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings: those that grow, and those from elsewhere made fit for a terminal and for JSON. */
#ifndef KVM_HTAB_LIB_TEXT_H
#define KVM_HTAB_LIB_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Appends to the string *@text, which the caller owns; NULL is an empty one. If memory runs out,
 * *@text stays as it was, and shortage_code() tells.
 */
void text_add(char **text, const char *format, ...) __attribute__((__format__(printf, 2, 3)));
void text_add_list(char **text, const char *format, va_list args)
	__attribute__((__format__(printf, 2, 0)));

/* A new string, which the caller frees; NULL: out of memory. */
char *text_format(const char *format, ...) __attribute__((__format__(printf, 1, 2)));

/*
 * A copy of @s in which every byte that is not printable ASCII reads \xNN.
 * The caller frees it; NULL: out of memory.
 */
char *escape_ascii(const char *s);

/*
 * The same, but well-formed UTF-8 stays (control characters U+0080..U+009F
 * do not), so that the result is valid inside JSON whatever @s was.
 */
char *escape_utf8(const char *s);

/*
 * Prints @text to standard output in lines of at most @width bytes, broken between words, each but
 * the first behind @indent blanks. Words longer than a line are not broken. @width 0: one line.
 */
void print_wrapped(const char *text, size_t indent, size_t width);

#endif /* KVM_HTAB_LIB_TEXT_H */
