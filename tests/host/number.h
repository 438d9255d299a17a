/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that the kernel tells, a file each. */
#ifndef TEST_NUMBER_H
#define TEST_NUMBER_H

#include <errno.h>
#include <error.h>
#include <stdint.h>
#include <stdio.h>

/* The number in @path. Without one, the program ends with status 1. */
static inline uint64_t read_number(const char *path)
{
	unsigned long long value;
	FILE *f = fopen(path, "r");

	if (!f || fscanf(f, "%llu", &value) != 1)
		error(1, errno, "%s", path);
	fclose(f);
	return value;
}

#endif /* TEST_NUMBER_H */
