// SPDX-License-Identifier: GPL-2.0-only
/* The pool as the kvm-htab series reports it. */
#include <string.h>

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
}

static void read_fits(const struct sysfs *fs, struct pool *pool)
{
	_cleanup_free_ char *text = NULL;
	const char *s;
	uint64_t count;

	if (sysfs_read(fs, "/sys/kernel/kvm_htab/pool/fits", &text, NULL))
		return;
	s = text;
	for (size_t i = 0; i < HPT_ORDERS && !scan_u64(&s, &count); i++)
		fact_set(&pool->fits[i], count, false);
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
	if (pool->largest_free_order.value >= 64)
		pool->largest_free_order = (struct fact){ 0 }; /* invalid */
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
