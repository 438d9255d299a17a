/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes what this process lacked, wherever that was: memory, file descriptors, a file that is there
 * and could not be read. That says nothing about the host, so whoever goes on with less must not end
 * with exit status 0. What allocates is called by its own name, so that no place can forget it.
 */
#ifndef KVM_HTAB_LIB_SHORTAGE_H
#define KVM_HTAB_LIB_SHORTAGE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keeps the errno @code if it is one of these: ENOMEM, EMFILE, ENFILE, EIO. */
void shortage_note(int code);

/* The first that was kept; 0: none. */
int shortage_code(void);

static inline void *shortage_note_pointer(void *result)
{
	if (!result)
		shortage_note(ENOMEM);
	return result;
}

static inline int shortage_note_length(int result)
{
	if (result < 0)
		shortage_note(ENOMEM);
	return result;
}

#define malloc(size) shortage_note_pointer(malloc(size))
#define calloc(n, size) shortage_note_pointer(calloc(n, size))
#define realloc(block, size) shortage_note_pointer(realloc(block, size))
#define reallocarray(block, n, size) shortage_note_pointer(reallocarray(block, n, size))
#define strndup(s, length) ((char *)shortage_note_pointer(strndup(s, length)))
#define open_memstream(text, size) ((FILE *)shortage_note_pointer(open_memstream(text, size)))
#define asprintf(...) shortage_note_length(asprintf(__VA_ARGS__))
#define vasprintf(...) shortage_note_length(vasprintf(__VA_ARGS__))
#undef strdup
#define strdup(s) ((char *)shortage_note_pointer(strdup(s)))

#endif /* KVM_HTAB_LIB_SHORTAGE_H */
