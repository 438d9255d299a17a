// SPDX-License-Identifier: GPL-2.0-only
/* A picture of the pool. */
#include "pool-map.h"

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

static int refused(int code, struct error *err)
{
	switch (code) {
	case ENOENT:
		return error_set(err, STATUS_CANNOT, code, MSG_NO_MAP, SOURCE);
	case EACCES:
	case EPERM:
		return error_set(err, STATUS_FAILED, code, MSG_MAP_DENIED);
	default:
		return error_set(err, STATUS_FAILED, code, MSG_MAP, SOURCE, strerror(code));
	}
}

/* "AT SIZE free", "AT SIZE used" or "AT SIZE vm ID", in granules */
static bool scan_piece(const char *s, uint64_t granule, struct piece *piece)
{
	if (scan_u64(&s, &piece->at) || scan_u64(&s, &piece->bytes) || !piece->bytes ||
	    piece->bytes > UINT64_MAX / granule || piece->at > UINT64_MAX / granule)
		return false;
	piece->at *= granule;
	piece->bytes *= granule;
	if (!strcmp(s, " free")) {
		piece->kind = PIECE_FREE;
		return true;
	}
	piece->kind = PIECE_USED;
	if (!strcmp(s, " used") || !strcmp(s, " vm -"))
		return true;
	if (strncmp(s, " vm ", 4))
		return false;
	s += 4;
	piece->kind = PIECE_VM;
	return !scan_u64(&s, &piece->vm) && !*s;
}

static int scan(char *text, struct pool_map *map)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct piece piece = { 0 }, *larger;

		if (!scan_piece(line, map->granule_bytes, &piece) || piece.at != map->bytes)
			return -EBADMSG;
		larger = reallocarray(map->pieces, map->n + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		map->pieces = larger;
		map->pieces[map->n++] = piece;
		map->bytes += piece.bytes;
	}
	return 0;
}

int pool_map_read(const struct sysfs *fs, struct pool_map *map, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r;

	*map = (struct pool_map){ 0 };
	r = sysfs_read(fs, SOURCE, &text, NULL);
	if (!r)
		r = sysfs_read_u64(fs, GRANULE, &map->granule_bytes);
	if (!r && !map->granule_bytes)
		r = -EBADMSG;
	if (!r)
		r = scan(text, map);
	return r ? refused(-r, err) : 0;
}

void pool_map_clear(struct pool_map *map)
{
	free(map->pieces);
	*map = (struct pool_map){ 0 };
}

/* How much of a piece lies between two places */
static uint64_t common(const struct piece *piece, uint64_t from, uint64_t to)
{
	uint64_t end = piece->at + piece->bytes;

	from = from > piece->at ? from : piece->at;
	to = to < end ? to : end;
	return to > from ? to - from : 0;
}

/* The number of VMs before this piece that are another one's */
static size_t number_of(const struct pool_map *map, size_t i)
{
	size_t n = 0;

	for (size_t j = 0; j < i; j++)
		n += map->pieces[j].kind == PIECE_VM;
	return n;
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

static char character_of(const struct piece *piece, size_t number)
{
	switch (piece->kind) {
	case PIECE_FREE:
		return '.';
	case PIECE_USED:
		return '#';
	default:
		return letters[number % NLETTERS];
	}
}

static void print_slice(const struct piece *piece, size_t number, bool coloured)
{
	char c = character_of(piece, number);

	if (coloured && piece->kind == PIECE_VM)
		printf("%s%c%s", colours[number % NCOLOURS], c, COLOUR_OFF);
	else
		putchar(c);
}

static const struct host_vm *find_vm(const struct vm_list *users, uint64_t id)
{
	for (size_t i = 0; i < users->n; i++)
		if (users->vms[i].id == id)
			return &users->vms[i];
	return NULL;
}

static void print_legend(const struct pool_map *map, const struct vm_list *users, bool coloured)
{
	size_t number = 0;

	for (size_t i = 0; i < map->n; i++) {
		const struct piece *piece = &map->pieces[i];
		const struct host_vm *vm;
		char size[BYTES_TEXT_MAX];

		if (piece->kind != PIECE_VM)
			continue;
		vm = find_vm(users, piece->vm);
		fputs("  ", stdout);
		print_slice(piece, number++, coloured);
		printf("  VM %llu, %s", (unsigned long long)piece->vm,
		       bytes_format(piece->bytes, size));
		if (vm && vm->pid)
			printf(", process %d", vm->pid);
		putchar('\n');
	}
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
	uint64_t slice = slice_bytes(map), at;
	bool coloured = colours_wanted();
	char text[BYTES_TEXT_MAX];
	size_t first = 0;

	printf("\nMap, %s a character, %s a line\n", bytes_format(slice, text),
	       bytes_format(slice * LINE_CHARACTERS, (char[BYTES_TEXT_MAX]){ 0 }));
	for (at = 0; at < map->bytes; at += slice) {
		size_t owner = owner_of(map, at, at + slice, &first);

		if (at / slice % LINE_CHARACTERS == 0)
			fputs(at ? "\n  " : "  ", stdout);
		print_slice(&map->pieces[owner], number_of(map, owner), coloured);
	}
	putchar('\n');
	print_legend(map, users, coloured);
}

void pool_map_add_json(struct json_object *object, const struct pool_map *map)
{
	static const char *const names[] = {
		[PIECE_FREE] = "free",
		[PIECE_USED] = "used",
		[PIECE_VM] = "vm",
	};
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < map->n; i++) {
		const struct piece *piece = &map->pieces[i];
		struct json_object *entry = json_new_object();

		json_add(entry, "at_bytes", json_new_number(piece->at));
		json_add(entry, "bytes", json_new_number(piece->bytes));
		json_add(entry, "kind", json_new_string(names[piece->kind]));
		json_add(entry, "vm", piece->kind == PIECE_VM ? json_new_number(piece->vm) : NULL);
		json_append(array, entry);
	}
	json_add(object, "map", array);
}
