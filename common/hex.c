/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <string.h>

#include "common/eachbyte.h"
#include "common/hex.h"

#define ADDRESS_BYTES	20

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

/* ---- Eight digits at a time -------------------------------------------- */

#define DIGITS		8
#define BYTES		(DIGITS / 2)
/* Of bytes that are all below 0x80, those from n on. */
#define FROM(w, n)	(((w) + EACHBYTE(0x80 - (n))) & EACHBYTE(0x80))

/*
 * The values of eight digits, each in its byte, the first in the highest; in
 * *bad anything but 0 where one of them is none.  No table and no branch
 * here, either.
 */
static uint64_t
values(const char *s, uint64_t *bad)
{
	const uint8_t	*u = (const uint8_t *)s;
	uint64_t	 w, low, digit, letter;

	w = (uint64_t)u[0] << 56 | (uint64_t)u[1] << 48 |
	    (uint64_t)u[2] << 40 | (uint64_t)u[3] << 32 |
	    (uint64_t)u[4] << 24 | (uint64_t)u[5] << 16 |
	    (uint64_t)u[6] << 8 | u[7];
	*bad = w & EACHBYTE(0x80);
	w &= EACHBYTE(0x7f);
	low = w | EACHBYTE(0x20);
	digit = FROM(w, '0') & ~FROM(w, '9' + 1);
	letter = FROM(low, 'a') & ~FROM(low, 'f' + 1);
	*bad |= (digit | letter) ^ EACHBYTE(0x80);
	return ((w & EACHBYTE(0xf)) + (letter >> 7) * 9);
}

/* n bytes from 2 * n characters that are known to be digits. */
static void
decode(uint8_t *out, const char *s, size_t n)
{
	unsigned int	high, low;
	uint64_t	bad, v;

	for (; n >= BYTES; n -= BYTES, s += DIGITS, out += BYTES) {
		v = values(s, &bad);
		v = (v | v >> 4) & 0x00ff00ff00ff00ff;
		v = (v | v >> 8) & 0x0000ffff0000ffff;
		v = v | v >> 16;
		out[0] = (uint8_t)(v >> 24 & 0xff);
		out[1] = (uint8_t)(v >> 16 & 0xff);
		out[2] = (uint8_t)(v >> 8 & 0xff);
		out[3] = (uint8_t)(v & 0xff);
	}
	for (; n > 0; n--, s += 2) {
		high = (unsigned int)hex_digit(s[0]);
		low = (unsigned int)hex_digit(s[1]);
		*out++ = (uint8_t)((high & 15) << 4 | (low & 15));
	}
}

bool
hex_digits(const char *s, size_t len)
{
	uint64_t	bad, any = 0;
	int		wrong = 0;

	for (; len >= DIGITS; len -= DIGITS, s += DIGITS) {
		(void)values(s, &bad);
		any |= bad;
	}
	for (; len > 0; len--)
		wrong |= hex_digit(*s++);
	return (any == 0 && wrong >= 0);
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
	if (!hex_digits(*s, *len))
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
	if (!hex_digits(s, len))
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

static char
digit(unsigned int v)
{
	return ((char)('0' + v + (((9 - v) >> 8) & ('a' - 10 - '0'))));
}

void
hex_encode(char *out, const uint8_t *in, size_t n)
{
	uint64_t	v;

	for (; n >= BYTES; n -= BYTES, in += BYTES, out += DIGITS) {
		v = (uint64_t)in[0] << 24 | (uint64_t)in[1] << 16 |
		    (uint64_t)in[2] << 8 | in[3];
		v = (v | v << 16) & 0x0000ffff0000ffff;
		v = (v | v << 8) & 0x00ff00ff00ff00ff;
		v = (v | v << 4) & EACHBYTE(0xf);
		/* From 10 on it goes on at 'a'. */
		v += EACHBYTE('0') + (FROM(v, 10) >> 7) * ('a' - 10 - '0');
		/* One by one, for compilers that make one of them. */
		out[0] = (char)(v >> 56 & 0xff);
		out[1] = (char)(v >> 48 & 0xff);
		out[2] = (char)(v >> 40 & 0xff);
		out[3] = (char)(v >> 32 & 0xff);
		out[4] = (char)(v >> 24 & 0xff);
		out[5] = (char)(v >> 16 & 0xff);
		out[6] = (char)(v >> 8 & 0xff);
		out[7] = (char)(v & 0xff);
	}
	for (; n > 0; n--, in++) {
		*out++ = digit(*in >> 4);
		*out++ = digit(*in & 0xf);
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
