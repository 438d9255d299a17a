/* SPDX-License-Identifier: GPL-2.0-only */
/* The same numbers for the same seed, wherever it runs. */
#ifndef FUZZ_HTAB_RANDOM_H
#define FUZZ_HTAB_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

void random_seed(uint64_t seed);
uint64_t random_mix(uint64_t x);
unsigned int below(unsigned int n);
bool chance(unsigned int percent);
uint64_t random_bits(void);

#endif
