// SPDX-License-Identifier: GPL-2.0-only
/* --watch */
#include "commands/watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/stdout.h"
#include "lib/terminal.h"

/* What one run of the command has printed. */
struct look {
	char *text; /* to standard output */
	char *messages; /* to standard error */
	char **lines; /* of text, in order; their ends are 0 */
	char **sorted; /* the same */
	size_t nlines;
	enum exit_status status;
};

static void look_clear(struct look *look)
{
	free(look->text);
	free(look->messages);
	free(look->lines);
	free(look->sorted);
	*look = (struct look){ 0 };
}

/* Blanks count as one: a column gets wider with any of its cells. */
static const char *skip_blanks(const char *s)
{
	while (s[0] == ' ' && (s[1] == ' ' || s[1] == '\0'))
		s++;
	return s;
}

static int compare_lines(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	x += strspn(x, " ");
	y += strspn(y, " ");
	while (*x && *x == *y) {
		x = skip_blanks(x + 1);
		y = skip_blanks(y + 1);
	}
	return (unsigned char)*x - (unsigned char)*y;
}

static int split(struct look *look)
{
	size_t n = 0;
	char *line = look->text;

	for (const char *s = look->text; (s = strchr(s, '\n')); s++)
		n++;
	look->lines = calloc(n + 1, sizeof(*look->lines));
	look->sorted = calloc(n + 1, sizeof(*look->sorted));
	if (!look->lines || !look->sorted)
		return -ENOMEM;
	while (look->nlines < n) {
		look->lines[look->nlines++] = line;
		line = strchr(line, '\n');
		*line++ = '\0';
	}
	memcpy(look->sorted, look->lines, n * sizeof(*look->lines));
	qsort(look->sorted, n, sizeof(*look->sorted), compare_lines);
	return 0;
}

static bool has_line(const struct look *look, const char *line)
{
	return look->nlines &&
	       bsearch(&line, look->sorted, look->nlines, sizeof(line), compare_lines);
}

/*
 * Runs the command and keeps what it prints, together if @together, so that messages stand below
 * the results. Errors: -ENOMEM.
 */
static int take_look(struct call *call, bool together, struct look *look)
{
	FILE *const out = stdout, *const err = stderr;
	size_t length;
	FILE *text = open_memstream(&look->text, &length);
	FILE *messages = together ? text : open_memstream(&look->messages, &length);
	bool opened = text && messages;

	if (opened) {
		stdout = text;
		stderr = messages;
		look->status = command_once(call);
		stdout = out;
		stderr = err;
	}
	if (messages && messages != text)
		fclose(messages);
	if (text)
		fclose(text);
	return opened && look->text ? split(look) : -ENOMEM;
}

static void now_format(char text[static CELL_MAX])
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!localtime_r(&now.tv_sec, &tm) || !strftime(text, CELL_MAX, "%FT%T%z", &tm))
		*text = '\0';
}

/* Elsewhere than on a terminal */

/* Length of the first word of a raw line, which names the row. Unknown names match no other. */
static size_t name_length(const char *line)
{
	size_t length = strcspn(line, " ");

	return length == 1 && *line == '-' ? 0 : length;
}

/* Finds the first line with the same name as @line. */
static bool has_name(const struct look *look, const char *line)
{
	size_t length = name_length(line);
	size_t low = 0, high = look->nlines;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(look->sorted[middle], line, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; length && low < look->nlines && !strncmp(look->sorted[low], line, length); low++)
		if (name_length(look->sorted[low]) == length)
			return true;
	return false;
}

static void print_change(const struct command *command, const char *change, const char *line)
{
	char now[CELL_MAX];

	now_format(now);
	if (command->rows_have_names)
		printf("%s %s %s\n", now, change, line);
	else
		printf("%s %s\n", now, line);
}

static void print_changes(const struct command *command, const struct look *old,
			  const struct look *look)
{
	for (size_t i = 0; i < look->nlines; i++)
		if (!has_line(old, look->lines[i]))
			print_change(command, has_name(old, look->lines[i]) ? "changed" : "added",
				     look->lines[i]);
	for (size_t i = 0; command->rows_have_names && i < old->nlines; i++)
		if (!has_line(look, old->lines[i]) && !has_name(look, old->lines[i]))
			print_change(command, "removed", old->lines[i]);
	flush_stdout();
	if (look->messages && strcmp(look->messages, old->messages ?: ""))
		fputs(look->messages, stderr);
}

static int print_headings(const struct options *options)
{
	const struct command *command = options->command;
	_cleanup_(error_clear) struct error err = { 0 };
	struct layout layout;
	int r = command_layout(options, &layout, &err);

	if (r)
		return r;
	fputs(command->rows_have_names ? "TIME CHANGE " : "TIME ", stdout);
	return output_table(&layout, NULL, command->row_bytes, 0, &options->output);
}

static enum exit_status report_changes(struct call *call)
{
	_cleanup_(look_clear) struct look old = { 0 };
	struct options *options = &call->options;

	options->output.raw = true;
	options->map = false;
	if (!options->output.noheadings && print_headings(options))
		return STATUS_FAILED;
	options->output.noheadings = true;
	while (true) {
		struct look look = { 0 };
		int r = take_look(call, false, &look);

		if (!r)
			print_changes(options->command, &old, &look);
		look_clear(&old);
		old = look;
		if (r)
			return STATUS_FAILED;
		sleep_ms(options->watch_ms);
	}
}

/* On a terminal */

static void draw(const struct options *options, const struct look *old, const struct look *look)
{
	char heading[128], seconds[SECONDS_TEXT_MAX], now[CELL_MAX];
	size_t room =
		terminal_height() - 2; /* below the heading, and above where the cursor ends */

	now_format(now);
	terminal_begin();
	terminal_line(heading,
		      (size_t)snprintf(heading, sizeof(heading),
				       "kvm-htab %s, every %s s, %s; q to quit",
				       options->command->name,
				       seconds_format(options->watch_ms, seconds), now),
		      false);
	for (size_t i = 0; i < look->nlines && i < room; i++) {
		if (i + 1 == room && look->nlines > room) {
			terminal_line(heading,
				      (size_t)snprintf(heading, sizeof(heading),
						       "... %zu more lines", look->nlines - i),
				      false);
			break;
		}
		terminal_line(look->lines[i], strlen(look->lines[i]),
			      old->text && !has_line(old, look->lines[i]));
	}
	terminal_end();
}

static enum exit_status redraw(struct call *call)
{
	_cleanup_(look_clear) struct look old = { 0 };
	_cleanup_(terminal_close) struct terminal terminal = { .signals = -1 };
	int r = terminal_open(&terminal);

	do {
		struct look look = { 0 };

		r = r ?: take_look(call, true, &look);
		if (!r)
			draw(&call->options, &old, &look);
		look_clear(&old);
		old = look;
	} while (!r && terminal_wait(&terminal, call->options.watch_ms) != TERMINAL_QUIT);
	return r ? STATUS_FAILED : old.status;
}

enum exit_status watch(struct call *call)
{
	return terminal_can_redraw() ? redraw(call) : report_changes(call);
}
