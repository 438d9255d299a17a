/* SPDX-License-Identifier: GPL-2.0-only */
/* Where pages of ours are, as /proc/self/pagemap says it (Documentation/admin-guide/mm/pagemap.rst). */
#ifndef PAGEMAP_H
#define PAGEMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN ((1ULL << 55) - 1)

/* The number of the page's frame; 0: it has none. False, with errno, if @pagemap does not tell. */
static inline bool page_frame(int pagemap, const void *page, size_t page_bytes, uint64_t *frame)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)page / page_bytes * 8)) !=
	    sizeof(entry))
		return false;
	*frame = entry & PAGEMAP_PRESENT ? entry & PAGEMAP_PFN : 0;
	return true;
}

#endif /* PAGEMAP_H */
