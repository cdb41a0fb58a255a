/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/json_splice.o common/json.o common/jsonscan.o common/hex.o
 *	common/u256.o
 */
/* libs: libcjson libevent */

/*
 * A member set in an object, wherever that is in the document: the result
 * parses, the member has its value, and all the others are as they were, byte
 * for byte and in their order.
 */

#include <event2/buffer.h>

#include "common/json_splice.h"
#include "regress/fuzz/fuzz.h"

static const struct json_limits	 limits = { 64, 5000 };

/* The members but the one that was put in front, if it was. */
static void
same_members(const struct json_doc *before, const cJSON *a,
    const struct json_doc *after, const cJSON *b, const cJSON *changed,
    const char *value)
{
	const char	*s, *t;
	size_t		 n, m;

	for (; a != NULL; a = a->next, b = b->next) {
		FUZZ_ASSERT(b != NULL && strcmp(a->string, b->string) == 0);
		t = json_text(after, b, &m);
		if (a == changed) {
			FUZZ_ASSERT(m == strlen(value) &&
			    memcmp(t, value, m) == 0);
			continue;
		}
		s = json_text(before, a, &n);
		FUZZ_ASSERT(n == m && memcmp(s, t, n) == 0);
	}
	FUZZ_ASSERT(b == NULL);
}

static void
splice(const struct json_doc *doc, const cJSON *object, const char *name,
    const char *value)
{
	struct evbuffer	*out;
	struct json_doc	*after;
	const cJSON	*first, *changed;
	const char	*text;
	size_t		 len;

	FUZZ_ASSERT((out = evbuffer_new()) != NULL);
	FUZZ_ASSERT(evbuffer_add(out, "x", 1) == 0);
	if (json_splice(out, doc, object, name, value, strlen(value)) == -1) {
		FUZZ_ASSERT(!cJSON_IsObject(object));
		FUZZ_ASSERT(evbuffer_get_length(out) == 1);
		evbuffer_free(out);
		return;
	}
	FUZZ_ASSERT(cJSON_IsObject(object));
	len = evbuffer_get_length(out);
	text = (char *)evbuffer_pullup(out, -1);
	FUZZ_ASSERT(text[0] == 'x');
	FUZZ_ASSERT(json_parse(&after, text + 1, len - 1, &limits, NULL) ==
	    JSON_OK);
	changed = json_member(object, name);
	first = json_root(after)->child;
	if (changed == NULL) {
		FUZZ_ASSERT(first != NULL && strcmp(first->string, name) ==
		    0);
		text = json_text(after, first, &len);
		FUZZ_ASSERT(len == strlen(value) &&
		    memcmp(text, value, len) == 0);
		first = first->next;
	}
	same_members(doc, object->child, after, first, changed, value);
	json_free(after);
	evbuffer_free(out);
}

/* Every item of the tree, as far as the patience goes. */
static void
splice_all(const struct json_doc *doc, const cJSON *item, size_t *patience)
{
	static const char	*const names[] = {
		"from", "senderAddress", "", "a\"\\\n\xc3\xa9"
	};
	const cJSON		*child;
	size_t			 i;

	if (*patience == 0)
		return;
	--*patience;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		splice(doc, item, names[i], i == 2 ? "{\"b\":[1, 2]}" :
		    "\"0x37b7ff00000000000000000000000000000000ff\"");
	cJSON_ArrayForEach(child, item)
		splice_all(doc, child, patience);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_limits	 some = { 50, 2000 };
	struct json_doc		*doc;
	char			*text;
	size_t			 patience = 12;

	text = fuzz_copy(data, size);
	if (json_parse(&doc, text, size, &some, NULL) == JSON_OK)
		splice_all(doc, json_root(doc), &patience);
	json_free(doc);
	free(text);
	return (0);
}
