/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared libraries that are opened when they are needed: linked ones would
 * cost every call of the program more than all that it does itself.
 */
#ifndef KVM_HTAB_LIBRARY_H
#define KVM_HTAB_LIBRARY_H

#include <stddef.h>

#include "cleanup.h"
#include "error.h"

/* A function of the library, and the pointer that is to point to it. */
struct library_function {
	const char *name;
	void *pointer; /* of type R (**)(...) */
};

/* Debian's name of the package is for the message. */
struct library {
	const char *soname;
	const char *package;
	const struct library_function *functions;
	size_t nfunctions;
};

/*
 * Opens @library for the rest of the program's life and sets its pointers.
 * Errors: -ELIBACC, STATUS_FAILED, if the library or a function is missing.
 */
int library_open(const struct library *library, struct error *err) _must_check_;

#endif /* KVM_HTAB_LIBRARY_H */
