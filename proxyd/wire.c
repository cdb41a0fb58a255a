/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include <event2/buffer.h>

#include "common/base64.h"
#include "common/hex.h"
#include "common/json.h"
#include "proxyd/link.h"

#define V1	"opsigner_signBlockPayload"
#define V2	"opsigner_signBlockPayloadV2"

int
wire_payload(struct evbuffer *out, const struct payload *p,
    const uint8_t address[ADDRESS_SIZE])
{
	char	 chain[U256_DECSIZE], hash[64], hex[HEX_ADDRESSSIZE];
	size_t	 i;

	u256_to_dec(&p->chain_id, chain);
	base64_encode(hash, p->hash, HASH_SIZE);
	hex_from_address(hex, address);
	if (evbuffer_add_printf(out, "{\"domain\":[") == -1)
		return (-1);
	for (i = 0; i < HASH_SIZE; i++)
		if (evbuffer_add_printf(out, "%s%u", i > 0 ? "," : "",
		    p->domain[i]) == -1)
			return (-1);
	return (evbuffer_add_printf(out, "],\"chainId\":%s,\"payloadHash\":"
	    "\"%s\",\"senderAddress\":\"%s\"}", chain, hash, hex) == -1 ?
	    -1 : 0);
}

/* The last element of params, where the signer offered to read it. */
static int
add_client(struct evbuffer *out, const struct call *call,
    const struct link *link, const char *client, uint64_t ms)
{
	char	 name[6 * CLIENT_MAX + 1];

	if (!link->signer->advert.client)
		return (0);
	name[json_escape(name, client, strlen(client))] = '\0';
	if (evbuffer_add_printf(out, ",{\"client\":\"%s\",\"id\":\"%s\"",
	    name, call->id) == -1)
		return (-1);
	if (link->signer->advert.deadline && evbuffer_add_printf(out,
	    ",\"deadline\":%llu", (unsigned long long)ms) == -1)
		return (-1);
	return (evbuffer_add(out, "}", 1));
}

int
wire_request(struct evbuffer *out, const struct call *call,
    const struct link *link, uint64_t id, const char *client, uint64_t ms)
{
	const char	*method = call->method;
	bool		 translate;

	/* A signer of 2025 has never heard of V2. */
	translate = !link->signer->advert.given && strcmp(method, V2) == 0;
	if (translate)
		method = V1;
	if (evbuffer_add_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,"
	    "\"method\":\"%s\",\"params\":[", (unsigned long long)id,
	    method) == -1)
		return (-1);
	if (translate) {
		if (wire_payload(out, &call->payload,
		    call->route.address) == -1)
			return (-1);
	} else if (evbuffer_add(out, call->argument, call->argumentlen) == -1)
		return (-1);
	if (add_client(out, call, link, client, ms) == -1)
		return (-1);
	return (evbuffer_add(out, "]}", 2));
}
