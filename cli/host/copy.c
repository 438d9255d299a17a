// SPDX-License-Identifier: GPL-2.0-only
/* How fast this host copies memory. */
#include "host/copy.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/clock.h"

/* For a table that is larger than caches are, and is not in them. */
#define COPY_BYTES ((size_t)32 << 20)
#define COPY_ROUNDS 5

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What this host copies in a millisecond, about; @from and @to have COPY_BYTES each. 0: not measured. */
static uint64_t copy_speed(const char *from, char *to)
{
	int64_t times[COPY_ROUNDS], ns;

	for (size_t i = 0; i < COPY_ROUNDS; i++) {
		int64_t start = clock_ns();

		memcpy(to, from, COPY_BYTES);
		__asm__ volatile("" : : "r"(to) : "memory"); /* as if it were read */
		times[i] = clock_ns() - start;
	}
	/* the one in the middle: others may have been interrupted */
	qsort(times, COPY_ROUNDS, sizeof(times[0]), compare_times);
	ns = times[COPY_ROUNDS / 2];
	return ns > 0 ? (uint64_t)COPY_BYTES * 1000000 / (uint64_t)ns : 0;
}

uint64_t copy_measure(void)
{
	/* the names in brackets are those of the C library: a lack of memory is no fault here */
	_cleanup_free_ char *from = (malloc)(COPY_BYTES), *to = (malloc)(COPY_BYTES);

	if (!from || !to)
		return 0;
	memset(from, 1, COPY_BYTES);
	memset(to, 2, COPY_BYTES);
	return copy_speed(from, to);
}
