/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic of hashed page tables: order, bytes, RAM of the guest. */
#ifndef KVM_HTAB_HOST_HPT_H
#define KVM_HTAB_HOST_HPT_H

#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/size.h"

/* As KVM_PPC_HTAB_ORDER_MIN and _MAX. The hardware field HTABSIZE is order - 18. */
#define HPT_ORDER_MIN 18U
#define HPT_ORDER_MAX 46U
#define HPT_ORDERS (HPT_ORDER_MAX - HPT_ORDER_MIN + 1)

/* PPC_DEF_HTAB_ORDER: the default at a VM's first KVM_RUN, 16 MiB. */
#define HPT_ORDER_DEFAULT 24U

/* The page allocator's highest limit, with pages of 4 KiB or 64 KiB. */
#define HPT_ORDER_PAGES_MAX 24U

/* Bytes of a table of @order (up to 63), and of its reverse map. */
static inline uint64_t hpt_bytes(unsigned int order)
{
	return UINT64_C(1) << order;
}

static inline const char *tables_word(uint64_t n)
{
	return n == 1 ? "table" : "tables";
}

/*
 * The order that QEMU requests: one 128th of @ram_bytes, rounded up to a power of two, within
 * HPT_ORDER_MIN..HPT_ORDER_MAX.
 */
unsigned int hpt_order_of_ram(uint64_t ram_bytes);

/* Parses an order. Errors: -EINVAL, usage error, unless it is a number in 18..46. */
int hpt_order_parse(const char *text, unsigned int *order, struct error *err) _must_check_;

#endif /* KVM_HTAB_HOST_HPT_H */
