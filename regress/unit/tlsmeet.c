/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <openssl/err.h>

#include "regress/unit/tlsmeet.h"

static void
copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text != NULL ? text : "(none)");
}

void
say(struct side *s, const char *text)
{
	evbuffer_add(tlsconn_output(s->c), text, strlen(text));
	tlsconn_flush(s->c);
}

static void
on_ready(struct tlsconn *c, void *arg)
{
	struct side *s = arg;

	s->ready++;
	copy(s->name, sizeof(s->name), tlsconn_peer_name(c));
	copy(s->subject, sizeof(s->subject), tlsconn_peer_subject(c));
	copy(s->version, sizeof(s->version), tlsconn_version(c));
	s->expiry = tlsconn_peer_expiry(c);
	if (s->pause)
		tlsconn_pause(c);
	if (s->talk)
		say(s, "hello");
}

static void
on_input(struct tlsconn *c, void *arg)
{
	struct side *s = arg;
	struct evbuffer *in = tlsconn_input(c);

	s->got += evbuffer_get_length(in);
	if (s->echo) {
		evbuffer_add_buffer(tlsconn_output(c), in);
		tlsconn_flush(c);
	} else
		evbuffer_drain(in, evbuffer_get_length(in));
}

static void
on_drained(struct tlsconn *c, void *arg)
{
	(void)c;
	(void)arg;
}

/* The server has still to be read by the client that it refused. */
static void
on_end(struct tlsconn *c, enum tlsconn_end end, void *arg)
{
	struct side *s = arg;

	if (s->ended++ > 0)
		return;
	s->end = end;
	copy(s->error, sizeof(s->error), tlsconn_error(c));
	if (end == TLSCONN_FAILED)
		tlsconn_close(c, 100000);
}

const struct tlsconn_cb meet_cb = { on_ready, on_input, on_drained,
    on_end };

void
client_config(struct tlsctx_config *c, const struct cert *cert)
{
	server_config(c);
	c->cert = (const uint8_t *)cert->pem;
	c->certlen = cert->pemlen;
	c->key = (const uint8_t *)cert->keypem;
	c->keylen = cert->keypemlen;
}

struct tlsctx *
make_client(const struct tlsctx_config *c)
{
	struct tlsctx *ctx;
	char err[256];

	if ((ctx = tlsctx_client(c, err, sizeof(err))) == NULL)
		fail_msg("tlsctx_client: %s", err);
	return (ctx);
}

struct tlsctx *
client_ctx(const struct cert *cert)
{
	struct tlsctx_config c;

	client_config(&c, cert);
	return (make_client(&c));
}

struct tlsctx *
server_with(const struct cert *cert)
{
	struct tlsctx_config c;
	struct tlsctx *ctx;
	char err[256];

	client_config(&c, cert);
	assert_non_null(ctx = tlsctx_server(&c, err, sizeof(err)));
	return (ctx);
}

void
meet(struct meeting *m, struct tlsctx *sctx, struct tlsctx *cctx,
    const char *name)
{
	int fds[2];

	if (m->base == NULL)
		assert_non_null(m->base = event_base_new());
	tcp_pair(fds);
	m->fd = fds[0];
	if (sctx != NULL) {
		m->server.c = tlsconn_accept(m->base, sctx, fds[0],
		    INPUT_SIZE, &meet_cb, &m->server);
		assert_non_null(m->server.c);
	}
	m->client.c = tlsconn_connect(m->base, cctx, fds[1], name,
	    INPUT_SIZE, &meet_cb, &m->client);
	assert_non_null(m->client.c);
	assert_int_equal(m->client.ready, 0);
}

void
part(struct meeting *m)
{
	if (m->server.c == NULL && m->fd != -1)
		close(m->fd);
	tlsconn_free(m->server.c);
	tlsconn_free(m->client.c);
	event_base_free(m->base);
	assert_int_equal(ERR_peek_error(), 0);
}

void
check_good(struct tlsctx *sctx, struct tlsctx *cctx, const char *name,
    const char *version)
{
	struct meeting m = { 0 };

	m.server.echo = true;
	meet(&m, sctx, cctx, name);
	TURNS_UNTIL(&m, m.client.ready && m.server.ready);
	assert_string_equal(m.client.version, version);
	assert_string_equal(m.server.name, "a.example");
	assert_string_equal(m.client.subject, "/CN=localhost");
	assert_true(m.client.expiry == EXPIRY);
	say(&m.client, "hello");
	TURNS_UNTIL(&m, m.client.got == 5);
	tlsconn_close(m.client.c, 1000);
	TURNS_UNTIL(&m, m.server.ended);
	assert_int_equal(m.server.end, TLSCONN_EOF);
	tlsconn_free(m.server.c);
	m.server.c = NULL;
	m.fd = -1;
	TURNS_UNTIL(&m, m.client.ended);
	assert_int_equal(m.client.end, TLSCONN_CLOSED);
	assert_int_equal(m.client.ready, 1);
	part(&m);
}
