/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "common/faults.h"
#include "keyd/keymsg.h"
#include "signerd/linkmsg.h"
#include "signerd/parent.h"

#define HTTPS_PORT	443

/* As it goes into Host: the port where it is not that of wss, brackets. */
static void
host_header(const struct config_proxy *proxy, char *out, size_t size)
{
	bool	 v6 = strchr(proxy->host, ':') != NULL;
	size_t	 len;

	len = (size_t)snprintf(out, size, "%s%s%s", v6 ? "[" : "",
	    proxy->host, v6 ? "]" : "");
	if (len < size && proxy->port != HTTPS_PORT)
		len += (size_t)snprintf(out + len, size - len, ":%u",
		    proxy->port);
	if (len >= size)
		fatalx("proxy \"%s\": host too long", proxy->name);
}

static void
copy(char *out, size_t size, const char *text, const char *what)
{
	if ((size_t)snprintf(out, size, "%s", text) >= size)
		fatalx("%s too long", what);
}

static void
send_proxy(struct parent *p, struct imsgev *iev, struct config_proxy *proxy)
{
	struct conf_file	*files[TLSFILE_COUNT];
	struct link_proxy	 lp;
	int			 i;

	memset(&lp, 0, sizeof(lp));
	lp.index = proxy->index;
	lp.down = proxy->down;
	host_header(proxy, lp.host, sizeof(lp.host));
	copy(lp.name, sizeof(lp.name), proxy->name, "proxy's name");
	copy(lp.target, sizeof(lp.target), proxy->target, "proxy's path");
	copy(lp.tlsname, sizeof(lp.tlsname), proxy->tlsname, "tls name");
	copy(lp.protocols, sizeof(lp.protocols), setup_subject(p)->protocols,
	    "tls protocols");
	if (linkmsg_send_proxy(&iev->ibuf, &lp) == -1)
		fatal("link process' configuration");
	files[TLSFILE_CA] = &proxy->ca;
	files[TLSFILE_CERT] = &proxy->cert;
	files[TLSFILE_KEY] = &proxy->key;
	files[TLSFILE_CRL] = &proxy->crl;
	for (i = 0; i < TLSFILE_COUNT; i++)
		if (files[i]->fd != -1 && linkmsg_send_file(&iev->ibuf,
		    proxy->index, (enum tlsfile)i, setup_give(files[i])) == -1)
			fatal("link process' configuration");
}

/* What is advertised comes of these; keyd decides by its own copy. */
static void
send_rules(struct parent *p, struct imsgev *iev)
{
	struct config_rule	*rule;
	uint32_t		 i = 0;

	STAILQ_FOREACH(rule, &setup_subject(p)->rules, entry) {
		if (rule->rule.via != 0 &&
		    keymsg_send_rule(&iev->ibuf, i, &rule->rule) == -1)
			fatal("link process' configuration");
		i++;
	}
}

static void
send_channels(struct parent *p, struct imsgev *iev)
{
	setup_channels(p, iev, p->link_channels);
	if (linkmsg_send_dialer(&iev->ibuf, p->link_end) == -1)
		fatal("link process' configuration");
	p->link_end = -1;
}

void
setup_link(struct parent *p, bool serve)
{
	struct imsgev		*iev = &p->children[CHILD_LINK].iev;
	struct config_proxy	*proxy;

	setup_limits(p, iev, &setup_subject(p)->limits);
	setup_keys(p, iev);
	STAILQ_FOREACH(proxy, &setup_subject(p)->proxies, entry)
		send_proxy(p, iev, proxy);
	send_rules(p, iev);
	if (serve && p->link_channels[0] != -1)
		send_channels(p, iev);
	if (frontmsg_send(&iev->ibuf, FRONT_START, -1) == -1)
		fatal("link process' configuration");
	imsgev_flush(iev);
}

void
setup_renew_link(struct parent *p)
{
	struct imsgev		*iev = &p->children[CHILD_LINK].iev;
	struct config_proxy	*proxy;

	if (frontmsg_send(&iev->ibuf, FRONT_RENEW, -1) == -1)
		fatal("link process' files");
	STAILQ_FOREACH(proxy, &p->config->proxies, entry)
		if (watch_changed(&p->watch, proxy) != NULL)
			send_proxy(p, iev, proxy);
	if (frontmsg_send(&iev->ibuf, FRONT_START, -1) == -1)
		fatal("link process' files");
	imsgev_flush(iev);
}

/* ---- Its answers ------------------------------------------------------ */

static struct config_proxy *
find_proxy(struct config *config, uint32_t index)
{
	struct config_proxy	*proxy;

	STAILQ_FOREACH(proxy, &config->proxies, entry)
		if (proxy->index == index)
			return (proxy);
	return (NULL);
}

static struct conf_file *
find_file(struct config_proxy *proxy, enum tlsfile file)
{
	switch (file) {
	case TLSFILE_CA:
		return (&proxy->ca);
	case TLSFILE_CERT:
		return (&proxy->cert);
	case TLSFILE_KEY:
		return (&proxy->key);
	case TLSFILE_CRL:
		return (&proxy->crl);
	default:
		return (NULL);
	}
}

static int
link_error(struct parent *p, struct imsg *imsg)
{
	struct config_proxy	*proxy;
	struct conf_file	*file;
	struct link_error	 msg;

	if (linkmsg_get_error(imsg, &msg) == -1 ||
	    (proxy = find_proxy(setup_subject(p), msg.index)) == NULL ||
	    (file = find_file(proxy, msg.file)) == NULL || file->path == NULL)
		return (-1);
	if (p->watch.renewing)
		return (parent_watch_tell(p, proxy, file, msg.severity,
		    msg.text));
	if (msg.severity != TLSFILE_FAULT)
		faults_warn(&p->set, file, msg.text);
	else
		faults_report(&p->set, file, msg.text, 0);
	return (0);
}

int
setup_link_answer(struct parent *p, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case LINK_ERROR:
		return (link_error(p, imsg));
	case FRONT_FAILED:
	case FRONT_READY:
		if (frontmsg_get_empty(imsg) == -1)
			return (-1);
		return (setup_answered(p, &p->children[CHILD_LINK],
		    imsg_get_type(imsg) == FRONT_READY));
	}
	return (-1);
}
