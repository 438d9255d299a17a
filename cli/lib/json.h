/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON to be written, by json-c, which is opened when it is needed: a tree of
 * values, built from the leaves and printed once. A value belongs to the one
 * it was added to. NULL stands for null. Once memory was
 * short, there or elsewhere, json_print() and json_line() fail.
 */
#ifndef KVM_HTAB_LIB_JSON_H
#define KVM_HTAB_LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/cleanup.h"
#include "lib/error.h"

struct json_object;

/* To be called before all others. Errors: -ELIBACC, as library_open(). */
int json_prepare(struct error *err) _must_check_;

struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
struct json_object *json_new_number(uint64_t number);
struct json_object *json_new_bool(bool truth);

/* A string: valid UTF-8 whatever @s was, see escape_utf8(). NULL gives null. */
struct json_object *json_new_string(const char *s);

/* Adds @value under @key (borrowed) at the end of @object, or in the place of what has this key. */
void json_add(struct json_object *object, const char *key, struct json_object *value);

bool json_has(const struct json_object *object, const char *key);

/* Adds @value at the end of @array. */
void json_append(struct json_object *array, struct json_object *value);

/*
 * Writes @value to @f, indented, and a newline. Errors: -ENOMEM; those of
 * writing are left in @f.
 */
int json_print(struct json_object *value, FILE *f) _must_check_;

/* @value as text: one line with its newline. The caller frees it; NULL: no memory. */
char *json_line(struct json_object *value);

/* Frees @value and what was added to it; NULL is nothing to free. */
void json_free(struct json_object *value);

static inline void cleanup_json(struct json_object **value)
{
	json_free(*value);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

#endif /* KVM_HTAB_LIB_JSON_H */
