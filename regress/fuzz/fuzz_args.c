/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: api/args.o api/args_payload.o api/args_tx.o common/base64.o
 * common/hex.o common/json.o common/jsonscan.o common/u256.o
 * keyd/keymsg.o keyd/keymsg_request.o keyd/request.o compat/imsg.o
 * compat/imsg-buffer.o
 * libs: libcjson
 */

#include <strings.h>

#include "api/args.h"
#include "common/base64.h"
#include "common/hex.h"
#include "keyd/keymsg.h"
#include "regress/fuzz/msgpipe.h"
#include "regress/fuzz/requestcheck.h"

/*
 * Each method's argument.  The text is one JSON value, which all decoders
 * get.  What one of them takes, keyd gets as the same request; and the same
 * comes of an argument that is written from the request alone.
 */
#define MESSAGE_MAX	(1 << 20)

typedef int	(*decoder)(struct args *, const struct json_doc *,
		    const cJSON *, char *, size_t);

static struct msgpipe	 p;

static const struct json_limits	 limits = { 64, 10000 };

/* ---- From a request to text ------------------------------------------- */

/* An object that is being written. */
struct text {
	FILE		*f;
	unsigned int	 n;
};

static void
put_name(struct text *t, const char *name)
{
	fprintf(t->f, "%s\"%s\":", t->n++ > 0 ? "," : "{", name);
}

static void
put_hex(struct text *t, const uint8_t *bytes, size_t len)
{
	size_t	 i;

	fputs("\"0x", t->f);
	for (i = 0; i < len; i++)
		fprintf(t->f, i % 2 ? "%02x" : "%02X", bytes[i]);
	fputc('"', t->f);
}

static void
put_bytes(struct text *t, bool there, const char *name, const uint8_t *bytes,
    size_t len)
{
	if (!there)
		return;
	put_name(t, name);
	put_hex(t, bytes, len);
}

static void
put_quantity(struct text *t, bool there, const char *name,
    const struct u256 *n)
{
	char	 hex[HEX_QUANTITYSIZE];

	if (!there)
		return;
	put_name(t, name);
	hex_from_quantity(hex, n);
	fprintf(t->f, "\"%s\"", hex);
}

static void
put_number(struct text *t, bool there, const char *name, uint64_t n)
{
	if (!there)
		return;
	put_name(t, name);
	fprintf(t->f, "\"0x%llx\"", (unsigned long long)n);
}

static void
put_access(struct text *t, const struct tx *tx)
{
	size_t	 i, k;

	put_name(t, "accessList");
	fputc('[', t->f);
	for (i = 0; i < tx->naccess; i++) {
		fprintf(t->f, "%s{\"storageKeys\":[", i > 0 ? "," : "");
		for (k = 0; k < tx->access[i].nkeys; k++) {
			if (k > 0)
				fputc(',', t->f);
			put_hex(t, tx->access[i].keys + k * HASH_SIZE,
			    HASH_SIZE);
		}
		fputs("],\"address\":", t->f);
		put_hex(t, tx->access[i].address, ADDRESS_SIZE);
		fputc('}', t->f);
	}
	fputc(']', t->f);
}

static void
put_auths(struct text *t, const struct tx *tx)
{
	const struct tx_auth	*a;
	struct text		 entry = { t->f, 0 };
	size_t			 i;

	put_name(t, "authorizationList");
	fputc('[', t->f);
	for (i = 0; i < tx->nauths; i++) {
		a = &tx->auths[i];
		if (i > 0)
			fputc(',', t->f);
		entry.n = 0;
		put_quantity(&entry, true, "chainId", &a->chain_id);
		put_bytes(&entry, true, "address", a->address, ADDRESS_SIZE);
		put_number(&entry, true, "nonce", a->nonce);
		put_number(&entry, true, "yParity", a->y_parity);
		put_quantity(&entry, true, "r", &a->r);
		put_quantity(&entry, true, "s", &a->s);
		fputc('}', t->f);
	}
	fputc(']', t->f);
}

static void
put_blobs(struct text *t, const struct tx *tx)
{
	size_t	 i;

	put_name(t, "blobVersionedHashes");
	fputc('[', t->f);
	for (i = 0; i < tx->nblobs; i++) {
		if (i > 0)
			fputc(',', t->f);
		put_hex(t, tx->blobs + i * HASH_SIZE, HASH_SIZE);
	}
	fputc(']', t->f);
}

static void
put_tx(struct text *t, const struct tx *tx)
{
	if (tx->has & TX_AUTHLIST)
		put_auths(t, tx);
	if (tx->has & TX_BLOBHASHES)
		put_blobs(t, tx);
	if (tx->has & TX_ACCESSLIST)
		put_access(t, tx);
	put_bytes(t, tx->has & TX_FROM, "from", tx->from, ADDRESS_SIZE);
	put_bytes(t, tx->has & TX_TO, "to", tx->to, ADDRESS_SIZE);
	put_number(t, tx->has & TX_GAS, "gas", tx->gas);
	put_number(t, tx->has & TX_NONCE, "nonce", tx->nonce);
	put_number(t, tx->has & TX_TYPE, "type", tx->type);
	put_number(t, tx->has & TX_GASPRICE, "gasPrice", 1);
	put_quantity(t, tx->has & TX_MAXFEE, "maxFeePerGas", &tx->max_fee);
	put_quantity(t, tx->has & TX_MAXPRIORITYFEE, "maxPriorityFeePerGas",
	    &tx->max_priority_fee);
	put_quantity(t, tx->has & TX_MAXBLOBFEE, "maxFeePerBlobGas",
	    &tx->max_blob_fee);
	put_quantity(t, tx->has & TX_VALUE, "value", &tx->value);
	put_quantity(t, tx->has & TX_CHAINID, "chainId", &tx->chain_id);
	put_bytes(t, tx->has & TX_DATA, "data", tx->data, tx->datalen);
	put_bytes(t, tx->has & TX_INPUT, "input", tx->input, tx->inputlen);
}

static void
put_v1(struct text *t, const struct payload *pl)
{
	char	 base64[64], chain[U256_DECSIZE];
	size_t	 i;

	put_name(t, "domain");
	for (i = 0; i < HASH_SIZE; i++)
		fprintf(t->f, "%s%u", i > 0 ? "," : "[", pl->domain[i]);
	fputc(']', t->f);
	if (pl->has & PAYLOAD_HASH) {
		base64_encode(base64, pl->hash, HASH_SIZE);
		put_name(t, "payloadHash");
		fprintf(t->f, "\"%s\"", base64);
	}
	if (pl->has & PAYLOAD_CHAIN) {
		u256_to_dec(&pl->chain_id, chain);
		put_name(t, "chainId");
		fputs(chain, t->f);
	}
	put_bytes(t, pl->has & PAYLOAD_SENDER, "senderAddress", pl->sender,
	    ADDRESS_SIZE);
}

static void
put_v2(struct text *t, const struct payload *pl, bool number)
{
	char	 chain[U256_DECSIZE];

	put_bytes(t, true, "domain", pl->domain, HASH_SIZE);
	put_bytes(t, pl->has & PAYLOAD_HASH, "payloadHash", pl->hash,
	    HASH_SIZE);
	if (pl->has & PAYLOAD_CHAIN) {
		u256_to_dec(&pl->chain_id, chain);
		put_name(t, "chainId");
		fprintf(t->f, number ? "%s" : "\"%s\"", chain);
	}
	put_bytes(t, pl->has & PAYLOAD_SENDER, "senderAddress", pl->sender,
	    ADDRESS_SIZE);
}

/* ---- The text itself --------------------------------------------------- */

/*
 * What a field has come of is the member's text, letter for letter but for
 * the case: a quantity and a number have only one form.
 */
static void
is_text(const cJSON *object, bool there, const char *name, const char *wanted)
{
	const cJSON	*v = json_member(object, name);

	if (there)
		must(cJSON_IsString(v) &&
		    strcasecmp(v->valuestring, wanted) == 0);
	else
		must(v == NULL || cJSON_IsNull(v));
}

static void
is_quantity(const cJSON *object, bool there, const char *name,
    const struct u256 *n)
{
	char	 hex[HEX_QUANTITYSIZE];

	hex_from_quantity(hex, n);
	is_text(object, there, name, hex);
}

static void
is_number(const cJSON *object, bool there, const char *name, uint64_t n)
{
	char	 hex[32];

	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)n);
	is_text(object, there, name, hex);
}

static void
is_hex(const cJSON *object, bool there, const char *name,
    const uint8_t *bytes, size_t len)
{
	char	*hex;

	must((hex = calloc(1, 2 * len + 3)) != NULL);
	memcpy(hex, "0x", 2);
	if (there)
		hex_encode(hex + 2, bytes, len);
	is_text(object, there, name, hex);
	free(hex);
}

static void
is_auths(const cJSON *object, const struct tx *tx)
{
	const cJSON	*v;
	size_t		 i = 0;

	cJSON_ArrayForEach(v, json_member(object, "authorizationList")) {
		must(i < tx->nauths);
		is_quantity(v, true, "chainId", &tx->auths[i].chain_id);
		is_hex(v, true, "address", tx->auths[i].address,
		    ADDRESS_SIZE);
		is_number(v, true, "nonce", tx->auths[i].nonce);
		is_number(v, true, "yParity", tx->auths[i].y_parity);
		is_quantity(v, true, "r", &tx->auths[i].r);
		is_quantity(v, true, "s", &tx->auths[i].s);
		i++;
	}
	must(i == tx->nauths);
}

static void
is_tx(const cJSON *o, const struct tx *tx)
{
	if (cJSON_IsNull(o))
		return;
	is_hex(o, tx->has & TX_FROM, "from", tx->from, ADDRESS_SIZE);
	is_hex(o, tx->has & TX_TO, "to", tx->to, ADDRESS_SIZE);
	is_number(o, tx->has & TX_GAS, "gas", tx->gas);
	is_number(o, tx->has & TX_NONCE, "nonce", tx->nonce);
	is_number(o, tx->has & TX_TYPE, "type", tx->type);
	is_quantity(o, tx->has & TX_MAXFEE, "maxFeePerGas", &tx->max_fee);
	is_quantity(o, tx->has & TX_MAXPRIORITYFEE, "maxPriorityFeePerGas",
	    &tx->max_priority_fee);
	is_quantity(o, tx->has & TX_MAXBLOBFEE, "maxFeePerBlobGas",
	    &tx->max_blob_fee);
	is_quantity(o, tx->has & TX_VALUE, "value", &tx->value);
	is_quantity(o, tx->has & TX_CHAINID, "chainId", &tx->chain_id);
	is_hex(o, tx->has & TX_DATA, "data", tx->data, tx->datalen);
	is_hex(o, tx->has & TX_INPUT, "input", tx->input, tx->inputlen);
	is_auths(o, tx);
}

/* The number as it was written; its text is not terminated. */
static void
is_raw(const struct json_doc *doc, const cJSON *v, const char *wanted)
{
	const char	*text;
	size_t		 len;

	must((text = json_raw(doc, v, &len)) != NULL);
	must(len == strlen(wanted) && memcmp(text, wanted, len) == 0);
}

static void
is_v1(const struct json_doc *doc, const struct payload *pl)
{
	const cJSON	*o = json_root(doc), *v;
	char		 text[U256_DECSIZE];
	size_t		 i = 0;

	cJSON_ArrayForEach(v, json_member(o, "domain")) {
		must(i < HASH_SIZE);
		snprintf(text, sizeof(text), "%u", pl->domain[i++]);
		is_raw(doc, v, text);
	}
	if (pl->has & PAYLOAD_CHAIN) {
		u256_to_dec(&pl->chain_id, text);
		is_raw(doc, json_member(o, "chainId"), text);
	}
	is_hex(o, pl->has & PAYLOAD_SENDER, "senderAddress", pl->sender,
	    ADDRESS_SIZE);
}

/* ---- The properties ---------------------------------------------------- */

/* The request of the argument that was written. */
static void
reads_as(decoder decode, const char *text, size_t len,
    const struct request *wanted)
{
	struct json_doc	*doc;
	struct args	 args;
	char		 why[192];

	must(json_parse(&doc, text, len, &limits, NULL) == JSON_OK);
	must(decode(&args, doc, json_root(doc), why, sizeof(why)) == 0);
	requestcheck(&args.request, wanted);
	args_clear(&args);
	json_free(doc);
}

static void
rewrite(decoder decode, const struct request *r)
{
	struct text	 t = { NULL, 0 };
	char		*text;
	size_t		 len;

	must((t.f = open_memstream(&text, &len)) != NULL);
	if (decode == args_transaction)
		put_tx(&t, &r->tx);
	else if (decode == args_payload_v1)
		put_v1(&t, &r->payload);
	else
		put_v2(&t, &r->payload, decode == args_payload_kona);
	fputs(t.n > 0 ? "}" : "{}", t.f);
	must(fclose(t.f) == 0);
	reads_as(decode, text, len, r);
	free(text);
}

/* Has keyd's other forms of it read as the same, where there are such. */
static void
rewrite_all(decoder decode, const struct request *r)
{
	static const uint8_t	 zeros[HASH_SIZE];
	const struct payload	*pl = &r->payload;

	rewrite(decode, r);
	if (decode == args_transaction)
		return;
	rewrite(args_payload_v1, r);
	rewrite(args_payload_kona, r);
	/* V2 takes neither a chain of 0 nor a hash of zeros for one. */
	if (pl->has & PAYLOAD_CHAIN && pl->has & PAYLOAD_HASH &&
	    !u256_is_zero(&pl->chain_id) &&
	    memcmp(pl->hash, zeros, HASH_SIZE) != 0)
		rewrite(args_payload_v2, r);
}

/* As a message, and back. */
static void
travels(struct request *r)
{
	struct request	 got;
	struct imsg	 imsg;
	uint64_t	 id;

	r->id = 7;
	r->deadline = 9;
	strcpy(r->client, "a");
	must(keymsg_send_request(&p.out, r) == 0);
	must(msgpipe_next(&p, &imsg) > 0);
	must(imsg_get_len(&imsg) == keymsg_request_size(r));
	must(keymsg_get_request(&imsg, &got, &id) == 0 && id == 7);
	must(got.deadline == 9 && strcmp(got.client, "a") == 0);
	requestcheck(&got, r);
	request_clear(&got);
	imsg_free(&imsg);
}

static void
decode_as(decoder decode, const struct json_doc *doc)
{
	struct args	 args;
	char		 why[192];

	memset(&args, 0xa5, sizeof(args));
	memset(why, 0, sizeof(why));
	if (decode(&args, doc, json_root(doc), why, sizeof(why)) == 0) {
		must(why[0] == '\0');
		if (decode == args_transaction)
			is_tx(json_root(doc), &args.request.tx);
		if (decode == args_payload_v1)
			is_v1(doc, &args.request.payload);
		/* Nothing of what cannot be written in the other form. */
		if (decode == args_transaction || (args.request.payload.has &
		    (PAYLOAD_CHAINRANGE | PAYLOAD_HASHLENGTH)) == 0)
			rewrite_all(decode, &args.request);
		travels(&args.request);
	} else
		must(why[0] != '\0' &&
		    memchr(why, '\0', sizeof(why)) != NULL);
	args_clear(&args);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_doc	*doc;
	char		*text = fuzz_copy(data, size);

	if (json_parse(&doc, text, size, &limits, NULL) == JSON_OK) {
		msgpipe_begin(&p, MESSAGE_MAX);
		decode_as(args_transaction, doc);
		decode_as(args_payload_v1, doc);
		decode_as(args_payload_v2, doc);
		decode_as(args_payload_kona, doc);
		msgpipe_clean(&p);
		json_free(doc);
	}
	free(text);
	return (0);
}
