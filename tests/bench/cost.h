/* SPDX-License-Identifier: GPL-2.0-only */
/* What something costs in the host: read before and afterwards. */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The module memset_pool has made it count, and 32 bits are enough for a difference. */
static inline uint32_t instructions(void)
{
	uint64_t pmc5;

	__asm__ __volatile__("mfspr %0, 775" : "=r"(pmc5));
	return (uint32_t)pmc5;
}

#endif
