// SPDX-License-Identifier: GPL-2.0-only
/* The texts of an item. */
#include <stdarg.h>
#include <stdio.h>

#include "doctor/doctor.h"
#include "lib/text.h"

/* Distributions configure the boot loader in this file or with this tool. */
#define GRUB_DEFAULTS "/etc/default/grub"
#define GRUBBY "/usr/sbin/grubby"

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

void item_advise_boot(const struct doctor *doctor, struct item *item, const char *option)
{
	if (sysfs_has(doctor->fs, GRUBBY)) {
		item_advise(item, "boot with %s: set it, then reboot", option);
		item_set_next(item, "grubby --update-kernel=ALL --args=%s", option);
	} else if (sysfs_has(doctor->fs, GRUB_DEFAULTS)) {
		item_advise(item,
			    "boot with %s: add it to GRUB_CMDLINE_LINUX in " GRUB_DEFAULTS
			    ", run update-grub and reboot",
			    option);
	} else {
		item_advise(item, "boot with %s on the kernel's command line", option);
	}
}

void item_clear(struct item *item)
{
	free(item->what);
	free(item->advice);
	free(item->next);
	*item = (struct item){ 0 };
}
