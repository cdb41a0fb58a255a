/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/advert.o common/list.o common/hex.o common/json.o
 *	common/jsonscan.o common/u256.o
 * libs: libcjson
 */

#include "regress/unit/advert_util.h"

/* ---- What is taken ---------------------------------------------------- */

static void
whole_object(void **state)
{
	struct advert	 a;

	(void)state;
	takes(&a, "{\"version\":1,\"software\":\"signerd/0.1.0\","
	    "\"name\":\"hq\",\"keys\":[{\"address\":\"" A(a1) "\","
	    "\"methods\":[\"transaction\",\"block-payload\"],"
	    "\"chains\":[\"0xa\",\"0x2105\"]},{\"address\":\"" A(a2) "\"}],"
	    "\"features\":[\"client\",\"deadline\"]}");
	assert_true(a.given && a.client && a.deadline);
	assert_int_equal(a.version, 1);
	assert_string_equal(a.software, "signerd/0.1.0");
	assert_int_equal(a.nkeys, 2);
	assert_true(permits(&a, 0xa1, TX, 10));
	assert_true(permits(&a, 0xa1, PL, 10));
	assert_true(permits(&a, 0xa1, PL, 8453));
	assert_false(permits(&a, 0xa1, PL, 11));
	assert_false(permits(&a, 0xa1, PL, 0));
	assert_true(permits(&a, 0xa2, TX, 0));
	assert_true(permits(&a, 0xa2, PL, 77));
	assert_false(permits(&a, 0xa3, PL, 10));
	assert_false(permits(&a, 0, PL, 10));
	advert_clear(&a);
}

/* No argument: the signer of 2025, which says nothing and may do all. */
static void
no_object(void **state)
{
	struct route_signer	 s = { .methods = TX };
	struct advert		 a;
	char			 why[160] = "";

	(void)state;
	memset(&a, 0xa5, sizeof(a));
	assert_int_equal(advert_parse(&a, NULL, NULL, why, sizeof(why)), 0);
	assert_false(a.given || a.client || a.deadline);
	assert_int_equal(a.nkeys, 0);
	s.addresses = calloc(1, ADDRESS_SIZE);
	s.naddresses = 1;
	assert_true(advert_covers(&a, &s, why, sizeof(why)));
	assert_true(permits(&a, 1, PL, 10));
	advert_bind(&a, &s);
	assert_int_equal(advert_first(&a, &(struct route){ .method = PL }),
	    0);
	free(s.addresses);
	advert_clear(&a);
}

/* What a later version may add, whatever it is. */
static void
unknown_things(void **state)
{
	struct advert	 a;

	(void)state;
	takes(&a, "{\"VERSION\":0,\"x\":{\"keys\":[1,{}]},\"version\":3,"
	    "\"keys\":[{\"Address\":1,\"address\":\"0X" "00000000000000000000"
	    "000000000000000000aA\",\"y\":[[]],\"methods\":[\"\","
	    "\"Transaction\",\"block-payload \",\"sign-all\","
	    "\"block-payload\"]}],\"features\":[\"\",\"Client\",\"clients\","
	    "\"deadline\",\"deadline\"],\"software\":7,\"name\":[]}");
	assert_int_equal(a.version, 1);
	assert_string_equal(a.software, "");
	assert_false(a.client);
	assert_true(a.deadline);
	assert_false(permits(&a, 0xaa, TX, 10));
	assert_true(permits(&a, 0xaa, PL, 10));
	advert_clear(&a);
	/* A key that is good for nothing which is known here. */
	takes(&a, "{\"version\":1,\"keys\":[{\"address\":\"" A(01) "\","
	    "\"methods\":[\"other\"],\"chains\":[\"0xa\"]},{\"address\":\""
	    A(02) "\",\"methods\":[]}]}");
	assert_false(permits(&a, 1, TX, 10) || permits(&a, 1, PL, 10));
	assert_false(permits(&a, 2, TX, 10) || permits(&a, 2, PL, 10));
	assert_false(a.client || a.deadline);
	advert_clear(&a);
}

/* null is absent, and absent means any. */
static void
nulls(void **state)
{
	struct advert	 a;

	(void)state;
	takes(&a, "{\"version\":1,\"software\":null,\"name\":null,\"keys\":["
	    "{\"address\":\"" A(01) "\",\"methods\":null,\"chains\":null},"
	    "{\"address\":\"" A(02) "\",\"methods\":[\"transaction\"],"
	    "\"chains\":null}],\"features\":null}");
	assert_true(permits(&a, 1, TX, 10) && permits(&a, 1, PL, 11));
	assert_true(permits(&a, 2, TX, 10));
	assert_false(permits(&a, 2, PL, 10));
	advert_clear(&a);
	takes(&a, "{\"version\":1,\"keys\":[],\"features\":[]}");
	assert_true(a.given);
	assert_false(permits(&a, 1, TX, 10));
	advert_clear(&a);
}

static void
software(void **state)
{
	struct advert	 a;
	char		 text[400], name[200];

	(void)state;
	memset(name, 's', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"version\":1,\"keys\":[],"
	    "\"software\":\"%s\"}", name);
	takes(&a, text);
	name[ADVERT_SOFTWARE_MAX] = '\0';
	assert_string_equal(a.software, name);
	advert_clear(&a);
	takes(&a, "{\"version\":1,\"keys\":[],\"software\":\"%s%n\\n\"}");
	assert_string_equal(a.software, "%s%n\n");
	advert_clear(&a);
}

static void
versions(void **state)
{
	static const char *const	good[] = { "1", "2", "9", "10",
	    "4294967297", "18446744073709551616", "1000000000000000000000" };
	static const char *const	bad[] = { "0", "-0", "-1", "-10",
	    "1.0", "1.5", "0.1", "1e0", "1E2", "1e400", "-1e400", "10e-1" };
	static const char *const	other[] = { "null", "\"1\"", "true",
	    "[1]", "{}", "\"\"" };
	struct advert	 a;
	char		 text[400];
	size_t		 i;

	(void)state;
	for (i = 0; i < N(good); i++) {
		snprintf(text, sizeof(text), "{\"version\":%s,\"keys\":[]}",
		    good[i]);
		takes(&a, text);
		assert_int_equal(a.version, 1);
		advert_clear(&a);
	}
	for (i = 0; i < N(bad); i++) {
		snprintf(text, sizeof(text), "{\"version\":%s,\"keys\":[]}",
		    bad[i]);
		refuses(text, "version: must be an integer from 1");
	}
	for (i = 0; i < N(other); i++) {
		snprintf(text, sizeof(text), "{\"version\":%s,\"keys\":[]}",
		    other[i]);
		refuses(text, "version: must be a number");
	}
	refuses("{\"keys\":[]}", "version: must be a number");
	/* One that cJSON itself cannot read. */
	snprintf(text, sizeof(text), "{\"version\":1%0300d,\"keys\":[]}", 0);
	takes(&a, text);
	assert_int_equal(a.version, 1);
	advert_clear(&a);
	snprintf(text, sizeof(text), "{\"version\":-1%0300d,\"keys\":[]}", 0);
	refuses(text, "version: must be an integer from 1");
	snprintf(text, sizeof(text), "{\"version\":1%0300d.5,\"keys\":[]}",
	    0);
	refuses(text, "version: must be an integer from 1");
}

/* ---- What is refused -------------------------------------------------- */

#define KEYS(s)	"{\"version\":1,\"keys\":" s "}"
#define GOOD	"{\"address\":\"" A(01) "\"}"
#define KEY(s)	KEYS("[" GOOD ",{\"address\":\"" A(02) "\"," s "}]")

static const struct {
	const char	*text;
	const char	*why;
} bad[] = {
	{ "null", "must be an object" },
	{ "[]", "must be an object" },
	{ "1", "must be an object" },
	{ "\"x\"", "must be an object" },
	{ "true", "must be an object" },
	{ "{}", "version: must be a number" },
	/* Repeated members, wherever they are. */
	{ "{\"version\":1,\"version\":1,\"keys\":[]}",
	    "a member is repeated" },
	{ "{\"version\":1,\"keys\":[],\"keys\":[]}",
	    "a member is repeated" },
	{ "{\"version\":1,\"keys\":[],\"x\":1,\"x\":2}",
	    "a member is repeated" },
	{ "{\"version\":1,\"keys\":[],\"x\":[[{\"a\":1,\"\\u0061\":2}]]}",
	    "a member is repeated" },
	{ KEY("\"chains\":[\"0xa\"],\"chains\":[\"0xb\"]"),
	    "a member is repeated" },
	{ KEYS("[{\"address\":\"" A(01) "\",\"address\":\"" A(02) "\"}]"),
	    "a member is repeated" },
	/* keys */
	{ "{\"version\":1}", "keys: must be an array" },
	{ KEYS("null"), "keys: must be an array" },
	{ KEYS("{}"), "keys: must be an array" },
	{ KEYS("\"\""), "keys: must be an array" },
	{ KEYS("7"), "keys: must be an array" },
	{ KEYS("false"), "keys: must be an array" },
	{ "{\"version\":1,\"Keys\":[]}", "keys: must be an array" },
	{ KEYS("[null]"), "keys[0]: must be an object" },
	{ KEYS("[" GOOD ",1]"), "keys[1]: must be an object" },
	{ KEYS("[" GOOD ",[]]"), "keys[1]: must be an object" },
	{ KEYS("[\"" A(01) "\"]"), "keys[0]: must be an object" },
	/* address */
	{ KEYS("[{}]"), "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":null}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":1}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":[]}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":\"\"}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":\"0x\"}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[" GOOD ",{\"address\":\"" A(0) "\"}]"),
	    "keys[1]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":\"" A(0102) "\"}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":\"" A(0g) "\"}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	{ KEYS("[{\"address\":\" " A(01) "\"}]"),
	    "keys[0]: address: must be 20 bytes in hex" },
	/* methods */
	{ KEY("\"methods\":\"transaction\""),
	    "keys[1]: methods: must be an array" },
	{ KEY("\"methods\":{}"), "keys[1]: methods: must be an array" },
	{ KEY("\"methods\":3"), "keys[1]: methods: must be an array" },
	{ KEY("\"methods\":true"), "keys[1]: methods: must be an array" },
	{ KEY("\"methods\":[1]"), "keys[1]: methods: must be strings" },
	{ KEY("\"methods\":[\"transaction\",null]"),
	    "keys[1]: methods: must be strings" },
	{ KEY("\"methods\":[[\"transaction\"]]"),
	    "keys[1]: methods: must be strings" },
	/* chains */
	{ KEY("\"chains\":[]"), "keys[1]: chains: empty" },
	{ KEY("\"chains\":{}"), "keys[1]: chains: must be an array" },
	{ KEY("\"chains\":\"0xa\""), "keys[1]: chains: must be an array" },
	{ KEY("\"chains\":10"), "keys[1]: chains: must be an array" },
	{ KEY("\"chains\":{\"a\":\"0xa\"}"),
	    "keys[1]: chains: must be an array" },
	{ KEY("\"chains\":[10]"), "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"0xa\",null]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"10\"]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"0x\"]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"\"]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"0x0a\"]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"-0xa\"]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[[\"0xa\"]]"),
	    "keys[1]: chains: must be hex quantities" },
	{ KEY("\"chains\":[\"0x1000000000000000000000000000000000000000000000"
	    "0000000000000000000\"]"),
	    "keys[1]: chains: must be hex quantities" },
	/* features */
	{ "{\"version\":1,\"keys\":[],\"features\":{}}",
	    "features: must be an array" },
	{ "{\"version\":1,\"keys\":[],\"features\":\"client\"}",
	    "features: must be an array" },
	{ "{\"version\":1,\"keys\":[],\"features\":1}",
	    "features: must be an array" },
	{ "{\"version\":1,\"keys\":[],\"features\":[\"client\",1]}",
	    "features: must be strings" },
	{ "{\"version\":1,\"keys\":[],\"features\":[{}]}",
	    "features: must be strings" }
};

static void
wrong_types(void **state)
{
	size_t	 i;

	(void)state;
	for (i = 0; i < N(bad); i++)
		refuses(bad[i].text, bad[i].why);
}

/* The reason fits wherever it is written to. */
static void
short_of_room(void **state)
{
	struct advert	 a;
	char		*why;
	size_t		 size;

	(void)state;
	for (size = 1; size < 50; size++) {
		assert_non_null(why = malloc(size));
		assert_int_equal(parse(&a, KEY("\"chains\":[]"), why, size),
		    -1);
		assert_true(strlen(why) < size);
		advert_clear(&a);
		free(why);
	}
}

/* ---- Many ------------------------------------------------------------- */

static void
at_the_limits(void **state)
{
	static const struct {
		size_t		 nkeys, nchains;
		const char	*why;
	}		 cases[] = {
		{ ADVERT_KEYS, 0, NULL },
		{ ADVERT_KEYS + 1, 0, "keys: too many" },
		{ ADVERT_KEYS, 1, NULL },
		{ 1, ADVERT_CHAINS, NULL },
		{ 1, ADVERT_CHAINS + 1, "keys: too many chains" },
		{ 256, ADVERT_CHAINS / 256, NULL },
		{ 255, ADVERT_CHAINS / 255 + 1, "keys: too many chains" }
	};
	struct advert	 a;
	char		*text;
	size_t		 i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		text = many(cases[i].nkeys, cases[i].nchains, i % 2 == 0);
		if (cases[i].why != NULL)
			refuses(text, cases[i].why);
		else {
			takes(&a, text);
			assert_int_equal(a.nkeys, cases[i].nkeys);
			assert_true(permits(&a, 1, PL, 1));
			assert_false(permits(&a, 0, PL, 1));
			advert_clear(&a);
		}
		free(text);
	}
}

/* A fault in the last of thousands: nothing is left behind. */
static void
late_fault(void **state)
{
	char	*text = many(5000, 3, false), *p;

	(void)state;
	assert_non_null(p = strrchr(text, 'x'));
	*p = 'y';
	refuses(text, "keys[4999]: chains: must be hex quantities");
	free(text);
	text = many(5000, 0, false);
	assert_non_null(p = strrchr(text, 'x'));
	*p = 'y';
	refuses(text, "keys[4999]: address: must be 20 bytes in hex");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_object),
		cmocka_unit_test(no_object),
		cmocka_unit_test(unknown_things),
		cmocka_unit_test(nulls),
		cmocka_unit_test(software),
		cmocka_unit_test(versions),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(short_of_room),
		cmocka_unit_test(at_the_limits),
		cmocka_unit_test(late_fault)
	};

	return (cmocka_run_group_tests_name("advert", tests, NULL, NULL));
}
