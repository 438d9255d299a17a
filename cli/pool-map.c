// SPDX-License-Identifier: GPL-2.0-only
/* A picture of the pool. */
#include "pool-map.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hpt.h"
#include "messages.h"

#define SOURCE "/sys/kernel/debug/kvm_htab/pool"
#define GRANULE "/sys/kernel/kvm_htab/pool/granule_bytes"

#define LINE_CHARACTERS 64
#define LINES_MAX 16

/* For VMs, over and over if there are more */
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#define NLETTERS (sizeof(letters) - 1)

/* Of terminals: what tells neighbours apart */
static const char *const colours[] = { "\033[31m", "\033[32m", "\033[33m",
				       "\033[34m", "\033[35m", "\033[36m" };

#define NCOLOURS (sizeof(colours) / sizeof(colours[0]))
#define COLOUR_OFF "\033[m"

void pool_map_fail(struct pool_map *map, int code)
{
	pool_map_clear(map);
	map->error = code == ENOENT ? 0 : code;
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
	larger = reallocarray(map->pieces, map->n + 1, sizeof(*larger));
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

/* "AT SIZE free", "AT SIZE used", "AT SIZE vm ID" or, of a VM that has no number, "AT SIZE vm -" */
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
	switch (map->error) {
	case 0:
		return error_set(err, STATUS_CANNOT, ENOENT, MSG_NO_MAP, SOURCE);
	case EACCES:
	case EPERM:
		return error_set(err, STATUS_FAILED, map->error, MSG_MAP_DENIED);
	default:
		return error_set(err, STATUS_FAILED, map->error, MSG_MAP, strerror(map->error));
	}
}

/* How much of a piece lies between two places */
static uint64_t common(const struct piece *piece, uint64_t from, uint64_t to)
{
	uint64_t end = piece->at + piece->bytes;

	from = from > piece->at ? from : piece->at;
	to = to < end ? to : end;
	return to > from ? to - from : 0;
}

/* The piece that most of a slice belongs to. @first: the first that may be in it, also for the next. */
static size_t owner_of(const struct pool_map *map, uint64_t from, uint64_t to, size_t *first)
{
	uint64_t most = 0;
	size_t owner = 0;

	while (*first + 1 < map->n && map->pieces[*first].at + map->pieces[*first].bytes <= from)
		++*first;
	for (size_t i = *first; i < map->n && map->pieces[i].at < to; i++) {
		uint64_t part = common(&map->pieces[i], from, to);

		if (part > most) {
			most = part;
			owner = i;
		}
	}
	return owner;
}

static char character_of(const struct piece *piece)
{
	switch (piece->kind) {
	case PIECE_FREE:
		return '.';
	case PIECE_USED:
		return '#';
	default:
		return letters[piece->number % NLETTERS];
	}
}

static void print_character(const struct piece *piece, bool coloured)
{
	char c = character_of(piece);

	if (coloured && piece->kind == PIECE_VM)
		printf("%s%c%s", colours[piece->number % NCOLOURS], c, COLOUR_OFF);
	else
		putchar(c);
}

static void print_vm(const struct piece *piece, const struct vm_list *users, bool coloured)
{
	const struct host_vm *vm = vm_list_find(users, piece->vm);
	char size[BYTES_TEXT_MAX];

	fputs("  ", stdout);
	print_character(piece, coloured);
	printf("  VM %" PRIu64 ", %s", piece->vm, bytes_format(piece->bytes, size));
	if (vm && vm->pid)
		printf(", process %d", vm->pid);
	putchar('\n');
}

static void print_legend(const struct pool_map *map, const struct vm_list *users, bool coloured)
{
	bool has[PIECE_VM + 1] = { false };

	for (size_t i = 0; i < map->n; i++) {
		has[map->pieces[i].kind] = true;
		if (map->pieces[i].kind == PIECE_VM)
			print_vm(&map->pieces[i], users, coloured);
	}
	if (has[PIECE_USED])
		puts(map->owners ? "  #  in use, but not as the table of a VM" :
				   "  #  in use; this kernel does not tell by which VM");
	if (has[PIECE_FREE])
		puts("  .  free");
}

/* The smallest size of slices, a power of two of granules, with which the picture is not too large */
static uint64_t slice_bytes(const struct pool_map *map)
{
	uint64_t slice = map->granule_bytes;

	while (map->bytes / slice > LINE_CHARACTERS * LINES_MAX)
		slice *= 2;
	return slice;
}

void pool_map_print(const struct pool_map *map, const struct vm_list *users)
{
	char character[BYTES_TEXT_MAX], line[BYTES_TEXT_MAX];
	uint64_t slice = slice_bytes(map);
	bool coloured = colours_wanted();
	size_t first = 0;

	printf("\nMap, %s a character, %s a line\n", bytes_format(slice, character),
	       bytes_format(slice * LINE_CHARACTERS, line));
	for (uint64_t at = 0; at < map->bytes; at += slice) {
		if (at / slice % LINE_CHARACTERS == 0)
			fputs(at ? "\n  " : "  ", stdout);
		print_character(&map->pieces[owner_of(map, at, at + slice, &first)], coloured);
	}
	putchar('\n');
	print_legend(map, users, coloured);
}

struct json_object *pool_map_json(const struct pool_map *map)
{
	static const char *const names[] = {
		[PIECE_FREE] = "free",
		[PIECE_USED] = "used",
		[PIECE_VM] = "vm",
	};
	struct json_object *array;

	if (!map->n)
		return NULL;
	array = json_new_array();
	for (size_t i = 0; i < map->n; i++) {
		const struct piece *piece = &map->pieces[i];
		struct json_object *entry = json_new_object();

		json_add(entry, "at_bytes", json_new_number(piece->at));
		json_add(entry, "bytes", json_new_number(piece->bytes));
		json_add(entry, "kind", json_new_string(names[piece->kind]));
		json_add(entry, "vm", piece->kind == PIECE_VM ? json_new_number(piece->vm) : NULL);
		json_append(array, entry);
	}
	return array;
}
