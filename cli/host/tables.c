// SPDX-License-Identifier: GPL-2.0-only
/* Tables, by their reverse maps. */
#include "host/tables.h"

#include <string.h>

#include "lib/array.h"
#include "lib/text.h"

/*
 * "0xc0...-0xc0...  131072 kvmppc_allocate_hpt+0x9c/0x200 [kvm_hv] pages=1 vmalloc": an area, the
 * guard page behind it included, and who allocated it. Before Linux 4.11 that was kvmppc_alloc_hpt().
 */
static bool is_reverse_map(const char *line)
{
	return strstr(line, " kvmppc_allocate_hpt") || strstr(line, " kvmppc_alloc_hpt");
}

/* The size of the array of page pointers of an area that has one of its own ("vpages"); 0: none. */
static uint64_t array_bytes(const char *line, uint64_t page_bytes)
{
	const char *pages = strstr(line, " pages=");
	uint64_t n;

	if (!pages || !strstr(line, " vpages"))
		return 0;
	pages += strlen(" pages=");
	if (scan_u64(&pages, &n) || n > UINT64_MAX / 16)
		return 0;
	return (n * 8 + page_bytes - 1) / page_bytes * page_bytes;
}

/* A reverse map of @bytes, as large as its table: 16 bytes for each entry of 16 bytes. */
static int add_table(struct host_tables *tables, uint64_t bytes)
{
	unsigned int order = bytes ? log2_floor(bytes) : 0;

	if (order < HPT_ORDER_MIN || order > HPT_ORDER_MAX || bytes != hpt_bytes(order))
		return -EBADMSG;
	tables->count[order - HPT_ORDER_MIN]++;
	tables->bytes += bytes;
	if (order <= HPT_ORDER_PAGES_MAX)
		tables->small_bytes += bytes;
	return 0;
}

/* The areas of reverse maps, and the sizes of the arrays that belong to them. */
struct areas {
	uint64_t *bytes;
	size_t n;
	uint64_t *arrays;
	size_t narrays;
};

static void areas_clear(struct areas *areas)
{
	free(areas->bytes);
	free(areas->arrays);
}

static int append(uint64_t **list, size_t *n, uint64_t value)
{
	uint64_t *larger = array_grow(*list, *n, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	*list = larger;
	(*list)[(*n)++] = value;
	return 0;
}

static int add_line(struct areas *areas, const char *line, uint64_t page_bytes)
{
	const char *s = line + strcspn(line, " ");
	uint64_t bytes, array;
	int r;

	if (!is_reverse_map(line))
		return 0;
	if (scan_u64(&s, &bytes) || bytes <= page_bytes)
		return -EBADMSG;
	r = append(&areas->bytes, &areas->n, bytes - page_bytes);
	array = array_bytes(line, page_bytes);
	if (!r && array)
		r = append(&areas->arrays, &areas->narrays, array);
	return r;
}

/* Whether @bytes is the size of an array that has not been met yet; then it has been. */
static bool take_array(struct areas *areas, uint64_t bytes)
{
	for (size_t i = 0; i < areas->narrays; i++)
		if (areas->arrays[i] == bytes) {
			areas->arrays[i] = areas->arrays[--areas->narrays];
			return true;
		}
	return false;
}

int host_tables_read(const struct sysfs *fs, struct host_tables *tables)
{
	_cleanup_(areas_clear) struct areas areas = { 0 };
	_cleanup_free_ char *text = NULL;
	uint64_t page_bytes;
	char *save = NULL;
	int r = sysfs_page_size(fs, &page_bytes);

	*tables = (struct host_tables){ 0 };
	if (!r)
		r = sysfs_read(fs, "/proc/vmallocinfo", &text, NULL);
	if (r)
		return r;
	for (char *line = strtok_r(text, "\n", &save); !r && line;
	     line = strtok_r(NULL, "\n", &save))
		r = add_line(&areas, line, page_bytes);
	for (size_t i = 0; !r && i < areas.n; i++)
		if (!take_array(&areas, areas.bytes[i]))
			r = add_table(tables, areas.bytes[i]);
	return r;
}

char *host_tables_text(const struct sysfs *fs)
{
	_cleanup_free_ char *text = NULL;
	char *kept = NULL, *save = NULL;

	if (sysfs_read(fs, "/proc/vmallocinfo", &text, NULL))
		return NULL;
	text_add(&kept, "%s", "");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (is_reverse_map(line))
			text_add(&kept, "0x0-0x0%s\n", line + strcspn(line, " "));
	return kept;
}
