/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: api/args.o api/args_tx.o api/args_payload.o
 * common/json.o common/jsonscan.o common/hex.o common/base64.o
 * common/u256.o */
/* libs: libcjson libcrypto */

#include "regress/unit/args_util.h"

static const struct payload	*pl = &args.request.payload;

#define N8(x)	#x "," #x "," #x "," #x "," #x "," #x "," #x "," #x
#define N31	"255,0,7,8,9,10,99,100," N8(1) "," N8(2) ",1,2,3,4,5,6,200"
#define DOMAIN	"[" N31 ",254]"

static void
v1_good(void **state)
{
	static const uint8_t	 begin[] = { 255, 0, 7, 8, 9, 10, 99, 100, 1 };

	(void)state;
	good(args_payload_v1, "{\"domain\":" DOMAIN ",\"chainId\":" DEC_MAX
	    ",\"payloadHash\":\"" BASE64 "\",\"senderAddress\":\"" ADDR
	    "\",\"PayloadBytes\":\"anything\"}");
	assert_int_equal(args.request.method, METHOD_PAYLOAD);
	assert_int_equal(pl->has,
	    PAYLOAD_SENDER | PAYLOAD_CHAIN | PAYLOAD_HASH);
	assert_memory_equal(pl->domain, begin, sizeof(begin));
	assert_int_equal(pl->domain[30], 200);
	assert_int_equal(pl->domain[31], 254);
	is_max(&pl->chain_id);
	is_hash(pl->hash);
	is_addr(pl->sender);
	args_clear(&args);
	/* Exact where a double is not. */
	good(args_payload_v1, "{\"chainId\":9007199254740993}");
	assert_int_equal(pl->has, PAYLOAD_CHAIN);
	is_number(&pl->chain_id, 9007199254740993);
	all_zero(pl->domain, sizeof(pl->domain));
	args_clear(&args);
	/* Zero is a number, too; over 256 bits is told as such. */
	good(args_payload_v1, "{\"chainId\":0}");
	assert_int_equal(pl->has, PAYLOAD_CHAIN);
	args_clear(&args);
	good(args_payload_v1, "{\"chainId\":" DEC_OVER "}");
	assert_int_equal(pl->has, PAYLOAD_CHAINRANGE);
	args_clear(&args);
	good(args_payload_v1, "{\"domain\":null,\"chainId\":null,"
	    "\"payloadHash\":null,\"senderAddress\":null,"
	    "\"PayloadBytes\":null}");
	all_zero(pl, sizeof(*pl));
	args_clear(&args);
	good(args_payload_v1, "null");
	assert_int_equal(args.request.method, METHOD_PAYLOAD);
	all_zero(pl, sizeof(*pl));
	args_clear(&args);
}

/* A hash of another length is keyd's to refuse. */
static void
v1_hash_lengths(void **state)
{
	(void)state;
	good(args_payload_v1, "{\"payloadHash\":\"\"}");
	assert_int_equal(pl->has, 0);
	args_clear(&args);
	good(args_payload_v1, "{\"payloadHash\":\"AQI=\"}");
	assert_int_equal(pl->has, PAYLOAD_HASHLENGTH);
	all_zero(pl->hash, sizeof(pl->hash));
	args_clear(&args);
	good(args_payload_v1, "{\"payloadHash\":\"AQID" BASE64 "\"}");
	assert_int_equal(pl->has, PAYLOAD_HASHLENGTH);
	all_zero(pl->hash, sizeof(pl->hash));
	args_clear(&args);
	/* Thirty-two zeros are a hash here. */
	good(args_payload_v1, "{\"payloadHash\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}");
	assert_int_equal(pl->has, PAYLOAD_HASH);
	args_clear(&args);
}

#define V1_DOMAIN(x)	"{\"domain\":[" x "]}"
#define NOT_32		"domain: must be an array of 32 numbers"
#define NOT_DIGITS	"chainId: must be an integer of digits alone"

static void
v1_bad(void **state)
{
	static const struct refused	 r[] = {
		{ "{\"domain\":\"" HASH "\"}", NOT_32 },
		{ V1_DOMAIN(""), NOT_32 },
		{ V1_DOMAIN(N31), NOT_32 },
		{ V1_DOMAIN(N31 ",1,1"), NOT_32 },
		{ V1_DOMAIN(N31 ",null"), NOT_32 },
		{ V1_DOMAIN(N31 ",\"1\""), NOT_32 },
		{ V1_DOMAIN(N31 ",-1"), NOT_32 },
		{ V1_DOMAIN(N31 ",1.0"), NOT_32 },
		{ V1_DOMAIN(N31 ",1e1"), NOT_32 },
		{ V1_DOMAIN(N31 ",256"), "domain: a number over 255" },
		{ V1_DOMAIN(N31 ",1000"), "domain: a number over 255" },
		{ V1_DOMAIN(N31 "," DEC_MAX), "domain: a number over 255" },
		{ V1_DOMAIN(N31 ",18446744073709551617"), "domain: a number" },
		{ "{\"chainId\":\"10\"}", "chainId: must be an integer" },
		{ "{\"chainId\":\"0xa\"}", "chainId: must be an integer" },
		{ "{\"chainId\":true}", "chainId: must be an integer" },
		{ "{\"chainId\":[10]}", "chainId: must be an integer" },
		{ "{\"chainId\":{}}", "chainId: must be an integer" },
		{ "{\"chainId\":-10}", NOT_DIGITS },
		{ "{\"chainId\":1.0}", NOT_DIGITS },
		{ "{\"chainId\":1e3}", NOT_DIGITS },
		{ "{\"chainId\":-0}", NOT_DIGITS },
		{ "{\"payloadHash\":\"" HASH "\"}", "payloadHash: illegal b" },
		{ "{\"payloadHash\":\"AQI\"}", "payloadHash: illegal base64" },
		{ "{\"payloadHash\":\"AQI=\\n\"}", "payloadHash: illegal" },
		{ "{\"payloadHash\":[1]}", "payloadHash: must be a string" },
		{ "{\"senderAddress\":\"\"}", "senderAddress: hex string wit" },
		{ "{\"senderAddress\":\"0x12\"}", "senderAddress: hex string" },
		{ "{\"senderAddress\":1}", "senderAddress: must be a string" },
		{ "{\"payloadBytes\":null}", "unknown member \"payloadBytes" },
		{ "{\"Domain\":null}", "unknown member \"Domain\"" },
		{ "{\"chainId\":1,\"chainId\":1}", "a member is there twice" },
		{ "{\"PayloadBytes\":{\"a\":1,\"a\":1}}", "a member is ther" },
		{ "[]", "argument: must be an object" }
	};

	(void)state;
	BAD_ALL(args_payload_v1, r);
}

/* Numbers without end go nowhere. */
static void
v1_long_domain(void **state)
{
	char	 text[2 * 20000 + 16];
	size_t	 len, i;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text), "{\"domain\":[9");
	for (i = 1; i < 20000; i++) {
		text[len++] = ',';
		text[len++] = '9';
	}
	memcpy(text + len, "]}", 3);
	bad(args_payload_v1, text, NOT_32);
}

static void
v2_good(void **state)
{
	static const struct {
		const char	*text;
		uint64_t	 n;
	} chains[] = {
		{ "{\"chainId\":\"10\"}", 10 },
		{ "{\"chainId\":\"0xa\"}", 10 },
		{ "{\"chainId\":\"0XA\"}", 10 },
		{ "{\"chainId\":\"010\"}", 10 },
		{ "{\"chainId\":\"9007199254740993\"}", 9007199254740993 }
	};
	size_t	 i;

	(void)state;
	good(args_payload_v2, "{\"domain\":\"" H2 "\",\"chainId\":\"" DEC_MAX
	    "\",\"payloadHash\":\"" HASH "\",\"senderAddress\":\"" ADDR
	    "\"}");
	assert_int_equal(args.request.method, METHOD_PAYLOAD);
	assert_int_equal(pl->has,
	    PAYLOAD_SENDER | PAYLOAD_CHAIN | PAYLOAD_HASH);
	assert_int_equal(pl->domain[0], 0xf1);
	assert_int_equal(pl->domain[31], 0x2f);
	is_max(&pl->chain_id);
	is_hash(pl->hash);
	is_addr(pl->sender);
	args_clear(&args);
	for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		good(args_payload_v2, chains[i].text);
		assert_int_equal(pl->has, PAYLOAD_CHAIN);
		is_number(&pl->chain_id, chains[i].n);
		args_clear(&args);
	}
	/* Zeros stand for nothing at all. */
	good(args_payload_v2, "{\"chainId\":\"0x0\",\"payloadHash\":\"" ZEROS
	    "\",\"domain\":null,\"senderAddress\":null}");
	all_zero(pl, sizeof(*pl));
	args_clear(&args);
	good(args_payload_v2, "{\"chainId\":null}");
	all_zero(pl, sizeof(*pl));
	args_clear(&args);
}

#define NOT_256	"chainId: must be a decimal or 0x number of at most 256 bits"

static void
v2_bad(void **state)
{
	static const struct refused	 r[] = {
		{ "{\"domain\":" DOMAIN "}", "domain: must be a string" },
		{ "{\"domain\":\"0x\"}", "domain: hex string of wrong length" },
		{ "{\"domain\":\"" HASH "00\"}", "domain: hex string of wro" },
		{ "{\"chainId\":10}", "chainId: must be a string" },
		{ "{\"chainId\":\"\"}", NOT_256 },
		{ "{\"chainId\":\"-1\"}", NOT_256 },
		{ "{\"chainId\":\"1.0\"}", NOT_256 },
		{ "{\"chainId\":\" 1\"}", NOT_256 },
		{ "{\"chainId\":\"a\"}", NOT_256 },
		{ "{\"chainId\":\"" DEC_OVER "\"}", NOT_256 },
		{ "{\"chainId\":\"0x\"}", "chainId: hex string without" },
		{ "{\"chainId\":\"0x0a\"}", "chainId: hex number with leadin" },
		{ "{\"chainId\":\"0x1" F64 "\"}", "chainId: hex number too l" },
		{ "{\"payloadHash\":null}", "payloadHash: must be a string" },
		{ "{\"payloadHash\":\"" BASE64 "\"}", "payloadHash: hex stri" },
		{ "{\"payloadHash\":\"\"}", "payloadHash: hex string without" },
		{ "{\"payloadHash\":\"0x01\"}", "payloadHash: hex string of" },
		{ "{\"PayloadBytes\":null}", "unknown member \"PayloadBytes" },
		{ "{\"payloadhash\":null}", "unknown member \"payloadhash\"" },
		{ "{\"domain\":null,\"domain\":null}", "a member is there tw" }
	};

	(void)state;
	BAD_ALL(args_payload_v2, r);
}

static void
kona(void **state)
{
	static const struct refused	 r[] = {
		{ "{\"chainId\":\"10\"}", "chainId: must be an integer" },
		{ "{\"chainId\":1e1}", NOT_DIGITS },
		{ "{\"domain\":" DOMAIN "}", "domain: must be a string" },
		{ "{\"payloadHash\":\"" BASE64 "\"}", "payloadHash: hex stri" },
		{ "{\"payloadHash\":\"0x01\"}", "payloadHash: hex string of" },
		{ "{\"senderAddress\":\"0x1\"}", "senderAddress: hex string" },
		{ "{\"PayloadBytes\":null}", "unknown member \"PayloadBytes" },
		{ "{\"chain_id\":10}", "unknown member \"chain_id\"" },
		{ "{\"chainId\":1,\"chainId\":2}", "a member is there twice" },
		{ "[]", "argument: must be an object" }
	};

	(void)state;
	good(args_payload_kona, "{\"domain\":\"" H2 "\",\"chainId\":" DEC_MAX
	    ",\"payloadHash\":\"" HASH "\",\"senderAddress\":\"" ADDR "\"}");
	assert_int_equal(args.request.method, METHOD_PAYLOAD);
	assert_int_equal(pl->has,
	    PAYLOAD_SENDER | PAYLOAD_CHAIN | PAYLOAD_HASH);
	assert_int_equal(pl->domain[31], 0x2f);
	is_max(&pl->chain_id);
	is_hash(pl->hash);
	is_addr(pl->sender);
	args_clear(&args);
	/* Zeros are a hash like others. */
	good(args_payload_kona, "{\"payloadHash\":\"" ZEROS "\","
	    "\"chainId\":" DEC_OVER ",\"senderAddress\":null}");
	assert_int_equal(pl->has, PAYLOAD_HASH | PAYLOAD_CHAINRANGE);
	args_clear(&args);
	BAD_ALL(args_payload_kona, r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1_good),
		cmocka_unit_test(v1_hash_lengths),
		cmocka_unit_test(v1_bad),
		cmocka_unit_test(v1_long_domain),
		cmocka_unit_test(v2_good),
		cmocka_unit_test(v2_bad),
		cmocka_unit_test(kona)
	};

	return (cmocka_run_group_tests_name("payloadargs", tests, NULL, NULL));
}
