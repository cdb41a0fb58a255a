/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "keyd/eckey.h"
#include "keyd/sign.h"

#define FIELD_SIZE	32

/* An ECPrivateKey's parts; p is NULL in those that are absent. */
struct eckey {
	struct der	scalar;
	struct der	parameters;	/* without the tag [0] */
	struct der	pubkey;
};

/* 1.3.132.0.10, 1.2.840.10045.2.1 and 1.2.840.10045.1.1. */
static const uint8_t oid_secp256k1[] = { 0x2b, 0x81, 0x04, 0x00, 0x0a };
static const uint8_t oid_ec[] = {
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
};
static const uint8_t oid_prime_field[] = {
	0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01
};

/* secp256k1 (SEC 2, section 2.4.1); a is 0, b 7, the cofactor 1. */
static const uint8_t prime[FIELD_SIZE] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xfc, 0x2f
};
static const uint8_t order[FIELD_SIZE] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
	0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
	0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41
};
static const uint8_t generator[1 + 2 * FIELD_SIZE] = {
	0x04,
	0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac,
	0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07,
	0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9,
	0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
	0x48, 0x3a, 0xda, 0x77, 0x26, 0xa3, 0xc4, 0x65,
	0x5d, 0xa4, 0xfb, 0xfc, 0x0e, 0x11, 0x08, 0xa8,
	0xfd, 0x17, 0xb4, 0x48, 0xa6, 0x85, 0x54, 0x19,
	0x9c, 0x47, 0xd0, 0x8f, 0xfb, 0x10, 0xd4, 0xb8
};

static bool
is_small(const struct der *number, uint8_t value)
{
	return (number->len == 1 && number->p[0] == value);
}

/*
 * A field element of a small value.  SEC 1 wants it as long as the prime;
 * OpenSSL before 1.1 wrote it without leading zeros.
 */
static bool
is_element(const struct der *element, uint8_t value)
{
	size_t i;

	if (element->len == 0 || element->len > FIELD_SIZE)
		return (false);
	for (i = 0; i < element->len - 1; i++)
		if (element->p[i] != 0)
			return (false);
	return (element->p[i] == value);
}

/* Y of the generator is even, so that its compressed form begins with 02. */
static bool
is_generator(const struct der *point)
{
	if (point->len == 1 + FIELD_SIZE)
		return (point->p[0] == 0x02 &&
		    memcmp(point->p + 1, generator + 1, FIELD_SIZE) == 0);
	return (der_equal(point, generator, sizeof(generator)));
}

static enum keyfile_error
check_field(struct der in)
{
	struct der oid, p;

	if (der_take(&in, DER_OID, &oid) == -1)
		return (KEYFILE_DER);
	if (!der_equal(&oid, oid_prime_field, sizeof(oid_prime_field)))
		return (KEYFILE_PARAMETERS);
	if (der_take_uint(&in, &p) == -1 || in.len != 0)
		return (KEYFILE_DER);
	return (der_equal(&p, prime, sizeof(prime)) ? KEYFILE_OK :
	    KEYFILE_PARAMETERS);
}

/* Anything after b is a seed, which secp256k1 has not. */
static enum keyfile_error
check_equation(struct der in)
{
	struct der a, b;

	if (der_take(&in, DER_OCTETSTRING, &a) == -1 ||
	    der_take(&in, DER_OCTETSTRING, &b) == -1)
		return (KEYFILE_DER);
	return (is_element(&a, 0) && is_element(&b, 7) && in.len == 0 ?
	    KEYFILE_OK : KEYFILE_PARAMETERS);
}

/* SpecifiedECDomain (SEC 1, C.2), of which every part must be ours. */
static enum keyfile_error
check_explicit(struct der in)
{
	struct der version, field, curve, base, number;
	enum keyfile_error error;

	if (der_take_uint(&in, &version) == -1 ||
	    der_take(&in, DER_SEQUENCE, &field) == -1 ||
	    der_take(&in, DER_SEQUENCE, &curve) == -1 ||
	    der_take(&in, DER_OCTETSTRING, &base) == -1 ||
	    der_take_uint(&in, &number) == -1)
		return (KEYFILE_DER);
	if (!is_small(&version, 1))
		return (KEYFILE_PARAMETERS);
	if ((error = check_field(field)) != KEYFILE_OK ||
	    (error = check_equation(curve)) != KEYFILE_OK)
		return (error);
	if (!is_generator(&base) || !der_equal(&number, order, sizeof(order)))
		return (KEYFILE_PARAMETERS);
	if (der_is(&in, DER_INTEGER)) {
		if (der_take_uint(&in, &number) == -1)
			return (KEYFILE_DER);
		if (!is_small(&number, 1))
			return (KEYFILE_PARAMETERS);
	}
	return (in.len == 0 ? KEYFILE_OK : KEYFILE_PARAMETERS);
}

/* ECParameters; NULL, the implicit curve, is as good as none. */
static enum keyfile_error
check_curve(struct der in)
{
	struct der content;
	uint8_t tag;

	if (in.p == NULL)
		return (KEYFILE_NOCURVE);
	if (in.len == 0)
		return (KEYFILE_DER);
	tag = in.p[0];
	if (der_take(&in, tag, &content) == -1 || in.len != 0)
		return (KEYFILE_DER);
	switch (tag) {
	case DER_OID:
		return (der_equal(&content, oid_secp256k1,
		    sizeof(oid_secp256k1)) ? KEYFILE_OK : KEYFILE_CURVE);
	case DER_SEQUENCE:
		return (check_explicit(content));
	case DER_NULL:
		return (content.len == 0 ? KEYFILE_NOCURVE : KEYFILE_DER);
	default:
		return (KEYFILE_DER);
	}
}

static enum keyfile_error
take_eckey(struct der in, struct eckey *key)
{
	struct der seq, tagged, version;

	memset(key, 0, sizeof(*key));
	if (der_take(&in, DER_SEQUENCE, &seq) == -1 || in.len != 0 ||
	    der_take_uint(&seq, &version) == -1)
		return (KEYFILE_DER);
	if (!is_small(&version, 1))
		return (KEYFILE_VERSION);
	if (der_take(&seq, DER_OCTETSTRING, &key->scalar) == -1)
		return (KEYFILE_DER);
	if (der_is(&seq, DER_EXPLICIT(0)) &&
	    der_take(&seq, DER_EXPLICIT(0), &key->parameters) == -1)
		return (KEYFILE_DER);
	if (der_is(&seq, DER_EXPLICIT(1)) &&
	    (der_take(&seq, DER_EXPLICIT(1), &tagged) == -1 ||
	    der_take_bits(&tagged, DER_BITSTRING, &key->pubkey) == -1 ||
	    tagged.len != 0))
		return (KEYFILE_DER);
	return (seq.len == 0 ? KEYFILE_OK : KEYFILE_DER);
}

/* A file may hold the public key twice; then both must be the same. */
static enum keyfile_error
set_pubkey(struct keyfile *kf, const struct der *point)
{
	uint8_t xy[sizeof(kf->pubkey)];

	if (point->p == NULL)
		return (KEYFILE_OK);
	if (point->len != 1 + FIELD_SIZE && point->len != 1 + 2 * FIELD_SIZE)
		return (KEYFILE_DER);
	if (sign_pubkey(xy, point->p, point->len) == -1)
		return (KEYFILE_MISMATCH);
	if (kf->has_pubkey && memcmp(kf->pubkey, xy, sizeof(xy)) != 0)
		return (KEYFILE_MISMATCH);
	memcpy(kf->pubkey, xy, sizeof(xy));
	kf->has_pubkey = 1;
	return (KEYFILE_OK);
}

/* outer is what is known of the curve from around the ECPrivateKey. */
static enum keyfile_error
read_eckey(struct keyfile *kf, struct der in, enum keyfile_error outer)
{
	struct eckey key;
	enum keyfile_error error;

	if ((error = take_eckey(in, &key)) != KEYFILE_OK)
		return (error);
	error = check_curve(key.parameters);
	if (error == KEYFILE_NOCURVE)
		error = outer;
	if (error != KEYFILE_OK)
		return (error);
	if (key.scalar.len != SECRET_SIZE)
		return (KEYFILE_DER);
	memcpy(kf->secret, key.scalar.p, SECRET_SIZE);
	return (set_pubkey(kf, &key.pubkey));
}

enum keyfile_error
eckey_sec1(struct keyfile *kf, struct der in)
{
	return (read_eckey(kf, in, KEYFILE_NOCURVE));
}

/* AlgorithmIdentifier of an EC key: what its parameters say of the curve. */
static enum keyfile_error
check_algorithm(struct der in)
{
	struct der oid;

	if (der_take(&in, DER_OID, &oid) == -1)
		return (KEYFILE_DER);
	if (!der_equal(&oid, oid_ec, sizeof(oid_ec)))
		return (KEYFILE_ALGORITHM);
	if (in.len == 0)
		in.p = NULL;
	return (check_curve(in));
}

enum keyfile_error
eckey_pkcs8(struct keyfile *kf, struct der in)
{
	struct der seq, version, algorithm, key, attributes, pubkey;
	enum keyfile_error curve, error;

	memset(&pubkey, 0, sizeof(pubkey));
	if (der_take(&in, DER_SEQUENCE, &seq) == -1 || in.len != 0 ||
	    der_take_uint(&seq, &version) == -1)
		return (KEYFILE_DER);
	if (version.len != 0 && !is_small(&version, 1))
		return (KEYFILE_VERSION);
	if (der_take(&seq, DER_SEQUENCE, &algorithm) == -1)
		return (KEYFILE_DER);
	curve = check_algorithm(algorithm);
	if (curve != KEYFILE_OK && curve != KEYFILE_NOCURVE)
		return (curve);
	if (der_take(&seq, DER_OCTETSTRING, &key) == -1)
		return (KEYFILE_DER);
	if (der_is(&seq, DER_EXPLICIT(0)) &&
	    der_take(&seq, DER_EXPLICIT(0), &attributes) == -1)
		return (KEYFILE_DER);
	/* The public key came with version 2, whose number is 1. */
	if (version.len != 0 && der_is(&seq, DER_IMPLICIT(1)) &&
	    der_take_bits(&seq, DER_IMPLICIT(1), &pubkey) == -1)
		return (KEYFILE_DER);
	if (seq.len != 0)
		return (KEYFILE_DER);
	if ((error = read_eckey(kf, key, curve)) != KEYFILE_OK)
		return (error);
	return (set_pubkey(kf, &pubkey));
}
