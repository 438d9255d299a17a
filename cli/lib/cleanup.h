/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables that free or close their contents when they go out of scope, for early returns. */
#ifndef KVM_HTAB_LIB_CLEANUP_H
#define KVM_HTAB_LIB_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#include "lib/shortage.h"

#define _cleanup_(f) __attribute__((__cleanup__(f)))
#define _must_check_ __attribute__((__warn_unused_result__))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)

/* Passes the ownership of the file descriptor to the caller. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif /* KVM_HTAB_LIB_CLEANUP_H */
