/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "keyd/der.h"

bool
der_is(const struct der *der, uint8_t tag)
{
	return (der->len > 0 && der->p[0] == tag);
}

bool
der_equal(const struct der *der, const void *bytes, size_t len)
{
	return (der->len == len && memcmp(der->p, bytes, len) == 0);
}

static void
skip(struct der *der, size_t n)
{
	der->p += n;
	der->len -= n;
}

/* Length octets; two after the first are more than any key file needs. */
static int
take_length(struct der *from, size_t *len)
{
	if (from->len < 1)
		return (-1);
	if (from->p[0] < 0x80) {
		*len = from->p[0];
		skip(from, 1);
		return (0);
	}
	if (from->p[0] == 0x81 && from->len >= 2) {
		*len = from->p[1];
		skip(from, 2);
		return (*len < 0x80 ? -1 : 0);
	}
	if (from->p[0] == 0x82 && from->len >= 3) {
		*len = (size_t)from->p[1] << 8 | from->p[2];
		skip(from, 3);
		return (*len < 0x100 ? -1 : 0);
	}
	return (-1);
}

int
der_take(struct der *from, uint8_t tag, struct der *content)
{
	size_t len;

	if (!der_is(from, tag))
		return (-1);
	skip(from, 1);
	if (take_length(from, &len) == -1 || len > from->len)
		return (-1);
	content->p = from->p;
	content->len = len;
	skip(from, len);
	return (0);
}

int
der_take_uint(struct der *from, struct der *bytes)
{
	if (der_take(from, DER_INTEGER, bytes) == -1 || bytes->len == 0)
		return (-1);
	if (bytes->p[0] & 0x80)
		return (-1);
	if (bytes->p[0] != 0)
		return (0);
	if (bytes->len > 1 && !(bytes->p[1] & 0x80))
		return (-1);
	skip(bytes, 1);
	return (0);
}

int
der_take_bits(struct der *from, uint8_t tag, struct der *bytes)
{
	if (der_take(from, tag, bytes) == -1 || bytes->len == 0 ||
	    bytes->p[0] != 0)
		return (-1);
	skip(bytes, 1);
	return (0);
}
