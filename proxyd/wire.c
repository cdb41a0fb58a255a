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
#define METHOD_MAX	64	/* of those that are relayed */

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

/* Text that is known to have room; returns its end. */
static char *
put(char *p, const char *text)
{
	size_t	 len = strlen(text);

	memcpy(p, text, len);
	return (p + len);
}

static char *
put_number(char *p, uint64_t n)
{
	char	 digits[24], *d = digits + sizeof(digits) - 1;

	*d = '\0';
	do
		*--d = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return (put(p, d));
}

/* The last element of params, where the signer offered to read it. */
static char *
put_client(char *p, const struct call *call, const struct link *link,
    const char *client, uint64_t ms)
{
	if (!link->signer->advert.client)
		return (p);
	p = put(p, ",{\"client\":\"");
	p += json_escape(p, client, strlen(client));
	p = put(p, "\",\"id\":\"");
	p = put(p, call->id);
	p = put(p, "\"");
	if (link->signer->advert.deadline) {
		p = put(p, ",\"deadline\":");
		p = put_number(p, ms);
	}
	return (put(p, "}"));
}

/* What is before the argument, and what is after it. */
#define HEAD_MAX	(METHOD_MAX + 96)
#define TAIL_MAX	(6 * CLIENT_MAX + sizeof(((struct call *)0)->id) + 96)

int
wire_request(struct evbuffer *out, const struct call *call,
    const struct link *link, uint64_t id, const char *client, uint64_t ms)
{
	const char	*method = call->method;
	char		 head[HEAD_MAX], tail[TAIL_MAX], *p;
	size_t		 headlen, taillen;
	bool		 translate;

	/* A signer of 2025 has never heard of V2. */
	translate = !link->signer->advert.given && strcmp(method, V2) == 0;
	if (translate)
		method = V1;
	if (strlen(method) > METHOD_MAX || strlen(client) > CLIENT_MAX)
		return (-1);
	p = put(head, "{\"jsonrpc\":\"2.0\",\"id\":");
	p = put_number(p, id);
	p = put(p, ",\"method\":\"");
	p = put(p, method);
	p = put(p, "\",\"params\":[");
	headlen = (size_t)(p - head);
	p = put(put_client(tail, call, link, client, ms), "]}");
	taillen = (size_t)(p - tail);
	/* Room for all of it in one piece. */
	if (evbuffer_expand(out, headlen + call->argumentlen + taillen) == -1 ||
	    evbuffer_add(out, head, headlen) == -1)
		return (-1);
	if (translate) {
		if (wire_payload(out, &call->payload,
		    call->route.address) == -1)
			return (-1);
	} else if (evbuffer_add(out, call->argument, call->argumentlen) == -1)
		return (-1);
	return (evbuffer_add(out, tail, taillen));
}
