// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was done, in memory that the supervisor shares: the process that makes the requests may not live
 * to tell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define STEPS_KEPT 64
#define STEP_CHARS 320
#define SHOWN 30
#define COUNTS 400

struct count {
	char request[24];
	int error;
	unsigned long times;
};

static struct {
	unsigned long long start_ms;
	uint64_t seed; /* of the sequence under way */
	unsigned long sequences, steps, calls;
	unsigned int step; /* of this sequence */
	char text[STEPS_KEPT][STEP_CHARS];
	char failure[1024];
	struct count counts[COUNTS];
} * report;

static int kmsg = -1;

static unsigned long long ms_since_start(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000 + (unsigned long long)t.tv_nsec / 1000000 -
	       report->start_ms;
}

void report_start(void)
{
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (report == MAP_FAILED || kmsg < 0) {
		perror("fuzz-htab: /dev/kmsg");
		exit(2);
	}
	lseek(kmsg, 0, SEEK_END);
	report->start_ms = ms_since_start();
}

void report_sequence(uint64_t seed)
{
	report->seed = seed;
	report->sequences++;
	report->step = 0;
	if (options.verbose)
		printf("sequence %#llx\n", (unsigned long long)seed);
}

static char *now(void)
{
	return report->text[report->step % STEPS_KEPT];
}

static void append(const char *format, va_list args)
{
	size_t have = strlen(now());

	vsnprintf(now() + have, STEP_CHARS - have, format, args);
}

/* Begins a step: says what is going to be done. */
void step(const char *format, ...)
{
	va_list args;

	report->step++;
	report->steps++;
	now()[0] = 0;
	va_start(args, format);
	append(format, args);
	va_end(args);
	if (options.verbose) {
		printf("%7llu %4u  %s\n", ms_since_start(), report->step, now());
		fflush(stdout);
	}
}

static void count(const char *request, int error)
{
	report->calls++;
	for (struct count *c = report->counts; c < report->counts + COUNTS; c++) {
		if (!c->request[0]) {
			snprintf(c->request, sizeof(c->request), "%s", request);
			c->error = error;
		}
		if (c->error == error && !strncmp(c->request, request, sizeof(c->request) - 1)) {
			c->times++;
			return;
		}
	}
}

static const char *error_name(long ret)
{
	static char number[4][24];
	static unsigned int next;
	char *n = number[next++ % 4];

	if (ret < 0 && strerrorname_np((int)-ret))
		return strerrorname_np((int)-ret);
	snprintf(n, sizeof(number[0]), "%ld", ret);
	return n;
}

/* What came of it; the step may go on with another request. */
void answer(const char *request, long ret, const char *format, ...)
{
	va_list args;
	size_t had = strlen(now());

	count(request, ret < 0 ? (int)ret : 0);
	snprintf(now() + had, STEP_CHARS - had, " = %s", error_name(ret));
	va_start(args, format);
	append(format, args);
	va_end(args);
	if (options.verbose) {
		printf("      %s\n", now() + had);
		fflush(stdout);
	}
}

void answered(const char *request, long ret)
{
	answer(request, ret, "%s", "");
}

/* The kernel is not as the model says. */
void disagree(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->failure, sizeof(report->failure), format, args);
	va_end(args);
	_exit(1);
}

/* Either of two answers; the same one twice if there is only one. */
void allow(long ret, long a, long b)
{
	if (ret == a || ret == b)
		return;
	if (a == b)
		disagree("the answer is %s, and has to be %s", error_name(ret), error_name(a));
	disagree("the answer is %s, and has to be %s or %s", error_name(ret), error_name(a),
		 error_name(b));
}

/* Whether the kernel log has a trace of a defect since the last look. all: prints what is there of it. */
bool report_splat(bool all)
{
	static const char *const splats[] = {
		"WARNING: ",
		"BUG: ",
		"kernel BUG at",
		"Oops",
		"UBSAN:",
		"KASAN:",
		"Call Trace:",
		"Unable to handle kernel",
		"possible recursive locking",
		"possible circular locking",
		"blocked for more than",
		"detected stall",
		"soft lockup",
		"Bad page state",
		"unreferenced object",
	};
	static char first[256];
	char record[8192];
	ssize_t n;

	/* a record that was overwritten is EPIPE, and the next one comes */
	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		char *text;

		if (n <= 0)
			continue;
		record[n] = 0;
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		text[strcspn(text, "\n")] = 0;
		for (size_t i = 0; !first[0] && i < sizeof(splats) / sizeof(splats[0]); i++)
			if (strstr(text, splats[i]))
				snprintf(first, sizeof(first), "%.255s", text);
		if (all && first[0])
			printf("kernel: %s\n", text);
	}
	if (first[0] && !report->failure[0])
		snprintf(report->failure, sizeof(report->failure), "in the kernel log: %s", first);
	return first[0];
}

void report_failure(void)
{
	unsigned int from = report->step > SHOWN ? report->step - SHOWN + 1 : 1;

	printf("FAILED in sequence %lu, step %u; again: --seed %#llx --sequences 1\n",
	       report->sequences, report->step, (unsigned long long)report->seed);
	for (unsigned int i = from; i <= report->step; i++)
		printf("%4u  %s\n", i, report->text[i % STEPS_KEPT]);
	printf("%s\n", report->failure[0] ? report->failure : "the process did not end by itself");
}

static int by_name(const void *a, const void *b)
{
	const struct count *x = a, *y = b;
	int order = strcmp(x->request, y->request);

	return order ? order : y->error - x->error;
}

void report_counts(void)
{
	const char *last = "";
	size_t n = 0;

	while (n < COUNTS && report->counts[n].request[0])
		n++;
	qsort(report->counts, n, sizeof(report->counts[0]), by_name);
	printf("%lu sequences, %lu steps, %lu requests", report->sequences, report->steps,
	       report->calls);
	for (struct count *c = report->counts; c < report->counts + n; c++) {
		if (strcmp(last, c->request))
			printf("\n%-16s", c->request);
		printf("  %s %lu", c->error ? error_name(c->error) : "ok", c->times);
		last = c->request;
	}
	printf("\n");
}

unsigned long report_steps(void)
{
	return report->steps;
}
