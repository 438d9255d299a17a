// SPDX-License-Identifier: GPL-2.0-only
/* Shortages of this process. */
#include "lib/shortage.h"

#include <errno.h>

static int lacked;

void shortage_note(int code)
{
	if (!lacked && (code == ENOMEM || code == EMFILE || code == ENFILE || code == EIO))
		lacked = code;
}

int shortage_code(void)
{
	return lacked;
}
