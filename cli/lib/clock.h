/* SPDX-License-Identifier: GPL-2.0-only */
/* The monotonic clock: milliseconds for deadlines, nanoseconds for measurements. */
#ifndef KVM_HTAB_LIB_CLOCK_H
#define KVM_HTAB_LIB_CLOCK_H

#include <stdint.h>
#include <stdio.h>
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

#define SECONDS_TEXT_MAX 24

/* Writes @ms in seconds ("10", "0.5") to @text for a message. Returns @text. */
static inline const char *seconds_format(int64_t ms, char text[static SECONDS_TEXT_MAX])
{
	snprintf(text, SECONDS_TEXT_MAX, "%g", (double)ms / 1000);
	return text;
}

#endif /* KVM_HTAB_LIB_CLOCK_H */
