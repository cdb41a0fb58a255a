/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: signerd/advertise.o regress/unit/advertise_peer.o proxyd/advert.o
 *	common/list.o common/hex.o common/json.o common/jsonscan.o
 *	common/u256.o
 * libs: libcjson libevent
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <event2/event.h>

#include "regress/unit/advertise_peer.h"
#include "regress/unit/rnd.h"
#include "signerd/advertise.h"

#define TX	RULE_TRANSACTION
#define PL	RULE_PAYLOAD
#define NKEYS	4
#define A(n)	"0xa" #n "00000000000000000000000000000000000000"

/* libevent has memory for so many more allocations. */
static size_t	allocations = SIZE_MAX;

static void *
hook_malloc(size_t n)
{
	return (allocations > 0 && allocations-- ? malloc(n) : NULL);
}

static void *
hook_realloc(void *p, size_t n)
{
	return (allocations > 0 && allocations-- ? realloc(p, n) : NULL);
}

static struct front_key	keys[NKEYS];

static int
setup(void **state)
{
	uint32_t	 i;

	(void)state;
	event_set_mem_functions(hook_malloc, hook_realloc, free);
	for (i = 0; i < NKEYS; i++) {
		keys[i].index = i;
		keys[i].address[0] = (uint8_t)(0xa0 + i);
	}
	return (0);
}

/* A piece of a rule's list. */
static void
add_list(struct grants *g, enum keyd_list list, const void *items, size_t n,
    size_t size)
{
	struct keyd_rulelist	 msg;
	uint8_t			*copy;

	assert_non_null(copy = malloc(n * size));
	memcpy(copy, items, n * size);
	memset(&msg, 0, sizeof(msg));
	msg.list = list;
	msg.count = (uint32_t)n;
	msg.items = copy;
	assert_int_equal(advertise_chains(g, &msg), 0);
	free(copy);
}

static void
add_rule(struct grants *g, uint32_t via, uint32_t key, uint32_t methods,
    const uint64_t *chains, size_t nchains)
{
	struct rule	 rule;
	struct u256	 chain;
	size_t		 i;

	memset(&rule, 0, sizeof(rule));
	rule.via = via;
	rule.key = key;
	rule.methods = methods;
	assert_int_equal(advertise_rule(g, &rule), 0);
	/* In several pieces, as if it was a long list. */
	for (i = 0; i < nchains; i++) {
		u256_from_u64(&chain, chains[i]);
		add_list(g, KEYD_LIST_CHAIN, &chain, 1, sizeof(chain));
	}
}

static void
free_grants(struct grants *g)
{
	size_t	 i;

	for (i = 0; i < g->n; i++)
		free(g->list[i].chains);
	free(g->list);
	memset(g, 0, sizeof(*g));
}

static void
says(const struct grants *g, uint32_t via, const char *wanted)
{
	char	*text = advertise_object(g, via, "hq", keys, NKEYS);
	char	 whole[2000];

	assert_non_null(text);
	snprintf(whole, sizeof(whole), "{\"version\":1,\"software\":"
	    "\"signerd/" VERSION "\",\"name\":\"hq\",\"keys\":[%s],"
	    "\"features\":[\"client\",\"deadline\"]}", wanted);
	assert_string_equal(text, whole);
	peer_free(peer_parse(text));
	free(text);
}

/* ---- Texts ------------------------------------------------------------ */

#define TXM	"\"methods\":[\"transaction\"]"
#define PLM	"\"methods\":[\"block-payload\"]"
#define ALL	"\"methods\":[\"transaction\",\"block-payload\"]"
#define KEY(n)	"{\"address\":\"" A(n) "\","

static const uint64_t	chains[] = { 10, 8453, 1, 0x8000000000000000 };

static void
texts(void **state)
{
	struct grants	 g = { NULL, 0 };

	(void)state;
	says(&g, 1, "");
	add_rule(&g, 1, 2, TX | PL, chains, 4);
	says(&g, 1, KEY(2) ALL ",\"chains\":[\"0x1\",\"0xa\",\"0x2105\","
	    "\"0x8000000000000000\"]}");
	says(&g, 2, "");
	says(&g, 0, "");
	add_rule(&g, 2, 0, TX, NULL, 0);
	says(&g, 2, KEY(0) TXM "}");
	add_rule(&g, 2, 1, PL, chains, 1);
	says(&g, 2, KEY(0) TXM "}," KEY(1) PLM ",\"chains\":[\"0xa\"]}");
	/* What is there already, or is part of it. */
	add_rule(&g, 2, 0, TX, chains, 2);
	add_rule(&g, 2, 1, PL, chains, 1);
	says(&g, 2, KEY(0) TXM "}," KEY(1) PLM ",\"chains\":[\"0xa\"]}");
	/* Another method on the same chain, and on another. */
	add_rule(&g, 2, 1, TX, chains, 2);
	says(&g, 2, KEY(0) TXM "}," KEY(1) TXM ",\"chains\":[\"0x2105\"]},"
	    KEY(1) ALL ",\"chains\":[\"0xa\"]}");
	add_rule(&g, 2, 0, TX | PL, chains + 1, 1);
	add_rule(&g, 2, 1, PL, chains + 2, 1);
	says(&g, 2, KEY(0) TXM "}," KEY(0) PLM ",\"chains\":[\"0x2105\"]},"
	    KEY(1) TXM ",\"chains\":[\"0x2105\"]}," KEY(1) PLM
	    ",\"chains\":[\"0x1\"]}," KEY(1) ALL ",\"chains\":[\"0xa\"]}");
	/* A key that there is not. */
	add_rule(&g, 1, NKEYS, TX, NULL, 0);
	add_rule(&g, 1, UINT32_MAX, TX, chains, 1);
	says(&g, 1, KEY(2) ALL ",\"chains\":[\"0x1\",\"0xa\",\"0x2105\","
	    "\"0x8000000000000000\"]}");
	free_grants(&g);
}

/* A rule for payloads on no chain permits none: see keyd/policy.h. */
static void
payloads_need_chains(void **state)
{
	struct grants	 g = { NULL, 0 };

	(void)state;
	add_rule(&g, 1, 0, PL, NULL, 0);
	says(&g, 1, "");
	add_rule(&g, 1, 0, TX | PL, NULL, 0);
	says(&g, 1, KEY(0) TXM "}");
	free_grants(&g);
}

/* Only chains are a proxy's business. */
static void
other_lists(void **state)
{
	static const uint8_t	 items[256 * U256_SIZE];
	struct keyd_rulelist	 list;
	struct u256		 most[KEYD_MAXPIECE];
	struct grants		 g = { NULL, 0 };

	(void)state;
	/* Before any rule: chains are not possible, the rest is ignored. */
	memset(&list, 0, sizeof(list));
	list.list = KEYD_LIST_CHAIN;
	list.count = 1;
	list.items = items;
	assert_int_equal(advertise_chains(&g, &list), -1);
	add_list(&g, KEYD_LIST_TO, items, 256, ADDRESS_SIZE);
	add_rule(&g, 1, 0, TX, NULL, 0);
	add_list(&g, KEYD_LIST_TO, items, 256, ADDRESS_SIZE);
	add_list(&g, KEYD_LIST_DOMAIN, items, 256, HASH_SIZE);
	says(&g, 1, KEY(0) TXM "}");
	add_rule(&g, 1, 1, TX, NULL, 0);
	memset(most, 0xff, sizeof(most));
	add_list(&g, KEYD_LIST_CHAIN, most, KEYD_MAXPIECE, U256_SIZE);
	says(&g, 1, KEY(0) TXM "}," KEY(1) TXM ",\"chains\":[\"0xffffffffff"
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffff\"]}");
	free_grants(&g);
}

static void
names(void **state)
{
	struct grants	 g = { NULL, 0 };
	char		 name[1000], *text;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = "\"\\\x01\xff}]%s"[i % 8];
	name[i] = '\0';
	assert_non_null(text = advertise_object(&g, 1, name, keys, NKEYS));
	assert_non_null(strstr(text, "\"name\":\"\\\"\\\\\\u0001\\ufffd}]%s"));
	peer_free(peer_parse(text));
	free(text);
	assert_non_null(text = advertise_object(&g, 1, "", NULL, 0));
	assert_non_null(strstr(text, "\"name\":\"\","));
	free(text);
}

/* ---- Against the rules ------------------------------------------------ */

struct short_rule {
	uint32_t	 via, key, methods;
	uint64_t	 chains[4];
	size_t		 nchains;
};

/* As keyd has it. */
static bool
allowed(const struct short_rule *rules, size_t n, uint32_t via, uint32_t key,
    uint32_t method, uint64_t chain)
{
	size_t	 i, k;

	for (i = 0; i < n; i++) {
		if (rules[i].via != via || rules[i].key != key ||
		    (rules[i].methods & method) == 0)
			continue;
		if (rules[i].nchains == 0 && method == TX)
			return (true);
		for (k = 0; k < rules[i].nchains; k++)
			if (rules[i].chains[k] == chain)
				return (true);
	}
	return (false);
}

static void
check_link(const struct grants *g, const struct short_rule *rules, size_t n,
    uint32_t via)
{
	static const uint64_t	 some[] = { 0, 1, 2, 3, 4, 5, 1000 };
	char			*text = advertise_object(g, via, "x", keys,
				    NKEYS);
	struct advert		*peer;
	struct u256		 chain;
	uint32_t		 key, m;
	size_t			 i;

	assert_non_null(text);
	peer = peer_parse(text);
	assert_true(peer_knows(peer, "signerd/" VERSION));
	assert_true(peer_keys(peer) <= 3 * (size_t)NKEYS);
	for (key = 0; key < NKEYS; key++)
		for (m = TX; m <= PL; m++)
			for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
				u256_from_u64(&chain, some[i]);
				if (peer_permits(peer, keys[key].address, m,
				    &chain) != allowed(rules, n, via, key, m,
				    some[i]))
					fail_msg("key %u, method %u, chain "
					    "%u: %s", key, m,
					    (unsigned int)some[i], text);
			}
	peer_free(peer);
	free(text);
}

static void
exactly_the_rules(void **state)
{
	struct short_rule	 rules[12], *r;
	struct grants		 g = { NULL, 0 };
	size_t			 i, n, k;
	uint32_t		 via;

	(void)state;
	seed = 5;
	for (i = 0; i < 10000; i++) {
		n = rnd(13);
		for (r = rules; r < rules + n; r++) {
			r->via = rnd(3);
			/* One more than there are. */
			r->key = rnd(NKEYS + 1);
			r->methods = 1 + rnd(3);
			r->nchains = rnd(5);
			for (k = 0; k < r->nchains; k++)
				r->chains[k] = 1 + rnd(5);
			add_rule(&g, r->via, r->key, r->methods, r->chains,
			    r->nchains);
		}
		for (via = 0; via < 4; via++)
			check_link(&g, rules, n, via);
		free_grants(&g);
	}
}

/* ---- Much ------------------------------------------------------------- */

/* As many rules as there can be: it is short, and does not take long. */
static void
many_rules(void **state)
{
	struct grants	 g = { NULL, 0 };
	struct advert	*peer;
	clock_t		 begin = clock();
	uint64_t	 chain;
	char		*text;
	uint32_t	 i;
	double		 ms;

	(void)state;
	for (i = 0; i < KEYD_MAXRULES; i++) {
		chain = 1 + i / NKEYS % 1000;
		add_rule(&g, 1, i % NKEYS, 1 + i / 5 % 3, &chain, 1);
	}
	assert_non_null(text = advertise_object(&g, 1, "x", keys, NKEYS));
	peer = peer_parse(text);
	assert_true(peer_keys(peer) <= 3 * (size_t)NKEYS);
	assert_true(strlen(text) < 50000);
	peer_free(peer);
	free(text);
	free_grants(&g);
	/* Not one like another. */
	for (i = 0; i < KEYD_MAXRULES; i++) {
		chain = 1 + i;
		add_rule(&g, 1, i % NKEYS, 1 + i / 5 % 3, &chain, 1);
	}
	assert_non_null(text = advertise_object(&g, 1, "x", keys, NKEYS));
	peer = peer_parse(text);
	assert_true(peer_keys(peer) <= 3 * (size_t)NKEYS);
	peer_free(peer);
	free(text);
	free_grants(&g);
	ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
	if (ms > 3000)
		fail_msg("%f ms", ms);
}

/* All or nothing. */
static void
short_of_memory(void **state)
{
	struct grants	 g = { NULL, 0 };
	uint64_t	 chain;
	char		*text = NULL, *whole;
	size_t		 n;

	(void)state;
	for (chain = 1; chain < 2000; chain++)
		add_rule(&g, 1, chain % NKEYS, TX, &chain, 1);
	assert_non_null(whole = advertise_object(&g, 1, "x", keys, NKEYS));
	for (n = 0; text == NULL; n++) {
		allocations = n;
		text = advertise_object(&g, 1, "x", keys, NKEYS);
		allocations = SIZE_MAX;
		assert_true(n < 1000);
	}
	assert_true(n > 4);
	assert_string_equal(text, whole);
	free(text);
	free(whole);
	free_grants(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(payloads_need_chains),
		cmocka_unit_test(other_lists),
		cmocka_unit_test(names),
		cmocka_unit_test(exactly_the_rules),
		cmocka_unit_test(many_rules),
		cmocka_unit_test(short_of_memory)
	};

	return (cmocka_run_group_tests_name("advertise", tests, setup,
	    NULL));
}
