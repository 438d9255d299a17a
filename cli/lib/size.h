/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers in the kernel's files, and sizes as people write them. */
#ifndef KVM_HTAB_LIB_SIZE_H
#define KVM_HTAB_LIB_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"

/* Room for any text of bytes_format(). */
#define BYTES_TEXT_MAX 24

/* The largest n with 2^n <= @value, which must not be 0. */
static inline unsigned int log2_floor(uint64_t value)
{
	return 63 - (unsigned int)__builtin_clzll(value);
}

/* Writes @bytes with a binary unit ("64M", "1.5G") to @text. Returns @text. */
const char *bytes_format(uint64_t bytes, char text[static BYTES_TEXT_MAX]);

/* Writes @ppm parts per million as a percentage ("0.25%", "3.1%", "100%") to @text. Returns @text. */
const char *percent_format(uint64_t ppm, char text[static BYTES_TEXT_MAX]);

/*
 * Parses a size, such as "1.5T", in bytes. K, M, G, T, P and E, alone or with "iB", are powers of
 * 1024; with "B" they are powers of 1000. No unit, or "B", means bytes. The result is rounded down.
 * Errors: usage errors, -EINVAL (invalid), -ERANGE (0, or 2^64 or more).
 */
int bytes_parse(const char *text, uint64_t *bytes, struct error *err) _must_check_;

/* Parses a decimal number at *@s, after blanks, and moves *@s behind it. Errors: -EBADMSG. */
int scan_u64(const char **s, uint64_t *value) _must_check_;

/* Parses the number after @key ("CmaFree:"), which begins a line. Errors: -ENOENT, -EBADMSG. */
int find_u64(const char *text, const char *key, uint64_t *value) _must_check_;

/* Parses @s, which must be a decimal number only. Errors: -EBADMSG. */
int parse_u64(const char *s, uint64_t *value) _must_check_;

#endif /* KVM_HTAB_LIB_SIZE_H */
