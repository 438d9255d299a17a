// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log. */
#include "pool/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>

#include "lib/text.h"

/* Of syslog(2), whose header names neither. */
#define LOG_READ_ALL 3
#define LOG_SIZE 10

/* The size that CMA rounds up to, and more than MemTotal lacks of the RAM that the kernel counts. */
#define SLACK_BYTES (UINT64_C(64) << 20)

/* The log, which may have lost its beginning; NULL: there is no log, or it is not for this user. */
static char *read_log(const struct sysfs *fs)
{
	char *text = NULL;
	int size, n;

	if (fs->captured)
		return sysfs_read(fs, "/var/log/dmesg", &text, NULL) ? NULL : text;
	size = klogctl(LOG_SIZE, NULL, 0);
	text = size > 0 ? malloc((size_t)size + 1) : NULL;
	n = text ? klogctl(LOG_READ_ALL, text, size) : -1;
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

/* What is behind @prefix in @message; NULL: it begins otherwise. */
static const char *behind(const char *message, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(message, prefix, length) ? NULL : message + length;
}

/* Without what stands before the time: "kern  :info  : " of dmesg -x, "Nov 03 10:00:00 host kernel: ". */
static const char *time_of(const char *line)
{
	const char *rest;

	if (*line == '<' && (rest = strchr(line, '>')))
		line = rest + 1;
	if (*line == '[')
		return line;
	if ((rest = behind(line, "kern ")) && (rest = strstr(rest, ": ")))
		return rest + 2;
	rest = strstr(line, " kernel: ");
	return rest ? rest + strlen(" kernel: ") : line;
}

/*
 * The message of a line, as dmesg, journalctl and syslog write them: without "<6>", "[    0.000000]",
 * "[    T0]", "2026-11-03T10:00:00,000000+01:00", or the host.
 */
static const char *message_of(const char *line)
{
	const char *message = time_of(line), *end;

	while (*message == '[' && (end = strchr(message, ']')))
		message = end + 1 + strspn(end + 1, " ");
	if (*message >= '0' && *message <= '9' && message[strcspn(message, "T ")] == 'T')
		message += strcspn(message, " ");
	message += strspn(message, " ");
	end = message + strcspn(message, " ");
	return behind(end, " kernel: ") ?: message; /* journalctl -o short-monotonic */
}

/* What is being read: whose lines of CMA come next. */
struct reader {
	struct pool_log *log;
	uint64_t wanted_bytes;
	enum { NOBODY, POOL, OTHERS } next;
	bool alone; /* no other area can have been reserved, whatever its size */
	enum report { NOTHING, HUNG, STARVED } report; /* whose stack follows */
	bool in_stack;
};

static bool is_wanted(const struct reader *reader, uint64_t bytes)
{
	uint64_t wanted = reader->wanted_bytes;

	return wanted && bytes + SLACK_BYTES + wanted / 50 >= wanted &&
	       bytes <= wanted + SLACK_BYTES + wanted / 50;
}

/*
 * "cma: Reserved 416 MiB at 0x..." or "cma: Failed to reserve 416 MiB". Since Linux 5.9 a line of
 * kvm_cma_reserve() stands before the pool's; before, only its size tells it from other areas.
 */
static void reservation(struct reader *reader, const char *size, bool reserved)
{
	struct pool_log *log = reader->log;
	uint64_t mib;

	if (scan_u64(&size, &mib) || mib > UINT64_MAX >> 20)
		return;
	if (reader->next == OTHERS ||
	    (reader->next == NOBODY && !reader->alone && !is_wanted(reader, mib << 20))) {
		log->has_others = true;
		return;
	}
	reader->next = NOBODY;
	if (log->outcome)
		return;
	log->outcome = reserved ? POOL_LOG_RESERVED : POOL_LOG_FAILED;
	log->bytes = mib << 20;
	if (!reserved || sscanf(size, " MiB at %" SCNx64, &log->base) != 1)
		log->base = 0;
}

/* "cma_alloc: kvm_cma: alloc failed, req-size: 512 pages, ret: -16"; the area is named since 6.x. */
static void refusal(struct pool_log *log, const char *message)
{
	const char *failed = strstr(message, "alloc failed, req-size: ");
	const char *ret = failed ? strstr(failed, "ret: -") : NULL;
	const char *area = strstr(message, ": ");

	if (!ret)
		return;
	area = area ? area + 2 : failed;
	if (area < failed && !behind(area, "kvm_cma:")) /* the refusal of another area */
		return;
	ret += strlen("ret: -");
	log->busy += behind(ret, "16") != NULL;
	log->full += behind(ret, "12") != NULL;
}

static void read_cma(struct reader *reader, const char *message)
{
	const char *rest;

	message = behind(message, "CMA: ") ?: message; /* Linux 3.17 */
	if ((rest = behind(message, "Reserved ")) || (rest = behind(message, "reserved ")))
		reservation(reader, rest, true);
	else if ((rest = behind(message, "Failed to reserve ")) ||
		 (rest = behind(message, "failed to reserve ")))
		reservation(reader, rest, false);
	else if (behind(message, "pageblock_order not yet initialized") && reader->next == POOL)
		reader->log->too_early = true;
	else
		refusal(reader->log, message);
}

/*
 * Tasks that were blocked for long, and memory for reverse maps that vmalloc() had not: the stack below
 * tells whether it was for a table. The next stack is of another report.
 */
static void read_report(struct reader *reader, const char *message)
{
	bool trace = strstr(message, "Call Trace:") != NULL;

	if (strstr(message, " blocked for more than ")) {
		reader->report = HUNG;
		reader->in_stack = false;
	} else if (strstr(message, "vmalloc error: ") ||
		   strstr(message, "vmalloc: allocation failure")) {
		reader->report = STARVED;
		reader->in_stack = false;
	} else if (trace) {
		reader->report = reader->in_stack ? NOTHING : reader->report;
		reader->in_stack = true;
	} else if (reader->report && (strstr(message, "kvmppc_alloc_reset_hpt") ||
				      strstr(message, "kvmppc_allocate_hpt") ||
				      strstr(message, "kvmppc_alloc_hpt"))) {
		reader->log->hung |= reader->report == HUNG;
		reader->log->starved |= reader->report == STARVED;
	}
}

/* "alloc_contig_range: [1dc000, 1dc400) PFNs busy"; before Linux 3.19 "test_pages_isolated(...) failed" */
static bool is_contention(const char *message)
{
	return behind(message, "alloc_contig_range") &&
	       (strstr(message, "busy") || strstr(message, "test_pages_isolated"));
}

static void read_line(struct reader *reader, const char *line)
{
	const char *message = message_of(line), *rest;
	struct pool_log *log = reader->log;

	read_report(reader, message);
	if (behind(message, "Linux version ")) { /* the next boot */
		*log = (struct pool_log){ 0 };
		reader->next = NOBODY;
		reader->report = NOTHING;
	} else if (behind(message, "kvm_cma_reserve: reserving ")) {
		reader->next = POOL;
	} else if ((rest = behind(message, "kvm_cma: CMA: "))) { /* before Linux 3.17 */
		reader->next = POOL;
		read_cma(reader, rest);
	} else if (behind(message, "hugetlb_cma: ")) {
		log->has_others = true;
		reader->next = OTHERS;
	} else if (strstr(message, "cma area") && behind(message, "fadump: ")) {
		log->has_others = true;
	} else if ((rest = behind(message, "cma: "))) {
		if (strstr(rest, "CMA area kvm_cma could not be activated"))
			log->outcome = POOL_LOG_USELESS;
		read_cma(reader, rest);
	} else if (strstr(message, "CMA area kvm_cma could not be activated")) {
		log->outcome = POOL_LOG_USELESS;
	} else if (is_contention(message)) {
		log->contended++;
	} else if (reader->next == OTHERS) {
		reader->next = NOBODY;
	}
}

void pool_log_read(const struct sysfs *fs, uint64_t wanted_bytes, bool alone, struct pool_log *log)
{
	struct reader reader = { .log = log, .wanted_bytes = wanted_bytes, .alone = alone };
	_cleanup_free_ char *text = read_log(fs);
	char *save = NULL;

	*log = (struct pool_log){ 0 };
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		read_line(&reader, line);
}

/*
 * "INFO: task qemu:4711 blocked for more than 120 seconds." and "qemu: vmalloc error: size 65536": without
 * the command.
 */
static void add_line(char **kept, const char *line, bool anonymous)
{
	const char *task = strstr(line, "task "), *blocked = strstr(line, " blocked for more");
	const char *vmalloc = strstr(line, "vmalloc");

	if (anonymous && task && blocked && task < blocked)
		text_add(kept, "%.*svmm%s\n", (int)(task + strlen("task ") - line), line, blocked);
	else if (anonymous && vmalloc)
		text_add(kept, "%.*s%s\n", (int)(message_of(line) - line), line, vmalloc);
	else
		text_add(kept, "%s\n", line);
}

char *pool_log_text(const struct sysfs *fs, bool anonymous)
{
	static const char *const words[] = {
		"cma",
		"CMA",
		"fadump",
		"pageblock_order",
		"kvmppc_",
		"blocked for more than",
		"alloc_contig_range",
		"vmalloc",
		"Call Trace:",
	};
	_cleanup_free_ char *text = read_log(fs);
	char *kept = NULL, *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strstr(line, words[i])) {
				add_line(&kept, line, anonymous);
				break;
			}
	return kept;
}
