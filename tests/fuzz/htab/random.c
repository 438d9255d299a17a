// SPDX-License-Identifier: GPL-2.0-only
/* splitmix64: small, and each of its numbers is a good seed. */
#include "random.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
}

uint64_t random_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

uint64_t random_bits(void)
{
	return random_mix(state += 0x9e3779b97f4a7c15ULL);
}

unsigned int below(unsigned int n)
{
	return (unsigned int)(random_bits() % n);
}

bool chance(unsigned int percent)
{
	return below(100) < percent;
}
