// SPDX-License-Identifier: GPL-2.0-only
/* The map of the pool, as a drawing and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/pool-parts.h"
#include "host/hpt.h"
#include "lib/stdout.h"

#define LINE_CHARACTERS 64
#define LINES_MAX 16

/* One for each VM. The last is for all others. */
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*";

/* Escape sequences that tell adjacent VMs apart. */
static const char *const colours[] = { "\033[31m", "\033[32m", "\033[33m",
				       "\033[34m", "\033[35m", "\033[36m" };

#define COLOUR_OFF "\033[m"

/* Returns the bytes of @piece that lie in [@from, @to). */
static uint64_t common(const struct piece *piece, uint64_t from, uint64_t to)
{
	uint64_t end = piece->at + piece->bytes;

	from = from > piece->at ? from : piece->at;
	to = to < end ? to : end;
	return to > from ? to - from : 0;
}

/*
 * Finds the piece that most of the slice [@from, @to) belongs to. *@first is the first piece that
 * may overlap it, and is updated for the next slice.
 */
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

static void print_character(const struct piece *piece, bool coloured)
{
	const size_t last = strlen(letters) - 1;
	char letter = letters[piece->number < last ? piece->number : last];

	if (piece->kind != PIECE_VM)
		putchar(piece->kind == PIECE_FREE ? '.' : piece->kind == PIECE_USED ? '#' : '?');
	else if (coloured)
		printf("%s%c%s", colours[piece->number % COUNT_OF(colours)], letter, COLOUR_OFF);
	else
		putchar(letter);
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
	bool has[PIECE_UNKNOWN + 1] = { false };

	for (size_t i = 0; i < map->n; i++) {
		has[map->pieces[i].kind] = true;
		if (map->pieces[i].kind == PIECE_VM)
			print_vm(&map->pieces[i], users, coloured);
	}
	if (has[PIECE_USED])
		puts(map->owners ? "  #  in use, but not for the table of a VM" :
				   "  #  in use; this kernel does not report by which VM");
	if (has[PIECE_UNKNOWN])
		puts("  ?  in use, or free on a list of the page allocator; this kernel does not "
		     "report which");
	if (has[PIECE_FREE])
		puts("  .  free");
}

/* The smallest power of two of granules for which the map has at most LINES_MAX lines. */
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

	printf("\nMap (%s per character, %s per line)\n", bytes_format(slice, character),
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
		[PIECE_UNKNOWN] = "unknown",
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
		json_add(entry, "id", piece->kind == PIECE_VM ? json_new_number(piece->vm) : NULL);
		json_append(array, entry);
	}
	return array;
}
