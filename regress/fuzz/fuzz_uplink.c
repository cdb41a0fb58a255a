/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: signerd/uplink_register.o common/jsonrpc.o common/json.o
 *	common/jsonscan.o common/hex.o common/u256.o common/log.o
 *	common/log_render.o compat/imsg.o compat/imsg-buffer.o
 * libs: libevent libcjson
 */

/*
 * A link's registration, and what a proxy answers to it, a message a line:
 * the first good answer settles for good whether requests carry the client's
 * name, a refusal ends the link once, and nothing else is taken for an answer.
 */

#include <event2/event.h>

#include "api/link.h"
#include "common/log.h"
#include "common/wslink.h"
#include "regress/fuzz/fuzz.h"
#include "signerd/uplink.h"

static const struct json_limits	limits = { 512, 1000 };

static struct event_base	*base;
static struct linkd		 linkd;
static struct uplink		 uplink;
static size_t			 sent;		/* registrations */
static size_t			 closed;

/* ---- In place of the link ---------------------------------------------- */

int
wslink_send(struct wslink *ws, const char *text, size_t len)
{
	struct json_doc	*doc;
	const cJSON	*params;
	const char	*id;
	size_t		 n;

	(void)ws;
	FUZZ_ASSERT(closed == 0);
	FUZZ_ASSERT(json_parse(&doc, text, len, &limits, NULL) == JSON_OK);
	id = json_raw(doc, json_member(json_root(doc), "id"), &n);
	FUZZ_ASSERT(id != NULL && strtoull(id, NULL, 10) == ++sent);
	FUZZ_ASSERT(uplink.asked == sent);
	params = json_member(json_root(doc), "params");
	FUZZ_ASSERT(cJSON_GetArraySize(params) == (uplink.bare ? 0 : 1));
	json_free(doc);
	return (0);
}

void
uplink_close(struct uplink *u, uint16_t code, const char *reason, bool slow)
{
	FUZZ_ASSERT(u == &uplink && slow && closed++ == 0);
	FUZZ_ASSERT(code == LINK_PROTOCOL || code == LINK_POLICY);
	FUZZ_ASSERT(reason[0] != '\0' && strlen(reason) <
	    sizeof(u->reason));
	u->state = UPLINK_CLOSING;
}

/* Of an older one, of which there is none here. */
void
uplink_leave(struct uplink *u)
{
	(void)u;
	FUZZ_ASSERT(false);
}

static void
on_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_init("fuzz");
	log_set_level(LOG_LVL_ERROR);
	FUZZ_ASSERT((base = event_base_new()) != NULL);
	uplink.timer = evtimer_new(base, on_timer, NULL);
	uplink.renew = evtimer_new(base, on_timer, NULL);
	FUZZ_ASSERT(uplink.timer != NULL && uplink.renew != NULL);
	linkd.config.limits.max_values = 1000;
	linkd.config.limits.timeout_register = 100000;
	linkd.config.limits.timeout_renew = 100000;
	return (0);
}

/* ---- The proxy --------------------------------------------------------- */

/* It is an object with the id of the registration and no method. */
static void
check_taken(const char *text, size_t len, uint64_t asked)
{
	struct json_doc	*doc;
	const cJSON	*root, *error, *result;
	const char	*id;
	size_t		 n;

	FUZZ_ASSERT(json_parse(&doc, text, len, &limits, NULL) == JSON_OK);
	root = json_root(doc);
	FUZZ_ASSERT(!json_repeats(root, false));
	FUZZ_ASSERT(json_member(root, "method") == NULL);
	id = json_raw(doc, json_member(root, "id"), &n);
	FUZZ_ASSERT(id != NULL && strtoull(id, NULL, 10) == asked);
	error = json_member(root, "error");
	result = json_member(root, "result");
	/* Not up by what is an error, or no result at all. */
	if ((error != NULL && !cJSON_IsNull(error)) || (!cJSON_IsTrue(result)
	    && !cJSON_IsObject(result)))
		FUZZ_ASSERT(closed == 1 || (uplink.bare &&
		    uplink.asked == asked + 1));
	else if (cJSON_IsTrue(result))
		FUZZ_ASSERT(uplink.settled && closed == 0);
	json_free(doc);
}

static void
hear(const char *line, size_t len)
{
	uint64_t	 asked = uplink.asked;
	bool		 settled = uplink.settled;
	bool		 metadata = uplink.owner.metadata;
	bool		 bare = uplink.bare;
	char		*text;

	text = fuzz_string(line, len);
	if (uplink_registration(&uplink, text, len))
		check_taken(text, len, asked);
	else {
		FUZZ_ASSERT(uplink.asked == asked && closed == 0);
		FUZZ_ASSERT(uplink.settled == settled);
	}
	free(text);
	if (settled) {
		FUZZ_ASSERT(uplink.settled && uplink.bare == bare);
		FUZZ_ASSERT(uplink.owner.metadata == metadata);
	}
	FUZZ_ASSERT(!bare || uplink.bare);
	FUZZ_ASSERT(uplink.settled || !uplink.owner.metadata);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char	 object[] = "{\"version\":1,\"keys\":[]}";
	const char	*p = (const char *)data, *end, *nl;
	size_t		 lines = 0;

	sent = closed = 0;
	uplink.linkd = &linkd;
	uplink.object = object;
	uplink.state = UPLINK_REGISTERING;
	uplink.ids = uplink.asked = 0;
	uplink.bare = uplink.settled = uplink.owner.metadata = false;
	uplink_register(&uplink);
	if (size == 0)
		return (0);
	end = p + size;
	while (lines++ < 32 && closed == 0) {
		nl = memchr(p, '\n', (size_t)(end - p));
		hear(p, (size_t)((nl == NULL ? end : nl) - p));
		if (nl == NULL)
			break;
		p = nl + 1;
		/* The time has come to register again. */
		if (uplink.asked == 0 && closed == 0)
			uplink_register(&uplink);
	}
	FUZZ_ASSERT((uplink.state == UPLINK_UP) == (uplink.settled &&
	    closed == 0));
	return (0);
}
