// SPDX-License-Identifier: GPL-2.0-only
/* Times as messages show them. */
#include "lib/clock.h"

#include <stdio.h>

const char *seconds_format(int64_t ms, char text[static SECONDS_TEXT_MAX])
{
	snprintf(text, SECONDS_TEXT_MAX, "%g", (double)ms / 1000);
	return text;
}
