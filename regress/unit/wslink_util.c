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

#include <cmocka.h>

#include <event2/event.h>

#include "regress/unit/wslink_util.h"

int	 in_call;

void
link_drop(struct owner_of *o)
{
	CALL(wslink_free(o->l));
	o->l = NULL;
}

static void
flood(struct wslink *l)
{
	static const char text[4096];
	int i;

	in_call++;
	for (i = 0; i < 100000 && wslink_send(l, text, sizeof(text)) == 0;
	    i++)
		continue;
	in_call--;
	assert_in_range(i, 1, 99999);
	assert_false(wslink_open(l));
}

static void
on_message(struct wslink *l, const char *text, size_t len, void *arg)
{
	struct owner_of *o = arg;
	enum act act = o->act;

	assert_int_equal(in_call, 0);
	assert_ptr_equal(l, o->l);
	assert_int_equal(o->ended, 0);
	assert_int_equal(text[len], '\0');
	o->messages++;
	o->bytes += len;
	snprintf(o->text, sizeof(o->text), "%s", text);
	o->act = NOTHING;
	if (o->echo || act == SEND)
		CALL(assert_int_equal(wslink_send(l, text, len), 0));
	if (act == CLOSE || act == CLOSE_FREE)
		CALL(wslink_close(l, 1001, "stopping"));
	if (act == FREE || act == CLOSE_FREE)
		link_drop(o);
	if (act == FLOOD)
		flood(l);
}

static void
on_end(struct wslink *l, const struct wslink_end *end, void *arg)
{
	struct owner_of *o = arg;
	const char *p;

	assert_int_equal(in_call, 0);
	assert_ptr_equal(l, o->l);
	assert_int_equal(o->ended++, 0);
	assert_false(wslink_open(l));
	CALL(assert_int_equal(wslink_send(l, "x", 1), -1));
	CALL(wslink_close(l, 1000, "late"));
	o->by_peer = end->by_peer;
	o->code = end->code;
	snprintf(o->reason, sizeof(o->reason), "%s", end->reason);
	for (p = end->reason; *p != '\0'; p++)
		assert_in_range(*p, 0x20, 0x7e);
	if (!o->keep)
		link_drop(o);
}

const struct wslink_cb link_cb = { on_message, on_end };

const struct wslink_config usual = {
	.max_message = 1 << 20,
	.max_output = 8 << 20,
	.ping = LONG,
	.dead = LONG,
	.close = LONG
};

void
expect_end(const struct owner_of *o, bool by_peer, uint16_t code,
    const char *reason)
{
	assert_int_equal(o->ended, 1);
	assert_string_equal(o->reason, reason);
	assert_int_equal(o->by_peer, by_peer);
	assert_int_equal(o->code, code);
}

static void
count_ready(struct tlsconn *c, void *arg)
{
	int *ready = arg;

	(void)c;
	(*ready)++;
}

static void
nothing(struct tlsconn *c, void *arg)
{
	(void)c;
	(void)arg;
}

static void
no_end(struct tlsconn *c, enum tlsconn_end end, void *arg)
{
	(void)end;
	(void)arg;
	fail_msg("%s", tlsconn_error(c));
}

const struct tlsconn_cb before_link = { count_ready, nothing, nothing,
    no_end };

void
link_turn(struct event_base *base)
{
	static const struct timeval soon = { 0, 1000 };

	event_base_loopexit(base, &soon);
	event_base_loop(base, EVLOOP_ONCE);
}
