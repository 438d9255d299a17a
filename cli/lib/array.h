/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays that grow by one element at a time. */
#ifndef KVM_HTAB_LIB_ARRAY_H
#define KVM_HTAB_LIB_ARRAY_H

#include <stddef.h>

#include "lib/cleanup.h"

/*
 * Makes room for an element after the @n elements of @array, which was NULL at first and grown by this
 * function only: its size is the next power of two. NULL: out of memory, @array is unchanged.
 */
static inline void *array_grow(void *array, size_t n, size_t element_bytes)
{
	return n & (n - 1) ? array : reallocarray(array, n ? n * 2 : 1, element_bytes);
}

#endif /* KVM_HTAB_LIB_ARRAY_H */
