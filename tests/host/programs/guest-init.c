// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of a Linux guest: says on the console what MMU and what hashed page table it has, then obeys
 * lines that come in there. What it says begins with "guest: ".
 *
 *	say TEXT        TEXT
 *	load MIB        writes and reads back so much memory, a page at a time: "loaded MIB"
 *	fill MIB [HOW]  maps so much memory, writes to each page of it, and keeps it: "filled MIB"; HOW is
 *	                hugetlb (from hugetlbfs) or thp (madvise)
 *	order           "order N", of the table in use
 *	resize N        asks for a table of another order, "resized N" or the errno's name
 *	reboot          restarts, by the firmware
 *	busy            from now on, writes and reads back memory all the time, some of it kept from one time to
 *	                the next
 *	rounds          "rounds N", how often it has done that
 *	panic           its kernel panics
 *	poweroff
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define HPT_ORDER "/debug/powerpc/hpt_order"

static void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("guest: ");
	vprintf(format, ap);
	printf("\n");
	fflush(stdout);
	va_end(ap);
}

/* The value behind "KEY : " in a file of /proc; "?" if there is none. */
static const char *proc_value(const char *file, const char *key)
{
	static char line[256];
	size_t len = strlen(key);
	FILE *f = fopen(file, "re");
	char *value = NULL;

	while (f && !value && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) || !strchr(line, ':'))
			continue;
		value = strchr(line, ':') + 1;
		value += strspn(value, " \t");
		value[strcspn(value, "\n")] = 0;
	}
	if (f)
		fclose(f);
	return value ? value : "?";
}

/* 0 on a radix guest and where debugfs does not tell. */
static unsigned int hpt_order(void)
{
	unsigned long long order = 0;
	FILE *f = fopen(HPT_ORDER, "re");

	if (f) {
		if (fscanf(f, "%llu", &order) != 1)
			order = 0;
		fclose(f);
	}
	return (unsigned int)order;
}

static void resize(const char *order)
{
	int fd = open(HPT_ORDER, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, order, strlen(order)) < 0)
		say("%s", strerrorname_np(errno));
	else
		say("resized %u", hpt_order());
	if (fd >= 0)
		close(fd);
}

/* Whether so much memory has kept what was written. */
static bool try_memory(size_t mib)
{
	size_t size = mib << 20, step = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *mem =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		say("%s", strerrorname_np(errno));
		return false;
	}
	for (size_t at = 0; at < size; at += step)
		*(uint64_t *)(mem + at) = at ^ mib;
	for (size_t at = 0; at < size; at += step) {
		if (*(uint64_t *)(mem + at) != (at ^ mib)) {
			say("memory is wrong at %zu", at);
			return false;
		}
	}
	munmap(mem, size);
	return true;
}

static void load(size_t mib)
{
	if (try_memory(mib))
		say("loaded %zu", mib);
}

/* Written to twice, as the first time may leave an entry that is for reading. */
static void fill(const char *arg)
{
	bool hugetlb = strstr(arg, "hugetlb");
	size_t mib = strtoul(arg, NULL, 10), size = mib << 20;
	unsigned char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | (hugetlb ? MAP_HUGETLB : 0), -1, 0);

	if (mem == MAP_FAILED) {
		say("%s", strerrorname_np(errno));
		return;
	}
	if (strstr(arg, "thp"))
		madvise(mem, size, MADV_HUGEPAGE);
	for (int i = 0; i < 2; i++)
		for (size_t at = 0; at < size; at += (size_t)sysconf(_SC_PAGESIZE))
			*(volatile uint64_t *)(mem + at) = at;
	say("filled %zu", mib);
}

/* Little memory, so that a migration can keep up. */
#define BUSY_MIB 2

static _Atomic unsigned long *rounds;

/* Whether each page has what it was given in the round before; a page of any older round is seen. */
static bool keeps(unsigned char *mem, size_t size)
{
	for (size_t at = 0; at < size; at += (size_t)sysconf(_SC_PAGESIZE)) {
		uint64_t *word = (uint64_t *)(mem + at);

		if (*word != at + *rounds) {
			say("memory of round %lu is wrong at %zu", *rounds, at);
			return false;
		}
		++*word;
	}
	return true;
}

static void busy(void)
{
	size_t size = BUSY_MIB << 20;
	unsigned char *mem;

	rounds = mmap(NULL, sizeof(*rounds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rounds == MAP_FAILED || mem == MAP_FAILED || fork())
		return;
	for (size_t at = 0; at < size; at += (size_t)sysconf(_SC_PAGESIZE))
		*(uint64_t *)(mem + at) = at;
	while (keeps(mem, size) && try_memory(BUSY_MIB))
		++*rounds;
	_exit(1);
}

static void obey(char *line)
{
	char *arg = line + strcspn(line, " ");

	if (*arg)
		*arg++ = 0;
	if (!strcmp(line, "say"))
		say("%s", arg);
	else if (!strcmp(line, "load"))
		load(strtoul(arg, NULL, 10));
	else if (!strcmp(line, "fill"))
		fill(arg);
	else if (!strcmp(line, "order"))
		say("order %u", hpt_order());
	else if (!strcmp(line, "resize"))
		resize(arg);
	else if (!strcmp(line, "busy"))
		busy();
	else if (!strcmp(line, "rounds"))
		say("rounds %lu", rounds ? *rounds : 0);
	else if (!strcmp(line, "panic"))
		_exit(1); /* of the init process */
	else if (!strcmp(line, "reboot"))
		reboot(RB_AUTOBOOT);
	else if (!strcmp(line, "poweroff"))
		reboot(RB_POWER_OFF);
	else
		say("%s?", line);
}

int main(void)
{
	struct termios tio;
	char line[256];

	mkdir("/proc", 0755);
	mkdir("/debug", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("debugfs", "/debug", "debugfs", 0, NULL);
	if (!tcgetattr(0, &tio)) {
		tio.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(0, TCSANOW, &tio);
	}
	say("up, MMU %s, order %u", proc_value("/proc/cpuinfo", "MMU"), hpt_order());
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = 0;
		if (*line)
			obey(line);
	}
	say("end of input");
	reboot(RB_POWER_OFF);
	return 1;
}
