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

struct tlsctx {
	struct tls	*tls;
	unsigned int	 refs;
};

static int
set_trust(struct tls_config *config, const struct tlsctx_config *c)
{
	if (tls_config_set_ca_mem(config, c->ca, c->calen) == -1)
		return (-1);
	if (c->crl != NULL &&
	    tls_config_set_crl_mem(config, c->crl, c->crllen) == -1)
		return (-1);
	tls_config_verify_client_optional(config);
	return (0);
}

static int
set_config(struct tls_config *config, const struct tlsctx_config *c)
{
	uint32_t protocols;

	if (tls_config_parse_protocols(&protocols, c->protocols) == -1 ||
	    tls_config_set_protocols(config, protocols) == -1 ||
	    tls_config_set_alpn(config, "http/1.1") == -1 ||
	    tls_config_set_session_lifetime(config, 0) == -1 ||
	    tls_config_set_keypair_mem(config, c->cert, c->certlen, c->key,
	    c->keylen) == -1)
		return (-1);
	return (set_trust(config, c));
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

struct tlsctx *
tlsctx_server(const struct tlsctx_config *c, char *err, size_t errsize)
{
	struct tls_config *config;
	struct tlsctx *ctx;
	bool good;

	ERR_clear_error();
	/* Without a CA of its own libtls would take the system's. */
	if (c->ca == NULL || c->calen == 0)
		return (failed(NULL, "no CA", err, errsize));
	if ((ctx = calloc(1, sizeof(*ctx))) == NULL ||
	    (ctx->tls = tls_server()) == NULL ||
	    (config = tls_config_new()) == NULL)
		return (failed(ctx, "out of memory", err, errsize));
	ctx->refs = 1;
	if (set_config(config, c) == -1) {
		failed(ctx, tls_config_error(config), err, errsize);
		tls_config_free(config);
		return (NULL);
	}
	good = tls_configure(ctx->tls, config) == 0;
	/* OpenSSL has its copy; this one is of no more use. */
	tls_config_clear_keys(config);
	tls_config_free(config);
	if (!good)
		return (failed(ctx, tls_error(ctx->tls), err, errsize));
	ERR_clear_error();
	return (ctx);
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
	free(ctx);
}

struct tls *
tlsctx_tls(struct tlsctx *ctx)
{
	return (ctx->tls);
}

/* What a connection would be the first to use. */
#ifdef LIBRESSL_VERSION_NUMBER
static int
preload(void)
{
	return (0);
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
	return (0);
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
