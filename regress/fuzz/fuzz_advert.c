/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/advert.o common/list.o common/hex.o common/json.o
 *	common/jsonscan.o common/u256.o
 * libs: libcjson
 */

/*
 * What a signer says of itself, against a plain reading of the same tree: what
 * it can be asked for, whether it covers a configuration, which address comes
 * first.
 */

#include "common/hex.h"
#include "proxyd/advert.h"
#include "regress/fuzz/fuzz.h"

#define ADDRESSES	3
#define CHAINS		3

static uint8_t		 addresses[ADDRESSES][ADDRESS_SIZE];
static struct u256	 chains[CHAINS];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	memset(addresses[1], 0x11, ADDRESS_SIZE);
	memset(addresses[2], 0xff, ADDRESS_SIZE);
	u256_from_u64(&chains[1], 10);
	memset(chains[2].b, 0xff, U256_SIZE);
	return (0);
}

static bool
absent(const cJSON *v)
{
	return (v == NULL || cJSON_IsNull(v));
}

static bool
has_method(const cJSON *key, uint32_t method)
{
	const cJSON	*list = json_member(key, "methods"), *v;

	if (absent(list))
		return (true);
	cJSON_ArrayForEach(v, list)
		if (strcmp(v->valuestring, method == RULE_PAYLOAD ?
		    "block-payload" : "transaction") == 0)
			return (true);
	return (false);
}

static bool
has_chain(const cJSON *key, const struct u256 *chain)
{
	const cJSON	*list = json_member(key, "chains"), *v;
	struct u256	 n;

	if (absent(list))
		return (true);
	cJSON_ArrayForEach(v, list) {
		FUZZ_ASSERT(hex_quantity(v->valuestring,
		    strlen(v->valuestring), &n) == HEX_OK);
		if (u256_cmp(&n, chain) == 0)
			return (true);
	}
	return (false);
}

/* Whether one of the entries serves this. */
static bool
offers(const cJSON *root, const struct route *r)
{
	uint8_t		 address[ADDRESS_SIZE];
	const cJSON	*key, *v;

	cJSON_ArrayForEach(key, json_member(root, "keys")) {
		v = json_member(key, "address");
		FUZZ_ASSERT(hex_fixed(v->valuestring, strlen(v->valuestring),
		    address, ADDRESS_SIZE) == HEX_OK);
		if (memcmp(address, r->address, ADDRESS_SIZE) == 0 &&
		    has_method(key, r->method) && has_chain(key, &r->chain))
			return (true);
	}
	return (false);
}

static void
check_items(const struct advert *a)
{
	size_t	 i;

	FUZZ_ASSERT(a->version == ADVERT_VERSION);
	FUZZ_ASSERT(strlen(a->software) <= ADVERT_SOFTWARE_MAX);
	for (i = 1; i < a->nitems; i++)
		FUZZ_ASSERT(memcmp(&a->items[i - 1], &a->items[i],
		    offsetof(struct advert_item, methods)) < 0);
	for (i = 0; i < a->nitems; i++)
		FUZZ_ASSERT((a->items[i].methods & ~RULE_METHODS) == 0);
}

/* The first of the signer's addresses, by trying them all. */
static void
check_first(const struct advert *a, const struct route_signer *s,
    struct route *r, const cJSON *root)
{
	size_t	 i;

	for (i = 0; i < s->naddresses; i++) {
		memcpy(r->address, s->addresses[i], ADDRESS_SIZE);
		if (offers(root, r))
			break;
	}
	FUZZ_ASSERT(advert_first(a, r) == (i < s->naddresses ? i : SIZE_MAX));
}

/* For a signer with chains listed, by the plain reading. */
static void
check_covers(const struct advert *a, struct route_signer *s,
    const cJSON *root)
{
	struct route	 r;
	char		 why[192] = "";
	uint32_t	 m;
	size_t		 i, c;
	bool		 all = true;

	memset(&r, 0, sizeof(r));
	for (m = RULE_TRANSACTION; m <= RULE_PAYLOAD; m <<= 1)
		for (i = 0; (s->methods & m) != 0 && i < s->naddresses; i++)
			for (c = 0; c < s->nchains; c++) {
				r.method = m;
				r.chain = s->chains[c];
				memcpy(r.address, s->addresses[i],
				    ADDRESS_SIZE);
				all = all && offers(root, &r);
			}
	FUZZ_ASSERT(advert_covers(a, s, why, sizeof(why)) == all);
	FUZZ_ASSERT(all == (why[0] == '\0'));
}

static void
check(struct advert *a, const cJSON *root)
{
	struct route_signer	 s;
	struct route		 r;
	uint32_t		 m;
	size_t			 i, c;

	check_items(a);
	memset(&s, 0, sizeof(s));
	memset(&r, 0, sizeof(r));
	s.addresses = addresses;
	s.chains = chains;
	s.naddresses = ADDRESSES;
	advert_bind(a, &s);
	for (c = 0; c < CHAINS; c++)
		for (m = RULE_TRANSACTION; m <= RULE_PAYLOAD; m <<= 1) {
			r.method = m;
			r.chain = chains[c];
			for (i = 0; i < ADDRESSES; i++) {
				memcpy(r.address, addresses[i], ADDRESS_SIZE);
				FUZZ_ASSERT(advert_permits(a, &r) ==
				    offers(root, &r));
			}
			check_first(a, &s, &r, root);
		}
	for (i = 1; i <= ADDRESSES; i++)
		for (c = 1; c <= CHAINS; c++)
			for (m = RULE_TRANSACTION; m <= RULE_METHODS; m++) {
				s.naddresses = i;
				s.nchains = c;
				s.methods = m;
				check_covers(a, &s, root);
			}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_limits	 limits = { 64, 3000 };
	struct json_doc			*doc;
	struct advert			 a;
	char				*text, why[160] = "";

	text = fuzz_copy(data, size);
	if (json_parse(&doc, text, size, &limits, NULL) == JSON_OK) {
		if (advert_parse(&a, doc, json_root(doc), why, sizeof(why)) ==
		    0) {
			FUZZ_ASSERT(a.given);
			check(&a, json_root(doc));
		} else
			FUZZ_ASSERT(why[0] != '\0');
		advert_clear(&a);
	}
	json_free(doc);
	free(text);
	return (0);
}
