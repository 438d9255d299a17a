// SPDX-License-Identifier: GPL-2.0-only
/* The texts of an item. */
#include <stdarg.h>
#include <stdio.h>

#include "doctor/doctor.h"
#include "host/distribution.h"
#include "lib/text.h"

void item_set_text(char **text, const char *format, ...)
{
	_cleanup_free_ char *formatted = NULL;
	va_list args;

	va_start(args, format);
	text_add_list(&formatted, format, args);
	va_end(args);
	free(*text);
	*text = formatted ? escape_utf8(formatted) : NULL;
}

void item_advise_boot(const struct doctor *doctor, struct item *item, const char *option,
		      bool remove)
{
	_cleanup_free_ char *what = NULL, *command = NULL;

	distribution_boot_option(doctor->fs, option, remove, &what, &command);
	item_advise(item, "%s", what ?: "");
	if (command)
		item_set_next(item, "%s", command);
}

void item_clear(struct item *item)
{
	free(item->what);
	free(item->advice);
	free(item->next);
	*item = (struct item){ 0 };
}
