/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "api/link.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/jsonrpc.h"
#include "common/log.h"
#include "common/wslink.h"
#include "signerd/uplink.h"

/* What the proxy's answer says. */
struct answer {
	bool		 given;		/* an object, not the bare true */
	char		 version[12];
	bool		 client;	/* features */
	bool		 deadline;
	char		 software[64];
};

static void
add_timer(struct event *timer, uint32_t ms)
{
	struct timeval	 tv = clock_in_ms(ms);

	event_add(timer, &tv);
}

void
uplink_register(struct uplink *u)
{
	static const char	 form[] = "{\"jsonrpc\":\"2.0\",\"id\":%llu,"
				    "\"method\":\"" LINK_SERVE_SIGNER "\","
				    "\"params\":[%s]}";
	const char		*object = u->bare ? "" : u->object;
	size_t			 size = sizeof(form) + strlen(object) + 24;
	char			*text;
	int			 n;

	if ((text = malloc(size)) == NULL) {
		uplink_close(u, LINK_POLICY, "out of memory", false);
		return;
	}
	u->asked = ++u->ids;
	u->stale = false;
	n = snprintf(text, size, form, (unsigned long long)u->asked, object);
	(void)wslink_send(u->ws, text, (size_t)n);
	free(text);
	/* The first has what is left of the time since the connection. */
	if (u->state == UPLINK_UP)
		add_timer(u->timer, u->linkd->config.limits.timeout_register);
}

static void
log_up(const struct uplink *u, const struct answer *a)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "link up"))
		return;
	log_str(&r, "link", u->proxy.name);
	log_str(&r, "peer", u->peer);
	log_str(&r, "protocol", a->given ? a->version : "2025");
	if (a->given) {
		log_str(&r, "software", a->software);
		log_str(&r, "features", a->client && a->deadline ?
		    "client,deadline" : a->client ? "client" : a->deadline ?
		    "deadline" : "none");
	}
	log_end(&r);
}

static void
settle(struct uplink *u, const struct answer *a)
{
	if (u->settled)
		return;
	/* Once a connection: what it means cannot change under requests. */
	u->settled = true;
	u->owner.metadata = a->client;
	u->since = clock_us();
	u->state = UPLINK_UP;
	u->linkd->counts[u->proxy.index].registrations++;
	log_up(u, a);
	/* The proxy asks here from now on. */
	if (u->elder != NULL)
		uplink_leave(u->elder);
	u->elder = NULL;
}

static void
registered(struct uplink *u, const struct answer *a)
{
	event_del(u->timer);
	add_timer(u->renew, u->linkd->config.limits.timeout_renew);
	settle(u, a);
	if (u->stale)
		uplink_register(u);
}

void
uplink_advertise(struct uplink *u, char *object)
{
	if (u->object != NULL && strcmp(u->object, object) == 0) {
		free(object);
		return;
	}
	free(u->object);
	u->object = object;
	if (u->state == UPLINK_UP && u->asked == 0)
		uplink_register(u);
	else if (u->state == UPLINK_UP || u->state == UPLINK_REGISTERING)
		u->stale = true;
}

/* A positive integer: digits alone, and few of them. */
static bool
take_version(const struct json_doc *doc, const cJSON *v, struct answer *a)
{
	const char	*text = NULL;
	size_t		 len = 0;

	if (cJSON_IsNumber(v))
		text = json_raw(doc, v, &len);
	if (text == NULL || len >= sizeof(a->version) || text[0] == '0')
		return (false);
	memcpy(a->version, text, len);
	a->version[len] = '\0';
	return (strspn(a->version, "0123456789") == len);
}

static bool
take_result(const struct json_doc *doc, const cJSON *result,
    struct answer *a)
{
	const cJSON	*v, *list;

	memset(a, 0, sizeof(*a));
	if (cJSON_IsTrue(result))
		return (true);
	if (!cJSON_IsObject(result) || json_repeats(result, true) ||
	    !take_version(doc, json_member(result, "version"), a))
		return (false);
	a->given = true;
	v = json_member(result, "software");
	if (cJSON_IsString(v))
		snprintf(a->software, sizeof(a->software), "%s",
		    v->valuestring);
	list = json_member(result, "features");
	if (list != NULL && !cJSON_IsArray(list))
		return (false);
	cJSON_ArrayForEach(v, list) {
		if (!cJSON_IsString(v))
			return (false);
		if (strcmp(v->valuestring, "client") == 0)
			a->client = true;
		else if (strcmp(v->valuestring, "deadline") == 0)
			a->deadline = true;
	}
	return (true);
}

static void
take_error(struct uplink *u, const struct json_doc *doc, const cJSON *error)
{
	const char	*message;
	char		 text[380];
	int		 code;

	if (jsonrpc_error_parse(doc, error, &code, &message) == -1) {
		uplink_close(u, LINK_PROTOCOL, "an error of the proxy that "
		    "makes no sense", true);
		return;
	}
	/* A proxy of 2025: it takes no argument. */
	if (code == JSONRPC_PARAMS && !u->bare && !u->settled) {
		u->bare = true;
		uplink_register(u);
		return;
	}
	snprintf(text, sizeof(text), "%s error %d: %.300s",
	    code == LINK_UNEXPECTED ? "refused by the proxy:" :
	    "the proxy answered " LINK_SERVE_SIGNER " with", code, message);
	uplink_close(u, LINK_POLICY, text, true);
}

static void
take_answer(struct uplink *u, const struct json_doc *doc, const cJSON *root)
{
	const cJSON	*error = json_member(root, "error");
	struct answer	 a;

	u->asked = 0;
	if (error != NULL && !cJSON_IsNull(error))
		take_error(u, doc, error);
	else if (take_result(doc, json_member(root, "result"), &a))
		registered(u, &a);
	else
		uplink_close(u, LINK_PROTOCOL, "an answer of the proxy to "
		    LINK_SERVE_SIGNER " that makes no sense", true);
}

static bool
is_ours(const struct uplink *u, const struct json_doc *doc,
    const cJSON *root)
{
	const cJSON	*id = json_member(root, "id");
	const char	*text = NULL;
	char		 number[24];
	size_t		 len = 0;

	if (!cJSON_IsObject(root) || json_member(root, "method") != NULL ||
	    !cJSON_IsNumber(id) || json_repeats(root, false))
		return (false);
	text = json_raw(doc, id, &len);
	snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)u->asked);
	return (text != NULL && strlen(number) == len &&
	    memcmp(number, text, len) == 0);
}

bool
uplink_registration(struct uplink *u, const char *text, size_t len)
{
	struct json_limits	 limits;
	struct json_doc		*doc;
	enum json_error		 error;
	bool			 ours;

	limits.max_depth = 512;
	limits.max_values = u->linkd->config.limits.max_values;
	error = json_parse(&doc, text, len, &limits, NULL);
	if (error == JSON_MEMORY) {
		/*
		 * It may be the answer: the proxy would go by what it says,
		 * and its clients' requests be taken for something else.
		 */
		uplink_close(u, LINK_NO_ROOM, "out of memory", false);
		return (true);
	}
	if (error != JSON_OK)
		return (false);
	if ((ours = is_ours(u, doc, json_root(doc))))
		take_answer(u, doc, json_root(doc));
	json_free(doc);
	return (ours);
}
