/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
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
#include <tls.h>

#include "regress/unit/loopback.h"
#include "regress/unit/tlspair.h"

/* ---- libtls, watched --------------------------------------------------- */

unsigned int		 tls_reads;
unsigned int		 tls_writes;
static size_t		 retry_len;	/* of the write that has to be repeated */
static uint8_t		 retry_data[16384];
bool			 watch_retry;

ssize_t
tls_read(struct tls *ctx, void *buf, size_t len)
{
	static ssize_t (*real)(struct tls *, void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "tls_read");
	tls_reads++;
	return (real(ctx, buf, len));
}

ssize_t
tls_write(struct tls *ctx, const void *buf, size_t len)
{
	static ssize_t (*real)(struct tls *, const void *, size_t);
	ssize_t n;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "tls_write");
	tls_writes++;
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

struct cert ca, other_ca, server, named, unnamed, stranger, revoked;

void
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

void
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

void
free_cert(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c->pem);
	free(c->keypem);
}

void
set_dates(struct cert *c, const struct cert *issuer, time_t from, time_t to)
{
	ASN1_TIME_set(X509_getm_notBefore(c->x509), from);
	ASN1_TIME_set(X509_getm_notAfter(c->x509), to);
	assert_true(X509_sign(c->x509, issuer->key, EVP_sha256()) > 0);
}

void
revocation_list(const struct cert *issuer, time_t from, time_t to, char **pem,
    size_t *len)
{
	X509_CRL *crl;
	X509_REVOKED *r;
	ASN1_TIME *when;
	BIO *bio;

	assert_non_null(crl = X509_CRL_new());
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
	when = ASN1_TIME_set(NULL, from);
	X509_CRL_set1_lastUpdate(crl, when);
	r = X509_REVOKED_new();
	X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked.x509));
	X509_REVOKED_set_revocationDate(r, when);
	X509_CRL_add0_revoked(crl, r);
	ASN1_TIME_set(when, to);
	if (to != 0)
		X509_CRL_set1_nextUpdate(crl, when);
	ASN1_TIME_free(when);
	X509_CRL_sign(crl, issuer->key, EVP_sha256());
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509_CRL(bio, crl);
	copy_bio(bio, pem, len);
	X509_CRL_free(crl);
}

int
pair_setup(void **state)
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

int
pair_teardown(void **state)
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

void
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

struct tlsctx *
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

struct tlsctx *
server_ctx_crl(const struct cert *issuer, time_t from, time_t to)
{
	struct tlsctx_config c;
	struct tlsctx *ctx;
	char err[256], *crl;

	server_config(&c);
	revocation_list(issuer, from, to, &crl, &c.crllen);
	c.crl = (const uint8_t *)crl;
	assert_non_null(ctx = tlsctx_server(&c, err, sizeof(err)));
	free(crl);
	return (ctx);
}

/* ---- Both ends --------------------------------------------------------- */

int		 calling;

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

void
tcp_pair(int fds[2])
{
	in_port_t port;
	int lfd = loopback_listen(&port);

	fds[1] = loopback_dial(port);
	assert_true((fds[0] = accept(lfd, NULL, NULL)) != -1);
	close(lfd);
	evutil_make_socket_nonblocking(fds[0]);
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

void
pair_start(struct pair *p, struct tlsctx *ctx, const struct cert *cert,
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

void
pair_stop(struct pair *p)
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

void
pair_turn(struct pair *p)
{
	client_receive(&p->cl);
	if (p->cl.ssl != NULL)
		client_ssl(&p->cl);
	client_send(&p->cl);
	event_base_loop(p->base, EVLOOP_NONBLOCK);
}

void
pair_settle(struct pair *p)
{
	int i;

	for (i = 0; i < 200; i++)
		pair_turn(p);
}

void
pair_say(struct pair *p, const char *text)
{
	evbuffer_add(tlsconn_output(p->o.c), text, strlen(text));
	OWN(tlsconn_flush(p->o.c));
}

size_t
pair_received(struct pair *p)
{
	return (evbuffer_get_length(p->cl.rx));
}

void
pair_up(struct pair *p, struct tlsctx *ctx, const struct cert *cert)
{
	pair_start(p, ctx, cert, INPUT_SIZE);
	UNTIL(p, p->o.ready && p->cl.up);
}

void
pair_round_trip(struct pair *p)
{
	size_t before = pair_received(p);

	p->o.echo = true;
	evbuffer_add(p->cl.tx, "hello", 5);
	UNTIL(p, pair_received(p) == before + 5);
}

void
pair_drop_tls(struct pair *p)
{
	SSL_free(p->cl.ssl);
	p->cl.ssl = NULL;
}

void
pair_refused(struct pair *p, const char *error)
{
	UNTIL(p, p->o.ended);
	assert_int_equal(p->o.end, TLSCONN_FAILED);
	if (error != NULL)
		assert_string_equal(p->o.error, error);
	pair_stop(p);
}
