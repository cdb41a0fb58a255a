/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxyd/advert.h"
#include "regress/unit/advertise_peer.h"

struct advert *
peer_parse(const char *text)
{
	/* What proxyd takes by default. */
	static const struct json_limits	 limits = { 512, 100000 };
	struct advert			*a;
	struct json_doc			*doc;
	char				 why[160];

	assert_non_null(a = calloc(1, sizeof(*a)));
	if (json_parse(&doc, text, strlen(text), &limits, NULL) != JSON_OK)
		fail_msg("no JSON: %.1000s", text);
	if (advert_parse(a, doc, json_root(doc), why, sizeof(why)) == -1)
		fail_msg("%s: %.1000s", why, text);
	json_free(doc);
	return (a);
}

void
peer_free(struct advert *a)
{
	advert_clear(a);
	free(a);
}

size_t
peer_keys(const struct advert *a)
{
	return (a->nkeys);
}

bool
peer_knows(const struct advert *a, const char *software)
{
	return (a->given && a->client && a->deadline &&
	    strcmp(a->software, software) == 0);
}

bool
peer_permits(const struct advert *a, const uint8_t address[ADDRESS_SIZE],
    uint32_t method, const struct u256 *chain)
{
	struct route	 route;

	memset(&route, 0, sizeof(route));
	memcpy(route.address, address, ADDRESS_SIZE);
	route.method = method;
	route.chain = *chain;
	return (advert_permits(a, &route));
}
