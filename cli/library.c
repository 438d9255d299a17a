// SPDX-License-Identifier: GPL-2.0-only
/* Shared libraries that are opened when they are needed. */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

#include "messages.h"

int library_open(const struct library *library, struct error *err)
{
	void *handle;

	errno = 0;
	handle = dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL);
	if (!handle)
		lack_note(errno);

	for (size_t i = 0; handle && i < library->nfunctions; i++) {
		void *function = dlsym(handle, library->functions[i].name);

		if (!function)
			handle = NULL; /* it stays open, which does no harm */
		else
			memcpy(library->functions[i].pointer, &function, sizeof(function));
	}
	if (handle)
		return 0;
	return error_set(err, STATUS_FAILED, ELIBACC, MSG_LIBRARY, dlerror(), library->package);
}
