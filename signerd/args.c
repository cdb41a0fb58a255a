/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/hex.h"
#include "signerd/args.h"

/* What is being decoded, and where a fault is told. */
struct source {
	const struct json_doc	*doc;
	char			*why;
	size_t			 size;
};

/* Decodes one member that is there and not null. */
typedef int	(*decoder)(struct args *, const cJSON *, const struct source *,
		    const char *name);

enum presence {
	OPTIONAL,		/* null is the same as absent */
	NOTNULL,		/* may be absent, but not null */
	REQUIRED
};

struct member {
	const char	*name;
	decoder		 decode;
	enum presence	 presence;
};

static int
fault(const struct source *src, const char *name, const char *text)
{
	snprintf(src->why, src->size, "%s: %s", name, text);
	return (-1);
}

static int
string_of(const cJSON *v, const struct source *src, const char *name,
    const char **s, size_t *len)
{
	if (!cJSON_IsString(v))
		return (fault(src, name, "must be a string"));
	*s = v->valuestring;
	*len = strlen(v->valuestring);
	return (0);
}

static int
fixed(const cJSON *v, const struct source *src, const char *name,
    uint8_t *out, size_t n)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (string_of(v, src, name, &s, &len) == -1)
		return (-1);
	if ((e = hex_fixed(s, len, out, n)) != HEX_OK)
		return (fault(src, name, hex_strerror(e)));
	return (0);
}

static int
quantity(const cJSON *v, const struct source *src, const char *name,
    struct u256 *out)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (string_of(v, src, name, &s, &len) == -1)
		return (-1);
	if ((e = hex_quantity(s, len, out)) != HEX_OK)
		return (fault(src, name, hex_strerror(e)));
	return (0);
}

static int
quantity64(const cJSON *v, const struct source *src, const char *name,
    uint64_t *out)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (string_of(v, src, name, &s, &len) == -1)
		return (-1);
	if ((e = hex_quantity64(s, len, out)) != HEX_OK)
		return (fault(src, name, hex_strerror(e)));
	return (0);
}

static int
bytes(const cJSON *v, const struct source *src, const char *name,
    uint8_t **out, size_t *outlen)
{
	enum hex_error	 e;
	const char	*s;
	size_t		 len;

	if (string_of(v, src, name, &s, &len) == -1)
		return (-1);
	if ((*out = malloc(hex_bytes_size(len) + 1)) == NULL)
		return (fault(src, name, "out of memory"));
	if ((e = hex_bytes(s, len, *out, outlen)) != HEX_OK)
		return (fault(src, name, hex_strerror(e)));
	return (0);
}

static const struct member *
find_member(const struct member *members, const char *name)
{
	for (; members->name != NULL; members++)
		if (strcmp(members->name, name) == 0)
			return (members);
	return (NULL);
}

/* An object, member by member; names that the table lacks are refused. */
static int
decode_object(struct args *a, const cJSON *object, const struct source *src,
    const struct member *members)
{
	const struct member	*m;
	const cJSON		*v;

	if (!cJSON_IsObject(object))
		return (fault(src, "argument", "must be an object"));
	cJSON_ArrayForEach(v, object) {
		if ((m = find_member(members, v->string)) == NULL) {
			snprintf(src->why, src->size,
			    "unknown member \"%.64s\"", v->string);
			return (-1);
		}
		if (cJSON_IsNull(v) && m->presence == OPTIONAL)
			continue;
		if (m->decode(a, v, src, m->name) == -1)
			return (-1);
	}
	for (m = members; m->name != NULL; m++)
		if (m->presence == REQUIRED &&
		    json_member(object, m->name) == NULL)
			return (fault(src, m->name, "missing"));
	return (0);
}

/* ---- eth_signTransaction ---------------------------------------------- */

#define TX_ADDRESS(field, bit)						\
static int								\
tx_##field(struct args *a, const cJSON *v, const struct source *src,	\
    const char *name)							\
{									\
	a->request.tx.has |= (bit);					\
	return (fixed(v, src, name, a->request.tx.field, ADDRESS_SIZE)); \
}

#define TX_QUANTITY(field, bit)						\
static int								\
tx_##field(struct args *a, const cJSON *v, const struct source *src,	\
    const char *name)							\
{									\
	a->request.tx.has |= (bit);					\
	return (quantity(v, src, name, &a->request.tx.field));		\
}

#define TX_QUANTITY64(field, bit)					\
static int								\
tx_##field(struct args *a, const cJSON *v, const struct source *src,	\
    const char *name)							\
{									\
	a->request.tx.has |= (bit);					\
	return (quantity64(v, src, name, &a->request.tx.field));	\
}

TX_ADDRESS(from, TX_FROM)
TX_ADDRESS(to, TX_TO)
TX_QUANTITY(max_fee, TX_MAXFEE)
TX_QUANTITY(max_priority_fee, TX_MAXPRIORITYFEE)
TX_QUANTITY(max_blob_fee, TX_MAXBLOBFEE)
TX_QUANTITY(value, TX_VALUE)
TX_QUANTITY(chain_id, TX_CHAINID)
TX_QUANTITY64(gas, TX_GAS)
TX_QUANTITY64(nonce, TX_NONCE)
TX_QUANTITY64(type, TX_TYPE)

static int
tx_gas_price(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct u256	 ignored;

	a->request.tx.has |= TX_GASPRICE;
	return (quantity(v, src, name, &ignored));
}

static int
tx_data(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;

	tx->has |= TX_DATA;
	if (bytes(v, src, name, &a->data, &tx->datalen) == -1)
		return (-1);
	tx->data = a->data;
	return (0);
}

static int
tx_input(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;

	tx->has |= TX_INPUT;
	if (bytes(v, src, name, &a->input, &tx->inputlen) == -1)
		return (-1);
	tx->input = a->input;
	return (0);
}

/* The storage keys of all entries, one after the other in args.keys. */
static int
access_keys(const cJSON *list, const struct source *src, uint8_t *keys,
    struct tx_access *entry)
{
	const cJSON	*v;

	entry->keys = keys;
	cJSON_ArrayForEach(v, list) {
		if (fixed(v, src, "storageKeys", keys, HASH_SIZE) == -1)
			return (-1);
		keys += HASH_SIZE;
		entry->nkeys++;
	}
	return (0);
}

/* One entry's grammar; adds its keys to *nkeys. */
static int
access_check(const cJSON *entry, const struct source *src, size_t *nkeys)
{
	const cJSON	*address, *keys, *v;

	if (!cJSON_IsObject(entry))
		return (fault(src, "accessList", "entry must be an object"));
	cJSON_ArrayForEach(v, entry)
		if (strcmp(v->string, "address") != 0 &&
		    strcmp(v->string, "storageKeys") != 0)
			return (fault(src, "accessList", "unknown member"));
	address = json_member(entry, "address");
	keys = json_member(entry, "storageKeys");
	if (address == NULL || cJSON_IsNull(address))
		return (fault(src, "accessList",
		    "missing required field 'address'"));
	if (keys == NULL || cJSON_IsNull(keys))
		return (fault(src, "accessList",
		    "missing required field 'storageKeys'"));
	if (!cJSON_IsArray(keys))
		return (fault(src, "storageKeys", "must be an array"));
	cJSON_ArrayForEach(v, keys)
		(*nkeys)++;
	return (0);
}

static int
tx_access(struct args *a, const cJSON *list, const struct source *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;
	const cJSON	*v;
	size_t		 n = 0, nkeys = 0, done = 0;

	tx->has |= TX_ACCESSLIST;
	if (!cJSON_IsArray(list))
		return (fault(src, name, "must be an array"));
	cJSON_ArrayForEach(v, list) {
		if (access_check(v, src, &nkeys) == -1)
			return (-1);
		n++;
	}
	a->access = calloc(n + 1, sizeof(*a->access));
	a->keys = calloc(nkeys + 1, HASH_SIZE);
	if (a->access == NULL || a->keys == NULL)
		return (fault(src, name, "out of memory"));
	tx->access = a->access;
	cJSON_ArrayForEach(v, list) {
		struct tx_access	*entry = &a->access[tx->naccess++];

		if (fixed(json_member(v, "address"), src, "address",
		    entry->address, ADDRESS_SIZE) == -1 ||
		    access_keys(json_member(v, "storageKeys"), src,
		    a->keys + done * HASH_SIZE, entry) == -1)
			return (-1);
		done += entry->nkeys;
	}
	return (0);
}

static int
tx_blobs(struct args *a, const cJSON *list, const struct source *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;
	const cJSON	*v;
	size_t		 n = 0;

	tx->has |= TX_BLOBHASHES;
	if (!cJSON_IsArray(list))
		return (fault(src, name, "must be an array"));
	cJSON_ArrayForEach(v, list)
		n++;
	if ((a->blobs = calloc(n + 1, HASH_SIZE)) == NULL)
		return (fault(src, name, "out of memory"));
	tx->blobs = a->blobs;
	cJSON_ArrayForEach(v, list)
		if (fixed(v, src, name, a->blobs +
		    tx->nblobs++ * HASH_SIZE, HASH_SIZE) == -1)
			return (-1);
	return (0);
}

/* The entry that is being filled is the last one. */
static struct tx_auth *
last_auth(struct args *a)
{
	return (&a->auths[a->request.tx.nauths - 1]);
}

static int
auth_chain_id(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	return (quantity(v, src, name, &last_auth(a)->chain_id));
}

static int
auth_address(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	return (fixed(v, src, name, last_auth(a)->address, ADDRESS_SIZE));
}

static int
auth_nonce(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	return (quantity64(v, src, name, &last_auth(a)->nonce));
}

static int
auth_y_parity(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	uint64_t	 n;

	if (quantity64(v, src, name, &n) == -1)
		return (-1);
	if (n > UINT8_MAX)
		return (fault(src, name, "hex number > 8 bits"));
	last_auth(a)->y_parity = (uint8_t)n;
	return (0);
}

static int
auth_r(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	return (quantity(v, src, name, &last_auth(a)->r));
}

static int
auth_s(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	return (quantity(v, src, name, &last_auth(a)->s));
}

static const struct member auth_members[] = {
	{ "chainId", auth_chain_id, REQUIRED },
	{ "address", auth_address, REQUIRED },
	{ "nonce", auth_nonce, REQUIRED },
	{ "yParity", auth_y_parity, REQUIRED },
	{ "r", auth_r, REQUIRED },
	{ "s", auth_s, REQUIRED },
	{ NULL, NULL, OPTIONAL }
};

static int
tx_auths(struct args *a, const cJSON *list, const struct source *src,
    const char *name)
{
	struct tx	*tx = &a->request.tx;
	const cJSON	*v;
	size_t		 n = 0;

	tx->has |= TX_AUTHLIST;
	if (!cJSON_IsArray(list))
		return (fault(src, name, "must be an array"));
	cJSON_ArrayForEach(v, list)
		n++;
	if ((a->auths = calloc(n + 1, sizeof(*a->auths))) == NULL)
		return (fault(src, name, "out of memory"));
	tx->auths = a->auths;
	cJSON_ArrayForEach(v, list) {
		tx->nauths++;
		if (decode_object(a, v, src, auth_members) == -1)
			return (-1);
	}
	return (0);
}

static const struct member tx_members[] = {
	{ "from", tx_from, OPTIONAL },
	{ "to", tx_to, OPTIONAL },
	{ "gas", tx_gas, OPTIONAL },
	{ "gasPrice", tx_gas_price, OPTIONAL },
	{ "maxFeePerGas", tx_max_fee, OPTIONAL },
	{ "maxPriorityFeePerGas", tx_max_priority_fee, OPTIONAL },
	{ "value", tx_value, OPTIONAL },
	{ "nonce", tx_nonce, OPTIONAL },
	{ "data", tx_data, OPTIONAL },
	{ "input", tx_input, OPTIONAL },
	{ "accessList", tx_access, OPTIONAL },
	{ "chainId", tx_chain_id, OPTIONAL },
	{ "blobVersionedHashes", tx_blobs, OPTIONAL },
	{ "maxFeePerBlobGas", tx_max_blob_fee, OPTIONAL },
	{ "authorizationList", tx_auths, OPTIONAL },
	{ "type", tx_type, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

/* ---- opsigner_signBlockPayload ---------------------------------------- */

static int
payload_sender(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	a->request.payload.has |= PAYLOAD_SENDER;
	return (fixed(v, src, name, a->request.payload.sender, ADDRESS_SIZE));
}

/* An integer as it was written: no fraction, no exponent. */
static int
integer_text(const cJSON *v, const struct source *src, const char *name,
    const char **text, size_t *len)
{
	size_t	 i;

	if (!cJSON_IsNumber(v) ||
	    (*text = json_raw(src->doc, v, len)) == NULL)
		return (fault(src, name, "must be an integer"));
	for (i = 0; i < *len; i++)
		if ((*text)[i] < '0' || (*text)[i] > '9')
			return (fault(src, name,
			    "must be an integer of digits alone"));
	return (0);
}

static int
payload_domain_array(struct args *a, const cJSON *list,
    const struct source *src, const char *name)
{
	const cJSON	*v;
	const char	*text;
	size_t		 len, n = 0;
	int		 byte;

	if (!cJSON_IsArray(list))
		return (fault(src, name, "must be an array of 32 numbers"));
	cJSON_ArrayForEach(v, list) {
		if (n == HASH_SIZE || integer_text(v, src, name, &text,
		    &len) == -1)
			return (fault(src, name,
			    "must be an array of 32 numbers"));
		/* JSON has no leading zeros, so three digits will do. */
		byte = len <= 3 ? v->valuedouble < 256 ? (int)v->valuedouble :
		    -1 : -1;
		if (byte == -1)
			return (fault(src, name, "a number over 255"));
		a->request.payload.domain[n++] = (uint8_t)byte;
	}
	if (n != HASH_SIZE)
		return (fault(src, name, "must be an array of 32 numbers"));
	return (0);
}

static int
payload_domain_hex(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	return (fixed(v, src, name, a->request.payload.domain, HASH_SIZE));
}

static int
payload_chain_number(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;
	const char	*text;
	size_t		 len;

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
		return (fault(src, name, "must be an integer"));
	}
}

/* Decimal or a 0x quantity; zero stands for no chain at all. */
static int
payload_chain_string(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;
	const char	*s;
	size_t		 len;

	if (string_of(v, src, name, &s, &len) == -1)
		return (-1);
	if (len >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		if (quantity(v, src, name, &p->chain_id) == -1)
			return (-1);
	} else if (u256_from_dec(&p->chain_id, s, len) != U256_OK)
		return (fault(src, name, "must be a decimal or 0x number of "
		    "at most 256 bits"));
	if (!u256_is_zero(&p->chain_id))
		p->has |= PAYLOAD_CHAIN;
	return (0);
}

static int
payload_hash_base64(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;
	const char	*s;
	uint8_t		*buf;
	size_t		 len;
	ssize_t		 n;

	if (string_of(v, src, name, &s, &len) == -1)
		return (-1);
	if (len == 0)
		return (0);
	if ((buf = malloc(base64_size(len) + 1)) == NULL)
		return (fault(src, name, "out of memory"));
	n = base64_decode(buf, s, len);
	if (n == HASH_SIZE) {
		memcpy(p->hash, buf, HASH_SIZE);
		p->has |= PAYLOAD_HASH;
	} else if (n >= 0)
		p->has |= PAYLOAD_HASHLENGTH;
	free(buf);
	return (n == -1 ? fault(src, name, "illegal base64 data") : 0);
}

static int
payload_hash_hex(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	struct payload	*p = &a->request.payload;

	p->has |= PAYLOAD_HASH;
	return (fixed(v, src, name, p->hash, HASH_SIZE));
}

/* The Go client's V2 cannot tell a hash of zeros from none. */
static int
payload_hash_v2(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	static const uint8_t	 zeros[HASH_SIZE];
	struct payload		*p = &a->request.payload;

	if (fixed(v, src, name, p->hash, HASH_SIZE) == -1)
		return (-1);
	if (memcmp(p->hash, zeros, HASH_SIZE) != 0)
		p->has |= PAYLOAD_HASH;
	return (0);
}

static int
ignore(struct args *a, const cJSON *v, const struct source *src,
    const char *name)
{
	(void)a;
	(void)v;
	(void)src;
	(void)name;
	return (0);
}

static const struct member v1_members[] = {
	{ "domain", payload_domain_array, OPTIONAL },
	{ "chainId", payload_chain_number, OPTIONAL },
	{ "payloadHash", payload_hash_base64, OPTIONAL },
	{ "senderAddress", payload_sender, OPTIONAL },
	{ "PayloadBytes", ignore, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

static const struct member v2_members[] = {
	{ "domain", payload_domain_hex, OPTIONAL },
	{ "chainId", payload_chain_string, OPTIONAL },
	{ "payloadHash", payload_hash_v2, NOTNULL },
	{ "senderAddress", payload_sender, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

static const struct member kona_members[] = {
	{ "domain", payload_domain_hex, OPTIONAL },
	{ "chainId", payload_chain_number, OPTIONAL },
	{ "payloadHash", payload_hash_hex, OPTIONAL },
	{ "senderAddress", payload_sender, OPTIONAL },
	{ NULL, NULL, OPTIONAL }
};

/* ---- All of them ------------------------------------------------------ */

static int
decode(struct args *a, enum request_method method, const struct json_doc *doc,
    const cJSON *arg, const struct member *members, char *why, size_t size)
{
	struct source	 src = { doc, why, size };

	memset(a, 0, sizeof(*a));
	a->request.method = method;
	/* As the Go server has it: null is an argument without members. */
	if (cJSON_IsNull(arg))
		return (0);
	if (json_repeats(arg, true)) {
		snprintf(why, size, "a member is there twice");
		return (-1);
	}
	return (decode_object(a, arg, &src, members));
}

int
args_transaction(struct args *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	return (decode(a, METHOD_TRANSACTION, doc, arg, tx_members, why,
	    size));
}

int
args_payload_v1(struct args *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	return (decode(a, METHOD_PAYLOAD, doc, arg, v1_members, why, size));
}

int
args_payload_v2(struct args *a, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	return (decode(a, METHOD_PAYLOAD, doc, arg, v2_members, why, size));
}

int
args_payload_kona(struct args *a, const struct json_doc *doc,
    const cJSON *arg, char *why, size_t size)
{
	return (decode(a, METHOD_PAYLOAD, doc, arg, kona_members, why, size));
}

void
args_clear(struct args *a)
{
	free(a->data);
	free(a->input);
	free(a->keys);
	free(a->blobs);
	free(a->access);
	free(a->auths);
	memset(a, 0, sizeof(*a));
}
