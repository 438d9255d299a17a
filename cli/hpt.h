/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arithmetic of hashed page tables: orders, bytes, the RAM of the guest
 * they serve, and sizes as people write them.
 */
#ifndef KVM_HTAB_HPT_H
#define KVM_HTAB_HPT_H

#include <stdint.h>

#include "cleanup.h"
#include "error.h"

/* As KVM_PPC_HTAB_ORDER_MIN and _MAX: HTABSIZE, the hardware's field, is order - 18. */
#define HPT_ORDER_MIN 18U
#define HPT_ORDER_MAX 46U
#define HPT_ORDERS (HPT_ORDER_MAX - HPT_ORDER_MIN + 1)

/* What a VM gets at its first KVM_RUN if nobody asks (PPC_DEF_HTAB_ORDER): 16 MiB. */
#define HPT_ORDER_DEFAULT 24U

/* The page allocator's limit is never above this, with pages of 4 KiB or 64 KiB. */
#define HPT_ORDER_PAGES_MAX 24U

/* Long enough for any size that bytes_format() writes. */
#define BYTES_TEXT_MAX 24

/* Bytes of a table of @order (up to 63). The reverse map costs as much again. */
static inline uint64_t hpt_bytes(unsigned int order)
{
	return UINT64_C(1) << order;
}

/* "table", or "tables" if there are not @n = 1. */
static inline const char *tables_word(uint64_t n)
{
	return n == 1 ? "table" : "tables";
}

/* Largest n with 2^n <= @value; @value must not be 0. */
static inline unsigned int log2_floor(uint64_t value)
{
	return 63 - (unsigned int)__builtin_clzll(value);
}

/*
 * The order QEMU asks for: log2 of @ram_bytes, rounded up to a power of two,
 * minus 7 (one 128th of the RAM), within HPT_ORDER_MIN..HPT_ORDER_MAX.
 */
unsigned int hpt_order_of_ram(uint64_t ram_bytes);

/* Writes @bytes with a binary unit ("64M", "1.5G") to @text and returns it. */
const char *bytes_format(uint64_t bytes, char text[static BYTES_TEXT_MAX]);

/*
 * Parses a size: a number, a fraction if wanted, and a unit. K, M, G, T, P
 * and E alone or followed by "iB" are powers of 1024; followed by "B" they are
 * powers of 1000; no unit or "B" is bytes. Fractions of a byte are dropped.
 * Errors: -EINVAL (no size), -ERANGE (0, or 2^64 and more), with a usage error in @err.
 */
int bytes_parse(const char *text, uint64_t *bytes, struct error *err) _must_check_;

/* Parses an order; -EINVAL or -ERANGE with a usage error unless it is a number in 18..46. */
int hpt_order_parse(const char *text, unsigned int *order, struct error *err) _must_check_;

#endif /* KVM_HTAB_HPT_H */
