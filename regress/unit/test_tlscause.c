/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * regress/unit/tlspair.o */
/* libs: libtls libssl libcrypto libevent */

/* What is said of a handshake that failed, and of a peer without a name. */

#include <sys/types.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/err.h>

#include "common/tlsconn.h"
#include "regress/unit/tlspair.h"

/* ---- The client's certificate ------------------------------------------ */

/* The context is kept: no text of one connection gets into another's. */
static void
check_refused(struct tlsctx *ctx, const struct cert *cert, const char *want)
{
	struct pair p = { 0 };

	pair_start(&p, ctx, cert, INPUT_SIZE);
	UNTIL(&p, p.o.ended);
	assert_int_equal(ERR_peek_error(), 0);
	pair_refused(&p, want);
}

static void
check_welcome(struct tlsctx *ctx, const struct cert *cert)
{
	struct pair p = { 0 };

	pair_up(&p, ctx, cert);
	pair_round_trip(&p);
	pair_stop(&p);
}

static void
test_certificates(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.2,tlsv1.3");
	struct cert old, early, forged, alone;

	(void)state;
	make_cert(&old, &ca, "old", NULL, 0);
	set_dates(&old, &ca, PAST, PAST + 1);
	make_cert(&early, &ca, "early", NULL, 0);
	set_dates(&early, &ca, FUTURE, FUTURE + 1);
	make_cert(&forged, &ca, "forged", NULL, 0);
	set_dates(&forged, &other_ca, PAST, FUTURE);
	make_cert(&alone, NULL, "alone", NULL, 0);
	check_refused(ctx, &old, "client certificate: certificate has "
	    "expired");
	check_refused(ctx, &early, "client certificate: certificate is not "
	    "yet valid");
	check_refused(ctx, &forged, "client certificate: certificate "
	    "signature failure");
	check_refused(ctx, &stranger, "client certificate: unknown CA: "
	    "unable to get local issuer certificate");
	check_refused(ctx, &alone, "client certificate: unknown CA: "
	    "self-signed certificate");
	check_welcome(ctx, &named);
	check_refused(ctx, &old, "client certificate: certificate has "
	    "expired");
	free_cert(&old);
	free_cert(&early);
	free_cert(&forged);
	free_cert(&alone);
	tlsctx_unref(ctx);
}

static void
test_crls(void **state)
{
	struct tlsctx *good = server_ctx_crl(&ca, PAST, FUTURE);
	struct tlsctx *old = server_ctx_crl(&ca, PAST, PAST + 1);
	struct tlsctx *early = server_ctx_crl(&ca, FUTURE, FUTURE + 1);
	struct tlsctx *other = server_ctx_crl(&other_ca, PAST, FUTURE);

	(void)state;
	check_welcome(good, &named);
	check_refused(good, &revoked, "client certificate: certificate "
	    "revoked");
	check_refused(old, &named, "the CRL has expired: no client can "
	    "connect");
	check_refused(early, &named, "the CRL is not yet valid: no client "
	    "can connect");
	check_refused(other, &named, "no CRL of the client certificate's CA: "
	    "no client of that CA can connect");
	/* Who shows none is let in, as ever. */
	check_welcome(old, NULL);
	tlsctx_unref(good);
	tlsctx_unref(old);
	tlsctx_unref(early);
	tlsctx_unref(other);
}

/* ---- What is no matter of certificates --------------------------------- */

static void
check_bytes(struct tlsctx *ctx, const char *bytes, const char *want)
{
	struct pair p = { 0 };

	pair_start(&p, ctx, NULL, INPUT_SIZE);
	pair_drop_tls(&p);
	evbuffer_add_printf(p.cl.tx, "%s", bytes);
	pair_refused(&p, want);
}

static void
test_no_tls(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_bytes(ctx, "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "plain HTTP on a TLS port");
	check_bytes(ctx, "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "plain HTTP on a TLS port");
	check_bytes(ctx, "SSH-2.0-client of something else\r\n",
	    "wrong version number");
	tlsctx_unref(ctx);
}

static void
test_old_protocol(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, TLS1_2_VERSION);
	pair_refused(&p, "client offers no protocol of \"tls protocols\"");
	tlsctx_unref(ctx);
}

static void
check_client_verifies(struct tlsctx *ctx, const char *host,
    X509_STORE *trusted, const char *want)
{
	struct pair p = { 0 };

	pair_start(&p, ctx, NULL, INPUT_SIZE);
	if (host != NULL)
		SSL_set1_host(p.cl.ssl, host);
	if (trusted != NULL)
		SSL_set1_verify_cert_store(p.cl.ssl, trusted);
	pair_refused(&p, want);
}

static void
test_refused_by_client(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	X509_STORE *empty = X509_STORE_new();

	(void)state;
	check_client_verifies(ctx, NULL, empty,
	    "the client refused our certificate: unknown ca");
	check_client_verifies(ctx, "elsewhere.example", NULL,
	    "the client refused our certificate: bad certificate");
	X509_STORE_free(empty);
	tlsctx_unref(ctx);
}

/* In the clear, between the flights of a handshake of TLS 1.2. */
static void
test_other_alert(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.2,tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, NULL, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, TLS1_2_VERSION);
	p.cl.noread = true;
	pair_settle(&p);
	pair_drop_tls(&p);
	evbuffer_add(p.cl.tx, "\x15\x03\x03\0\x02\x02\x28", 7);
	pair_refused(&p, "the client sent an alert: handshake failure");
	tlsctx_unref(ctx);
}

/* ---- Who it was -------------------------------------------------------- */

static void
add_text(struct cert *c, const char *field, const char *text, int len)
{
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c->x509), field,
	    MBSTRING_ASC, (const unsigned char *)text, len, -1, 0);
}

static void
check_subject(struct tlsctx *ctx, const struct cert *cert, const char *want)
{
	struct pair p = { 0 };

	pair_start(&p, ctx, cert, INPUT_SIZE);
	assert_null(tlsconn_peer_subject(p.o.c));
	UNTIL(&p, p.o.ready && p.cl.up);
	if (want == NULL)
		assert_null(tlsconn_peer_subject(p.o.c));
	else
		assert_string_equal(tlsconn_peer_subject(p.o.c), want);
	pair_stop(&p);
}

static void
test_subject(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct cert c;

	(void)state;
	check_subject(ctx, NULL, NULL);
	check_subject(ctx, &named, "/CN=cn.example");
	check_subject(ctx, &unnamed, "/CN=cn.example");
	make_cert(&c, &ca, "a", NULL, 0);
	add_text(&c, "O", "x\n\x7f\"", 4);
	set_dates(&c, &ca, PAST, FUTURE);
	check_subject(ctx, &c, "/CN=a/O=x\\x0A\\x7F\"");
	free_cert(&c);
	check_subject(NULL, NULL, NULL);
	tlsctx_unref(ctx);
}

/* The longest that fits, and a byte more. */
static void
test_long_subject(void **state)
{
	static const char sixty[] = "abcdefghijklmnopqrstuvwxyz0123456789"
	    "abcdefghijklmnopqrstuvwx";
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	char want[512];
	struct cert c;
	int last;

	(void)state;
	for (last = 55; last <= 56; last++) {
		make_cert(&c, &ca, "a", NULL, 0);
		add_text(&c, "OU", sixty, 60);
		add_text(&c, "OU", sixty, 60);
		add_text(&c, "OU", sixty, 60);
		add_text(&c, "O", sixty, last);
		set_dates(&c, &ca, PAST, FUTURE);
		snprintf(want, sizeof(want), "/CN=a/OU=%s/OU=%s/OU=%s/O=%.*s",
		    sixty, sixty, sixty, last, sixty);
		assert_int_equal(strlen(want), 200 + last);
		if (last == 56)
			memcpy(want + 252, "...", sizeof("..."));
		check_subject(ctx, &c, want);
		free_cert(&c);
	}
	tlsctx_unref(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_crls),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_old_protocol),
		cmocka_unit_test(test_refused_by_client),
		cmocka_unit_test(test_other_alert),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_long_subject)
	};

	return (cmocka_run_group_tests_name("tlscause", tests, pair_setup,
	    pair_teardown));
}
