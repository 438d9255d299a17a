// SPDX-License-Identifier: GPL-2.0-only
/* Measures how fast this host copies memory. */
#include "host/copy.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/clock.h"

/* More than the caches hold, as a large table. */
#define COPY_BYTES ((size_t)32 << 20)
#define COPY_ROUNDS 5

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Bytes per millisecond from @from to @to, which have COPY_BYTES each; 0: not measured. */
static uint64_t copy_speed(const char *from, char *to)
{
	int64_t times[COPY_ROUNDS], ns;

	for (size_t i = 0; i < COPY_ROUNDS; i++) {
		int64_t start = clock_ns();

		memcpy(to, from, COPY_BYTES);
		__asm__ volatile("" : : "r"(to) : "memory"); /* keeps the copy */
		times[i] = clock_ns() - start;
	}
	/* the median, since others may have been interrupted */
	qsort(times, COPY_ROUNDS, sizeof(times[0]), compare_times);
	ns = times[COPY_ROUNDS / 2];
	return ns > 0 ? (uint64_t)COPY_BYTES * 1000000 / (uint64_t)ns : 0;
}

uint64_t copy_measure(void)
{
	/* The brackets avoid the macro that notes a shortage: the measurement is optional. */
	_cleanup_free_ char *from = (malloc)(COPY_BYTES), *to = (malloc)(COPY_BYTES);

	if (!from || !to)
		return 0;
	memset(from, 1, COPY_BYTES);
	memset(to, 2, COPY_BYTES);
	return copy_speed(from, to);
}
