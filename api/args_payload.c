/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "api/args_local.h"

static int
payload_sender(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	a->request.payload.has |= PAYLOAD_SENDER;
	return (args_fixed(v, src, name, a->request.payload.sender,
	    ADDRESS_SIZE));
}

/* An integer as it was written: no fraction, no exponent. */
static int
integer_text(const cJSON *v, const struct args_src *src, const char *name,
    const char **text, size_t *len)
{
	size_t	 i;

	if (!cJSON_IsNumber(v) ||
	    (*text = json_raw(src->doc, v, len)) == NULL)
		return (args_fault(src, name, "must be an integer"));
	for (i = 0; i < *len; i++)
		if ((*text)[i] < '0' || (*text)[i] > '9')
			return (args_fault(src, name,
			    "must be an integer of digits alone"));
	return (0);
}

static int
payload_domain_array(struct args *a, const cJSON *list,
    const struct args_src *src, const char *name)
{
	const cJSON	*v;
	const char	*text;
	size_t		 len, n = 0;

	if (!cJSON_IsArray(list))
		return (args_fault(src, name,
		    "must be an array of 32 numbers"));
	cJSON_ArrayForEach(v, list) {
		if (n == HASH_SIZE || integer_text(v, src, name, &text,
		    &len) == -1)
			return (args_fault(src, name,
			    "must be an array of 32 numbers"));
		/* No leading zeros in JSON: at most three digits. */
		if (len > 3 || v->valuedouble > UINT8_MAX)
			return (args_fault(src, name, "a number over 255"));
		a->request.payload.domain[n++] = (uint8_t)v->valuedouble;
	}
	if (n != HASH_SIZE)
		return (args_fault(src, name,
		    "must be an array of 32 numbers"));
	return (0);
}

static int
payload_domain_hex(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	return (args_fixed(v, src, name, a->request.payload.domain, HASH_SIZE));
}

static int
payload_chain_number(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;
	const char	*text = "";
	size_t		 len = 0;

	if (integer_text(v, src, name, &text, &len) == -1)
		return (-1);
	switch (u256_from_dec(&p->chain_id, text, len)) {
	case U256_OK:
		p->has |= PAYLOAD_CHAIN;
		return (0);
	case U256_RANGE:
		p->has |= PAYLOAD_CHAINRANGE;
		return (0);
	default:
		return (args_fault(src, name, "must be an integer"));
	}
}

/* Decimal or a 0x quantity; zero stands for no chain at all. */
static int
payload_chain_string(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;
	const char	*s;
	size_t		 len;

	if (args_string(v, src, name, &s, &len) == -1)
		return (-1);
	if (len >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		if (args_quantity(v, src, name, &p->chain_id) == -1)
			return (-1);
	} else if (u256_from_dec(&p->chain_id, s, len) != U256_OK)
		return (args_fault(src, name, "must be a decimal or 0x number "
		    "of at most 256 bits"));
	if (!u256_is_zero(&p->chain_id))
		p->has |= PAYLOAD_CHAIN;
	return (0);
}

static int
payload_hash_base64(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;
	const char	*s;
	uint8_t		*buf;
	size_t		 len;
	ssize_t		 n;

	if (args_string(v, src, name, &s, &len) == -1)
		return (-1);
	if (len == 0)
		return (0);
	if ((buf = malloc(base64_size(len) + 1)) == NULL)
		return (args_nomemory(src, name));
	n = base64_decode(buf, s, len);
	if (n == HASH_SIZE) {
		memcpy(p->hash, buf, HASH_SIZE);
		p->has |= PAYLOAD_HASH;
	} else if (n >= 0)
		p->has |= PAYLOAD_HASHLENGTH;
	free(buf);
	return (n == -1 ? args_fault(src, name, "illegal base64 data") : 0);
}

static int
payload_hash_hex(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;

	p->has |= PAYLOAD_HASH;
	return (args_fixed(v, src, name, p->hash, HASH_SIZE));
}

/* The Go client's V2 cannot tell a hash of zeros from none. */
static int
payload_hash_v2(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	static const uint8_t	 zeros[HASH_SIZE];
	struct payload		*p = &a->request.payload;

	if (args_fixed(v, src, name, p->hash, HASH_SIZE) == -1)
		return (-1);
	if (memcmp(p->hash, zeros, HASH_SIZE) != 0)
		p->has |= PAYLOAD_HASH;
	return (0);
}

static int
ignore(struct args *a, const cJSON *v, const struct args_src *src,
    const char *name)
{
	(void)a;
	(void)v;
	(void)src;
	(void)name;
	return (0);
}

static const struct args_member v1_members[] = {
	{ "domain", payload_domain_array, OPTIONAL },
	{ "chainId", payload_chain_number, OPTIONAL },
	{ "payloadHash", payload_hash_base64, OPTIONAL },
	{ "senderAddress", payload_sender, OPTIONAL },
	{ "PayloadBytes", ignore, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

static const struct args_member v2_members[] = {
	{ "domain", payload_domain_hex, OPTIONAL },
	{ "chainId", payload_chain_string, OPTIONAL },
	{ "payloadHash", payload_hash_v2, NOTNULL },
	{ "senderAddress", payload_sender, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

static const struct args_member kona_members[] = {
	{ "domain", payload_domain_hex, OPTIONAL },
	{ "chainId", payload_chain_number, OPTIONAL },
	{ "payloadHash", payload_hash_hex, OPTIONAL },
	{ "senderAddress", payload_sender, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

int
args_payload_v1(struct args *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	return (args_decode(a, METHOD_PAYLOAD, doc, arg, v1_members, why,
	    size));
}

int
args_payload_v2(struct args *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	return (args_decode(a, METHOD_PAYLOAD, doc, arg, v2_members, why,
	    size));
}

int
args_payload_kona(struct args *a, const struct json_doc *doc,
    const cJSON *arg, char *why, size_t size)
{
	return (args_decode(a, METHOD_PAYLOAD, doc, arg, kona_members, why,
	    size));
}
