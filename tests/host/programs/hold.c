// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the pool in use for something else, which cannot be moved because a pipe holds them.
 *
 *	hold [EVENT]	one page: prints "held PFN" and goes into the background; ends by SIGTERM, or
 *			when the EVENT of /proc/vmstat happens. /run/hold.pid is its number
 *	hold N FIRST NR	the same with N pages, far from each other, of a pool of NR pages from FIRST on, and
 *			without an event: for kernels that do not show the pool
 *
 * Ordinary pages come from the pool when most of the rest is taken, so that is taken first, and given
 * back in the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

#include "number.h"
#include "pagemap.h"

#define POOL "/sys/kernel/debug/cma/kvm_cma/"
#define PID_FILE "/run/hold.pid"

static void fail(const char *what)
{
	fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* What to hold. */
struct range {
	uint64_t first, nr; /* pages of the pool */
	unsigned int count; /* of pages to hold */
};

/* Holds them and returns the number of the first */
static uint64_t hold(int pipe_fd, const struct range *range)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t distance = range->nr / (2 * range->count), frame, found = 0, last = 0;
	unsigned int count = 0;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned char *region, *page, *end;
	struct sysinfo info;
	struct iovec held;

	sysinfo(&info);
	region = mmap(NULL, info.totalram, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED || madvise(region, info.totalram, MADV_NOHUGEPAGE))
		fail("memory");
	end = region + info.totalram;
	for (page = region; page < end; page += page_bytes) {
		*page = 1;
		if (!page_frame(pagemap, page, page_bytes, &frame))
			fail("pagemap");
		if (frame < range->first || frame - range->first >= range->nr)
			continue;
		if (count && (frame > last ? frame - last : last - frame) < distance)
			continue;
		held = (struct iovec){ .iov_base = page, .iov_len = page_bytes };
		if (vmsplice(pipe_fd, &held, 1, 0) != (ssize_t)page_bytes)
			fail("vmsplice");
		found = count++ ? found : frame;
		last = frame;
		if (count < range->count)
			continue;
		munmap(region, info.totalram);
		return found;
	}
	fprintf(stderr, "hold: no page of the pool\n");
	exit(2);
}

int main(int argc, char **argv)
{
	uint64_t before;
	struct range range = { .count = 1 };
	int ends[2];
	FILE *f;

	if (argc == 3 || argc > 4) {
		fprintf(stderr, "usage: hold [EVENT | N FIRST NR]\n");
		return 2;
	}
	if (argc == 4) {
		range.count = (unsigned int)strtoul(argv[1], NULL, 0);
		range.first = strtoull(argv[2], NULL, 0);
		range.nr = strtoull(argv[3], NULL, 0);
	} else {
		range.first = read_number(POOL "base_pfn");
		range.nr = read_number(POOL "count");
	}
	if (pipe2(ends, O_CLOEXEC) || fcntl(ends[1], F_SETPIPE_SZ, 64 * sysconf(_SC_PAGESIZE)) < 0)
		fail("pipe");
	printf("held %llu\n", (unsigned long long)hold(ends[1], &range));
	fflush(stdout);
	before = argc == 2 ? read_events(argv[1]) : 0;
	if (daemon(1, 0))
		fail("daemon");
	f = fopen(PID_FILE, "w");
	if (!f)
		return 2;
	fprintf(f, "%d\n", getpid());
	fclose(f);
	if (argc == 2)
		while (read_events(argv[1]) == before)
			usleep(1000);
	else
		pause();
	unlink(PID_FILE);
	return 0;
}
