/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/u256.o */

/*
 * 256-bit numbers against arithmetic on decimal digits: "A\nB", two numbers
 * in decimal.
 */

#include "common/u256.h"
#include "regress/fuzz/fuzz.h"

#define DIGITS	200

/* 2^256 - 1, in decimal. */
#define U256_MAX_DEC							\
	"11579208923731619542357098500868790785326998466564056403945758"	\
	"4007913129639935"

/* A natural number in decimal, the lowest digit first. */
struct dec {
	uint8_t	 d[DIGITS];
	size_t	 n;
};

static void
dec_set(struct dec *v, const char *s, size_t len)
{
	size_t	 i;

	memset(v, 0, sizeof(*v));
	for (i = 0; i < len; i++)
		v->d[i] = (uint8_t)(s[len - 1 - i] - '0');
	v->n = len;
	while (v->n > 0 && v->d[v->n - 1] == 0)
		v->n--;
}

static int
dec_cmp(const struct dec *a, const struct dec *b)
{
	size_t	 i;

	if (a->n != b->n)
		return (a->n < b->n ? -1 : 1);
	for (i = a->n; i-- > 0; )
		if (a->d[i] != b->d[i])
			return (a->d[i] < b->d[i] ? -1 : 1);
	return (0);
}

/* r += a * 10^shift * times */
static void
dec_add(struct dec *r, const struct dec *a, size_t shift, unsigned int times)
{
	unsigned int	 carry = 0;
	size_t		 i;

	for (i = shift; i < DIGITS; i++) {
		carry += r->d[i];
		if (i - shift < a->n)
			carry += a->d[i - shift] * times;
		r->d[i] = (uint8_t)(carry % 10);
		carry /= 10;
	}
	FUZZ_ASSERT(carry == 0);
	for (r->n = DIGITS; r->n > 0 && r->d[r->n - 1] == 0; r->n--)
		;
}

/* The same number; or too large for the one that could not be made. */
static void
same(const struct dec *d, const struct u256 *v)
{
	struct dec	 max, read;
	char		 text[U256_DECSIZE];
	size_t		 n;

	dec_set(&max, U256_MAX_DEC, sizeof(U256_MAX_DEC) - 1);
	if (v == NULL) {
		FUZZ_ASSERT(dec_cmp(d, &max) > 0);
		return;
	}
	FUZZ_ASSERT(dec_cmp(d, &max) <= 0);
	n = u256_to_dec(v, text);
	FUZZ_ASSERT(n == strlen(text) && n < U256_DECSIZE && n > 0);
	FUZZ_ASSERT(n == 1 || text[0] != '0');
	dec_set(&read, text, n);
	FUZZ_ASSERT(dec_cmp(d, &read) == 0);
	FUZZ_ASSERT(u256_is_zero(v) == (d->n == 0));
}

/* Whether it is a number here and there. */
static bool
read_number(struct u256 *v, struct dec *d, const char *s, size_t len)
{
	struct u256	 old;
	enum u256_error	 e;
	size_t		 i;
	char		*copy;

	memset(v, 0xa5, sizeof(*v));
	old = *v;
	copy = fuzz_copy(s, len);
	e = u256_from_dec(v, copy, len);
	free(copy);
	for (i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			break;
	if (i < len || len == 0) {
		FUZZ_ASSERT(e == U256_SYNTAX);
		FUZZ_ASSERT(memcmp(v, &old, sizeof(old)) == 0);
		return (false);
	}
	for (; len > 0 && *s == '0'; s++)
		len--;
	if (len >= DIGITS / 2) {
		FUZZ_ASSERT(e == U256_RANGE);
		return (false);
	}
	dec_set(d, s, len);
	same(d, e == U256_OK ? v : NULL);
	FUZZ_ASSERT(e != U256_SYNTAX);
	return (e == U256_OK);
}

static void
multiply(const struct u256 *a, const struct dec *da, uint64_t m)
{
	struct u256	 r;
	struct dec	 dr;
	uint64_t	 left;
	size_t		 shift = 0;

	memset(&dr, 0, sizeof(dr));
	for (left = m; left != 0; left /= 10)
		dec_add(&dr, da, shift++, (unsigned int)(left % 10));
	same(&dr, u256_mul_u64(&r, a, m) == 0 ? &r : NULL);
	u256_from_u64(&r, m);
	FUZZ_ASSERT(u256_is_zero(&r) == (m == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*text = (const char *)data, *second;
	struct u256	 a, b, r;
	struct dec	 da, db;
	size_t		 len = size;
	uint64_t	 m = 0;
	int		 i;

	if ((second = memchr(text, '\n', size)) != NULL)
		len = (size_t)(second - text);
	if (!read_number(&a, &da, text, len) || second == NULL)
		return (0);
	second++;
	if (!read_number(&b, &db, second, size - len - 1))
		return (0);
	FUZZ_ASSERT(dec_cmp(&da, &db) == (u256_cmp(&a, &b) > 0) -
	    (u256_cmp(&a, &b) < 0));
	for (i = 0; i < 8; i++)
		m = m << 8 | b.b[U256_SIZE - 8 + i];
	multiply(&a, &da, m);
	multiply(&a, &da, m >> 32);
	dec_add(&da, &db, 0, 1);
	same(&da, u256_add(&r, &a, &b) == 0 ? &r : NULL);
	return (0);
}
