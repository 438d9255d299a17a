/* SPDX-License-Identifier: GPL-2.0-only */
/* The monotonic clock, in milliseconds for deadlines and in nanoseconds for measuring. */
#ifndef KVM_HTAB_LIB_CLOCK_H
#define KVM_HTAB_LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

static inline void sleep_ms(int64_t ms)
{
	struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&span, NULL);
}

/* Writes @ms as seconds ("10", "0.5") to @text, for messages, and returns it. */
#define SECONDS_TEXT_MAX 24
const char *seconds_format(int64_t ms, char text[static SECONDS_TEXT_MAX]);

#endif /* KVM_HTAB_LIB_CLOCK_H */
