/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_HTTP_SYNTAX_H
#define COMMON_HTTP_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The grammar of RFC 9110 and 9112 on strings of bytes, for http.c.  None of
 * these allocates or keeps anything.
 */

/* A token (RFC 9110, 5.6.2), of at least one byte. */
bool	http_is_token(const char *, size_t);

/* uri-host [ ":" port ]; the host may be empty. */
bool	http_is_host(const char *, size_t);

/*
 * Finds the path in a target in origin-form or absolute-form (http and
 * https), without the query.  A path that is empty is "/".  False where the
 * target has another form or bytes that have no place in it.
 */
bool	http_target_path(const char *, size_t, const char **path,
	    size_t *plen);

/*
 * "HTTP/" DIGIT "." DIGIT: 0 for major version 1, with the minor one; 400
 * where it is malformed, 505 for another major version.
 */
int	http_version(const char *, size_t, int *minor);

/*
 * A Content-Length: digits alone.  A number that does not fit is UINT64_MAX.
 */
bool	http_content_length(const char *, uint64_t *);

/*
 * A chunk's first line, without CRLF: 1 to HTTP_CHUNK_DIGITS hex digits and
 * perhaps extensions, which begin with ";" and are free of control bytes.
 * The number of bytes past the digits is in extlen.
 */
#define HTTP_CHUNK_DIGITS	16
bool	http_chunk_size(const char *, size_t, uint64_t *, size_t *extlen);

/* One of the comma-separated tokens of a field is word, in any case. */
bool	http_list_has(const char *value, const char *word);

#endif /* COMMON_HTTP_SYNTAX_H */
