/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ADVERT_UTIL_H
#define REGRESS_UNIT_ADVERT_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxyd/advert.h"

/* For the tests of proxyd/advert.h. */
#define TX	RULE_TRANSACTION
#define PL	RULE_PAYLOAD
#define A(n)	"0x00000000000000000000000000000000000000" #n
#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* What json_parse() needs must stay as long as the document. */
static inline int
parse(struct advert *a, const char *text, char *why, size_t size)
{
	static const struct json_limits	 limits = { 512, 1000000 };
	struct json_doc			*doc;
	int				 r;

	memset(a, 0xa5, sizeof(*a));
	if (json_parse(&doc, text, strlen(text), &limits, NULL) != JSON_OK)
		fail_msg("no JSON: %.200s", text);
	r = advert_parse(a, doc, json_root(doc), why, size);
	json_free(doc);
	return (r);
}

static inline void
takes(struct advert *a, const char *text)
{
	char	 why[160] = "";

	if (parse(a, text, why, sizeof(why)) == -1)
		fail_msg("%s: %.200s", why, text);
}

static inline void
refuses(const char *text, const char *reason)
{
	struct advert	 a;
	char		 why[160] = "";

	if (parse(&a, text, why, sizeof(why)) != -1)
		fail_msg("taken: %.200s", text);
	if (strcmp(why, reason) != 0)
		fail_msg("'%s', not '%s': %.200s", why, reason, text);
	advert_clear(&a);
	assert_null(a.items);
	advert_clear(&a);
}

/* The address with that last byte. */
static inline void
address_of(uint8_t address[ADDRESS_SIZE], unsigned int n)
{
	memset(address, 0, ADDRESS_SIZE);
	address[ADDRESS_SIZE - 1] = (uint8_t)n;
}

static inline bool
permits(const struct advert *a, unsigned int address, uint32_t method,
    uint64_t chain)
{
	struct route	 route;

	memset(&route, 0, sizeof(route));
	address_of(route.address, address);
	route.method = method;
	u256_from_u64(&route.chain, chain);
	return (advert_permits(a, &route));
}

/* An object of so many keys with so many chains each, from chain 1. */
static inline char *
many(size_t nkeys, size_t nchains, bool same)
{
	size_t	 size = 100 + nkeys * (100 + nchains * 12), n, i, k;
	char	*text = malloc(size);

	assert_non_null(text);
	n = (size_t)sprintf(text, "{\"version\":1,\"keys\":[");
	for (i = 0; i < nkeys; i++) {
		n += (size_t)sprintf(text + n, "%s{\"address\":\"0x%040zx\"",
		    i > 0 ? "," : "", same ? 1 : nkeys - i);
		for (k = 0; k < nchains; k++)
			n += (size_t)sprintf(text + n, "%s\"0x%zx\"",
			    k == 0 ? ",\"chains\":[" : ",",
			    same ? 1 + i * nchains + k : nchains - k);
		n += (size_t)sprintf(text + n, nchains > 0 ? "]}" : "}");
	}
	n += (size_t)sprintf(text + n, "]}");
	assert_true(n < size);
	return (text);
}

#endif /* REGRESS_UNIT_ADVERT_UTIL_H */
