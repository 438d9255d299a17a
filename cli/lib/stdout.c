// SPDX-License-Identifier: GPL-2.0-only
/* Standard output. */
#include "lib/stdout.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/json.h"
#include "lib/size.h"

/* More than the output about one VM, so that a write fails where errno is known. */
#define STDOUT_BUFFER 65536

/* A reader that has had enough, such as head(1), is no error. */
static void stdout_failed(int code)
{
	if (code == EPIPE)
		return;
	complain(NULL, "cannot write to standard output: %s", strerror(code));
	_exit(STATUS_FAILED);
}

void buffer_stdout(void)
{
	static char buffer[STDOUT_BUFFER];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

void flush_stdout(void)
{
	if (fflush(stdout))
		stdout_failed(errno);
}

void close_stdout(void)
{
	if (fflush(stdout) || fclose(stdout))
		stdout_failed(errno);
	if (!shortage_code())
		return;
	complain(NULL, "the answer may be incomplete: %s", strerror(shortage_code()));
	_exit(STATUS_FAILED);
}

void output_json(struct json_object *document)
{
	/* Never freed: that would cost half as much as printing. */
	static struct json_object *kept __attribute__((__used__));

	kept = document;
	if (json_print(document, stdout))
		stdout_failed(ENOMEM);
}

bool colours_wanted(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

unsigned int stdout_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return columns && !parse_u64(columns, &width) && width <= INT16_MAX ? (unsigned int)width :
									      0;
}
