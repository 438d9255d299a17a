/* SPDX-License-Identifier: GPL-2.0-only */
/* A number that may be unknown or approximate. */
#ifndef KVM_HTAB_LIB_FACT_H
#define KVM_HTAB_LIB_FACT_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed fact is unknown. */
struct fact {
	bool known;
	bool approximate;
	uint64_t value;
};

static inline struct fact fact_of(uint64_t value)
{
	return (struct fact){ .known = true, .value = value };
}

static inline struct fact fact_if(bool known, uint64_t value)
{
	return known ? fact_of(value) : (struct fact){ 0 };
}

static inline bool fact_is_exact(const struct fact *fact)
{
	return fact->known && !fact->approximate;
}

/* Sets @fact, unless it has a value already that is at least as exact. */
static inline void fact_set(struct fact *fact, uint64_t value, bool approximate)
{
	if (!fact->known || (fact->approximate && !approximate))
		*fact = (struct fact){ .known = true, .approximate = approximate, .value = value };
}

#endif /* KVM_HTAB_LIB_FACT_H */
