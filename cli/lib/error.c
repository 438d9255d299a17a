// SPDX-License-Identifier: GPL-2.0-only
/* The error object, and the only function that writes messages to stderr. */
#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/cleanup.h"
#include "lib/text.h"

int error_set(struct error *err, enum exit_status status, int code, const char *format, ...)
{
	char *message = NULL;
	va_list args;

	va_start(args, format);
	text_add_list(&message, format, args);
	va_end(args);
	free(err->message); /* the arguments may include it */
	*err = (struct error){ .status = status, .code = code, .message = message };
	return -code;
}

void error_clear(struct error *err)
{
	free(err->message);
	*err = (struct error){ 0 };
}

enum exit_status exit_status_first(enum exit_status a, enum exit_status b)
{
	static const unsigned int ranks[] = {
		[STATUS_FAILED] = 4,  [STATUS_CANNOT] = 3, [STATUS_NO] = 2,
		[STATUS_RUNNING] = 1, [STATUS_USAGE] = 5,
	};

	return ranks[b] > ranks[a] ? b : a;
}

void complain(const char *subject, const char *format, ...)
{
	_cleanup_free_ char *s = subject ? escape_ascii(subject) : NULL, *message = NULL, *m = NULL;
	va_list args;

	va_start(args, format);
	text_add_list(&message, format, args);
	va_end(args);
	m = message ? escape_ascii(message) : NULL;
	fprintf(stderr, "kvm-htab: %s%s%s\n", s ?: "", s ? ": " : "", m ?: "out of memory");
}
