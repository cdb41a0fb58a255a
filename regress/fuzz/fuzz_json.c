/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/json.o common/jsonscan.o common/hex.o common/u256.o */
/* libs: libcjson */

/*
 * The door to cJSON: what it lets in is what a plain reading of RFC 8259
 * takes, within the limits; each value's text is the one it had, and the tree
 * the one that cJSON makes in memory of its own.
 */

#include <math.h>

#include "common/json.h"
#include "common/jsonscan.h"
#include "regress/fuzz/fuzz.h"

#define VALUES	200
#define DEPTH	20

/* ---- RFC 8259, read plainly -------------------------------------------- */

struct reader {
	const uint8_t	*p;
	size_t		 n;
	size_t		 i;
	size_t		 values;
	size_t		 depth;		/* the greatest */
};

static int
peek(const struct reader *r)
{
	return (r->i < r->n ? r->p[r->i] : -1);
}

static bool
eat(struct reader *r, int c)
{
	if (peek(r) != c)
		return (false);
	r->i++;
	return (true);
}

static void
space(struct reader *r)
{
	while (eat(r, ' ') || eat(r, '\t') || eat(r, '\n') || eat(r, '\r'))
		;
}

static bool
word(struct reader *r, const char *w)
{
	for (; *w != '\0'; w++)
		if (!eat(r, *w))
			return (false);
	return (true);
}

static bool
digits(struct reader *r)
{
	size_t	 from = r->i;

	while (peek(r) >= '0' && peek(r) <= '9')
		r->i++;
	return (r->i > from);
}

static bool
number(struct reader *r)
{
	eat(r, '-');
	if (!eat(r, '0') && !digits(r))
		return (false);
	if (eat(r, '.') && !digits(r))
		return (false);
	if (eat(r, 'e') || eat(r, 'E')) {
		if (!eat(r, '+'))
			eat(r, '-');
		return (digits(r));
	}
	return (true);
}

/* RFC 3629, section 4, by the value that comes of it. */
static bool
utf8(struct reader *r)
{
	static const uint32_t	 least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t		 v;
	int			 c = r->p[r->i++], k, n;

	if (c < 0x80)
		return (true);
	n = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	if (c < 0xc0 || c > 0xf7)
		return (false);
	v = (uint32_t)c & (0x3fU >> n);
	for (k = 0; k < n; k++) {
		if (r->i == r->n || (r->p[r->i] & 0xc0) != 0x80)
			return (false);
		v = v << 6 | (r->p[r->i++] & 0x3fU);
	}
	return (v >= least[n] && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff));
}

static bool
escape(struct reader *r)
{
	int	 c = peek(r), k;

	if (c == -1)
		return (false);
	r->i++;
	if (c != 'u')
		return (strchr("\"\\/bfnrt", c) != NULL && c != 0);
	for (k = 0; k < 4; k++, r->i++) {
		c = peek(r);
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
		    (c >= 'A' && c <= 'F')))
			return (false);
	}
	return (true);
}

static bool
string(struct reader *r)
{
	if (!eat(r, '"'))
		return (false);
	while (peek(r) != -1) {
		if (eat(r, '"'))
			return (true);
		if (eat(r, '\\')) {
			if (!escape(r))
				return (false);
		} else if (peek(r) < 0x20 || !utf8(r))
			return (false);
	}
	return (false);
}

static bool	value(struct reader *, size_t);

static bool
list(struct reader *r, size_t depth, bool object)
{
	int	 end = object ? '}' : ']';

	if (depth > r->depth)
		r->depth = depth;
	space(r);
	if (eat(r, end))
		return (true);
	for (;;) {
		space(r);
		if (object) {
			if (!string(r))
				return (false);
			space(r);
			if (!eat(r, ':'))
				return (false);
		}
		if (!value(r, depth))
			return (false);
		if (eat(r, end))
			return (true);
		if (!eat(r, ','))
			return (false);
	}
}

/* With white space around it; depth is that of the list it is in. */
static bool
value(struct reader *r, size_t depth)
{
	bool	 good;

	space(r);
	r->values++;
	switch (peek(r)) {
	case '{':
	case '[':
		r->i++;
		good = depth < 400 &&
		    list(r, depth + 1, r->p[r->i - 1] == '{');
		break;
	case '"':
		good = string(r);
		break;
	case 't':
		good = word(r, "true");
		break;
	case 'f':
		good = word(r, "false");
		break;
	case 'n':
		good = word(r, "null");
		break;
	default:
		good = number(r);
	}
	space(r);
	return (good);
}

/* ---- Trees ------------------------------------------------------------- */

/* What comes up on the way through a tree. */
struct seen {
	size_t	 values;
	bool	 longnumber;	/* cJSON reads up to 63 characters */
};

static void
check_item(const struct json_doc *doc, const cJSON *item, const char *text,
    size_t size, struct seen *seen)
{
	static const struct json_limits	 limits = { DEPTH, VALUES };
	const cJSON			*child;
	const char			*p;
	size_t				 len, rawlen;
	bool				 leaf;

	seen->values++;
	p = json_text(doc, item, &len);
	FUZZ_ASSERT(p != NULL && len > 0);
	FUZZ_ASSERT(p >= text && p + len <= text + size);
	FUZZ_ASSERT(strchr(" \t\r\n", p[0]) == NULL &&
	    strchr(" \t\r\n", p[len - 1]) == NULL);
	FUZZ_ASSERT(jsonscan(p, len, &limits, NULL, NULL) == JSON_OK);
	leaf = !cJSON_IsArray(item) && !cJSON_IsObject(item);
	FUZZ_ASSERT(leaf == (json_raw(doc, item, &rawlen) == p));
	FUZZ_ASSERT(cJSON_IsString(item) == (p[0] == '"'));
	FUZZ_ASSERT(cJSON_IsObject(item) == (p[0] == '{'));
	FUZZ_ASSERT(cJSON_IsArray(item) == (p[0] == '['));
	FUZZ_ASSERT(cJSON_IsNumber(item) == (strchr("-0123456789", p[0]) !=
	    NULL));
	if (cJSON_IsNumber(item) && len > 63)
		seen->longnumber = true;
	cJSON_ArrayForEach(child, item)
		check_item(doc, child, text, size, seen);
}

static bool
repeats(const cJSON *item, bool deep)
{
	const cJSON	*a, *b;

	cJSON_ArrayForEach(a, item) {
		if (cJSON_IsObject(item))
			for (b = a->next; b != NULL; b = b->next)
				if (strcmp(a->string, b->string) == 0)
					return (true);
		if (deep && repeats(a, true))
			return (true);
	}
	return (false);
}

static bool
same_text(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

/* But for numbers that are too long to have a value. */
static bool
same(const cJSON *a, const cJSON *b)
{
	const cJSON	*x, *y;

	if (a->type != b->type || !same_text(a->string, b->string) ||
	    !same_text(a->valuestring, b->valuestring))
		return (false);
	if (cJSON_IsNumber(a) && !isnan(a->valuedouble) &&
	    a->valuedouble != b->valuedouble)
		return (false);
	for (x = a->child, y = b->child; x != NULL && y != NULL;
	    x = x->next, y = y->next)
		if (!same(x, y))
			return (false);
	return (x == NULL && y == NULL);
}

static void
check_tree(const struct json_doc *doc, const char *text, size_t size,
    size_t expected)
{
	const cJSON	*root = json_root(doc), *child;
	cJSON		*copy;
	const char	*end = NULL;
	struct seen	 seen = { 0, false };
	size_t		 len;

	check_item(doc, root, text, size, &seen);
	FUZZ_ASSERT(seen.values == expected);
	FUZZ_ASSERT(json_text(doc, NULL, &len) == NULL);
	FUZZ_ASSERT((copy = cJSON_Duplicate(root, 1)) != NULL);
	FUZZ_ASSERT(json_text(doc, copy, &len) == NULL);
	cJSON_Delete(copy);
	if (cJSON_IsObject(root))
		FUZZ_ASSERT(json_repeats(root, false) == repeats(root, false));
	FUZZ_ASSERT(json_repeats(root, true) == repeats(root, true));
	if (cJSON_IsObject(root))
		cJSON_ArrayForEach(child, root) {
			const cJSON *m = json_member(root, child->string);

			FUZZ_ASSERT(m != NULL &&
			    strcmp(m->string, child->string) == 0);
		}
	/* cJSON by itself takes it for the same, to its end. */
	copy = cJSON_ParseWithLengthOpts(text, size, &end, 0);
	FUZZ_ASSERT(copy != NULL || seen.longnumber);
	FUZZ_ASSERT(copy == NULL || same(root, copy));
	while (copy != NULL && end < text + size) {
		FUZZ_ASSERT(strchr(" \t\r\n", *end) != NULL);
		end++;
	}
	cJSON_Delete(copy);
}

static void
parse(const uint8_t *data, size_t size)
{
	static const struct json_limits	 wide = { JSON_DEPTH_MAX, 1000000 };
	static const struct json_limits	 narrow = { DEPTH, VALUES };
	struct reader			 r = { data, size, 0, 0, 0 };
	struct json_doc			*doc;
	enum json_error			 e, error;
	size_t				 at = 0;
	char				*text;
	bool				 good;

	text = fuzz_copy(data, size);
	good = value(&r, 0) && r.i == size;
	e = jsonscan(text, size, &wide, NULL, &at);
	if (r.depth < 400) {
		FUZZ_ASSERT(good == (e == JSON_OK));
		if (!good)
			FUZZ_ASSERT(at <= size);
	}
	e = jsonscan(text, size, &narrow, NULL, &at);
	if (good)
		FUZZ_ASSERT((e == JSON_OK) ==
		    (r.depth <= DEPTH && r.values <= VALUES));
	else
		FUZZ_ASSERT(e != JSON_OK && at <= size);
	FUZZ_ASSERT(json_strerror(e) != NULL);
	doc = NULL;
	error = json_parse(&doc, text, size, &narrow, &at);
	if (error == JSON_OK) {
		FUZZ_ASSERT(e == JSON_OK);
		check_tree(doc, text, size, r.values);
	} else
		FUZZ_ASSERT(doc == NULL && at <= size);
	/* Neither is there too little memory, nor do the readers differ. */
	if (e == JSON_OK)
		FUZZ_ASSERT(error == JSON_OK || error == JSON_NUL ||
		    error == JSON_UTF8);
	json_free(doc);
	free(text);
}

/* ---- Strings ----------------------------------------------------------- */

/* What is escaped parses, and is what it was, if that was UTF-8. */
static void
escaped(const uint8_t *data, size_t size)
{
	static const struct json_limits	 limits = { 1, 1 };
	struct json_doc			*doc;
	char				*out, *in;
	size_t				 n, i, k;
	bool				 utf = true;

	in = fuzz_copy(data, size);
	n = json_escape(NULL, in, size);
	FUZZ_ASSERT(n <= 6 * size);
	FUZZ_ASSERT((out = malloc(n + 2)) != NULL);
	FUZZ_ASSERT(json_escape(out + 1, in, size) == n);
	out[0] = out[n + 1] = '"';
	for (i = 0; i < n + 2; i++)
		FUZZ_ASSERT((unsigned char)out[i] >= ' ' &&
		    strchr("<>&", out[i]) == NULL);
	FUZZ_ASSERT(jsonscan(out, n + 2, &limits, NULL, NULL) == JSON_OK);
	for (i = 0; i < size && utf; i += k)
		if ((k = jsonscan_utf8(in + i, size - i)) == 0)
			utf = false;
	if (utf && memchr(in, '\0', size) == NULL) {
		FUZZ_ASSERT(json_parse(&doc, out, n + 2, &limits, NULL) ==
		    JSON_OK);
		FUZZ_ASSERT(strlen(json_root(doc)->valuestring) == size);
		FUZZ_ASSERT(memcmp(json_root(doc)->valuestring, in, size) ==
		    0);
		json_free(doc);
	}
	free(out);
	free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size);
	if (size <= 4096)
		escaped(data, size);
	return (0);
}
