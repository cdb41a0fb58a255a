/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "common/base64.h"
#include "common/hex.h"
#include "common/secret.h"
#include "keyd/keccak.h"
#include "keyd/keystore.h"
#include "signerctl/key.h"

static const char *const	names[] = {
	[KEY_HEX] = "hex",
	[KEY_SEC1] = "sec1",
	[KEY_SEC1_DER] = "sec1-der",
	[KEY_PKCS8] = "pkcs8",
	[KEY_PKCS8_DER] = "pkcs8-der",
	[KEY_V3] = "v3",
	[KEY_ENCRYPTED] = "encrypted-pkcs8",
	[KEY_ENCRYPTED_DER] = "encrypted-pkcs8-der"
};

const char *
key_form_name(enum key_form form)
{
	return (form < KEY_UNKNOWN ? names[form] : "unknown");
}

enum key_form
key_form_of(const char *name)
{
	enum key_form	 form;

	for (form = KEY_HEX; form < KEY_NFORMS; form++)
		if (strcmp(name, names[form]) == 0)
			break;
	return (form);
}

void
key_checksum(char out[KEY_ADDRESS], const uint8_t address[ADDRESS_SIZE])
{
	uint8_t	 hash[KECCAK_SIZE];
	size_t	 i;
	int	 nibble;

	hex_from_address(out, address);
	keccak256(hash, out + 2, 2 * ADDRESS_SIZE);
	for (i = 0; i < 2 * ADDRESS_SIZE; i++) {
		nibble = hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf;
		if (out[2 + i] >= 'a' && nibble >= 8)
			out[2 + i] = (char)(out[2 + i] - 'a' + 'A');
	}
}

/* ---- ASN.1 ------------------------------------------------------------- */

/* ECPrivateKey (RFC 5915): the scalar, the curve, the public key. */
static const uint8_t	sec1_head[] = {
	0x30, 0x74, 0x02, 0x01, 0x01, 0x04, SECRET_SIZE
};
static const uint8_t	sec1_curve[] = {
	0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a
};
/* The same in PrivateKeyInfo (RFC 5208), which names the curve. */
static const uint8_t	pkcs8_head[] = {
	0x30, 0x81, 0x84, 0x02, 0x01, 0x00,
	0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a,
	0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, SECRET_SIZE
};
static const uint8_t	public_head[] = {
	0xa1, 0x44, 0x03, 0x42, 0x00, 0x04
};

static uint8_t *
put(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return (p + n);
}

static size_t
render_der(uint8_t *out, bool pkcs8, const struct sign_key *key)
{
	uint8_t	*p;

	p = pkcs8 ? put(out, pkcs8_head, sizeof(pkcs8_head)) :
	    put(out, sec1_head, sizeof(sec1_head));
	p = put(p, key->secret, SECRET_SIZE);
	if (!pkcs8)
		p = put(p, sec1_curve, sizeof(sec1_curve));
	p = put(p, public_head, sizeof(public_head));
	p = put(p, key->pubkey, sizeof(key->pubkey));
	return ((size_t)(p - out));
}

/* ---- Characters -------------------------------------------------------- */

/* c if v is at or above low, else 0: without a branch or a table. */
static unsigned int
from(unsigned int v, unsigned int low, unsigned int c)
{
	return (c & ~(0 - ((v - low) >> 31)));
}

static char
hex_character(unsigned int v)
{
	return ((char)('0' + v + from(v, 10, 'a' - '0' - 10)));
}

static size_t
render_hex(char *out, const struct sign_key *key)
{
	size_t	 i;

	for (i = 0; i < SECRET_SIZE; i++) {
		out[2 * i] = hex_character(key->secret[i] >> 4);
		out[2 * i + 1] = hex_character(key->secret[i] & 0xf);
	}
	out[2 * SECRET_SIZE] = '\n';
	return (2 * SECRET_SIZE + 1);
}

/* Lines of 64 characters, as RFC 7468 has them. */
static size_t
render_base64(char *out, const uint8_t *in, size_t len)
{
	char	*p = out;
	size_t	 i, n;

	for (i = 0; i < len; i += n) {
		n = len - i < 48 ? len - i : 48;
		base64_encode(p, in + i, n);
		p += base64_encoded_size(n) - 1;
		*p++ = '\n';
	}
	return ((size_t)(p - out));
}

static size_t
render_pem(char *out, bool pkcs8, const struct sign_key *key)
{
	const char	*label = pkcs8 ? "PRIVATE KEY" : "EC PRIVATE KEY";
	uint8_t		*der;
	size_t		 len, n;

	if ((der = secret_alloc(KEY_TEXT_MAX)) == NULL)
		refuse("out of secret memory");
	len = render_der(der, pkcs8, key);
	n = (size_t)snprintf(out, KEY_TEXT_MAX, "-----BEGIN %s-----\n",
	    label);
	n += render_base64(out + n, der, len);
	n += (size_t)snprintf(out + n, KEY_TEXT_MAX - n,
	    "-----END %s-----\n", label);
	secret_free(der, KEY_TEXT_MAX);
	return (n);
}

/* ---- V3 ---------------------------------------------------------------- */

static size_t
render_v3(char *out, const struct key_new *new, const struct sign_key *key)
{
	struct keystore		 ks;
	enum keystore_error	 error;

	memset(&ks, 0, sizeof(ks));
	ks.kdf = KEYSTORE_SCRYPT;
	ks.n = new->light ? KEYSTORE_LIGHT_N : KEYSTORE_STANDARD_N;
	ks.p = new->light ? KEYSTORE_LIGHT_P : KEYSTORE_STANDARD_P;
	ks.r = KEYSTORE_R;
	ks.salt_len = 32;
	random_bytes(ks.salt, ks.salt_len);
	random_bytes(ks.iv, sizeof(ks.iv));
	random_bytes(ks.id, sizeof(ks.id));
	/* A random UUID (RFC 4122, section 4.4). */
	ks.id[6] = (uint8_t)((ks.id[6] & 0x0f) | 0x40);
	ks.id[8] = (uint8_t)((ks.id[8] & 0x3f) | 0x80);
	memcpy(ks.address, key->address, sizeof(ks.address));
	error = keystore_encrypt(&ks, new->password.text, new->password.len,
	    key->secret);
	if (error != KEYSTORE_OK)
		refuse("cannot encrypt: %s", keystore_strerror(error));
	return (keystore_print(&ks, out, KEY_TEXT_MAX));
}

size_t
key_render(char *out, const struct key_new *new, const struct sign_key *key)
{
	size_t	 n;

	switch (new->form) {
	case KEY_HEX:
		n = render_hex(out, key);
		break;
	case KEY_SEC1:
	case KEY_PKCS8:
		n = render_pem(out, new->form == KEY_PKCS8, key);
		break;
	case KEY_SEC1_DER:
	case KEY_PKCS8_DER:
		n = render_der((uint8_t *)out, new->form == KEY_PKCS8_DER,
		    key);
		break;
	default:
		n = render_v3(out, new, key);
		break;
	}
	secret_wipe_stack();
	return (n);
}
