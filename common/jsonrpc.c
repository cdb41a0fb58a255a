/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <event2/buffer.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/jsonrpc.h"

#define ANSWER_HEAD	"{\"jsonrpc\":\"2.0\",\"id\":"
#define ANSWER_RESULT	",\"result\":"
#define ANSWER_CODE	",\"error\":{\"code\":"
#define ANSWER_MESSAGE	",\"message\":\""
#define ANSWER_ERROR	",\"error\":"

/* A piece of an answer; len is what is to be written. */
struct piece {
	const char	*text;
	size_t		 len;
	bool		 escape;	/* len counts the escapes */
};

static void
set_error(struct jsonrpc_request *req, int code, const char *message)
{
	req->kind = JSONRPC_ERROR;
	req->code = code;
	snprintf(req->message, sizeof(req->message), "%s", message);
}

/*
 * Whether one of the members that are looked at is there in another case:
 * other readers of JSON would take it, so it cannot just be passed over.
 */
static bool
misspelt(const cJSON *element)
{
	static const char *const names[] = {
		"jsonrpc", "id", "method", "params", "result", "error"
	};
	const cJSON	*member;
	size_t		 i;
	char		 first;

	cJSON_ArrayForEach(member, element) {
		first = (char)(member->string[0] | 0x20);
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (first == names[i][0] &&
			    strcasecmp(member->string, names[i]) == 0 &&
			    strcmp(member->string, names[i]) != 0)
				return (true);
		}
	}
	return (false);
}

/*
 * Takes the id if it is the only one, in whatever case, and a scalar.
 * Returns how many there are; req->id stays NULL for null.
 */
static size_t
take_id(struct jsonrpc_request *req, const struct json_doc *doc,
    const cJSON *element, bool *usable)
{
	const cJSON	*member, *id;
	size_t		 n = 0;

	*usable = false;
	cJSON_ArrayForEach(member, element) {
		if ((member->string[0] | 0x20) == 'i' &&
		    strcasecmp(member->string, "id") == 0)
			n++;
	}
	id = json_member(element, "id");
	if (n != 1 || id == NULL || cJSON_IsArray(id) || cJSON_IsObject(id))
		return (n);
	*usable = true;
	if (!cJSON_IsNull(id))
		req->id = json_raw(doc, id, &req->idlen);
	return (n);
}

static bool
is_version(const cJSON *version)
{
	return (cJSON_IsString(version) &&
	    strcmp(version->valuestring, "2.0") == 0);
}

/* An answer has a result of any value, or an error that is not null. */
static bool
is_response(const cJSON *element)
{
	const cJSON	*error = json_member(element, "error");

	if (json_member(element, "params") != NULL)
		return (false);
	return (json_member(element, "result") != NULL ||
	    (error != NULL && !cJSON_IsNull(error)));
}

/* The element is an object, its members are in order, its id is scanned. */
static void
classify(struct jsonrpc_request *req, const cJSON *element, size_t nids,
    bool usable)
{
	const cJSON	*method = json_member(element, "method");
	char		 message[sizeof(req->message)];
	size_t		 len = 0;

	if (cJSON_IsString(method))
		len = strlen(method->valuestring);
	if (nids == 0 && len > 0) {
		req->kind = JSONRPC_NOTIFICATION;
		return;
	}
	if (usable && len == 0 && is_response(element)) {
		req->kind = JSONRPC_RESPONSE;
		return;
	}
	if (!usable || len == 0) {
		set_error(req, JSONRPC_INVALID, "invalid request");
		return;
	}
	if (len > JSONRPC_METHOD_MAX) {
		snprintf(message, sizeof(message),
		    "method name too long: %zu > %d", len, JSONRPC_METHOD_MAX);
		set_error(req, JSONRPC_INVALID, message);
		return;
	}
	req->kind = JSONRPC_CALL;
	req->method = method->valuestring;
	req->params = json_member(element, "params");
}

void
jsonrpc_request(struct jsonrpc_request *req, const struct json_doc *doc,
    const cJSON *element)
{
	size_t	nids;
	bool	repeats, usable;

	memset(req, 0, sizeof(*req));
	if (!cJSON_IsObject(element)) {
		set_error(req, JSONRPC_INVALID, "invalid request");
		return;
	}
	nids = take_id(req, doc, element, &usable);
	repeats = json_repeats(element, false);
	if (repeats && errno == ENOMEM) {
		req->kind = JSONRPC_NOMEMORY;
		return;
	}
	if (repeats || misspelt(element) ||
	    !is_version(json_member(element, "jsonrpc"))) {
		set_error(req, JSONRPC_INVALID, "invalid request");
		return;
	}
	classify(req, element, nids, usable);
}

int
jsonrpc_arguments(const cJSON *params, int n, const cJSON **args,
    char *message, size_t size)
{
	const cJSON	*v;
	int		 i;

	if (params == NULL || cJSON_IsNull(params))
		v = NULL;
	else if (cJSON_IsArray(params))
		v = params->child;
	else {
		snprintf(message, size, "non-array args");
		return (-1);
	}
	for (i = 0; i < n && v != NULL; i++, v = v->next)
		args[i] = v;
	if (v != NULL) {
		snprintf(message, size,
		    "too many arguments, want at most %d", n);
		return (-1);
	}
	if (i < n) {
		snprintf(message, size,
		    "missing value for required argument %d", i);
		return (-1);
	}
	return (0);
}

int
jsonrpc_argument(const cJSON *params, int n, const cJSON **arg,
    char *message, size_t size)
{
	*arg = NULL;
	if (jsonrpc_arguments(params, n, arg, message, size) == 0)
		return (0);
	*arg = NULL;
	return (-1);
}

/*
 * Appends all pieces or nothing.  Room is made once, so an answer of a
 * megabyte is copied once.
 */
static int
append(struct evbuffer *out, const struct piece *pieces, size_t n)
{
	struct evbuffer_iovec	 room;
	char			*p;
	size_t			 i, total = 0;

	for (i = 0; i < n; i++) {
		if (pieces[i].len > SSIZE_MAX - total)
			return (-1);
		total += pieces[i].len;
	}
	if (evbuffer_reserve_space(out, (ev_ssize_t)total, &room, 1) != 1)
		return (-1);
	p = room.iov_base;
	for (i = 0; i < n; i++) {
		if (pieces[i].escape)
			json_escape(p, pieces[i].text, strlen(pieces[i].text));
		else
			memcpy(p, pieces[i].text, pieces[i].len);
		p += pieces[i].len;
	}
	room.iov_len = total;
	return (evbuffer_commit_space(out, &room, 1));
}

static struct piece
text(const char *s)
{
	struct piece	piece = { s, strlen(s), false };

	return (piece);
}

static struct piece
id_piece(const char *id, size_t idlen)
{
	struct piece	piece = { id, idlen, false };

	return (id == NULL ? text("null") : piece);
}

int
jsonrpc_error(struct evbuffer *out, const char *id, size_t idlen, int code,
    const char *message)
{
	struct piece	pieces[7];
	char		number[16];

	snprintf(number, sizeof(number), "%d", code);
	pieces[0] = text(ANSWER_HEAD);
	pieces[1] = id_piece(id, idlen);
	pieces[2] = text(ANSWER_CODE);
	pieces[3] = text(number);
	pieces[4] = text(ANSWER_MESSAGE);
	pieces[5].text = message;
	pieces[5].len = json_escape(NULL, message, strlen(message));
	pieces[5].escape = true;
	pieces[6] = text("\"}}");
	return (append(out, pieces, sizeof(pieces) / sizeof(pieces[0])));
}

/* An answer whose one value is JSON text already. */
static int
append_value(struct evbuffer *out, const char *id, size_t idlen,
    const char *name, const char *json, size_t len)
{
	struct piece	pieces[5];

	pieces[0] = text(ANSWER_HEAD);
	pieces[1] = id_piece(id, idlen);
	pieces[2] = text(name);
	pieces[3].text = json;
	pieces[3].len = len;
	pieces[3].escape = false;
	pieces[4] = text("}");
	return (append(out, pieces, sizeof(pieces) / sizeof(pieces[0])));
}

int
jsonrpc_result(struct evbuffer *out, const char *id, size_t idlen,
    const char *json, size_t len)
{
	return (append_value(out, id, idlen, ANSWER_RESULT, json, len));
}

int
jsonrpc_error_raw(struct evbuffer *out, const char *id, size_t idlen,
    const char *json, size_t len)
{
	return (append_value(out, id, idlen, ANSWER_ERROR, json, len));
}

int
jsonrpc_error_parse(const struct json_doc *doc, const cJSON *error, int *code,
    const char **message)
{
	const cJSON	*number = json_member(error, "code");
	const cJSON	*string = json_member(error, "message");
	const char	*text;
	char		 digits[12], *end;
	size_t		 len = 0;
	long		 n;

	if (!cJSON_IsObject(error) || !cJSON_IsNumber(number) ||
	    !cJSON_IsString(string) ||
	    (text = json_raw(doc, number, &len)) == NULL ||
	    len >= sizeof(digits))
		return (-1);
	memcpy(digits, text, len);
	digits[len] = '\0';
	n = strtol(digits, &end, 10);
	if (*end != '\0' || n < INT32_MIN || n > INT32_MAX)
		return (-1);
	*code = (int)n;
	*message = string->valuestring;
	return (0);
}
