/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "keyd/tx.h"
#include "opsign/input.h"
#include "opsign/txargs.h"

static struct {
	const char	*to;
	const char	*value;
	const char	*gas;
	const char	*max_fee;
	const char	*priority_fee;
	const char	*nonce;
	const char	*data;
	const char	*input;
	const char	*access;
	const char	*chain;
	const char	*blob_fee;
	const char	*type;
	const char	*from;
	struct flag_list blobs;
	struct flag_list auths;
} given;

const struct flag txargs_flags[] = {
	{ .name = "to", .text = &given.to },
	{ .name = "value", .text = &given.value },
	{ .name = "gas", .text = &given.gas },
	{ .name = "max-fee-per-gas", .text = &given.max_fee },
	{ .name = "max-priority-fee-per-gas", .text = &given.priority_fee },
	{ .name = "nonce", .text = &given.nonce },
	{ .name = "data", .text = &given.data },
	{ .name = "input", .text = &given.input },
	{ .name = "access-list", .text = &given.access },
	{ .name = "chain", .text = &given.chain },
	{ .name = "blob-versioned-hashes", .list = &given.blobs },
	{ .name = "max-fee-per-blob-gas", .text = &given.blob_fee },
	{ .name = "authorization", .list = &given.auths },
	{ .name = "type", .text = &given.type },
	{ .name = "from", .text = &given.from },
	{ .name = NULL }
};

static const struct json_limits limits = { 16, 1024 * 1024 };

/* ---- Members ---------------------------------------------------------- */

/* Takes the place of what standard input had. */
static int
set_item(cJSON *object, const char *member, cJSON *v)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, member);
	if (v == NULL || !cJSON_AddItemToObject(object, member, v)) {
		cJSON_Delete(v);
		warnx("out of memory");
		return (-1);
	}
	return (0);
}

static int
set_text(cJSON *object, const char *member, const char *text)
{
	return (text == NULL ? 0 :
	    set_item(object, member, cJSON_CreateString(text)));
}

/* A number of a flag as the quantity that the protocol has. */
static int
set_quantity(cJSON *object, const char *member, const char *flag,
    const char *text, int (*read)(const char *, const char *, struct u256 *))
{
	char hex[HEX_QUANTITYSIZE];
	struct u256 n;

	if (text == NULL)
		return (0);
	if (read(flag, text, &n) == -1)
		return (-1);
	hex_from_quantity(hex, &n);
	return (set_text(object, member, hex));
}

/* The value of a flag is JSON itself. */
static cJSON *
read_json(const char *flag, const char *text)
{
	struct json_doc *doc;
	enum json_error error;
	cJSON *v = NULL;

	error = json_parse(&doc, text, strlen(text), &limits, NULL);
	if (error != JSON_OK) {
		warnx("--%s: not JSON: %s", flag, json_strerror(error));
		return (NULL);
	}
	if (json_repeats(json_root(doc), true))
		warnx("--%s: a member is there twice", flag);
	else if ((v = cJSON_Duplicate(json_root(doc), true)) == NULL)
		warnx("out of memory");
	json_free(doc);
	return (v);
}

static int
set_access(cJSON *object)
{
	cJSON *v;

	if (given.access == NULL)
		return (0);
	if ((v = read_json("access-list", given.access)) == NULL)
		return (-1);
	return (set_item(object, "accessList", v));
}

/* Each flag is one hash, or several with commas between them. */
static int
add_hashes(cJSON *array, const char *text)
{
	char hash[80];
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (len >= sizeof(hash)) {
			warnx("--blob-versioned-hashes: \"%s\" is not 0x and "
			    "64 digits", text);
			return (-1);
		}
		memcpy(hash, text, len);
		hash[len] = '\0';
		cJSON_AddItemToArray(array, cJSON_CreateString(hash));
		if (text[len] == '\0')
			return (0);
	}
}

static int
set_blobs(cJSON *object)
{
	cJSON *array;
	size_t i;

	if (given.blobs.n == 0)
		return (0);
	if ((array = cJSON_CreateArray()) == NULL) {
		warnx("out of memory");
		return (-1);
	}
	for (i = 0; i < given.blobs.n; i++)
		if (add_hashes(array, given.blobs.v[i]) == -1) {
			cJSON_Delete(array);
			return (-1);
		}
	return (set_item(object, "blobVersionedHashes", array));
}

/* Each flag is one object. */
static int
set_auths(cJSON *object)
{
	cJSON *array, *v;
	size_t i;

	if (given.auths.n == 0)
		return (0);
	if ((array = cJSON_CreateArray()) == NULL) {
		warnx("out of memory");
		return (-1);
	}
	for (i = 0; i < given.auths.n; i++) {
		v = read_json("authorization", given.auths.v[i]);
		if (v == NULL || !cJSON_AddItemToArray(array, v)) {
			cJSON_Delete(v);
			cJSON_Delete(array);
			return (-1);
		}
	}
	return (set_item(object, "authorizationList", array));
}

static int
set_flags(cJSON *o, const struct settings *s)
{
	char address[HEX_ADDRESSSIZE];
	const char *from = given.from;

	if (s->has_address && from == NULL &&
	    cJSON_GetObjectItemCaseSensitive(o, "from") == NULL) {
		hex_from_address(address, s->address);
		from = address;
	}
	if (set_text(o, "from", from) == -1 ||
	    set_text(o, "to", given.to) == -1 ||
	    set_text(o, "data", given.data) == -1 ||
	    set_text(o, "input", given.input) == -1 ||
	    set_quantity(o, "value", "value", given.value,
	    flags_amount) == -1 ||
	    set_quantity(o, "gas", "gas", given.gas, flags_u256) == -1 ||
	    set_quantity(o, "maxFeePerGas", "max-fee-per-gas",
	    given.max_fee, flags_amount) == -1 ||
	    set_quantity(o, "maxPriorityFeePerGas",
	    "max-priority-fee-per-gas", given.priority_fee,
	    flags_amount) == -1 ||
	    set_quantity(o, "maxFeePerBlobGas", "max-fee-per-blob-gas",
	    given.blob_fee, flags_amount) == -1 ||
	    set_quantity(o, "nonce", "nonce", given.nonce,
	    flags_u256) == -1 ||
	    set_quantity(o, "chainId", "chain", given.chain,
	    flags_u256) == -1 ||
	    set_quantity(o, "type", "type", given.type, flags_u256) == -1)
		return (-1);
	return (set_access(o) == -1 || set_blobs(o) == -1 ||
	    set_auths(o) == -1 ? -1 : 0);
}

/* ---- The whole -------------------------------------------------------- */

static cJSON *
read_input(void)
{
	struct json_doc *doc;
	enum json_error error;
	cJSON *object = NULL;
	size_t len, at;
	uint8_t *text;

	if ((text = input_read("-", &len)) == NULL)
		return (NULL);
	error = json_parse(&doc, (char *)text, len, &limits, &at);
	if (error != JSON_OK)
		warnx("standard input: not JSON: %s at byte %zu",
		    json_strerror(error), at);
	else if (!cJSON_IsObject(json_root(doc)))
		warnx("standard input: not an object, as the argument of "
		    "eth_signTransaction is");
	else if (json_repeats(json_root(doc), true))
		warnx("standard input: a member is there twice");
	else if ((object = cJSON_Duplicate(json_root(doc), true)) == NULL)
		warnx("out of memory");
	if (error == JSON_OK)
		json_free(doc);
	free(text);
	return (object);
}

/* The text that is sent is what the fields are read from. */
static int
understand(struct txargs *t)
{
	enum refusal refusal;
	enum json_error error;
	char why[256];

	error = json_parse(&t->doc, t->text, strlen(t->text), &limits, NULL);
	if (error != JSON_OK) {
		warnx("transaction: %s", json_strerror(error));
		return (-1);
	}
	if (args_transaction(&t->args, t->doc, json_root(t->doc), why,
	    sizeof(why)) == -1) {
		warnx("transaction: %s", why);
		return (-1);
	}
	if ((refusal = tx_check(&t->args.request.tx)) != REFUSAL_NONE) {
		warnx("transaction: %s", refusal_text(refusal));
		return (-1);
	}
	return (0);
}

const char *
txargs_chain(void)
{
	return (given.chain);
}

static void
set_default(const char **flag, const char *value)
{
	if (*flag == NULL)
		*flag = value;
}

void
txargs_defaults(const char *nonce)
{
	given.nonce = nonce;
	set_default(&given.to, "0x0000000000000000000000000000000000000000");
	set_default(&given.gas, "21000");
	set_default(&given.max_fee, "1gwei");
	set_default(&given.priority_fee, "1");
}

int
txargs_read(struct txargs *t, const struct settings *s, bool input)
{
	cJSON *object;

	memset(t, 0, sizeof(*t));
	object = input ? read_input() : cJSON_CreateObject();
	if (object == NULL)
		return (-1);
	if (set_flags(object, s) == 0 &&
	    (t->text = cJSON_PrintUnformatted(object)) == NULL)
		warnx("out of memory");
	cJSON_Delete(object);
	return (t->text != NULL ? understand(t) : -1);
}

void
txargs_clear(struct txargs *t)
{
	args_clear(&t->args);
	if (t->doc != NULL)
		json_free(t->doc);
	cJSON_free(t->text);
	memset(t, 0, sizeof(*t));
}
