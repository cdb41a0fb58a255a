/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYFILE_CASE_H
#define REGRESS_UNIT_KEYFILE_CASE_H

#include <stddef.h>

#include "keyd/keyfile.h"

/*
 * A key file, good or bad, with the fault and the line that must be told of
 * it.  The keys were made up for these tables, which are in keyfile_good.h
 * (what is taken), keyfile_text.h (text, PEM, base64), keyfile_der.h
 * (ASN.1, public keys) and keyfile_curve.h (parameters, PKCS#8).
 */
enum key_name {
	KEY_NONE,
	KEY_ORDINARY,
	KEY_ONE,
	KEY_LARGEST,
	NKEYS
};

static const char *const key_secrets[NKEYS] = {
	[KEY_NONE] = "",
	[KEY_ORDINARY] = "0x5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
	[KEY_ONE] = "0x00000000000000000000000000000000"
	    "00000000000000000000000000000001",
	[KEY_LARGEST] = "0xfffffffffffffffffffffffffffffffe"
	    "baaedce6af48a03bbfd25e8cd0364140",
};

struct keyfile_case {
	const char		*name;
	enum keyfile_error	 error;
	unsigned int		 line;
	enum key_name		 key;
	int			 has_pubkey;
	const char		*text;
	size_t			 len;
};

/* A string literal and its length: some hold a NUL. */
#define TEXT(s)	(s), sizeof(s) - 1

#endif /* REGRESS_UNIT_KEYFILE_CASE_H */
