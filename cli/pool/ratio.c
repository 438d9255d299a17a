// SPDX-License-Identifier: GPL-2.0-only
/* How large the pool would have to be. */
#include <string.h>

#include "lib/text.h"
#include "pool/pool.h"

/*
 * The RAM that the kernel takes the percentage of: all of it, also what MemTotal lacks because the kernel
 * itself or firmware is there.
 */
static uint64_t present_bytes(const struct sysfs *fs)
{
	static const char key[] = " present ";
	_cleanup_free_ char *zoneinfo = NULL;
	uint64_t page_bytes, pages, sum = 0;

	if (sysfs_read(fs, "/proc/zoneinfo", &zoneinfo, NULL) || sysfs_page_size(fs, &page_bytes))
		return 0;
	for (const char *s = zoneinfo; (s = strstr(s, key));) {
		s += strlen(key);
		s += strspn(s, " ");
		if (scan_u64(&s, &pages) || __builtin_add_overflow(sum, pages, &sum))
			return 0;
	}
	return __builtin_mul_overflow(sum, page_bytes, &sum) ? 0 : sum;
}

static uint64_t percent_of(uint64_t bytes, uint64_t percent)
{
	return (uint64_t)((unsigned __int128)bytes * percent / 100);
}

struct ratio pool_ratio_for(const struct sysfs *fs, const struct pool *pool, uint64_t bytes)
{
	uint64_t need, present = present_bytes(fs);
	struct ratio ratio = {
		.used_known = pool->used_bytes.known,
		.ram_bytes = present > pool->ram_bytes ? present : pool->ram_bytes,
	};

	if (__builtin_add_overflow(pool->used_bytes.value, bytes, &need) ||
	    need > ratio.ram_bytes / 2)
		return ratio;
	while (percent_of(ratio.ram_bytes, ratio.percent) < need)
		ratio.percent++;
	ratio.pool_bytes = percent_of(ratio.ram_bytes, ratio.percent);
	return ratio;
}

void pool_add_ratio(const struct sysfs *fs, const struct pool *pool, uint64_t bytes, char **text)
{
	char pool_text[BYTES_TEXT_MAX], ram_text[BYTES_TEXT_MAX];
	struct ratio ratio = pool_ratio_for(fs, pool, bytes);

	bytes_format(ratio.ram_bytes, ram_text);
	if (ratio.percent)
		text_add(text, "boot with kvm_cma_resv_ratio=%u (%s of %s RAM)", ratio.percent,
			 bytes_format(ratio.pool_bytes, pool_text), ram_text);
	else if (ratio.ram_bytes)
		text_add(text,
			 "add RAM: no kvm_cma_resv_ratio=N is enough, since tables and reverse "
			 "maps would need more than all %s",
			 ram_text);
	else
		text_add(text, "boot with a larger kvm_cma_resv_ratio=N (percent of RAM)");
}
