// SPDX-License-Identifier: GPL-2.0-only
/* Drawing on a terminal, by the sequences that all of today's understand. */
#include "lib/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/stdout.h"

/* The other screen, without cursor and without a new line at the right edge; and back. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"
#define SCREEN_HOME "\033[H"
#define LINE_END "\033[K"
#define SCREEN_END "\033[J"
#define HIGHLIGHT "\033[7m"
#define PLAIN "\033[0m"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };

bool terminal_can_redraw(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb");
}

static void enter(struct terminal *terminal)
{
	struct termios modes;

	terminal->keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &terminal->modes);
	if (terminal->keys) {
		modes = terminal->modes;
		modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		modes.c_cc[VMIN] = 1;
		modes.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
	}
	fputs(SCREEN_ENTER, stdout);
}

static void leave(struct terminal *terminal)
{
	fputs(SCREEN_LEAVE, stdout);
	flush_stdout();
	if (terminal->keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->modes);
}

int terminal_open(struct terminal *terminal)
{
	sigemptyset(&terminal->blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&terminal->blocked, signals[i]);
	terminal->signals = signalfd(-1, &terminal->blocked, SFD_CLOEXEC);
	if (terminal->signals < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &terminal->blocked, &terminal->before);
	enter(terminal);
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->signals < 0)
		return;
	leave(terminal);
	sigprocmask(SIG_SETMASK, &terminal->before, NULL);
	close(terminal->signals);
	terminal->signals = -1;
}

void terminal_begin(void)
{
	fputs(SCREEN_HOME, stdout);
}

void terminal_line(const char *line, size_t length, bool highlighted)
{
	const char *end = line + length;

	/* The line's own colours end what highlights it. */
	for (const char *next; highlighted && line < end; line = next) {
		next = memmem(line, (size_t)(end - line), PLAIN, strlen(PLAIN));
		next = next ? next + strlen(PLAIN) : end;
		fputs(HIGHLIGHT, stdout);
		fwrite(line, 1, (size_t)(next - line), stdout);
	}
	fwrite(line, 1, (size_t)(end - line), stdout);
	fputs(highlighted ? PLAIN LINE_END "\r\n" : LINE_END "\r\n", stdout);
}

void terminal_end(void)
{
	fputs(SCREEN_END, stdout);
	flush_stdout();
}

unsigned int terminal_height(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row >= 2 ? size.ws_row : 24;
}

/* Ends or stops the program as signal @number does by default. Returns if it continues. */
static void obey(struct terminal *terminal, int number)
{
	sigset_t one;

	leave(terminal);
	sigemptyset(&one);
	sigaddset(&one, number);
	signal(number, SIG_DFL);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
	enter(terminal);
}

static enum terminal_event take_signal(struct terminal *terminal)
{
	struct signalfd_siginfo info;

	if (read(terminal->signals, &info, sizeof(info)) != sizeof(info) ||
	    info.ssi_signo == SIGWINCH)
		return TERMINAL_REDRAW;
	if (info.ssi_signo == SIGINT)
		return TERMINAL_QUIT;
	obey(terminal, (int)info.ssi_signo);
	return TERMINAL_REDRAW;
}

static enum terminal_event take_key(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' ? TERMINAL_QUIT :
									      TERMINAL_REDRAW;
}

enum terminal_event terminal_wait(struct terminal *terminal, int64_t ms)
{
	struct pollfd fds[] = {
		{ .fd = terminal->signals, .events = POLLIN },
		{ .fd = terminal->keys ? STDIN_FILENO : -1, .events = POLLIN },
	};

	if (poll(fds, 2, (int)ms) <= 0)
		return TERMINAL_TIMEOUT;
	return fds[0].revents ? take_signal(terminal) : take_key();
}
