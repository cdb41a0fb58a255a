/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <tls.h>

#include "common/tlsconn.h"
#include "common/tlstrust.h"

#define SHOWN_SIZE	32	/* a hash */

/* A server's context is one of libtls; a client's is what makes them. */
struct tlsctx {
	struct tls		*tls;		/* server */
	struct tls_config	*config;	/* client */
	struct tlstrust		*trust;
	uint8_t			 shown[SHOWN_SIZE];	/* of certificate and key */
	struct tlsctx_times	 times;
	struct tlsctx_told	 told;
	unsigned int		 refs;
};

static int
set_config(struct tls_config *config, const struct tlsctx_config *c)
{
	uint32_t protocols;

	if (tls_config_parse_protocols(&protocols, c->protocols) == -1 ||
	    tls_config_set_protocols(config, protocols) == -1 ||
	    tls_config_set_alpn(config, "http/1.1") == -1 ||
	    tls_config_set_session_lifetime(config, 0) == -1 ||
	    tls_config_set_ca_mem(config, c->ca, c->calen) == -1)
		return (-1);
	if (c->cert != NULL && tls_config_set_keypair_mem(config, c->cert,
	    c->certlen, c->key, c->keylen) == -1)
		return (-1);
	if (c->crl != NULL)
		return (tls_config_set_crl_mem(config, c->crl, c->crllen));
	return (0);
}

/* What peers are shown: a hash, for the comparison with another context. */
static int
note_shown(struct tlsctx *ctx, const struct tlsctx_config *c)
{
	EVP_MD_CTX *md;
	unsigned int len;
	bool good;

	if ((md = EVP_MD_CTX_new()) == NULL)
		return (-1);
	good = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(md, c->protocols,
	    strlen(c->protocols) + 1) == 1 &&
	    EVP_DigestUpdate(md, &c->certlen, sizeof(c->certlen)) == 1 &&
	    EVP_DigestUpdate(md, c->cert, c->certlen) == 1 &&
	    EVP_DigestUpdate(md, c->key, c->keylen) == 1 &&
	    EVP_DigestFinal_ex(md, ctx->shown, &len) == 1;
	EVP_MD_CTX_free(md);
	return (good ? 0 : -1);
}

/* Takes the text of what failed. */
static struct tlsctx *
failed(struct tlsctx *ctx, const char *text, char *err, size_t errsize)
{
	snprintf(err, errsize, "%s", text != NULL ? text : "not configured");
	tlsctx_unref(ctx);
	ERR_clear_error();
	return (NULL);
}

/* With what a server and a client have in common; the config is kept. */
static struct tlsctx *
begin(const struct tlsctx_config *c, char *err, size_t errsize)
{
	struct tlsctx *ctx;

	ERR_clear_error();
	/* Without a CA of its own libtls would take the system's. */
	if (c->ca == NULL || c->calen == 0)
		return (failed(NULL, "no CA", err, errsize));
	if ((ctx = calloc(1, sizeof(*ctx))) == NULL ||
	    (ctx->config = tls_config_new()) == NULL)
		return (failed(ctx, "out of memory", err, errsize));
	ctx->refs = 1;
	if (set_config(ctx->config, c) == -1)
		return (failed(ctx, tls_config_error(ctx->config), err,
		    errsize));
	return (ctx);
}

/* Once libtls takes it: what it is compared by later. */
static struct tlsctx *
finish(struct tlsctx *ctx, const struct tlsctx_config *c, bool client,
    char *err, size_t errsize)
{
	ctx->trust = tlstrust_new(c->ca, c->calen, c->crl, c->crllen, client);
	if (ctx->trust == NULL)
		return (failed(ctx, "CA or CRL cannot be read", err,
		    errsize));
	if (note_shown(ctx, c) == -1)
		return (failed(ctx, "out of memory", err, errsize));
	ERR_clear_error();
	return (ctx);
}

static void
forget_config(struct tlsctx *ctx)
{
	if (ctx->config != NULL)
		tls_config_clear_keys(ctx->config);
	tls_config_free(ctx->config);
	ctx->config = NULL;
}

struct tlsctx *
tlsctx_server(const struct tlsctx_config *c, char *err, size_t errsize)
{
	struct tlsctx *ctx;

	if (c->cert == NULL)
		return (failed(NULL, "no certificate", err, errsize));
	if ((ctx = begin(c, err, errsize)) == NULL)
		return (NULL);
	tls_config_verify_client_optional(ctx->config);
	if ((ctx->tls = tls_server()) == NULL)
		return (failed(ctx, "out of memory", err, errsize));
	if (tls_configure(ctx->tls, ctx->config) == -1)
		return (failed(ctx, tls_error(ctx->tls), err, errsize));
	/* OpenSSL has its copy; this one is of no more use. */
	forget_config(ctx);
	return (finish(ctx, c, false, err, errsize));
}

/* ---- Clients ---------------------------------------------------------- */

/* The ends of a connection to nowhere. */
static ssize_t
read_nothing(struct tls *tls, void *buf, size_t len, void *arg)
{
	(void)tls;
	(void)buf;
	(void)len;
	(void)arg;
	return (TLS_WANT_POLLIN);
}

static ssize_t
write_nowhere(struct tls *tls, const void *buf, size_t len, void *arg)
{
	(void)tls;
	(void)buf;
	(void)arg;
	return ((ssize_t)len);
}

/* A client is not configured before it connects: whether it can be, now. */
static bool
try_client(struct tls_config *config, char *err, size_t errsize)
{
	struct tls *tls;
	int n = -1;

	if ((tls = tls_client()) == NULL) {
		snprintf(err, errsize, "out of memory");
		return (false);
	}
	if (tls_configure(tls, config) == 0 &&
	    tls_connect_cbs(tls, read_nothing, write_nowhere, NULL,
	    "localhost") == 0)
		n = tls_handshake(tls);
	if (n != TLS_WANT_POLLIN)
		snprintf(err, errsize, "%s", tls_error(tls) != NULL ?
		    tls_error(tls) : "not configured");
	tls_free(tls);
	ERR_clear_error();
	return (n == TLS_WANT_POLLIN);
}

struct tlsctx *
tlsctx_client(const struct tlsctx_config *c, char *err, size_t errsize)
{
	struct tlsctx *ctx;

	if ((ctx = begin(c, err, errsize)) == NULL)
		return (NULL);
	/*
	 * libtls would take the CN of a certificate without DNS names, and
	 * does not tell whose certificate it was: tlspeer_check() does both.
	 */
	tls_config_insecure_noverifyname(ctx->config);
	if (!try_client(ctx->config, err, errsize)) {
		tlsctx_unref(ctx);
		return (NULL);
	}
	return (finish(ctx, c, true, err, errsize));
}

struct tls *
tlsctx_client_tls(struct tlsctx *ctx)
{
	struct tls *tls;

	if (ctx->config == NULL || (tls = tls_client()) == NULL)
		return (NULL);
	if (tls_configure(tls, ctx->config) == 0)
		return (tls);
	tls_free(tls);
	return (NULL);
}

/* ---- References ------------------------------------------------------- */

void
tlsctx_set_times(struct tlsctx *ctx, const struct tlsctx_times *times)
{
	ctx->times = *times;
}

const struct tlsctx_times *
tlsctx_times(const struct tlsctx *ctx)
{
	return (&ctx->times);
}

struct tlsctx_told *
tlsctx_told(struct tlsctx *ctx)
{
	return (&ctx->told);
}

struct tlsctx *
tlsctx_ref(struct tlsctx *ctx)
{
	ctx->refs++;
	return (ctx);
}

void
tlsctx_unref(struct tlsctx *ctx)
{
	if (ctx == NULL || (ctx->refs > 0 && --ctx->refs > 0))
		return;
	tls_free(ctx->tls);
	/* libtls reads a client's key anew for each connection. */
	forget_config(ctx);
	tlstrust_free(ctx->trust);
	explicit_bzero(ctx->shown, sizeof(ctx->shown));
	free(ctx);
}

bool
tlsctx_shows_same(const struct tlsctx *a, const struct tlsctx *b)
{
	return (memcmp(a->shown, b->shown, SHOWN_SIZE) == 0);
}

bool
tlsctx_trusts(struct tlsctx *ctx, const uint8_t *chain, size_t len, char *why,
    size_t size)
{
	return (tlstrust_verify(ctx->trust, chain, len, why, size));
}

struct tls *
tlsctx_tls(struct tlsctx *ctx)
{
	return (ctx->tls);
}

/* ---- Preloading ------------------------------------------------------- */

/* As far as a client gets alone: algorithms, random, a hello. */
static int
preload_client(void)
{
	struct tls_config *config;
	char err[64];
	bool good;

	if ((config = tls_config_new()) == NULL)
		return (-1);
	/* Nobody is connected to; with a CA libtls would read the system's. */
	tls_config_insecure_noverifycert(config);
	tls_config_insecure_noverifyname(config);
	good = try_client(config, err, sizeof(err));
	tls_config_free(config);
	return (good ? 0 : -1);
}

/* What a connection would be the first to use. */
#ifdef LIBRESSL_VERSION_NUMBER
static int
preload(void)
{
	return (preload_client());
}
#else
static int
preload(void)
{
	static const char *const digests[] = { "SHA256", "SHA384", "SHA512" };
	unsigned char byte;
	struct tls *tls;
	EVP_MD *md;
	size_t i;

	if (RAND_bytes(&byte, 1) != 1 || RAND_priv_bytes(&byte, 1) != 1)
		return (-1);
	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if ((md = EVP_MD_fetch(NULL, digests[i], NULL)) == NULL)
			return (-1);
		EVP_MD_free(md);
	}
	if ((tls = tls_server()) == NULL)
		return (-1);
	tls_free(tls);
	return (preload_client());
}
#endif

int
tlsconn_init(void)
{
	struct sigaction sa;
	struct tm tm;
	time_t now;
	char name[8];

	/* OpenSSL writes to sockets with write(2). */
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGPIPE, &sa, NULL) == -1)
		return (-1);
	tzset();
	now = time(NULL);
	if (gmtime_r(&now, &tm) == NULL)
		return (-1);
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
	    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS |
	    OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 || tls_init() == -1 ||
	    preload() == -1)
		return (-1);
	(void)ERR_error_string(1, NULL);
	(void)strerror(ECONNRESET);
	(void)tlsconn_san((const uint8_t *)"-", 1, name, sizeof(name));
	ERR_clear_error();
	return (0);
}
