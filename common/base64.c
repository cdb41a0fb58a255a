/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "common/base64.h"

/* All bits set if low <= c <= high, else none. */
static unsigned int
in_range(unsigned int c, unsigned int low, unsigned int high)
{
	return (0 - (((low - 1 - c) & (c - high - 1)) >> 31));
}

/*
 * Six bits, or 64 and more for a character that is not of the alphabet.  No
 * table and no branch on c: the text can be a private key, and a cache tells
 * what was looked up.
 */
static unsigned int
sextet(char ch)
{
	unsigned int	c = (unsigned char)ch, upper, lower, digit, plus, slash;

	upper = in_range(c, 'A', 'Z');
	lower = in_range(c, 'a', 'z');
	digit = in_range(c, '0', '9');
	plus = in_range(c, '+', '+');
	slash = in_range(c, '/', '/');
	return ((upper & (c - 'A')) | (lower & (c - 'a' + 26)) |
	    (digit & (c - '0' + 52)) | (plus & 62) | (slash & 63) |
	    (~(upper | lower | digit | plus | slash) & 64));
}

size_t
base64_size(size_t len)
{
	return (len / 4 * 3);
}

ssize_t
base64_decode(uint8_t *out, const char *s, size_t len)
{
	unsigned int	a, b, c, d, bad = 0;
	size_t		i, n = 0, pad = 0;

	if (len % 4 != 0)
		return (-1);
	if (len > 0 && s[len - 1] == '=')
		pad = s[len - 2] == '=' ? 2 : 1;
	for (i = 0; i < len; i += 4) {
		a = sextet(s[i]);
		b = sextet(s[i + 1]);
		if (i + 4 < len || pad == 0) {
			c = sextet(s[i + 2]);
			d = sextet(s[i + 3]);
		} else {
			c = pad == 2 ? 0 : sextet(s[i + 2]);
			d = 0;
			/* Bits that no byte takes up are zero. */
			bad |= pad == 2 ? (b & 0xf) : (c & 0x3);
		}
		bad |= (a | b | c | d) & 64;
		out[n++] = (uint8_t)((a << 2 | b >> 4) & 0xff);
		if (i + 4 < len || pad < 2)
			out[n++] = (uint8_t)((b << 4 | c >> 2) & 0xff);
		if (i + 4 < len || pad == 0)
			out[n++] = (uint8_t)((c << 6 | d) & 0xff);
	}
	/* bad is below 128; that it is not 0 becomes -1, without a branch. */
	return ((ssize_t)n | -(ssize_t)((bad + 127) >> 7));
}

size_t
base64_encoded_size(size_t len)
{
	return ((len + 2) / 3 * 4 + 1);
}

/* c if v is at or above low, else 0: without a branch or a table. */
static unsigned int
from(unsigned int v, unsigned int low, unsigned int c)
{
	return (c & ~(0 - ((v - low) >> 31)));
}

/* The steps from A-Z to a-z, to 0-9, to +, to /; unsigned, so modulo. */
static char
character(unsigned int v)
{
	return ((char)('A' + v + from(v, 26, 'a' - 'Z' - 1) -
	    from(v, 52, 'z' - '0' + 1) - from(v, 62, '9' - '+' + 1) +
	    from(v, 63, '/' - '+' - 1)));
}

void
base64_encode(char *out, const uint8_t *in, size_t len)
{
	unsigned int	bits;
	size_t		i, left;

	for (i = 0; i < len; i += 3) {
		left = len - i;
		bits = (unsigned int)in[i] << 16;
		if (left > 1)
			bits |= (unsigned int)in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		*out++ = character(bits >> 18);
		*out++ = character(bits >> 12 & 0x3f);
		*out++ = left > 1 ? character(bits >> 6 & 0x3f) : '=';
		*out++ = left > 2 ? character(bits & 0x3f) : '=';
	}
	*out = '\0';
}
