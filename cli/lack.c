// SPDX-License-Identifier: GPL-2.0-only
/* What this process lacked. */
#include "lack.h"

#include <errno.h>

static int lacked;

void lack_note(int code)
{
	if (!lacked && (code == ENOMEM || code == EMFILE || code == ENFILE || code == EIO))
		lacked = code;
}

int lack_code(void)
{
	return lacked;
}
