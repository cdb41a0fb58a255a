/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cmocka.h>

#include <event2/buffer.h>

#include "regress/unit/websocket_cases.h"
#include "regress/unit/websocket_util.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED	1
#endif
#endif

/* ---- The other side's frames ------------------------------------------ */

static void
put_length(struct evbuffer *out, const struct frame *f, uint8_t mask)
{
	uint8_t buf[9];
	size_t i, n;

	n = f->len < 126 ? 0 : f->len < 65536 ? 2 : 8;
	if (f->flags & FR_LEN16)
		n = 2;
	if (f->flags & FR_LEN64)
		n = 8;
	buf[0] = (uint8_t)(mask |
	    (n == 0 ? f->len : n == 2 ? (size_t)126 : 127));
	for (i = 0; i < n; i++)
		buf[1 + i] = (uint8_t)(f->len >> (8 * (n - 1 - i)));
	evbuffer_add(out, buf, 1 + n);
}

void
put_frame(struct evbuffer *out, const struct frame *f, enum websocket_role to)
{
	static const uint8_t key[4] = { 0x81, 0x3c, 0x00, 0xf7 };
	uint8_t b0;
	char *data;
	size_t i, len;
	bool masked;

	masked = (to == WEBSOCKET_SERVER) != ((f->flags & FR_WRONGMASK) != 0);
	b0 = (uint8_t)f->b0;
	evbuffer_add(out, &b0, 1);
	put_length(out, f, masked ? 0x80 : 0);
	if (masked)
		evbuffer_add(out, key, 4);
	len = f->flags & FR_HEAD ? 1 : f->len;
	assert_non_null(data = malloc(len + 1));
	for (i = 0; i < len; i++) {
		data[i] = f->data != NULL ? f->data[i] : 'a';
		if (masked)
			data[i] = (char)(data[i] ^ key[i % 4]);
	}
	evbuffer_add(out, data, len);
	free(data);
}

/* ---- Traces ----------------------------------------------------------- */

static void trace_add(struct peer *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
trace_add(struct peer *p, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	len = strlen(p->trace);
	va_start(ap, fmt);
	vsnprintf(p->trace + len, sizeof(p->trace) - len, fmt, ap);
	va_end(ap);
}

static void
trace_data(struct peer *p, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len && data[i] == 'a'; i++)
		;
	if (i == len && len > 100) {
		trace_add(p, "a*%zu", len);
		return;
	}
	for (i = 0; i < len; i++)
		trace_add(p, "%c", data[i] == '\0' ? '?' : data[i]);
}

static void
on_message(struct websocket *ws, const char *data, size_t len, void *arg)
{
	struct peer *p = arg;

	assert_ptr_equal(ws, p->ws);
	assert_int_equal(websocket_state(ws), WEBSOCKET_OPEN);
	assert_int_equal(data[len], '\0');
	trace_add(p, "[");
	trace_data(p, data, len);
	trace_add(p, "]");
}

static void
on_pong(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	struct peer *p = arg;

	assert_ptr_equal(ws, p->ws);
	trace_add(p, "pong(");
	trace_data(p, (const char *)data, len);
	trace_add(p, ")");
}

void
peer_start(struct peer *p, enum websocket_role role, size_t max_message)
{
	static const struct websocket_cb cb = { on_message, on_pong };

	p->role = role;
	p->trace[0] = '\0';
	assert_non_null(p->input = evbuffer_new());
	assert_non_null(p->output = evbuffer_new());
	p->ws = websocket_new(role, max_message, p->output, &cb, p);
	assert_non_null(p->ws);
	assert_int_equal(websocket_state(p->ws), WEBSOCKET_OPEN);
}

void
peer_stop(struct peer *p)
{
	websocket_free(p->ws);
	evbuffer_free(p->input);
	evbuffer_free(p->output);
}

void
peer_feed(struct peer *p, struct evbuffer *stream, size_t piece)
{
	enum websocket_state state;
	unsigned char *bytes;
	size_t i, n, len;

	len = evbuffer_get_length(stream);
	bytes = evbuffer_pullup(stream, -1);
	for (i = 0; i < len; i += n) {
		n = len - i < piece ? len - i : piece;
		evbuffer_add(p->input, bytes + i, n);
		state = websocket_input(p->ws, p->input);
		assert_int_equal(state, websocket_state(p->ws));
		assert_int_equal(evbuffer_get_length(p->input), 0);
	}
}

/* ---- Output ----------------------------------------------------------- */

/* The length of a frame's payload, in its shortest form. */
static size_t
take_length(struct evbuffer *output, uint8_t b1)
{
	uint8_t buf[8];
	size_t i, n, len;

	len = b1 & 0x7f;
	if (len < 126)
		return (len);
	n = len == 126 ? 2 : 8;
	assert_int_equal(evbuffer_remove(output, buf, n), n);
	for (len = i = 0; i < n; i++)
		len = len << 8 | buf[i];
	assert_true(len > (n == 2 ? 125U : 65535U));
	return (len);
}

static uint8_t
take_payload(struct peer *p, char **data, size_t *len)
{
	uint8_t b[2], key[4] = { 0, 0, 0, 0 };
	size_t i;

	*data = NULL;
	*len = 0;
	if (evbuffer_get_length(p->output) == 0)
		return (0);
	assert_int_equal(evbuffer_remove(p->output, b, 2), 2);
	assert_int_equal(b[1] >> 7, p->role == WEBSOCKET_CLIENT);
	*len = take_length(p->output, b[1]);
	if (p->role == WEBSOCKET_CLIENT)
		assert_int_equal(evbuffer_remove(p->output, key, 4), 4);
	assert_non_null(*data = calloc(1, *len + 1));
	assert_int_equal(evbuffer_remove(p->output, *data, *len), *len);
	for (i = 0; i < *len; i++)
		(*data)[i] = (char)((*data)[i] ^ key[i % 4]);
	return (b[0]);
}

int
take_frame(struct peer *p, char *data, size_t size)
{
	char *payload;
	size_t len;
	int b0;

	if ((b0 = take_payload(p, &payload, &len)) != 0)
		snprintf(data, size, "%s", payload);
	free(payload);
	return (b0);
}

/* The code of a close frame, and nothing after it. */
static unsigned int
trace_output(struct peer *p, bool all, bool close)
{
	unsigned int code;
	char *data;
	size_t len;
	uint8_t b0;

	for (code = 0; (b0 = take_payload(p, &data, &len)) != 0; free(data)) {
		assert_int_equal(code, 0);
		if (b0 == 0x88) {
			code = len == 0 ? 1005 : (uint8_t)data[0] * 256U +
			    (uint8_t)data[1];
			if (close)
				trace_add(p, ">%u %s", code, len > 2 ?
				    data + 2 : "");
			if (websocket_end(p->ws) == WEBSOCKET_BY_PEER)
				assert_string_equal(len > 2 ? data + 2 : "",
				    websocket_reason(p->ws));
			continue;
		}
		assert_true(all || b0 == 0x8a);
		trace_add(p, ">");
		if (all)
			trace_add(p, "%02x ", b0);
		trace_data(p, data, len);
	}
	return (code);
}

void
peer_sent(struct peer *p, bool all)
{
	trace_output(p, all, true);
}

void
peer_result(struct peer *p)
{
	enum websocket_end end;

	end = websocket_end(p->ws);
	if (end == WEBSOCKET_BY_PEER)
		trace_add(p, "<%u %s>", websocket_code(p->ws),
		    websocket_reason(p->ws));
	else if (end == WEBSOCKET_REFUSED)
		trace_add(p, "!%u", websocket_code(p->ws));
	assert_int_equal(websocket_state(p->ws), end == WEBSOCKET_NOT_ENDED ?
	    WEBSOCKET_OPEN : WEBSOCKET_DONE);
	assert_int_equal(trace_output(p, false, false),
	    websocket_code(p->ws));
}

size_t
heap_held(void)
{
#if defined(__GLIBC__) && !defined(SANITIZED)
	struct mallinfo2 info;

	info = mallinfo2();
	return (info.uordblks + info.hblkhd);
#else
	return (0);
#endif
}
