/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/url.h"

#define DEFAULT_PORT	443
#define LABEL_MAX	63

/* ---- Host ------------------------------------------------------------- */

static const char *
check_label(const char *label, size_t len)
{
	size_t i;

	if (len == 0)
		return ("the host has an empty label");
	if (len > LABEL_MAX)
		return ("the host has a label of over 63 bytes");
	if (label[0] == '-' || label[len - 1] == '-')
		return ("the host has a label that begins or ends with \"-\"");
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' &&
		    label[i] != '_')
			return ("the host has a character that is not a "
			    "letter, digit, \"-\" or \".\"");
	}
	return (NULL);
}

/* Names of DNS; one whose last label is a number is no name. */
static const char *
check_name(const char *name)
{
	const char *label = name, *why;
	size_t len;

	for (;;) {
		len = strcspn(label, ".");
		if ((why = check_label(label, len)) != NULL)
			return (why);
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	if (strspn(label, "0123456789") == len)
		return ("the host is not an IPv4 address");
	return (NULL);
}

const char *
url_host(const char *text, char out[URL_HOST_MAX + 1])
{
	struct in6_addr in6;
	struct in_addr in;
	const char *why;

	if (text[0] == '\0')
		return ("the host is empty");
	if (strlen(text) > URL_HOST_MAX)
		return ("the host is over 253 bytes");
	if (inet_pton(AF_INET6, text, &in6) == 1) {
		inet_ntop(AF_INET6, &in6, out, URL_HOST_MAX + 1);
		return (NULL);
	}
	if (inet_pton(AF_INET, text, &in) != 1 &&
	    (why = check_name(text)) != NULL)
		return (why);
	memcpy(out, text, strlen(text) + 1);
	return (NULL);
}

/* ---- The parts of a URL (RFC 3986, section 3) ------------------------- */

static const char *
parse_host(const char *text, size_t len, char out[URL_HOST_MAX + 1])
{
	char host[URL_HOST_MAX + 1];
	bool brackets = text[0] == '[';

	if (brackets) {
		text++;
		len -= 2;
	}
	if (len > URL_HOST_MAX)
		return ("the host is over 253 bytes");
	memcpy(host, text, len);
	host[len] = '\0';
	if (brackets && strchr(host, ':') == NULL)
		return ("only an IPv6 address stands in brackets");
	if (brackets && strspn(host, "0123456789abcdefABCDEF:.") != len)
		return ("the host is not an IPv6 address");
	if (brackets && url_host(host, out) != NULL)
		return ("the host is not an IPv6 address");
	return (brackets ? NULL : url_host(host, out));
}

static const char *
parse_port(const char *text, size_t len, uint16_t *port)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < len && n <= UINT16_MAX; i++) {
		if (!isdigit((unsigned char)text[i]))
			break;
		n = n * 10 + (unsigned int)(text[i] - '0');
	}
	if (i < len || len == 0 || n == 0 || n > UINT16_MAX)
		return ("the port is not a number from 1 to 65535");
	*port = (uint16_t)n;
	return (NULL);
}

static const char *
parse_authority(const char *text, size_t len, const char *user,
    struct url *url)
{
	const char *end = text + len, *colon, *why = NULL;

	if (memchr(text, '@', len) != NULL)
		return (user);
	if (len > 0 && text[0] == '[') {
		colon = memchr(text, ']', len);
		if (colon == NULL)
			return ("\"]\" is missing");
		colon++;
		if (colon < end && *colon != ':')
			return ("text between \"]\" and the port");
	} else {
		colon = memchr(text, ':', len);
		if (colon == NULL)
			colon = end;
		else if (memchr(colon + 1, ':', (size_t)(end - colon - 1)) !=
		    NULL)
			return ("more than one colon: an IPv6 address needs "
			    "brackets");
	}
	url->port = DEFAULT_PORT;
	if (colon < end)
		why = parse_port(colon + 1, (size_t)(end - colon - 1),
		    &url->port);
	return (why != NULL ? why :
	    parse_host(text, (size_t)(colon - text), url->host));
}

/* Path and query; a path that is empty is "/". */
static const char *
parse_target(const char *text, struct url *url)
{
	const char *c;

	for (c = text; *c != '\0'; c++) {
		if (*c == '%' && (!isxdigit((unsigned char)c[1]) ||
		    !isxdigit((unsigned char)c[2])))
			return ("\"%\" is not followed by two hexadecimal "
			    "digits");
		if (!isalnum((unsigned char)*c) &&
		    strchr("-._~%!$&'()*+,;=:@/?", *c) == NULL)
			return ("the path has a character that must be "
			    "written as \"%\" and two hexadecimal digits");
	}
	if ((size_t)snprintf(url->target, sizeof(url->target), "%s%s",
	    text[0] == '/' ? "" : "/", text) >= sizeof(url->target))
		return ("the path is over 255 bytes");
	return (NULL);
}

static const struct {
	const char	*begin;
	const char	*plain;
	const char	*plain_text;
	const char	*begin_text;
	const char	*user_text;
} schemes[] = {
	[URL_WSS] = { "wss://", "ws://",
		"links are always TLS: it must begin with wss://",
		"it must begin with wss://",
		"a user name has no meaning here: signerd shows its "
		"certificate" },
	[URL_HTTPS] = { "https://", "http://",
		"signers are reached by TLS alone: it must begin with "
		"https://", "it must begin with https://",
		"a user name has no meaning here: clients show their "
		"certificate" }
};

static bool
begins(const char *text, const char *with)
{
	return (strncasecmp(text, with, strlen(with)) == 0);
}

const char *
url_parse(const char *text, enum url_scheme scheme, struct url *url)
{
	const char *why;
	size_t len;

	if (begins(text, schemes[scheme].plain))
		return (schemes[scheme].plain_text);
	if (!begins(text, schemes[scheme].begin))
		return (schemes[scheme].begin_text);
	text += strlen(schemes[scheme].begin);
	if (strchr(text, '#') != NULL)
		return ("a fragment has no meaning here");
	len = strcspn(text, "/?");
	why = parse_authority(text, len, schemes[scheme].user_text, url);
	return (why == NULL ? parse_target(text + len, url) : why);
}
