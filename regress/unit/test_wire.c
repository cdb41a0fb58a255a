/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/wire.o api/args.o api/args_payload.o
 *	common/base64.o common/hex.o common/json.o common/jsonscan.o
 *	common/u256.o
 * libs: libcjson libevent
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "proxyd/link.h"
#include "api/args.h"
#include "regress/unit/rnd.h"

#define V1	"opsigner_signBlockPayload"
#define V2	"opsigner_signBlockPayloadV2"
#define TX	"eth_signTransaction"
#define ADDRESS	"0xa1a2000000000000000000000000000000000000"

static const struct json_limits	limits = { 512, 1000 };

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

static int
setup(void **state)
{
	(void)state;
	event_set_mem_functions(hook_malloc, hook_realloc, free);
	return (0);
}

/* A call on its way to a signer. */
struct world {
	struct call	 call;
	struct signer	 signer;
	struct link	 link;
	struct evbuffer	*out;
};

static void
world(struct world *w, const char *method, const char *argument)
{
	memset(w, 0, sizeof(*w));
	w->call.method = method;
	w->call.argument = (char *)(uintptr_t)argument;
	w->call.argumentlen = strlen(argument);
	memcpy(w->call.id, "1f2e3d4c-a", 11);
	w->call.route.address[0] = 0xa1;
	w->call.route.address[1] = 0xa2;
	w->signer.advert.given = true;
	w->link.signer = &w->signer;
	assert_non_null(w->out = evbuffer_new());
}

static void
writes(struct world *w, uint64_t id, const char *client, uint64_t ms,
    const char *wanted)
{
	struct json_doc	*doc;
	size_t		 len;
	char		*text;

	assert_int_equal(wire_request(w->out, &w->call, &w->link, id, client,
	    ms), 0);
	len = evbuffer_get_length(w->out);
	text = (char *)evbuffer_pullup(w->out, -1);
	if (len != strlen(wanted) || memcmp(text, wanted, len) != 0)
		fail_msg("'%.*s', not '%s'", (int)len, text, wanted);
	assert_int_equal(json_parse(&doc, text, len, &limits, NULL), JSON_OK);
	json_free(doc);
	evbuffer_drain(w->out, len);
}

static void
ends(struct world *w)
{
	evbuffer_free(w->out);
}

/* ---- Requests --------------------------------------------------------- */

/* One argument, and one more for those that read it. */
static void
by_features(void **state)
{
	struct world	 w;

	(void)state;
	world(&w, TX, "{\"from\": \"0x1\" }");
	writes(&w, 7, "c.example", 800, "{\"jsonrpc\":\"2.0\",\"id\":7,"
	    "\"method\":\"" TX "\",\"params\":[{\"from\": \"0x1\" }]}");
	/* Nobody to read a deadline without a client. */
	w.signer.advert.deadline = true;
	writes(&w, 7, "c.example", 800, "{\"jsonrpc\":\"2.0\",\"id\":7,"
	    "\"method\":\"" TX "\",\"params\":[{\"from\": \"0x1\" }]}");
	w.signer.advert.client = true;
	writes(&w, 7, "c.example", 800, "{\"jsonrpc\":\"2.0\",\"id\":7,"
	    "\"method\":\"" TX "\",\"params\":[{\"from\": \"0x1\" },"
	    "{\"client\":\"c.example\",\"id\":\"1f2e3d4c-a\","
	    "\"deadline\":800}]}");
	w.signer.advert.deadline = false;
	writes(&w, 7, "c.example", 800, "{\"jsonrpc\":\"2.0\",\"id\":7,"
	    "\"method\":\"" TX "\",\"params\":[{\"from\": \"0x1\" },"
	    "{\"client\":\"c.example\",\"id\":\"1f2e3d4c-a\"}]}");
	ends(&w);
}

static void
numbers(void **state)
{
	struct world	 w;

	(void)state;
	world(&w, V1, "{}");
	w.signer.advert.client = w.signer.advert.deadline = true;
	writes(&w, UINT64_MAX, "c", UINT64_MAX, "{\"jsonrpc\":\"2.0\",\"id\":"
	    "18446744073709551615,\"method\":\"" V1 "\",\"params\":[{},"
	    "{\"client\":\"c\",\"id\":\"1f2e3d4c-a\",\"deadline\":"
	    "18446744073709551615}]}");
	writes(&w, 0, "c", 0, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"" V1
	    "\",\"params\":[{},{\"client\":\"c\",\"id\":\"1f2e3d4c-a\","
	    "\"deadline\":0}]}");
	ends(&w);
}

/* A name that ends the string, or is not even UTF-8, stays a name. */
static void
hostile_names(void **state)
{
	static const struct {
		const char	*name, *escaped;
	}		 cases[] = {
		{ "a\",\"client\":\"b", "a\\\",\\\"client\\\":\\\"b" },
		{ "\\\"}]}", "\\\\\\\"}]}" },
		{ "\x01\n\x7f<", "\\u0001\\n\x7f\\u003c" },
		{ "\xff\xc3", "\\ufffd\\ufffd" },
		{ "%s%n", "%s%n" },
		{ "", "" }
	};
	struct world	 w;
	char		 wanted[400];
	size_t		 i;

	(void)state;
	world(&w, V1, "{}");
	w.signer.advert.client = true;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(wanted, sizeof(wanted), "{\"jsonrpc\":\"2.0\","
		    "\"id\":1,\"method\":\"" V1 "\",\"params\":[{},"
		    "{\"client\":\"%s\",\"id\":\"1f2e3d4c-a\"}]}",
		    cases[i].escaped);
		writes(&w, 1, cases[i].name, 1, wanted);
	}
	ends(&w);
}

/* As long as a name can be, and all of it to be escaped. */
static void
longest_name(void **state)
{
	char		 name[CLIENT_MAX + 1], wanted[7 * CLIENT_MAX + 200];
	struct world	 w;
	size_t		 i, n;

	(void)state;
	memset(name, 0x1f, sizeof(name));
	name[CLIENT_MAX] = '\0';
	world(&w, V1, "{}");
	w.signer.advert.client = true;
	n = (size_t)sprintf(wanted, "{\"jsonrpc\":\"2.0\",\"id\":1,"
	    "\"method\":\"" V1 "\",\"params\":[{},{\"client\":\"");
	for (i = 0; i < CLIENT_MAX; i++)
		n += (size_t)sprintf(wanted + n, "\\u001f");
	sprintf(wanted + n, "\",\"id\":\"1f2e3d4c-a\"}]}");
	writes(&w, 1, name, 1, wanted);
	ends(&w);
}

/* The argument as it came, of that length, whatever is in it. */
static void
arguments(void **state)
{
	struct world	 w;
	char		*big;
	size_t		 len = 3 << 20;

	(void)state;
	world(&w, V2, "[\"%s\",1e400,{\"PayloadBytes\" : null}] and more");
	w.call.argumentlen -= strlen(" and more");
	writes(&w, 1, "c", 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" V2
	    "\",\"params\":[[\"%s\",1e400,{\"PayloadBytes\" : null}]]}");
	assert_non_null(big = malloc(len));
	memset(big, ' ', len);
	memcpy(big, "{}", 2);
	w.call.argument = big;
	w.call.argumentlen = len;
	assert_int_equal(wire_request(w.out, &w.call, &w.link, 1, "c", 1), 0);
	assert_int_equal(evbuffer_get_length(w.out), len +
	    strlen("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" V2
	    "\",\"params\":[]}"));
	free(big);
	ends(&w);
}

/* ---- Signers of 2025 -------------------------------------------------- */

#define ZEROS	"0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0," \
		"0,0"
#define ONES	"255,255,255,255,255,255,255,255,255,255,255,255,255,255,255," \
		"255,255,255,255,255,255,255,255,255,255,255,255,255,255,255," \
		"255,255"

static void
old_signers(void **state)
{
	struct world	 w;

	(void)state;
	world(&w, V2, "{\"chainId\":\"0xa\"}");
	u256_from_u64(&w.call.payload.chain_id, 10);
	/* One that has said what it is takes V2. */
	writes(&w, 1, "c", 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" V2
	    "\",\"params\":[{\"chainId\":\"0xa\"}]}");
	w.signer.advert.given = false;
	writes(&w, 1, "c", 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" V1
	    "\",\"params\":[{\"domain\":[" ZEROS "],\"chainId\":10,"
	    "\"payloadHash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	    "\",\"senderAddress\":\"" ADDRESS "\"}]}");
	/* The rest it knows. */
	w.call.method = V1;
	writes(&w, 1, "c", 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" V1
	    "\",\"params\":[{\"chainId\":\"0xa\"}]}");
	w.call.method = TX;
	writes(&w, 1, "c", 1, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" TX
	    "\",\"params\":[{\"chainId\":\"0xa\"}]}");
	ends(&w);
}

static void
payload_text(const struct payload *p, const uint8_t address[ADDRESS_SIZE],
    const char *wanted)
{
	struct evbuffer	*out;
	size_t		 len;

	assert_non_null(out = evbuffer_new());
	assert_int_equal(wire_payload(out, p, address), 0);
	len = evbuffer_get_length(out);
	if (len != strlen(wanted) ||
	    memcmp(evbuffer_pullup(out, -1), wanted, len) != 0)
		fail_msg("'%.*s'", (int)len, (char *)evbuffer_pullup(out,
		    -1));
	evbuffer_free(out);
}

static void
largest_payload(void **state)
{
	uint8_t		 address[ADDRESS_SIZE];
	struct payload	 p;

	(void)state;
	memset(&p, 0xff, sizeof(p));
	memset(address, 0xff, sizeof(address));
	payload_text(&p, address, "{\"domain\":[" ONES "],\"chainId\":1157920"
	    "892373161954235709850086879078532699846656405640394575840079131"
	    "29639935,\"payloadHash\":\"//////////////////////////////////////"
	    "////8=\",\"senderAddress\":\"0xffffffffffffffffffffffffffffffffff"
	    "ffffff\"}");
}

/* Whatever is in it, signerd reads the same out of it. */
static void
read_back(void **state)
{
	struct payload		 p;
	const struct payload	*q;
	struct args		 args;
	struct evbuffer		*out;
	struct json_doc		*doc;
	char			 why[160];
	uint8_t			 address[ADDRESS_SIZE], *b = (uint8_t *)&p;
	size_t			 i, k;

	(void)state;
	assert_non_null(out = evbuffer_new());
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < sizeof(p); k++)
			b[k] = (uint8_t)rnd(256);
		memcpy(address, p.sender, sizeof(address));
		memset(&p.chain_id, 0, i % U256_SIZE);
		assert_int_equal(wire_payload(out, &p, address), 0);
		assert_int_equal(json_parse(&doc, (char *)evbuffer_pullup(out,
		    -1), evbuffer_get_length(out), &limits, NULL), JSON_OK);
		memset(&args, 0, sizeof(args));
		if (args_payload_v1(&args, doc, json_root(doc), why,
		    sizeof(why)) == -1)
			fail_msg("%s", why);
		q = &args.request.payload;
		assert_int_equal(q->has, PAYLOAD_SENDER | PAYLOAD_CHAIN |
		    PAYLOAD_HASH);
		assert_memory_equal(q->domain, p.domain, HASH_SIZE);
		assert_memory_equal(q->hash, p.hash, HASH_SIZE);
		assert_memory_equal(q->sender, address, ADDRESS_SIZE);
		assert_int_equal(u256_cmp(&q->chain_id, &p.chain_id), 0);
		args_clear(&args);
		json_free(doc);
		evbuffer_drain(out, evbuffer_get_length(out));
	}
	evbuffer_free(out);
}

/* ---- Memory ----------------------------------------------------------- */

/* What follows the padding is the request, as it is with memory. */
static void
whole(struct world *w, size_t padding)
{
	struct evbuffer	*all;
	size_t		 len;

	assert_non_null(all = evbuffer_new());
	assert_int_equal(wire_request(all, &w->call, &w->link, 1, "c", 1), 0);
	len = evbuffer_get_length(all);
	assert_int_equal(evbuffer_get_length(w->out), padding + len);
	assert_memory_equal(evbuffer_pullup(w->out, -1) + padding,
	    evbuffer_pullup(all, -1), len);
	evbuffer_free(all);
}

/* However far it gets, less than all is never taken for all. */
static void
short_of_memory(void **state)
{
	static char	 padding[2049];
	struct world	 w;
	size_t		 n;
	int		 i, r;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (n = 0, r = -1; r == -1; n++) {
			world(&w, i < 2 ? V2 : TX, "{}");
			w.signer.advert.given = i % 2 != 0;
			w.signer.advert.client = i > 1;
			w.signer.advert.deadline = i > 2;
			allocations = n;
			r = wire_request(w.out, &w.call, &w.link, 1, "c", 1);
			allocations = SIZE_MAX;
			assert_true(r == 0 || r == -1);
			ends(&w);
			assert_true(n < 100);
		}
		assert_true(n > 1);
	}
	/* Nor wherever the memory that the buffer has comes to its end. */
	for (i = 0, r = 0; i < 4 * 2048; i++) {
		world(&w, i % 4 < 2 ? V2 : TX, "{\"chainId\":\"0xa\"}");
		w.signer.advert.given = i % 2 != 0;
		w.signer.advert.client = w.signer.advert.deadline = true;
		assert_int_equal(evbuffer_add(w.out, padding, 1 + (size_t)i /
		    4), 0);
		allocations = 0;
		n = wire_request(w.out, &w.call, &w.link, 1, "c", 1) == -1;
		allocations = SIZE_MAX;
		r |= 1 << n;
		if (n == 0)
			whole(&w, 1 + (size_t)i / 4);
		ends(&w);
	}
	/* Some were written, some were not. */
	assert_int_equal(r, 3);
	/* Nor where the buffer takes no more at any place. */
	world(&w, V2, "{}");
	w.signer.advert.client = true;
	assert_int_equal(evbuffer_freeze(w.out, 0), 0);
	assert_int_equal(wire_request(w.out, &w.call, &w.link, 1, "c", 1),
	    -1);
	assert_int_equal(wire_payload(w.out, &w.call.payload,
	    w.call.route.address), -1);
	ends(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_features),
		cmocka_unit_test(numbers),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(arguments),
		cmocka_unit_test(old_signers),
		cmocka_unit_test(largest_payload),
		cmocka_unit_test(read_back),
		cmocka_unit_test(short_of_memory)
	};

	return (cmocka_run_group_tests_name("wire", tests, setup, NULL));
}
