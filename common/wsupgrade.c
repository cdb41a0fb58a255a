/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/util.h>

#include <openssl/evp.h>

#include "common/base64.h"
#include "common/http.h"
#include "common/http_syntax.h"
#include "common/wsupgrade.h"

#define KEY_LEN		16	/* bytes, before base64 */
#define KEY_TEXT	(WSUPGRADE_KEY_SIZE - 1)
#define SHA1_LEN	20

/* The part of the answer that was seen, in wsupgrade.seen. */
#define SEEN_STATUS	0x01
#define SEEN_UPGRADE	0x02
#define SEEN_CONNECTION	0x04
#define SEEN_ACCEPT	0x08

#define STATUS_SHOWN	64	/* bytes of a status line in an error */

int
wsupgrade_accept(char out[WSUPGRADE_ACCEPT_SIZE], const char *key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[KEY_TEXT + sizeof(guid)];
	unsigned int len;
	int n;

	n = snprintf(text, sizeof(text), "%.*s%s", KEY_TEXT, key, guid);
	if (n < 0 || EVP_Digest(text, (size_t)n, digest, &len, EVP_sha1(),
	    NULL) != 1 || len != SHA1_LEN)
		return (-1);
	base64_encode(out, digest, SHA1_LEN);
	return (0);
}

/* The example of section 1.3: loads what a first use loads. */
int
wsupgrade_init(void)
{
	char accept[WSUPGRADE_ACCEPT_SIZE];

	if (wsupgrade_accept(accept, "dGhlIHNhbXBsZSBub25jZQ==") == -1 ||
	    strcmp(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != 0)
		return (-1);
	return (0);
}

/* ---- Client ----------------------------------------------------------- */

static bool
is_target(const char *s)
{
	const char *path;
	size_t len;

	return (s[0] == '/' && http_target_path(s, strlen(s), &path, &len));
}

int
wsupgrade_request(struct wsupgrade *up, struct evbuffer *out,
    const char *host, const char *target)
{
	char key[WSUPGRADE_KEY_SIZE];
	uint8_t nonce[KEY_LEN];

	memset(up, 0, sizeof(*up));
	if (host[0] == '\0' || !http_is_host(host, strlen(host)) ||
	    !is_target(target)) {
		errno = EINVAL;
		return (-1);
	}
	if (getentropy(nonce, sizeof(nonce)) == -1)
		return (-1);
	base64_encode(key, nonce, sizeof(nonce));
	if (wsupgrade_accept(up->accept, key) == -1 ||
	    evbuffer_add_printf(out, "GET %s HTTP/1.1\r\n"
	    "Host: %s\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %s\r\n"
	    "Sec-WebSocket-Version: 13\r\n\r\n", target, host, key) == -1) {
		errno = ENOMEM;
		return (-1);
	}
	return (0);
}

static enum wsupgrade_event
refuse(struct wsupgrade *up, const char *error)
{
	snprintf(up->error, sizeof(up->error), "%s", error);
	return (WSUPGRADE_REFUSED);
}

/* The same, with the peer's words after it. */
static enum wsupgrade_event
refuse_quoting(struct wsupgrade *up, const char *error, const char *s,
    size_t len)
{
	char shown[STATUS_SHOWN + 1];
	size_t i;

	for (i = 0; i < len && i < STATUS_SHOWN; i++)
		shown[i] = s[i] < 0x20 || s[i] >= 0x7f ? '?' : s[i];
	shown[i] = '\0';
	snprintf(up->error, sizeof(up->error), "%s %s", error, shown);
	return (WSUPGRADE_REFUSED);
}

static enum wsupgrade_event
take_status(struct wsupgrade *up, const char *s, size_t len)
{
	up->seen = SEEN_STATUS;
	if (len < 13 || strncmp(s, "HTTP/1.1 ", 9) != 0 || s[12] != ' ' ||
	    strspn(s + 9, "0123456789") != 3)
		return (refuse_quoting(up,
		    "proxy's answer is not of HTTP/1.1:", s, len));
	if (strncmp(s + 9, "101", 3) != 0)
		return (refuse_quoting(up, "proxy answered", s + 9, len - 9));
	return (WSUPGRADE_MORE);
}

/* The value of a field line, NULL if it is malformed; ends its name. */
static char *
split_field(char *s, size_t len)
{
	char *colon;
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') ||
		    s[i] == 0x7f)
			return (NULL);
	if ((colon = strchr(s, ':')) == NULL ||
	    !http_is_token(s, (size_t)(colon - s)))
		return (NULL);
	*colon = '\0';
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';
	return (colon + 1 + strspn(colon + 1, " \t"));
}

static bool
same_name(const char *a, const char *b)
{
	return (evutil_ascii_strcasecmp(a, b) == 0);
}

static enum wsupgrade_event
take_accept(struct wsupgrade *up, const char *value)
{
	if (up->seen & SEEN_ACCEPT)
		return (refuse(up,
		    "proxy's answer has two Sec-WebSocket-Accept"));
	if (strcmp(value, up->accept) != 0)
		return (refuse(up, "proxy's Sec-WebSocket-Accept does not "
		    "belong to the request"));
	up->seen |= SEEN_ACCEPT;
	return (WSUPGRADE_MORE);
}

static enum wsupgrade_event
take_field(struct wsupgrade *up, char *name, size_t len)
{
	const char *value;

	if ((value = split_field(name, len)) == NULL)
		return (refuse(up, "proxy's answer has a malformed field"));
	if (same_name(name, "Sec-WebSocket-Accept"))
		return (take_accept(up, value));
	if (same_name(name, "Sec-WebSocket-Extensions"))
		return (refuse(up,
		    "proxy chose an extension that was not offered"));
	if (same_name(name, "Sec-WebSocket-Protocol"))
		return (refuse(up,
		    "proxy chose a subprotocol that was not offered"));
	if (same_name(name, "Upgrade") && http_list_has(value, "websocket"))
		up->seen |= SEEN_UPGRADE;
	if (same_name(name, "Connection") && http_list_has(value, "upgrade"))
		up->seen |= SEEN_CONNECTION;
	return (WSUPGRADE_MORE);
}

static enum wsupgrade_event
end_of_header(struct wsupgrade *up)
{
	if (!(up->seen & SEEN_UPGRADE))
		return (refuse(up,
		    "proxy's answer lacks Upgrade: websocket"));
	if (!(up->seen & SEEN_CONNECTION))
		return (refuse(up,
		    "proxy's answer lacks Connection: Upgrade"));
	if (!(up->seen & SEEN_ACCEPT))
		return (refuse(up,
		    "proxy's answer lacks Sec-WebSocket-Accept"));
	return (WSUPGRADE_DONE);
}

static enum wsupgrade_event
too_long(struct wsupgrade *up)
{
	return (refuse(up, "proxy's answer has too long a header"));
}

static enum wsupgrade_event
take_line(struct wsupgrade *up, char *line, size_t len)
{
	up->used += len + 2;
	if (up->used > WSUPGRADE_MAX_HEADER)
		return (too_long(up));
	if (up->seen == 0)
		return (take_status(up, line, len));
	return (len > 0 ? take_field(up, line, len) : end_of_header(up));
}

/*
 * Without its end; NULL where there is none yet, or memory is short.  Not
 * evbuffer_readln(3), whose lines come from libevent's malloc(3): see heap.h.
 */
static char *
read_line(struct evbuffer *input, size_t *len)
{
	struct evbuffer_ptr eol;
	size_t eollen;
	char *line;

	eol = evbuffer_search_eol(input, NULL, &eollen,
	    EVBUFFER_EOL_CRLF_STRICT);
	if (eol.pos == -1 || (line = malloc((size_t)eol.pos + 1)) == NULL)
		return (NULL);
	*len = (size_t)eol.pos;
	(void)evbuffer_remove(input, line, *len);
	(void)evbuffer_drain(input, eollen);
	line[*len] = '\0';
	return (line);
}

enum wsupgrade_event
wsupgrade_answer(struct wsupgrade *up, struct evbuffer *input)
{
	enum wsupgrade_event event;
	char *line;
	size_t len;

	if (up->error[0] != '\0')
		return (WSUPGRADE_REFUSED);
	while ((line = read_line(input, &len)) != NULL) {
		event = take_line(up, line, len);
		free(line);
		if (event != WSUPGRADE_MORE)
			return (event);
	}
	/* No line, or no memory for it: then nothing more would come. */
	if (evbuffer_search_eol(input, NULL, NULL,
	    EVBUFFER_EOL_CRLF_STRICT).pos != -1)
		return (refuse(up, "out of memory"));
	if (up->used + evbuffer_get_length(input) > WSUPGRADE_MAX_HEADER)
		return (too_long(up));
	return (WSUPGRADE_MORE);
}

const char *
wsupgrade_error(const struct wsupgrade *up)
{
	return (up->error);
}

/* ---- Server ----------------------------------------------------------- */

static bool
field_has(const struct http_parser *p, const char *name, const char *word)
{
	const char *value;

	value = http_field(p, name);
	return (value != NULL && http_list_has(value, word));
}

static bool
is_key(const char *s)
{
	uint8_t nonce[KEY_TEXT / 4 * 3];

	return (s != NULL && strlen(s) == KEY_TEXT &&
	    base64_decode(nonce, s, KEY_TEXT) == KEY_LEN);
}

static int
judge(const struct http_parser *p, const char **reason)
{
	const char *version;

	if (http_method(p) != HTTP_GET) {
		*reason = "method is not GET";
		return (405);
	}
	if (http_minor(p) == 0) {
		*reason = "HTTP/1.0";
		return (505);
	}
	if (!field_has(p, "Upgrade", "websocket") ||
	    !field_has(p, "Connection", "upgrade")) {
		*reason = "no upgrade to websocket";
		return (400);
	}
	version = http_field(p, "Sec-WebSocket-Version");
	if (version == NULL || strcmp(version, "13") != 0) {
		*reason = "Sec-WebSocket-Version is not 13";
		return (426);
	}
	if (!is_key(http_field(p, "Sec-WebSocket-Key"))) {
		*reason = "Sec-WebSocket-Key is not 16 bytes in base64";
		return (400);
	}
	if (http_has_body(p)) {
		*reason = "an upgrade with a body";
		return (400);
	}
	return (101);
}

static int
respond_upgrade(struct evbuffer *out, const char *key)
{
	char accept[WSUPGRADE_ACCEPT_SIZE];

	if (wsupgrade_accept(accept, key) == -1)
		return (-1);
	return (evbuffer_add_printf(out, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n\r\n", accept));
}

int
wsupgrade_serve(const struct http_parser *p, struct evbuffer *out,
    const char **reason)
{
	struct http_response refusal = { .close = true };
	int n;

	refusal.status = judge(p, reason);
	switch (refusal.status) {
	case 101:
		n = respond_upgrade(out, http_field(p, "Sec-WebSocket-Key"));
		break;
	case 426:
		n = evbuffer_add_printf(out, "HTTP/1.1 426 Upgrade Required\r\n"
		    "Upgrade: websocket\r\n"
		    "Connection: Upgrade, close\r\n"
		    "Sec-WebSocket-Version: 13\r\n"
		    "Content-Length: 0\r\n\r\n");
		break;
	case 405:
		refusal.allow = "GET";
		/* FALLTHROUGH */
	default:
		n = http_respond(out, &refusal, 0);
		break;
	}
	return (n == -1 ? -1 : refusal.status);
}
