/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/dial_files.o signerd/dial_address.o */

/*
 * The dialer's reading of resolv.conf(5) and hosts(5), and of addresses: all
 * within their limits, and the same when written out and read again.
 */

#include <arpa/inet.h>

#include "regress/fuzz/fuzz.h"
#include "signerd/dial_files.h"

/* It is an address, with that port unless 0, and its text gives it again. */
static void
check_address(const struct dial_address *a, uint16_t port)
{
	struct dial_address	 again;
	char			 text[DIAL_PEER_MAX + 1];

	FUZZ_ASSERT(a->sa.sa_family == AF_INET ||
	    a->sa.sa_family == AF_INET6);
	if (a->sa.sa_family == AF_INET) {
		FUZZ_ASSERT(a->len == sizeof(a->in));
		FUZZ_ASSERT(port == 0 || ntohs(a->in.sin_port) == port);
	} else {
		FUZZ_ASSERT(a->len == sizeof(a->in6));
		FUZZ_ASSERT(port == 0 || ntohs(a->in6.sin6_port) == port);
	}
	memset(text, 0xa5, sizeof(text));
	dial_address_text(a, text);
	FUZZ_ASSERT(memchr(text, '\0', sizeof(text)) != NULL);
	FUZZ_ASSERT(dial_server_parse(text, 1, &again) == 0);
	FUZZ_ASSERT(a->len == again.len && memcmp(&a->sa, &again.sa, a->len)
	    == 0);
}

static void
resolvconf(const char *text, size_t size)
{
	static struct dial_resolvconf	 r;
	uint32_t			 i;

	memset(&r, 0xa5, sizeof(r));
	dial_resolvconf_parse(text, size, &r);
	FUZZ_ASSERT(r.nservers <= DIAL_MAXLISTED);
	FUZZ_ASSERT(r.nsearch <= DIAL_MAXSEARCH);
	FUZZ_ASSERT(r.ndots <= 15);
	FUZZ_ASSERT(r.timeout >= 1 && r.timeout <= 30);
	FUZZ_ASSERT(r.attempts >= 1 && r.attempts <= 5);
	for (i = 0; i < r.nservers; i++)
		check_address(&r.servers[i], 0);	/* "[::1]:5353" */
	for (i = 0; i < r.nsearch; i++) {
		FUZZ_ASSERT(memchr(r.search[i], '\0', DIAL_HOST_MAX + 1) !=
		    NULL);
		FUZZ_ASSERT(strpbrk(r.search[i], " \t\r\n") == NULL);
	}
	/* Where it names none, the one on this host is meant. */
	if (memmem(text, size, "nameserver", 10) == NULL)
		FUZZ_ASSERT(r.nservers == 1);
}

static void
found(const struct dial_addresses *list, int family)
{
	size_t	 i;

	FUZZ_ASSERT(list->n <= DIAL_MAXADDRESSES);
	for (i = 0; i < list->n; i++) {
		FUZZ_ASSERT(list->address[i].sa.sa_family == family);
		check_address(&list->address[i], 9989);
	}
}

static bool
hosts_find(const char *text, size_t size, const char *name)
{
	static struct dial_addresses	 in6, in;
	bool				 there;

	memset(&in6, 0, sizeof(in6));
	memset(&in, 0, sizeof(in));
	there = dial_hosts_find(text, size, name, 9989, &in6, &in);
	FUZZ_ASSERT(there == (in6.n + in.n > 0));
	found(&in6, AF_INET6);
	found(&in, AF_INET);
	return (there);
}

/* A name that stands nowhere in the text is not found there. */
static void
hosts(const char *text, size_t size)
{
	char	 name[64];
	size_t	 i, n = 0;

	FUZZ_ASSERT(hosts_find(text, size, "localhost"));
	for (i = size; i > 0 && n < sizeof(name) - 1; i--) {
		if (strchr(" \t\r\n", text[i - 1]) != NULL)
			break;
		n++;
	}
	if (n > 0) {
		memcpy(name, text + i, n);
		name[n] = '\0';
		if (strlen(name) > 0)
			hosts_find(text, size, name);
	}
	if (memmem(text, size, "absent", 6) == NULL &&
	    memmem(text, size, "ABSENT", 6) == NULL) {
		for (i = 0; i < size; i++)
			if (strchr("aA", text[i]) != NULL && text[i] != '\0')
				break;
		if (i == size)
			FUZZ_ASSERT(!hosts_find(text, size, "absent"));
	}
}

static void
address(const char *text)
{
	struct dial_address	 a, b;
	struct in_addr		 in;
	struct in6_addr		 in6;

	if (dial_address_parse(text, 9989, &a) == 0) {
		check_address(&a, 9989);
		FUZZ_ASSERT(dial_server_parse(text, 9989, &b) == 0);
		FUZZ_ASSERT(a.len == b.len && memcmp(&a.sa, &b.sa, a.len) ==
		    0);
	} else
		FUZZ_ASSERT(inet_pton(AF_INET, text, &in) != 1 &&
		    inet_pton(AF_INET6, text, &in6) != 1);
	if (dial_server_parse(text, 53, &a) == 0)
		check_address(&a, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text, *name;

	text = fuzz_copy(data, size);
	resolvconf(text, size);
	hosts(text, size);
	free(text);
	if (size < 200) {
		name = fuzz_string(data, size);
		address(name);
		free(name);
	}
	return (0);
}
