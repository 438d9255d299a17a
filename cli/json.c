// SPDX-License-Identifier: GPL-2.0-only
/* JSON to be written, by json-c. */
#include "json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "escape.h"
#include "library.h"

#define FORM_PRETTY \
	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)
#define FORM_LINE (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* What is used of json-c; its header stands for the types. */
#define JSON_FUNCTIONS(f) \
	f(new_object) f(new_array) f(new_uint64) f(new_boolean) f(new_string) f(object_add_ex) \
		f(object_get_ex) f(array_add) f(to_json_string_ext) f(put)

static struct {
#define JSON_POINTER(name) __typeof__(&json_object_##name) name;
	JSON_FUNCTIONS(JSON_POINTER)
} jsonc;

int json_prepare(struct error *err)
{
	/* For the output and for the answer on a socket: once does for both. */
	static bool prepared;
#define JSON_ENTRY(name) { "json_object_" #name, &jsonc.name },
	static const struct library_function functions[] = { JSON_FUNCTIONS(JSON_ENTRY) };
	static const struct library library = {
		.soname = "libjson-c.so.5",
		.package = "libjson-c5",
		.functions = functions,
		.nfunctions = sizeof(functions) / sizeof(functions[0]),
	};

	int r = prepared ? 0 : library_open(&library, err);

	prepared = !r;
	return r;
}

static struct json_object *made(struct json_object *value)
{
	return lack_note_pointer(value);
}

struct json_object *json_new_object(void)
{
	return made(jsonc.new_object());
}

struct json_object *json_new_array(void)
{
	return made(jsonc.new_array());
}

struct json_object *json_new_number(uint64_t number)
{
	return made(jsonc.new_uint64(number));
}

struct json_object *json_new_bool(bool truth)
{
	return made(jsonc.new_boolean(truth));
}

struct json_object *json_new_string(const char *s)
{
	_cleanup_free_ char *escaped = s ? escape_utf8(s) : NULL;

	if (!s)
		return NULL;
	return made(escaped ? jsonc.new_string(escaped) : NULL);
}

void json_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (!object || jsonc.object_add_ex(object, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY))
		lack_note(ENOMEM);
}

bool json_has(const struct json_object *object, const char *key)
{
	return jsonc.object_get_ex(object, key, NULL);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (!array || jsonc.array_add(array, value))
		lack_note(ENOMEM);
}

static const char *text(struct json_object *value, int form)
{
	const char *s;

	if (lack_code() == ENOMEM)
		return NULL;
	/* What it has no memory for it leaves out, and only malloc() says so. */
	errno = 0;
	s = jsonc.to_json_string_ext(value, form);
	return errno == ENOMEM ? NULL : s;
}

int json_print(struct json_object *value, FILE *f)
{
	const char *s = text(value, FORM_PRETTY);

	if (!s)
		return -ENOMEM;
	fputs(s, f);
	putc('\n', f);
	return 0;
}

char *json_line(struct json_object *value)
{
	const char *s = text(value, FORM_LINE);
	char *line;

	return s && asprintf(&line, "%s\n", s) >= 0 ? line : NULL;
}

void json_free(struct json_object *value)
{
	if (value)
		jsonc.put(value);
}
