/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that the kernel tells. */
#ifndef TEST_NUMBER_H
#define TEST_NUMBER_H

#include <errno.h>
#include <error.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

/* How often an event of /proc/vmstat has happened. If it is not there, the program ends with status 1. */
static inline uint64_t read_events(const char *event)
{
	static const char path[] = "/proc/vmstat";
	unsigned long long value;
	FILE *f = fopen(path, "r");
	char name[64];

	if (!f)
		error(1, errno, "%s", path);
	while (fscanf(f, "%63s %llu", name, &value) == 2)
		if (!strcmp(name, event)) {
			fclose(f);
			return value;
		}
	error(1, 0, "%s: no %s", path, event);
	return 0;
}

#endif /* TEST_NUMBER_H */
