// SPDX-License-Identifier: GPL-2.0-only
/* onpty PROGRAM...: runs it on a terminal of 100 columns, and prints what that gets. The exit status is the program's. */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 40, .ws_col = 100 };
	char buffer[4096];
	ssize_t n;
	int terminal, status;
	pid_t child = argc > 1 ? forkpty(&terminal, NULL, NULL, &size) : -1;

	if (!child) {
		setenv("TERM", "linux", 1);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0)
		return 127;
	/* EIO: the last process on the terminal has ended */
	while ((n = read(terminal, buffer, sizeof(buffer))) > 0)
		if (write(STDOUT_FILENO, buffer, n) != n)
			return 127;
	if (waitpid(child, &status, 0) != child)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
