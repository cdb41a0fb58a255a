/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/jsonscan.h"

_Static_assert(JSON_DEPTH_MAX <= CJSON_NESTING_LIMIT,
    "cJSON must take what the scan takes");

/* Longer numbers have no value here: some versions of cJSON fail there. */
#define NUMBER_MAX	63
/* Up to here comparing all pairs is faster than sorting. */
#define FEW_MEMBERS	16

/* Memory that is taken at both ends: what must be aligned at the low one. */
struct arena {
	char	*low;
	char	*high;
};

struct json_doc {
	const char		*text;
	size_t			 len;
	const cJSON		*root;
	void			*memory;	/* of the tree */
	struct arena		 arena;		/* what is left of it */
	struct jsonscan_spans	 spans;
};

/* Of the document that cJSON is reading. */
static struct arena	*arena;

/* The way down to an item of a tree. */
struct walk {
	const cJSON	*up[JSON_DEPTH_MAX];
	size_t		 depth;
	bool		 toodeep;
};

const char *
json_strerror(enum json_error error)
{
	switch (error) {
	case JSON_OK:
		return ("no error");
	case JSON_SYNTAX:
		return ("syntax error");
	case JSON_UTF8:
		return ("malformed UTF-8 or a lone surrogate");
	case JSON_DEPTH:
		return ("nested too deeply");
	case JSON_VALUES:
		return ("too many values");
	case JSON_NUL:
		return ("NUL character in a string");
	case JSON_MEMORY:
		return ("out of memory");
	}
	return ("unknown error");
}

static void
walk_begin(struct walk *w)
{
	w->depth = 0;
	w->toodeep = false;
}

/*
 * The item after this one in the order of the text, below the item where the
 * walk began; NULL at the end.
 */
static const cJSON *
walk_next(struct walk *w, const cJSON *item)
{
	if (item->child != NULL) {
		if (w->depth == JSON_DEPTH_MAX) {
			w->toodeep = true;
			return (NULL);
		}
		w->up[w->depth++] = item;
		return (item->child);
	}
	for (;;) {
		if (w->depth == 0)
			return (NULL);
		if (item->next != NULL)
			return (item->next);
		item = w->up[--w->depth];
	}
}

/* ---- The tree ---------------------------------------------------------- */

/* Takes from this arena, and nothing back: json_free frees it as a whole. */
static void *
arena_take(size_t size)
{
	void	*p;

	if (size > (size_t)(arena->high - arena->low))
		return (NULL);
	/* What has no multiple of the alignment for its size needs none. */
	if (size % _Alignof(cJSON) != 0) {
		arena->high -= size;
		return (arena->high);
	}
	p = arena->low;
	arena->low += size;
	return (p);
}

static void
arena_keep(void *p)
{
	(void)p;
}

/*
 * Room for all that cJSON asks for: an item for each value, and for strings
 * and names what they take in the text, for each is shorter there by two
 * quotes and longer by a NUL.  Newer ones copy a number with a NUL, too: but
 * for one at the very end of the text something follows it there.
 */
static enum json_error
arena_new(struct json_doc *doc)
{
	size_t	n = doc->spans.n;

	if (doc->len == SIZE_MAX ||
	    n > (SIZE_MAX - doc->len - 1) / sizeof(cJSON))
		return (JSON_MEMORY);
	n = n * sizeof(cJSON) + doc->len + 1;
	if ((doc->memory = malloc(n)) == NULL)
		return (JSON_MEMORY);
	doc->arena.low = doc->memory;
	doc->arena.high = doc->arena.low + n;
	return (JSON_OK);
}

/* cJSON's hooks are those of all its callers: they change for this one call. */
static cJSON *
read_tree(struct arena *a, const char *text, size_t len)
{
	cJSON_Hooks	 hooks = { arena_take, arena_keep };
	cJSON		*root;

	arena = a;
	cJSON_InitHooks(&hooks);
	root = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
	cJSON_InitHooks(NULL);
	arena = NULL;
	return (root);
}

/* A number that is too long for cJSON. */
static bool
is_long(const struct json_doc *doc, const struct jsonscan_span *span)
{
	char	c = doc->text[span->off];

	return (span->len > NUMBER_MAX &&
	    (c == '-' || (c >= '0' && c <= '9')));
}

/*
 * The text as cJSON can read it: NULL if that is the text itself, else a
 * copy in which numbers that are too long are zeros.
 */
static enum json_error
readable(const struct json_doc *doc, char **copy)
{
	const struct jsonscan_span	*span;
	size_t				 i;

	*copy = NULL;
	for (i = 0; i < doc->spans.n; i++) {
		span = &doc->spans.v[i];
		if (!is_long(doc, span))
			continue;
		if (*copy == NULL) {
			if ((*copy = malloc(doc->len)) == NULL)
				return (JSON_MEMORY);
			memcpy(*copy, doc->text, doc->len);
		}
		memset(*copy + span->off, ' ', span->len);
		(*copy)[span->off] = '0';
	}
	return (JSON_OK);
}

static enum json_error
build(struct json_doc *doc)
{
	enum json_error	 error;
	char		*copy;

	if ((error = arena_new(doc)) != JSON_OK ||
	    (error = readable(doc, &copy)) != JSON_OK)
		return (error);
	doc->root = read_tree(&doc->arena, copy != NULL ? copy : doc->text,
	    doc->len);
	free(copy);
	/* The grammar is right, so nothing else can have failed. */
	return (doc->root == NULL ? JSON_MEMORY : JSON_OK);
}

/* Whether cJSON made of the text at the span what the scan saw there. */
static bool
agrees(const struct json_doc *doc, const cJSON *item,
    const struct jsonscan_span *span)
{
	switch (doc->text[span->off]) {
	case '[':
		return (cJSON_IsArray(item));
	case '{':
		return (cJSON_IsObject(item));
	case '"':
		return (cJSON_IsString(item));
	case 't':
		return (cJSON_IsTrue(item));
	case 'f':
		return (cJSON_IsFalse(item));
	case 'n':
		return (cJSON_IsNull(item));
	}
	return (cJSON_IsNumber(item));
}

/*
 * Lets each item's valueint tell the index of its span, and the span its
 * item.  Two readers went over one text, so a difference between them is
 * looked for, too.
 */
static enum json_error
link_spans(struct json_doc *doc)
{
	struct jsonscan_span	*span;
	const cJSON		*next;
	struct walk		 w;
	cJSON			*item;
	size_t			 n = 0;

	walk_begin(&w);
	for (next = doc->root; next != NULL; next = walk_next(&w, next)) {
		if (n == doc->spans.n)
			return (JSON_SYNTAX);
		span = &doc->spans.v[n];
		if (!agrees(doc, next, span))
			return (JSON_SYNTAX);
		/* The tree is this document's own, not the caller's. */
		item = (cJSON *)next;
		item->valueint = (int)n++;
		span->item = item;
		if (is_long(doc, span))
			item->valuedouble = (double)NAN;
	}
	return (n == doc->spans.n && !w.toodeep ? JSON_OK : JSON_SYNTAX);
}

enum json_error
json_parse(struct json_doc **docp, const char *text, size_t len,
    const struct json_limits *limits, size_t *at)
{
	struct json_doc	*doc;
	enum json_error	 error;

	*docp = NULL;
	if (at != NULL)
		*at = 0;
	if ((doc = calloc(1, sizeof(*doc))) == NULL)
		return (JSON_MEMORY);
	doc->text = text;
	doc->len = len;
	error = jsonscan(text, len, limits, &doc->spans, at);
	if (error == JSON_OK)
		error = build(doc);
	if (error == JSON_OK)
		error = link_spans(doc);
	if (error == JSON_OK)
		*docp = doc;
	else
		json_free(doc);
	return (error);
}

void
json_free(struct json_doc *doc)
{
	if (doc == NULL)
		return;
	free(doc->memory);
	free(doc->spans.v);
	free(doc);
}

const cJSON *
json_root(const struct json_doc *doc)
{
	return (doc->root);
}

const char *
json_text(const struct json_doc *doc, const cJSON *item, size_t *len)
{
	const struct jsonscan_span	*span;

	if (item == NULL || item->valueint < 0 ||
	    (size_t)item->valueint >= doc->spans.n)
		return (NULL);
	span = &doc->spans.v[item->valueint];
	if (span->item != item)
		return (NULL);
	*len = span->len;
	return (doc->text + span->off);
}

const char *
json_raw(const struct json_doc *doc, const cJSON *item, size_t *len)
{
	if (cJSON_IsArray(item) || cJSON_IsObject(item))
		return (NULL);
	return (json_text(doc, item, len));
}

const cJSON *
json_member(const cJSON *object, const char *name)
{
	if (!cJSON_IsObject(object))
		return (NULL);
	return (cJSON_GetObjectItemCaseSensitive(object, name));
}

static void
sift(const char **names, size_t root, size_t n)
{
	const char	*name = names[root];
	size_t		 child;

	for (; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n &&
		    strcmp(names[child], names[child + 1]) < 0)
			child++;
		if (strcmp(name, names[child]) >= 0)
			break;
		names[root] = names[child];
	}
	names[root] = name;
}

/*
 * Heapsort, not qsort(3): glibc's asks the kernel for the size of memory
 * first, which a sandboxed process may not, and quicksort can be made
 * quadratic by whoever chooses the names.
 */
static void
sort_names(const char **names, size_t n)
{
	const char	*name;
	size_t		 i;

	for (i = n / 2; i-- > 0; )
		sift(names, i, n);
	for (i = n; i-- > 1; ) {
		name = names[0];
		names[0] = names[i];
		names[i] = name;
		sift(names, 0, i);
	}
}

static bool
many_repeat(const cJSON *object, size_t n)
{
	const char	**names;
	const cJSON	 *member;
	size_t		  i = 0;
	bool		  repeats = false;

	if ((names = reallocarray(NULL, n, sizeof(*names))) == NULL)
		return (true);
	cJSON_ArrayForEach(member, object)
		names[i++] = member->string;
	sort_names(names, n);
	for (i = 1; i < n && !repeats; i++)
		repeats = strcmp(names[i - 1], names[i]) == 0;
	free(names);
	return (repeats);
}

static bool
object_repeats(const cJSON *object)
{
	const cJSON	*a, *b;
	size_t		 n = 0;

	cJSON_ArrayForEach(a, object)
		n++;
	if (n > FEW_MEMBERS)
		return (many_repeat(object, n));
	cJSON_ArrayForEach(a, object) {
		for (b = a->next; b != NULL; b = b->next) {
			if (strcmp(a->string, b->string) == 0)
				return (true);
		}
	}
	return (false);
}

bool
json_repeats(const cJSON *item, bool deep)
{
	struct walk	w;

	errno = 0;
	walk_begin(&w);
	do {
		if (cJSON_IsObject(item) && object_repeats(item))
			return (true);
	} while (deep && (item = walk_next(&w, item)) != NULL);
	return (w.toodeep);
}

/* Size of the escape of the character at s, of n bytes; 0 if it needs none. */
static size_t
escape_one(char out[6], const char *s, size_t n)
{
	static const char	shorts[] = "\b\f\n\r\t\"\\";
	static const char	letters[] = "bfnrt\"\\";
	const char		*p;
	uint8_t			 code[2] = { 0, 0 };

	if (n == 0) {
		code[0] = 0xff;
		code[1] = 0xfd;
	} else if (n == 1 && *s != '\0' && (p = strchr(shorts, *s)) != NULL) {
		out[0] = '\\';
		out[1] = letters[p - shorts];
		return (2);
	} else if (n == 1 && ((unsigned char)*s < ' ' || *s == '<' ||
	    *s == '>' || *s == '&'))
		code[1] = (uint8_t)*s;
	else if (n == 3 && memcmp(s, "\xe2\x80", 2) == 0 &&
	    (s[2] == '\xa8' || s[2] == '\xa9')) {
		code[0] = 0x20;
		code[1] = s[2] == '\xa8' ? 0x28 : 0x29;
	} else
		return (0);
	out[0] = '\\';
	out[1] = 'u';
	hex_encode(out + 2, code, sizeof(code));
	return (6);
}

/* How many bytes at the beginning stand for themselves. */
static size_t
unescaped(const char *s, size_t n)
{
	/* A bit for each byte below 0x80: from the space, without "&<>\\. */
	static const uint32_t	plain[4] = {
		0, 0xafffffbb, 0xefffffff, 0xffffffff
	};
	unsigned char		c;
	size_t			i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		if (c >= 0x80 || (plain[c / 32] >> (c % 32) & 1) == 0)
			break;
	}
	return (i);
}

size_t
json_escape(char *out, const char *s, size_t n)
{
	char		 escape[6];
	const char	*from;
	size_t		 i, in, len, size = 0;

	if (n > SIZE_MAX / sizeof(escape))
		return (SIZE_MAX);
	for (i = 0; i < n; i += in) {
		from = escape;
		if ((in = unescaped(s + i, n - i)) > 0)
			len = 0;
		else {
			in = jsonscan_utf8(s + i, n - i);
			len = escape_one(escape, s + i, in);
		}
		if (len == 0) {
			from = s + i;
			len = in;
		}
		if (out != NULL)
			memcpy(out + size, from, len);
		size += len;
		if (in == 0)
			in = 1;
	}
	return (size);
}
