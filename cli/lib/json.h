/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing JSON with json-c, which is opened on first use. A value belongs to the object or array it
 * was added to; NULL is null. Once any allocation has failed, json_print() and json_line() fail.
 */
#ifndef KVM_HTAB_LIB_JSON_H
#define KVM_HTAB_LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/cleanup.h"
#include "lib/error.h"

struct json_object;

/* Opens json-c; call this first. Errors: -ELIBACC, as library_open(). */
int json_prepare(struct error *err) _must_check_;

struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
struct json_object *json_new_number(uint64_t number);
struct json_object *json_new_bool(bool truth);

/* @s, escaped by escape_utf8(). NULL gives null. */
struct json_object *json_new_string(const char *s);

/* Adds @value to @object, or replaces the value of @key. @key is borrowed. */
void json_add(struct json_object *object, const char *key, struct json_object *value);

bool json_has(const struct json_object *object, const char *key);

void json_append(struct json_object *array, struct json_object *value);

/* Writes @value, indented, and a newline to @f. Errors: -ENOMEM; check @f for write errors. */
int json_print(struct json_object *value, FILE *f) _must_check_;

/* @value as one line with a newline. The caller frees it; NULL: out of memory. */
char *json_line(struct json_object *value);

/* Frees @value, which may be NULL, and all values in it. */
void json_free(struct json_object *value);

static inline void cleanup_json(struct json_object **value)
{
	json_free(*value);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

#endif /* KVM_HTAB_LIB_JSON_H */
