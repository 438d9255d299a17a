/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as the kernel's files hold them, and sizes as people write them. */
#ifndef KVM_HTAB_LIB_SIZE_H
#define KVM_HTAB_LIB_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"

/* Long enough for any size that bytes_format() writes. */
#define BYTES_TEXT_MAX 24

/* Largest n with 2^n <= @value; @value must not be 0. */
static inline unsigned int log2_floor(uint64_t value)
{
	return 63 - (unsigned int)__builtin_clzll(value);
}

/* Writes @bytes with a binary unit ("64M", "1.5G") to @text and returns it. */
const char *bytes_format(uint64_t bytes, char text[static BYTES_TEXT_MAX]);

/*
 * Parses a size: a number, a fraction if wanted, and a unit. K, M, G, T, P
 * and E alone or followed by "iB" are powers of 1024; followed by "B" they are
 * powers of 1000; no unit or "B" is bytes. Fractions of a byte are dropped.
 * Errors: -EINVAL (no size), -ERANGE (0, or 2^64 and more), with a usage error in @err.
 */
int bytes_parse(const char *text, uint64_t *bytes, struct error *err) _must_check_;

/* Parses a decimal number at *@s, after blanks, and moves *@s behind it; or -EBADMSG. */
int scan_u64(const char **s, uint64_t *value) _must_check_;

/* The number behind @key, which a line of @text begins with ("CmaFree:"); else -ENOENT, -EBADMSG. */
int find_u64(const char *text, const char *key, uint64_t *value) _must_check_;

/* Parses @s, a decimal number and nothing else, as names in /proc are; or -EBADMSG. */
int parse_u64(const char *s, uint64_t *value) _must_check_;

#endif /* KVM_HTAB_LIB_SIZE_H */
