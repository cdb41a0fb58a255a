/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "keyd/keyfile.h"
#include "keyd/keymsg.h"
#include "signerd/frontmsg.h"
#include "signerd/parent.h"

/* The fd goes with the message and is closed when it has been sent. */
static int
give(struct config_file *file)
{
	int	 fd = file->fd;

	file->fd = -1;
	return (fd);
}

void
setup_keyd(struct parent *p)
{
	struct imsgev		*iev = &p->children[CHILD_KEYD].iev;
	struct config_key	*key;
	struct config_rule	*rule;
	struct keyd_config	 config;
	uint32_t		 i = 0;

	memset(&config, 0, sizeof(config));
	config.nkeys = p->config->nkeys;
	config.nrules = p->config->nrules;
	config.max_message = p->config->limits.max_transaction;
	if (keymsg_send_config(&iev->ibuf, &config) == -1)
		fatal("keyd's configuration");
	STAILQ_FOREACH(key, &p->config->keys, entry)
		if (keymsg_send_key(&iev->ibuf, key->index,
		    give(&key->file)) == -1)
			fatal("keyd's configuration");
	STAILQ_FOREACH(rule, &p->config->rules, entry)
		if (keymsg_send_rule(&iev->ibuf, i++, &rule->rule) == -1)
			fatal("keyd's configuration");
}

void
setup_frontend(struct parent *p)
{
	struct config		*config = p->config;
	struct imsgev		*iev = &p->children[CHILD_FRONTEND].iev;
	struct front_config	 fc;
	struct config_listen	*l;

	memset(&fc, 0, sizeof(fc));
	fc.limits = config->limits;
	if ((size_t)snprintf(fc.protocols, sizeof(fc.protocols), "%s",
	    config->protocols) >= sizeof(fc.protocols))
		fatalx("tls protocols: too long");
	if (frontmsg_send_config(&iev->ibuf, &fc) == -1 ||
	    frontmsg_send_file(&iev->ibuf, FRONT_CA, give(&config->ca)) == -1 ||
	    frontmsg_send_file(&iev->ibuf, FRONT_CERT,
	    give(&config->cert)) == -1 ||
	    frontmsg_send_file(&iev->ibuf, FRONT_PRIVKEY,
	    give(&config->key)) == -1)
		fatal("frontend's configuration");
	if (config->crl.fd != -1 && frontmsg_send_file(&iev->ibuf, FRONT_CRL,
	    give(&config->crl)) == -1)
		fatal("frontend's configuration");
	STAILQ_FOREACH(l, &config->listens, entry) {
		if (l->fd == -1)
			continue;
		if (frontmsg_send(&iev->ibuf, FRONT_LISTEN, l->fd) == -1)
			fatal("frontend's configuration");
		l->fd = -1;
	}
	imsgev_flush(iev);
}

/* A child says so: nothing in it may speak to a terminal. */
static void
clean(char *out, size_t size, const char *text)
{
	char	*p;

	snprintf(out, size, "%s", text);
	for (p = out; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

static void
report(struct parent *p, const struct config_file *file, const char *text,
    unsigned int line)
{
	char	 safe[512];

	clean(safe, sizeof(safe), text);
	p->failed = true;
	if (line > 0)
		fprintf(stderr, "%s:%d: %s:%u: %s\n", file->conf, file->line,
		    file->path, line, safe);
	else
		fprintf(stderr, "%s:%d: %s: %s\n", file->conf, file->line,
		    file->path, safe);
}

/* What does not keep the daemon from starting. */
static void
warn(struct parent *p, const struct config_file *file, const char *text)
{
	char	 safe[512];

	clean(safe, sizeof(safe), text);
	if (p->check)
		fprintf(stderr, "%s:%d: warning: %s: %s\n", file->conf,
		    file->line, file->path, safe);
	else
		log_warn("%s:%d: %s: %s", file->conf, file->line, file->path,
		    safe);
}

static struct config_key *
key_by_index(struct config *config, uint32_t index)
{
	struct config_key	*key;

	STAILQ_FOREACH(key, &config->keys, entry)
		if (key->index == index)
			return (key);
	return (NULL);
}

/* ---- keyd's answers --------------------------------------------------- */

static int
key_address(struct parent *p, struct imsg *imsg)
{
	struct keyd_address	 msg;
	struct config_key	*key;

	if (keymsg_get_address(imsg, &msg) == -1 ||
	    (key = key_by_index(p->config, msg.key)) == NULL)
		return (-1);
	memcpy(key->address, msg.address, ADDRESS_SIZE);
	key->has_address = true;
	return (0);
}

static int
key_bad(struct parent *p, struct imsg *imsg)
{
	struct keyd_badkey	 msg;
	struct config_key	*key;

	if (keymsg_get_badkey(imsg, &msg) == -1 ||
	    (key = key_by_index(p->config, msg.key)) == NULL)
		return (-1);
	report(p, &key->file, keyfile_strerror((enum keyfile_error)msg.error),
	    msg.line);
	return (0);
}

/* The names of the keys, the way to keyd, and the word to begin. */
static void
start_frontend(struct parent *p, int channel)
{
	struct imsgev		*iev = &p->children[CHILD_FRONTEND].iev;
	struct config_key	*key;
	struct front_key	 fk;

	STAILQ_FOREACH(key, &p->config->keys, entry) {
		memset(&fk, 0, sizeof(fk));
		fk.index = key->index;
		snprintf(fk.name, sizeof(fk.name), "%s", key->name);
		memcpy(fk.address, key->address, ADDRESS_SIZE);
		if (frontmsg_send_key(&iev->ibuf, &fk) == -1)
			fatal("frontend's configuration");
	}
	if (channel != -1 &&
	    frontmsg_send(&iev->ibuf, FRONT_CHANNEL, channel) == -1)
		fatal("frontend's configuration");
	if (frontmsg_send(&iev->ibuf, FRONT_START, -1) == -1)
		fatal("frontend's configuration");
	imsgev_flush(iev);
}

static bool
all_addresses(const struct config *config)
{
	const struct config_key	*key;

	STAILQ_FOREACH(key, &config->keys, entry)
		if (!key->has_address)
			return (false);
	return (true);
}

static int
keyd_answer(struct parent *p, struct imsg *imsg)
{
	struct child	*c = &p->children[CHILD_KEYD];
	char		 text[256];

	switch (imsg_get_type(imsg)) {
	case KEYD_ADDRESS:
		return (key_address(p, imsg));
	case KEYD_BADKEY:
		return (key_bad(p, imsg));
	case KEYD_READY:
		if (keymsg_get_empty(imsg) == -1 ||
		    !all_addresses(p->config))
			return (-1);
		c->answered = true;
		start_frontend(p, p->channel);
		p->channel = -1;
		return (0);
	case KEYD_BADCONFIG:
		if (keymsg_get_badconfig(imsg, text, sizeof(text)) == -1)
			return (-1);
		c->answered = true;
		if (!p->failed)
			log_error("keyd refuses its configuration: %s", text);
		p->failed = true;
		start_frontend(p, -1);
		return (0);
	}
	return (-1);
}

/* ---- The frontend's answers ------------------------------------------- */

static int
frontend_error(struct parent *p, struct imsg *imsg)
{
	struct config_file	*files[FRONT_NFILES];
	struct front_error	 msg;

	files[FRONT_CA] = &p->config->ca;
	files[FRONT_CERT] = &p->config->cert;
	files[FRONT_PRIVKEY] = &p->config->key;
	files[FRONT_CRL] = &p->config->crl;
	if (frontmsg_get_error(imsg, &msg) == -1 ||
	    files[msg.file]->path == NULL)
		return (-1);
	if (msg.severity == FRONT_WARNING)
		warn(p, files[msg.file], msg.text);
	else
		report(p, files[msg.file], msg.text, 0);
	return (0);
}

static int
frontend_answer(struct parent *p, struct imsg *imsg)
{
	struct child	*c = &p->children[CHILD_FRONTEND];

	switch (imsg_get_type(imsg)) {
	case FRONT_ERROR:
		return (frontend_error(p, imsg));
	case FRONT_FAILED:
		p->failed = true;
		/* FALLTHROUGH */
	case FRONT_READY:
		if (frontmsg_get_empty(imsg) == -1)
			return (-1);
		c->answered = true;
		return (0);
	}
	return (-1);
}

int
setup_answer(struct parent *p, enum child_role role, struct imsg *imsg)
{
	/* What there is to say is said before the last word. */
	if (p->children[role].answered)
		return (-1);
	if (role == CHILD_KEYD)
		return (keyd_answer(p, imsg));
	return (frontend_answer(p, imsg));
}
