/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/list.h"
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
	free(a->items);
	free(a->firsts);
	memset(a, 0, sizeof(*a));
}

static bool
absent(const cJSON *v)
{
	return (v == NULL || cJSON_IsNull(v));
}

static int
parse_methods(uint8_t *methods, const cJSON *list, char *why, size_t size,
    size_t i)
{
	const cJSON	*v;

	*methods = RULE_METHODS;
	if (absent(list))
		return (0);
	if (!cJSON_IsArray(list))
		return (fault_at(why, size, i, "methods: must be an array"));
	*methods = 0;
	cJSON_ArrayForEach(v, list) {
		if (!cJSON_IsString(v))
			return (fault_at(why, size, i,
			    "methods: must be strings"));
		if (strcmp(v->valuestring, "transaction") == 0)
			*methods |= RULE_TRANSACTION;
		else if (strcmp(v->valuestring, "block-payload") == 0)
			*methods |= RULE_PAYLOAD;
	}
	return (0);
}

static int
parse_chains(struct advert *a, const struct advert_item *key,
    const cJSON *list, char *why, size_t size, size_t i)
{
	struct advert_item	*item;
	const cJSON		*v;

	cJSON_ArrayForEach(v, list) {
		item = &a->items[a->nitems];
		*item = *key;
		item->listed = 1;
		item->all = 0;
		if (!cJSON_IsString(v) || hex_quantity(v->valuestring,
		    strlen(v->valuestring), &item->chain) != HEX_OK)
			return (fault_at(why, size, i,
			    "chains: must be hex quantities"));
		a->nitems++;
	}
	return (0);
}

static int
parse_key(struct advert *a, const cJSON *v, char *why, size_t size, size_t i)
{
	const cJSON		*address = json_member(v, "address");
	const cJSON		*chains = json_member(v, "chains");
	struct advert_item	 key;

	memset(&key, 0, sizeof(key));
	if (!cJSON_IsString(address) || hex_fixed(address->valuestring,
	    strlen(address->valuestring), key.address,
	    ADDRESS_SIZE) != HEX_OK)
		return (fault_at(why, size, i,
		    "address: must be 20 bytes in hex"));
	if (parse_methods(&key.methods, json_member(v, "methods"), why, size,
	    i) == -1 || parse_chains(a, &key, chains, why, size, i) == -1)
		return (-1);
	key.all = key.methods;
	if (!absent(chains))
		key.methods = 0;
	a->items[a->nitems++] = key;
	return (0);
}

/* How many items there will be, at most: for one allocation. */
static int
count_items(size_t *n, const cJSON *keys, char *why, size_t size)
{
	const cJSON	*v, *chains, *chain;
	size_t		 nkeys = 0, nchains = 0, k;

	cJSON_ArrayForEach(v, keys) {
		if (nkeys == ADVERT_KEYS)
			return (fault(why, size, "keys: too many"));
		if (!cJSON_IsObject(v))
			return (fault_at(why, size, nkeys,
			    "must be an object"));
		chains = json_member(v, "chains");
		k = 0;
		if (!absent(chains) && !cJSON_IsArray(chains))
			return (fault_at(why, size, nkeys,
			    "chains: must be an array"));
		cJSON_ArrayForEach(chain, chains)
			k++;
		if (!absent(chains) && k == 0)
			return (fault_at(why, size, nkeys, "chains: empty"));
		if ((nchains += k) > ADVERT_CHAINS)
			return (fault(why, size, "keys: too many chains"));
		nkeys++;
	}
	*n = nkeys + nchains;
	return (0);
}

static int
compare_items(const void *a, const void *b)
{
	return (memcmp(a, b, offsetof(struct advert_item, methods)));
}

/* Entries with one address are as good as one with all that they have. */
static void
merge_items(struct advert *a)
{
	struct advert_item	*last, *next;
	size_t			 i, n = 0;

	list_sort(a->items, a->nitems, sizeof(*a->items), compare_items);
	for (i = 0; i < a->nitems; i++) {
		next = &a->items[i];
		last = &a->items[n > 0 ? n - 1 : 0];
		if (n > 0 && compare_items(last, next) == 0) {
			last->methods |= next->methods;
			last->all |= next->all;
		} else
			a->items[n++] = *next;
	}
	a->nitems = n;
}

static int
parse_keys(struct advert *a, const cJSON *list, char *why, size_t size)
{
	const cJSON	*v;
	size_t		 n;

	if (!cJSON_IsArray(list))
		return (fault(why, size, "keys: must be an array"));
	if (count_items(&n, list, why, size) == -1)
		return (-1);
	if ((a->items = calloc(n + 1, sizeof(*a->items))) == NULL) {
		fault(why, size, "out of memory");
		errno = ENOMEM;
		return (-1);
	}
	cJSON_ArrayForEach(v, list) {
		if (parse_key(a, v, why, size, a->nkeys) == -1)
			return (-1);
		a->nkeys++;
	}
	merge_items(a);
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
	errno = 0;
	if (arg == NULL)
		return (0);
	if (!cJSON_IsObject(arg))
		return (fault(why, size, "must be an object"));
	if (json_repeats(arg, true)) {
		if (errno == ENOMEM)
			return (-1);
		return (fault(why, size, "a member is repeated"));
	}
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

/* chain NULL: the item without one. */
static struct advert_item *
find_item(const struct advert *a, const uint8_t address[ADDRESS_SIZE],
    const struct u256 *chain)
{
	struct advert_item	 key;

	memset(&key, 0, sizeof(key));
	memcpy(key.address, address, ADDRESS_SIZE);
	if (chain != NULL) {
		key.listed = 1;
		key.chain = *chain;
	}
	return (a->nitems == 0 ? NULL : bsearch(&key, a->items, a->nitems,
	    sizeof(key), compare_items));
}

/* With one of the methods. */
static bool
holds(const struct advert *a, const uint8_t address[ADDRESS_SIZE],
    uint32_t methods, const struct u256 *chain)
{
	const struct advert_item	*item;

	if ((item = find_item(a, address, NULL)) == NULL ||
	    (item->all & methods) == 0)
		return (false);
	if ((item->methods & methods) != 0)
		return (true);
	item = find_item(a, address, chain);
	return (item != NULL && (item->methods & methods) != 0);
}

/* method 0: none at all; chain NULL: not to be told. */
static bool
lacks(char *why, size_t size, const uint8_t address[ADDRESS_SIZE],
    uint32_t method, const struct u256 *chain)
{
	char	 hex[HEX_ADDRESSSIZE], number[U256_DECSIZE];

	hex_from_address(hex, address);
	if (method == 0 && chain == NULL) {
		snprintf(why, size, "it does not offer address %s", hex);
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

/* All of the signer's chains, with one of the methods; told: which it is. */
static bool
covers_chains(const struct advert *a, const struct route_signer *s,
    const struct advert_item *item, uint32_t methods, uint32_t told,
    char *why, size_t size)
{
	size_t	 i;

	if ((item->all & methods) == 0)
		return (lacks(why, size, item->address, told, NULL));
	if ((item->methods & methods) != 0)
		return (true);
	for (i = 0; i < s->nchains; i++)
		if (!holds(a, item->address, methods, &s->chains[i]))
			return (lacks(why, size, item->address, told,
			    &s->chains[i]));
	return (true);
}

static bool
covers_address(const struct advert *a, const struct route_signer *s,
    const uint8_t address[ADDRESS_SIZE], char *why, size_t size)
{
	const struct advert_item	*item;

	if ((item = find_item(a, address, NULL)) == NULL || item->all == 0)
		return (lacks(why, size, address, 0, NULL));
	if (s->methods == 0)
		return (covers_chains(a, s, item, RULE_METHODS, 0, why,
		    size));
	return (((s->methods & RULE_TRANSACTION) == 0 || covers_chains(a, s,
	    item, RULE_TRANSACTION, RULE_TRANSACTION, why, size)) &&
	    ((s->methods & RULE_PAYLOAD) == 0 || covers_chains(a, s, item,
	    RULE_PAYLOAD, RULE_PAYLOAD, why, size)));
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

bool
advert_serves(const struct advert *a, const uint8_t address[ADDRESS_SIZE],
    uint32_t method)
{
	const struct advert_item	*item;

	if (!a->given)
		return (true);
	item = find_item(a, address, NULL);
	return (item != NULL && (item->all & method) != 0);
}

/* ---- The first address that serves a chain ---------------------------- */

static void
lower(struct advert_first *first, uint8_t methods, uint32_t index)
{
	if (methods & RULE_TRANSACTION && index < first->transaction)
		first->transaction = index;
	if (methods & RULE_PAYLOAD && index < first->payload)
		first->payload = index;
}

/* What one address, the index-th of the signer, is offered for. */
static void
note_address(struct advert *a, struct advert_item *item, uint32_t index)
{
	const uint8_t		*address = item->address;
	struct advert_first	*first;

	lower(&a->any, item->methods, index);
	for (item++; item < a->items + a->nitems && memcmp(item->address,
	    address, ADDRESS_SIZE) == 0; item++) {
		first = &a->firsts[a->nfirsts++];
		first->chain = item->chain;
		first->transaction = first->payload = UINT32_MAX;
		lower(first, item->methods, index);
	}
}

static int
compare_firsts(const void *a, const void *b)
{
	return (memcmp(a, b, offsetof(struct advert_first, transaction)));
}

static void
merge_firsts(struct advert *a)
{
	struct advert_first	*last = NULL, *next;
	size_t			 i, n = 0;

	list_sort(a->firsts, a->nfirsts, sizeof(*a->firsts), compare_firsts);
	for (i = 0; i < a->nfirsts; i++) {
		next = &a->firsts[i];
		if (last != NULL && compare_firsts(last, next) == 0) {
			lower(last, RULE_TRANSACTION, next->transaction);
			lower(last, RULE_PAYLOAD, next->payload);
		} else {
			last = &a->firsts[n++];
			*last = *next;
		}
	}
	a->nfirsts = n;
}

void
advert_bind(struct advert *a, const struct route_signer *s)
{
	struct advert_item	*item;
	size_t			 i;

	free(a->firsts);
	a->nfirsts = 0;
	a->bound = false;
	a->any.transaction = a->any.payload = UINT32_MAX;
	if ((a->firsts = calloc(a->nitems + 1, sizeof(*a->firsts))) == NULL)
		return;
	for (i = 0; i < a->nitems; i++)
		a->items[i].bound = false;
	for (i = 0; i < s->naddresses; i++) {
		item = find_item(a, s->addresses[i], NULL);
		/* One that is listed twice counts where it comes first. */
		if (item == NULL || item->bound)
			continue;
		item->bound = true;
		note_address(a, item, (uint32_t)i);
	}
	merge_firsts(a);
	a->bound = true;
}

size_t
advert_first(const struct advert *a, const struct route *route)
{
	bool				 tx = route->method ==
					    RULE_TRANSACTION;
	uint32_t			 index, listed;
	const struct advert_first	*first = NULL;

	if (!a->given || !a->bound)
		return (0);
	index = tx ? a->any.transaction : a->any.payload;
	if (a->nfirsts > 0)
		first = bsearch(&route->chain, a->firsts, a->nfirsts,
		    sizeof(*first), compare_firsts);
	if (first != NULL) {
		listed = tx ? first->transaction : first->payload;
		if (listed < index)
			index = listed;
	}
	return (index == UINT32_MAX ? SIZE_MAX : index);
}
