/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/tlspeer.o */
/* libs: libcrypto */

/*
 * Names out of a peer's certificate, in DER or PEM: the client is the first
 * DNS name there is, or nobody; a server is for the name that was asked for
 * if it says so itself.  libtls is replaced: it would verify first, and here
 * nothing is.
 */

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <tls.h>

#include "common/tlsconn_local.h"
#include "regress/fuzz/fuzz.h"

#define EXPECTED	"proxy.example"

static char	*pem;
static size_t	 pemlen;
static char	 subject[512];

/* ---- In place of libtls and tlsio.c ------------------------------------ */

const uint8_t *
tls_peer_cert_chain_pem(struct tls *tls, size_t *len)
{
	(void)tls;
	*len = pemlen;
	return ((uint8_t *)pem);
}

int
tls_peer_cert_provided(struct tls *tls)
{
	(void)tls;
	return (1);
}

const char *
tls_peer_cert_subject(struct tls *tls)
{
	(void)tls;
	return (subject);
}

time_t
tls_peer_cert_notafter(struct tls *tls)
{
	(void)tls;
	return (-1);
}

enum tlsio_result
tlsio_failed(struct tlsio *io, const char *text)
{
	snprintf(io->error, sizeof(io->error), "%s", text);
	return (TLSIO_FAILED);
}

/* ---- The names, read plainly ------------------------------------------- */

struct names {
	int	 ncerts;
	int	 nsan;			/* extensions */
	bool	 any;			/* a DNS name */
	char	 first[256];		/* of them; "" where it is not good */
	bool	 exact;			/* one of them is EXPECTED */
	bool	 others;		/* one that might match it, or a CN */
};

static void
take_name(struct names *n, const ASN1_STRING *s)
{
	const unsigned char	*p = ASN1_STRING_get0_data(s);
	int			 i, len = ASN1_STRING_length(s);
	bool			 good = len > 0 && len <= 253;

	for (i = 0; i < len; i++)
		good = good && p[i] >= ' ' && p[i] <= '~';
	if (!n->any && good) {
		memcpy(n->first, p, (size_t)len);
		n->first[len] = '\0';
	}
	n->any = true;
	if (good && len == (int)strlen(EXPECTED) &&
	    memcmp(p, EXPECTED, (size_t)len) == 0)
		n->exact = true;
	if (len > 0 && (memchr(p, '*', (size_t)len) != NULL ||
	    len == (int)strlen(EXPECTED) || p[len - 1] == '\0'))
		n->others = true;
}

static void
read_names(struct names *n, X509 *cert)
{
	GENERAL_NAMES	*names;
	GENERAL_NAME	*entry;
	int		 i, at = -1;

	while ((at = X509_get_ext_by_NID(cert, NID_subject_alt_name, at)) >=
	    0)
		n->nsan++;
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		entry = sk_GENERAL_NAME_value(names, i);
		if (entry->type == GEN_DNS)
			take_name(n, entry->d.dNSName);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
}

/* ---- What is made of them ---------------------------------------------- */

static void
check_client(struct tlsconn *c, const struct names *n)
{
	enum tlsconn_peer	 peer;
	char			*name;

	FUZZ_ASSERT((name = malloc(TLSCONN_NAME)) != NULL);
	peer = tlsconn_san((uint8_t *)pem, pemlen, name, TLSCONN_NAME);
	if (n->ncerts == 0)
		FUZZ_ASSERT(peer == TLSCONN_NOCERT && name[0] == '\0');
	else if (n->first[0] == '\0' || n->nsan != 1)
		FUZZ_ASSERT(peer == TLSCONN_NODNS && name[0] == '\0');
	else {
		FUZZ_ASSERT(peer == TLSCONN_NAMED);
		FUZZ_ASSERT(strcmp(name, n->first) == 0);
	}
	/* Too small a buffer is no reason to cut a name. */
	if (peer == TLSCONN_NAMED && strlen(name) > 1)
		FUZZ_ASSERT(tlsconn_san((uint8_t *)pem, pemlen, name,
		    strlen(name)) == TLSCONN_NODNS);
	free(name);
	tlspeer_note(c);
	FUZZ_ASSERT(tlsconn_peer(c) == peer);
	FUZZ_ASSERT((tlsconn_peer_name(c) != NULL) ==
	    (peer == TLSCONN_NAMED));
	FUZZ_ASSERT(strlen(c->subject) < sizeof(c->subject));
	FUZZ_ASSERT(ERR_peek_error() == 0);
}

static void
check_server(struct tlsconn *c, const struct names *n)
{
	const char	*s;
	char		 expected[] = EXPECTED;
	bool		 good;

	c->io.client = true;
	c->expected = expected;
	good = tlspeer_is_expected(c);
	if (n->ncerts == 0)
		FUZZ_ASSERT(!good);
	if (n->exact && n->nsan == 1)
		FUZZ_ASSERT(good);
	if (!n->exact && !n->others)
		FUZZ_ASSERT(!good);
	FUZZ_ASSERT(good == (c->io.error[0] == '\0'));
	for (s = c->io.error; *s != '\0'; s++)
		FUZZ_ASSERT(*s >= ' ' && *s <= '~');
	FUZZ_ASSERT(strlen(c->io.error) < sizeof(c->io.error));
	FUZZ_ASSERT(ERR_peek_error() == 0);
}

static void
check(X509 *cert)
{
	static struct tlsconn	 c;
	struct names		 n;

	memset(&n, 0, sizeof(n));
	memset(&c, 0, sizeof(c));
	subject[0] = '\0';
	if (cert != NULL) {
		n.ncerts = 1;
		read_names(&n, cert);
		X509_NAME_oneline(X509_get_subject_name(cert), subject,
		    sizeof(subject));
		ERR_clear_error();
	}
	check_client(&c, &n);
	check_server(&c, &n);
}

/* The same certificate in PEM, unless it is that already. */
static void
as_der(const uint8_t *data, size_t size)
{
	const unsigned char	*p = data;
	X509			*cert;
	BIO			*bio;
	char			*text;
	long			 len;

	FUZZ_ASSERT((bio = BIO_new(BIO_s_mem())) != NULL);
	FUZZ_ASSERT(PEM_write_bio(bio, "CERTIFICATE", "", data, (long)size) >
	    0);
	len = BIO_get_mem_data(bio, &text);
	pem = fuzz_copy(text, (size_t)len);
	pemlen = (size_t)len;
	BIO_free(bio);
	cert = d2i_X509(NULL, &p, (long)size);
	ERR_clear_error();
	check(cert);
	X509_free(cert);
	free(pem);
}

static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return (0);
}

static void
as_pem(const uint8_t *data, size_t size)
{
	X509	*cert;
	BIO	*bio;

	pem = fuzz_copy(data, size);
	pemlen = size;
	FUZZ_ASSERT((bio = BIO_new_mem_buf(pem, (int)size)) != NULL);
	cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	check(cert);
	X509_free(cert);
	free(pem);
}

/* Nobody is judged here. */
bool
tlsctx_trusts(struct tlsctx *ctx, const uint8_t *chain, size_t len, char *why,
    size_t size)
{
	(void)ctx;
	(void)chain;
	(void)len;
	(void)why;
	(void)size;
	return (false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == '0')
		as_der(data, size);
	else
		as_pem(data, size);
	return (0);
}
