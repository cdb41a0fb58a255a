/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "proxyd/advert.h"

static int
fault(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return (-1);
}

static int
fault_at(char *why, size_t size, size_t i, const char *text)
{
	snprintf(why, size, "keys[%zu]: %s", i, text);
	return (-1);
}

void
advert_clear(struct advert *a)
{
	size_t	 i;

	for (i = 0; i < a->nkeys; i++)
		free(a->keys[i].chains);
	free(a->keys);
	memset(a, 0, sizeof(*a));
}

static bool
absent(const cJSON *v)
{
	return (v == NULL || cJSON_IsNull(v));
}

static int
parse_methods(struct advert_key *key, const cJSON *list, char *why,
    size_t size, size_t i)
{
	const cJSON	*v;

	if (absent(list)) {
		key->methods = RULE_METHODS;
		return (0);
	}
	if (!cJSON_IsArray(list))
		return (fault_at(why, size, i, "methods: must be an array"));
	cJSON_ArrayForEach(v, list) {
		if (!cJSON_IsString(v))
			return (fault_at(why, size, i,
			    "methods: must be strings"));
		if (strcmp(v->valuestring, "transaction") == 0)
			key->methods |= RULE_TRANSACTION;
		else if (strcmp(v->valuestring, "block-payload") == 0)
			key->methods |= RULE_PAYLOAD;
	}
	return (0);
}

static int
parse_chains(struct advert_key *key, const cJSON *list, size_t *total,
    char *why, size_t size, size_t i)
{
	const cJSON	*v;
	size_t		 n = 0;

	if (absent(list))
		return (0);
	if (!cJSON_IsArray(list))
		return (fault_at(why, size, i, "chains: must be an array"));
	cJSON_ArrayForEach(v, list)
		n++;
	if (n == 0)
		return (fault_at(why, size, i, "chains: empty"));
	if ((*total += n) > ADVERT_CHAINS)
		return (fault(why, size, "keys: too many chains"));
	if ((key->chains = calloc(n, sizeof(*key->chains))) == NULL)
		return (fault(why, size, "out of memory"));
	cJSON_ArrayForEach(v, list) {
		if (!cJSON_IsString(v) || hex_quantity(v->valuestring,
		    strlen(v->valuestring),
		    &key->chains[key->nchains]) != HEX_OK)
			return (fault_at(why, size, i,
			    "chains: must be hex quantities"));
		key->nchains++;
	}
	return (0);
}

static int
parse_key(struct advert_key *key, const cJSON *v, size_t *total, char *why,
    size_t size, size_t i)
{
	const cJSON	*address = json_member(v, "address");

	if (!cJSON_IsObject(v))
		return (fault_at(why, size, i, "must be an object"));
	if (!cJSON_IsString(address) || hex_fixed(address->valuestring,
	    strlen(address->valuestring), key->address,
	    ADDRESS_SIZE) != HEX_OK)
		return (fault_at(why, size, i,
		    "address: must be 20 bytes in hex"));
	if (parse_methods(key, json_member(v, "methods"), why, size, i) == -1)
		return (-1);
	return (parse_chains(key, json_member(v, "chains"), total, why, size,
	    i));
}

static int
parse_keys(struct advert *a, const cJSON *list, char *why, size_t size)
{
	const cJSON	*v;
	size_t		 n = 0, total = 0;

	if (!cJSON_IsArray(list))
		return (fault(why, size, "keys: must be an array"));
	cJSON_ArrayForEach(v, list)
		n++;
	if (n > ADVERT_KEYS)
		return (fault(why, size, "keys: too many"));
	if ((a->keys = calloc(n + 1, sizeof(*a->keys))) == NULL)
		return (fault(why, size, "out of memory"));
	cJSON_ArrayForEach(v, list) {
		/* Counted first: what it has taken is freed on a fault. */
		a->nkeys++;
		if (parse_key(&a->keys[a->nkeys - 1], v, &total, why, size,
		    a->nkeys - 1) == -1)
			return (-1);
	}
	return (0);
}

static int
parse_features(struct advert *a, const cJSON *list, char *why, size_t size)
{
	const cJSON	*v;

	if (absent(list))
		return (0);
	if (!cJSON_IsArray(list))
		return (fault(why, size, "features: must be an array"));
	cJSON_ArrayForEach(v, list) {
		if (!cJSON_IsString(v))
			return (fault(why, size,
			    "features: must be strings"));
		if (strcmp(v->valuestring, "client") == 0)
			a->client = true;
		else if (strcmp(v->valuestring, "deadline") == 0)
			a->deadline = true;
	}
	return (0);
}

static int
parse_version(struct advert *a, const struct json_doc *doc, const cJSON *v,
    char *why, size_t size)
{
	const char	*text;
	size_t		 len = 0, i;

	if (!cJSON_IsNumber(v) || (text = json_raw(doc, v, &len)) == NULL)
		return (fault(why, size, "version: must be a number"));
	for (i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return (fault(why, size,
			    "version: must be an integer from 1"));
	if (text[0] == '0')
		return (fault(why, size,
		    "version: must be an integer from 1"));
	/* Of a higher one we speak ours. */
	a->version = ADVERT_VERSION;
	return (0);
}

int
advert_parse(struct advert *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	const cJSON	*software;

	memset(a, 0, sizeof(*a));
	if (arg == NULL)
		return (0);
	if (!cJSON_IsObject(arg))
		return (fault(why, size, "must be an object"));
	if (json_repeats(arg, true))
		return (fault(why, size, "a member is repeated"));
	a->given = true;
	if (parse_version(a, doc, json_member(arg, "version"), why,
	    size) == -1)
		return (-1);
	software = json_member(arg, "software");
	if (cJSON_IsString(software))
		snprintf(a->software, sizeof(a->software), "%s",
		    software->valuestring);
	if (parse_features(a, json_member(arg, "features"), why, size) == -1)
		return (-1);
	return (parse_keys(a, json_member(arg, "keys"), why, size));
}

/* ---- Against the configuration ---------------------------------------- */

/* chain NULL: any chain at all will do. */
static bool
holds(const struct advert *a, const uint8_t address[ADDRESS_SIZE],
    uint32_t method, const struct u256 *chain)
{
	const struct advert_key	*key;
	size_t			 i;

	for (i = 0; i < a->nkeys; i++) {
		key = &a->keys[i];
		if ((key->methods & method) == 0 ||
		    memcmp(key->address, address, ADDRESS_SIZE) != 0)
			continue;
		if (chain == NULL || route_chain_listed(key->chains,
		    key->nchains, chain))
			return (true);
	}
	return (false);
}

/* method 0: none at all; chain NULL: not to be told. */
static bool
lacks(char *why, size_t size, const uint8_t address[ADDRESS_SIZE],
    uint32_t method, const struct u256 *chain)
{
	char	 hex[HEX_ADDRESSSIZE], number[U256_DECSIZE];

	hex_from_address(hex, address);
	if (method == 0 && chain == NULL) {
		snprintf(why, size, "it does not hold address %s", hex);
		return (false);
	}
	if (chain != NULL)
		u256_to_dec(chain, number);
	snprintf(why, size, "it does not serve %s%s%s with address %s",
	    method == 0 ? "anything" : method == RULE_PAYLOAD ?
	    "method block-payload" : "method transaction",
	    chain != NULL ? " on chain " : "", chain != NULL ? number : "",
	    hex);
	return (false);
}

static bool
covers_address(const struct advert *a, const struct route_signer *s,
    const uint8_t address[ADDRESS_SIZE], char *why, size_t size)
{
	static const uint32_t	 methods[] = {
		RULE_TRANSACTION, RULE_PAYLOAD
	};
	size_t			 i, k;

	if (!holds(a, address, RULE_METHODS, NULL))
		return (lacks(why, size, address, 0, NULL));
	for (k = 0; s->methods == 0 && k < s->nchains; k++)
		if (!holds(a, address, RULE_METHODS, &s->chains[k]))
			return (lacks(why, size, address, 0, &s->chains[k]));
	for (i = 0; i < 2; i++) {
		if ((s->methods & methods[i]) == 0)
			continue;
		if (!holds(a, address, methods[i], NULL))
			return (lacks(why, size, address, methods[i], NULL));
		for (k = 0; k < s->nchains; k++)
			if (!holds(a, address, methods[i], &s->chains[k]))
				return (lacks(why, size, address, methods[i],
				    &s->chains[k]));
	}
	return (true);
}

bool
advert_covers(const struct advert *a, const struct route_signer *s, char *why,
    size_t size)
{
	size_t	 i;

	if (!a->given)
		return (true);
	for (i = 0; i < s->naddresses; i++)
		if (!covers_address(a, s, s->addresses[i], why, size))
			return (false);
	return (true);
}

bool
advert_permits(const struct advert *a, const struct route *route)
{
	return (!a->given || holds(a, route->address, route->method,
	    &route->chain));
}
