/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/jsonrpc.h"
#include "opsign/answer.h"

/* An answer for each of a batch, and members of each of these. */
#define MAX_VALUES	(1024 * 1024)
#define MAX_DEPTH	64

#define CODE_BUSY	(-32005)	/* of signerd and proxyd */
#define CODE_DEADLINE	(-32006)

/* The first words of a body that is none of JSON, for people. */
static void
http_fault(struct fault *f, const struct response *r)
{
	size_t len = r->bodylen < 120 ? r->bodylen : 120;

	while (len > 0 && (r->body[len - 1] == '\n' ||
	    r->body[len - 1] == '\r'))
		len--;
	if (r->status >= 300 && r->status < 400)
		fault_set(f, FAULT_HTTP, "HTTP status %d, a redirect to "
		    "\"%s\"", r->status, r->location);
	else
		fault_set(f, r->status == 503 || r->status == 429 ||
		    r->status == 502 || r->status == 504 ||
		    r->status == 408 ? FAULT_BUSY : FAULT_HTTP,
		    "HTTP status %d %s%s%.*s", r->status, r->reason,
		    len > 0 ? ": " : "", (int)len, r->body);
	f->code = r->status;
	f->retry_after = r->retry_after;
}

int
answer_read(struct answer *a, const struct response *r, struct fault *f)
{
	static const struct json_limits limits = { MAX_DEPTH, MAX_VALUES };
	enum json_error error;

	memset(a, 0, sizeof(*a));
	if (r->status != 200) {
		http_fault(f, r);
		return (-1);
	}
	if (!r->json) {
		fault_set(f, FAULT_ANSWER, "not application/json: \"%.*s\"",
		    r->bodylen < 80 ? (int)r->bodylen : 80, r->body);
		return (-1);
	}
	error = json_parse(&a->doc, r->body, r->bodylen, &limits, NULL);
	if (error != JSON_OK) {
		fault_set(f, FAULT_ANSWER, "not JSON: %s",
		    json_strerror(error));
		return (-1);
	}
	a->root = json_root(a->doc);
	return (0);
}

void
answer_clear(struct answer *a)
{
	if (a->doc != NULL)
		json_free(a->doc);
	memset(a, 0, sizeof(*a));
}

/* ---- One answer ------------------------------------------------------- */

static bool
is_answer(const cJSON *v)
{
	const cJSON *version;
	bool result, error;

	if (!cJSON_IsObject(v) || json_repeats(v, false))
		return (false);
	version = json_member(v, "jsonrpc");
	result = json_member(v, "result") != NULL;
	error = json_member(v, "error") != NULL;
	return (cJSON_IsString(version) &&
	    strcmp(version->valuestring, "2.0") == 0 && result != error);
}

/* Digits alone, as they were sent. */
static bool
read_id(const struct answer *a, const cJSON *v, uint64_t *id)
{
	const cJSON *member = json_member(v, "id");
	const char *text;
	size_t len, i;

	if (!cJSON_IsNumber(member) ||
	    (text = json_raw(a->doc, member, &len)) == NULL || len > 19)
		return (false);
	*id = 0;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return (false);
		*id = *id * 10 + (uint64_t)(text[i] - '0');
	}
	return (true);
}

static void
rpc_fault(const struct answer *a, const cJSON *error, struct fault *f)
{
	const char *message;
	int code;

	if (jsonrpc_error_parse(a->doc, error, &code, &message) == -1) {
		fault_set(f, FAULT_ANSWER, "an error that is none of "
		    "JSON-RPC");
		return;
	}
	fault_set(f, code == CODE_BUSY || code == CODE_DEADLINE ?
	    FAULT_BUSY : FAULT_RPC, "%s", message);
	f->code = code;
}

/* The result, or NULL and the fault, of what is an answer. */
static const cJSON *
outcome(const struct answer *a, const cJSON *v, struct fault *f)
{
	const cJSON *error = json_member(v, "error");

	if (error == NULL)
		return (json_member(v, "result"));
	rpc_fault(a, error, f);
	return (NULL);
}

const cJSON *
answer_result(const struct answer *a, uint64_t id, struct fault *f)
{
	const cJSON *result;
	uint64_t n;

	if (!is_answer(a->root)) {
		fault_set(f, FAULT_ANSWER, "not an answer of JSON-RPC 2.0");
		return (NULL);
	}
	/* Of an error that is not the request's the id is null. */
	result = outcome(a, a->root, f);
	if (result == NULL && cJSON_IsNull(json_member(a->root, "id")))
		return (NULL);
	if (!read_id(a, a->root, &n) || n != id) {
		fault_set(f, FAULT_ANSWER, "the answer has the id of another "
		    "request");
		return (NULL);
	}
	return (result);
}

/* ---- Batches ---------------------------------------------------------- */

/* Where an answer belongs; false for one that is none, or there twice. */
static bool
place(const struct answer *a, const cJSON *v, uint64_t first, size_t n,
    bool *seen, size_t *index)
{
	uint64_t id;

	if (!is_answer(v) || !read_id(a, v, &id) || id < first ||
	    id - first >= n || seen[id - first])
		return (false);
	*index = (size_t)(id - first);
	seen[*index] = true;
	return (true);
}

static bool
is_batch(const struct answer *a, uint64_t first, size_t n)
{
	const cJSON *v;
	size_t index, found = 0;
	bool *seen, good = true;

	if (!cJSON_IsArray(a->root) || (seen = calloc(n, sizeof(*seen))) == NULL)
		return (false);
	cJSON_ArrayForEach(v, a->root) {
		good = good && place(a, v, first, n, seen, &index);
		found++;
	}
	free(seen);
	return (good && found == n);
}

int
answer_batch(const struct answer *a, uint64_t first, size_t n,
    answer_cb *cb, void *arg, struct fault *f)
{
	const cJSON *v, *result;
	struct fault one;
	uint64_t id;

	/* An error of the whole. */
	if (cJSON_IsObject(a->root)) {
		if (is_answer(a->root) &&
		    outcome(a, a->root, f) == NULL)
			return (-1);
		fault_set(f, FAULT_ANSWER, "one answer to a batch");
		return (-1);
	}
	if (!is_batch(a, first, n)) {
		fault_set(f, FAULT_ANSWER, "not one answer for each request "
		    "of the batch");
		return (-1);
	}
	cJSON_ArrayForEach(v, a->root) {
		if (!read_id(a, v, &id))
			continue;
		result = outcome(a, v, &one);
		cb((size_t)(id - first), result, &one, arg);
	}
	return (0);
}
