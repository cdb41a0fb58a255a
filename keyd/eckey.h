/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_ECKEY_H
#define KEYD_ECKEY_H

#include "keyd/der.h"
#include "keyd/keyfile.h"

/*
 * The two structures that a PEM key file holds, in DER: ECPrivateKey (RFC
 * 5915) and PrivateKeyInfo (RFC 5208) or OneAsymmetricKey (RFC 5958) around
 * it.  Fill kf->secret (SECRET_SIZE bytes that are there already),
 * kf->pubkey and kf->has_pubkey.  The scalar's range is not checked.
 */
enum keyfile_error eckey_sec1(struct keyfile *, struct der);
enum keyfile_error eckey_pkcs8(struct keyfile *, struct der);

#endif /* KEYD_ECKEY_H */
