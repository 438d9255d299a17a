// SPDX-License-Identifier: GPL-2.0-only
/* A process of its own prints the line: a signal or a thread could change the work itself. */
#include "lib/progress.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

#define PATIENCE_MS 500
#define INTERVAL_MS 250

#define ERASED "\r\033[K"

/* Without a line feed, so it must not be longer than a line of the terminal. */
static void print_line(const char *text)
{
	struct winsize size;
	int width = !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 ? size.ws_col - 1 :
										  79;

	dprintf(STDERR_FILENO, ERASED "%.*s", width, text);
}

static _Noreturn void report(progress_say *say, const void *data, pid_t parent)
{
	const int64_t start = clock_ms();
	char text[PROGRESS_TEXT_MAX];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (sleep_ms(PATIENCE_MS); getppid() == parent; sleep_ms(INTERVAL_MS)) {
		*text = '\0';
		say(data, clock_ms() - start, text);
		print_line(text);
	}
	_exit(0);
}

void progress_start(struct progress *progress, progress_say *say, const void *data)
{
	const char *term = getenv("TERM");
	pid_t parent = getpid();

	progress->child = 0;
	if (!term || !strcmp(term, "dumb") || !isatty(STDERR_FILENO))
		return;
	progress->child = fork();
	if (!progress->child)
		report(say, data, parent);
}

void progress_stop(struct progress *progress)
{
	if (progress->child <= 0)
		return;
	kill(progress->child, SIGKILL);
	waitpid(progress->child, NULL, 0);
	progress->child = 0;
	dprintf(STDERR_FILENO, ERASED);
}
