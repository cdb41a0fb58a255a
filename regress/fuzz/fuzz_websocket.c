/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/websocket.o common/jsonscan.o common/hex.o
 */
/* libs: libevent wslay */
/* max_len: 2048 */

/*
 * Frames from a peer, in both roles: messages, pongs and the end must be those
 * that a plain reading of RFC 6455 gives, however the frames are cut; and what
 * is answered must be to the liking of our own other side.
 */

#include <event2/buffer.h>

#include "common/jsonscan.h"
#include "common/websocket.h"
#include "regress/fuzz/fuzz.h"
#include "regress/fuzz/pieces.h"

#define MAX_MESSAGE	300

struct side {
	struct websocket	*ws;
	struct evbuffer		*out;
	FILE			*f;	/* messages and pongs */
	char			*text;
	size_t			 len;
	bool			 over;	/* nothing more may be told */
};

static bool
is_utf8(const uint8_t *s, size_t len)
{
	size_t	 i, n;

	for (i = 0; i < len; i += n)
		if ((n = jsonscan_utf8((const char *)s + i, len - i)) == 0)
			return (false);
	return (true);
}

/* ---- RFC 6455, read plainly -------------------------------------------- */

struct reader {
	const uint8_t	*p;
	size_t		 n;
	bool		 server;
	int		 opcode;	/* of the message, or 0 */
	uint8_t		 message[MAX_MESSAGE];
	size_t		 len;
	int		 code;		/* of the refusal, or 0 */
	bool		 early;		/* may wait for a byte of payload */
	bool		 closed;	/* by the peer */
	int		 closecode;
	FILE		*f;
};

struct frame {
	bool		 fin;
	int		 opcode;
	uint64_t	 len;		/* as announced */
	size_t		 have;		/* of it */
	uint8_t		 data[70000];
};

/* 1; 0 where it is not all there; -1 where it is malformed. */
static int
read_header(struct reader *r, struct frame *fr, const uint8_t **mask)
{
	size_t	 i, need;

	if (r->n < 2)
		return (0);
	fr->fin = (r->p[0] & 0x80) != 0;
	fr->opcode = r->p[0] & 0x0f;
	if ((r->p[0] & 0x70) != 0 || ((r->p[1] & 0x80) != 0) != r->server ||
	    (fr->opcode > 2 && fr->opcode < 8) || fr->opcode > 10)
		return (-1);
	fr->len = r->p[1] & 0x7f;
	if (fr->opcode >= 8 && (!fr->fin || fr->len > 125))
		return (-1);
	if (fr->opcode < 8 && (fr->opcode == 0) != (r->opcode != 0))
		return (-1);
	need = fr->len == 126 ? 2 : fr->len == 127 ? 8 : 0;
	if (r->n < 2 + need + (r->server ? 4 : 0))
		return (0);
	if (need > 0)
		for (fr->len = 0, i = 0; i < need; i++)
			fr->len = fr->len << 8 | r->p[2 + i];
	if ((need == 2 && fr->len < 126) || (need == 8 &&
	    (fr->len < 65536 || fr->len >> 63 != 0)))
		return (-1);
	*mask = r->p + 2 + need;
	need += r->server ? 6 : 2;
	r->p += need;
	r->n -= need;
	return (1);
}

static void
read_payload(struct reader *r, struct frame *fr, const uint8_t *mask)
{
	size_t	 i;

	fr->have = fr->len > r->n ? r->n : (size_t)fr->len;
	if (fr->have > sizeof(fr->data))
		abort();
	for (i = 0; i < fr->have; i++)
		fr->data[i] = r->p[i] ^ (r->server ? mask[i % 4] : 0);
	r->p += fr->have;
	r->n -= fr->have;
}

/* Whether it can still become UTF-8. */
static bool
begins_utf8(const uint8_t *s, size_t len)
{
	static const char *const rest[] = {
		"\x80", "\x80\x80", "\x80\x80\x80", "\xbf\x80", "\xbf\x80\x80",
		"\x90\x80", "\x90\x80\x80"
	};
	uint8_t		 tail[8];
	size_t		 i, n, k;

	for (i = 0; i < len; i += n)
		if ((n = jsonscan_utf8((const char *)s + i, len - i)) == 0)
			break;
	if (i == len)
		return (true);
	if ((n = len - i) > 3)
		return (false);
	for (k = 0; k < sizeof(rest) / sizeof(rest[0]); k++) {
		memcpy(tail, s + i, n);
		memcpy(tail + n, rest[k], strlen(rest[k]));
		if (jsonscan_utf8((const char *)tail, n + strlen(rest[k])) ==
		    n + strlen(rest[k]))
			return (true);
	}
	return (false);
}

static void
read_close(struct reader *r, const struct frame *fr)
{
	int	 code;

	if (fr->len == 0) {
		r->closed = true;
		r->closecode = 1005;
		return;
	}
	code = fr->len >= 2 ? fr->data[0] << 8 | fr->data[1] : 0;
	if (!((code >= 1000 && code <= 1003) ||
	    (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)))
		r->code = 1002;
	else if (!is_utf8(fr->data + 2, fr->have - 2))
		r->code = 1007;
	else {
		r->closed = true;
		r->closecode = code;
	}
}

static void
note(FILE *f, char kind, const uint8_t *p, size_t len)
{
	fprintf(f, "%c%zu ", kind, len);
	if (len > 0)
		fwrite(p, 1, len, f);
	fputc('\n', f);
}

static void
read_data(struct reader *r, const struct frame *fr)
{
	if (fr->opcode != 0)
		r->opcode = fr->opcode;
	memcpy(r->message + r->len, fr->data, fr->have);
	r->len += fr->have;
	if (r->opcode == 1 && !begins_utf8(r->message, r->len))
		r->code = 1007;
	if (r->code != 0 || fr->have < fr->len || !fr->fin)
		return;
	if (r->opcode == 1 && !is_utf8(r->message, r->len)) {
		r->code = 1007;
		return;
	}
	note(r->f, 'm', r->message, r->len);
	r->len = 0;
	r->opcode = 0;
}

static void
read_frames(struct reader *r)
{
	static struct frame	 fr;
	const uint8_t		*mask = NULL;
	int			 how;

	while (r->code == 0 && !r->closed) {
		if ((how = read_header(r, &fr, &mask)) == 0)
			return;
		if (how == -1) {
			r->code = 1002;
			r->early = r->n <= 14;
			return;
		}
		if (fr.opcode < 8 && fr.len > MAX_MESSAGE - r->len) {
			r->code = 1009;
			r->early = r->n == 0;
			return;
		}
		read_payload(r, &fr, mask);
		if (fr.opcode < 8)
			read_data(r, &fr);
		else if (fr.have < fr.len)
			return;
		else if (fr.opcode == 8)
			read_close(r, &fr);
		else if (fr.opcode == 10)
			note(r->f, 'p', fr.data, fr.have);
	}
}

/* ---- Ours -------------------------------------------------------------- */

static void
on_message(struct websocket *ws, const char *text, size_t len, void *arg)
{
	struct side	*s = arg;

	FUZZ_ASSERT(!s->over && websocket_state(ws) == WEBSOCKET_OPEN);
	FUZZ_ASSERT(len <= MAX_MESSAGE && text[len] == '\0');
	note(s->f, 'm', (const uint8_t *)text, len);
	/* Words of the owner's. */
	if (len == 5 && memcmp(text, "/free", 5) == 0) {
		s->over = true;
		websocket_free(ws);
	} else if (len == 6 && memcmp(text, "/close", 6) == 0)
		FUZZ_ASSERT(websocket_close(ws, 1000, "bye") == 0);
	else if (len == 5 && memcmp(text, "/ping", 5) == 0)
		FUZZ_ASSERT(websocket_ping(ws, "abc", 3) == 0);
	else if (is_utf8((const uint8_t *)text, len))
		FUZZ_ASSERT(websocket_send(ws, text, len) == 0);
}

static void
on_pong(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	struct side	*s = arg;

	FUZZ_ASSERT(!s->over && websocket_state(ws) == WEBSOCKET_OPEN);
	FUZZ_ASSERT(len <= WEBSOCKET_CONTROL_MAX);
	note(s->f, 'p', data, len);
}

static enum websocket_state
run(struct side *s, enum websocket_role role, const uint8_t *data,
    size_t size, enum pieces_how how)
{
	static const struct websocket_cb cb = { on_message, on_pong };
	enum websocket_state	 state = WEBSOCKET_OPEN;
	struct evbuffer		*in;
	struct pieces		 cut;
	const uint8_t		*p;
	size_t			 n;

	memset(s, 0, sizeof(*s));
	in = evbuffer_new();
	s->out = evbuffer_new();
	s->f = open_memstream(&s->text, &s->len);
	FUZZ_ASSERT(in != NULL && s->out != NULL && s->f != NULL);
	s->ws = websocket_new(role, MAX_MESSAGE, s->out, &cb, s);
	FUZZ_ASSERT(s->ws != NULL);
	pieces_start(&cut, data, size, how);
	while (state != WEBSOCKET_FREED && (n = pieces_take(&cut, &p)) != 0) {
		FUZZ_ASSERT(evbuffer_add(in, p, n) == 0);
		state = websocket_input(s->ws, in);
		if (state == WEBSOCKET_FREED)
			break;
		FUZZ_ASSERT(state == websocket_state(s->ws));
		FUZZ_ASSERT(evbuffer_get_length(in) == 0);
		s->over = state == WEBSOCKET_DONE;
		FUZZ_ASSERT((state == WEBSOCKET_OPEN) ==
		    (websocket_end(s->ws) == WEBSOCKET_NOT_ENDED));
	}
	if (state != WEBSOCKET_FREED) {
		fprintf(s->f, "%d %d", state, websocket_end(s->ws));
		if (state != WEBSOCKET_OPEN)
			fprintf(s->f, " %d %s", websocket_code(s->ws),
			    websocket_reason(s->ws));
	} else {
		s->ws = NULL;
		fprintf(s->f, "freed");
	}
	fflush(s->f);
	evbuffer_free(in);
	return (state);
}

static void
finish(struct side *s)
{
	websocket_free(s->ws);
	evbuffer_free(s->out);
	fclose(s->f);
	free(s->text);
}

/* The messages, the pongs and the end are those of the plain reading. */
static void
check_reading(const struct side *s, enum websocket_role role,
    enum websocket_state state, const uint8_t *data, size_t size)
{
	struct reader	 r;
	char		*text;
	size_t		 len;

	memset(&r, 0, sizeof(r));
	r.p = data;
	r.n = size;
	r.server = role == WEBSOCKET_SERVER;
	FUZZ_ASSERT((r.f = open_memstream(&text, &len)) != NULL);
	read_frames(&r);
	fclose(r.f);
	FUZZ_ASSERT(s->len >= len && memcmp(s->text, text, len) == 0);
	FUZZ_ASSERT(memchr(s->text + len, '\n', s->len - len) == NULL ||
	    state != WEBSOCKET_OPEN);
	if (r.early && state == WEBSOCKET_OPEN)
		;
	else if (r.code != 0) {
		FUZZ_ASSERT(state == WEBSOCKET_DONE);
		FUZZ_ASSERT(websocket_end(s->ws) == WEBSOCKET_REFUSED);
		FUZZ_ASSERT(websocket_code(s->ws) == r.code);
	} else if (r.closed) {
		FUZZ_ASSERT(state == WEBSOCKET_DONE);
		FUZZ_ASSERT(websocket_end(s->ws) == WEBSOCKET_BY_PEER);
		FUZZ_ASSERT(websocket_code(s->ws) == r.closecode);
	} else if (r.n == 0)
		FUZZ_ASSERT(state == WEBSOCKET_OPEN);
	free(text);
}

/* Whoever reads what we say has no complaint. */
static void
check_output(struct side *s, enum websocket_role role,
    enum websocket_state state)
{
	struct side		 peer;
	enum websocket_state	 heard;
	size_t			 len = evbuffer_get_length(s->out);

	heard = run(&peer, role == WEBSOCKET_SERVER ? WEBSOCKET_CLIENT :
	    WEBSOCKET_SERVER, evbuffer_pullup(s->out, -1), len, PIECES_WHOLE);
	if (heard != WEBSOCKET_FREED) {
		FUZZ_ASSERT(websocket_end(peer.ws) != WEBSOCKET_REFUSED);
		/* What has ended here, has ended there. */
		if (state == WEBSOCKET_DONE)
			FUZZ_ASSERT(heard == WEBSOCKET_DONE);
		if (state == WEBSOCKET_OPEN)
			FUZZ_ASSERT(heard == WEBSOCKET_OPEN);
	}
	finish(&peer);
}

static void
as(enum websocket_role role, const uint8_t *data, size_t size)
{
	struct side		 whole, other;
	enum websocket_state	 state;
	int			 how;
	bool			 words;

	state = run(&whole, role, data, size, PIECES_WHOLE);
	for (how = size > 512 ? PIECES_RANDOM : PIECES_BYTES;
	    how <= PIECES_RANDOM; how++) {
		run(&other, role, data, size, (enum pieces_how)how);
		FUZZ_ASSERT(whole.len == other.len &&
		    memcmp(whole.text, other.text, whole.len) == 0);
		/* The masks of a client aside. */
		FUZZ_ASSERT(evbuffer_get_length(whole.out) ==
		    evbuffer_get_length(other.out));
		if (role == WEBSOCKET_SERVER)
			FUZZ_ASSERT(evbuffer_get_length(other.out) == 0 ||
			    memcmp(evbuffer_pullup(whole.out, -1),
			    evbuffer_pullup(other.out, -1),
			    evbuffer_get_length(other.out)) == 0);
		finish(&other);
	}
	words = state == WEBSOCKET_FREED ||
	    websocket_end(whole.ws) == WEBSOCKET_BY_OWNER;
	if (!words)
		check_reading(&whole, role, state, data, size);
	check_output(&whole, role, state);
	finish(&whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 60000)
		return (0);
	as(WEBSOCKET_SERVER, data, size);
	as(WEBSOCKET_CLIENT, data, size);
	return (0);
}
