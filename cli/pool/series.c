// SPDX-License-Identifier: GPL-2.0-only
/* The pool as the kvm-htab series reports it. */
#include <inttypes.h>
#include <string.h>

#include "lib/text.h"
#include "pool/map.h"
#include "pool/read.h"

#define KVM_HTAB "/sys/kernel/kvm_htab"

static void read_state(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *text = NULL;

	if (sysfs_read(fs, "/sys/kernel/kvm_htab/pool/state", &text, NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	for (enum pool_state state = POOL_READY; state <= POOL_ABSENT; state++)
		if (!strcmp(text, pool_state_name(state)))
			pool->state = state;
	if (pool->state == POOL_UNKNOWN)
		pool->strange_state = strdup(text);
}

/* Notes a fault, and sets the fact to unknown, unless its value is in [@least, @most]. */
static void check_range(const struct sysfs *fs, const char *path, struct fact *fact, uint64_t least,
			uint64_t most)
{
	_cleanup_free_ char *what = NULL;

	if (!fact->known || (fact->value >= least && fact->value <= most))
		return;
	what = text_format("%" PRIu64 " is out of range (%" PRIu64 " to %" PRIu64 ")", fact->value,
			   least, most);
	sysfs_note_fault(fs, ERANGE, path, what ?: strerror(ERANGE));
	*fact = (struct fact){ 0 };
}

static void check_facts(const struct sysfs *fs, struct pool *pool)
{
	uint64_t total_bytes = pool->total_bytes.known ? pool->total_bytes.value : UINT64_MAX;

	check_range(fs, KVM_HTAB "/pool/free_bytes", &pool->free_bytes, 0, total_bytes);
	check_range(fs, KVM_HTAB "/pool/largest_free_order", &pool->largest_free_order, 0, 63);
	check_range(fs, KVM_HTAB "/order_max_pages", &pool->order_max_pages, 0, HPT_ORDER_MAX);
}

static void read_fits(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *text = NULL;
	const char *s;
	uint64_t count;

	if (sysfs_read(fs, "/sys/kernel/kvm_htab/pool/fits", &text, NULL))
		return;
	s = text;
	for (size_t i = 0; i < HPT_ORDERS; i++) {
		if (scan_u64(&s, &count))
			break;
		fact_set(&pool->fits[i], count, false);
	}
	if (s[strspn(s, " \n")])
		sysfs_note_fault(fs, EBADMSG, KVM_HTAB "/pool/fits",
				 "not one number of at most 64 bits for each order");
}

static enum pool_moving read_moving(const struct sysfs *fs)
{
	_cleanup_free_ char *mode = NULL;

	if (!sysfs_has(fs, "/sys/kernel/kvm_htab/compact"))
		return MOVING_UNSUPPORTED;
	if (sysfs_read(fs, "/sys/module/kvm_hv/parameters/htab_move", &mode, NULL))
		return MOVING_ALLOWED; /* the default */
	mode[strcspn(mode, "\n")] = '\0';
	return strcmp(mode, "never") ? MOVING_ALLOWED : MOVING_NEVER;
}

bool pool_read_series(const struct sysfs *fs, struct pool *pool)
{
	if (!sysfs_has(fs, KVM_HTAB))
		return false;
	read_state(fs, pool);
#define READ(name, directory, ...) pool_read_fact(fs, KVM_HTAB directory, #name, &pool->name);
	POOL_FACTS(READ)
#undef READ
	check_facts(fs, pool);
	pool->series = sysfs_has(fs, KVM_HTAB "/pool/state");
	read_fits(fs, pool);
	pool->moving = read_moving(fs);
	return true;
}

bool pool_read_places(const struct sysfs *fs, struct pool *pool)
{
	if (!pool->map || !pool_may_exist(pool))
		return false;
	pool_map_read(fs, pool->map);
	return pool->map->n > 0;
}
