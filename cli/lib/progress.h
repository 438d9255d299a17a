/* SPDX-License-Identifier: GPL-2.0-only */
/* A line on the terminal that says what takes so long, while the program waits in a system call. */
#ifndef KVM_HTAB_LIB_PROGRESS_H
#define KVM_HTAB_LIB_PROGRESS_H

#include <stdint.h>
#include <sys/types.h>

#define PROGRESS_TEXT_MAX 256

/* Writes what is going on, after @ms, to @text. Called in another process. */
typedef void progress_say(const void *data, int64_t ms, char text[static PROGRESS_TEXT_MAX]);

struct progress {
	pid_t child; /* which prints the line; 0: none */
};

/*
 * Begins to show what @say says, on standard error if that is a terminal, and only if it takes
 * longer than half a second. Does nothing if no process can be had. progress_stop() ends the line
 * and erases it.
 */
void progress_start(struct progress *progress, progress_say *say, const void *data);
void progress_stop(struct progress *progress);

#endif /* KVM_HTAB_LIB_PROGRESS_H */
