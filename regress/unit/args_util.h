/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ARGS_UTIL_H
#define REGRESS_UNIT_ARGS_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/args.h"

/* 20 and 32 bytes, and what they are. */
#define ADDR	"0x00112233445566778899aAbBcCdDeEfF01020304"
#define A2	"0xffffffffffffffffffffffffffffffffffffffff"
#define HASH	"0x0102030405060708090a0b0c0d0e0f10" \
		"1112131415161718191a1b1c1d1e1f20"
#define H2	"0xf102030405060708090a0b0c0d0e0f10" \
		"1112131415161718191a1b1c1d1e1f2f"
#define ZEROS	"0x00000000000000000000000000000000" \
		"00000000000000000000000000000000"
#define F64	"ffffffffffffffffffffffffffffffff" \
		"ffffffffffffffffffffffffffffffff"
/* 2^256 - 1 and 2^256 */
#define DEC_MAX	"115792089237316195423570985008687907853" \
		"269984665640564039457584007913129639935"
#define DEC_OVER "115792089237316195423570985008687907853" \
		"269984665640564039457584007913129639936"
#define BASE64	"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

typedef int	(*decoder)(struct args *, const struct json_doc *,
		    const cJSON *, char *, size_t);

static struct json_doc	*doc;
static struct args	 args;
static char		 why[128];

static inline int
run(decoder decode, const char *text)
{
	static const struct json_limits	 limits = { 512, 100000 };
	int				 r;

	assert_int_equal(json_parse(&doc, text, strlen(text), &limits, NULL),
	    JSON_OK);
	memset(&args, 0xa5, sizeof(args));
	snprintf(why, sizeof(why), "untouched");
	r = decode(&args, doc, json_root(doc), why, sizeof(why));
	/* The document is not needed any longer, whatever was decoded. */
	json_free(doc);
	return (r);
}

static inline void
good(decoder decode, const char *text)
{
	int	 r = run(decode, text);

	if (r != 0)
		print_error("%s: %s\n", text, why);
	assert_int_equal(r, 0);
	assert_string_equal(why, "untouched");
}

/* Refused, and the reason begins so. */
static inline void
bad(decoder decode, const char *text, const char *reason)
{
	int	 r = run(decode, text);

	if (r != -1 || strncmp(why, reason, strlen(reason)) != 0)
		print_error("%s: %d \"%s\", not \"%s\"\n", text, r, why,
		    reason);
	assert_int_equal(r, -1);
	assert_memory_equal(why, reason, strlen(reason));
	args_clear(&args);
}

struct refused {
	const char	*text;
	const char	*reason;
};

static inline void
bad_all(decoder decode, const struct refused *r, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		bad(decode, r[i].text, r[i].reason);
}

#define BAD_ALL(decode, r)	bad_all(decode, r, sizeof(r) / sizeof((r)[0]))

/* The bytes 1, 2, 3 ...; those of HASH, and of BASE64. */
static inline void
is_hash(const uint8_t *p)
{
	int	 i;

	for (i = 0; i < HASH_SIZE; i++)
		assert_int_equal(p[i], i + 1);
}

static inline void
is_addr(const uint8_t *p)
{
	static const uint8_t	 bytes[] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
		0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 1, 2, 3, 4
	};

	assert_memory_equal(p, bytes, sizeof(bytes));
}

static inline void
is_number(const struct u256 *v, uint64_t n)
{
	struct u256	 w;

	u256_from_u64(&w, n);
	assert_memory_equal(v, &w, sizeof(w));
}

static inline void
is_max(const struct u256 *v)
{
	struct u256	 w;

	memset(&w, 0xff, sizeof(w));
	assert_memory_equal(v, &w, sizeof(w));
}

static inline void
all_zero(const void *p, size_t len)
{
	static const uint8_t	 zeros[1024];

	assert_true(len <= sizeof(zeros));
	assert_memory_equal(p, zeros, len);
}

#endif /* REGRESS_UNIT_ARGS_UTIL_H */
