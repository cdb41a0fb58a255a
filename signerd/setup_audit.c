/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "common/faults.h"
#include "keyd/auditmsg.h"
#include "signerd/parent.h"

_Static_assert(AUDIT_WORKERS == CONFIG_WORKERS, "more workers than chains");
_Static_assert(AUDIT_NAMEMAX == CONFIG_NAME_MAX, "names of another length");

/* keyd makes the records: it is to know what to call keys and links. */
void
setup_audit_names(struct parent *p, unsigned int worker)
{
	const struct config		*subject = setup_subject(p);
	struct imsgbuf			*ibuf;
	const struct config_proxy	*proxy;
	const struct config_key		*key;
	struct audit_config		 config;

	if (!p->children[CHILD_AUDIT].started || p->set.check)
		return;
	ibuf = &p->children[CHILD_KEYD + worker].iev.ibuf;
	memset(&config, 0, sizeof(config));
	config.generation = p->reload.generation + (p->candidate != NULL);
	config.sync = subject->audit.sync;
	config.newfile = p->candidate != NULL &&
	    !config_audit_of(subject, worker)->kept;
	config.queue = subject->audit_queue;
	config.head = subject->audit_head;
	if (p->nworkers > 1) {
		config.worker = worker + 1;
		config.workers = p->nworkers;
	}
	if (auditmsg_send_config(ibuf, &config) == -1 || (p->nworkers > 1 &&
	    auditmsg_send_worker(ibuf, &config) == -1))
		fatal("keyd's configuration");
	STAILQ_FOREACH(key, &subject->keys, entry)
		if (auditmsg_send_name(ibuf, AUDIT_KEY, key->index,
		    key->name) == -1)
			fatal("keyd's configuration");
	STAILQ_FOREACH(proxy, &subject->proxies, entry)
		if (auditmsg_send_name(ibuf, AUDIT_LINK, proxy->index + 1,
		    proxy->name) == -1)
			fatal("keyd's configuration");
}

void
setup_audit(struct parent *p, unsigned int worker, int channel)
{
	struct config_audit	*audit;
	struct imsgev		*iev = &p->children[CHILD_AUDIT + worker].iev;

	audit = config_audit_of(setup_subject(p), worker);
	if (audit->file.fd != -1 && (auditmsg_send(&iev->ibuf, AUDIT_FILE,
	    setup_give(&audit->file)) == -1 || auditmsg_send(&iev->ibuf,
	    AUDIT_TAIL, audit->tail) == -1))
		fatal("the audit process' configuration");
	audit->tail = -1;
	if (channel != -1 && auditmsg_send(&iev->ibuf, AUDIT_CHANNEL,
	    channel) == -1)
		fatal("the audit process' configuration");
	if (auditmsg_send(&iev->ibuf, AUDIT_START, -1) == -1)
		fatal("the audit process' configuration");
	imsgev_flush(iev);
}

int
setup_audit_answer(struct parent *p, struct child *c, struct imsg *imsg)
{
	struct config_audit	*audit;
	char			 text[AUDIT_TEXTMAX + 1];

	switch (imsg_get_type(imsg)) {
	case AUDIT_READY:
		if (auditmsg_get_empty(imsg) == -1)
			return (-1);
		return (setup_answered(p, c, true));
	case AUDIT_FAILED:
		if (auditmsg_get_failed(imsg, text) == -1)
			return (-1);
		audit = config_audit_of(setup_subject(p),
		    (unsigned int)(c - p->children) - CHILD_AUDIT);
		faults_report(&p->set, &audit->file, text, 0);
		return (setup_answered(p, c, false));
	}
	return (-1);
}
