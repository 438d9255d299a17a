// SPDX-License-Identifier: GPL-2.0-only
/* Sizes and orders as people write them, held against floating point; and sizes as we write them. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "host/hpt.h"

#define TEXT_MAX 64

/* What a unit that was accepted multiplies by. */
static long double factor_of(const char *unit)
{
	const char *letter = strchr("KMGTPE", toupper((unsigned char)*unit));
	bool decimal = !strcasecmp(unit + !!*unit, "B");

	if (!*unit || !letter)
		return 1;
	return powl(decimal ? 1000 : 1024, (long double)(letter - "KMGTPE" + 1));
}

static void check_bytes(const char *text)
{
	struct error err = { 0 };
	char formatted[BYTES_TEXT_MAX];
	uint64_t bytes, again;
	long double wanted, off;
	char *end;

	if (bytes_parse(text, &bytes, &err)) {
		require(err.status == STATUS_USAGE && err.message);
		error_clear(&err);
		return;
	}
	require(isdigit((unsigned char)*text) && !strpbrk(text, "xX-+"));
	wanted = strtold(text, &end);
	/* "1E" is an exbibyte, which strtold() takes for an exponent only if digits follow */
	wanted *= factor_of(end);
	off = fabsl(wanted - (long double)bytes);
	require(bytes && off <= 1.2L + wanted * 1e-15L); /* rounded down, of 19 digits */

	bytes_format(bytes, formatted);
	if (!strcmp(formatted, "16E")) /* rounded up to what is out of range */
		return;
	require(!bytes_parse(formatted, &again, &err));
	require(fabs((double)again - (double)bytes) <= (double)bytes * 0.05);
	require(strlen(formatted) <= 7);
	require(hpt_order_of_ram(bytes) >= HPT_ORDER_MIN &&
		hpt_order_of_ram(bytes) <= HPT_ORDER_MAX);
}

static void check_order(const char *text)
{
	struct error err = { 0 };
	unsigned int order = 0;

	if (hpt_order_parse(text, &order, &err)) {
		require(err.status == STATUS_USAGE && err.message);
		error_clear(&err);
		return;
	}
	require(order >= HPT_ORDER_MIN && order <= HPT_ORDER_MAX);
	require(strtoul(text, NULL, 10) == order);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];

	if (size > TEXT_MAX)
		size = TEXT_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	check_bytes(text);
	check_order(text);
	return 0;
}
