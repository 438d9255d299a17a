/* SPDX-License-Identifier: GPL-2.0-only */
/* Work that may hang in the kernel, in a child process that can be abandoned. */
#ifndef KVM_HTAB_LIB_CHILD_H
#define KVM_HTAB_LIB_CHILD_H

#include <stddef.h>

#include "lib/cleanup.h"
#include "lib/error.h"

/*
 * Has a child process do @work, which fills @data, of @bytes and without pointers to new memory, and
 * the error that it is given, and returns 0 or -errno. Copies both back and returns that.
 * A child that has not answered within @timeout_ms is killed and not waited for.
 * Errors: those of @work; -ETIMEDOUT, STATUS_CANNOT; those of fork(2) and pipe(2), STATUS_FAILED.
 */
int child_run(unsigned int timeout_ms, int (*work)(void *data, struct error *err), void *data,
	      size_t bytes, struct error *err) _must_check_;

#endif /* KVM_HTAB_LIB_CHILD_H */
