/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/reqcount.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/msgfield.o compat/imsg.o compat/imsg-buffer.o
 * signerd/rpc.o signerd/keynames.o signerd/metadata.o signerd/reqlog.o api/args.o
 * api/args_payload.o api/args_tx.o api/method.o common/rpcserver.o
 * common/heap.o common/jsonrpc.o common/json.o common/jsonscan.o common/base64.o
 * common/hex.o common/u256.o keyd/keccak.o keyd/request.o */
/* libs: libevent libcjson */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/log.h"
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"
#include "signerd/keynames.h"
#include "signerd/rpc.h"

#define V	"\"jsonrpc\":\"2.0\""
#define HASH								\
	"0x1111111111111111111111111111111111111111111111111111111111111111"
#define ARG	"{\"chainId\":\"10\",\"payloadHash\":\"" HASH "\"}"
#define CALL(id, params)						\
	"{" V ",\"id\":" id ",\"method\":\"opsigner_signBlockPayloadV2\"," \
	"\"params\":" params "}"
#define RESULT(id, value)						\
	"{" V ",\"id\":" id ",\"result\":" value "}"
#define ERROR(id, code, text)						\
	"{" V ",\"id\":" id ",\"error\":{\"code\":" code		\
	",\"message\":\"" text "\"}}"
#define BUSY(id)	ERROR(id, "-32005", "busy")
#define LATE(id)	ERROR(id, "-32006", "deadline exceeded")
#define ONE	"{\"client\":\"a.example\"}"

/* ---- What is in the place of the link to keyd, and of the log -------- */

static struct signing	*in_link[8];
static bool		 link_busy, refuses_size;
static char		 lines[4096];

bool
keylink_busy(const struct keylink *k)
{
	(void)k;
	return (link_busy);
}

void
keylink_submit(struct keylink *k, struct signing *s)
{
	struct call	*call;
	size_t		 i;

	(void)k;
	for (i = 0; in_link[i] != NULL; i++)
		;
	in_link[i] = s;
	s->submitted = true;
	while (refuses_size && (call = rpc_next(s)) != NULL) {
		call->asked = true;
		if (!rpc_unsendable(call, EMSGSIZE))
			return;
	}
}

void
keylink_cancel(struct keylink *k, struct signing *s)
{
	size_t	 i;

	(void)k;
	for (i = 0; i < 8; i++)
		if (in_link[i] == s)
			in_link[i] = NULL;
}

bool
log_start(struct log_record *r, enum log_level level, const char *msg)
{
	(void)r;
	(void)level;
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s",
	    msg);
	return (true);
}

bool
log_start_noise(struct log_record *r, enum log_level level, const char *msg)
{
	return (log_start(r, level, msg));
}

void
log_str(struct log_record *r, const char *key, const char *value)
{
	(void)r;
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines),
	    " %s=%s", key, value);
}

void
log_num(struct log_record *r, const char *key, uint64_t n)
{
	(void)r;
	(void)key;
	(void)n;
}

void
log_hex(struct log_record *r, const char *key, const uint8_t *data,
    size_t len)
{
	(void)r;
	(void)key;
	(void)data;
	(void)len;
}

void
log_end(struct log_record *r)
{
	(void)r;
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "\n");
}

void
log_error(const char *fmt, ...)
{
	(void)fmt;
}

/* ---- An owner --------------------------------------------------------- */

static const struct front_key	 key = { 0, "sequencer", { 0 } };
static struct keynames		 known_keys;
static struct config_limits	 limits;
static struct rpc_owner		*owner;
static struct keylink		 the_keylink;
static bool			 freed_in_answer;
static unsigned int		 nanswers, nunavailable;
static char			 said[4096];
static struct signing		*ended;

static void
free_owner(void)
{
	free(owner);
	owner = NULL;
}

static void
answer(void *arg, struct signing *s, struct evbuffer *body)
{
	size_t	 len = 0;

	assert_ptr_equal(arg, &nanswers);
	nanswers++;
	ended = s;
	if (body != NULL) {
		len = evbuffer_get_length(body);
		assert_true(len < sizeof(said));
		assert_int_equal(evbuffer_remove(body, said, len), len);
	}
	said[len] = '\0';
	if (freed_in_answer)
		free_owner();
}

static void
unavailable(void *arg, struct signing *s, const char *reason)
{
	assert_ptr_equal(arg, &nanswers);
	nunavailable++;
	ended = s;
	snprintf(said, sizeof(said), "%s", reason);
	if (freed_in_answer)
		free_owner();
}

static void
new_owner(const char *client, const char *link, bool metadata)
{
	static const struct rpc_owner_ops	 ops = {
		answer, unavailable
	};

	assert_non_null(owner = calloc(1, sizeof(*owner)));
	owner->keylink = &the_keylink;
	owner->ops = &ops;
	owner->arg = &nanswers;
	owner->client = client;
	owner->peer = "192.0.2.1";
	owner->via = link != NULL ? 3 : 0;
	owner->link = link;
	owner->metadata = metadata;
	owner->limits = &limits;
	owner->names = &known_keys;
}

static int
setup(void **state)
{
	(void)state;
	keynames_init(&known_keys);
	assert_int_equal(keynames_begin(&known_keys), 0);
	assert_int_equal(keynames_add(&known_keys, &key), 0);
	memset(&limits, 0, sizeof(limits));
	limits.max_batch = 10;
	limits.max_values = 1000;
	limits.max_response = 10000;
	limits.timeout_request = 2000;
	memset(in_link, 0, sizeof(in_link));
	link_busy = refuses_size = freed_in_answer = false;
	nanswers = nunavailable = 0;
	said[0] = lines[0] = '\0';
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	if (owner != NULL) {
		assert_int_equal(owner->nsignings, 0);
		assert_true(LIST_EMPTY(&owner->signings));
	}
	free_owner();
	keynames_drop(&known_keys);
	return (0);
}

static struct signing *
start(const char *text)
{
	return (rpc_start(owner, text, strlen(text)));
}

/* keyd's answer to the nth call: a signature of four bytes, or not. */
static bool
reply(struct signing *s, size_t n, enum refusal refusal)
{
	static const uint8_t	 bytes[] = { 1, 2, 3, 0xff };
	struct keyd_reply	 r;

	memset(&r, 0, sizeof(r));
	r.refusal = refusal;
	r.result = bytes;
	r.resultlen = refusal == REFUSAL_NONE ? sizeof(bytes) : 0;
	return (rpc_reply(signing_call(s, n), &r));
}

static void
said_is(const char *want)
{
	assert_string_equal(said, want);
	said[0] = '\0';
}

static void
logged(const char *want)
{
	if (strstr(lines, want) == NULL)
		fail_msg("not in the log: %s\n%s", want, lines);
	lines[0] = '\0';
}

/* ---- Clients by HTTP -------------------------------------------------- */

static void
direct(void **state)
{
	const struct request	*request;
	struct signing		*s;

	(void)state;
	new_owner("a.example", NULL, false);
	assert_non_null(s = start(CALL("1", "[" ARG "]")));
	assert_ptr_equal(in_link[0], s);
	assert_int_equal(owner->nsignings, 1);
	request = &rpc_next(s)->args.request;
	assert_string_equal(request->client, "a.example");
	assert_int_equal(request->via, 0);
	assert_in_range(s->deadline, clock_us() + 1000000,
	    clock_us() + 2000000);
	assert_false(reply(s, 0, REFUSAL_NONE));
	assert_null(in_link[0]);
	assert_ptr_equal(ended, s);
	said_is(RESULT("1", "\"0x010203ff\"") "\n");
	logged("signed client=a.example peer=192.0.2.1 method=block-payload");
	/* A second argument is not taken, whatever it says. */
	assert_null(start(CALL("1", "[" ARG "," ONE "]")));
	said_is(ERROR("1", "-32602", "too many arguments, want at most 1")
	    "\n");
	assert_non_null(s = start(CALL("1", "[" ARG "]")));
	assert_false(reply(s, 0, REFUSAL_FORBIDDEN));
	said_is(ERROR("1", "-32000", "Forbidden: client 'a.example"
	    "' is not authorized to use any keys") "\n");
	assert_null(start(" "));
	said_is("");
	assert_int_equal(nanswers, 4);
	assert_int_equal(nunavailable, 0);
}

/* What a worker of keyd could not do is a next one once more. */
static void
put_back(void **state)
{
	struct signing	*s;
	struct call	*call;
	size_t		 i;

	(void)state;
	new_owner("a.example", NULL, false);
	assert_non_null(s = start("[" CALL("1", "[" ARG "]") ",1,"
	    CALL("2", "[" ARG "]") "]"));
	for (i = 0; i < 3; i += 2) {
		assert_ptr_equal(call = rpc_next(s), signing_call(s, i));
		call->asked = true;
	}
	assert_null(rpc_next(s));
	rpc_again(signing_call(s, 0));
	assert_ptr_equal(call = rpc_next(s), signing_call(s, 0));
	call->asked = true;
	assert_null(rpc_next(s));
	assert_true(reply(s, 2, REFUSAL_NONE));
	assert_null(rpc_next(s));
	assert_false(reply(s, 0, REFUSAL_NONE));
	assert_int_equal(nanswers, 1);
}

/* One element that cannot be served is the whole answer's 503. */
static void
direct_unavailable(void **state)
{
	struct signing	*s;

	(void)state;
	new_owner("a.example", NULL, false);
	link_busy = true;
	assert_null(start("[" CALL("1", "[" ARG "]") ",1]"));
	said_is("busy");
	logged("unavailable client=a.example peer=192.0.2.1 reason=busy\n");
	link_busy = false;
	assert_non_null(s = start("[" CALL("1", "[" ARG "]") ","
	    CALL("2", "[" ARG "]") "]"));
	assert_true(reply(s, 0, REFUSAL_NONE));
	assert_false(reply(s, 1, REFUSAL_DEADLINE));
	said_is(refusal_name(REFUSAL_DEADLINE));
	assert_non_null(s = start(CALL("1", "[" ARG "]")));
	rpc_expired(s);
	said_is("busy");
	assert_non_null(s = start(CALL("1", "[" ARG "]")));
	s->deadline = clock_us();
	rpc_expired(s);
	said_is("deadline");
	assert_int_equal(nunavailable, 4);
	assert_int_equal(nanswers, 0);
}

/* Every way to an end, with an owner that ends there, too. */
static void
owner_ends(void **state)
{
	static const char	 text[] = CALL("1", "[" ARG "]");
	int			 i;

	(void)state;
	freed_in_answer = true;
	for (i = 0; i < 12; i++) {
		new_owner("a.example", i < 6 ? NULL : "edge", false);
		link_busy = i % 6 == 1;
		refuses_size = i % 6 == 2;
		if (i % 6 == 0)
			assert_null(start("{"));
		else if (i % 6 < 3)
			assert_null(start(text));
		else {
			assert_non_null(start(text));
			if (i % 6 == 3)
				rpc_expired(in_link[0]);
			else
				assert_false(reply(in_link[0], 0, i % 6 == 4 ?
				    REFUSAL_NONE : REFUSAL_INTERNAL));
		}
		assert_null(owner);
		assert_null(in_link[0]);
	}
	assert_int_equal(nunavailable, 3);
	assert_int_equal(nanswers, 9);
}

static void
several(void **state)
{
	struct signing	*a, *b, *c;

	(void)state;
	new_owner("", "edge", false);
	assert_non_null(a = start(CALL("1", "[" ARG "]")));
	assert_non_null(b = start(CALL("2", "[" ARG "]")));
	assert_non_null(c = start(CALL("3", "[" ARG "]")));
	assert_int_equal(owner->nsignings, 3);
	rpc_cancel(b);
	assert_int_equal(owner->nsignings, 2);
	assert_false(reply(c, 0, REFUSAL_NONE));
	said_is(RESULT("3", "\"0x010203ff\"") "\n");
	assert_ptr_equal(in_link[0], a);
	assert_non_null(start(CALL("4", "[" ARG "]")));
	rpc_cancel_all(owner);
	assert_null(in_link[0]);
	assert_null(in_link[1]);
	assert_int_equal(nanswers, 1);
}

/* ---- Links ------------------------------------------------------------ */

/* A proxy that names no clients. */
static void
unnamed(void **state)
{
	struct signing	*s;

	(void)state;
	new_owner("", "edge", false);
	assert_non_null(s = start(CALL("1", "[" ARG "]")));
	assert_int_equal(rpc_next(s)->args.request.via, 3);
	assert_string_equal(rpc_next(s)->args.request.client, "");
	assert_false(reply(s, 0, REFUSAL_FORBIDDEN));
	said_is(ERROR("1", "-32000", "Forbidden: proxy 'edge' is "
	    "not authorized to use any keys") "\n");
	logged("refused client= link=edge peer=192.0.2.1 ");
	assert_null(start(CALL("1", "[" ARG "," ONE "]")));
	said_is(ERROR("1", "-32602", "too many arguments, want at most 1")
	    "\n");
}

static void
arguments(void **state)
{
	static const struct {
		const char	*params;
		const char	*text;
	} cases[] = {
		{ "[]", "missing value for required argument 0" },
		{ "null", "missing value for required argument 0" },
		{ "[" ARG "]", "missing value for required argument 1" },
		{ "[" ARG "," ONE ",null]",
		    "too many arguments, want at most 2" },
		{ "{\"payloadHash\":\"" HASH "\"}", "non-array args" },
		{ "[" ARG ",null]", "invalid argument 1: must be an object" },
		{ "[" ARG ",[" ONE "]]",
		    "invalid argument 1: must be an object" },
		{ "[" ARG ",\"a.example\"]",
		    "invalid argument 1: must be an object" },
		{ "[" ARG ",{\"client\":\"\"}]",
		    "invalid argument 1: client: empty" },
		{ "[" ARG ",{\"client\":7}]",
		    "invalid argument 1: client: must be a string" },
		{ "[" ARG ",{\"client\":\"a\\n\"}]",
		    "invalid argument 1: client: must be printable ASCII" },
		{ "[" ARG ",{\"client\":\"\\u00e4\"}]",
		    "invalid argument 1: client: must be printable ASCII" },
		{ "[" ARG ",{\"client\":\"a\",\"client\":\"b\"}]",
		    "invalid argument 1: a member is there twice" },
		{ "[" ARG ",{\"client\":\"a\",\"id\":1}]",
		    "invalid argument 1: id: must be a string" },
		{ "[" ARG ",{\"client\":\"a\",\"id\":\"\\u007f\"}]",
		    "invalid argument 1: id: must be printable ASCII" },
		{ "[" ARG ",{\"client\":\"a\",\"deadline\":-1}]",
		    "invalid argument 1: deadline: must be an integer of "
		    "milliseconds" },
		{ "[" ARG ",{\"client\":\"a\",\"deadline\":1.5}]",
		    "invalid argument 1: deadline: must be an integer of "
		    "milliseconds" },
		{ "[" ARG ",{\"client\":\"a\",\"deadline\":1e3}]",
		    "invalid argument 1: deadline: must be an integer of "
		    "milliseconds" },
		{ "[" ARG ",{\"client\":\"a\",\"deadline\":\"1\"}]",
		    "invalid argument 1: deadline: must be an integer of "
		    "milliseconds" },
		{ "[7," ONE "]",
		    "invalid argument 0: argument: must be an object" }
	};
	char		 text[1024], want[512];
	size_t		 i;

	(void)state;
	new_owner("", "edge", true);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* kona's dialect is none here: V1 as well. */
		snprintf(text, sizeof(text), "{" V ",\"id\":%zu,\"method\":"
		    "\"opsigner_signBlockPayload%s\",\"params\":%s}", i,
		    i % 2 == 0 ? "" : "V2", cases[i].params);
		snprintf(want, sizeof(want), "{" V ",\"id\":%zu,\"error\":{"
		    "\"code\":-32602,\"message\":\"%s\"}}\n", i,
		    cases[i].text);
		lines[0] = '\0';
		assert_null(start(text));
		said_is(want);
	}
	/* The last one has said who asks. */
	logged("rejected client=a.example link=edge peer=192.0.2.1 method="
	    "opsigner_signBlockPayloadV2 code=-32602");
	assert_null(start("{" V ",\"id\":1,\"method\":\"health_status\"}"));
	said_is(RESULT("1", "\"" VERSION "\"") "\n");
}

static void
names(void **state)
{
	char		 longest[CLIENT_MAX + 2], id[METADATA_ID_MAX + 2];
	char		 text[1024];
	struct signing	*s;

	(void)state;
	new_owner("", "edge", true);
	memset(longest, 'c', sizeof(longest));
	memset(id, 'i', sizeof(id));
	longest[CLIENT_MAX] = id[METADATA_ID_MAX] = '\0';
	snprintf(text, sizeof(text), CALL("1", "[" ARG ",{\"x\":[{}],"
	    "\"client\":\"%s\",\"id\":\"%s\",\"deadline\":null}]"), longest,
	    id);
	assert_non_null(s = start(text));
	assert_string_equal(rpc_next(s)->args.request.client, longest);
	assert_int_equal(rpc_next(s)->args.request.via, 3);
	assert_false(reply(s, 0, REFUSAL_NONE));
	snprintf(text, sizeof(text), "signed client=%s link=edge id=%s "
	    "peer=192.0.2.1 method=", longest, id);
	logged(text);
	/* A byte more of either. */
	snprintf(text, sizeof(text), CALL("1", "[" ARG ",{\"client\":"
	    "\"%sc\"}]"), longest);
	assert_null(start(text));
	said_is(ERROR("1", "-32602", "invalid argument 1: client: too long")
	    "\n");
	snprintf(text, sizeof(text), CALL("1", "[" ARG ",{\"client\":\"c\","
	    "\"id\":\"%si\"}]"), id);
	assert_null(start(text));
	said_is(ERROR("1", "-32602", "invalid argument 1: id: too long")
	    "\n");
	/* Each call of a batch is of its own client. */
	assert_non_null(s = start("[" CALL("1", "[" ARG "," ONE "]") ","
	    CALL("2", "[" ARG ",{\"client\":\"b c\"}]") "]"));
	assert_string_equal(signing_call(s, 0)->args.request.client,
	    "a.example");
	assert_string_equal(signing_call(s, 1)->args.request.client, "b c");
	assert_true(reply(s, 1, REFUSAL_FORBIDDEN));
	assert_false(reply(s, 0, REFUSAL_NONE));
	said_is("[" RESULT("1", "\"0x010203ff\"") ","
	    ERROR("2", "-32000", "Forbidden: client 'b c' is not "
	    "authorized to use any keys") "]\n");
}

/* Milliseconds to the deadline that a signing has. */
static uint64_t
left_ms(const char *deadlines[2])
{
	struct signing	*s;
	char		 text[1024];
	uint64_t	 now = clock_us(), ms;

	snprintf(text, sizeof(text), "[" CALL("1", "[" ARG ",{\"client\":"
	    "\"a\"%s%s}]") "," CALL("2", "[" ARG ",{\"client\":\"a\"%s%s}]")
	    "]", deadlines[0] ? ",\"deadline\":" : "",
	    deadlines[0] ? deadlines[0] : "",
	    deadlines[1] ? ",\"deadline\":" : "",
	    deadlines[1] ? deadlines[1] : "");
	assert_non_null(s = start(text));
	assert_true(s->deadline >= now);
	ms = (s->deadline - now) / 1000;
	rpc_cancel(s);
	return (ms);
}

static void
deadlines(void **state)
{
	static const char	*const huge = "99999999999999999999999999";

	(void)state;
	new_owner("", "edge", true);
	limits.timeout_request = 1000000;
	/* The second is that of a slow machine. */
	assert_in_range(left_ms((const char *[]){ NULL, NULL }), 1000000,
	    1100000);
	assert_in_range(left_ms((const char *[]){ "500000", NULL }), 500000,
	    600000);
	assert_in_range(left_ms((const char *[]){ "700000", "500000" }),
	    500000, 600000);
	assert_in_range(left_ms((const char *[]){ "500000", "700000" }),
	    500000, 600000);
	assert_in_range(left_ms((const char *[]){ "0", huge }), 0, 100000);
	/* It can only be shortened. */
	assert_in_range(left_ms((const char *[]){ "1500000", NULL }), 1000000,
	    1100000);
	assert_in_range(left_ms((const char *[]){ huge, huge }), 1000000,
	    1100000);
}

/* There is no status code on a link: calls say it themselves. */
static void
unserved_on_a_link(void **state)
{
	static const char	 batch[] = "[" CALL("1", "[" ARG "," ONE "]")
				    "," CALL("2", "[" ARG "," ONE "]") ",0,"
				    CALL("3", "[" ARG "," ONE "]") "]";
	static const char	 invalid[] = ERROR("null", "-32600",
				    "invalid request");
	struct signing		*s;
	char			 want[1024];

	(void)state;
	new_owner("", "edge", true);
	link_busy = true;
	assert_null(start(batch));
	snprintf(want, sizeof(want), "[" BUSY("1") "," BUSY("2") ",%s,"
	    BUSY("3") "]\n", invalid);
	said_is(want);
	logged("unavailable client= link=edge peer=192.0.2.1 reason=busy\n");
	link_busy = false;
	/* The time is up; answers that are there stay. */
	assert_non_null(s = start(batch));
	assert_true(reply(s, 1, REFUSAL_NONE));
	s->deadline = clock_us();
	rpc_expired(s);
	snprintf(want, sizeof(want), "[" LATE("1") ","
	    RESULT("2", "\"0x010203ff\"") ",%s," LATE("3") "]\n", invalid);
	said_is(want);
	/* It is not: keyd does not answer. */
	assert_non_null(s = start(batch));
	rpc_expired(s);
	snprintf(want, sizeof(want), "[" BUSY("1") "," BUSY("2") ",%s,"
	    BUSY("3") "]\n", invalid);
	said_is(want);
	/* One of them alone. */
	lines[0] = '\0';
	assert_non_null(s = start(batch));
	assert_true(reply(s, 0, REFUSAL_DEADLINE));
	logged("unavailable client=a.example link=edge peer=192.0.2.1 ");
	assert_ptr_equal(in_link[0], s);
	assert_true(reply(s, 1, REFUSAL_INTERNAL));
	assert_false(reply(s, 3, REFUSAL_NONE));
	snprintf(want, sizeof(want), "[" LATE("1") "," BUSY("2") ",%s,"
	    RESULT("3", "\"0x010203ff\"") "]\n", invalid);
	said_is(want);
	assert_int_equal(nunavailable, 0);
}

/* What waits takes memory: a message alone may, several have a bound. */
static void
held(void **state)
{
	static const char	 batch[] = "[" CALL("1", "[" ARG "]") ","
				    CALL("2", "[" ARG "]") "]";
	struct signing		*s;

	(void)state;
	new_owner("", "edge", false);
	owner->max_held = 1;
	assert_non_null(s = start(batch));
	assert_int_equal(owner->held, sizeof(batch) - 1 +
	    2 * sizeof(struct call));
	assert_null(start(CALL("3", "[" ARG "]")));
	said_is(BUSY("3") "\n");
	assert_true(reply(s, 0, REFUSAL_NONE));
	assert_false(reply(s, 1, REFUSAL_NONE));
	assert_int_equal(owner->held, 0);
	owner->max_held = 2 * sizeof(batch) + 4 * sizeof(struct call);
	assert_non_null(start(batch));
	assert_non_null(start(batch));
	assert_null(start(CALL("3", "[" ARG "]")));
	rpc_cancel_all(owner);
	assert_int_equal(owner->held, 0);
	owner->max_held = 0;
	assert_non_null(start(batch));
	assert_non_null(start(batch));
	rpc_cancel_all(owner);
}

#define rpc_test(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rpc_test(direct),
		rpc_test(put_back),
		rpc_test(direct_unavailable),
		rpc_test(owner_ends),
		rpc_test(several),
		rpc_test(unnamed),
		rpc_test(arguments),
		rpc_test(names),
		rpc_test(deadlines),
		rpc_test(unserved_on_a_link),
		rpc_test(held)
	};

	return (cmocka_run_group_tests_name("rpc", tests, NULL, NULL));
}
