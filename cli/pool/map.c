// SPDX-License-Identifier: GPL-2.0-only
/* The map of the pool. */
#include "pool/map.h"

#include <string.h>

#include "host/hpt.h"
#include "lib/array.h"

#define SOURCE "/sys/kernel/debug/kvm_htab/pool"
#define GRANULE "/sys/kernel/kvm_htab/pool/granule_bytes"

void pool_map_fail(struct pool_map *map, int code)
{
	pool_map_clear(map);
	map->error = code == ENOENT ? 0 : code;
}

void pool_map_doubt(struct pool_map *map)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->pieces[i].kind == PIECE_USED)
			map->pieces[i].kind = PIECE_UNKNOWN;
}

void pool_map_clear(struct pool_map *map)
{
	free(map->pieces);
	*map = (struct pool_map){ 0 };
}

void pool_map_add(struct pool_map *map, enum piece_kind kind, uint64_t bytes, uint64_t vm)
{
	struct piece *larger;

	if (!bytes || map->error)
		return;
	if (bytes > INT64_MAX - map->bytes) {
		pool_map_fail(map, EBADMSG);
		return;
	}
	larger = array_grow(map->pieces, map->n, sizeof(*larger));
	if (!larger) {
		pool_map_fail(map, ENOMEM);
		return;
	}
	map->pieces = larger;
	map->pieces[map->n++] = (struct piece){
		.kind = kind,
		.at = map->bytes,
		.bytes = bytes,
		.vm = vm,
		.number = map->nvms,
	};
	map->nvms += kind == PIECE_VM;
	map->bytes += bytes;
}

/* "AT SIZE free", "AT SIZE used", "AT SIZE vm ID", or "AT SIZE vm -" for a VM without a number */
static bool add_line(const char *s, struct pool_map *map)
{
	uint64_t at, size, bytes, vm = 0;
	enum piece_kind kind = PIECE_USED;

	if (scan_u64(&s, &at) || scan_u64(&s, &size) || !size ||
	    __builtin_mul_overflow(size, map->granule_bytes, &bytes) ||
	    at != map->bytes / map->granule_bytes)
		return false;
	if (!strcmp(s, " free")) {
		kind = PIECE_FREE;
	} else if (!strncmp(s, " vm ", 4) && strcmp(s, " vm -")) {
		kind = PIECE_VM;
		s += 4;
		if (parse_u64(s, &vm))
			return false;
	} else if (strcmp(s, " used") && strcmp(s, " vm -")) {
		return false;
	}
	pool_map_add(map, kind, bytes, vm);
	return true;
}

void pool_map_read(const struct sysfs *fs, struct pool_map *map)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	int r = sysfs_read(fs, SOURCE, &text, NULL);

	if (!r)
		r = sysfs_read_u64(fs, GRANULE, &map->granule_bytes);
	if (!r && !map->granule_bytes)
		r = -EBADMSG;
	if (r) {
		pool_map_fail(map, -r);
		return;
	}
	map->owners = true;
	for (char *line = strtok_r(text, "\n", &save); line && !map->error;
	     line = strtok_r(NULL, "\n", &save))
		if (!add_line(line, map))
			pool_map_fail(map, EBADMSG);
}

int pool_map_check(const struct pool_map *map, struct error *err)
{
	if (map->n)
		return 0;
	if (!map->error)
		return error_set(
			err, STATUS_CANNOT, ENOENT,
			"this kernel does not report the map of the pool: use one with the "
			"kvm-htab series or CMA_DEBUGFS, and mount debugfs on /sys/kernel/debug");
	if (map->error == EACCES || map->error == EPERM)
		return error_set(err, STATUS_FAILED, map->error,
				 "only root may read the map of the pool: try as root");
	return error_set(err, STATUS_FAILED, map->error, "cannot read the map of the pool: %s",
			 strerror(map->error));
}
