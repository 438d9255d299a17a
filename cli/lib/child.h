/* SPDX-License-Identifier: GPL-2.0-only */
/* Work that may hang in the kernel, in a child process that can be abandoned. */
#ifndef KVM_HTAB_LIB_CHILD_H
#define KVM_HTAB_LIB_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/cleanup.h"
#include "lib/error.h"

/*
 * Has a child process do @work, which fills @data (@bytes, without pointers to new memory) and its
 * error, and returns 0 or -errno. Copies both back and returns that. A child that has not answered
 * within @timeout_ms is killed but not waited for, since not even SIGKILL ends it while the kernel
 * hangs; *@left_behind is its process ID, otherwise 0.
 * Errors: those of @work; -ETIMEDOUT, @err unchanged; those of fork(2) and pipe(2), STATUS_FAILED.
 */
int child_run(unsigned int timeout_ms, int (*work)(void *data, struct error *err), void *data,
	      size_t bytes, pid_t *left_behind, struct error *err) _must_check_;

#endif /* KVM_HTAB_LIB_CHILD_H */
