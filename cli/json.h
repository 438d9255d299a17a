/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON to be written: a tree of values, built from the leaves and printed once.
 * A value belongs to the one it was added to. NULL stands for null. Want of
 * memory is kept in the tree and reported by json_print().
 */
#ifndef KVM_HTAB_JSON_H
#define KVM_HTAB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"

struct json;

struct json *json_object(void);
struct json *json_array(void);
struct json *json_number(uint64_t number);
struct json *json_bool(bool truth);

/* A string: valid UTF-8 whatever @s was, see escape_utf8(). NULL gives null. */
struct json *json_string(const char *s);

/*
 * Adds @value, which may be NULL, under @key (borrowed) at the end of @object,
 * or in the place of the value that has this key.
 */
void json_add(struct json *object, const char *key, struct json *value);

bool json_has(const struct json *object, const char *key);

/* Adds @value, which may be NULL, at the end of @array. */
void json_append(struct json *array, struct json *value);

/*
 * Writes @value to @f, indented, and a newline. Errors: -ENOMEM when it was
 * built; those of writing are left in @f.
 */
int json_print(const struct json *value, FILE *f) _must_check_;

/* @value as text: one line with its newline. The caller frees it; NULL: no memory. */
char *json_line(const struct json *value);

/* Frees @value and what was added to it; NULL is nothing to free. */
void json_free(struct json *value);

static inline void cleanup_json(struct json **value)
{
	json_free(*value);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

#endif /* KVM_HTAB_JSON_H */
