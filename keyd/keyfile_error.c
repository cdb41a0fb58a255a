/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "keyd/keyfile.h"

static const char *const errors[KEYFILE_MAXERROR] = {
	[KEYFILE_OK] = "no error",
	[KEYFILE_EMPTY] = "the file is empty",
	[KEYFILE_TOOLONG] = "the file is too long: a key file holds one key "
	    "and at most 8192 bytes",
	[KEYFILE_READ] = "the file cannot be read",
	[KEYFILE_FORM] = "neither a PEM private key nor 64 hexadecimal "
	    "digits (without 0x): \"signerctl key import\" makes one of "
	    "other forms",
	[KEYFILE_HEXLENGTH] = "a hexadecimal key must have exactly 64 digits",
	[KEYFILE_LABEL] = "expected a PEM block \"EC PRIVATE KEY\" or "
	    "\"PRIVATE KEY\" and no other",
	[KEYFILE_ENCRYPTED] = "the key is encrypted: decrypt it with "
	    "\"openssl pkey\"",
	[KEYFILE_NOEND] = "the PEM block has no END line of its own",
	[KEYFILE_BASE64] = "malformed base64 in the PEM block",
	[KEYFILE_DER] = "malformed ASN.1 in the PEM block",
	[KEYFILE_VERSION] = "unknown version of the key structure",
	[KEYFILE_ALGORITHM] = "the key is no elliptic curve key: expected "
	    "one on secp256k1",
	[KEYFILE_CURVE] = "the key is on another curve: expected secp256k1",
	[KEYFILE_PARAMETERS] = "the explicit curve parameters are not those "
	    "of secp256k1",
	[KEYFILE_NOCURVE] = "the key names no curve: expected secp256k1",
	[KEYFILE_RANGE] = "the private key is zero or not below the order "
	    "of secp256k1",
	[KEYFILE_MISMATCH] = "the public key in the file does not belong to "
	    "the private key",
	[KEYFILE_TWO] = "a second key in the file: expected one a file",
	[KEYFILE_MEMORY] = "out of secret memory"
};

const char *
keyfile_strerror(enum keyfile_error error)
{
	if ((unsigned int)error >= KEYFILE_MAXERROR)
		return ("unknown error");
	return (errors[error]);
}
