/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/tlspem.h"
#include "common/tlstrust.h"

/* As libtls has it. */
#define DEPTH	6

struct tlstrust {
	X509_STORE	*store;
	bool		 servers;
};

static int
add_cas(X509_STORE *store, const uint8_t *text, size_t len)
{
	X509	*cert;
	BIO	*bio;
	int	 n = 0, ok = 1;

	if ((bio = tlspem_open(text, len)) == NULL)
		return (-1);
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, tlspem_no_password,
	    NULL)) != NULL) {
		ok = X509_STORE_add_cert(store, cert);
		X509_free(cert);
		n++;
	}
	BIO_free(bio);
	return (ok && n > 0 ? 0 : -1);
}

static int
add_crls(X509_STORE *store, const uint8_t *text, size_t len)
{
	X509_CRL	*crl;
	BIO		*bio;
	int		 n = 0, ok = 1;

	if ((bio = tlspem_open(text, len)) == NULL)
		return (-1);
	while (ok && (crl = PEM_read_bio_X509_CRL(bio, NULL, tlspem_no_password,
	    NULL)) != NULL) {
		ok = X509_STORE_add_crl(store, crl);
		X509_CRL_free(crl);
		n++;
	}
	BIO_free(bio);
	if (!ok || n == 0)
		return (-1);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
	    X509_V_FLAG_CRL_CHECK_ALL);
	return (0);
}

struct tlstrust *
tlstrust_new(const uint8_t *ca, size_t calen, const uint8_t *crl,
    size_t crllen, bool servers)
{
	struct tlstrust	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->servers = servers;
	if ((t->store = X509_STORE_new()) == NULL ||
	    X509_STORE_set_depth(t->store, DEPTH) != 1 ||
	    add_cas(t->store, ca, calen) == -1 ||
	    (crl != NULL && add_crls(t->store, crl, crllen) == -1)) {
		tlstrust_free(t);
		t = NULL;
	}
	ERR_clear_error();
	return (t);
}

void
tlstrust_free(struct tlstrust *t)
{
	if (t == NULL)
		return;
	X509_STORE_free(t->store);
	free(t);
}

/* ---- Judging a chain -------------------------------------------------- */

/* What the peer has sent with its certificate is there to be used. */
static STACK_OF(X509) *
read_chain(const uint8_t *text, size_t len)
{
	STACK_OF(X509)	*chain = sk_X509_new_null();
	X509		*cert;
	BIO		*bio;

	if (chain == NULL || (bio = tlspem_open(text, len)) == NULL) {
		sk_X509_free(chain);
		return (NULL);
	}
	while ((cert = PEM_read_bio_X509(bio, NULL, tlspem_no_password,
	    NULL)) != NULL)
		if (sk_X509_push(chain, cert) <= 0) {
			X509_free(cert);
			break;
		}
	BIO_free(bio);
	if (sk_X509_num(chain) > 0)
		return (chain);
	sk_X509_free(chain);
	return (NULL);
}

static int
verify(struct tlstrust *t, STACK_OF(X509) *chain)
{
	X509_STORE_CTX	*ctx;
	int		 error = X509_V_ERR_OUT_OF_MEM;

	if ((ctx = X509_STORE_CTX_new()) != NULL &&
	    X509_STORE_CTX_init(ctx, t->store, sk_X509_value(chain, 0),
	    chain) == 1 && X509_STORE_CTX_set_default(ctx, t->servers ?
	    "ssl_server" : "ssl_client") == 1) {
		if (X509_verify_cert(ctx) == 1)
			error = X509_V_OK;
		else if (X509_STORE_CTX_get_error(ctx) != X509_V_OK)
			error = X509_STORE_CTX_get_error(ctx);
	}
	X509_STORE_CTX_free(ctx);
	return (error);
}

bool
tlstrust_verify(struct tlstrust *t, const uint8_t *text, size_t len,
    char *why, size_t size)
{
	STACK_OF(X509)	*chain;
	int		 error;

	if ((chain = read_chain(text, len)) == NULL) {
		snprintf(why, size, "certificate cannot be read");
		ERR_clear_error();
		return (false);
	}
	error = verify(t, chain);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	if (error != X509_V_OK)
		snprintf(why, size, "%s",
		    X509_verify_cert_error_string(error));
	return (error == X509_V_OK);
}
