/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * regress/unit/tlspair.o */
/* libs: libtls libssl libcrypto libevent libseccomp */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <seccomp.h>

#include "common/tlsconn.h"
#include "regress/unit/tlspair.h"

/* ---- Handshakes -------------------------------------------------------- */

static void
test_named(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_null(tlsconn_version(p.o.c));
	UNTIL(&p, p.o.ready);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NAMED);
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	assert_true(tlsconn_peer_expiry(p.o.c) == EXPIRY);
	assert_string_equal(tlsconn_version(p.o.c), "TLSv1.3");
	pair_round_trip(&p);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

static void
test_no_name(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_up(&p, ctx, NULL);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NOCERT);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_true(tlsconn_peer_expiry(p.o.c) == 0);
	pair_round_trip(&p);
	pair_stop(&p);
	p.base = NULL;
	pair_up(&p, ctx, &unnamed);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NODNS);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_true(tlsconn_peer_expiry(p.o.c) == EXPIRY);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

/* A failed handshake tells the peer why and harms no other connection. */
static void
test_stranger(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 }, good = { 0 };

	(void)state;
	pair_up(&good, ctx, &named);
	pair_start(&p, ctx, &stranger, INPUT_SIZE);
	p.o.close_in = END;
	evbuffer_add(p.cl.tx, "request", 7);
	UNTIL(&p, p.o.ended == 1 && p.cl.failed);
	assert_int_equal(p.o.end, TLSCONN_FAILED);
	assert_int_equal(p.o.ready, 0);
	assert_true(strlen(p.o.error) > 0);
	/* The alert was read, not a reset. */
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()),
	    SSL_R_TLSV1_ALERT_UNKNOWN_CA);
	p.o.close_in = NEVER;
	shutdown(p.cl.fd, SHUT_WR);
	UNTIL(&p, p.o.ended == 2);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	pair_round_trip(&good);
	assert_int_equal(good.o.ended, 0);
	pair_stop(&p);
	pair_stop(&good);
	tlsctx_unref(ctx);
}

static void
test_garbage(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, NULL, INPUT_SIZE);
	pair_drop_tls(&p);
	evbuffer_add_printf(p.cl.tx, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	p.o.free_in = END;
	pair_refused(&p, NULL);

	/* A peer that only looks in. */
	p.base = NULL;
	pair_start(&p, ctx, NULL, INPUT_SIZE);
	shutdown(p.cl.fd, SHUT_WR);
	p.cl.noread = true;
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	pair_stop(&p);
	tlsctx_unref(ctx);
}

static void
test_protocols(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct tlsctx *both = server_ctx("tlsv1.2,tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, TLS1_2_VERSION);
	pair_refused(&p, NULL);
	p.base = NULL;
	pair_start(&p, both, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, TLS1_2_VERSION);
	UNTIL(&p, p.o.ready && p.cl.up);
	assert_string_equal(tlsconn_version(p.o.c), "TLSv1.2");
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	pair_round_trip(&p);
	pair_stop(&p);
	tlsctx_unref(ctx);
	tlsctx_unref(both);
}

static void
check_alpn(struct tlsctx *ctx, const char *offer, const char *want)
{
	struct pair p = { 0 };
	const unsigned char *got;
	unsigned int len;

	pair_start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_alpn_protos(p.cl.ssl, (const unsigned char *)offer,
	    (unsigned int)strlen(offer));
	UNTIL(&p, p.o.ready && p.cl.up);
	SSL_get0_alpn_selected(p.cl.ssl, &got, &len);
	assert_int_equal(len, strlen(want));
	if (len > 0)
		assert_memory_equal(got, want, len);
	pair_round_trip(&p);
	pair_stop(&p);
}

static void
test_alpn(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_alpn(ctx, "\x08http/1.1", "http/1.1");
	check_alpn(ctx, "\x02h2\x08http/1.1", "http/1.1");
	check_alpn(ctx, "\x02h2", "");
	tlsctx_unref(ctx);
}

/* A session of an earlier connection would skip the check of the peer. */
static void
check_resumption(struct tlsctx *ctx, int version)
{
	struct pair p = { 0 };
	SSL_SESSION *session;

	pair_start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, version);
	UNTIL(&p, p.o.ready && p.cl.up);
	pair_round_trip(&p);
	assert_non_null(session = SSL_get1_session(p.cl.ssl));
	if (version == TLS1_3_VERSION)
		assert_true(SSL_SESSION_is_resumable(session));
	/* In order, or OpenSSL would not offer it again. */
	SSL_shutdown(p.cl.ssl);
	UNTIL(&p, p.o.ended);
	pair_stop(&p);

	p.base = NULL;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, version);
	SSL_set_session(p.cl.ssl, session);
	UNTIL(&p, p.o.ready && p.cl.up);
	assert_int_equal(SSL_session_reused(p.cl.ssl), 0);
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	pair_round_trip(&p);
	SSL_SESSION_free(session);
	pair_stop(&p);
}

static void
test_no_resumption(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.2,tlsv1.3");

	(void)state;
	check_resumption(ctx, TLS1_3_VERSION);
	check_resumption(ctx, TLS1_2_VERSION);
	tlsctx_unref(ctx);
}

/* The connection lives on the context, whatever its owner does with it. */
static void
test_ctx_outlived(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 }, q = { 0 };

	(void)state;
	pair_start(&p, ctx, &named, INPUT_SIZE);
	pair_start(&q, ctx, &named, INPUT_SIZE);
	tlsctx_unref(ctx);
	UNTIL(&p, p.o.ready && p.cl.up);
	pair_stop(&p);
	UNTIL(&q, q.o.ready && q.cl.up);
	pair_round_trip(&q);
	pair_stop(&q);
	tlsctx_unref(NULL);
}

static void
test_crl(void **state)
{
	struct tlsctx *ctx = server_ctx_crl(&ca, PAST, FUTURE);
	struct tlsctx *without = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	pair_up(&p, without, &revoked);
	pair_stop(&p);
	p.base = NULL;
	pair_start(&p, ctx, &revoked, INPUT_SIZE);
	pair_refused(&p, NULL);
	p.base = NULL;
	pair_up(&p, ctx, &named);
	pair_stop(&p);
	tlsctx_unref(ctx);
	tlsctx_unref(without);
}

static void
check_config(const struct tlsctx_config *c)
{
	char err[256];

	err[0] = '\0';
	assert_null(tlsctx_server(c, err, sizeof(err)));
	assert_true(strlen(err) > 0);
	assert_true(ERR_peek_error() == 0);
}

static void
test_bad_config(void **state)
{
	static const uint8_t rubbish[] = "-----BEGIN RUBBISH-----\n";
	struct tlsctx_config c;

	(void)state;
	server_config(&c);
	c.key = (const uint8_t *)named.keypem;
	c.keylen = named.keypemlen;
	check_config(&c);
	server_config(&c);
	c.ca = rubbish;
	c.calen = sizeof(rubbish) - 1;
	check_config(&c);
	c.ca = NULL;
	check_config(&c);
	server_config(&c);
	c.cert = c.key = NULL;
	c.certlen = c.keylen = 0;
	check_config(&c);
	server_config(&c);
	c.cert = rubbish;
	c.certlen = sizeof(rubbish) - 1;
	check_config(&c);
	server_config(&c);
	c.protocols = "tlsv9";
	check_config(&c);
	server_config(&c);
	c.crl = rubbish;
	c.crllen = sizeof(rubbish) - 1;
	check_config(&c);
}

/* ---- Names ------------------------------------------------------------- */

static void
check_san(const struct san *sans, size_t n, enum tlsconn_peer want,
    const char *name)
{
	struct cert c;
	char got[512];

	make_cert(&c, &ca, "cn.example", sans, n);
	assert_int_equal(tlsconn_san((const uint8_t *)c.pem, c.pemlen, got,
	    sizeof(got)), want);
	assert_string_equal(got, name);
	assert_true(ERR_peek_error() == 0);
	free_cert(&c);
}

static void
test_san(void **state)
{
	static const char longest[] =
#define L50	"abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvw"
	    L50 L50 L50 L50 L50 "abc";
	static const struct san ip = { GEN_IPADD, "\x7f\0\0\1", 4 };
	static const struct san mail = { GEN_EMAIL, "a@b", 3 };
	static const struct san uri = { GEN_URI, "spiffe://a", 10 };
	static const struct {
		struct san	 sans[3];
		size_t		 n;
		const char	*name;		/* NULL: no name */
	} cases[] = {
		{ { DNS("a.b"), DNS("c.d") }, 2, "a.b" },
		{ { DNS("*.b") }, 1, "*.b" },
		{ { DNS("a'b~\" c") }, 1, "a'b~\" c" },
		{ { DNS("x\0.example") }, 1, NULL },
		{ { DNS("x.example\0") }, 1, NULL },
		{ { DNS("x\n") }, 1, NULL },
		{ { DNS("x\x7f") }, 1, NULL },
		{ { DNS("x\xc3\xa9") }, 1, NULL },
		{ { DNS("") }, 1, NULL },
		{ { DNS("x\n"), DNS("good") }, 2, NULL },
		{ { DNS("") , DNS("good") }, 2, NULL },
		{ { { GEN_DNS, longest, 253 } }, 1, longest },
		{ { { GEN_DNS, L50 L50 L50 L50 L50 "abcd", 254 } }, 1, NULL }
	};
	struct san mixed[3];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_san(cases[i].sans, cases[i].n, cases[i].name != NULL ?
		    TLSCONN_NAMED : TLSCONN_NODNS, cases[i].name != NULL ?
		    cases[i].name : "");
	mixed[0] = ip;
	mixed[1] = mail;
	mixed[2] = uri;
	check_san(mixed, 3, TLSCONN_NODNS, "");
	mixed[2] = cases[0].sans[0];
	check_san(mixed, 3, TLSCONN_NAMED, "a.b");
	check_san(NULL, 0, TLSCONN_NODNS, "");
}

static void
test_san_pem(void **state)
{
	const uint8_t *pem = (const uint8_t *)named.pem;
	char name[254], both[8192];
	size_t i;

	(void)state;
	assert_int_equal(tlsconn_san(pem, named.pemlen, name, 10),
	    TLSCONN_NAMED);
	assert_int_equal(tlsconn_san(pem, named.pemlen, name, 9),
	    TLSCONN_NODNS);
	assert_int_equal(tlsconn_san(pem, named.pemlen, name, 0),
	    TLSCONN_NODNS);
	for (i = 0; i < named.pemlen - 2; i++)
		assert_int_equal(tlsconn_san(pem, i, name, sizeof(name)),
		    TLSCONN_NOCERT);
	assert_true(ERR_peek_error() == 0);
	/* The second certificate of a chain has no say. */
	assert_true(unnamed.pemlen + named.pemlen < sizeof(both));
	memcpy(both, unnamed.pem, unnamed.pemlen);
	memcpy(both + unnamed.pemlen, named.pem, named.pemlen);
	assert_int_equal(tlsconn_san((const uint8_t *)both, unnamed.pemlen +
	    named.pemlen, name, sizeof(name)), TLSCONN_NODNS);
}

/* ---- After tlsconn_init no file is opened ------------------------------ */

static void
forbid_files(void)
{
	scmp_filter_ctx filter;

	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL ||
	    seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(open),
	    0) != 0 || seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
	    SCMP_SYS(openat), 0) != 0 || seccomp_load(filter) != 0)
		_exit(2);
	seccomp_release(filter);
}

static void
test_no_files(void **state)
{
	struct tlsctx *ctx;
	struct pair p = { 0 };
	pid_t pid;
	int status;

	(void)state;
	assert_true((pid = fork()) != -1);
	if (pid == 0) {
		p.base = event_base_new();
		forbid_files();
		ctx = server_ctx("tlsv1.2,tlsv1.3");
		pair_up(&p, ctx, &named);
		pair_round_trip(&p);
		OWN(tlsconn_close(p.o.c, 1000));
		UNTIL(&p, p.cl.eof);
		pair_stop(&p);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_sigpipe(void **state)
{
	struct sigaction sa;

	(void)state;
	assert_int_equal(sigaction(SIGPIPE, NULL, &sa), 0);
	assert_true(sa.sa_handler == SIG_IGN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_sigpipe),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_no_resumption),
		cmocka_unit_test(test_ctx_outlived),
		cmocka_unit_test(test_crl),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_san),
		cmocka_unit_test(test_san_pem)
	};

	return (cmocka_run_group_tests_name("tlsctx", tests, pair_setup,
	    pair_teardown));
}
