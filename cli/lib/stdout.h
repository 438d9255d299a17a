/* SPDX-License-Identifier: GPL-2.0-only */
/* Standard output with error checks: a full disk must not look like success. */
#ifndef KVM_HTAB_LIB_STDOUT_H
#define KVM_HTAB_LIB_STDOUT_H

#include <stdbool.h>

struct json_object;

/* Call this first: then writes fail only in flush_stdout() or close_stdout(). */
void buffer_stdout(void);

/* Flushes the buffer. Exits with status 1 on failure. */
void flush_stdout(void);

/* For atexit(): exits with status 1 if output was lost, or may be incomplete (see shortage.h). */
void close_stdout(void);

/* Prints @document and takes it over. Exits with status 1 if memory runs out. */
void output_json(struct json_object *document);

/* Whether standard output is a terminal, and neither NO_COLOR nor TERM=dumb is set. */
bool colours_wanted(void);

/* Columns of the terminal at standard output, or $COLUMNS; 0: unknown. */
unsigned int stdout_width(void);

#endif /* KVM_HTAB_LIB_STDOUT_H */
