// SPDX-License-Identifier: GPL-2.0-only
/* The error object and the one place that writes messages to stderr. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "cleanup.h"
#include "escape.h"

int error_set(struct error *err, enum exit_status status, int code, const char *format, ...)
{
	va_list args;
	char *message;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);

	free(err->message); /* only now: it may be among the arguments */
	*err = (struct error){ .status = status, .code = code, .message = message };
	return -code;
}

void error_append(struct error *err, const char *format, ...)
{
	_cleanup_free_ char *more = NULL;
	va_list args;
	char *joined;

	va_start(args, format);
	if (vasprintf(&more, format, args) < 0)
		more = NULL;
	va_end(args);

	if (!more || asprintf(&joined, "%s%s", err->message ?: "", more) < 0)
		return;
	free(err->message);
	err->message = joined;
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

void complain(const char *subject, const char *message)
{
	_cleanup_free_ char *s = subject ? escape_ascii(subject) : NULL;
	_cleanup_free_ char *m = escape_ascii(message ?: "out of memory");

	fprintf(stderr, "kvm-htab: %s%s%s\n", s ?: "", s ? ": " : "", m ?: "out of memory");
}
