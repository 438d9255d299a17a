// SPDX-License-Identifier: GPL-2.0-only
/* Shared libraries that are opened on first use. */
#include "lib/library.h"

#include <dlfcn.h>
#include <string.h>

int library_open(const struct library *library, struct error *err)
{
	char *pointer = library->pointers;
	void *handle;

	errno = 0;
	handle = dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL);
	if (!handle)
		shortage_note(errno);

	for (size_t i = 0; handle && i < library->nfunctions; i++) {
		void *function = dlsym(handle, library->names[i]);

		if (!function)
			handle = NULL; /* left open until exit */
		else
			memcpy(pointer + i * sizeof(function), &function, sizeof(function));
	}
	if (handle)
		return 0;
	return error_set(err, STATUS_FAILED, ELIBACC,
			 "cannot load a library: %s; install it (Debian: %s)", dlerror(),
			 library->package);
}
