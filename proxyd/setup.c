/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "common/daemon.h"
#include "common/faults.h"
#include "proxyd/parent.h"
#include "proxyd/relaymsg.h"

static struct conf_file *
file_of(struct config_listen *l, enum tlsfile file)
{
	switch (file) {
	case TLSFILE_CA:
		return (&l->ca);
	case TLSFILE_CERT:
		return (&l->cert);
	case TLSFILE_KEY:
		return (&l->key);
	case TLSFILE_CRL:
		return (&l->crl);
	default:
		return (NULL);
	}
}

static void
send_config(const struct parent *p, const struct config *config,
    struct imsgbuf *ibuf)
{
	struct relay_config	 rc;

	memset(&rc, 0, sizeof(rc));
	rc.limits = config->limits;
	rc.hedge = config->hedge;
	rc.level = daemon_level(p->options, config->log_level);
	if ((size_t)snprintf(rc.protocols, sizeof(rc.protocols), "%s",
	    config->protocols) >= sizeof(rc.protocols))
		fatalx("tls protocols: too long");
	if (relaymsg_send_config(ibuf, &rc) == -1)
		fatal("relay's configuration");
}

static void
send_file(struct imsgbuf *ibuf, enum tlsfile file, struct conf_file *f)
{
	int	 fd = f->fd;

	if (fd == -1)
		return;
	/* It goes with the message and is closed when it has been sent. */
	f->fd = -1;
	if (relaymsg_send_file(ibuf, file, fd) == -1)
		fatal("relay's configuration");
}

static void
send_listen(struct imsgbuf *ibuf, struct config_listen *l, uint32_t index)
{
	struct relay_listen	 rl;
	int			 fd = l->fd, i;

	memset(&rl, 0, sizeof(rl));
	rl.index = index;
	rl.id = l->id;
	rl.whom = l->whom;
	snprintf(rl.address, sizeof(rl.address), strchr(l->host, ':') != NULL ?
	    "[%s]:%u" : "%s:%u", l->host, l->port);
	l->fd = -1;
	if (relaymsg_send_listen(ibuf, &rl, fd) == -1)
		fatal("relay's configuration");
	for (i = 0; i < TLSFILE_COUNT; i++)
		send_file(ibuf, (enum tlsfile)i, file_of(l, (enum tlsfile)i));
}

void
setup_relay(struct parent *p, struct config *config)
{
	struct imsgbuf		*ibuf = &p->relay.iev.ibuf;
	struct config_listen	*l;
	struct config_signer	*signer;
	struct config_rule	*rule;
	uint32_t		 i = 0;

	send_config(p, config, ibuf);
	STAILQ_FOREACH(l, &config->listens, entry)
		send_listen(ibuf, l, i++);
	STAILQ_FOREACH(signer, &config->signers, entry)
		if (relaymsg_send_signer(ibuf, signer) == -1)
			fatal("relay's configuration");
	i = 0;
	STAILQ_FOREACH(rule, &config->rules, entry)
		if (relaymsg_send_rule(ibuf, i++, rule) == -1)
			fatal("relay's configuration");
	if (relaymsg_send(ibuf, RELAY_START) == -1)
		fatal("relay's configuration");
	imsgev_flush(&p->relay.iev);
}

void
setup_renew(struct parent *p)
{
	struct imsgbuf		*ibuf = &p->relay.iev.ibuf;
	struct config_listen	*l;
	uint32_t		 i = 0;

	if (relaymsg_send(ibuf, RELAY_RENEW) == -1)
		fatal("relay's files");
	STAILQ_FOREACH(l, &p->config->listens, entry)
		if (watch_changed(&p->watch, l) != NULL)
			send_listen(ibuf, l, i++);
	if (relaymsg_send(ibuf, RELAY_START) == -1)
		fatal("relay's files");
	imsgev_flush(&p->relay.iev);
}

/* ---- Its answers ------------------------------------------------------ */

/* By the order in which it was told of them. */
static struct config_listen *
find_listen(struct parent *p, struct config *config, uint32_t index)
{
	struct config_listen	*l;
	uint32_t		 i = 0;

	STAILQ_FOREACH(l, &config->listens, entry) {
		if (p->watch.renewing && watch_changed(&p->watch, l) == NULL)
			continue;
		if (i++ == index)
			return (l);
	}
	return (NULL);
}

static int
relay_error(struct parent *p, struct imsg *imsg)
{
	struct config		*config = p->next != NULL ? p->next :
				    p->config;
	struct relay_error	 msg;
	struct config_listen	*l;
	struct conf_file	*file;

	if (relaymsg_get_error(imsg, &msg) == -1 ||
	    (l = find_listen(p, config, msg.index)) == NULL ||
	    (file = file_of(l, msg.file)) == NULL || file->path == NULL)
		return (-1);
	if (p->watch.renewing)
		return (watch_tell(&p->watch, l, file, msg.severity,
		    msg.text));
	if (msg.severity != TLSFILE_FAULT)
		faults_warn(&p->set, file, msg.text);
	else
		faults_report(&p->set, file, msg.text, 0);
	return (0);
}

/* Its last word about the first configuration, or about another one. */
static int
relay_ready(struct parent *p, struct imsg *imsg, bool good)
{
	if (relaymsg_get_empty(imsg) == -1)
		return (-1);
	if (p->relay.answered)
		return (reload_answered(&p->reload, &p->relay, good));
	if (!good)
		children_failed(&p->set);
	child_answered(&p->relay);
	return (0);
}

int
setup_answer(struct parent *p, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case RELAY_ERROR:
		/* What there is to say is said before the last word. */
		if (p->relay.answered && !reload_awaits(&p->reload,
		    &p->relay))
			return (-1);
		return (relay_error(p, imsg));
	case RELAY_FAILED:
		return (relay_ready(p, imsg, false));
	case RELAY_READY:
		return (relay_ready(p, imsg, true));
	case RELAY_CHECKED:
		return (parent_checked(p, imsg));
	case RELAY_COMMITTED:
		if (relaymsg_get_empty(imsg) == -1)
			return (-1);
		return (reload_committed(&p->reload, &p->relay));
	}
	return (-1);
}
