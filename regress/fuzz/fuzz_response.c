/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: opsign/response.o common/http_syntax.o */
/* libs: libevent */

/*
 * What a server answers: what opsign makes of it does not depend on how the
 * network cuts it, stays within the limits, and never runs past a body.
 */

#include <event2/buffer.h>

#include "opsign/response.h"
#include "regress/fuzz/trace.h"

static const struct response_limits limits = { 512, 256 };

static void
trace_done(struct trace *t, const struct response *r)
{
	size_t	 i;

	FUZZ_ASSERT(r->status >= 200 && r->status <= 599);
	FUZZ_ASSERT(r->bodylen <= limits.max_body);
	FUZZ_ASSERT(r->body[r->bodylen] == '\0');
	FUZZ_ASSERT(r->retry_after >= -1 && r->retry_after <= 86400);
	for (i = 0; r->reason[i] != '\0'; i++)
		FUZZ_ASSERT(r->reason[i] >= ' ' && r->reason[i] <= '~');
	for (i = 0; r->location[i] != '\0'; i++)
		FUZZ_ASSERT(r->location[i] >= ' ' && r->location[i] <= '~');
	fprintf(t->f, "%d %s %s %d %d %d [%zu ", r->status, r->reason,
	    r->location, r->json, r->reusable, r->retry_after, r->bodylen);
	fwrite(r->body, 1, r->bodylen, t->f);
	fputs("]\n", t->f);
}

/* All that the input now gives. */
static void
events(struct trace *t, struct response_parser *p, struct evbuffer *in,
    bool eof)
{
	enum response_event	 e;

	while ((evbuffer_get_length(in) > 0 || eof) && !t->bad &&
	    (e = response_parse(p, in, eof)) != RESPONSE_MORE) {
		if (e == RESPONSE_DONE)
			trace_done(t, response_get(p));
		else {
			FUZZ_ASSERT(response_fault(p)[0] != '\0');
			FUZZ_ASSERT(response_parse(p, in, eof) ==
			    RESPONSE_BAD);
			fprintf(t->f, "! %s\n", response_fault(p));
			t->bad = true;
		}
	}
	/* Nothing is left lying: all of it was taken, or it is over. */
	FUZZ_ASSERT(t->bad || evbuffer_get_length(in) == 0);
}

static void
answers(struct trace *t, struct pieces *cut)
{
	struct response_parser	*p = response_new(&limits);
	struct evbuffer		*in = evbuffer_new();
	const uint8_t		*piece;
	size_t			 n;

	FUZZ_ASSERT(p != NULL && in != NULL);
	FUZZ_ASSERT(response_idle(p));
	while (!t->bad && (n = pieces_take(cut, &piece)) != 0) {
		FUZZ_ASSERT(evbuffer_add(in, piece, n) == 0);
		events(t, p, in, false);
	}
	if (!t->bad) {
		fprintf(t->f, "~ %d\n", response_idle(p));
		if (!response_idle(p))
			events(t, p, in, true);
	}
	evbuffer_free(in);
	response_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	trace_same(answers, data, size);
	return (0);
}
