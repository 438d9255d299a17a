/* SPDX-License-Identifier: GPL-2.0-only */
/* Standard output, whose failures are errors: a full disk must not look like success. */
#ifndef KVM_HTAB_LIB_STDOUT_H
#define KVM_HTAB_LIB_STDOUT_H

#include <stdbool.h>

struct json_object;

/* Call this first, so that writes fail in flush_stdout() or close_stdout() only. */
void buffer_stdout(void);

/* Writes out what is buffered. Exits with status 1 if that fails. */
void flush_stdout(void);

/*
 * For atexit(): exits with status 1 if something did not reach standard output, or may be missing
 * there because this process lacked something, see shortage.h.
 */
void close_stdout(void);

/* Prints @document, which it takes over. Exits with status 1 if memory runs out. */
void output_json(struct json_object *document);

/* Whether standard output is a terminal that may have colours: neither NO_COLOR nor TERM=dumb. */
bool colours_wanted(void);

/* Columns of the terminal that standard output is, else of $COLUMNS; 0: not known. */
unsigned int stdout_width(void);

#endif /* KVM_HTAB_LIB_STDOUT_H */
