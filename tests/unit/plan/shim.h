/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's planner includes, for user space */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BITS_PER_LONG 64
#define BITS_TO_LONGS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))

#define ALIGN(x, a) (((x) + (a)-1) & ~((a)-1))
#define IS_ALIGNED(x, a) (!((x) & ((a)-1)))
#define round_down(x, a) ((x) & ~((a)-1))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define ilog2(n) (BITS_PER_LONG - 1 - (unsigned int)__builtin_clzl(n))
#define __ffs(n) ((unsigned int)__builtin_ctzl(n))

static inline bool test_bit(unsigned long i, const unsigned long *map)
{
	return map[i / BITS_PER_LONG] >> (i % BITS_PER_LONG) & 1;
}

/* The first bit from @i on that is not the same in @flip; @size if there is none */
static inline unsigned long find_bit(const unsigned long *map, unsigned long size, unsigned long i,
				     unsigned long flip)
{
	unsigned long word;

	if (i >= size)
		return size;
	word = (map[i / BITS_PER_LONG] ^ flip) & (~0ul << (i % BITS_PER_LONG));
	for (i /= BITS_PER_LONG; !word;) {
		if (++i >= BITS_TO_LONGS(size))
			return size;
		word = map[i] ^ flip;
	}
	i = i * BITS_PER_LONG + __ffs(word);
	return min(i, size);
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long size,
					  unsigned long i)
{
	return find_bit(map, size, i, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size,
					       unsigned long i)
{
	return find_bit(map, size, i, ~0ul);
}

static inline void bitmap_set(unsigned long *map, unsigned long at, unsigned long nr)
{
	for (; nr && at % BITS_PER_LONG; at++, nr--)
		map[at / BITS_PER_LONG] |= 1ul << (at % BITS_PER_LONG);
	for (; nr >= BITS_PER_LONG; at += BITS_PER_LONG, nr -= BITS_PER_LONG)
		map[at / BITS_PER_LONG] = ~0ul;
	for (; nr; at++, nr--)
		map[at / BITS_PER_LONG] |= 1ul << (at % BITS_PER_LONG);
}

static inline void bitmap_clear(unsigned long *map, unsigned long at, unsigned long nr)
{
	for (; nr && at % BITS_PER_LONG; at++, nr--)
		map[at / BITS_PER_LONG] &= ~(1ul << (at % BITS_PER_LONG));
	for (; nr >= BITS_PER_LONG; at += BITS_PER_LONG, nr -= BITS_PER_LONG)
		map[at / BITS_PER_LONG] = 0;
	for (; nr; at++, nr--)
		map[at / BITS_PER_LONG] &= ~(1ul << (at % BITS_PER_LONG));
}

#define sort(base, n, size, compare, swap) qsort(base, n, size, compare)

static inline void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned long nr)
{
	memcpy(to, from, BITS_TO_LONGS(nr) * sizeof(long));
}

#endif
