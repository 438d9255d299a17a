/* SPDX-License-Identifier: GPL-2.0-only */
/* A terminal on which text is redrawn in place, and which is left as it was. */
#ifndef KVM_HTAB_LIB_TERMINAL_H
#define KVM_HTAB_LIB_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
	int signals; /* signalfd(2) for the signals below, which are blocked; -1: none */
	sigset_t blocked, before;
	bool keys; /* whether standard input is a terminal */
	struct termios modes; /* of it, as they were */
};

enum terminal_event {
	TERMINAL_TIMEOUT,
	TERMINAL_REDRAW, /* a key, a new size, or the program was stopped and continues */
	TERMINAL_QUIT, /* q, SIGINT, or the end of the input */
};

/* Whether text can be redrawn on standard output: a terminal, and $TERM is neither unset nor "dumb". */
bool terminal_can_redraw(void);

/*
 * Takes the terminal over: an empty screen, keys at once and without echo, and signals that would
 * end or stop the program blocked. terminal_close() gives it back, even after a failure.
 * Errors: -errno of signalfd(2).
 */
int terminal_open(struct terminal *terminal);
void terminal_close(struct terminal *terminal);

/* Begins and ends a new picture of lines, which replaces the one before. */
void terminal_begin(void);
void terminal_end(void);

/* Prints a line of @length bytes, without its line feed, highlighted or not, and cut at the right edge. */
void terminal_line(const char *line, size_t length, bool highlighted);

/* Number of lines of the screen; at least 2. */
unsigned int terminal_height(void);

/* Waits for the first event, up to @ms. SIGTERM and others end the program. */
enum terminal_event terminal_wait(struct terminal *terminal, int64_t ms);

#endif /* KVM_HTAB_LIB_TERMINAL_H */
