/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/tlsconn.h"

#define DNS_NAME_MAX	253

/* An encrypted PEM is not asked a password for. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return (0);
}

static X509 *
read_leaf(const uint8_t *pem, size_t len)
{
	BIO *bio;
	X509 *cert;

	if (len == 0 || len > INT_MAX ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL)
		return (NULL);
	cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	BIO_free(bio);
	return (cert);
}

static enum tlsconn_peer
copy_dns(const ASN1_STRING *dns, char *name, size_t size)
{
	const unsigned char *data;
	int i, len;

	data = ASN1_STRING_get0_data(dns);
	len = ASN1_STRING_length(dns);
	if (len <= 0 || len > DNS_NAME_MAX || (size_t)len >= size)
		return (TLSCONN_NODNS);
	for (i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e)
			return (TLSCONN_NODNS);
	memcpy(name, data, (size_t)len);
	name[len] = '\0';
	return (TLSCONN_NAMED);
}

static enum tlsconn_peer
first_dns(const X509 *cert, char *name, size_t size)
{
	const GENERAL_NAME *entry;
	GENERAL_NAMES *names;
	enum tlsconn_peer peer;
	int i;

	/* NULL as well where the extension is there twice. */
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (names == NULL)
		return (TLSCONN_NODNS);
	peer = TLSCONN_NODNS;
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		entry = sk_GENERAL_NAME_value(names, i);
		if (entry->type != GEN_DNS)
			continue;
		peer = copy_dns(entry->d.dNSName, name, size);
		break;
	}
	GENERAL_NAMES_free(names);
	return (peer);
}

enum tlsconn_peer
tlsconn_san(const uint8_t *pem, size_t len, char *name, size_t size)
{
	X509 *cert;
	enum tlsconn_peer peer;

	if (size > 0)
		name[0] = '\0';
	peer = TLSCONN_NOCERT;
	if ((cert = read_leaf(pem, len)) != NULL)
		peer = first_dns(cert, name, size);
	X509_free(cert);
	/* What failed here must not be taken for a failure of the next. */
	ERR_clear_error();
	return (peer);
}
