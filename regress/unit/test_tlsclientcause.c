/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * regress/unit/tlspair.o regress/unit/tlsmeet.o */
/* libs: libtls libssl libcrypto libevent */

/* What is said of a handshake begun here that failed. */

#include <sys/types.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/tlsconn.h"
#include "regress/unit/tlsmeet.h"

/* ---- The server's certificate ------------------------------------------ */

static void
check_refused(struct tlsctx *cctx, const struct cert *cert,
    const char *want, const char *told)
{
	struct tlsctx *sctx = server_with(cert);
	struct meeting m = { 0 };

	meet(&m, sctx, cctx, "localhost");
	TURNS_UNTIL(&m, m.client.ended && m.server.ended);
	assert_int_equal(m.client.ready, 0);
	assert_int_equal(m.client.end, TLSCONN_FAILED);
	assert_string_equal(m.client.error, want);
	assert_int_equal(m.server.end, TLSCONN_FAILED);
	assert_string_equal(m.server.error, told);
	part(&m);
	tlsctx_unref(sctx);
}

static void
redate(struct cert *c, const struct cert *issuer, time_t from, time_t to)
{
	BIO *bio = BIO_new(BIO_s_mem());

	set_dates(c, issuer, from, to);
	free(c->pem);
	PEM_write_bio_X509(bio, c->x509);
	copy_bio(bio, &c->pem, &c->pemlen);
}

static void
test_certificates(void **state)
{
	static const struct san local[] = { DNS("localhost") };
	struct tlsctx *cctx = client_ctx(&named);
	struct cert old, early, alone;

	(void)state;
	make_cert(&old, &ca, "old", local, 1);
	redate(&old, &ca, PAST, PAST + 1);
	make_cert(&early, &ca, "early", local, 1);
	redate(&early, &ca, FUTURE, FUTURE + 1);
	make_cert(&alone, NULL, "alone", local, 1);
	check_refused(cctx, &old, "server certificate: certificate has "
	    "expired",
	    "the client refused our certificate: certificate expired");
	check_refused(cctx, &early, "server certificate: certificate is "
	    "not yet valid",
	    "the client refused our certificate: bad certificate");
	check_refused(cctx, &stranger, "server certificate: unknown CA: "
	    "unable to get local issuer certificate",
	    "the client refused our certificate: unknown ca");
	check_refused(cctx, &alone, "server certificate: unknown CA: "
	    "self-signed certificate",
	    "the client refused our certificate: unknown ca");
	free_cert(&old);
	free_cert(&early);
	free_cert(&alone);
	tlsctx_unref(cctx);
}

static struct tlsctx *
client_with_crl(const struct cert *issuer, time_t from, time_t to)
{
	struct tlsctx_config c;
	struct tlsctx *ctx;
	char *crl;

	client_config(&c, &named);
	revocation_list(issuer, from, to, &crl, &c.crllen);
	c.crl = (const uint8_t *)crl;
	ctx = make_client(&c);
	free(crl);
	return (ctx);
}

static void
test_crls(void **state)
{
	static const char unknown[] =
	    "the client refused our certificate: unknown ca";
	struct tlsctx *good = client_with_crl(&ca, PAST, FUTURE);
	struct tlsctx *old = client_with_crl(&ca, PAST, PAST + 1);
	struct tlsctx *early = client_with_crl(&ca, FUTURE, FUTURE + 1);
	struct tlsctx *other = client_with_crl(&other_ca, PAST, FUTURE);
	struct tlsctx *sctx = server_ctx("tlsv1.3");

	(void)state;
	check_good(sctx, good, "localhost", "TLSv1.3");
	check_refused(good, &revoked, "server certificate: certificate "
	    "revoked",
	    "the client refused our certificate: certificate revoked");
	check_refused(old, &server, "the CRL has expired: no "
	    "server is trusted",
	    "the client refused our certificate: certificate expired");
	check_refused(early, &server, "the CRL is not yet "
	    "valid: no server is trusted",
	    "the client refused our certificate: bad certificate");
	check_refused(other, &server, "no CRL of the server "
	    "certificate's CA: no server of that CA is trusted", unknown);
	tlsctx_unref(good);
	tlsctx_unref(old);
	tlsctx_unref(early);
	tlsctx_unref(other);
	tlsctx_unref(sctx);
}

/* ---- Our certificate --------------------------------------------------- */

/* The alert comes when the client has long been ready, and has spoken. */
static void
check_our_cert(struct tlsctx *sctx, const struct cert *cert,
    const char *want)
{
	struct tlsctx *cctx = client_ctx(cert);
	struct meeting m = { 0 };

	m.client.talk = true;
	meet(&m, sctx, cctx, "localhost");
	TURNS_UNTIL(&m, m.client.ended && m.server.ended);
	assert_int_equal(m.client.ready, 1);
	assert_int_equal(m.client.end, TLSCONN_FAILED);
	assert_string_equal(m.client.error, want);
	assert_int_equal(m.server.ready, 0);
	part(&m);
	tlsctx_unref(cctx);
}

static void
test_our_certificate(void **state)
{
	struct tlsctx *sctx = server_ctx("tlsv1.3");
	struct tlsctx *with_list = server_ctx_crl(&ca, PAST, FUTURE);
	struct cert old;

	(void)state;
	check_our_cert(sctx, &stranger,
	    "the server refused our certificate: unknown ca");
	make_cert(&old, &ca, "old", NULL, 0);
	redate(&old, &ca, PAST, PAST + 1);
	check_our_cert(sctx, &old,
	    "the server refused our certificate: certificate expired");
	free_cert(&old);
	check_our_cert(with_list, &revoked,
	    "the server refused our certificate: certificate revoked");
	tlsctx_unref(with_list);
	tlsctx_unref(sctx);
}

/*
 * The alert came, and then the server was gone: what cannot be written any
 * more must not hide why.
 */
static void
test_alert_before_reset(void **state)
{
	struct linger linger = { 1, 0 };
	struct tlsctx *sctx = server_ctx("tlsv1.3");
	struct tlsctx *cctx = client_ctx(&stranger);
	struct meeting m = { 0 };

	(void)state;
	m.client.pause = true;
	meet(&m, sctx, cctx, "localhost");
	TURNS_UNTIL(&m, m.client.ready && m.server.ended);
	setsockopt(m.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	tlsconn_free(m.server.c);
	m.server.c = NULL;
	m.fd = -1;
	while (!m.client.ended) {
		say(&m.client, "hello");
		TURN(&m);
	}
	assert_int_equal(m.client.end, TLSCONN_FAILED);
	assert_string_equal(m.client.error,
	    "the server refused our certificate: unknown ca");
	part(&m);
	tlsctx_unref(cctx);
	tlsctx_unref(sctx);
}

/* A server that asks for no certificate. */
static void
test_not_asked(void **state)
{
	struct tlsctx *cctx = client_ctx(&named);
	struct meeting m = { 0 };
	SSL_CTX *octx;
	SSL *ssl;

	(void)state;
	meet(&m, NULL, cctx, "localhost");
	assert_non_null(octx = SSL_CTX_new(TLS_server_method()));
	SSL_CTX_use_certificate(octx, server.x509);
	SSL_CTX_use_PrivateKey(octx, server.key);
	assert_non_null(ssl = SSL_new(octx));
	SSL_set_fd(ssl, m.fd);
	while (!m.client.ready) {
		SSL_accept(ssl);
		event_base_loop(m.base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(SSL_accept(ssl), 1);
	assert_null(SSL_get0_peer_certificate(ssl));
	SSL_free(ssl);
	SSL_CTX_free(octx);
	ERR_clear_error();
	part(&m);
	tlsctx_unref(cctx);
}

/* ---- Servers that are none --------------------------------------------- */

static void
check_bytes(const void *bytes, size_t len, const char *want)
{
	struct tlsctx *cctx = client_ctx(&named);
	struct meeting m = { 0 };

	meet(&m, NULL, cctx, "localhost");
	assert_int_equal(send(m.fd, bytes, len, 0), len);
	TURNS_UNTIL(&m, m.client.ended);
	assert_int_equal(m.client.ready, 0);
	assert_int_equal(m.client.end, TLSCONN_FAILED);
	assert_string_equal(m.client.error, want);
	part(&m);
	tlsctx_unref(cctx);
}

static void
test_no_tls(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const char zero[100];

	(void)state;
	check_bytes(http, sizeof(http) - 1,
	    "what the server answers is not TLS");
	check_bytes(zero, sizeof(zero),
	    "what the server answers is not TLS");
	check_bytes("\x15\x03\x03\0\x02\x02\x28", 7,
	    "the server sent an alert: handshake failure");
	check_bytes("\x15\x03\x03\0\x02\x02\x74", 7,
	    "the server refused our certificate: certificate required");
	check_bytes("\x15\x03\x03\0\x02\x02\x31", 7,
	    "the server refused our certificate: access denied");
	check_bytes("\x15\x03\x03\0\x02\x02\x46", 7,
	    "the server sent an alert: protocol version");
}

static void
test_old_protocol(void **state)
{
	struct tlsctx *sctx = server_ctx("tlsv1.2");
	struct tlsctx *cctx = client_ctx(&named);
	struct meeting m = { 0 };

	(void)state;
	meet(&m, sctx, cctx, "localhost");
	TURNS_UNTIL(&m, m.client.ended);
	assert_int_equal(m.client.end, TLSCONN_FAILED);
	assert_string_equal(m.client.error,
	    "the server sent an alert: protocol version");
	part(&m);
	tlsctx_unref(cctx);
	tlsctx_unref(sctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_crls),
		cmocka_unit_test(test_our_certificate),
		cmocka_unit_test(test_alert_before_reset),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_old_protocol)
	};

	return (cmocka_run_group_tests_name("tlsclientcause", tests, pair_setup,
	    pair_teardown));
}
