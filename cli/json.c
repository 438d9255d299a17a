// SPDX-License-Identifier: GPL-2.0-only
/* JSON to be written. */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

#define INDENT 2
#define DIGITS_MAX 20

enum kind {
	KIND_NO_MEMORY,
	KIND_NULL,
	KIND_OBJECT,
	KIND_ARRAY,
	KIND_NUMBER,
	KIND_BOOL,
	KIND_STRING,
};

struct json {
	enum kind kind;
	bool truth;
	uint64_t number;
	char *string;
	struct json *first, *last; /* of an object or array */
	const char *key; /* in an object */
	struct json *next; /* in an object or array */
};

/* In the place of every value that could not be had; never changed. */
static struct json no_memory = { .kind = KIND_NO_MEMORY };

static struct json *value_new(enum kind kind)
{
	struct json *value = calloc(1, sizeof(*value));

	if (!value)
		return &no_memory;
	value->kind = kind;
	return value;
}

struct json *json_object(void)
{
	return value_new(KIND_OBJECT);
}

struct json *json_array(void)
{
	return value_new(KIND_ARRAY);
}

struct json *json_number(uint64_t number)
{
	struct json *value = value_new(KIND_NUMBER);

	if (value != &no_memory)
		value->number = number;
	return value;
}

struct json *json_bool(bool truth)
{
	struct json *value = value_new(KIND_BOOL);

	if (value != &no_memory)
		value->truth = truth;
	return value;
}

struct json *json_string(const char *s)
{
	struct json *value;

	if (!s)
		return NULL;
	value = value_new(KIND_STRING);
	if (value == &no_memory)
		return value;
	value->string = escape_utf8(s);
	if (value->string)
		return value;
	json_free(value);
	return &no_memory;
}

/* Links @value into @parent's list at *@at, in the place of what is there, if anything is. */
static void put(struct json *parent, struct json **at, const char *key, struct json *value)
{
	struct json *old = *at;

	if (!value)
		value = value_new(KIND_NULL);
	if (parent == &no_memory || value == &no_memory) {
		json_free(value);
		if (parent != &no_memory)
			parent->kind = KIND_NO_MEMORY;
		return;
	}
	value->key = key;
	value->next = old ? old->next : NULL;
	if (!value->next)
		parent->last = value;
	*at = value;
	json_free(old);
}

void json_add(struct json *object, const char *key, struct json *value)
{
	struct json **at = &object->first;

	while (*at && strcmp((*at)->key, key))
		at = &(*at)->next;
	put(object, at, key, value);
}

void json_append(struct json *array, struct json *value)
{
	put(array, array->last ? &array->last->next : &array->first, NULL, value);
}

bool json_has(const struct json *object, const char *key)
{
	const struct json *value = object->first;

	while (value && strcmp(value->key, key))
		value = value->next;
	return value;
}

void json_free(struct json *value)
{
	struct json *next;

	if (!value || value == &no_memory)
		return;
	for (struct json *child = value->first; child; child = next) {
		next = child->next;
		json_free(child);
	}
	free(value->string);
	free(value);
}

/* escape_utf8() has left nothing else that JSON would have escaped. */
static void print_string(const char *s, FILE *f)
{
	putc_unlocked('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putc_unlocked('\\', f);
		putc_unlocked(*s, f);
	}
	putc_unlocked('"', f);
}

/* fprintf() would take ten times as long, and most of a document are numbers. */
static void print_number(uint64_t number, FILE *f)
{
	char digits[DIGITS_MAX];
	size_t i = DIGITS_MAX;

	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	fwrite_unlocked(digits + i, 1, DIGITS_MAX - i, f);
}

static void print_line_end(bool pretty, unsigned int depth, FILE *f)
{
	if (!pretty)
		return;
	putc_unlocked('\n', f);
	for (unsigned int i = 0; i < depth * INDENT; i++)
		putc_unlocked(' ', f);
}

static int print_value(const struct json *value, bool pretty, unsigned int depth, FILE *f);

static int print_list(const struct json *parent, bool pretty, unsigned int depth, FILE *f)
{
	for (const struct json *value = parent->first; value; value = value->next) {
		print_line_end(pretty, depth + 1, f);
		if (value->key) {
			print_string(value->key, f);
			fputs_unlocked(pretty ? ": " : ":", f);
		}
		if (print_value(value, pretty, depth + 1, f))
			return -ENOMEM;
		if (value->next)
			putc_unlocked(',', f);
	}
	if (parent->first)
		print_line_end(pretty, depth, f);
	return 0;
}

static int print_value(const struct json *value, bool pretty, unsigned int depth, FILE *f)
{
	int r = 0;

	switch (value->kind) {
	case KIND_NO_MEMORY:
		return -ENOMEM;
	case KIND_NULL:
		fputs_unlocked("null", f);
		break;
	case KIND_OBJECT:
		putc_unlocked('{', f);
		r = print_list(value, pretty, depth, f);
		putc_unlocked('}', f);
		break;
	case KIND_ARRAY:
		putc_unlocked('[', f);
		r = print_list(value, pretty, depth, f);
		putc_unlocked(']', f);
		break;
	case KIND_NUMBER:
		print_number(value->number, f);
		break;
	case KIND_BOOL:
		fputs_unlocked(value->truth ? "true" : "false", f);
		break;
	case KIND_STRING:
		print_string(value->string, f);
		break;
	}
	return r;
}

int json_print(const struct json *value, FILE *f)
{
	int r = print_value(value, true, 0, f);

	putc_unlocked('\n', f);
	return r;
}

char *json_line(const struct json *value)
{
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);
	int r;

	if (!f)
		return NULL;
	r = print_value(value, false, 0, f);
	putc_unlocked('\n', f);
	if (!fclose(f) && !r)
		return line;
	free(line);
	return NULL;
}
