/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/faults.h"
#include "common/report.h"
#include "keyd/auditmsg.h"
#include "keyd/keyfile.h"
#include "keyd/keymsg.h"
#include "signerd/dialmsg.h"
#include "signerd/frontmsg.h"
#include "signerd/keylink.h"
#include "signerd/parent.h"

int
setup_give(struct conf_file *file)
{
	int	 fd = file->fd;

	file->fd = -1;
	return (fd);
}

int
setup_share(struct conf_file *file, unsigned int more)
{
	int	 fd;

	if (more == 0 || file->fd == -1)
		return (setup_give(file));
	if ((fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("%s", file->path);
	return (fd);
}

static void
setup_worker(struct parent *p, unsigned int worker)
{
	struct config		*subject = setup_subject(p);
	struct imsgev		*iev = &p->children[CHILD_KEYD + worker].iev;
	struct config_key	*key;
	struct config_rule	*rule;
	struct keyd_config	 config;
	uint32_t		 i = 0;

	memset(&config, 0, sizeof(config));
	config.nkeys = subject->nkeys;
	config.nrules = subject->nrules;
	config.max_message = subject->limits.max_transaction;
	if (keymsg_send_config(&iev->ibuf, &config) == -1 ||
	    (subject->limits.spin > 0 && keymsg_send_spin(&iev->ibuf,
	    subject->limits.spin) == -1))
		fatal("keyd's configuration");
	STAILQ_FOREACH(key, &subject->keys, entry)
		if (keymsg_send_key(&iev->ibuf, key->index,
		    setup_share(&key->file, p->nworkers - 1 - worker)) == -1)
			fatal("keyd's configuration");
	STAILQ_FOREACH(rule, &subject->rules, entry)
		if (keymsg_send_rule(&iev->ibuf, i++, &rule->rule) == -1)
			fatal("keyd's configuration");
	setup_audit_names(p, worker);
}

void
setup_keyd(struct parent *p)
{
	unsigned int	 i;

	memset(p->told, 0, sizeof(p->told));
	p->unable = false;
	for (i = 0; i < p->nworkers; i++)
		setup_worker(p, i);
}

void
setup_limits(struct parent *p, struct imsgev *iev,
    const struct config_limits *limits)
{
	struct front_config	 fc;

	memset(&fc, 0, sizeof(fc));
	fc.limits = *limits;
	if ((size_t)snprintf(fc.protocols, sizeof(fc.protocols), "%s",
	    setup_subject(p)->protocols) >= sizeof(fc.protocols))
		fatalx("tls protocols: too long");
	if (frontmsg_send_config(&iev->ibuf, &fc) == -1)
		fatal("a child's configuration");
}

void
setup_keys(struct parent *p, struct imsgev *iev)
{
	struct config_key	*key;
	struct front_key	 fk;

	STAILQ_FOREACH(key, &setup_subject(p)->keys, entry) {
		memset(&fk, 0, sizeof(fk));
		fk.index = key->index;
		snprintf(fk.name, sizeof(fk.name), "%s", key->name);
		memcpy(fk.address, key->address, ADDRESS_SIZE);
		if (frontmsg_send_key(&iev->ibuf, &fk) == -1)
			fatal("a child's configuration");
	}
}

static void
send_file(struct imsgev *iev, enum tlsfile which, struct conf_file *file,
    unsigned int more)
{
	if (frontmsg_send_file(&iev->ibuf, which, setup_share(file,
	    more)) == -1)
		fatal("frontend's configuration");
}

/* To a frontend that has so many after it. */
static void
send_files(struct config *config, struct imsgev *iev, unsigned int more)
{
	send_file(iev, TLSFILE_CA, &config->ca, more);
	send_file(iev, TLSFILE_CERT, &config->cert, more);
	send_file(iev, TLSFILE_KEY, &config->key, more);
	if (config->crl.fd != -1)
		send_file(iev, TLSFILE_CRL, &config->crl, more);
}

/* The socket, for one that has so many after it. */
static int
share_socket(struct config_listen *l, unsigned int more)
{
	int	 fd = l->fd;

	if (more > 0 && (fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("a socket");
	if (more == 0)
		l->fd = -1;
	return (fd);
}

/* Each counts the new ones as we do; but the first the others have none of. */
static void
send_listen(struct parent *p, unsigned int i, struct config_listen *l,
    bool metrics)
{
	struct imsgbuf	*ibuf = &p->children[CHILD_FRONTEND + i].iev.ibuf;
	unsigned int	 more = metrics ? 0 : p->nfrontends - 1 - i;

	if (l->kept) {
		if (frontmsg_send_keep(ibuf, metrics ? FRONT_KEEPMETRICS :
		    FRONT_KEEP, i == 0 ? l->number : l->other) == -1)
			fatal("frontend's configuration");
		return;
	}
	if (l->fd == -1)
		return;
	if (frontmsg_send(ibuf, metrics ? FRONT_METRICS : FRONT_LISTEN,
	    share_socket(l, more)) == -1)
		fatal("frontend's configuration");
	if (i == 0)
		l->number = p->nlistens++;
	else if (i == 1)
		l->other = p->nothers++;
}

/* All parts together are the limit; but each is one at least. */
static uint32_t
part_of(uint32_t limit, const struct parent *p, unsigned int i)
{
	uint32_t	 part;

	part = limit / p->nfrontends + (i < limit % p->nfrontends);
	return (part > 0 ? part : 1);
}

/*
 * What one of them may have; of bodies room for two of the largest in any
 * case.
 */
static struct config_limits
limits_of(const struct parent *p, unsigned int i)
{
	struct config_limits	 l = setup_subject(p)->limits;

	if (p->nfrontends == 1)
		return (l);
	l.max_connections = part_of(l.max_connections, p, i);
	l.max_per_address = part_of(l.max_per_address, p, i);
	l.max_queue = part_of(l.max_queue, p, i);
	l.max_bodies = part_of(l.max_bodies, p, i);
	if (l.max_bodies / 2 < l.max_body)
		l.max_bodies = 2 * l.max_body;
	l.place = i;
	l.window = part_of(KEYLINK_WINDOW, p, i);
	return (l);
}

static void
setup_one_frontend(struct parent *p, unsigned int i)
{
	struct config		*config = setup_subject(p);
	struct imsgev		*iev = &p->children[CHILD_FRONTEND + i].iev;
	struct config_limits	 limits = limits_of(p, i);
	struct config_listen	*l;

	setup_limits(p, iev, &limits);
	if (!STAILQ_EMPTY(&config->listens))
		send_files(config, iev, p->nfrontends - 1 - i);
	STAILQ_FOREACH(l, &config->listens, entry)
		send_listen(p, i, l, false);
	if (i == 0)
		STAILQ_FOREACH(l, &config->metrics, entry)
			send_listen(p, i, l, true);
	imsgev_flush(iev);
}

void
setup_frontend(struct parent *p)
{
	unsigned int	 i;

	for (i = 0; i < p->nfrontends; i++)
		setup_one_frontend(p, i);
}

void
setup_renew_frontend(struct parent *p)
{
	struct imsgev	*iev;
	unsigned int	 i;

	for (i = 0; i < p->nfrontends; i++) {
		iev = &p->children[CHILD_FRONTEND + i].iev;
		if (frontmsg_send(&iev->ibuf, FRONT_RENEW, -1) == -1)
			fatal("frontend's files");
		send_files(p->config, iev, p->nfrontends - 1 - i);
		if (frontmsg_send(&iev->ibuf, FRONT_START, -1) == -1)
			fatal("frontend's files");
		imsgev_flush(iev);
	}
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
key_address(struct parent *p, unsigned int worker, struct imsg *imsg)
{
	struct keyd_address	 msg;
	struct config_key	*key;

	if (keymsg_get_address(imsg, &msg) == -1 ||
	    (key = key_by_index(setup_subject(p), msg.key)) == NULL ||
	    p->told[worker][msg.key])
		return (-1);
	p->told[worker][msg.key] = true;
	if (key->has_address && memcmp(key->address, msg.address,
	    ADDRESS_SIZE) != 0) {
		faults_report(&p->set, &key->file, "was changed while it was "
		    "read: two workers of keyd have other keys", 0);
		return (0);
	}
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
	    (key = key_by_index(setup_subject(p), msg.key)) == NULL)
		return (-1);
	faults_report(&p->set, &key->file,
	    keyfile_strerror((enum keyfile_error)msg.error), msg.line);
	return (0);
}

void
setup_channels(struct parent *p, struct imsgev *iev,
    int channels[CONFIG_WORKERS])
{
	unsigned int	 i;

	for (i = 0; i < p->nworkers; i++) {
		if (frontmsg_send(&iev->ibuf, i == 0 ? FRONT_CHANNEL :
		    FRONT_WORKER, channels[i]) == -1)
			fatal("a child's configuration");
		channels[i] = -1;
	}
}

/* The names of the keys, the way to keyd, and the word to begin. */
static void
start_frontend(struct parent *p, unsigned int i, bool serve)
{
	struct imsgev	*iev = &p->children[CHILD_FRONTEND + i].iev;

	setup_keys(p, iev);
	if (serve && p->front_channels[i][0] != -1)
		setup_channels(p, iev, p->front_channels[i]);
	if (frontmsg_send(&iev->ibuf, FRONT_START, -1) == -1)
		fatal("frontend's configuration");
	imsgev_flush(iev);
}

static void
ask(struct parent *p, enum child_role role)
{
	if (p->candidate != NULL)
		reload_ask(&p->reload, &p->children[role]);
}

/* keyd has spoken; without it the others look for faults alone. */
static void
start_others(struct parent *p, bool serve)
{
	unsigned int	 i;

	for (i = 0; i < p->nfrontends; i++)
		if (p->children[CHILD_FRONTEND + i].started)
			start_frontend(p, i, serve);
	if (p->children[CHILD_DIALER].started) {
		ask(p, CHILD_DIALER);
		setup_dialer(p);
	}
	if (p->children[CHILD_LINK].started) {
		ask(p, CHILD_LINK);
		setup_link(p, serve);
	}
}

int
setup_answered(struct parent *p, struct child *c, bool good)
{
	if (p->candidate != NULL || p->watch.renewing)
		return (reload_answered(&p->reload, c, good));
	if (!good)
		children_failed(&p->set);
	child_answered(c);
	return (0);
}

static bool
owes_answer(const struct parent *p, const struct child *c)
{
	return (p->candidate != NULL ? reload_awaits(&p->reload, c) :
	    !c->answered);
}

/* When the last of them has spoken it is the others' turn. */
static int
keyd_answered(struct parent *p, struct child *c, bool good)
{
	const struct child	*other;
	unsigned int		 i, n = 0;

	if (!owes_answer(p, c))
		return (-1);
	if (!good)
		p->unable = true;
	for (i = 0; i < p->nworkers; i++) {
		other = &p->children[CHILD_KEYD + i];
		n += other != c && owes_answer(p, other);
	}
	if (n == 0)
		start_others(p, !p->unable);
	return (setup_answered(p, c, good));
}

static bool
all_addresses(const struct parent *p, unsigned int worker)
{
	const struct config_key	*key;

	STAILQ_FOREACH(key, &setup_subject(p)->keys, entry)
		if (!p->told[worker][key->index])
			return (false);
	return (true);
}

static int
keyd_answer(struct parent *p, struct child *c, struct imsg *imsg)
{
	unsigned int	 worker = (unsigned int)(c - p->children) -
			    CHILD_KEYD;
	char		 text[256];

	switch (imsg_get_type(imsg)) {
	case KEYD_ADDRESS:
		return (key_address(p, worker, imsg));
	case KEYD_BADKEY:
		return (key_bad(p, imsg));
	case KEYD_READY:
		if (keymsg_get_empty(imsg) == -1 || !all_addresses(p, worker))
			return (-1);
		return (keyd_answered(p, c, true));
	case KEYD_BADCONFIG:
		if (keymsg_get_badconfig(imsg, text, sizeof(text)) == -1)
			return (-1);
		if (p->candidate == NULL && !p->set.failed)
			log_error("keyd refuses its configuration: %s", text);
		if (p->candidate != NULL && report_count() == 0)
			report_fault("keyd refuses its configuration: %s",
			    text);
		return (keyd_answered(p, c, false));
	}
	return (-1);
}

/* ---- The frontend's answers ------------------------------------------- */

static int
frontend_error(struct parent *p, const struct child *c, struct imsg *imsg)
{
	struct conf_file	*files[TLSFILE_COUNT];
	struct front_error	 msg;

	files[TLSFILE_CA] = &setup_subject(p)->ca;
	files[TLSFILE_CERT] = &setup_subject(p)->cert;
	files[TLSFILE_KEY] = &setup_subject(p)->key;
	files[TLSFILE_CRL] = &setup_subject(p)->crl;
	if (frontmsg_get_error(imsg, &msg) == -1 ||
	    files[msg.file]->path == NULL)
		return (-1);
	/* All of them find the same; this one is not told twice by itself. */
	if (p->watch.renewing && c != &p->children[CHILD_FRONTEND])
		return (0);
	if (p->watch.renewing)
		return (parent_watch_tell(p, NULL, files[msg.file],
		    msg.severity, msg.text));
	if (msg.severity != TLSFILE_FAULT)
		faults_warn(&p->set, files[msg.file], msg.text);
	else
		faults_report(&p->set, files[msg.file], msg.text, 0);
	return (0);
}

static int
frontend_answer(struct parent *p, struct child *c, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case FRONT_ERROR:
		return (frontend_error(p, c, imsg));
	case FRONT_FAILED:
	case FRONT_READY:
		if (frontmsg_get_empty(imsg) == -1)
			return (-1);
		return (setup_answered(p, c,
		    imsg_get_type(imsg) == FRONT_READY));
	}
	return (-1);
}

/* What a child that is told to put a candidate in force says once it has. */
static bool
is_committed(enum child_role role, uint32_t type)
{
	switch (role) {
	case CHILD_KEYD:
		return (type == KEYD_COMMITTED);
	case CHILD_AUDIT:
		return (type == AUDIT_COMMITTED);
	case CHILD_DIALER:
		return (type == DIAL_COMMITTED);
	default:
		return (type == FRONT_COMMITTED);
	}
}

enum child_role
setup_role(const struct parent *p, const struct child *c)
{
	size_t	 i = (size_t)(c - p->children);

	if (i >= CHILD_AUDIT)
		return (CHILD_AUDIT);
	if (i >= CHILD_DIALER)
		return ((enum child_role)i);
	return (i >= CHILD_FRONTEND ? CHILD_FRONTEND : CHILD_KEYD);
}

int
setup_answer(struct parent *p, struct child *c, struct imsg *imsg)
{
	enum child_role	 role = setup_role(p, c);

	if (is_committed(role, imsg_get_type(imsg)))
		return (imsg_get_len(imsg) != 0 ? -1 :
		    reload_committed(&p->reload, c));
	/* The first worker alone is asked. */
	if (c == &p->children[CHILD_KEYD] &&
	    imsg_get_type(imsg) == KEYD_CHECKED)
		return (parent_checked(p, imsg));
	/* It asks for files as long as it lives. */
	if (role == CHILD_DIALER)
		return (setup_dialer_answer(p, imsg));
	/* What there is to say is said before the last word. */
	if (c->answered && !reload_awaits(&p->reload, c))
		return (-1);
	switch (role) {
	case CHILD_KEYD:
		return (keyd_answer(p, c, imsg));
	case CHILD_FRONTEND:
		return (frontend_answer(p, c, imsg));
	case CHILD_AUDIT:
		return (setup_audit_answer(p, c, imsg));
	default:
		return (setup_link_answer(p, imsg));
	}
}
