/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared libraries that are opened on first use: linking them would cost every call more than all
 * other work.
 */
#ifndef KVM_HTAB_LIB_LIBRARY_H
#define KVM_HTAB_LIB_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"

struct library {
	const char *soname;
	const char *package; /* name in Debian */
	const char *const *names; /* of its functions */
	void *pointers; /* to the functions, in the same order */
	size_t nfunctions;
};

#define LIBRARY_POINTER(function) __typeof__(function) *function;
#define LIBRARY_NAME(function) #function,

/*
 * Declares `struct library name_library`, and `name` with a pointer to each F(function) in the
 * list macro FUNCTIONS(F). The note tells packaging tools which library the program may open
 * (https://systemd.io/ELF_DLOPEN_METADATA/).
 */
#define LIBRARY(name, file, debian_package, description, FUNCTIONS) \
	LIBRARY_NOTE(name, "[{\"feature\":\"" #name "\",\"description\":\"" description \
			   "\",\"priority\":\"recommended\",\"soname\":[\"" file "\"]}]"); \
	static struct { \
		FUNCTIONS(LIBRARY_POINTER) \
	} name; \
	static const char *const name##_names[] = { FUNCTIONS(LIBRARY_NAME) }; \
	static const struct library name##_library = { \
		.soname = file, \
		.package = debian_package, \
		.names = name##_names, \
		.pointers = &name, \
		.nfunctions = sizeof(name##_names) / sizeof(name##_names[0]), \
	}

/* An ELF note with the owner and type of that convention. */
#define LIBRARY_NOTE(name, json) \
	static const struct { \
		uint32_t owner_bytes, json_bytes, type; \
		char owner[4], text[(sizeof(json) + 3) / 4 * 4]; \
	} name##_note __attribute__((__used__, __section__(".note.dlopen"), __aligned__(4))) = { \
		sizeof("FDO"), sizeof(json), 0x407c0c0a, "FDO", json, \
	}

/*
 * Opens @library until the program exits, and sets its pointers.
 * Errors: -ELIBACC, STATUS_FAILED, if the library or a function is missing.
 */
int library_open(const struct library *library, struct error *err) _must_check_;

#endif /* KVM_HTAB_LIB_LIBRARY_H */
