/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "signerd/dialer.h"

/* One attempt: files, if the host is a name; addresses; connections. */

static void
end(struct endpoint *e)
{
	dial_lookup_free(e->lookup);
	e->lookup = NULL;
	dial_race_free(e->race);
	e->race = NULL;
	event_del(e->deadline);
	e->state = ATTEMPT_NONE;
}

static void
fail(struct endpoint *e, const char *text)
{
	end(e);
	dialer_failed(e, text);
}

/* ---- Why there is no connection --------------------------------------- */

/* What is wrong with a lookup, or NULL where nothing is. */
static const char *
dns_trouble(const struct endpoint *e, enum dial_dns result, char *text,
    size_t size)
{
	if (result == DIAL_DNS_FOUND)
		return (NULL);
	if (result <= DIAL_DNS_NXDOMAIN || e->servers[0] == '\0')
		snprintf(text, size, "%s", dial_dns_text(result));
	else
		snprintf(text, size, "%s (%s)", dial_dns_text(result),
		    e->servers);
	return (text);
}

/*
 * The addresses that were tried; the name, where there were none; and a
 * family that may have been missed because its lookup failed.
 */
static void
why(const struct endpoint *e, char *text, size_t size)
{
	const char	*trouble;
	char		 dns[256];
	enum dial_dns	 in6 = e->dns[0], in = e->dns[1];
	size_t		 len;

	if (e->race == NULL || dial_race_tried(e->race) == 0) {
		trouble = dns_trouble(e, in6 > in ? in6 : in, dns,
		    sizeof(dns));
		snprintf(text, size, "%.128s: %s", e->config.host,
		    trouble != NULL ? trouble : "not tried yet");
		return;
	}
	dial_race_text(e->race, text, size);
	len = strlen(text);
	if (in6 > DIAL_DNS_NXDOMAIN)
		snprintf(text + len, size - len, "; IPv6: %s",
		    dns_trouble(e, in6, dns, sizeof(dns)));
	else if (in > DIAL_DNS_NXDOMAIN)
		snprintf(text + len, size - len, "; IPv4: %s",
		    dns_trouble(e, in, dns, sizeof(dns)));
}

static void
on_deadline(int fd, short what, void *arg)
{
	struct endpoint	*e = arg;
	char		 text[DIAL_ERROR_MAX + 1];
	int		 len;

	(void)fd;
	(void)what;
	len = snprintf(text, sizeof(text), "timed out after %u ms: ",
	    e->dialer->config.connect_timeout);
	if (e->state == ATTEMPT_RUNS)
		why(e, text + len, sizeof(text) - (size_t)len);
	else
		snprintf(text + len, sizeof(text) - (size_t)len,
		    "%.128s: waiting for resolv.conf and hosts",
		    e->config.host);
	fail(e, text);
}

/* ---- Connections ------------------------------------------------------ */

static void
on_won(int fd, const struct dial_address *address, void *arg)
{
	struct dial_address	 winner = *address;
	struct endpoint		*e = arg;

	end(e);
	dialer_connected(e, fd, &winner);
}

static void
on_lost(void *arg)
{
	struct endpoint	*e = arg;
	char		 text[DIAL_ERROR_MAX + 1];

	why(e, text, sizeof(text));
	fail(e, text);
}

static const struct dial_race_cb	 race_cb = { on_won, on_lost };

/* False where it has failed. */
static bool
run(struct endpoint *e)
{
	e->state = ATTEMPT_RUNS;
	e->race = dial_race_new(e->dialer->base, &race_cb, e);
	if (e->race != NULL)
		return (true);
	fail(e, "out of memory");
	return (false);
}

/* With all its addresses. */
static void
run_with(struct endpoint *e, const struct dial_addresses *in6,
    const struct dial_addresses *in)
{
	e->dns[0] = e->dns[1] = DIAL_DNS_FOUND;
	if (!run(e))
		return;
	dial_race_add(e->race, AF_INET6, in6);
	dial_race_add(e->race, AF_INET, in);
}

/* ---- Names ------------------------------------------------------------ */

static void
on_found(int family, enum dial_dns result,
    const struct dial_addresses *addresses, void *arg)
{
	struct endpoint	*e = arg;

	e->dns[family == AF_INET6 ? 0 : 1] = result;
	dial_race_add(e->race, family, addresses);
}

/* As many as there is room for. */
static void
note_servers(struct endpoint *e, const struct dial_resolvconf *conf)
{
	char		 one[DIAL_PEER_MAX + 1];
	size_t		 len = 0, n;
	uint32_t	 i;

	e->servers[0] = '\0';
	for (i = 0; i < conf->nservers; i++) {
		dial_address_text(&conf->servers[i], one);
		n = strlen(one);
		if (len + n + sizeof(", ") > sizeof(e->servers))
			return;
		len += (size_t)snprintf(e->servers + len,
		    sizeof(e->servers) - len, "%s%s", i > 0 ? ", " : "", one);
	}
}

static void
look_up(struct endpoint *e, const struct dial_resolvconf *conf)
{
	char	 text[DIAL_ERROR_MAX + 1];

	if (conf->nservers == 0) {
		snprintf(text, sizeof(text), "%.128s: resolv.conf names no "
		    "server that can be used", e->config.host);
		fail(e, text);
		return;
	}
	if (!run(e))
		return;
	e->dns[0] = e->dns[1] = DIAL_DNS_SILENT;
	note_servers(e, conf);
	e->lookups++;
	e->lookup = dial_lookup_start(e->dialer->base, e->config.host,
	    e->config.port, conf, e->dialer->config.connect_timeout, on_found,
	    e);
	if (e->lookup != NULL)
		return;
	snprintf(text, sizeof(text), "%.128s: cannot be looked up: %s",
	    e->config.host, errno == EINVAL ? "not the name of a host" :
	    strerror(errno));
	fail(e, text);
}

void
attempt_files(struct endpoint *e, const struct dial_resolvconf *conf,
    const char *hosts, size_t len)
{
	struct dial_addresses	 in6, in;

	in6.n = in.n = 0;
	if (dial_hosts_find(hosts, len, e->config.host, e->config.port, &in6,
	    &in))
		run_with(e, &in6, &in);
	else
		look_up(e, conf);
}

/* ---- Beginning and end ------------------------------------------------ */

int
attempt_init(struct dialer *d, struct endpoint *e)
{
	e->dialer = d;
	e->deadline = evtimer_new(d->base, on_deadline, e);
	return (e->deadline == NULL ? -1 : 0);
}

void
attempt_configure(struct endpoint *e, const struct dial_endpoint *config)
{
	attempt_cancel(e);
	e->attempts = e->failures = e->lookups = 0;
	e->config = *config;
	e->numeric = dial_address_parse(e->config.host, e->config.port,
	    &e->address) == 0;
}

void
attempt_begin(struct endpoint *e, uint32_t cookie)
{
	struct dial_addresses	 in6, in;
	struct timeval		 tv;
	uint32_t		 ms = e->dialer->config.connect_timeout;

	e->cookie = cookie;
	e->begun = clock_us();
	e->attempts++;
	tv = clock_in_ms(ms);
	event_add(e->deadline, &tv);
	if (!e->numeric) {
		e->state = ATTEMPT_WANTS_FILES;
		dialer_want_files(e->dialer);
		return;
	}
	in6.n = in.n = 0;
	dial_addresses_add(e->address.sa.sa_family == AF_INET6 ? &in6 : &in,
	    &e->address);
	run_with(e, &in6, &in);
}

void
attempt_cancel(struct endpoint *e)
{
	if (e->state != ATTEMPT_NONE)
		end(e);
}
