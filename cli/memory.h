/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes that memory ran out, wherever that was: whoever then goes on with less must not end with
 * exit status 0. What allocates is called by its own name, so that no place can forget it.
 */
#ifndef KVM_HTAB_MEMORY_H
#define KVM_HTAB_MEMORY_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_note_lack(void);

/* Whether it ever did. */
bool memory_ran_out(void);

static inline void *memory_note(void *result)
{
	if (!result)
		memory_note_lack();
	return result;
}

static inline int memory_note_length(int result)
{
	if (result < 0)
		memory_note_lack();
	return result;
}

#define malloc(size) memory_note(malloc(size))
#define calloc(n, size) memory_note(calloc(n, size))
#define realloc(block, size) memory_note(realloc(block, size))
#define reallocarray(block, n, size) memory_note(reallocarray(block, n, size))
#define strndup(s, length) ((char *)memory_note(strndup(s, length)))
#define open_memstream(text, size) ((FILE *)memory_note(open_memstream(text, size)))
#define asprintf(...) memory_note_length(asprintf(__VA_ARGS__))
#define vasprintf(...) memory_note_length(vasprintf(__VA_ARGS__))
#undef strdup
#define strdup(s) ((char *)memory_note(strdup(s)))

#endif /* KVM_HTAB_MEMORY_H */
