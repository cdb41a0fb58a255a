/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/*
 * A strict door to cJSON, which forgives bad grammar, keeps numbers as
 * doubles and cuts strings at a NUL.  json_parse first scans the text by the
 * grammar of RFC 8259 (UTF-8 as of RFC 3629, one document, nothing but white
 * space around it, no byte order mark), counts values and depth, and notes
 * where each value stands; then cJSON builds the tree, and must have seen the
 * same values.  It does so in one piece of memory, whose size the scan tells:
 * an item for each value, and as many bytes as the text has.  For that its
 * hooks are set while json_parse runs; after it they are those of the libc.
 *
 * Strings that hold \u0000 are grammatical, and jsonscan() takes them, but
 * json_parse refuses them (JSON_NUL), as it refuses lone surrogates
 * (JSON_UTF8): no method here has a use for them and a C string cannot show
 * them.
 */
#define JSON_DEPTH_MAX	1000	/* max_depth is never above this */

struct json_limits {
	size_t	max_depth;	/* nested arrays and objects; 512 */
	size_t	max_values;	/* values of all kinds; 50000 */
};

enum json_error {
	JSON_OK,
	JSON_SYNTAX,
	JSON_UTF8,
	JSON_DEPTH,
	JSON_VALUES,
	JSON_NUL,		/* \u0000 in a string or name */
	JSON_MEMORY
};

const char	*json_strerror(enum json_error);

struct json_doc;

/*
 * Parses text, which must stay as it is until json_free.  *docp is to be
 * freed; on an error it is NULL, and *at, if at is not NULL, is the offset of
 * the fault.  The tree is not to be changed, and no part of it to be freed.
 * Numbers are to be read by json_raw alone: valueint is used for other ends,
 * and valuedouble is rounded, or NaN for a number of 64 characters and more,
 * which some versions of cJSON do not take.
 */
enum json_error	 json_parse(struct json_doc **docp, const char *text,
		    size_t len, const struct json_limits *, size_t *at);
void		 json_free(struct json_doc *);
const cJSON	*json_root(const struct json_doc *);

/*
 * The text of an item, arrays and objects included, exactly as it was
 * written, a string's with its quotes.  Not terminated; *len is its length.
 * Points into the text.  NULL for what is no item of this document's tree: a
 * copy, another document's, NULL.  No search: it costs the same for any item.
 */
const char	*json_text(const struct json_doc *, const cJSON *item,
		    size_t *len);
/* The same, of strings, numbers and literals alone. */
const char	*json_raw(const struct json_doc *, const cJSON *item,
		    size_t *len);

/* Member of that very name (case counts), or NULL. */
const cJSON	*json_member(const cJSON *object, const char *name);
/*
 * Whether two members of this object have the same name; with deep, of any
 * object below it too (arrays included).  Not quadratic.  Short of memory
 * counts as true, with errno ENOMEM; else errno is 0 then.
 */
bool		 json_repeats(const cJSON *, bool deep);

/*
 * n bytes as they stand between the quotes of a JSON string, with what HTML
 * gives a meaning escaped too, as Go's encoder does; bytes that are not
 * UTF-8 become \ufffd.  Writes no NUL.  With out NULL nothing is written.
 * Returns the size, at most 6 * n; SIZE_MAX where that is too much.
 */
size_t		 json_escape(char *out, const char *, size_t n);

#endif /* COMMON_JSON_H */
