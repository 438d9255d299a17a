// SPDX-License-Identifier: GPL-2.0-only
/* Writing JSON with json-c. */
#include "lib/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "lib/library.h"
#include "lib/text.h"

#define FORM_PRETTY \
	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)
#define FORM_LINE (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

#define JSON_FUNCTIONS(F) \
	F(json_object_new_object) \
	F(json_object_new_array) \
	F(json_object_new_uint64) \
	F(json_object_new_boolean) \
	F(json_object_new_string) \
	F(json_object_object_add_ex) \
	F(json_object_object_get_ex) \
	F(json_object_array_add) \
	F(json_object_to_json_string_ext) \
	F(json_object_put)

LIBRARY(json, "libjson-c.so.5", "libjson-c5", "JSON output, and replies on a VM's socket",
	JSON_FUNCTIONS);

int json_prepare(struct error *err)
{
	/* The output and the reply on a socket both call this. */
	static bool prepared;
	int r = prepared ? 0 : library_open(&json_library, err);

	prepared = !r;
	return r;
}

static struct json_object *made(struct json_object *value)
{
	return shortage_note_pointer(value);
}

struct json_object *json_new_object(void)
{
	return made(json.json_object_new_object());
}

struct json_object *json_new_array(void)
{
	return made(json.json_object_new_array());
}

struct json_object *json_new_number(uint64_t number)
{
	return made(json.json_object_new_uint64(number));
}

struct json_object *json_new_bool(bool truth)
{
	return made(json.json_object_new_boolean(truth));
}

struct json_object *json_new_string(const char *s)
{
	_cleanup_free_ char *escaped = s ? escape_utf8(s) : NULL;

	return escaped ? made(json.json_object_new_string(escaped)) : NULL;
}

void json_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (!object ||
	    json.json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_CONSTANT_KEY))
		shortage_note(ENOMEM);
}

bool json_has(const struct json_object *object, const char *key)
{
	return json.json_object_object_get_ex(object, key, NULL);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (!array || json.json_object_array_add(array, value))
		shortage_note(ENOMEM);
}

static const char *text(struct json_object *value, int form)
{
	const char *s;

	if (shortage_code() == ENOMEM)
		return NULL;
	/* json-c drops what it cannot allocate; errno is the only sign. */
	errno = 0;
	s = json.json_object_to_json_string_ext(value, form);
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

	return s ? text_format("%s\n", s) : NULL;
}

void json_free(struct json_object *value)
{
	if (value)
		json.json_object_put(value);
}
