/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <string.h>

#include "common/hex.h"

#define ADDRESS_BYTES	20

static const char digits[] = "0123456789abcdef";

const char *
hex_strerror(enum hex_error error)
{
	switch (error) {
	case HEX_OK:
		return ("no error");
	case HEX_PREFIX:
		return ("hex string without 0x prefix");
	case HEX_EMPTY:
		return ("hex string without digits");
	case HEX_SYNTAX:
		return ("invalid hex string");
	case HEX_ODD:
		return ("hex string of odd length");
	case HEX_ZERO:
		return ("hex number with leading zero digits");
	case HEX_RANGE:
		return ("hex number too large");
	case HEX_LENGTH:
		return ("hex string of wrong length");
	}
	return ("unknown error");
}

/* All bits set if low <= c <= high, else none. */
static unsigned int
in_range(unsigned int c, unsigned int low, unsigned int high)
{
	return (0 - (((low - 1 - c) & (c - high - 1)) >> 31));
}

/* No table and no branch on c: it can be a digit of a private key. */
int
hex_digit(char ch)
{
	unsigned int	c = (unsigned char)ch, lower = c | 0x20;
	unsigned int	digit, letter;

	digit = in_range(c, '0', '9');
	letter = in_range(lower, 'a', 'f');
	return ((int)((digit & (c - '0')) | (letter & (lower - 'a' + 10)) |
	    ~(digit | letter)));
}

/* n bytes from 2 * n characters that are known to be digits. */
static void
decode(uint8_t *out, const char *s, size_t n)
{
	unsigned int	high, low;
	size_t		i;

	for (i = 0; i < n; i++) {
		high = (unsigned int)hex_digit(s[2 * i]);
		low = (unsigned int)hex_digit(s[2 * i + 1]);
		out[i] = (uint8_t)((high & 15) << 4 | (low & 15));
	}
}

bool
hex_secret_valid(const char *s, size_t len)
{
	int	bad = 0;
	size_t	i;

	for (i = 0; i < len; i++)
		bad |= hex_digit(s[i]);
	return (bad >= 0);
}

void
hex_secret(uint8_t *out, const char *s, size_t n)
{
	decode(out, s, n);
}

static bool
has_prefix(const char *s, size_t len)
{
	return (len >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'));
}

static bool
all_digits(const char *s, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		if (hex_digit(s[i]) == -1)
			return (false);
	}
	return (true);
}

/* Checks a quantity of at most max digits and steps over its prefix. */
static enum hex_error
quantity_digits(const char **s, size_t *len, size_t max)
{
	if (!has_prefix(*s, *len))
		return (HEX_PREFIX);
	*s += 2;
	*len -= 2;
	if (*len == 0)
		return (HEX_EMPTY);
	if (!all_digits(*s, *len))
		return (HEX_SYNTAX);
	if (*len > 1 && **s == '0')
		return (HEX_ZERO);
	if (*len > max)
		return (HEX_RANGE);
	return (HEX_OK);
}

enum hex_error
hex_quantity(const char *s, size_t len, struct u256 *out)
{
	enum hex_error	error;
	size_t		i;
	unsigned int	v;

	error = quantity_digits(&s, &len, 2 * U256_SIZE);
	if (error != HEX_OK)
		return (error);
	memset(out, 0, sizeof(*out));
	for (i = 0; i < len; i++) {
		v = (unsigned int)hex_digit(s[len - 1 - i]);
		out->b[U256_SIZE - 1 - i / 2] |=
		    (uint8_t)(i % 2 == 0 ? v : v << 4);
	}
	return (HEX_OK);
}

enum hex_error
hex_quantity64(const char *s, size_t len, uint64_t *out)
{
	enum hex_error	error;
	uint64_t	v = 0;
	size_t		i;

	error = quantity_digits(&s, &len, 2 * sizeof(v));
	if (error != HEX_OK)
		return (error);
	for (i = 0; i < len; i++)
		v = v << 4 | (uint64_t)hex_digit(s[i]);
	*out = v;
	return (HEX_OK);
}

enum hex_error
hex_fixed(const char *s, size_t len, uint8_t *out, size_t n)
{
	if (!has_prefix(s, len))
		return (HEX_PREFIX);
	s += 2;
	len -= 2;
	if (!all_digits(s, len))
		return (HEX_SYNTAX);
	if (len % 2 != 0)
		return (HEX_ODD);
	if (len / 2 != n)
		return (HEX_LENGTH);
	decode(out, s, n);
	return (HEX_OK);
}

enum hex_error
hex_bytes(const char *s, size_t len, uint8_t *out, size_t *outlen)
{
	enum hex_error	error;
	size_t		n;

	n = hex_bytes_size(len);
	error = hex_fixed(s, len, out, n);
	if (error == HEX_OK)
		*outlen = n;
	return (error);
}

size_t
hex_bytes_size(size_t len)
{
	return (len < 2 ? 0 : (len - 2) / 2);
}

void
hex_encode(char *out, const uint8_t *in, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 0xf];
	}
}

void
hex_from_quantity(char out[HEX_QUANTITYSIZE], const struct u256 *v)
{
	char	all[2 * U256_SIZE];
	size_t	n, skip = 0;

	hex_encode(all, v->b, U256_SIZE);
	while (skip < sizeof(all) - 1 && all[skip] == '0')
		skip++;
	n = sizeof(all) - skip;
	out[0] = '0';
	out[1] = 'x';
	memcpy(out + 2, all + skip, n);
	out[2 + n] = '\0';
}

void
hex_from_address(char out[HEX_ADDRESSSIZE], const uint8_t address[20])
{
	out[0] = '0';
	out[1] = 'x';
	hex_encode(out + 2, address, ADDRESS_BYTES);
	out[HEX_ADDRESSSIZE - 1] = '\0';
}
