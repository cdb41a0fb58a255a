/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <arpa/inet.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "signerd/dial_address.h"

#define TEXT_MAX	64	/* of an address with its scope and a NUL */

/* Decimal digits alone, 1 to max. */
static int
number(const char *text, uint64_t max, uint64_t *value)
{
	if (*text == '\0')
		return (-1);
	for (*value = 0; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return (-1);
		*value = *value * 10 + (uint64_t)(*text - '0');
		if (*value > max)
			return (-1);
	}
	return (*value == 0 ? -1 : 0);
}

static int
parse_in6(const char *text, uint16_t port, struct dial_address *a)
{
	char		 copy[TEXT_MAX], *percent;
	uint64_t	 scope = 0;

	if (strlen(text) >= sizeof(copy))
		return (-1);
	memcpy(copy, text, strlen(text) + 1);
	if ((percent = strchr(copy, '%')) != NULL) {
		*percent = '\0';
		if (number(percent + 1, UINT32_MAX, &scope) == -1)
			return (-1);
	}
	if (inet_pton(AF_INET6, copy, &a->in6.sin6_addr) != 1)
		return (-1);
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	a->in6.sin6_scope_id = (uint32_t)scope;
	a->len = sizeof(a->in6);
	return (0);
}

int
dial_address_parse(const char *text, uint16_t port, struct dial_address *a)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':') != NULL)
		return (parse_in6(text, port, a));
	if (inet_pton(AF_INET, text, &a->in.sin_addr) != 1)
		return (-1);
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons(port);
	a->len = sizeof(a->in);
	return (0);
}

int
dial_server_parse(const char *text, uint16_t port, struct dial_address *a)
{
	char		 copy[TEXT_MAX + 8], *colon, *end;
	const char	*address = copy;
	uint64_t	 given = port;

	memset(a, 0, sizeof(*a));
	if (strlen(text) >= sizeof(copy))
		return (-1);
	memcpy(copy, text, strlen(text) + 1);
	colon = strchr(copy, ':');
	if (copy[0] == '[') {
		if ((end = strchr(copy, ']')) == NULL)
			return (-1);
		*end = '\0';
		address = copy + 1;
		colon = end + 1;
		if (*colon == '\0')
			colon = NULL;
		else if (*colon != ':')
			return (-1);
	} else if (colon != NULL && strchr(colon + 1, ':') != NULL)
		colon = NULL;		/* of an IPv6 address */
	if (colon != NULL) {
		*colon = '\0';
		if (number(colon + 1, UINT16_MAX, &given) == -1)
			return (-1);
	}
	return (dial_address_parse(address, (uint16_t)given, a));
}

void
dial_address_set(struct dial_address *a, int family, const void *bytes,
    uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET6) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		memcpy(&a->in6.sin6_addr, bytes, sizeof(a->in6.sin6_addr));
		a->len = sizeof(a->in6);
	} else {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		memcpy(&a->in.sin_addr, bytes, sizeof(a->in.sin_addr));
		a->len = sizeof(a->in);
	}
}

void
dial_address_text(const struct dial_address *a, char text[DIAL_PEER_MAX + 1])
{
	char	 ip[INET6_ADDRSTRLEN] = "?", scope[16] = "";

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, ip, sizeof(ip));
		snprintf(text, DIAL_PEER_MAX + 1, "%s:%u", ip,
		    ntohs(a->in.sin_port));
		return;
	}
	inet_ntop(AF_INET6, &a->in6.sin6_addr, ip, sizeof(ip));
	if (a->in6.sin6_scope_id != 0)
		snprintf(scope, sizeof(scope), "%%%u", a->in6.sin6_scope_id);
	snprintf(text, DIAL_PEER_MAX + 1, "[%s%s]:%u", ip, scope,
	    ntohs(a->in6.sin6_port));
}

void
dial_addresses_add(struct dial_addresses *to, const struct dial_address *a)
{
	if (to->n < DIAL_MAXADDRESSES)
		to->address[to->n++] = *a;
}
