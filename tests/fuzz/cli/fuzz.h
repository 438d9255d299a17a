/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzz targets of the tool share. A target is the tool itself, linked (ld --wrap) against
 * a world that is made from the fuzzer's bytes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A finding: the fuzzer keeps the input. */
#define require(condition) \
	do { \
		if (!(condition)) { \
			dprintf(2, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* The fuzzer's bytes, taken from the front; 0 when there are none left. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t take_byte(struct bytes *bytes)
{
	if (!bytes->size)
		return 0;
	bytes->size--;
	return *bytes->data++;
}

static inline uint32_t take_u32(struct bytes *bytes)
{
	uint32_t value = take_byte(bytes);

	for (int i = 0; i < 3; i++)
		value = value << 8 | take_byte(bytes);
	return value;
}

struct command;

/*
 * Calls @function as the program would: until it returns or exits. Returns the exit status. What
 * an exit left allocated is freed.
 */
int run(int (*function)(int argc, char **argv), int argc, char **argv);

/* The same of @command with @arguments, which end with NULL. */
int run_command(const struct command *command, char *const *arguments);

/* For LLVMFuzzerInitialize(): what the C library allocates once, in each of @ncalls calls, it may keep. */
void try_calls(size_t ncalls);

/* Exits as a call of exit(3) does inside run(). */
_Noreturn void leave(int status);

/* Begins to keep what comes to stdout and stderr, in memory. */
void output_begin(void);

/* What came there is text, and none of it steers a terminal. */
void output_check(void);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_H */
