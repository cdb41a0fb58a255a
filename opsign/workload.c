/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/hex.h"
#include "opsign/answer.h"
#include "opsign/ask.h"
#include "opsign/verify.h"
#include "opsign/workload.h"

#define HEAD_SIZE	1024
#define HASH_BASE64	45	/* characters and a NUL */
#define ID_DIGITS	15
#define NONCE_DIGITS	7	/* of WORKLOAD_NONCE, all but the first */
#define NONCE_FIRST	0x10000000ULL
#define NONCE_MASK	0x0fffffffULL

/* ---- Texts ------------------------------------------------------------ */

/* The hash of request id: that of the first, its last 8 bytes the id. */
static void
vary_hash(uint8_t hash[HASH_SIZE], uint64_t id)
{
	size_t i;

	for (i = HASH_SIZE - 1; i >= HASH_SIZE - 8; i--, id >>= 8)
		hash[i] = (uint8_t)id;
}

static void
write_digits(char *out, size_t n, uint64_t value, unsigned int base)
{
	for (; n > 0; value /= base)
		out[--n] = "0123456789abcdef"[value % base];
}

/* Of the request with that id, at p. */
static void
vary(const struct workload *w, char *p, uint64_t id)
{
	char text[HASH_BASE64];
	uint8_t hash[HASH_SIZE];

	write_digits(p + w->idat, ID_DIGITS, id, 10);
	if (w->method == WORKLOAD_TX) {
		write_digits(p + w->varyat, NONCE_DIGITS, id & NONCE_MASK,
		    16);
		return;
	}
	memcpy(hash, w->payload.hash, HASH_SIZE);
	vary_hash(hash, id);
	if (w->form == PAYLOAD_V1) {
		base64_encode(text, hash, HASH_SIZE);
		memcpy(p + w->varyat, text, sizeof(text) - 1);
	} else
		hex_encode(p + w->varyat, hash, HASH_SIZE);
}

uint64_t
workload_next(struct workload *w)
{
	uint64_t first = w->next;
	size_t i;

	if (w->method == WORKLOAD_HEALTH)
		return (0);
	for (i = 0; i < w->each; i++)
		vary(w, w->body + i * w->stride, w->next++);
	return (first);
}

/* Where a text has the digits that follow a mark. */
static size_t
find(const char *text, const char *mark)
{
	const char *p = strstr(text, mark);

	return (p == NULL ? 0 : (size_t)(p - text) + strlen(mark));
}

/* One request, or an array of them: "[r,r,r]". */
static int
build(struct workload *w, const struct endpoint *e, const char *text,
    size_t batch)
{
	size_t len = strlen(text), i, at = batch > 0 ? 1 : 0;

	w->batch = batch;
	w->each = batch > 0 ? batch : 1;
	w->stride = len + 1;
	w->len = batch > 0 ? batch * w->stride + 1 : len;
	w->body = malloc(w->len + 2);
	w->head = malloc(HEAD_SIZE);
	if (w->body == NULL || w->head == NULL)
		return (-1);
	w->body[0] = '[';
	for (i = 0; i < w->each; i++) {
		memcpy(w->body + at + i * w->stride, text, len);
		w->body[at + i * w->stride + len] = ',';
	}
	if (batch > 0)
		w->body[w->len - 1] = ']';
	w->idat = at + find(text, "\"id\":");
	w->varyat += at;
	w->headlen = ask_head(e, w->len, w->head, HEAD_SIZE);
	return (0);
}

int
workload_payload(struct workload *w, const struct endpoint *e,
    const struct payload *p, enum payload_form form, size_t batch)
{
	char text[PAYLOAD_JSON_SIZE + 1];
	size_t len;

	memset(w, 0, sizeof(*w));
	w->method = WORKLOAD_PAYLOAD;
	w->next = WORKLOAD_FIRST;
	w->form = form;
	w->payload = *p;
	len = payload_json(text, p, form, w->next);
	text[len] = '\0';
	w->varyat = find(text, form == PAYLOAD_V1 ? "\"payloadHash\":\"" :
	    "\"payloadHash\":\"0x");
	return (build(w, e, text, batch));
}

int
workload_tx(struct workload *w, const struct endpoint *e, const char *arg,
    const struct tx *tx, size_t batch)
{
	char *text;
	int result;

	memset(w, 0, sizeof(*w));
	w->method = WORKLOAD_TX;
	w->next = WORKLOAD_FIRST;
	w->tx = tx;
	if (asprintf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%llu,"
	    "\"method\":\"eth_signTransaction\",\"params\":[%s]}",
	    WORKLOAD_FIRST, arg) == -1)
		return (-1);
	w->varyat = find(text, "\"nonce\":\"0x1");
	result = build(w, e, text, batch);
	free(text);
	return (result);
}

int
workload_health(struct workload *w, const struct endpoint *e)
{
	int n;

	memset(w, 0, sizeof(*w));
	w->method = WORKLOAD_HEALTH;
	w->each = 1;
	n = asprintf(&w->head, "GET /healthz HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: opsign/" VERSION "\r\n\r\n", e->host);
	if (n == -1) {
		w->head = NULL;
		return (-1);
	}
	w->headlen = (size_t)n;
	return ((w->body = strdup("")) == NULL ? -1 : 0);
}

void
workload_clear(struct workload *w)
{
	free(w->head);
	free(w->body);
	memset(w, 0, sizeof(*w));
}

/* ---- Answers ---------------------------------------------------------- */

/* An exchange that is looked at. */
struct check {
	struct workload		*w;
	uint64_t		 first;
	struct workload_counts	*counts;
};

static void
count_fault(struct workload_counts *counts, const struct fault *f, uint64_t n)
{
	counts->errors[f->kind] += n;
	counts->fault[f->kind] = *f;
}

/* Whether it is this one's turn. */
static enum verify_depth
depth(struct workload *w)
{
	w->due += w->share;
	if (w->due < 100)
		return (VERIFY_SHAPE);
	w->due -= 100;
	return (VERIFY_SIGNER);
}

static int
verify_one(struct workload *w, uint64_t id, const uint8_t *raw, size_t len,
    enum verify_depth how, struct verified *v, struct fault *f)
{
	struct txsigned t;
	struct payload p;
	struct tx tx;
	int result;

	if (w->method == WORKLOAD_PAYLOAD) {
		p = w->payload;
		vary_hash(p.hash, id);
		return (verify_payload(v, &p, raw, len, how, w->expected, f));
	}
	tx = *w->tx;
	tx.nonce = NONCE_FIRST | (id & NONCE_MASK);
	result = verify_tx(v, &t, &tx, raw, len, how, w->expected, f);
	txdecode_clear(&t);
	return (result);
}

static void
check_result(size_t index, const cJSON *result, const struct fault *why,
    void *arg)
{
	struct check *c = arg;
	struct verified v;
	struct fault f;
	enum verify_depth how;
	uint8_t *raw;
	size_t len;

	if (result == NULL) {
		count_fault(c->counts, why, 1);
		return;
	}
	if (c->w->method == WORKLOAD_PAYLOAD)
		result = payload_result(result, c->w->form, &f);
	if (result == NULL || (raw = verify_bytes(result, &len, &f)) == NULL) {
		count_fault(c->counts, &f, 1);
		return;
	}
	how = depth(c->w);
	if (verify_one(c->w, c->first + index, raw, len, how, &v, &f) == 0) {
		c->counts->answered++;
		c->counts->verified += how == VERIFY_SIGNER;
		if (how == VERIFY_SIGNER)
			memcpy(c->w->found, v.address, ADDRESS_SIZE);
	} else
		count_fault(c->counts, &f, 1);
	free(raw);
}

static void
check_health(struct answer *a, struct workload_counts *counts)
{
	struct fault f;

	if (cJSON_IsString(json_member(a->root, "version"))) {
		counts->answered++;
		return;
	}
	fault_set(&f, FAULT_ANSWER, "/healthz names no version");
	count_fault(counts, &f, 1);
}

void
workload_check(struct workload *w, const struct response *r, uint64_t first,
    struct workload_counts *counts)
{
	struct check c = { w, first, counts };
	const cJSON *result;
	struct answer a;
	struct fault f;

	if (answer_read(&a, r, &f) == -1)
		count_fault(counts, &f, w->each);
	else if (w->method == WORKLOAD_HEALTH)
		check_health(&a, counts);
	else if (w->batch == 0) {
		result = answer_result(&a, first, &f);
		check_result(0, result, &f, &c);
	} else if (answer_batch(&a, first, w->each, check_result, &c,
	    &f) == -1)
		count_fault(counts, &f, w->each);
	answer_clear(&a);
}
