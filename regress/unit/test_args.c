/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: api/args.o api/args_tx.o api/args_payload.o
 * common/json.o common/jsonscan.o common/hex.o common/base64.o
 * common/u256.o */
/* libs: libcjson libcrypto */

#include "regress/unit/args_util.h"

static const struct tx	*tx = &args.request.tx;

static void
tx_whole(void **state)
{
	(void)state;
	good(args_transaction, "{\"from\":\"" ADDR "\",\"to\":\"" A2 "\","
	    "\"gas\":\"0x5208\",\"gasPrice\":\"0x9\","
	    "\"maxFeePerGas\":\"0x3b9aca00\",\"maxPriorityFeePerGas\":\"0x1\","
	    "\"value\":\"0xDe0B6b3a7640000\",\"nonce\":\"0x7\","
	    "\"data\":\"0xdead\",\"input\":\"0xbeef00\",\"chainId\":\"0xa\","
	    "\"maxFeePerBlobGas\":\"0x2\",\"type\":\"0x3\","
	    "\"accessList\":[],\"blobVersionedHashes\":[\"" HASH "\"],"
	    "\"authorizationList\":[]}");
	assert_int_equal(args.request.method, METHOD_TRANSACTION);
	assert_int_equal(tx->has, TX_HASBITS);
	is_addr(tx->from);
	assert_int_equal(tx->to[0], 0xff);
	assert_int_equal(tx->to[19], 0xff);
	assert_int_equal(tx->gas, 21000);
	assert_int_equal(tx->nonce, 7);
	assert_int_equal(tx->type, 3);
	is_number(&tx->max_fee, 1000000000);
	is_number(&tx->max_priority_fee, 1);
	is_number(&tx->max_blob_fee, 2);
	is_number(&tx->value, 1000000000000000000);
	is_number(&tx->chain_id, 10);
	assert_int_equal(tx->datalen, 2);
	assert_memory_equal(tx->data, "\xde\xad", 2);
	assert_int_equal(tx->inputlen, 3);
	assert_memory_equal(tx->input, "\xbe\xef\0", 3);
	assert_int_equal(tx->nblobs, 1);
	is_hash(tx->blobs);
	assert_int_equal(tx->naccess, 0);
	assert_int_equal(tx->nauths, 0);
	args_clear(&args);
	all_zero(&args, sizeof(args));
}

/* Each member alone: its bit, and no other field. */
static void
tx_members_alone(void **state)
{
	static const struct {
		const char	*text;
		uint32_t	 bit;
	} members[] = {
		{ "{\"from\":\"" ADDR "\"}", TX_FROM },
		{ "{\"to\":\"" ADDR "\"}", TX_TO },
		{ "{\"gas\":\"0x1\"}", TX_GAS },
		{ "{\"gasPrice\":\"0x1\"}", TX_GASPRICE },
		{ "{\"maxFeePerGas\":\"0x1\"}", TX_MAXFEE },
		{ "{\"maxPriorityFeePerGas\":\"0x1\"}", TX_MAXPRIORITYFEE },
		{ "{\"value\":\"0x1\"}", TX_VALUE },
		{ "{\"nonce\":\"0x1\"}", TX_NONCE },
		{ "{\"data\":\"0x\"}", TX_DATA },
		{ "{\"input\":\"0x\"}", TX_INPUT },
		{ "{\"accessList\":[]}", TX_ACCESSLIST },
		{ "{\"chainId\":\"0x1\"}", TX_CHAINID },
		{ "{\"blobVersionedHashes\":[]}", TX_BLOBHASHES },
		{ "{\"maxFeePerBlobGas\":\"0x1\"}", TX_MAXBLOBFEE },
		{ "{\"authorizationList\":[]}", TX_AUTHLIST },
		{ "{\"type\":\"0x1\"}", TX_TYPE }
	};
	char		 text[128], name[32];
	struct tx	 all;
	size_t		 i, len;
	uint32_t	 seen = 0;

	(void)state;
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		good(args_transaction, members[i].text);
		assert_int_equal(tx->has, members[i].bit);
		seen |= tx->has;
		/* Its number is in the field of that bit. */
		all = *tx;
		assert_int_equal(all.gas, members[i].bit == TX_GAS);
		assert_int_equal(all.nonce, members[i].bit == TX_NONCE);
		assert_int_equal(all.type, members[i].bit == TX_TYPE);
		is_number(&all.max_fee, members[i].bit == TX_MAXFEE);
		is_number(&all.max_priority_fee,
		    members[i].bit == TX_MAXPRIORITYFEE);
		is_number(&all.value, members[i].bit == TX_VALUE);
		is_number(&all.chain_id, members[i].bit == TX_CHAINID);
		is_number(&all.max_blob_fee, members[i].bit == TX_MAXBLOBFEE);
		assert_int_equal(all.from[1], all.has == TX_FROM ? 0x11 : 0);
		assert_int_equal(all.to[1], all.has == TX_TO ? 0x11 : 0);
		assert_int_equal(all.datalen + all.inputlen, 0);
		args_clear(&args);
		/* null is the same as absent; its name in capitals is none. */
		len = strcspn(members[i].text, ":");
		snprintf(text, sizeof(text), "%.*s:null}", (int)len,
		    members[i].text);
		good(args_transaction, text);
		assert_int_equal(tx->has, 0);
		args_clear(&args);
		text[2] = (char)(text[2] - 'a' + 'A');
		snprintf(name, sizeof(name), "unknown member \"%.*s\"",
		    (int)len - 3, text + 2);
		bad(args_transaction, text, name);
	}
	assert_int_equal(seen, TX_HASBITS);
}

static void
tx_empty(void **state)
{
	(void)state;
	good(args_transaction, "{}");
	assert_int_equal(args.request.method, METHOD_TRANSACTION);
	all_zero(tx, sizeof(*tx));
	args_clear(&args);
	good(args_transaction, "null");
	assert_int_equal(args.request.method, METHOD_TRANSACTION);
	all_zero(tx, sizeof(*tx));
	args_clear(&args);
}

static void
tx_boundaries(void **state)
{
	(void)state;
	good(args_transaction, "{\"gas\":\"0xffffffffffffffff\","
	    "\"nonce\":\"0xFFFFFFFFFFFFFFFF\",\"value\":\"0x" F64 "\","
	    "\"chainId\":\"0X" F64 "\",\"maxFeePerGas\":\"0x0\","
	    "\"type\":\"0x0\",\"data\":\"0x\",\"input\":\"0X00\"}");
	assert_true(tx->gas == UINT64_MAX);
	assert_true(tx->nonce == UINT64_MAX);
	is_max(&tx->value);
	is_max(&tx->chain_id);
	is_number(&tx->max_fee, 0);
	assert_int_equal(tx->type, 0);
	assert_int_equal(tx->datalen, 0);
	assert_non_null(tx->data);
	assert_int_equal(tx->inputlen, 1);
	assert_int_equal(tx->has, TX_GAS | TX_NONCE | TX_VALUE | TX_CHAINID |
	    TX_MAXFEE | TX_TYPE | TX_DATA | TX_INPUT);
	args_clear(&args);
}

/* Quantities of 64 and 256 bits: every member refuses each bad form. */
static void
tx_bad_quantities(void **state)
{
	static const char	*names[] = {
		"gas", "nonce", "type", "gasPrice", "maxFeePerGas",
		"maxPriorityFeePerGas", "value", "chainId", "maxFeePerBlobGas"
	};
	static const struct refused	 forms[] = {
		{ "1", "must be a string" },
		{ "true", "must be a string" },
		{ "[\"0x1\"]", "must be a string" },
		{ "{}", "must be a string" },
		{ "\"\"", "hex string without 0x prefix" },
		{ "\"1\"", "hex string without 0x prefix" },
		{ "\" 0x1\"", "hex string without 0x prefix" },
		{ "\"-0x1\"", "hex string without 0x prefix" },
		{ "\"0x\"", "hex string without digits" },
		{ "\"0x01\"", "hex number with leading zero digits" },
		{ "\"0x00\"", "hex number with leading zero digits" },
		{ "\"0x1g\"", "invalid hex string" },
		{ "\"0x1 \"", "invalid hex string" },
		{ "\"0x+1\"", "invalid hex string" },
		{ "\"0x1" F64 "\"", "hex number too large" }
	};
	char	 text[256], reason[128];
	size_t	 i, j;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (j = 0; j < sizeof(forms) / sizeof(forms[0]); j++) {
			snprintf(text, sizeof(text), "{\"%s\":%s}", names[i],
			    forms[j].text);
			snprintf(reason, sizeof(reason), "%s: %s", names[i],
			    forms[j].reason);
			bad(args_transaction, text, reason);
		}
		/* 2^64: too much for the first three. */
		snprintf(text, sizeof(text),
		    "{\"%s\":\"0x10000000000000000\"}", names[i]);
		snprintf(reason, sizeof(reason), "%s: hex number too large",
		    names[i]);
		if (i < 3)
			bad(args_transaction, text, reason);
		else {
			good(args_transaction, text);
			args_clear(&args);
		}
	}
}

static void
tx_bad_bytes(void **state)
{
	static const struct refused	 r[] = {
		{ "{\"data\":\"0x0\"}", "data: hex string of odd length" },
		{ "{\"data\":\"dead\"}", "data: hex string without 0x" },
		{ "{\"data\":\"\"}", "data: hex string without 0x" },
		{ "{\"data\":\"0xzz\"}", "data: invalid hex string" },
		{ "{\"data\":1}", "data: must be a string" },
		{ "{\"input\":\"0x123\"}", "input: hex string of odd" },
		{ "{\"input\":[]}", "input: must be a string" },
		{ "{\"input\":\"0x12\",\"data\":\"0x1\"}", "data: hex" },
		{ "{\"from\":\"0x\"}", "from: hex string of wrong length" },
		{ "{\"from\":\"" ADDR "00\"}", "from: hex string of wrong" },
		{ "{\"to\":\"0x00112233445566778899aabbccddeeff010203\"}",
		  "to: hex string of wrong length" },
		{ "{\"to\":\"\"}", "to: hex string without 0x prefix" },
		{ "{\"to\":0}", "to: must be a string" },
		{ "{\"to\":\"0x0011223344556677889-aabbccddeeff01020304\"}",
		  "to: invalid hex string" }
	};

	(void)state;
	BAD_ALL(args_transaction, r);
}

static void
tx_bad_members(void **state)
{
	static const struct refused	 r[] = {
		{ "[]", "argument: must be an object" },
		{ "\"0x1\"", "argument: must be an object" },
		{ "1", "argument: must be an object" },
		{ "true", "argument: must be an object" },
		{ "{\"gasLimit\":\"0x1\"}", "unknown member \"gasLimit\"" },
		{ "{\"gasLimit\":null}", "unknown member \"gasLimit\"" },
		{ "{\"\":null}", "unknown member \"\"" },
		{ "{\"chainID\":\"0x1\"}", "unknown member \"chainID\"" },
		{ "{\"chainid\":\"0x1\"}", "unknown member \"chainid\"" },
		{ "{\"to \":\"" ADDR "\"}", "unknown member \"to \"" },
		{ "{\"blobs\":[]}", "unknown member \"blobs\"" },
		{ "{\"sidecar\":null}", "unknown member \"sidecar\"" },
		{ "{\"gas\":\"0x1\",\"gas\":\"0x1\"}", "a member is there tw" },
		{ "{\"gas\":null,\"gas\":\"0x1\"}", "a member is there twice" },
		{ "{\"gas\":\"0x1\",\"gas\":null}", "a member is there twice" },
		{ "{\"to\":null,\"t\\u006f\":\"" ADDR "\"}", "a member is" },
		{ "{\"accessList\":[{\"address\":\"" ADDR "\",\"address\":\""
		  ADDR "\",\"storageKeys\":[]}]}", "a member is there twice" },
		{ "{\"\\u0067asP\":1}", "unknown member \"gasP\"" }
	};

	(void)state;
	BAD_ALL(args_transaction, r);
}

/* A name of any length, cut; a reason of any length, cut to its buffer. */
static void
long_names(void **state)
{
	char	 text[8192], small[9] = "xxxxxxxx";

	(void)state;
	memset(text, 'n', sizeof(text));
	text[0] = '{';
	text[1] = '"';
	memcpy(text + sizeof(text) - 8, "\":null}", 8);
	bad(args_transaction, text, "unknown member \"nnnnnnnn");
	assert_int_equal(strlen(why), strlen("unknown member \"\"") + 64);
	assert_int_equal(json_parse(&doc, "{\"gas\":1}", 9,
	    &(struct json_limits){ 5, 5 }, NULL), JSON_OK);
	assert_int_equal(args_transaction(&args, doc, json_root(doc), small,
	    4), -1);
	assert_string_equal(small, "gas");
	assert_int_equal(small[4], 'x');
	args_clear(&args);
	json_free(doc);
}

/* ---- Lists ----------------------------------------------------------- */

static void
access_lists(void **state)
{
	(void)state;
	good(args_transaction, "{\"accessList\":["
	    "{\"address\":\"" ADDR "\",\"storageKeys\":[]},"
	    "{\"storageKeys\":[\"" HASH "\",\"" H2 "\"],\"address\":\"" A2
	    "\"},{\"address\":\"" ADDR "\",\"storageKeys\":[\"" HASH "\"]}]}");
	assert_int_equal(tx->has, TX_ACCESSLIST);
	assert_int_equal(tx->naccess, 3);
	is_addr(tx->access[0].address);
	assert_int_equal(tx->access[0].nkeys, 0);
	assert_int_equal(tx->access[1].address[0], 0xff);
	assert_int_equal(tx->access[1].nkeys, 2);
	is_hash(tx->access[1].keys);
	assert_int_equal(tx->access[1].keys[HASH_SIZE], 0xf1);
	assert_int_equal(tx->access[1].keys[2 * HASH_SIZE - 1], 0x2f);
	is_addr(tx->access[2].address);
	assert_int_equal(tx->access[2].nkeys, 1);
	is_hash(tx->access[2].keys);
	args_clear(&args);
}

#define ENTRY(x)	"{\"accessList\":[{" x "}]}"
#define KEYS		"\"storageKeys\":[]"
#define ADDRESS		"\"address\":\"" ADDR "\""

static void
access_lists_bad(void **state)
{
	static const char	 no_keys[] =
	    "accessList: missing required field 'storageKeys'";
	static const char	 no_address[] =
	    "accessList: missing required field 'address'";
	static const struct refused	 r[] = {
		{ "{\"accessList\":{}}", "accessList: must be an array" },
		{ "{\"accessList\":\"\"}", "accessList: must be an array" },
		{ "{\"accessList\":[null]}", "accessList: entry must be an o" },
		{ "{\"accessList\":[[]]}", "accessList: entry must be an ob" },
		{ "{\"accessList\":[{}]}", no_address },
		{ ENTRY(ADDRESS), no_keys },
		{ ENTRY(KEYS), no_address },
		{ ENTRY(ADDRESS ",\"storageKeys\":null"), no_keys },
		{ ENTRY("\"address\":null," KEYS), no_address },
		{ ENTRY("\"Address\":\"" ADDR "\"," KEYS),
		  "accessList: unknown member" },
		{ ENTRY(ADDRESS "," KEYS ",\"x\":1"),
		  "accessList: unknown member" },
		{ ENTRY(ADDRESS ",\"storageKeys\":{}"),
		  "storageKeys: must be an array" },
		{ ENTRY(ADDRESS ",\"storageKeys\":[null]"),
		  "storageKeys: must be a string" },
		{ ENTRY(ADDRESS ",\"storageKeys\":[\"0x01\"]"),
		  "storageKeys: hex string of wrong length" },
		{ ENTRY(ADDRESS ",\"storageKeys\":[\"" HASH "\",\"" HASH
		  "0\"]"), "storageKeys: hex string of odd length" },
		{ ENTRY("\"address\":\"0x01\"," KEYS),
		  "address: hex string of wrong length" },
		{ ENTRY("\"address\":1," KEYS), "address: must be a string" },
		{ "{\"accessList\":[{" ADDRESS "," KEYS "},{" ADDRESS "}]}",
		  no_keys }
	};

	(void)state;
	BAD_ALL(args_transaction, r);
}

static void
blob_hashes(void **state)
{
	static const struct refused	 r[] = {
		{ "{\"blobVersionedHashes\":\"" HASH "\"}",
		  "blobVersionedHashes: must be an array" },
		{ "{\"blobVersionedHashes\":[null]}",
		  "blobVersionedHashes: must be a string" },
		{ "{\"blobVersionedHashes\":[\"" HASH "\",\"0x\"]}",
		  "blobVersionedHashes: hex string of wrong length" },
		{ "{\"blobVersionedHashes\":[\"" HASH "ff\"]}",
		  "blobVersionedHashes: hex string of wrong length" }
	};

	(void)state;
	good(args_transaction, "{\"blobVersionedHashes\":[\"" HASH "\",\""
	    H2 "\",\"" HASH "\"]}");
	assert_int_equal(tx->has, TX_BLOBHASHES);
	assert_int_equal(tx->nblobs, 3);
	is_hash(tx->blobs);
	assert_int_equal(tx->blobs[HASH_SIZE], 0xf1);
	is_hash(tx->blobs + 2 * HASH_SIZE);
	args_clear(&args);
	BAD_ALL(args_transaction, r);
}

#define AUTH(c, a, n, y, r, s)	"{\"chainId\":" c ",\"address\":" a \
	",\"nonce\":" n ",\"yParity\":" y ",\"r\":" r ",\"s\":" s "}"
#define AUTHS(x)	"{\"authorizationList\":[" x "]}"
#define ONE		"\"0x1\""
#define ADDRJ		"\"" ADDR "\""

static void
authorizations(void **state)
{
	(void)state;
	good(args_transaction, AUTHS(AUTH("\"0x0\"", ADDRJ,
	    "\"0xffffffffffffffff\"", "\"0xff\"", "\"0x" F64 "\"", "\"0x5\"")
	    "," AUTH("\"0x2\"", "\"" A2 "\"", "\"0x3\"", "\"0x0\"",
	    "\"0x6\"", "\"0x" F64 "\"")));
	assert_int_equal(tx->has, TX_AUTHLIST);
	assert_int_equal(tx->nauths, 2);
	is_number(&tx->auths[0].chain_id, 0);
	is_addr(tx->auths[0].address);
	assert_true(tx->auths[0].nonce == UINT64_MAX);
	assert_int_equal(tx->auths[0].y_parity, 255);
	is_max(&tx->auths[0].r);
	is_number(&tx->auths[0].s, 5);
	is_number(&tx->auths[1].chain_id, 2);
	assert_int_equal(tx->auths[1].address[0], 0xff);
	assert_int_equal(tx->auths[1].nonce, 3);
	assert_int_equal(tx->auths[1].y_parity, 0);
	is_number(&tx->auths[1].r, 6);
	is_max(&tx->auths[1].s);
	args_clear(&args);
}

static void
authorizations_bad(void **state)
{
	static const struct refused	 r[] = {
		{ "{\"authorizationList\":{}}",
		  "authorizationList: must be an array" },
		{ AUTHS("null"), "argument: must be an object" },
		{ AUTHS("[]"), "argument: must be an object" },
		{ AUTHS("{}"), "chainId: missing" },
		{ AUTHS("{\"chainId\":\"0x1\"}"), "address: missing" },
		{ AUTHS("{\"chainId\":\"0x1\",\"address\":" ADDRJ "}"),
		  "nonce: missing" },
		{ AUTHS(AUTH("null", ADDRJ, ONE, ONE, ONE, ONE)), "chainId: " },
		{ AUTHS(AUTH(ONE, "null", ONE, ONE, ONE, ONE)), "address: " },
		{ AUTHS(AUTH(ONE, ADDRJ, "null", ONE, ONE, ONE)), "nonce: " },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, "null", ONE, ONE)), "yParity: " },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, "null", ONE)), "r: " },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, ONE, "null")), "s: " },
		{ AUTHS(AUTH("1", ADDRJ, ONE, ONE, ONE, ONE)), "chainId: " },
		{ AUTHS(AUTH(ONE, ADDRJ, "\"0x10000000000000000\"", ONE, ONE,
		  ONE)), "nonce: hex number too large" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, "\"0x100\"", ONE, ONE)),
		  "yParity: hex number > 8 bits" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, "\"0x00\"", ONE, ONE)),
		  "yParity: hex number with leading zero digits" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, "\"0x01\"", ONE)),
		  "r: hex number with leading zero digits" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, ONE, "\"0x1" F64 "\"")),
		  "s: hex number too large" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, ONE, ONE ",\"v\":\"0x1\"")),
		  "unknown member \"v\"" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, ONE, ONE ",\"s\":\"0x1\"")),
		  "a member is there twice" },
		{ AUTHS(AUTH(ONE, ADDRJ, ONE, ONE, ONE, ONE) ",{}"),
		  "chainId: missing" }
	};

	(void)state;
	BAD_ALL(args_transaction, r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tx_whole),
		cmocka_unit_test(tx_members_alone),
		cmocka_unit_test(tx_empty),
		cmocka_unit_test(tx_boundaries),
		cmocka_unit_test(tx_bad_quantities),
		cmocka_unit_test(tx_bad_bytes),
		cmocka_unit_test(tx_bad_members),
		cmocka_unit_test(long_names),
		cmocka_unit_test(access_lists),
		cmocka_unit_test(access_lists_bad),
		cmocka_unit_test(blob_hashes),
		cmocka_unit_test(authorizations),
		cmocka_unit_test(authorizations_bad)
	};

	return (cmocka_run_group_tests_name("args", tests, NULL, NULL));
}
