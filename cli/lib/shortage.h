/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes when this process runs out of memory or file descriptors, or cannot read an existing file.
 * Such an error says nothing about the host: the program may go on, but must not exit with 0.
 * The allocation functions keep their names, so that every call is noted.
 */
#ifndef KVM_HTAB_LIB_SHORTAGE_H
#define KVM_HTAB_LIB_SHORTAGE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Notes the errno @code if it is ENOMEM, EMFILE, ENFILE or EIO. */
void shortage_note(int code);

/* The first errno noted; 0: none. */
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
