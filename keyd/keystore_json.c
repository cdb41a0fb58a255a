/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "common/json.h"
#include "keyd/keystore.h"

/* Three objects deep, and some for what others add. */
static const struct json_limits limits = { 8, 256 };

/* ---- Reading ----------------------------------------------------------- */

static bool
says(const cJSON *object, const char *name, const char *value)
{
	const cJSON *item = json_member(object, name);

	return (cJSON_IsString(item) && strcmp(item->valuestring, value) == 0);
}

/* Decimal digits alone: numbers here are counts. */
static bool
get_number(const struct json_doc *doc, const cJSON *object, const char *name,
    uint64_t *value)
{
	const cJSON *item = json_member(object, name);
	const char *raw;
	size_t i, len;

	if (!cJSON_IsNumber(item) ||
	    (raw = json_raw(doc, item, &len)) == NULL || len > 18)
		return (false);
	*value = 0;
	for (i = 0; i < len; i++) {
		if (raw[i] < '0' || raw[i] > '9')
			return (false);
		*value = *value * 10 + (uint64_t)(raw[i] - '0');
	}
	return (true);
}

/* From min to max bytes; 0x before the digits is taken. */
static bool
get_bytes(const cJSON *object, const char *name, uint8_t *out, size_t min,
    size_t max, size_t *n)
{
	const cJSON *item = json_member(object, name);
	const char *s;
	size_t i, len;
	int high, low;

	if (!cJSON_IsString(item))
		return (false);
	s = item->valuestring;
	if (s[0] == '0' && s[1] == 'x')
		s += 2;
	len = strlen(s);
	if (len % 2 != 0 || len / 2 < min || len / 2 > max)
		return (false);
	for (i = 0; i < len; i += 2) {
		high = hex_digit(s[i]);
		low = hex_digit(s[i + 1]);
		if (high == -1 || low == -1)
			return (false);
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	if (n != NULL)
		*n = len / 2;
	return (true);
}

static enum keystore_error
get_scrypt(struct keystore *ks, const struct json_doc *doc,
    const cJSON *params)
{
	if (!get_number(doc, params, "n", &ks->n) ||
	    !get_number(doc, params, "r", &ks->r) ||
	    !get_number(doc, params, "p", &ks->p))
		return (KEYSTORE_NUMBERS);
	if (ks->n < 2 || (ks->n & (ks->n - 1)) != 0 || ks->r < 1 || ks->p < 1)
		return (KEYSTORE_NUMBERS);
	/* Each alone first: then no product is over 64 bits. */
	if (ks->n > KEYSTORE_SCRYPT_WORK || ks->r > KEYSTORE_SCRYPT_BLOCKS ||
	    ks->p > KEYSTORE_SCRYPT_BLOCKS ||
	    ks->r * ks->p > KEYSTORE_SCRYPT_BLOCKS ||
	    ks->n * ks->r * ks->p > KEYSTORE_SCRYPT_WORK ||
	    128 * ks->n * ks->r > KEYSTORE_SCRYPT_MEMORY)
		return (KEYSTORE_COST);
	ks->kdf = KEYSTORE_SCRYPT;
	return (KEYSTORE_OK);
}

static enum keystore_error
get_pbkdf2(struct keystore *ks, const struct json_doc *doc,
    const cJSON *params)
{
	if (!says(params, "prf", "hmac-sha256"))
		return (KEYSTORE_PRF);
	if (!get_number(doc, params, "c", &ks->c) || ks->c < 1)
		return (KEYSTORE_NUMBERS);
	if (ks->c > KEYSTORE_PBKDF2_COUNT)
		return (KEYSTORE_COST);
	ks->kdf = KEYSTORE_PBKDF2;
	return (KEYSTORE_OK);
}

static enum keystore_error
get_kdf(struct keystore *ks, const struct json_doc *doc, const cJSON *crypto)
{
	const cJSON *params = json_member(crypto, "kdfparams");
	enum keystore_error error;
	uint64_t dklen;

	if (!cJSON_IsObject(params))
		return (KEYSTORE_KDF);
	if (says(crypto, "kdf", "scrypt"))
		error = get_scrypt(ks, doc, params);
	else if (says(crypto, "kdf", "pbkdf2"))
		error = get_pbkdf2(ks, doc, params);
	else
		error = KEYSTORE_KDF;
	if (error != KEYSTORE_OK)
		return (error);
	if (!get_number(doc, params, "dklen", &dklen) ||
	    dklen != KEYSTORE_DERIVED)
		return (KEYSTORE_LENGTH);
	if (!get_bytes(params, "salt", ks->salt, 1, sizeof(ks->salt),
	    &ks->salt_len))
		return (KEYSTORE_SALT);
	return (KEYSTORE_OK);
}

static enum keystore_error
get_crypto(struct keystore *ks, const struct json_doc *doc,
    const cJSON *crypto)
{
	if (!says(crypto, "cipher", "aes-128-ctr"))
		return (KEYSTORE_CIPHER);
	if (!get_bytes(json_member(crypto, "cipherparams"), "iv", ks->iv,
	    sizeof(ks->iv), sizeof(ks->iv), NULL))
		return (KEYSTORE_IV_FORM);
	if (!get_bytes(crypto, "ciphertext", ks->ciphertext, 1,
	    sizeof(ks->ciphertext), &ks->ciphertext_len))
		return (KEYSTORE_TEXT_FORM);
	if (!get_bytes(crypto, "mac", ks->mac, sizeof(ks->mac),
	    sizeof(ks->mac), NULL))
		return (KEYSTORE_MAC_FORM);
	return (get_kdf(ks, doc, crypto));
}

static enum keystore_error
get_all(struct keystore *ks, const struct json_doc *doc)
{
	const cJSON *root = json_root(doc), *crypto;
	uint64_t version;

	if (!cJSON_IsObject(root) || json_repeats(root, true))
		return (KEYSTORE_JSON);
	if (!get_number(doc, root, "version", &version) || version != 3)
		return (KEYSTORE_VERSION);
	/* Some wallets write its name with a capital letter. */
	if ((crypto = json_member(root, "crypto")) == NULL)
		crypto = json_member(root, "Crypto");
	else if (json_member(root, "Crypto") != NULL)
		return (KEYSTORE_JSON);
	if (!cJSON_IsObject(crypto))
		return (KEYSTORE_CRYPTO);
	if (json_member(root, "address") != NULL) {
		if (!get_bytes(root, "address", ks->address,
		    sizeof(ks->address), sizeof(ks->address), NULL))
			return (KEYSTORE_ADDRESS_FORM);
		ks->has_address = true;
	}
	return (get_crypto(ks, doc, crypto));
}

enum keystore_error
keystore_parse(struct keystore *ks, const char *text, size_t len)
{
	struct json_doc *doc;
	enum keystore_error error;

	memset(ks, 0, sizeof(*ks));
	switch (json_parse(&doc, text, len, &limits, NULL)) {
	case JSON_OK:
		break;
	case JSON_MEMORY:
		return (KEYSTORE_MEMORY);
	default:
		return (KEYSTORE_JSON);
	}
	error = get_all(ks, doc);
	json_free(doc);
	if (error != KEYSTORE_OK)
		memset(ks, 0, sizeof(*ks));
	return (error);
}

/* ---- Writing ----------------------------------------------------------- */

struct digits {
	char	s[2 * KEYSTORE_SALT_MAX + 1];
};

static const char *
digits(struct digits *d, const uint8_t *bytes, size_t n)
{
	hex_encode(d->s, bytes, n);
	d->s[2 * n] = '\0';
	return (d->s);
}

static void
print_kdf(const struct keystore *ks, char *buf, size_t size)
{
	struct digits salt;

	digits(&salt, ks->salt, ks->salt_len);
	if (ks->kdf == KEYSTORE_SCRYPT)
		snprintf(buf, size, "\"kdf\":\"scrypt\",\"kdfparams\":{"
		    "\"dklen\":%d,\"n\":%llu,\"p\":%llu,\"r\":%llu,"
		    "\"salt\":\"%s\"}", KEYSTORE_DERIVED,
		    (unsigned long long)ks->n, (unsigned long long)ks->p,
		    (unsigned long long)ks->r, salt.s);
	else
		snprintf(buf, size, "\"kdf\":\"pbkdf2\",\"kdfparams\":{"
		    "\"c\":%llu,\"dklen\":%d,\"prf\":\"hmac-sha256\","
		    "\"salt\":\"%s\"}", (unsigned long long)ks->c,
		    KEYSTORE_DERIVED, salt.s);
}

/* A UUID is written with hyphens after so many digits (RFC 4122). */
static void
print_id(char out[37], const uint8_t id[16])
{
	struct digits d;

	digits(&d, id, 16);
	snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", d.s, d.s + 8,
	    d.s + 12, d.s + 16, d.s + 20);
}

size_t
keystore_print(const struct keystore *ks, char *buf, size_t size)
{
	struct digits address, text, iv, mac;
	char kdf[512], id[37];
	int n;

	print_kdf(ks, kdf, sizeof(kdf));
	print_id(id, ks->id);
	n = snprintf(buf, size, "{\"address\":\"%s\",\"crypto\":{"
	    "\"cipher\":\"aes-128-ctr\",\"ciphertext\":\"%s\","
	    "\"cipherparams\":{\"iv\":\"%s\"},%s,\"mac\":\"%s\"},"
	    "\"id\":\"%s\",\"version\":3}\n",
	    digits(&address, ks->address, sizeof(ks->address)),
	    digits(&text, ks->ciphertext, ks->ciphertext_len),
	    digits(&iv, ks->iv, sizeof(ks->iv)), kdf,
	    digits(&mac, ks->mac, sizeof(ks->mac)), id);
	return (n < 0 || (size_t)n >= size ? 0 : (size_t)n);
}
