/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "keyd/keccak.h"
#include "keyd/payload.h"
#include "opsign/verify.h"

#define SIGNATURE_SIZE	65

uint8_t *
verify_bytes(const cJSON *result, size_t *len, struct fault *f)
{
	enum hex_error error;
	uint8_t *bytes;
	size_t textlen;

	if (!cJSON_IsString(result)) {
		fault_set(f, FAULT_ANSWER, "the result is not a string");
		return (NULL);
	}
	textlen = strlen(result->valuestring);
	if ((bytes = malloc(hex_bytes_size(textlen) + 1)) == NULL) {
		fault_set(f, FAULT_ANSWER, "out of memory");
		return (NULL);
	}
	error = hex_bytes(result->valuestring, textlen, bytes, len);
	if (error == HEX_OK)
		return (bytes);
	fault_set(f, FAULT_ANSWER, "the result is not in hexadecimal: %s",
	    hex_strerror(error));
	free(bytes);
	return (NULL);
}

/* ---- Signatures ------------------------------------------------------- */

static int
wrong(struct fault *f, const char *what)
{
	fault_set(f, FAULT_SIGNATURE, "%s", what);
	return (-1);
}

/* Of v->sig on v->digest: whose it is. */
static int
check_signer(struct verified *v, enum verify_depth depth,
    const uint8_t *expected, struct fault *f)
{
	char is[HEX_ADDRESSSIZE], should[HEX_ADDRESSSIZE];

	if (!sign_has_low_s(&v->sig))
		return (wrong(f, "s is in the upper half of its range, which "
		    "chains refuse (EIP-2)"));
	if (depth == VERIFY_SHAPE)
		return (0);
	if (sign_recover(v->digest, &v->sig, v->address) == -1)
		return (wrong(f, "no key can have made it"));
	if (expected == NULL ||
	    memcmp(v->address, expected, ADDRESS_SIZE) == 0)
		return (0);
	hex_from_address(is, v->address);
	hex_from_address(should, expected);
	fault_set(f, FAULT_SIGNATURE, "made for what was asked, it would be "
	    "by %s and not by %s", is, should);
	return (-1);
}

int
verify_payload(struct verified *v, const struct payload *p,
    const uint8_t *result, size_t len, enum verify_depth depth,
    const uint8_t *expected, struct fault *f)
{
	uint8_t message[PAYLOAD_SIZE];

	if (len != SIGNATURE_SIZE) {
		fault_set(f, FAULT_ANSWER, "a signature of %zu bytes and not "
		    "of %d", len, SIGNATURE_SIZE);
		return (-1);
	}
	memcpy(v->sig.r, result, sizeof(v->sig.r));
	memcpy(v->sig.s, result + 32, sizeof(v->sig.s));
	v->sig.v = result[64];
	if (v->sig.v > 1)
		return (wrong(f, "v is not 0 or 1"));
	if (depth == VERIFY_SIGNER) {
		payload_encode(p, message);
		keccak256(v->digest, message, sizeof(message));
	}
	return (check_signer(v, depth, expected, f));
}

/* ---- Transactions ----------------------------------------------------- */

static bool
same_u256(const struct u256 *a, const struct u256 *b)
{
	return (u256_cmp(a, b) == 0);
}

static bool
same_bytes(const uint8_t *a, size_t alen, const uint8_t *b, size_t blen)
{
	return (alen == blen && (alen == 0 || memcmp(a, b, alen) == 0));
}

static bool
same_to(const struct tx *a, const struct tx *b)
{
	if ((a->has & TX_TO) != (b->has & TX_TO))
		return (false);
	return (!(a->has & TX_TO) ||
	    memcmp(a->to, b->to, ADDRESS_SIZE) == 0);
}

static bool
same_data(const struct tx *a, const struct tx *b)
{
	const uint8_t *x, *y;
	size_t xlen, ylen;

	x = tx_calldata(a, &xlen);
	y = tx_calldata(b, &ylen);
	return (same_bytes(x, xlen, y, ylen));
}

static bool
same_access(const struct tx *a, const struct tx *b)
{
	const struct tx_access *x, *y;
	size_t n = a->has & TX_ACCESSLIST ? a->naccess : 0, i;

	if (n != b->naccess)
		return (false);
	for (i = 0; i < n; i++) {
		x = &a->access[i];
		y = &b->access[i];
		if (memcmp(x->address, y->address, ADDRESS_SIZE) != 0 ||
		    !same_bytes(x->keys, x->nkeys * HASH_SIZE, y->keys,
		    y->nkeys * HASH_SIZE))
			return (false);
	}
	return (true);
}

static bool
same_auths(const struct tx *a, const struct tx *b)
{
	const struct tx_auth *x, *y;
	size_t i;

	if (a->nauths != b->nauths)
		return (false);
	for (i = 0; i < a->nauths; i++) {
		x = &a->auths[i];
		y = &b->auths[i];
		if (!same_u256(&x->chain_id, &y->chain_id) ||
		    memcmp(x->address, y->address, ADDRESS_SIZE) != 0 ||
		    x->nonce != y->nonce || x->y_parity != y->y_parity ||
		    !same_u256(&x->r, &y->r) || !same_u256(&x->s, &y->s))
			return (false);
	}
	return (true);
}

/* The first field that is not as asked, or NULL.  a is what was asked. */
static const char *
difference(const struct tx *a, const struct tx *b)
{
	static const struct u256 zero;

	if (tx_type(a) != b->type)
		return ("type");
	if (!same_u256(&a->chain_id, &b->chain_id))
		return ("chain id");
	if (a->nonce != b->nonce)
		return ("nonce");
	if (!same_to(a, b))
		return ("receiver");
	if (!same_u256(a->has & TX_VALUE ? &a->value : &zero, &b->value))
		return ("value");
	if (a->gas != b->gas)
		return ("gas");
	if (!same_u256(&a->max_fee, &b->max_fee))
		return ("max fee");
	if (!same_u256(&a->max_priority_fee, &b->max_priority_fee))
		return ("priority fee");
	if (!same_data(a, b))
		return ("data");
	if (!same_access(a, b))
		return ("access list");
	if (b->type == 3 && !same_u256(&a->max_blob_fee, &b->max_blob_fee))
		return ("blob fee");
	if (b->type == 3 && !same_bytes(a->blobs, a->nblobs * HASH_SIZE,
	    b->blobs, b->nblobs * HASH_SIZE))
		return ("blob hashes");
	return (b->type == 4 && !same_auths(a, b) ? "authorizations" : NULL);
}

/* Whatever has been looked at above: no byte of it is another one. */
static bool
is_encoded(const struct tx *asked, const struct signature *sig,
    const uint8_t *raw, size_t len)
{
	uint8_t *bytes;
	size_t n;
	bool same;

	if (tx_encode(asked, sig, &bytes, &n) == -1)
		return (false);
	same = same_bytes(bytes, n, raw, len);
	free(bytes);
	return (same);
}

int
verify_tx(struct verified *v, struct txsigned *t, const struct tx *asked,
    const uint8_t *result, size_t len, enum verify_depth depth,
    const uint8_t *expected, struct fault *f)
{
	const char *why;

	if ((why = txdecode(t, result, len)) != NULL) {
		fault_set(f, FAULT_ANSWER, "the signed transaction: %s", why);
		return (-1);
	}
	if ((why = difference(asked, &t->tx)) != NULL) {
		fault_set(f, FAULT_SIGNATURE, "the %s of what was signed is "
		    "not what was asked for", why);
		return (-1);
	}
	v->sig = t->sig;
	memcpy(v->digest, t->digest, HASH_SIZE);
	if (!is_encoded(asked, &t->sig, result, len))
		return (wrong(f, "what was signed is not encoded as what was "
		    "asked for"));
	return (check_signer(v, depth, expected, f));
}
