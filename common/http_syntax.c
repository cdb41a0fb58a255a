/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include <event2/util.h>

#include "common/http_syntax.h"

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

static bool
is_alnum(char c)
{
	return (is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'));
}

static int
hex_value(char c)
{
	if (is_digit(c))
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/* strchr finds the terminating NUL as well, which is in no set. */
static bool
is_in(char c, const char *set)
{
	return (c != '\0' && strchr(set, c) != NULL);
}

/* A bit for each of the bytes below 0x80 that a token is made of. */
static const uint32_t token_bytes[4] = {
	0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff
};

bool
http_is_token(const char *s, size_t len)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if (c >= 0x80 || (token_bytes[c / 32] >> (c % 32) & 1) == 0)
			return (false);
	}
	return (len > 0);
}

/* Length of the host before a port; len + 1 where it is malformed. */
static size_t
host_length(const char *s, size_t len)
{
	size_t i;

	if (len > 0 && s[0] == '[') {
		for (i = 1; i < len && s[i] != ']'; i++)
			if (hex_value(s[i]) == -1 && !is_in(s[i], ":."))
				return (len + 1);
		return (i > 1 && i < len ? i + 1 : len + 1);
	}
	for (i = 0; i < len && s[i] != ':'; i++)
		if (!is_alnum(s[i]) && !is_in(s[i], "-._~%!$&'()*+,;="))
			return (len + 1);
	return (i);
}

bool
http_is_host(const char *s, size_t len)
{
	size_t i;

	if ((i = host_length(s, len)) >= len)
		return (i == len);
	if (s[i++] != ':')
		return (false);
	for (; i < len; i++)
		if (!is_digit(s[i]))
			return (false);
	return (true);
}

/* Length of "http://" or "https://" at the beginning, else 0. */
static size_t
scheme_length(const char *s, size_t len)
{
	if (len >= 7 && evutil_ascii_strncasecmp(s, "http://", 7) == 0)
		return (7);
	if (len >= 8 && evutil_ascii_strncasecmp(s, "https://", 8) == 0)
		return (8);
	return (0);
}

bool
http_target_path(const char *s, size_t len, const char **path, size_t *plen)
{
	size_t i, host;

	for (i = 0; i < len; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || s[i] == '#')
			return (false);
	if (len > 0 && s[0] != '/') {
		if ((host = scheme_length(s, len)) == 0)
			return (false);
		for (i = host; i < len && s[i] != '/' && s[i] != '?'; i++)
			;
		if (i == host || s[host] == ':' ||
		    !http_is_host(s + host, i - host))
			return (false);
		s += i;
		len -= i;
		if (len == 0 || s[0] == '?') {
			s = "/";
			len = 1;
		}
	}
	for (i = 0; i < len && s[i] != '?'; i++)
		;
	*path = s;
	*plen = i;
	return (i > 0);
}

int
http_version(const char *s, size_t len, int *minor)
{
	if (len != 8 || memcmp(s, "HTTP/", 5) != 0 || !is_digit(s[5]) ||
	    s[6] != '.' || !is_digit(s[7]))
		return (400);
	if (s[5] != '1')
		return (505);
	*minor = s[7] == '0' ? 0 : 1;
	return (0);
}

bool
http_content_length(const char *s, uint64_t *value)
{
	uint64_t n;
	unsigned int digit;

	if (*s == '\0')
		return (false);
	for (n = 0; *s != '\0'; s++) {
		if (!is_digit(*s))
			return (false);
		digit = (unsigned int)(*s - '0');
		if (n > (UINT64_MAX - digit) / 10)
			n = UINT64_MAX;
		else
			n = n * 10 + digit;
	}
	*value = n;
	return (true);
}

bool
http_chunk_size(const char *s, size_t len, uint64_t *value, size_t *extlen)
{
	uint64_t n;
	size_t i;

	n = 0;
	for (i = 0; i < len && hex_value(s[i]) != -1; i++) {
		if (i == HTTP_CHUNK_DIGITS)
			return (false);
		n = n << 4 | (uint64_t)hex_value(s[i]);
	}
	if (i == 0)
		return (false);
	*value = n;
	*extlen = len - i;
	if (i < len && s[i] != ';')
		return (false);
	for (; i < len; i++)
		if ((s[i] < 0x20 && s[i] != '\t') || s[i] >= 0x7f)
			return (false);
	return (true);
}

bool
http_list_has(const char *value, const char *word)
{
	size_t len, wordlen;

	wordlen = strlen(word);
	for (;;) {
		value += strspn(value, " \t,");
		if (*value == '\0')
			return (false);
		len = strcspn(value, " \t,");
		if (len == wordlen &&
		    evutil_ascii_strncasecmp(value, word, len) == 0)
			return (true);
		value += len;
	}
}
