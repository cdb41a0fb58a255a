/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>

#include "common/clock.h"
#include "signerd/dial_resolve.h"

#define INTERVAL_MIN	10	/* ms */

/*
 * One question.  Once asked it lives until evdns has called back, which it
 * does exactly once, also for what was cancelled.
 */
struct question {
	struct dial_lookup	*lookup;	/* NULL: nobody waits */
	struct evdns_base	*dns;
	struct evdns_request	*request;
	int			 family;
	uint64_t		 asked;		/* us */
};

struct dial_lookup {
	struct question		*in6;		/* NULL: answered */
	struct question		*in;
	uint16_t		 port;
	uint32_t		 interval;	/* ms */
	dial_lookup_cb		 cb;
	void			*arg;
};

static const char	*texts[DIAL_DNS_MAX] = {
	[DIAL_DNS_FOUND] = "found",
	[DIAL_DNS_NODATA] = "the name has no address",
	[DIAL_DNS_NXDOMAIN] = "no such name (NXDOMAIN)",
	[DIAL_DNS_TRUNCATED] = "the name server's answer is too large for UDP",
	[DIAL_DNS_OTHER] = "the name server's answer makes no sense",
	[DIAL_DNS_REFUSED] = "the name server refuses to answer",
	[DIAL_DNS_SERVFAIL] = "the name server fails (SERVFAIL)",
	[DIAL_DNS_SILENT] = "the name server does not answer",
};

const char *
dial_dns_text(enum dial_dns result)
{
	return (texts[result]);
}

static bool
name_valid(const char *name)
{
	size_t	 label = 0, i;

	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] != '.') {
			if (++label > 63)
				return (false);
		} else if (label == 0)
			return (false);
		else
			label = 0;
	}
	return (i > 0 && i <= DIAL_HOST_MAX);
}

/* evdns takes a SERVFAIL for a timeout; only it comes too early for one. */
static enum dial_dns
result_of(int code, int count, const struct question *q, uint32_t interval)
{
	switch (code) {
	case DNS_ERR_NONE:
		return (count > 0 ? DIAL_DNS_FOUND : DIAL_DNS_NODATA);
	case DNS_ERR_NODATA:
		return (DIAL_DNS_NODATA);
	case DNS_ERR_NOTEXIST:
		return (DIAL_DNS_NXDOMAIN);
	case DNS_ERR_TRUNCATED:
		return (DIAL_DNS_TRUNCATED);
	case DNS_ERR_REFUSED:
	case DNS_ERR_NOTIMPL:
		return (DIAL_DNS_REFUSED);
	case DNS_ERR_SERVERFAILED:
		return (DIAL_DNS_SERVFAIL);
	case DNS_ERR_TIMEOUT:
		if (clock_us() - q->asked < (uint64_t)interval * 1000)
			return (DIAL_DNS_SERVFAIL);
		return (DIAL_DNS_SILENT);
	default:
		return (DIAL_DNS_OTHER);
	}
}

static void
question_free(struct question *q)
{
	if (q == NULL)
		return;
	if (q->dns != NULL)
		evdns_base_free(q->dns, 0);
	free(q);
}

static void
on_answer(int code, char type, int count, int ttl, void *data, void *arg)
{
	struct question		*q = arg;
	struct dial_lookup	*lookup = q->lookup;
	struct dial_addresses	 found;
	struct dial_address	 a;
	enum dial_dns		 result;
	size_t			 size;
	int			 i, family = q->family;

	(void)type;
	(void)ttl;
	if (lookup == NULL) {
		question_free(q);
		return;
	}
	result = result_of(code, count, q, lookup->interval);
	found.n = 0;
	size = family == AF_INET6 ? sizeof(struct in6_addr) :
	    sizeof(struct in_addr);
	for (i = 0; result == DIAL_DNS_FOUND && i < count; i++) {
		dial_address_set(&a, family, (char *)data + size * (size_t)i,
		    lookup->port);
		dial_addresses_add(&found, &a);
	}
	if (family == AF_INET6)
		lookup->in6 = NULL;
	else
		lookup->in = NULL;
	question_free(q);
	lookup->cb(family, result, &found, lookup->arg);
}

static int
set_number(struct evdns_base *dns, const char *option, uint32_t value)
{
	char	 text[16];

	snprintf(text, sizeof(text), "%u", value);
	return (evdns_base_set_option(dns, option, text));
}

/*
 * No probe of a server that failed is wanted: it asks for a name of somebody
 * else's, and what it finds out would be forgotten.
 */
static int
set_options(struct evdns_base *dns, uint32_t interval, uint32_t tries)
{
	char	 seconds[32];

	snprintf(seconds, sizeof(seconds), "%u.%03u", interval / 1000,
	    interval % 1000);
	if (evdns_base_set_option(dns, "timeout:", seconds) == -1 ||
	    set_number(dns, "attempts:", tries) == -1 ||
	    set_number(dns, "max-timeouts:", 255) == -1 ||
	    set_number(dns, "initial-probe-timeout:", 3600) == -1)
		return (-1);
	return (0);
}

/* evdns puts each behind the first: the others go in backwards. */
static int
add_servers(struct evdns_base *dns, const struct dial_resolvconf *conf)
{
	const struct dial_address	*a;
	uint32_t			 i;

	errno = 0;
	for (i = 0; i < conf->nservers; i++) {
		a = &conf->servers[i == 0 ? 0 : conf->nservers - i];
		(void)evdns_base_nameserver_sockaddr_add(dns, &a->sa, a->len,
		    0);
	}
	if (evdns_base_count_nameservers(dns) > 0)
		return (0);
	/* Most likely that of socket(2). */
	if (errno == 0)
		errno = EAFNOSUPPORT;
	return (-1);
}

/* Backwards too: each goes in before the others. */
static void
add_search(struct evdns_base *dns, const struct dial_resolvconf *conf)
{
	uint32_t	 i;

	for (i = conf->nsearch; i > 0; i--)
		evdns_base_search_add(dns, conf->search[i - 1]);
	if (conf->nsearch > 0)
		evdns_base_search_ndots_set(dns, (int)conf->ndots);
}

static struct question *
ask(struct dial_lookup *lookup, struct event_base *base, int family,
    const char *name, const struct dial_resolvconf *conf)
{
	struct question	*q;
	size_t		 len = strlen(name);
	int		 flags = 0;

	if ((q = calloc(1, sizeof(*q))) == NULL)
		return (NULL);
	q->lookup = lookup;
	q->family = family;
	q->asked = clock_us();
	/* With a dot at its end it is complete. */
	if (len > 0 && name[len - 1] == '.')
		flags = DNS_QUERY_NO_SEARCH;
	errno = ENOMEM;
	if ((q->dns = evdns_base_new(base, 0)) == NULL ||
	    set_options(q->dns, lookup->interval, conf->attempts *
	    conf->nservers) == -1 || add_servers(q->dns, conf) == -1) {
		question_free(q);
		return (NULL);
	}
	add_search(q->dns, conf);
	if (family == AF_INET6)
		q->request = evdns_base_resolve_ipv6(q->dns, name, flags,
		    on_answer, q);
	else
		q->request = evdns_base_resolve_ipv4(q->dns, name, flags,
		    on_answer, q);
	if (q->request == NULL) {
		question_free(q);
		return (NULL);
	}
	return (q);
}

static uint32_t
interval_of(const struct dial_resolvconf *conf, uint32_t limit)
{
	uint64_t	 ms;

	ms = (uint64_t)limit * 9 / 10 / (conf->attempts * conf->nservers);
	if (ms > conf->timeout * 1000)
		ms = conf->timeout * 1000;
	return (ms < INTERVAL_MIN ? INTERVAL_MIN : (uint32_t)ms);
}

struct dial_lookup *
dial_lookup_start(struct event_base *base, const char *name, uint16_t port,
    const struct dial_resolvconf *conf, uint32_t limit, dial_lookup_cb cb,
    void *arg)
{
	struct dial_lookup	*lookup;
	int			 saved;

	if (conf->nservers == 0 || conf->attempts == 0 ||
	    !name_valid(name)) {
		errno = EINVAL;
		return (NULL);
	}
	if ((lookup = calloc(1, sizeof(*lookup))) == NULL)
		return (NULL);
	lookup->port = port;
	lookup->interval = interval_of(conf, limit);
	lookup->cb = cb;
	lookup->arg = arg;
	lookup->in6 = ask(lookup, base, AF_INET6, name, conf);
	if (lookup->in6 != NULL)
		lookup->in = ask(lookup, base, AF_INET, name, conf);
	if (lookup->in == NULL) {
		saved = errno;
		dial_lookup_free(lookup);
		errno = saved;
		return (NULL);
	}
	return (lookup);
}

static void
forget(struct question *q)
{
	if (q == NULL)
		return;
	q->lookup = NULL;
	evdns_cancel_request(q->dns, q->request);
}

void
dial_lookup_free(struct dial_lookup *lookup)
{
	if (lookup == NULL)
		return;
	forget(lookup->in6);
	forget(lookup->in);
	free(lookup);
}
