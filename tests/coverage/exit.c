// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into a build for coverage, with --wrap=_exit: who leaves by _exit(2) leaves counts behind
 * all the same, and libgcov, which does not survive a lack of memory, is spared it. The command and
 * its exit status go to the file that COVERAGE_STATUSES names, if it does.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

static const char *command = "-";

static void note_status(int status, void *arg)
{
	const char *name = getenv("COVERAGE_STATUSES");
	int fd = name ? open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

	(void)arg;
	if (fd < 0)
		return;
	dprintf(fd, "%s %d\n", command, status);
	close(fd);
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	if (argc > 1 && *argv[1] != '-')
		command = argv[1];
	on_exit(note_status, NULL);
}

/* Before libgcov's, which has a number. */
__attribute__((destructor)) static void end(void)
{
	void (*faults_stop)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "faults_stop");

	if (faults_stop)
		faults_stop();
}

void __wrap__exit(int status)
{
	end();
	note_status(status, NULL);
	__gcov_dump();
	__real__exit(status);
}
