// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's command line. */
#include "host/cmdline.h"

#include <string.h>

struct cmdline cmdline_open(const struct sysfs *fs)
{
	struct cmdline cmdline = { 0 };

	if (!sysfs_read(fs, "/proc/cmdline", &cmdline.text, NULL))
		cmdline.rest = cmdline.text;
	return cmdline;
}

void cmdline_close(struct cmdline *cmdline)
{
	free(cmdline->text);
	*cmdline = (struct cmdline){ 0 };
}

/* The end of the word @s: a blank outside quotes, or the end of the text. */
static char *word_end(char *s)
{
	for (bool quoted = false; *s && (quoted || !strchr(" \t\n", *s)); s++)
		quoted ^= *s == '"';
	return s;
}

bool cmdline_next(struct cmdline *cmdline, const char **name, const char **value)
{
	char *word, *end, *equals;

	if (!cmdline->rest)
		return false;
	word = cmdline->rest + strspn(cmdline->rest, " \t\n");
	end = word_end(word);
	cmdline->rest = *end ? end + 1 : end;
	*end = '\0';
	if (!*word || !strcmp(word, "--")) {
		cmdline->rest = NULL;
		return false;
	}
	equals = strchr(word, '=');
	if (equals)
		*equals = '\0';
	*name = word;
	*value = equals ? equals + 1 : NULL;
	return true;
}

bool cmdline_is(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

bool cmdline_has(const struct sysfs *fs, const char *name)
{
	_cleanup_(cmdline_close) struct cmdline cmdline = cmdline_open(fs);
	const char *option, *value;

	while (cmdline_next(&cmdline, &option, &value))
		if (cmdline_is(option, name))
			return true;
	return false;
}
