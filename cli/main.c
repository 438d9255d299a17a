// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab: the table of commands, and dispatch. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "lib/stdout.h"
#include "lib/text.h"

/* Each is a `const struct command NAME_command` in a file of commands/. */
#define COMMANDS(C) \
	C(pool_status) \
	C(fit) \
	C(vm_status) \
	C(reset) \
	C(resize) \
	C(compact) \
	C(list) \
	C(inspect) \
	C(doctor) \
	C(capture)

#define DECLARE(name) extern const struct command name##_command;
#define ENTRY(name) &name##_command,

COMMANDS(DECLARE)

static const struct command *const commands[] = { COMMANDS(ENTRY) };

struct invocation {
	const struct command *command;
	int at; /* index of its name in argv */
	bool help; /* is all that was asked for */
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!strcmp(arg, "help") && !invocation->help) {
			invocation->help = true;
			return 0;
		}
		invocation->command = command_find(arg);
		if (!invocation->command)
			options_fail(state, "unknown command \"%s\"", arg);
		invocation->at = state->next - 1;
		if (!invocation->help)
			state->next = state->argc; /* the command parses the rest */
		else if (state->next < state->argc)
			options_fail(state, "help is for one command at a time");
		return 0;
	case ARGP_KEY_END:
		if (invocation->help && !invocation->command)
			argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no command given");
		return 0;
	}
	return options_parse_help(key, state);
}

static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	text_add(&list, "%s:\n", text);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		text_add(&list, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	text_add(&list, "\nSee `kvm-htab help COMMAND` and kvm-htab(8).");
	return list;
}

/*
 * Opens closed standard descriptors: otherwise a later one, such as a socket, could become stdout.
 * The access mode is the wrong one, so that using the descriptor fails.
 */
static void occupy_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd) {
			complain(NULL, "a standard file descriptor is closed and /dev/null cannot "
				       "replace it");
			_exit(STATUS_FAILED);
		}
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = { OPTIONS_HELP, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "COMMAND [OPTION...]",
		.doc = "Manage the hashed page tables (HPT) of KVM-HV guests on POWER and the "
		       "pool they come from.\vCommands",
		.help_filter = list_commands,
	};
	struct invocation invocation = { 0 };
	char name[64];

	occupy_standard_fds();
	signal(SIGPIPE, SIG_IGN); /* peers get their answers even if nobody reads ours */
	buffer_stdout();
	atexit(close_stdout);
	argp_err_exit_status = STATUS_USAGE;
	if (argc > 0)
		argv[0] = (char *)"kvm-htab";
	options_parse_argp(&argp, argc, argv, ARGP_IN_ORDER, &invocation);

	snprintf(name, sizeof(name), "kvm-htab %s", invocation.command->name);
	if (invocation.help)
		return command_run(invocation.command, 2,
				   (char *[]){ name, (char *)"--help", NULL });
	argv[invocation.at] = name;
	return command_run(invocation.command, argc - invocation.at, argv + invocation.at);
}
