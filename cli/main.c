// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab: the table of commands, from which dispatch and help are made. */
#include <argp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "messages.h"
#include "options.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "pool-status", command_pool_status, "how much room for tables there is" },
	{ "fit", command_fit, "whether a guest would start now" },
	{ "vm-status", command_vm_status, "what table a VM has" },
	{ "reset", command_reset, "clear the table of a stopped VM" },
	{ "resize", command_resize, "give a stopped VM a table of another order" },
	{ "compact", command_compact, "move tables to make room for a larger one" },
	{ "list", command_list, "the VMs of this host and what their tables cost" },
	{ "doctor", command_doctor, "why HPT guests cannot run here, or that they can" },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct argp_option options[] = {
	{ "help", 'h', NULL, 0, "Show this help", -1 },
	{ NULL, '?', NULL, OPTION_HIDDEN, NULL, -1 },
	{ "usage", OPT_USAGE, NULL, 0, "Show a short usage message", -1 },
	{ "version", OPT_VERSION, NULL, 0, "Show the version", -1 },
	{ 0 },
};

struct invocation {
	size_t command; /* index of commands[] */
	int at; /* of the command's name in argv */
};

static size_t command_find(const char *name)
{
	size_t i = 0;

	while (i < NCOMMANDS && strcmp(commands[i].name, name))
		i++;
	return i;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		invocation->command = command_find(arg);
		if (invocation->command == NCOMMANDS)
			options_fail(state, MSG_NO_COMMAND, arg);
		invocation->at = state->next - 1;
		state->next = state->argc; /* the rest belongs to the command */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, MSG_WHICH_COMMAND);
		return 0;
	}
	return options_parse_help(key, state);
}

static char *help_filter(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&list, &size);
	if (!f)
		return NULL;
	fputs("Commands:\n", f);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-12s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`kvm-htab COMMAND --help` tells more, kvm-htab(8) all.", f);
	if (!fclose(f))
		return list;
	free(list);
	return NULL;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "COMMAND [OPTION...]",
	.doc = "Hashed page tables (HPT) of KVM-HV guests on POWER: the pool they come from, and the "
	       "table of a stopped VM."
	       "\vCommands",
	.help_filter = help_filter,
};

/*
 * Without this a descriptor opened later, a socket even, could become stdout.
 * Opened the wrong way round, so that using it fails as it should.
 */
static void occupy_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd) {
			complain(NULL, MSG_STANDARD_FD);
			_exit(STATUS_FAILED);
		}
}

int main(int argc, char **argv)
{
	struct invocation invocation = { 0 };
	char name[64];

	occupy_standard_fds();
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error to be told, see close_stdout() */
	buffer_stdout();
	atexit(close_stdout);
	argp_err_exit_status = STATUS_USAGE;
	if (argc > 0)
		argv[0] = (char *)"kvm-htab";
	options_parse(&argp, argc, argv, ARGP_IN_ORDER, &invocation);

	snprintf(name, sizeof(name), "kvm-htab %s", commands[invocation.command].name);
	argv[invocation.at] = name;
	return commands[invocation.command].run(argc - invocation.at, argv + invocation.at);
}
