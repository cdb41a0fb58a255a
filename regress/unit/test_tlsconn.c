/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/tlsconn.o common/tlsctx.o common/tlsio.o common/tlspeer.o */
/* libs: libtls libssl libcrypto libevent libseccomp */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
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
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <seccomp.h>
#include <tls.h>

#include "common/clock.h"
#include "common/tlsconn.h"

#define INPUT_SIZE	65536
#define EXPIRY		4102444800	/* 2100-01-01 */

/* ---- libtls, watched --------------------------------------------------- */

static unsigned int	 reads;
static unsigned int	 writes;
static size_t		 retry_len;	/* of the write that has to be repeated */
static uint8_t		 retry_data[16384];
static bool		 watch_retry;

ssize_t
tls_read(struct tls *ctx, void *buf, size_t len)
{
	static ssize_t (*real)(struct tls *, void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "tls_read");
	reads++;
	return (real(ctx, buf, len));
}

ssize_t
tls_write(struct tls *ctx, const void *buf, size_t len)
{
	static ssize_t (*real)(struct tls *, const void *, size_t);
	ssize_t n;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "tls_write");
	writes++;
	assert_in_range(len, 1, 16384);
	if (watch_retry && retry_len > 0) {
		assert_int_equal(len, retry_len);
		assert_memory_equal(buf, retry_data, len);
	}
	n = real(ctx, buf, len);
	retry_len = 0;
	if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT) {
		retry_len = len;
		memcpy(retry_data, buf, len);
	}
	return (n);
}

/* ---- Certificates ------------------------------------------------------ */

struct cert {
	X509		*x509;
	EVP_PKEY	*key;
	char		*pem;
	size_t		 pemlen;
	char		*keypem;
	size_t		 keypemlen;
};

struct san {
	int		 type;
	const char	*data;
	size_t		 len;
};

static struct cert ca, other_ca, server, named, unnamed, stranger, revoked;

static void
copy_bio(BIO *bio, char **out, size_t *len)
{
	char *data;
	long n;

	n = BIO_get_mem_data(bio, &data);
	assert_true(n > 0);
	*len = (size_t)n;
	assert_non_null(*out = malloc(*len));
	memcpy(*out, data, *len);
	BIO_free(bio);
}

static void
add_sans(X509 *x, const struct san *sans, size_t nsans)
{
	GENERAL_NAMES *names;
	GENERAL_NAME *name;
	ASN1_STRING *s;
	size_t i;

	if (nsans == 0)
		return;
	names = sk_GENERAL_NAME_new_null();
	for (i = 0; i < nsans; i++) {
		s = ASN1_STRING_type_new(sans[i].type == GEN_IPADD ?
		    V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
		ASN1_STRING_set(s, sans[i].data, (int)sans[i].len);
		name = GENERAL_NAME_new();
		GENERAL_NAME_set0_value(name, sans[i].type, s);
		sk_GENERAL_NAME_push(names, name);
	}
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
	    X509V3_ADD_DEFAULT), 1);
	GENERAL_NAMES_free(names);
}

static void
make_cert(struct cert *c, const struct cert *issuer, const char *cn,
    const struct san *sans, size_t nsans)
{
	static long serial = 1;
	BASIC_CONSTRAINTS *basic;
	X509_NAME *name;
	BIO *bio;

	assert_non_null(c->key = EVP_EC_gen("P-256"));
	assert_non_null(c->x509 = X509_new());
	X509_set_version(c->x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c->x509), serial++);
	ASN1_TIME_set(X509_getm_notBefore(c->x509), 946684800);
	ASN1_TIME_set(X509_getm_notAfter(c->x509), EXPIRY);
	name = X509_get_subject_name(c->x509);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(c->x509, issuer != NULL ?
	    X509_get_subject_name(issuer->x509) : name);
	X509_set_pubkey(c->x509, c->key);
	if (issuer == NULL) {
		basic = BASIC_CONSTRAINTS_new();
		basic->ca = 1;
		X509_add1_ext_i2d(c->x509, NID_basic_constraints, basic, 1,
		    X509V3_ADD_DEFAULT);
		BASIC_CONSTRAINTS_free(basic);
	}
	add_sans(c->x509, sans, nsans);
	assert_true(X509_sign(c->x509, issuer != NULL ? issuer->key : c->key,
	    EVP_sha256()) > 0);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, c->x509);
	copy_bio(bio, &c->pem, &c->pemlen);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, c->key, NULL, NULL, 0, NULL, NULL);
	copy_bio(bio, &c->keypem, &c->keypemlen);
}

static void
free_cert(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c->pem);
	free(c->keypem);
}

#define DNS(s)	{ GEN_DNS, s, sizeof(s) - 1 }

static int
setup(void **state)
{
	static const struct san local[] = { DNS("localhost") };
	static const struct san two[] = { DNS("a.example"), DNS("b.example") };

	(void)state;
	if (tlsconn_init() == -1)
		return (-1);
	make_cert(&ca, NULL, "ca", NULL, 0);
	make_cert(&other_ca, NULL, "other", NULL, 0);
	make_cert(&server, &ca, "localhost", local, 1);
	make_cert(&named, &ca, "cn.example", two, 2);
	make_cert(&unnamed, &ca, "cn.example", NULL, 0);
	make_cert(&revoked, &ca, "revoked.example", local, 1);
	make_cert(&stranger, &other_ca, "a.example", two, 2);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	free_cert(&ca);
	free_cert(&other_ca);
	free_cert(&server);
	free_cert(&named);
	free_cert(&unnamed);
	free_cert(&revoked);
	free_cert(&stranger);
	return (0);
}

static void
server_config(struct tlsctx_config *c)
{
	memset(c, 0, sizeof(*c));
	c->ca = (const uint8_t *)ca.pem;
	c->calen = ca.pemlen;
	c->cert = (const uint8_t *)server.pem;
	c->certlen = server.pemlen;
	c->key = (const uint8_t *)server.keypem;
	c->keylen = server.keypemlen;
	c->protocols = "tlsv1.3";
}

static struct tlsctx *
server_ctx(const char *protocols)
{
	struct tlsctx_config c;
	struct tlsctx *ctx;
	char err[256];

	server_config(&c);
	c.protocols = protocols;
	if ((ctx = tlsctx_server(&c, err, sizeof(err))) == NULL)
		fail_msg("tlsctx_server: %s", err);
	return (ctx);
}

/* ---- Both ends --------------------------------------------------------- */

enum when { NEVER, READY, INPUT, DRAINED, END };

struct owner {
	struct tlsconn	*c;		/* NULL once freed */
	enum when	 free_in;
	enum when	 close_in;
	bool		 echo;
	bool		 keep;		/* input is left where it is */
	bool		 pause_ready;
	int		 ready;
	int		 input;
	int		 drained;
	int		 ended;
	enum tlsconn_end end;
	size_t		 got;
	char		 error[128];
};

/* A client whose TLS writes to memory; the test moves the bytes. */
struct client {
	SSL_CTX		*ctx;
	SSL		*ssl;		/* NULL: plain */
	BIO		*net;		/* what SSL has written */
	int		 fd;
	bool		 noread;
	size_t		 piece;		/* moved at once; 0: all */
	bool		 up;
	bool		 eof;		/* close_notify or a plain end */
	bool		 fin;
	bool		 failed;
	struct evbuffer	*tx;		/* to be encrypted */
	struct evbuffer	*raw;		/* to be sent */
	struct evbuffer	*rx;		/* decrypted */
	size_t		 rawin;
};

struct pair {
	struct event_base	*base;
	struct owner		 o;
	struct client		 cl;
};

static int	 calling;	/* depth of tlsconn_ calls by the owner */

#define OWN(call)	do {						\
	calling++;							\
	call;								\
	calling--;							\
} while (0)

static bool
owner_does(struct owner *o, enum when when)
{
	if (o->close_in == when)
		OWN(tlsconn_close(o->c, 1 << 20));
	if (o->free_in != when)
		return (false);
	OWN(tlsconn_free(o->c));
	o->c = NULL;
	return (true);
}

static void
on_ready(struct tlsconn *c, void *arg)
{
	struct owner *o = arg;

	assert_int_equal(calling, 0);
	assert_ptr_equal(c, o->c);
	assert_int_equal(o->ready++, 0);
	if (o->pause_ready)
		OWN(tlsconn_pause(c));
	owner_does(o, READY);
}

static void
on_input(struct tlsconn *c, void *arg)
{
	struct owner *o = arg;
	struct evbuffer *in;

	assert_int_equal(calling, 0);
	assert_int_equal(o->ready, 1);
	/* What somebody left behind is not a failure of this connection. */
	ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
	o->input++;
	in = tlsconn_input(c);
	assert_in_range(evbuffer_get_length(in), 1, 1 << 20);
	if (owner_does(o, INPUT) || o->keep)
		return;
	o->got += evbuffer_get_length(in);
	if (o->echo) {
		evbuffer_add_buffer(tlsconn_output(c), in);
		OWN(tlsconn_flush(c));
	} else
		evbuffer_drain(in, evbuffer_get_length(in));
}

static void
on_drained(struct tlsconn *c, void *arg)
{
	struct owner *o = arg;

	assert_int_equal(calling, 0);
	assert_int_equal(evbuffer_get_length(tlsconn_output(c)), 0);
	o->drained++;
	owner_does(o, DRAINED);
}

static void
on_end(struct tlsconn *c, enum tlsconn_end end, void *arg)
{
	struct owner *o = arg;

	assert_int_equal(calling, 0);
	o->ended++;
	o->end = end;
	snprintf(o->error, sizeof(o->error), "%s", tlsconn_error(c));
	owner_does(o, END);
}

static const struct tlsconn_cb callbacks = { on_ready, on_input, on_drained,
    on_end };

static void
tcp_pair(int fds[2])
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int lfd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true((lfd = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	assert_int_equal(bind(lfd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(lfd, 1), 0);
	getsockname(lfd, (struct sockaddr *)&sin, &len);
	assert_true((fds[1] = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	assert_int_equal(connect(fds[1], (struct sockaddr *)&sin, sizeof(sin)),
	    0);
	assert_true((fds[0] = accept(lfd, NULL, NULL)) != -1);
	close(lfd);
	evutil_make_socket_nonblocking(fds[0]);
	evutil_make_socket_nonblocking(fds[1]);
}

static SSL_CTX *
client_ctx(const struct cert *cert)
{
	SSL_CTX *ctx;

	assert_non_null(ctx = SSL_CTX_new(TLS_client_method()));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca.x509);
	if (cert != NULL) {
		SSL_CTX_use_certificate(ctx, cert->x509);
		SSL_CTX_use_PrivateKey(ctx, cert->key);
	}
	return (ctx);
}

static void
start_client(struct client *cl, int fd, const struct cert *cert, bool plain)
{
	cl->fd = fd;
	cl->tx = evbuffer_new();
	cl->raw = evbuffer_new();
	cl->rx = evbuffer_new();
	cl->up = plain;
	if (plain)
		return;
	cl->ctx = client_ctx(cert);
	assert_non_null(cl->ssl = SSL_new(cl->ctx));
	cl->net = BIO_new(BIO_s_mem());
	SSL_set_bio(cl->ssl, BIO_new(BIO_s_mem()), cl->net);
	BIO_set_mem_eof_return(SSL_get_rbio(cl->ssl), -1);
	SSL_set_mode(cl->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_set_connect_state(cl->ssl);
}

static void
start(struct pair *p, struct tlsctx *ctx, const struct cert *cert,
    size_t max_input)
{
	struct event_base *base = p->base;
	int fds[2];

	memset(p, 0, sizeof(*p));
	assert_non_null(p->base = base != NULL ? base : event_base_new());
	tcp_pair(fds);
	start_client(&p->cl, fds[1], cert, ctx == NULL);
	OWN(p->o.c = tlsconn_accept(p->base, ctx, fds[0], max_input,
	    &callbacks, &p->o));
	assert_non_null(p->o.c);
	assert_int_equal(tlsconn_fd(p->o.c), fds[0]);
	retry_len = 0;
}

static void
stop_client(struct client *cl)
{
	if (cl->fd != -1)
		close(cl->fd);
	SSL_free(cl->ssl);
	SSL_CTX_free(cl->ctx);
	evbuffer_free(cl->tx);
	evbuffer_free(cl->raw);
	evbuffer_free(cl->rx);
}

static void
stop(struct pair *p)
{
	tlsconn_free(p->o.c);
	stop_client(&p->cl);
	event_base_free(p->base);
	ERR_clear_error();
}

/* ---- The client's turn ------------------------------------------------- */

static void
client_receive(struct client *cl)
{
	char buf[65536];
	ssize_t n;

	if (cl->noread || cl->fd == -1)
		return;
	n = recv(cl->fd, buf, cl->piece > 0 ? cl->piece : sizeof(buf), 0);
	if (n == 0)
		cl->fin = true;
	if (n == -1 && errno != EAGAIN)
		cl->failed = true;
	if (n <= 0)
		return;
	cl->rawin += (size_t)n;
	if (cl->ssl != NULL)
		BIO_write(SSL_get_rbio(cl->ssl), buf, (int)n);
	else
		evbuffer_add(cl->rx, buf, (size_t)n);
}

static void
client_ssl(struct client *cl)
{
	char buf[16384];
	size_t len;
	int n, error;

	ERR_clear_error();
	if (!cl->up) {
		n = SSL_do_handshake(cl->ssl);
		cl->up = n == 1;
		error = SSL_get_error(cl->ssl, n);
		cl->failed |= n != 1 && error != SSL_ERROR_WANT_READ;
		return;
	}
	while ((len = evbuffer_get_length(cl->tx)) > 0 &&
	    evbuffer_get_length(cl->raw) < 65536) {
		if (len > sizeof(buf))
			len = sizeof(buf);
		n = SSL_write(cl->ssl, evbuffer_pullup(cl->tx,
		    (ev_ssize_t)len), (int)len);
		if (n <= 0)
			break;
		evbuffer_drain(cl->tx, (size_t)n);
	}
	while ((n = SSL_read(cl->ssl, buf, sizeof(buf))) > 0)
		evbuffer_add(cl->rx, buf, (size_t)n);
	error = SSL_get_error(cl->ssl, n);
	cl->eof |= error == SSL_ERROR_ZERO_RETURN;
	cl->failed |= error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
}

static void
client_send(struct client *cl)
{
	char buf[16384];
	size_t len;
	ssize_t n;
	int got;

	if (cl->fd == -1)
		return;
	if (cl->ssl == NULL)
		evbuffer_add_buffer(cl->raw, cl->tx);
	else
		while ((got = BIO_read(cl->net, buf, sizeof(buf))) > 0)
			evbuffer_add(cl->raw, buf, (size_t)got);
	if ((len = evbuffer_get_length(cl->raw)) == 0)
		return;
	if (len > (cl->piece > 0 ? cl->piece : 65536))
		len = cl->piece > 0 ? cl->piece : 65536;
	n = send(cl->fd, evbuffer_pullup(cl->raw, (ev_ssize_t)len), len,
	    MSG_NOSIGNAL);
	if (n > 0)
		evbuffer_drain(cl->raw, (size_t)n);
	else if (n == -1 && errno != EAGAIN) {
		cl->failed = true;
		evbuffer_drain(cl->raw, evbuffer_get_length(cl->raw));
	}
}

static void
turn(struct pair *p)
{
	client_receive(&p->cl);
	if (p->cl.ssl != NULL)
		client_ssl(&p->cl);
	client_send(&p->cl);
	event_base_loop(p->base, EVLOOP_NONBLOCK);
}

/* Turns until the condition holds; fails after a long time. */
#define UNTIL(p, cond)	do {						\
	uint64_t begun = clock_us();					\
	while (!(cond)) {						\
		turn(p);						\
		if (clock_us() - begun > 30 * 1000000)			\
			fail_msg("not reached: %s", #cond);		\
	}								\
} while (0)

/* Enough turns for whatever is under way on loopback to arrive. */
static void
settle(struct pair *p)
{
	int i;

	for (i = 0; i < 200; i++)
		turn(p);
}

static void
say(struct pair *p, const char *text)
{
	evbuffer_add(tlsconn_output(p->o.c), text, strlen(text));
	OWN(tlsconn_flush(p->o.c));
}

static size_t
received(struct pair *p)
{
	return (evbuffer_get_length(p->cl.rx));
}

static void
up(struct pair *p, struct tlsctx *ctx, const struct cert *cert)
{
	start(p, ctx, cert, INPUT_SIZE);
	UNTIL(p, p->o.ready && p->cl.up);
}

static void
round_trip(struct pair *p)
{
	size_t before = received(p);

	p->o.echo = true;
	evbuffer_add(p->cl.tx, "hello", 5);
	UNTIL(p, received(p) == before + 5);
}

/* ---- Handshakes -------------------------------------------------------- */

static void
test_named(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	start(&p, ctx, &named, INPUT_SIZE);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_null(tlsconn_version(p.o.c));
	UNTIL(&p, p.o.ready);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NAMED);
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	assert_true(tlsconn_peer_expiry(p.o.c) == EXPIRY);
	assert_string_equal(tlsconn_version(p.o.c), "TLSv1.3");
	round_trip(&p);
	stop(&p);
	tlsctx_unref(ctx);
}

static void
test_no_name(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	up(&p, ctx, NULL);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NOCERT);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_true(tlsconn_peer_expiry(p.o.c) == 0);
	round_trip(&p);
	stop(&p);
	p.base = NULL;
	up(&p, ctx, &unnamed);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NODNS);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_true(tlsconn_peer_expiry(p.o.c) == EXPIRY);
	stop(&p);
	tlsctx_unref(ctx);
}

/* A failed handshake tells the peer why and harms no other connection. */
static void
test_stranger(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 }, good = { 0 };

	(void)state;
	up(&good, ctx, &named);
	start(&p, ctx, &stranger, INPUT_SIZE);
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
	round_trip(&good);
	assert_int_equal(good.o.ended, 0);
	stop(&p);
	stop(&good);
	tlsctx_unref(ctx);
}

static void
test_garbage(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	start(&p, ctx, NULL, INPUT_SIZE);
	SSL_free(p.cl.ssl);
	p.cl.ssl = NULL;
	evbuffer_add_printf(p.cl.tx, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	p.o.free_in = END;
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_FAILED);
	stop(&p);

	/* A peer that only looks in. */
	p.base = NULL;
	start(&p, ctx, NULL, INPUT_SIZE);
	shutdown(p.cl.fd, SHUT_WR);
	p.cl.noread = true;
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	stop(&p);
	tlsctx_unref(ctx);
}

static void
test_protocols(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct tlsctx *both = server_ctx("tlsv1.2,tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, TLS1_2_VERSION);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_FAILED);
	stop(&p);
	p.base = NULL;
	start(&p, both, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, TLS1_2_VERSION);
	UNTIL(&p, p.o.ready && p.cl.up);
	assert_string_equal(tlsconn_version(p.o.c), "TLSv1.2");
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	round_trip(&p);
	stop(&p);
	tlsctx_unref(ctx);
	tlsctx_unref(both);
}

static void
check_alpn(struct tlsctx *ctx, const char *offer, const char *want)
{
	struct pair p = { 0 };
	const unsigned char *got;
	unsigned int len;

	start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_alpn_protos(p.cl.ssl, (const unsigned char *)offer,
	    (unsigned int)strlen(offer));
	UNTIL(&p, p.o.ready && p.cl.up);
	SSL_get0_alpn_selected(p.cl.ssl, &got, &len);
	assert_int_equal(len, strlen(want));
	if (len > 0)
		assert_memory_equal(got, want, len);
	round_trip(&p);
	stop(&p);
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

	start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, version);
	UNTIL(&p, p.o.ready && p.cl.up);
	round_trip(&p);
	assert_non_null(session = SSL_get1_session(p.cl.ssl));
	if (version == TLS1_3_VERSION)
		assert_true(SSL_SESSION_is_resumable(session));
	/* In order, or OpenSSL would not offer it again. */
	SSL_shutdown(p.cl.ssl);
	UNTIL(&p, p.o.ended);
	stop(&p);

	p.base = NULL;
	start(&p, ctx, &named, INPUT_SIZE);
	SSL_set_max_proto_version(p.cl.ssl, version);
	SSL_set_session(p.cl.ssl, session);
	UNTIL(&p, p.o.ready && p.cl.up);
	assert_int_equal(SSL_session_reused(p.cl.ssl), 0);
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	round_trip(&p);
	SSL_SESSION_free(session);
	stop(&p);
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
	start(&p, ctx, &named, INPUT_SIZE);
	start(&q, ctx, &named, INPUT_SIZE);
	tlsctx_unref(ctx);
	UNTIL(&p, p.o.ready && p.cl.up);
	stop(&p);
	UNTIL(&q, q.o.ready && q.cl.up);
	round_trip(&q);
	stop(&q);
	tlsctx_unref(NULL);
}

static void
make_crl(char **pem, size_t *len)
{
	X509_CRL *crl;
	X509_REVOKED *r;
	ASN1_TIME *when;
	BIO *bio;

	assert_non_null(crl = X509_CRL_new());
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca.x509));
	when = ASN1_TIME_set(NULL, 946684800);
	X509_CRL_set1_lastUpdate(crl, when);
	r = X509_REVOKED_new();
	X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked.x509));
	X509_REVOKED_set_revocationDate(r, when);
	X509_CRL_add0_revoked(crl, r);
	ASN1_TIME_set(when, EXPIRY);
	X509_CRL_set1_nextUpdate(crl, when);
	ASN1_TIME_free(when);
	X509_CRL_sign(crl, ca.key, EVP_sha256());
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509_CRL(bio, crl);
	copy_bio(bio, pem, len);
	X509_CRL_free(crl);
}

static void
test_crl(void **state)
{
	struct tlsctx_config c;
	struct tlsctx *ctx, *without;
	struct pair p = { 0 };
	char err[256], *crl;

	(void)state;
	server_config(&c);
	make_crl(&crl, &c.crllen);
	c.crl = (const uint8_t *)crl;
	assert_non_null(ctx = tlsctx_server(&c, err, sizeof(err)));
	free(crl);
	without = server_ctx("tlsv1.3");
	up(&p, without, &revoked);
	stop(&p);
	p.base = NULL;
	start(&p, ctx, &revoked, INPUT_SIZE);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_FAILED);
	stop(&p);
	p.base = NULL;
	up(&p, ctx, &named);
	stop(&p);
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

/* ---- Data -------------------------------------------------------------- */

static void
test_byte_by_byte(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	start(&p, ctx, &named, INPUT_SIZE);
	p.cl.piece = 1;
	UNTIL(&p, p.o.ready && p.cl.up);
	assert_string_equal(tlsconn_peer_name(p.o.c), "a.example");
	round_trip(&p);
	round_trip(&p);
	assert_int_equal(p.o.input, 2);
	SSL_shutdown(p.cl.ssl);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	stop(&p);
	tlsctx_unref(ctx);
}

static void
check_echo(struct tlsctx *ctx)
{
	const size_t len = 5 * 1048576;
	struct pair p = { 0 };
	unsigned char *data, *got;
	size_t i;

	assert_non_null(data = malloc(len));
	for (i = 0; i < len; i++)
		data[i] = (unsigned char)(i * 2654435761U >> 13);
	up(&p, ctx, &named);
	p.o.echo = true;
	watch_retry = true;
	evbuffer_add(p.cl.tx, data, len);
	UNTIL(&p, received(&p) == len);
	watch_retry = false;
	assert_int_equal(p.o.got, len);
	assert_true(p.o.drained > 0);
	assert_non_null(got = evbuffer_pullup(p.cl.rx, -1));
	assert_memory_equal(got, data, len);
	free(data);
	stop(&p);
}

static void
test_echo(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_echo(ctx);
	check_echo(NULL);
	tlsctx_unref(ctx);
}

/* Answers of one turn leave in one record; nothing leaves unasked. */
static void
test_coalescing(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	unsigned int before;
	size_t raw;

	(void)state;
	up(&p, ctx, &named);
	round_trip(&p);
	settle(&p);
	before = writes;
	raw = p.cl.rawin;
	evbuffer_add(tlsconn_output(p.o.c), "one", 3);
	settle(&p);
	assert_int_equal(writes, before);
	say(&p, "two");
	say(&p, "three");
	assert_int_equal(writes, before);
	UNTIL(&p, received(&p) == 16);
	settle(&p);
	assert_int_equal(writes, before + 1);
	/* Header, type, tag: 5 + 1 + 16 bytes about the 11. */
	assert_int_equal(p.cl.rawin, raw + 11 + 22);
	assert_int_equal(p.o.drained, 2);
	OWN(tlsconn_flush(p.o.c));
	settle(&p);
	assert_int_equal(p.o.drained, 2);
	stop(&p);
	tlsctx_unref(ctx);
}

static void
check_never_reads(struct tlsctx *ctx)
{
	const size_t len = 16 * 1048576;
	struct pair p = { 0 };
	unsigned int before;
	size_t left;
	char *data;
	int i;

	assert_non_null(data = calloc(1, len));
	up(&p, ctx, &named);
	p.cl.noread = true;
	watch_retry = true;
	evbuffer_add(tlsconn_output(p.o.c), data, len);
	OWN(tlsconn_flush(p.o.c));
	for (i = 0; i < 20000; i++)
		turn(&p);
	left = evbuffer_get_length(tlsconn_output(p.o.c));
	assert_true(left > 0 && left < len);
	/* Neither the loop nor a flush writes while the socket is full. */
	before = writes;
	for (i = 0; i < 1000; i++) {
		OWN(tlsconn_flush(p.o.c));
		turn(&p);
	}
	assert_int_equal(writes, before);
	assert_int_equal(evbuffer_get_length(tlsconn_output(p.o.c)), left);
	/* More behind it does not change the piece that is begun. */
	say(&p, "end");
	p.cl.noread = false;
	UNTIL(&p, received(&p) == len + 3);
	assert_int_equal(p.o.drained, 1);
	watch_retry = false;
	free(data);
	stop(&p);
}

/* A short piece that did not fit is repeated as it was, not with more. */
static void
check_repeated(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[5000];
	struct evbuffer *out;
	unsigned int before;
	size_t total;
	int i;

	memset(data, 'x', sizeof(data));
	up(&p, ctx, &named);
	p.cl.noread = true;
	watch_retry = true;
	out = tlsconn_output(p.o.c);
	for (total = 0; evbuffer_get_length(out) == 0;
	    total += sizeof(data)) {
		evbuffer_add(out, data, sizeof(data));
		OWN(tlsconn_flush(p.o.c));
		turn(&p);
		turn(&p);
	}
	say(&p, "end");
	settle(&p);
	before = writes;
	for (i = 0; i < 100; i++) {
		OWN(tlsconn_flush(p.o.c));
		turn(&p);
	}
	assert_int_equal(writes, before);
	p.cl.noread = false;
	UNTIL(&p, received(&p) == total + 3);
	assert_int_equal(evbuffer_get_length(out), 0);
	watch_retry = false;
	stop(&p);
}

static void
test_never_reads(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_never_reads(ctx);
	check_never_reads(NULL);
	check_repeated(ctx);
	check_repeated(NULL);
	tlsctx_unref(ctx);
}

/* ---- Pausing ----------------------------------------------------------- */

/* One record, taken in bites: the rest is inside of OpenSSL, not the fd. */
static void
check_bites(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	struct evbuffer *in;
	char data[16384];
	unsigned int before;
	size_t total;

	memset(data, 'x', sizeof(data));
	start(&p, ctx, &named, 1000);
	p.o.keep = true;
	UNTIL(&p, p.o.ready && p.cl.up);
	evbuffer_add(p.cl.tx, data, sizeof(data));
	for (total = 0; total < sizeof(data);) {
		in = tlsconn_input(p.o.c);
		UNTIL(&p, evbuffer_get_length(in) > 0);
		settle(&p);
		assert_true(evbuffer_get_length(in) == 1000 ||
		    evbuffer_get_length(in) == sizeof(data) - total);
		before = reads;
		settle(&p);
		assert_int_equal(reads, before);
		/* No room was made: nothing happens. */
		OWN(tlsconn_resume(p.o.c));
		total += evbuffer_get_length(in);
		evbuffer_drain(in, evbuffer_get_length(in));
		before = (unsigned int)p.o.input;
		OWN(tlsconn_resume(p.o.c));
		assert_int_equal(p.o.input, before);
	}
	assert_int_equal(total, sizeof(data));
	stop(&p);
}

/* The owner takes each bite at once and does not ask for the next. */
static void
check_bites_taken(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[16384];

	memset(data, 'x', sizeof(data));
	start(&p, ctx, &named, 1000);
	UNTIL(&p, p.o.ready && p.cl.up);
	evbuffer_add(p.cl.tx, data, sizeof(data));
	UNTIL(&p, p.o.got == sizeof(data));
	assert_int_equal(p.o.input, 17);
	stop(&p);
}

static void
test_bites(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_bites(ctx);
	check_bites(NULL);
	check_bites_taken(ctx);
	tlsctx_unref(ctx);
}

static void
check_pause(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	unsigned int before;

	start(&p, ctx, &named, INPUT_SIZE);
	p.o.pause_ready = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	UNTIL(&p, p.o.ready && p.cl.up);
	settle(&p);
	assert_int_equal(p.o.input, 0);
	before = reads;
	settle(&p);
	assert_int_equal(reads, before);
	OWN(tlsconn_resume(p.o.c));
	assert_int_equal(p.o.input, 0);
	UNTIL(&p, p.o.got == 5);
	OWN(tlsconn_pause(p.o.c));
	evbuffer_add(p.cl.tx, "hello", 5);
	settle(&p);
	assert_int_equal(p.o.got, 5);
	OWN(tlsconn_resume(p.o.c));
	UNTIL(&p, p.o.got == 10);
	stop(&p);
}

static void
test_pause(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_pause(ctx);
	check_pause(NULL);
	tlsctx_unref(ctx);
}

/* ---- Ends -------------------------------------------------------------- */

static void
client_half_close(struct pair *p)
{
	UNTIL(p, evbuffer_get_length(p->cl.tx) == 0);
	if (p->cl.ssl != NULL)
		SSL_shutdown(p->cl.ssl);
	turn(p);
	UNTIL(p, evbuffer_get_length(p->cl.raw) == 0);
	shutdown(p->cl.fd, SHUT_WR);
}

/* A request and the end in one go: the answer comes, then the end. */
static void
check_half_close(struct tlsctx *ctx)
{
	struct pair p = { 0 };

	up(&p, ctx, &named);
	p.o.echo = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	client_half_close(&p);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	assert_int_equal(p.o.drained, 1);
	UNTIL(&p, received(&p) == 5);
	settle(&p);
	assert_int_equal(p.o.ended, 1);
	/* An answer that is late. */
	say(&p, "late");
	OWN(tlsconn_close(p.o.c, 1000));
	assert_int_equal(p.o.ended, 1);
	UNTIL(&p, p.o.ended == 2);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	UNTIL(&p, received(&p) == 9 && p.cl.fin);
	assert_int_equal(p.cl.eof, ctx != NULL);
	stop(&p);
}

static void
test_half_close(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_half_close(ctx);
	check_half_close(NULL);
	tlsctx_unref(ctx);
}

static void
check_gone(struct tlsctx *ctx, bool reset)
{
	struct linger linger = { 1, 0 };
	struct pair p = { 0 };

	up(&p, ctx, &named);
	round_trip(&p);
	if (reset)
		setsockopt(p.cl.fd, SOL_SOCKET, SO_LINGER, &linger,
		    sizeof(linger));
	close(p.cl.fd);
	p.cl.fd = -1;
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_EOF);
	settle(&p);
	assert_int_equal(p.o.ended, 1);
	stop(&p);
}

/* Without close_notify, and by a reset. */
static void
test_gone(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_gone(ctx, false);
	check_gone(ctx, true);
	check_gone(NULL, false);
	check_gone(NULL, true);
	tlsctx_unref(ctx);
}

/* Records that were tampered with. */
static void
test_broken_record(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	char zero[64] = { 0x17, 3, 3, 0, 59 };

	(void)state;
	up(&p, ctx, &named);
	round_trip(&p);
	evbuffer_add(p.cl.raw, zero, sizeof(zero));
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_FAILED);
	assert_true(strlen(p.o.error) > 0);
	stop(&p);
	tlsctx_unref(ctx);
}

/* The answer to a peer that is still sending arrives whole. */
static void
check_close(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[65536];
	size_t i;

	memset(data, 'x', sizeof(data));
	up(&p, ctx, &named);
	for (i = 0; i < 32; i++)
		evbuffer_add(p.cl.tx, data, sizeof(data));
	UNTIL(&p, p.o.input > 0);
	say(&p, "too large");
	OWN(tlsconn_close(p.o.c, 1 << 24));
	OWN(tlsconn_close(p.o.c, 0));
	i = (size_t)p.o.input;
	UNTIL(&p, received(&p) == 9 && p.cl.fin);
	assert_int_equal(p.cl.eof, ctx != NULL);
	UNTIL(&p, evbuffer_get_length(p.cl.tx) == 0);
	client_half_close(&p);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	assert_int_equal(p.o.input, i);
	assert_false(p.cl.failed);
	stop(&p);
}

/* One that never ends is not listened to for ever. */
static void
check_discard_limit(struct tlsctx *ctx)
{
	struct pair p = { 0 };
	char data[16384];

	memset(data, 'x', sizeof(data));
	up(&p, ctx, &named);
	settle(&p);
	OWN(tlsconn_close(p.o.c, 1000));
	UNTIL(&p, p.cl.fin);
	assert_int_equal(p.o.ended, 0);
	evbuffer_add(p.cl.tx, data, 900);
	settle(&p);
	assert_int_equal(p.o.ended, 0);
	evbuffer_add(p.cl.tx, data, 200);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	stop(&p);
}

static void
test_close(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");

	(void)state;
	check_close(ctx);
	check_close(NULL);
	check_discard_limit(ctx);
	check_discard_limit(NULL);
	tlsctx_unref(ctx);
}

/* Closed while the socket is full: all of it is sent before the farewell. */
static void
test_close_blocked(void **state)
{
	const size_t len = 16 * 1048576;
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };
	char *data;
	int i;

	(void)state;
	assert_non_null(data = calloc(1, len));
	up(&p, ctx, &named);
	p.cl.noread = true;
	evbuffer_add(tlsconn_output(p.o.c), data, len);
	OWN(tlsconn_flush(p.o.c));
	for (i = 0; i < 1000; i++)
		turn(&p);
	OWN(tlsconn_close(p.o.c, 1000));
	settle(&p);
	p.cl.noread = false;
	UNTIL(&p, p.cl.eof && p.cl.fin);
	assert_int_equal(received(&p), len);
	client_half_close(&p);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	free(data);
	stop(&p);
	tlsctx_unref(ctx);
}

static void
check_free(struct tlsctx *ctx, enum when when)
{
	struct pair p = { 0 };

	start(&p, ctx, &named, INPUT_SIZE);
	p.o.free_in = when;
	p.o.echo = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	if (when == END) {
		UNTIL(&p, received(&p) == 5);
		client_half_close(&p);
	}
	UNTIL(&p, p.o.c == NULL);
	UNTIL(&p, p.cl.fin || p.cl.failed);
	assert_int_equal(p.o.input, when > READY);
	assert_int_equal(p.o.drained, when > INPUT);
	assert_int_equal(p.o.ended, when == END);
	stop(&p);
}

static void
check_close_in(struct tlsctx *ctx, enum when when)
{
	struct pair p = { 0 };

	start(&p, ctx, &named, INPUT_SIZE);
	p.o.close_in = when;
	p.o.echo = true;
	evbuffer_add(p.cl.tx, "hello", 5);
	UNTIL(&p, p.cl.fin);
	shutdown(p.cl.fd, SHUT_WR);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	assert_int_equal(p.o.input, when > READY);
	/* What the owner appends after it in the same callback is sent. */
	assert_int_equal(received(&p), when > READY ? 5 : 0);
	assert_int_equal(p.cl.eof, ctx != NULL);
	stop(&p);
}

static void
test_within_callbacks(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	enum when when;

	(void)state;
	for (when = READY; when <= END; when++) {
		check_free(ctx, when);
		check_free(NULL, when);
	}
	for (when = READY; when <= DRAINED; when++) {
		check_close_in(ctx, when);
		check_close_in(NULL, when);
	}
	tlsctx_unref(ctx);
}

static void
test_close_in_handshake(void **state)
{
	struct tlsctx *ctx = server_ctx("tlsv1.3");
	struct pair p = { 0 };

	(void)state;
	start(&p, ctx, &named, INPUT_SIZE);
	OWN(tlsconn_close(p.o.c, 100000));
	UNTIL(&p, p.cl.fin);
	shutdown(p.cl.fd, SHUT_WR);
	UNTIL(&p, p.o.ended);
	assert_int_equal(p.o.end, TLSCONN_CLOSED);
	assert_int_equal(p.o.ready, 0);
	stop(&p);

	p.base = NULL;
	start(&p, ctx, &named, INPUT_SIZE);
	p.cl.piece = 100;
	turn(&p);
	turn(&p);
	OWN(tlsconn_free(p.o.c));
	p.o.c = NULL;
	settle(&p);
	assert_int_equal(p.o.ended, 0);
	stop(&p);
	tlsconn_free(NULL);
	tlsctx_unref(ctx);
}

static void
test_plain(void **state)
{
	struct pair p = { 0 };

	(void)state;
	start(&p, NULL, NULL, INPUT_SIZE);
	assert_int_equal(p.o.ready, 0);
	UNTIL(&p, p.o.ready);
	assert_int_equal(tlsconn_peer(p.o.c), TLSCONN_NOCERT);
	assert_null(tlsconn_peer_name(p.o.c));
	assert_null(tlsconn_version(p.o.c));
	assert_true(tlsconn_peer_expiry(p.o.c) == 0);
	round_trip(&p);
	stop(&p);
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
		up(&p, ctx, &named);
		round_trip(&p);
		OWN(tlsconn_close(p.o.c, 1000));
		UNTIL(&p, p.cl.eof);
		stop(&p);
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
		cmocka_unit_test(test_san_pem),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_coalescing),
		cmocka_unit_test(test_never_reads),
		cmocka_unit_test(test_bites),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_broken_record),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_blocked),
		cmocka_unit_test(test_within_callbacks),
		cmocka_unit_test(test_close_in_handshake),
		cmocka_unit_test(test_plain)
	};

	return (cmocka_run_group_tests_name("tlsconn", tests, setup,
	    teardown));
}
