// SPDX-License-Identifier: GPL-2.0-only
/* Whether memory ran out. */
#include "memory.h"

static bool ran_out;

void memory_note_lack(void)
{
	ran_out = true;
}

bool memory_ran_out(void)
{
	return ran_out;
}
