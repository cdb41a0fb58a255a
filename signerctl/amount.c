/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "signerctl/amount.h"

#define DIGITS	"0123456789"

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1);
}

/* Exactly so many digits, from the right. */
static int
from_hex(const char *digits, size_t ndigits, uint8_t *out, size_t n)
{
	size_t	 i;
	int	 v;

	if (ndigits == 0 || ndigits > 2 * n)
		return (-1);
	memset(out, 0, n);
	for (i = 0; i < ndigits; i++) {
		if ((v = nibble(digits[ndigits - 1 - i])) == -1)
			return (-1);
		out[n - 1 - i / 2] |= (uint8_t)(v << 4 * (i % 2));
	}
	return (0);
}

static bool
is_hex(const char *text)
{
	return (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'));
}

int
amount_number(const char *text, struct u256 *out)
{
	if (is_hex(text))
		return (from_hex(text + 2, strlen(text + 2), out->b,
		    U256_SIZE));
	return (u256_from_dec(out, text, strlen(text)) == U256_OK ? 0 : -1);
}

int
amount_bytes(const char *text, uint8_t *out, size_t n)
{
	if (!is_hex(text) || strlen(text + 2) != 2 * n)
		return (-1);
	return (from_hex(text + 2, 2 * n, out, n));
}

/* How many digits of it are below one; -1: there is no such unit. */
static int
unit_digits(const char *unit)
{
	if (strcmp(unit, "wei") == 0)
		return (0);
	if (strcmp(unit, "gwei") == 0)
		return (9);
	return (strcmp(unit, "ether") == 0 ? 18 : -1);
}

bool
amount_is_unit(const char *text)
{
	return (unit_digits(text) != -1);
}

int
amount_wei(const char *text, const char *unit, struct u256 *out)
{
	char	 digits[128];
	size_t	 whole = strspn(text, DIGITS), fraction = 0;
	int	 zeros;

	if (is_hex(text))
		return (unit == NULL ? amount_number(text, out) : -1);
	if (whole == 0)
		return (-1);
	if (text[whole] == '.' &&
	    (fraction = strspn(text + whole + 1, DIGITS)) == 0)
		return (-1);
	if (unit == NULL) {
		unit = text + whole + (fraction > 0 ? 1 + fraction : 0);
		/* Nothing is nothing in any unit. */
		if (unit[0] == '\0' && strspn(text, "0.") == strlen(text))
			unit = "ether";
	} else if (text[whole + (fraction > 0 ? 1 + fraction : 0)] != '\0')
		return (-1);
	if ((zeros = unit_digits(unit)) == -1 || fraction > (size_t)zeros ||
	    whole + fraction + (size_t)zeros >= sizeof(digits))
		return (-1);
	snprintf(digits, sizeof(digits), "%.*s%.*s%.*s", (int)whole, text,
	    (int)fraction, fraction > 0 ? text + whole + 1 : "",
	    zeros - (int)fraction, "000000000000000000");
	return (u256_from_dec(out, digits, strlen(digits)) == U256_OK ? 0 :
	    -1);
}
