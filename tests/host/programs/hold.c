// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of the pool in use for something else, which cannot be moved because a pipe holds it.
 *
 *	hold [EVENT]	prints "held PFN" and goes into the background; ends by SIGTERM, or when the
 *			EVENT of /proc/vmstat happens. /run/hold.pid is its number
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

/* Holds one and returns its number */
static uint64_t hold(int pipe_fd)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t first = read_number(POOL "base_pfn"), nr = read_number(POOL "count"), frame;
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
		if (frame < first || frame - first >= nr)
			continue;
		held = (struct iovec){ .iov_base = page, .iov_len = page_bytes };
		if (vmsplice(pipe_fd, &held, 1, 0) != (ssize_t)page_bytes)
			fail("vmsplice");
		munmap(region, info.totalram);
		return frame;
	}
	fprintf(stderr, "hold: no page of the pool\n");
	exit(2);
}

int main(int argc, char **argv)
{
	uint64_t before;
	int ends[2];
	FILE *f;

	if (argc > 2) {
		fprintf(stderr, "usage: hold [EVENT]\n");
		return 2;
	}
	if (pipe2(ends, O_CLOEXEC))
		fail("pipe");
	printf("held %llu\n", (unsigned long long)hold(ends[1]));
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
