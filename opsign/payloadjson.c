/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base64.h"
#include "common/hex.h"
#include "common/json.h"
#include "opsign/payloadjson.h"

#define HASH_HEX	(2 + 2 * HASH_SIZE + 1)

int
payload_form(const char *text, enum payload_form *form)
{
	static const struct {
		const char		*text;
		enum payload_form	 form;
	} forms[] = { { "v1", PAYLOAD_V1 }, { "1", PAYLOAD_V1 },
	    { "v2", PAYLOAD_V2 }, { "2", PAYLOAD_V2 },
	    { "kona", PAYLOAD_KONA } };
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcasecmp(text, forms[i].text) == 0) {
			*form = forms[i].form;
			return (0);
		}
	return (-1);
}

static const char *
hash_hex(char out[HASH_HEX], const uint8_t hash[HASH_SIZE])
{
	out[0] = '0';
	out[1] = 'x';
	hex_encode(out + 2, hash, HASH_SIZE);
	out[HASH_HEX - 1] = '\0';
	return (out);
}

/* [0,0,...]: 32 numbers. */
static const char *
domain_array(char out[4 * HASH_SIZE + 2], const uint8_t domain[HASH_SIZE])
{
	size_t i, n = 0;

	for (i = 0; i < HASH_SIZE; i++)
		n += (size_t)snprintf(out + n, 4 * HASH_SIZE + 2 - n, "%c%u",
		    i == 0 ? '[' : ',', domain[i]);
	out[n++] = ']';
	out[n] = '\0';
	return (out);
}

/* , "senderAddress": or null where V1 has it so, or nothing. */
static void
sender_member(char *out, size_t size, const struct payload *p,
    enum payload_form form)
{
	char address[HEX_ADDRESSSIZE];

	out[0] = '\0';
	if (p->has & PAYLOAD_SENDER) {
		hex_from_address(address, p->sender);
		snprintf(out, size, ",\"senderAddress\":\"%s\"", address);
	} else if (form == PAYLOAD_V1)
		snprintf(out, size, ",\"senderAddress\":null");
}

size_t
payload_json(char out[PAYLOAD_JSON_SIZE], const struct payload *p,
    enum payload_form form, uint64_t id)
{
	char domain[4 * HASH_SIZE + 2], chain[U256_DECSIZE], sender[80];
	char hash[HASH_HEX];
	unsigned long long n = id;
	int len;

	u256_to_dec(&p->chain_id, chain);
	sender_member(sender, sizeof(sender), p, form);
	if (form == PAYLOAD_V1) {
		base64_encode(hash, p->hash, HASH_SIZE);
		len = snprintf(out, PAYLOAD_JSON_SIZE, "{\"jsonrpc\":\"2.0\","
		    "\"id\":%llu,\"method\":\"opsigner_signBlockPayload\","
		    "\"params\":[{\"domain\":%s,\"chainId\":%s,"
		    "\"payloadHash\":\"%s\"%s}]}", n,
		    domain_array(domain, p->domain), chain, hash, sender);
		return ((size_t)len);
	}
	hash_hex(hash, p->hash);
	hash_hex(domain, p->domain);
	if (form == PAYLOAD_V2)
		len = snprintf(out, PAYLOAD_JSON_SIZE, "{\"jsonrpc\":\"2.0\","
		    "\"id\":%llu,\"method\":\"opsigner_signBlockPayloadV2\","
		    "\"params\":[{\"domain\":\"%s\",\"chainId\":\"%s\","
		    "\"payloadHash\":\"%s\"%s}]}", n, domain, chain, hash,
		    sender);
	else
		len = snprintf(out, PAYLOAD_JSON_SIZE, "{\"jsonrpc\":\"2.0\","
		    "\"id\":%llu,\"method\":\"opsigner_signBlockPayload\","
		    "\"params\":{\"domain\":\"%s\",\"chainId\":%s,"
		    "\"payloadHash\":\"%s\"%s}}", n, domain, chain, hash,
		    sender);
	return ((size_t)len);
}

const cJSON *
payload_result(const cJSON *result, enum payload_form form, struct fault *f)
{
	if (form != PAYLOAD_KONA)
		return (result);
	result = json_member(result, "signature");
	if (result == NULL)
		fault_set(f, FAULT_ANSWER, "kona's form has an object with "
		    "\"signature\" for a result, and this is another");
	return (result);
}
