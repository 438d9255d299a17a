// SPDX-License-Identifier: GPL-2.0-only
/* The error object and the one place that writes messages to stderr. */
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
	free(err->message); /* only now: it may be among the arguments */
	*err = (struct error){ .status = status, .code = code, .message = message };
	return -code;
}

void error_append(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_add_list(&err->message, format, args);
	va_end(args);
}

void error_clear(struct error *err)
{
	free(err->message);
	*err = (struct error){ 0 };
}

static unsigned int rank(enum exit_status status)
{
	static const unsigned int ranks[] = {
		[STATUS_FAILED] = 4,  [STATUS_CANNOT] = 3, [STATUS_NO] = 2,
		[STATUS_RUNNING] = 1, [STATUS_USAGE] = 5,
	};

	return ranks[status];
}

enum exit_status exit_status_first(enum exit_status a, enum exit_status b)
{
	return rank(b) > rank(a) ? b : a;
}

void complain(const char *subject, const char *format, ...)
{
	_cleanup_free_ char *s = subject ? escape_ascii(subject) : NULL;
	_cleanup_free_ char *message = NULL;
	_cleanup_free_ char *m = NULL;
	va_list args;

	va_start(args, format);
	text_add_list(&message, format, args);
	va_end(args);
	m = message ? escape_ascii(message) : NULL;
	fprintf(stderr, "kvm-htab: %s%s%s\n", s ?: "", s ? ": " : "", m ?: "out of memory");
}
