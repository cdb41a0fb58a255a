/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/wsupgrade.o common/base64.o common/http.o
 *	common/http_syntax.o common/http_response.o
 */
/* libs: libevent libcrypto */
/* max_len: 20000 */

/*
 * The opening handshake of a websocket: the input is read as a request by the
 * server's side, as an answer by the client's, and as a host and a target by
 * the client, whose request must then be to the server's liking.
 */

#include <event2/buffer.h>

#include "common/http.h"
#include "common/wsupgrade.h"
#include "regress/fuzz/fuzz.h"
#include "regress/fuzz/pieces.h"

/* The example of RFC 6455, section 1.3. */
#define KEY	"dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT	"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char	accept[WSUPGRADE_ACCEPT_SIZE];

	(void)argc;
	(void)argv;
	FUZZ_ASSERT(wsupgrade_init() == 0);
	FUZZ_ASSERT(wsupgrade_accept(accept, KEY) == 0);
	FUZZ_ASSERT(strcmp(accept, ACCEPT) == 0);
	return (0);
}

static bool
holds(struct evbuffer *b, const char *text)
{
	return (evbuffer_search(b, text, strlen(text), NULL).pos != -1);
}

static bool
begins(struct evbuffer *b, const char *text)
{
	return (evbuffer_search(b, text, strlen(text), NULL).pos == 0);
}

/* ---- The server's side ------------------------------------------------- */

static void
check_101(const struct http_parser *h, struct evbuffer *out)
{
	const char	*key = http_field(h, "Sec-WebSocket-Key");
	char		 accept[WSUPGRADE_ACCEPT_SIZE], line[80];

	FUZZ_ASSERT(http_method(h) == HTTP_GET && http_minor(h) >= 1);
	FUZZ_ASSERT(http_field(h, "Host") != NULL && !http_has_body(h));
	FUZZ_ASSERT(http_field(h, "Upgrade") != NULL &&
	    http_field(h, "Connection") != NULL);
	FUZZ_ASSERT(strcmp(http_field(h, "Sec-WebSocket-Version"), "13") ==
	    0);
	FUZZ_ASSERT(key != NULL && strlen(key) == 24);
	FUZZ_ASSERT(wsupgrade_accept(accept, key) == 0);
	snprintf(line, sizeof(line), "\r\nSec-WebSocket-Accept: %s\r\n",
	    accept);
	FUZZ_ASSERT(begins(out, "HTTP/1.1 101 ") && holds(out, line));
	/* Nothing that was not asked for. */
	FUZZ_ASSERT(!holds(out, "Extensions") && !holds(out, "Protocol:"));
}

static int
serve(struct http_parser *h, struct evbuffer *in, struct evbuffer *out)
{
	const char		*reason = NULL;
	struct evbuffer_ptr	 end;
	char			 line[32];
	int			 status;

	if (http_parse(h, in) != HTTP_HEADER)
		return (0);
	status = wsupgrade_serve(h, out, &reason);
	FUZZ_ASSERT(status == 101 || status == 400 || status == 405 ||
	    status == 426 || status == 505);
	end = evbuffer_search(out, "\r\n\r\n", 4, NULL);
	FUZZ_ASSERT(end.pos >= 0 &&
	    (size_t)end.pos + 4 == evbuffer_get_length(out));
	if (status == 101) {
		check_101(h, out);
		return (status);
	}
	FUZZ_ASSERT(reason != NULL);
	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	FUZZ_ASSERT(begins(out, line) && holds(out, "close\r\n"));
	return (status);
}

static void
as_request(const uint8_t *data, size_t size)
{
	static const struct http_limits	 limits = { 16384, 1024 };
	struct http_parser		*h;
	struct evbuffer			*in, *out;

	h = http_new(&limits);
	in = evbuffer_new();
	out = evbuffer_new();
	FUZZ_ASSERT(h != NULL && in != NULL && out != NULL);
	FUZZ_ASSERT(evbuffer_add(in, data, size) == 0);
	serve(h, in, out);
	evbuffer_free(in);
	evbuffer_free(out);
	http_free(h);
}

/* ---- The client's ------------------------------------------------------ */

struct outcome {
	enum wsupgrade_event	 event;
	char			 error[sizeof(
				    ((struct wsupgrade *)NULL)->error)];
	size_t			 taken;
};

static void
answer(struct outcome *o, const uint8_t *data, size_t size,
    enum pieces_how how)
{
	struct wsupgrade	 up;
	struct evbuffer		*in;
	struct pieces		 cut;
	const uint8_t		*p;
	size_t			 i, n, fed = 0;

	memset(o, 0, sizeof(*o));
	memset(&up, 0, sizeof(up));
	memcpy(up.accept, ACCEPT, sizeof(up.accept));
	FUZZ_ASSERT((in = evbuffer_new()) != NULL);
	pieces_start(&cut, data, size, how);
	o->event = WSUPGRADE_MORE;
	while (o->event == WSUPGRADE_MORE &&
	    (n = pieces_take(&cut, &p)) != 0) {
		FUZZ_ASSERT(evbuffer_add(in, p, n) == 0);
		fed += n;
		o->event = wsupgrade_answer(&up, in);
		FUZZ_ASSERT(o->event != WSUPGRADE_MORE ||
		    fed <= WSUPGRADE_MAX_HEADER);
	}
	if (o->event == WSUPGRADE_DONE)
		o->taken = fed - evbuffer_get_length(in);
	if (o->event == WSUPGRADE_REFUSED) {
		snprintf(o->error, sizeof(o->error), "%s",
		    wsupgrade_error(&up));
		FUZZ_ASSERT(o->error[0] != '\0');
		for (i = 0; o->error[i] != '\0'; i++)
			FUZZ_ASSERT(o->error[i] >= ' ' && o->error[i] < 0x7f);
		FUZZ_ASSERT(wsupgrade_answer(&up, in) == WSUPGRADE_REFUSED);
	}
	evbuffer_free(in);
}

static void
as_answer(const uint8_t *data, size_t size)
{
	struct outcome	 whole, other;
	int		 how;

	answer(&whole, data, size, PIECES_WHOLE);
	for (how = PIECES_BYTES; how <= PIECES_RANDOM; how++) {
		answer(&other, data, size, (enum pieces_how)how);
		FUZZ_ASSERT(whole.event == other.event);
		FUZZ_ASSERT(strcmp(whole.error, other.error) == 0);
		FUZZ_ASSERT(whole.taken == other.taken);
	}
	if (whole.event != WSUPGRADE_DONE)
		return;
	FUZZ_ASSERT(whole.taken <= WSUPGRADE_MAX_HEADER);
	FUZZ_ASSERT(memcmp(data, "HTTP/1.1 101", 12) == 0);
	FUZZ_ASSERT(memmem(data, whole.taken, ACCEPT, 28) != NULL);
	FUZZ_ASSERT(memcmp(data + whole.taken - 4, "\r\n\r\n", 4) == 0);
}

/* ---- Both -------------------------------------------------------------- */

static void
meet(const char *host, const char *target, struct evbuffer *request,
    struct wsupgrade *up)
{
	static const struct http_limits	 limits = { 16384, 1024 };
	struct http_parser		*h;
	struct evbuffer			*out;

	FUZZ_ASSERT((h = http_new(&limits)) != NULL);
	FUZZ_ASSERT((out = evbuffer_new()) != NULL);
	FUZZ_ASSERT(serve(h, request, out) == 101);
	FUZZ_ASSERT(strcmp(http_field(h, "Host"), host) == 0);
	FUZZ_ASSERT(strncmp(http_path(h), target, strlen(http_path(h))) == 0);
	FUZZ_ASSERT(evbuffer_get_length(request) == 0);
	FUZZ_ASSERT(wsupgrade_answer(up, out) == WSUPGRADE_DONE);
	FUZZ_ASSERT(evbuffer_get_length(out) == 0);
	evbuffer_free(out);
	http_free(h);
}

/* "HOST\nTARGET" */
static void
as_names(const uint8_t *data, size_t size)
{
	struct wsupgrade	 up;
	struct evbuffer		*out;
	char			*host, *target;

	if (size > 1024)
		return;
	host = fuzz_string(data, size);
	if ((target = strchr(host, '\n')) == NULL)
		goto done;
	*target++ = '\0';
	FUZZ_ASSERT((out = evbuffer_new()) != NULL);
	if (wsupgrade_request(&up, out, host, target) == 0)
		meet(host, target, out, &up);
	else
		FUZZ_ASSERT(evbuffer_get_length(out) == 0);
	evbuffer_free(out);
done:
	free(host);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_request(data, size);
	as_answer(data, size);
	as_names(data, size);
	return (0);
}
