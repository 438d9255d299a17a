// SPDX-License-Identifier: GPL-2.0-only
/* The tool's ways out, none of which may end the fuzzer. */
#include <argp.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "commands/command.h"
#include "fuzz.h"

#define ARGUMENTS_MAX 8
#define OUTPUT_MAX (1 << 20)

/* What was allocated since run() began and is not yet freed; more than that stays a leak. */
#define BLOCKS_MAX 65536

static jmp_buf out;
static int left_with;
static bool running;

static const volatile void *blocks[BLOCKS_MAX];
static size_t nblocks;

static void note_malloc(const volatile void *block, size_t size)
{
	(void)size;
	if (running && block && nblocks < BLOCKS_MAX)
		blocks[nblocks++] = block;
}

static void note_free(const volatile void *block)
{
	for (size_t i = nblocks; running && i-- > 0;)
		if (blocks[i] == block) {
			blocks[i] = blocks[--nblocks];
			return;
		}
}

/* Of the sanitizers' runtime, which a build for coverage lacks. */
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *))
	__attribute__((weak));

int run(int (*function)(int argc, char **argv), int argc, char **argv)
{
	static bool installed;

	if (!installed) { /* or the loader's blocks would be freed as those of a run that exits */
		require(dlopen("libsmartcols.so.1", RTLD_LAZY) &&
			dlopen("libjson-c.so.5", RTLD_LAZY));
	}
	if (!installed && __sanitizer_install_malloc_and_free_hooks)
		__sanitizer_install_malloc_and_free_hooks(note_malloc, note_free);
	installed = true;
	nblocks = 0;
	running = true;
	if (!setjmp(out)) {
		left_with = function(argc, argv);
		running = false;
		return left_with;
	}
	running = false;
	while (nblocks)
		free((void *)(uintptr_t)blocks[--nblocks]);
	return left_with;
}

static const struct command *current;

static int run_current(int argc, char **argv)
{
	return (int)command_run(current, argc, argv);
}

int run_command(const struct command *command, char *const *arguments)
{
	static char verb[] = "kvm-htab";
	char *vector[ARGUMENTS_MAX + 2] = { verb };
	int argc = 1;

	while (arguments[argc - 1] && argc <= ARGUMENTS_MAX) {
		vector[argc] = arguments[argc - 1];
		argc++;
	}
	current = command;
	return run(run_current, argc, vector);
}

void try_calls(size_t ncalls)
{
	setenv("LC_ALL", "C", 1);
	output_begin();
	for (uint8_t i = 0; i < ncalls; i++)
		LLVMFuzzerTestOneInput(&i, 1);
}

void leave(int status)
{
	require(running);
	left_with = status;
	longjmp(out, 1);
}

_Noreturn void __wrap_exit(int status);
_Noreturn void __wrap_exit(int status)
{
	leave(status);
}

_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap__exit(int status)
{
	leave(status);
}

error_t __real_argp_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
			  int *arg_index, void *input);
error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
			  int *arg_index, void *input);

error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
			  int *arg_index, void *input)
{
	error_t r = __real_argp_parse(argp, argc, argv, flags | ARGP_NO_EXIT, arg_index, input);

	if (r)
		leave(argp_err_exit_status);
	return r;
}

void __wrap_argp_error(const struct argp_state *state, const char *format, ...);
void __wrap_argp_error(const struct argp_state *state, const char *format, ...)
{
	char text[4096];
	va_list args;

	(void)state;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (const unsigned char *s = (unsigned char *)text; *s; s++)
		require(*s >= ' ' && *s < 0x7f);
	leave(argp_err_exit_status);
}

void __real_argp_state_help(struct argp_state *state, FILE *stream, unsigned int flags);
void __wrap_argp_state_help(struct argp_state *state, FILE *stream, unsigned int flags);
void __wrap_argp_state_help(struct argp_state *state, FILE *stream, unsigned int flags)
{
	__real_argp_state_help(state, stream, flags); /* does not exit: ARGP_NO_EXIT */
	leave(0);
}

/* What main() does to the process is done once, if at all. */
int __wrap_atexit(void (*function)(void));
int __wrap_atexit(void (*function)(void))
{
	(void)function;
	return 0;
}

void __wrap_buffer_stdout(void);
void __wrap_buffer_stdout(void)
{
}

/* The program keeps its last document until it ends. */
void __wrap_output_json(struct json_object *document);
void __wrap_output_json(struct json_object *document)
{
	require(!json_print(document, stdout));
	json_free(document);
}

static struct stream {
	FILE *file;
	char text[OUTPUT_MAX];
} streams[2];

void output_begin(void)
{
	for (int i = 0; i < 2; i++) {
		if (!streams[i].file)
			streams[i].file = fmemopen(streams[i].text, OUTPUT_MAX, "w");
		require(streams[i].file);
		rewind(streams[i].file);
	}
	stdout = streams[0].file;
	stderr = streams[1].file;
}

static void check_stream(struct stream *stream)
{
	long end;

	fflush(stream->file);
	end = ftell(stream->file);
	require(end >= 0 && end < OUTPUT_MAX);
	for (long i = 0; i < end; i++) {
		unsigned char c = (unsigned char)stream->text[i];

		require(c == '\n' || (c >= ' ' && c != 0x7f));
	}
}

void output_check(void)
{
	check_stream(&streams[0]);
	check_stream(&streams[1]);
}
