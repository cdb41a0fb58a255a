/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/advert.o common/list.o common/hex.o common/json.o
 *	common/jsonscan.o common/u256.o
 * libs: libcjson
 */

#include <time.h>

#include "regress/unit/advert_util.h"
#include "regress/unit/rnd.h"

struct config_case {
	const char	*keys;
	uint32_t	 methods;
	unsigned int	 addresses[4];
	uint64_t	 chains[4];
	const char	*lacks;		/* NULL: it has all */
};

#define TXM	"\"methods\":[\"transaction\"]"
#define PLM	"\"methods\":[\"block-payload\"]"
#define K(n, s)	"{\"address\":\"" A(n) "\"" s "}"

static const struct config_case	config_cases[] = {
	{ K(01, ""), 0, { 1 }, { 0 }, NULL },
	{ K(01, "") "," K(02, ""), TX | PL, { 2, 1 }, { 10, 11 }, NULL },
	{ K(01, "") "," K(03, ""), 0, { 1, 2 }, { 0 },
	    "it does not offer address " A(02) },
	{ "", 0, { 1 }, { 0 }, "it does not offer address " A(01) },
	{ K(01, ",\"methods\":[]"), 0, { 1 }, { 0 },
	    "it does not offer address " A(01) },
	{ K(01, ",\"methods\":[]"), TX, { 1 }, { 10 },
	    "it does not offer address " A(01) },
	/* More than is asked for does not matter. */
	{ K(01, ",\"chains\":[\"0xb\",\"0xc\",\"0xa\"]") "," K(09, ""), 0,
	    { 1 }, { 10, 12 }, NULL },
	/* Methods. */
	{ K(01, "," TXM), TX, { 1 }, { 10 }, NULL },
	{ K(01, "," TXM), PL, { 1 }, { 0 },
	    "it does not serve method block-payload with address " A(01) },
	{ K(01, "," PLM), TX | PL, { 1 }, { 10 },
	    "it does not serve method transaction with address " A(01) },
	{ K(01, "," PLM), 0, { 1 }, { 10 }, NULL },
	{ K(01, "," PLM) "," K(01, "," TXM), TX | PL, { 1 }, { 10 }, NULL },
	{ K(01, "," PLM) "," K(02, "," TXM), TX | PL, { 1 }, { 0 },
	    "it does not serve method transaction with address " A(01) },
	/* Chains. */
	{ K(01, ",\"chains\":[\"0xa\"]"), 0, { 1 }, { 10 }, NULL },
	{ K(01, ",\"chains\":[\"0xa\"]"), 0, { 1 }, { 0 }, NULL },
	{ K(01, ",\"chains\":[\"0xa\"]"), 0, { 1 }, { 10, 11 },
	    "it does not serve anything on chain 11 with address " A(01) },
	{ K(01, ",\"chains\":[\"0xa\"]"), TX, { 1 }, { 11 },
	    "it does not serve method transaction on chain 11 with address "
	    A(01) },
	{ K(01, ",\"chains\":[\"0xa\"]") "," K(01, ",\"chains\":[\"0xb\"]"),
	    TX | PL, { 1 }, { 11, 10 }, NULL },
	{ K(01, ",\"chains\":[\"0xa\"]") "," K(02, ",\"chains\":[\"0xb\"]"),
	    PL, { 1 }, { 10, 11 },
	    "it does not serve method block-payload on chain 11 with address "
	    A(01) },
	/* One method here, the other there. */
	{ K(01, "," TXM ",\"chains\":[\"0xa\"]") "," K(01, "," PLM
	    ",\"chains\":[\"0xb\"]"), 0, { 1 }, { 10, 11 }, NULL },
	{ K(01, "," TXM ",\"chains\":[\"0xa\"]") "," K(01, "," PLM
	    ",\"chains\":[\"0xb\"]"), TX, { 1 }, { 10, 11 },
	    "it does not serve method transaction on chain 11 with address "
	    A(01) },
	{ K(01, "," TXM) "," K(01, "," PLM ",\"chains\":[\"0xb\"]"), TX | PL,
	    { 1 }, { 11 }, NULL },
	{ K(01, "," TXM) "," K(01, "," PLM ",\"chains\":[\"0xb\"]"), TX | PL,
	    { 1 }, { 11, 10 },
	    "it does not serve method block-payload on chain 10 with address "
	    A(01) },
	/* The second address. */
	{ K(01, "") "," K(02, ",\"chains\":[\"0xa\"]"), PL, { 1, 2 }, { 11 },
	    "it does not serve method block-payload on chain 11 with address "
	    A(02) }
};

static void
make_signer(struct route_signer *s, const struct config_case *c)
{
	size_t	 i;

	memset(s, 0, sizeof(*s));
	s->methods = c->methods;
	while (s->naddresses < 4 && c->addresses[s->naddresses] != 0)
		s->naddresses++;
	while (s->nchains < 4 && c->chains[s->nchains] != 0)
		s->nchains++;
	assert_non_null(s->addresses = calloc(s->naddresses + 1,
	    ADDRESS_SIZE));
	assert_non_null(s->chains = calloc(s->nchains + 1,
	    sizeof(*s->chains)));
	for (i = 0; i < s->naddresses; i++)
		address_of(s->addresses[i], c->addresses[i]);
	for (i = 0; i < s->nchains; i++)
		u256_from_u64(&s->chains[i], c->chains[i]);
}

static void
free_signer(struct route_signer *s)
{
	free(s->addresses);
	free(s->chains);
}

static void
covered(void **state)
{
	const struct config_case	*c;
	struct route_signer		 s;
	struct advert			 a;
	char				 text[1000], why[192];
	bool				 covers;
	size_t				 i;

	(void)state;
	for (i = 0; i < N(config_cases); i++) {
		c = &config_cases[i];
		snprintf(text, sizeof(text), "{\"version\":1,\"keys\":[%s]}",
		    c->keys);
		takes(&a, text);
		make_signer(&s, c);
		why[0] = '\0';
		covers = advert_covers(&a, &s, why, sizeof(why));
		if (covers != (c->lacks == NULL) ||
		    (!covers && strcmp(why, c->lacks) != 0))
			fail_msg("case %zu: '%s'", i, why);
		free_signer(&s);
		advert_clear(&a);
	}
}

/* The longest reason there is, in decimal as in the configuration. */
static void
largest_chain(void **state)
{
	static const struct config_case	c = { "", PL, { 1 }, { 1 }, NULL };
	struct route_signer		 s;
	struct advert			 a;
	char				 why[192];

	(void)state;
	takes(&a, "{\"version\":1,\"keys\":[" K(01, ",\"chains\":[\"0xffff"
	    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "e\"]") "]}");
	make_signer(&s, &c);
	memset(&s.chains[0], 0xff, sizeof(s.chains[0]));
	assert_false(advert_covers(&a, &s, why, sizeof(why)));
	assert_string_equal(why, "it does not serve method block-payload on "
	    "chain 115792089237316195423570985008687907853269984665640564039"
	    "457584007913129639935 with address " A(01));
	s.chains[0].b[31] = 0xfe;
	assert_true(advert_covers(&a, &s, why, sizeof(why)));
	free_signer(&s);
	advert_clear(&a);
}

/* ---- Which address comes first ---------------------------------------- */

static size_t
first(const struct advert *a, uint32_t method, uint64_t chain)
{
	struct route	 route;

	memset(&route, 0x77, sizeof(route));
	route.method = method;
	u256_from_u64(&route.chain, chain);
	return (advert_first(a, &route));
}

static void
first_address(void **state)
{
	static const struct config_case	c = { "", 0, { 4, 2, 3, 2 }, { 0 },
					    NULL };
	struct route_signer		 s;
	struct advert			 a;

	(void)state;
	make_signer(&s, &c);
	takes(&a, "{\"version\":1,\"keys\":["
	    K(01, "") "," K(02, ",\"chains\":[\"0xa\",\"0xc\"]") ","
	    K(03, "," PLM) "," K(04, "," TXM ",\"chains\":[\"0xb\"]") "]}");
	/* Before it is known whose it is. */
	assert_int_equal(first(&a, TX, 99), 0);
	advert_bind(&a, &s);
	assert_int_equal(first(&a, TX, 10), 1);
	assert_int_equal(first(&a, PL, 10), 1);
	assert_int_equal(first(&a, TX, 11), 0);
	assert_int_equal(first(&a, PL, 11), 2);
	assert_int_equal(first(&a, TX, 12), 1);
	assert_int_equal(first(&a, PL, 12), 1);
	assert_int_equal(first(&a, TX, 13), SIZE_MAX);
	assert_int_equal(first(&a, PL, 13), 2);
	/* Once more, for another. */
	s.naddresses = 1;
	advert_bind(&a, &s);
	assert_int_equal(first(&a, TX, 11), 0);
	assert_int_equal(first(&a, TX, 10), SIZE_MAX);
	assert_int_equal(first(&a, PL, 13), SIZE_MAX);
	s.naddresses = 0;
	advert_bind(&a, &s);
	assert_int_equal(first(&a, TX, 11), SIZE_MAX);
	advert_clear(&a);
	takes(&a, "{\"version\":1,\"keys\":[]}");
	s.naddresses = 4;
	advert_bind(&a, &s);
	assert_int_equal(first(&a, TX, 11), SIZE_MAX);
	advert_clear(&a);
	free_signer(&s);
}

/* ---- Random ones, against what they say -------------------------------- */

struct entry {
	unsigned int	 address;
	uint32_t	 methods;
	size_t		 nchains;	/* 0: any */
	uint64_t	 chains[5];
};

static size_t
rnd_entries(struct entry *list, char *text)
{
	size_t	 n = rnd(13), i, k, at;

	at = (size_t)sprintf(text, "{\"version\":1,\"keys\":[");
	for (i = 0; i < n; i++) {
		list[i].address = 1 + rnd(5);
		list[i].methods = rnd(4);
		list[i].nchains = rnd(5);
		at += (size_t)sprintf(text + at, "%s{\"address\":\"0x%040x\","
		    "\"methods\":[\"x\"%s%s]", i > 0 ? "," : "",
		    list[i].address,
		    list[i].methods & TX ? ",\"transaction\"" : "",
		    list[i].methods & PL ? ",\"block-payload\"" : "");
		for (k = 0; k < list[i].nchains; k++) {
			list[i].chains[k] = 250 + rnd(10);
			at += (size_t)sprintf(text + at, "%s\"0x%llx\"",
			    k == 0 ? ",\"chains\":[" : ",",
			    (unsigned long long)list[i].chains[k]);
		}
		at += (size_t)sprintf(text + at, k > 0 ? "]}" : "}");
	}
	sprintf(text + at, "]}");
	return (n);
}

/* chain 0: one or another. */
static bool
says(const struct entry *list, size_t n, unsigned int address,
    uint32_t methods, uint64_t chain)
{
	size_t	 i, k;

	for (i = 0; i < n; i++) {
		if (list[i].address != address ||
		    (list[i].methods & methods) == 0)
			continue;
		if (list[i].nchains == 0 || chain == 0)
			return (true);
		for (k = 0; k < list[i].nchains; k++)
			if (list[i].chains[k] == chain)
				return (true);
	}
	return (false);
}

static bool
says_all(const struct entry *list, size_t n, const struct config_case *c)
{
	size_t	 i, k;
	uint32_t m;

	for (i = 0; i < 4 && c->addresses[i] != 0; i++)
		for (m = TX; m <= (TX | PL); m++) {
			if (m == (TX | PL) ? c->methods != 0 :
			    (c->methods & m) == 0)
				continue;
			for (k = 0; k < 4 && (k == 0 || c->chains[k] != 0);
			    k++)
				if (!says(list, n, c->addresses[i], m,
				    c->chains[k]))
					return (false);
		}
	return (true);
}

static void
check_first(const struct advert *a, const struct entry *list, size_t n,
    const struct config_case *c)
{
	uint64_t	 chain;
	uint32_t	 m;
	size_t		 i;

	for (m = TX; m <= PL; m++)
		for (chain = 249; chain < 262; chain++) {
			for (i = 0; i < 4 && c->addresses[i] != 0; i++)
				if (says(list, n, c->addresses[i], m, chain))
					break;
			if (i == 4 || c->addresses[i] == 0)
				i = SIZE_MAX;
			assert_int_equal(first(a, m, chain), i);
		}
}

static void
against_entries(void **state)
{
	struct config_case	 c;
	struct entry		 list[13];
	struct route_signer	 s;
	struct advert		 a;
	char			 text[4000], why[192];
	size_t			 i, j, n, seen[2] = { 0, 0 };
	unsigned int		 address;
	bool			 covers;

	(void)state;
	seed = 4;
	for (i = 0; i < 20000; i++) {
		n = rnd_entries(list, text);
		takes(&a, text);
		memset(&c, 0, sizeof(c));
		c.methods = rnd(4);
		for (j = rnd(3) + 1; j > 0; j--)
			c.addresses[j - 1] = 1 + rnd(5);
		for (j = rnd(3); j > 0; j--)
			c.chains[j - 1] = 250 + rnd(10);
		make_signer(&s, &c);
		covers = says_all(list, n, &c);
		seen[covers]++;
		assert_int_equal(advert_covers(&a, &s, why, sizeof(why)),
		    covers);
		for (j = 0; j < 20; j++) {
			address = 1 + rnd(6);
			assert_int_equal(permits(&a, address, TX, 245 + j),
			    says(list, n, address, TX, 245 + j));
			assert_int_equal(permits(&a, address, PL, 245 + j),
			    says(list, n, address, PL, 245 + j));
		}
		advert_bind(&a, &s);
		check_first(&a, list, n, &c);
		free_signer(&s);
		advert_clear(&a);
	}
	assert_true(seen[0] > 1000 && seen[1] > 1000);
}

/* ---- What it costs ---------------------------------------------------- */

/*
 * A signer with as much as it can have, asked about as often as its whole
 * configuration is long: a list that is searched through takes minutes.
 */
static void
cheap(void **state)
{
	struct route_signer	 s = { .methods = TX | PL };
	struct advert		 a;
	char			*text, why[192];
	clock_t			 begin = clock();
	size_t			 i, k;
	double			 ms;

	(void)state;
	s.naddresses = 4096;
	s.nchains = 16;
	assert_non_null(s.addresses = calloc(4096, ADDRESS_SIZE));
	assert_non_null(s.chains = calloc(16, sizeof(*s.chains)));
	for (i = 0; i < 4096; i++) {
		address_of(s.addresses[i], (i + 1) & 0xff);
		s.addresses[i][ADDRESS_SIZE - 2] = (uint8_t)((i + 1) >> 8);
	}
	for (i = 0; i < 16; i++)
		u256_from_u64(&s.chains[i], i + 1);
	/* All covered; or 65536 entries of one address. */
	for (i = 0; i < 2; i++) {
		text = i == 0 ? many(4096, 16, false) : many(65536, 1, true);
		takes(&a, text);
		assert_int_equal(advert_covers(&a, &s, why, sizeof(why)),
		    i == 0);
		advert_bind(&a, &s);
		for (k = 0; k < 100000; k++)
			assert_true(permits(&a, 1, PL, i == 0 ? 16 : 65536));
		assert_int_equal(first(&a, PL, 16), 0);
		assert_int_equal(first(&a, PL, 65536), i == 0 ? SIZE_MAX : 0);
		advert_clear(&a);
		free(text);
	}
	ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
	if (ms > 5000)
		fail_msg("%f ms", ms);
	free(s.addresses);
	free(s.chains);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(covered),
		cmocka_unit_test(largest_chain),
		cmocka_unit_test(first_address),
		cmocka_unit_test(against_entries),
		cmocka_unit_test(cheap)
	};

	return (cmocka_run_group_tests_name("advertcover", tests, NULL,
	    NULL));
}
