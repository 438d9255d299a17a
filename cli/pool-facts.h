/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts about the pool as they are shown: in tables, where an unknown one is "-", and in JSON, where it is null. */
#ifndef KVM_HTAB_POOL_FACTS_H
#define KVM_HTAB_POOL_FACTS_H

#include "output.h"
#include "pool.h"

static inline struct value fact_number(const struct fact *fact)
{
	return value_number_if(fact->known, fact->value);
}

static inline struct value fact_bytes(const struct fact *fact)
{
	return fact->known ? value_bytes(fact->value) : (struct value){ 0 };
}

static inline struct json_object *fact_json(const struct fact *fact)
{
	return fact->known ? json_new_number(fact->value) : NULL;
}

#endif /* KVM_HTAB_POOL_FACTS_H */
