/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/jsonscan.o common/hex.o regress/unit/websocket_util.o */
/* libs: libevent libcjson wslay */

#include "regress/unit/nomemory.h"

#include <wslay/wslay.h>

/* wslay's own allocations are not to be had: what it says of them is. */
#define REFUSED(call)	(nomemory_now() ? WSLAY_ERR_NOMEM : (call))
#define wslay_event_context_server_init(ctx, cb, arg)			\
	REFUSED(wslay_event_context_server_init(ctx, cb, arg))
#define wslay_event_context_client_init(ctx, cb, arg)			\
	REFUSED(wslay_event_context_client_init(ctx, cb, arg))
#define wslay_event_queue_msg(ctx, msg)					\
	REFUSED(wslay_event_queue_msg(ctx, msg))
#define wslay_event_queue_close(ctx, code, reason, len)			\
	REFUSED(wslay_event_queue_close(ctx, code, reason, len))
/* This one reads no more then. */
#define wslay_event_recv(ctx)						\
	(nomemory_now() ? wslay_event_shutdown_read(ctx),		\
	WSLAY_ERR_NOMEM : wslay_event_recv(ctx))
#include "common/websocket.c"

#include "regress/unit/websocket_cases.h"
#include "regress/unit/websocket_util.h"

#define LONG	20000		/* of a message: more than fits at once */

static unsigned int	 messages, pongs;

static void
on_whole(struct websocket *ws, const char *data, size_t len, void *arg)
{
	(void)ws;
	(void)arg;
	assert_int_equal(data[len], '\0');
	if (messages++ == 0)
		assert_string_equal(data, "hello");
	else {
		assert_int_equal(len, LONG);
		assert_int_equal(strspn(data, "a"), LONG);
	}
}

static void
on_empty(struct websocket *ws, const char *data, size_t len, void *arg)
{
	(void)ws;
	(void)arg;
	assert_int_equal(len, 0);
	assert_int_equal(data[0], '\0');
	messages++;
}

static void
on_pong_back(struct websocket *ws, const uint8_t *data, size_t len, void *arg)
{
	(void)ws;
	(void)arg;
	assert_int_equal(len, 1);
	assert_int_equal(data[0], '2');
	pongs++;
}

static void
put_all(struct evbuffer *input, enum websocket_role role)
{
	static const struct frame	 frames[] = {
		TEXT0("hel"), PING("1"), LAST("lo"), PONG("2"),
		BIG(0, 0x81, LONG)
	};
	size_t				 i;

	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		put_frame(input, &frames[i], role);
}

/* Everything that a websocket does, and its end. */
static void
talk(struct websocket *ws, struct evbuffer *input)
{
	enum websocket_state	 state;

	state = websocket_input(ws, input);
	assert_true(state == WEBSOCKET_OPEN || nomemory_failed());
	if (websocket_send(ws, "answer", 6) == -1 ||
	    websocket_ping(ws, "3", 1) == -1 ||
	    websocket_close(ws, 1000, "bye") == -1)
		assert_true(nomemory_failed());
	if (!nomemory_failed()) {
		assert_int_equal(messages, 2);
		assert_int_equal(pongs, 1);
		assert_int_equal(websocket_end(ws), WEBSOCKET_BY_OWNER);
		assert_int_equal(websocket_state(ws), WEBSOCKET_CLOSING);
		return;
	}
	/* It is over, and if the peer can be told, then that it is so. */
	assert_int_not_equal(websocket_state(ws), WEBSOCKET_OPEN);
	if (websocket_end(ws) == WEBSOCKET_REFUSED && websocket_code(ws) != 0)
		assert_int_equal(websocket_code(ws), 1011);
	assert_int_equal(websocket_send(ws, "more", 4), -1);
}

static void
run(void *arg)
{
	const struct websocket_cb	 cb = { on_whole, on_pong_back };
	enum websocket_role		 role =
	    *(const enum websocket_role *)arg;
	struct evbuffer			*input, *output;
	struct websocket		*ws;

	messages = pongs = 0;
	assert_non_null(input = evbuffer_new());
	assert_non_null(output = evbuffer_new());
	put_all(input, role);
	errno = 0;
	ws = websocket_new(role, 1 << 20, output, &cb, NULL);
	if (ws == NULL) {
		assert_true(nomemory_failed());
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(evbuffer_get_length(output), 0);
	} else
		talk(ws, input);
	websocket_free(ws);
	evbuffer_free(input);
	evbuffer_free(output);
}

static void
each_call(void **state)
{
	static enum websocket_role	 roles[] = {
		WEBSOCKET_CLIENT, WEBSOCKET_SERVER
	};
	size_t				 i;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_true(nomemory_each(run, &roles[i]) >= 9);
}

static void
run_empty(void *arg)
{
	static const struct frame	 empty = TEXT("");
	const struct websocket_cb	 cb = { on_empty, NULL };
	unsigned int			 at = nomemory_at;
	struct evbuffer			*input, *output;
	struct websocket		*ws;

	(void)arg;
	messages = 0;
	assert_non_null(input = evbuffer_new());
	assert_non_null(output = evbuffer_new());
	put_frame(input, &empty, WEBSOCKET_SERVER);
	nomemory_at = 0;
	ws = websocket_new(WEBSOCKET_SERVER, 10, output, &cb, NULL);
	assert_non_null(ws);
	nomemory_turn = 0;
	nomemory_at = at;
	websocket_input(ws, input);
	if (nomemory_failed()) {
		assert_int_equal(messages, 0);
		assert_int_equal(websocket_end(ws), WEBSOCKET_REFUSED);
		assert_int_equal(websocket_code(ws), 1011);
	} else {
		assert_int_equal(messages, 1);
		assert_int_equal(websocket_state(ws), WEBSOCKET_OPEN);
	}
	websocket_free(ws);
	evbuffer_free(input);
	evbuffer_free(output);
}

/* It wants memory, too: for the NUL past its end. */
static void
empty_message(void **state)
{
	(void)state;
	assert_true(nomemory_each(run_empty, NULL) >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call),
		cmocka_unit_test(empty_message),
	};

	return (cmocka_run_group_tests_name("websocketmemory", tests, NULL,
	    NULL));
}
