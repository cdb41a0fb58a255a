/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <tls.h>

#include "common/tlsconn_local.h"
#include "common/tlspem.h"

#define DNS_NAME_MAX	253

/* ---- Certificates ----------------------------------------------------- */

/* NULL also where memory is short. */
static X509 *
read_leaf(const uint8_t *pem, size_t len)
{
	BIO *bio;
	X509 *cert;

	if ((bio = tlspem_open(pem, len)) == NULL)
		return (NULL);
	cert = PEM_read_bio_X509(bio, NULL, tlspem_no_password, NULL);
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

/* -1 where the extension is there and cannot be read. */
static int
first_dns(const X509 *cert, char *name, size_t size, enum tlsconn_peer *result)
{
	const GENERAL_NAME *entry;
	GENERAL_NAMES *names;
	enum tlsconn_peer peer;
	int crit, i;

	*result = TLSCONN_NODNS;
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, &crit, NULL);
	/* -1: there is none; -2: it is there twice. */
	if (names == NULL)
		return (crit < 0 ? 0 : -1);
	peer = TLSCONN_NODNS;
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		entry = sk_GENERAL_NAME_value(names, i);
		if (entry->type != GEN_DNS)
			continue;
		peer = copy_dns(entry->d.dNSName, name, size);
		break;
	}
	GENERAL_NAMES_free(names);
	*result = peer;
	return (0);
}

/* -1 where the certificate, or what is asked of it, cannot be read. */
static int
san(const uint8_t *pem, size_t len, char *name, size_t size,
    enum tlsconn_peer *peer)
{
	X509 *cert;
	int r = -1;

	if (size > 0)
		name[0] = '\0';
	*peer = TLSCONN_NOCERT;
	if ((cert = read_leaf(pem, len)) != NULL)
		r = first_dns(cert, name, size, peer);
	X509_free(cert);
	/* What failed here must not be taken for a failure of the next. */
	ERR_clear_error();
	return (r);
}

enum tlsconn_peer
tlsconn_san(const uint8_t *pem, size_t len, char *name, size_t size)
{
	enum tlsconn_peer peer;

	(void)san(pem, len, name, size, &peer);
	return (peer);
}

/* ---- The server's name ------------------------------------------------ */

struct names {
	char	*text;
	size_t	 size;
	size_t	 len;
};

/* Whole, or not at all: room for what shows that there are more is kept. */
static bool
add_name(struct names *n, const char *name, size_t len)
{
	static const char more[] = "...";
	bool fits = n->len + len + 2 + sizeof(more) + 2 <= n->size;
	size_t i;

	if (n->len > 0) {
		memcpy(n->text + n->len, ", ", 2);
		n->len += 2;
	}
	if (!fits) {
		memcpy(n->text + n->len, more, sizeof(more));
		return (false);
	}
	for (i = 0; i < len; i++)
		n->text[n->len++] = name[i] < 0x20 || name[i] > 0x7e ? '?' :
		    name[i];
	n->text[n->len] = '\0';
	return (true);
}

static bool
add_entry(struct names *n, const GENERAL_NAME *entry)
{
	char buf[INET6_ADDRSTRLEN];
	const unsigned char *data;
	const ASN1_STRING *s;
	int len;

	if (entry->type != GEN_DNS && entry->type != GEN_IPADD)
		return (true);
	s = entry->type == GEN_DNS ? entry->d.dNSName : entry->d.iPAddress;
	data = ASN1_STRING_get0_data(s);
	len = ASN1_STRING_length(s);
	if (entry->type == GEN_DNS)
		return (add_name(n, (const char *)data, (size_t)len));
	if ((len != 4 && len != 16) || inet_ntop(len == 4 ? AF_INET : AF_INET6,
	    data, buf, sizeof(buf)) == NULL)
		return (true);
	return (add_name(n, buf, strlen(buf)));
}

/* Whom a certificate is for: "a.example, 192.0.2.1"; "" for nobody. */
static void
list_names(const X509 *cert, char *text, size_t size)
{
	struct names n = { text, size, 0 };
	GENERAL_NAMES *names;
	int i;

	text[0] = '\0';
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (!add_entry(&n, sk_GENERAL_NAME_value(names, i)))
			break;
	GENERAL_NAMES_free(names);
}

static bool
is_for(X509 *cert, const char *name)
{
	unsigned char addr[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, addr) == 1)
		return (X509_check_ip(cert, addr, 4, 0) == 1);
	if (inet_pton(AF_INET6, name, addr) == 1)
		return (X509_check_ip(cert, addr, 16, 0) == 1);
	return (X509_check_host(cert, name, 0,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1);
}

bool
tlspeer_is_expected(struct tlsconn *c)
{
	char names[200];
	const uint8_t *pem;
	size_t len;
	X509 *cert = NULL;
	bool good;

	if (!c->io.client)
		return (true);
	if ((pem = tls_peer_cert_chain_pem(c->io.tls, &len)) != NULL)
		cert = read_leaf(pem, len);
	good = cert != NULL && is_for(cert, c->expected);
	if (cert == NULL)
		tlsio_failed(&c->io, "no certificate from the server");
	else if (!good) {
		list_names(cert, names, sizeof(names));
		snprintf(c->io.error, sizeof(c->io.error), "server "
		    "certificate: not for %s but for %s", c->expected,
		    names[0] != '\0' ? names : "nobody");
	}
	X509_free(cert);
	ERR_clear_error();
	return (good);
}

/* ---- Who the peer is -------------------------------------------------- */

/* The end of one that is too long is cut off, and shown to be. */
static void
note_subject(struct tlsconn *c)
{
	static const char cut[] = "...";
	const char *subject = tls_peer_cert_subject(c->io.tls);
	size_t len;

	if (subject == NULL)
		return;
	if ((len = strlen(subject)) < sizeof(c->subject)) {
		memcpy(c->subject, subject, len + 1);
		return;
	}
	len = sizeof(c->subject) - sizeof(cut);
	memcpy(c->subject, subject, len);
	memcpy(c->subject + len, cut, sizeof(cut));
}

int
tlspeer_note(struct tlsconn *c)
{
	const uint8_t *pem;
	size_t len;

	if (!tls_peer_cert_provided(c->io.tls))
		return (0);
	note_subject(c);
	/*
	 * It has been read to be verified: if that does not work again, it is
	 * memory that is short, and not the peer that lacks something.
	 */
	if ((pem = tls_peer_cert_chain_pem(c->io.tls, &len)) != NULL &&
	    san(pem, len, c->name, sizeof(c->name), &c->peer) == 0)
		return (0);
	tlsio_failed(&c->io, "the peer's certificate cannot be read again");
	return (-1);
}

enum tlsconn_peer
tlsconn_peer(const struct tlsconn *c)
{
	return (c->peer);
}

const char *
tlsconn_peer_name(const struct tlsconn *c)
{
	return (c->peer == TLSCONN_NAMED ? c->name : NULL);
}

const char *
tlsconn_peer_subject(const struct tlsconn *c)
{
	return (c->subject[0] != '\0' ? c->subject : NULL);
}

bool
tlsconn_trusted(const struct tlsconn *c, struct tlsctx *ctx, char *why,
    size_t size)
{
	const uint8_t *pem;
	size_t len;

	if (c->io.tls == NULL || !tls_peer_cert_provided(c->io.tls))
		return (true);
	if ((pem = tls_peer_cert_chain_pem(c->io.tls, &len)) == NULL) {
		snprintf(why, size, "certificate cannot be read");
		return (false);
	}
	return (tlsctx_trusts(ctx, pem, len, why, size));
}

int64_t
tlsconn_peer_expiry(const struct tlsconn *c)
{
	time_t when;

	if (c->io.tls == NULL || !tls_peer_cert_provided(c->io.tls) ||
	    (when = tls_peer_cert_notafter(c->io.tls)) == -1)
		return (0);
	return (when);
}
