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

/* Longer numbers have no value here. */
#define NUMBER_MAX	63
/* Digits that a double holds all of. */
#define EXACT_MAX	15
/* Up to here comparing all pairs is faster than sorting. */
#define FEW_MEMBERS	16

/* The items are in the order of the spans, the strings in that of the text. */
struct json_doc {
	const char		*text;
	size_t			 len;
	cJSON			*items;
	char			*strings;	/* at their end */
	struct jsonscan_spans	 spans;
};

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

/* As UTF-8; it is no surrogate. */
static char *
put_code(char *out, unsigned int code)
{
	if (code < 0x80) {
		*out++ = (char)code;
		return (out);
	}
	if (code < 0x800)
		*out++ = (char)(0xc0 | code >> 6);
	else {
		if (code < 0x10000)
			*out++ = (char)(0xe0 | code >> 12);
		else {
			*out++ = (char)(0xf0 | code >> 18);
			*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (code & 0x3f));
	return (out);
}

/* Of four digits that are known to be such. */
static unsigned int
code_unit(const char *s)
{
	unsigned int	code = 0;
	int		i;

	for (i = 0; i < 4; i++)
		code = code << 4 | (unsigned int)hex_digit(s[i]);
	return (code);
}

/* What the escape at the backslash stands for; goes to its end. */
static char *
put_escape(char *out, const char **s)
{
	static const char	 letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char		*p;
	unsigned int		 code;
	char			 c = (*s)[1];

	*s += 2;
	if (c != 'u') {
		p = strchr(letters, c);
		*out++ = p != NULL ? values[p - letters] : c;
		return (out);
	}
	code = code_unit(*s);
	*s += 4;
	/* The scan has seen to it that the other half follows. */
	if (code >= 0xd800 && code <= 0xdbff) {
		code = 0x10000 + ((code & 0x3ff) << 10 |
		    (code_unit(*s + 2) & 0x3ff));
		*s += 6;
	}
	return (put_code(out, code));
}

/* The string at off, of len bytes with its quotes; at most as many are put. */
static char *
put_string(struct json_doc *doc, size_t off, size_t len)
{
	const char	*s = doc->text + off + 1, *end = s + len - 2, *p;
	char		*string = doc->strings, *out = string;

	while ((p = memchr(s, '\\', (size_t)(end - s))) != NULL) {
		memcpy(out, s, (size_t)(p - s));
		out += p - s;
		s = p;
		out = put_escape(out, &s);
	}
	memcpy(out, s, (size_t)(end - s));
	out += end - s;
	*out++ = '\0';
	doc->strings = out;
	return (string);
}

static double
number(const char *s, size_t len)
{
	char	copy[NUMBER_MAX + 1];
	double	value = 0;
	size_t	i;

	if (len > NUMBER_MAX)
		return ((double)NAN);
	for (i = 0; i < len && i < EXACT_MAX && s[i] >= '0' && s[i] <= '9';
	    i++)
		value = value * 10 + (s[i] - '0');
	if (i == len)
		return (value);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return (strtod(copy, NULL));
}

static void
set_item(struct json_doc *doc, cJSON *item, const struct jsonscan_span *span)
{
	const char	*s = doc->text + span->off;

	if (span->namelen > 0)
		item->string = put_string(doc, span->name, span->namelen);
	switch (*s) {
	case '[':
		item->type = cJSON_Array;
		break;
	case '{':
		item->type = cJSON_Object;
		break;
	case '"':
		item->type = cJSON_String;
		item->valuestring = put_string(doc, span->off, span->len);
		break;
	case 't':
		item->type = cJSON_True;
		break;
	case 'f':
		item->type = cJSON_False;
		break;
	case 'n':
		item->type = cJSON_NULL;
		break;
	default:
		item->type = cJSON_Number;
		item->valuedouble = number(s, span->len);
		break;
	}
}

/* As cJSON has it: the first of a list knows the last. */
static void
add_child(cJSON *parent, cJSON *item)
{
	cJSON	*first = parent->child;

	if (first == NULL) {
		parent->child = item->prev = item;
		return;
	}
	item->prev = first->prev;
	first->prev->next = item;
	first->prev = item;
}

/*
 * Items for all spans, each valueint the index of its own, and after them the
 * strings: these take no more than the text, for each is shorter there by two
 * quotes and longer by a NUL.
 */
static enum json_error
build(struct json_doc *doc)
{
	const struct jsonscan_span	*v = doc->spans.v;
	size_t				 up[JSON_DEPTH_MAX], depth = 0, i;
	size_t				 n = doc->spans.n;

	if (n > (SIZE_MAX - doc->len) / sizeof(cJSON) ||
	    (doc->items = malloc(n * sizeof(cJSON) + doc->len)) == NULL)
		return (JSON_MEMORY);
	memset(doc->items, 0, n * sizeof(cJSON));
	doc->strings = (char *)(doc->items + n);
	for (i = 0; i < n; i++) {
		set_item(doc, &doc->items[i], &v[i]);
		doc->items[i].valueint = (int)i;
		while (depth > 0 && v[i].off >= v[up[depth - 1]].off +
		    v[up[depth - 1]].len)
			depth--;
		if (depth > 0)
			add_child(&doc->items[up[depth - 1]],
			    &doc->items[i]);
		if (doc->items[i].type == cJSON_Array ||
		    doc->items[i].type == cJSON_Object)
			up[depth++] = i;
	}
	return (JSON_OK);
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
	free(doc->items);
	free(doc->spans.v);
	free(doc);
}

const cJSON *
json_root(const struct json_doc *doc)
{
	return (doc->items);
}

const char *
json_text(const struct json_doc *doc, const cJSON *item, size_t *len)
{
	const struct jsonscan_span	*span;

	if (item == NULL || item->valueint < 0 ||
	    (size_t)item->valueint >= doc->spans.n)
		return (NULL);
	if (item != &doc->items[item->valueint])
		return (NULL);
	span = &doc->spans.v[item->valueint];
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
