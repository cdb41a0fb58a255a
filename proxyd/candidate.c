/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "proxyd/relay.h"

/*
 * A configuration on its way from the parent, message by message: the ruleset
 * and the sockets of the next one.  The parent is trusted: what it should not
 * say ends the process.
 */

static void
take_config(struct relay *r, struct imsg *imsg)
{
	struct relay_config	 config;

	if (r->telling || r->renews ||
	    relaymsg_get_config(imsg, &config) == -1)
		fatalx("bad configuration message");
	r->telling = true;
	r->nsockets = 0;
	r->last = RELAY_CONFIG;
	if ((r->next = ruleset_new(&r->names)) == NULL)
		r->nomem = true;
	else
		r->next->config = config;
}

/* What is in force, with other files. */
static void
take_renew(struct relay *r, struct imsg *imsg)
{
	if (r->telling || r->renews || r->rules == NULL ||
	    relaymsg_get_empty(imsg) == -1)
		fatalx("bad renewal message");
	r->nsockets = 0;
	r->renews = true;
}

static void
take_listen(struct relay *r, struct imsg *imsg)
{
	struct relay_listen	 msg;
	struct relay_socket	*s;
	int			 fd, i;

	if (relaymsg_get_listen(imsg, &msg, &fd) == -1 ||
	    msg.index != r->nsockets || r->nsockets == RELAY_MAXLISTENS)
		fatalx("bad listener message");
	s = &r->sockets[r->nsockets++];
	s->id = msg.id;
	s->fd = fd;
	s->whom = msg.whom;
	memcpy(s->address, msg.address, sizeof(s->address));
	for (i = 0; i < TLSFILE_COUNT; i++)
		s->files[i] = -1;
}

static void
take_file(struct relay *r, struct imsg *imsg)
{
	struct relay_socket	*s;
	enum tlsfile		 file;
	int			 fd;

	if (r->nsockets == 0 || relaymsg_get_file(imsg, &file, &fd) == -1)
		fatalx("bad file message");
	s = &r->sockets[r->nsockets - 1];
	if (s->files[file] != -1)
		fatalx("bad file message");
	s->files[file] = fd;
}

static void
take_signer(struct relay *r, struct imsg *imsg)
{
	struct relay_signer	 msg;
	struct route_signer	 s;

	if (relaymsg_get_signer(imsg, &msg) == -1 ||
	    msg.index >= CONFIG_SIGNERS || (!r->nomem &&
	    msg.index != r->next->routes.nsigners))
		fatalx("bad signer message");
	r->last = RELAY_SIGNER;
	if (r->nomem)
		return;
	memset(&s, 0, sizeof(s));
	memcpy(s.name, msg.name, sizeof(s.name));
	memcpy(s.certname, msg.certname, sizeof(s.certname));
	s.methods = msg.methods;
	if (route_add_signer(&r->next->routes, &s) == -1)
		r->nomem = true;
}

static void
take_rule(struct relay *r, struct imsg *imsg)
{
	struct relay_rule	 msg;
	struct route_rule	 rule;

	if (relaymsg_get_rule(imsg, &msg) == -1 ||
	    msg.index >= CONFIG_RULES || (!r->nomem &&
	    msg.index != r->next->routes.nrules))
		fatalx("bad rule message");
	r->last = RELAY_RULE;
	if (r->nomem)
		return;
	memset(&rule, 0, sizeof(rule));
	rule.rule = msg.rule;
	if (route_add_rule(&r->next->routes, &rule) == -1)
		r->nomem = true;
}

/* Appends count items of size bytes to a list of *n; -1: no memory. */
static int
append(void *listp, size_t *n, const struct relay_piece *p, size_t size)
{
	uint8_t	*grown, **list = listp;

	grown = reallocarray(*list, *n + p->count, size);
	if (grown == NULL)
		return (-1);
	memcpy(grown + *n * size, p->items, p->count * size);
	*list = grown;
	*n += p->count;
	return (0);
}

static int
signer_list(struct route_signer *s, const struct relay_piece *p)
{
	if (p->list == RELAY_LIST_ADDRESS)
		return (append(&s->addresses, &s->naddresses, p,
		    ADDRESS_SIZE));
	return (append(&s->chains, &s->nchains, p, U256_SIZE));
}

/* All signers have come before. */
static int
rule_signers(struct route_rule *rule, const struct relay_piece *p,
    size_t nsigners)
{
	const uint8_t	*b;
	uint32_t	*grown, i, index;

	grown = reallocarray(rule->signers, rule->nsigners + p->count,
	    sizeof(*grown));
	if (grown == NULL)
		return (-1);
	rule->signers = grown;
	for (i = 0; i < p->count; i++) {
		b = p->items + 4 * (size_t)i;
		index = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		    (uint32_t)b[2] << 8 | b[3];
		if (index >= nsigners)
			fatalx("bad list message");
		rule->signers[rule->nsigners++] = index;
	}
	return (0);
}

static int
rule_list(struct route_rule *rule, const struct relay_piece *p,
    size_t nsigners)
{
	switch (p->list) {
	case RELAY_LIST_ADDRESS:
		return (append(&rule->addresses, &rule->naddresses, p,
		    ADDRESS_SIZE));
	case RELAY_LIST_CHAIN:
		return (append(&rule->rule.chains, &rule->rule.nchains, p,
		    U256_SIZE));
	case RELAY_LIST_DOMAIN:
		return (append(&rule->rule.domains, &rule->rule.ndomains, p,
		    HASH_SIZE));
	case RELAY_LIST_TO:
		return (append(&rule->rule.to, &rule->rule.nto, p,
		    ADDRESS_SIZE));
	case RELAY_LIST_SIGNER:
		break;
	}
	return (rule_signers(rule, p, nsigners));
}

static void
take_list(struct relay *r, struct imsg *imsg)
{
	struct route_table	*t;
	struct relay_piece	 p;
	int			 error;

	if (relaymsg_get_list(imsg, &p) == -1 || (r->last != RELAY_RULE &&
	    (r->last != RELAY_SIGNER || (p.list != RELAY_LIST_ADDRESS &&
	    p.list != RELAY_LIST_CHAIN))))
		fatalx("bad list message");
	if (r->nomem)
		return;
	t = &r->next->routes;
	if (r->last == RELAY_SIGNER)
		error = signer_list(&t->signers[t->nsigners - 1], &p);
	else
		error = rule_list(&t->rules[t->nrules - 1], &p, t->nsigners);
	r->nomem = error == -1;
}

bool
candidate_rules(struct relay *r)
{
	if (!r->renews && !r->nomem && ruleset_finish(r->next, r->rules) == -1)
		r->nomem = true;
	if (r->nomem)
		log_error("the configuration: out of memory");
	return (!r->nomem);
}

/* Descriptors that nobody has taken. */
static void
close_files(struct relay *r)
{
	struct relay_socket	*s;
	int			 i;

	for (; r->nsockets > 0; r->nsockets--) {
		s = &r->sockets[r->nsockets - 1];
		if (s->fd != -1)
			close(s->fd);
		for (i = 0; i < TLSFILE_COUNT; i++)
			if (s->files[i] != -1)
				close(s->files[i]);
	}
}

void
candidate_clear(struct relay *r)
{
	close_files(r);
	ruleset_unref(r->next);
	r->next = NULL;
	r->telling = r->nomem = r->renews = false;
}

void
candidate_message(struct relay *r, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);

	if (type != RELAY_CONFIG && type != RELAY_RENEW && !r->telling &&
	    (!r->renews || (type != RELAY_LISTEN && type != RELAY_FILE)))
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case RELAY_CONFIG:
		take_config(r, imsg);
		break;
	case RELAY_RENEW:
		take_renew(r, imsg);
		break;
	case RELAY_LISTEN:
		take_listen(r, imsg);
		break;
	case RELAY_FILE:
		take_file(r, imsg);
		break;
	case RELAY_SIGNER:
		take_signer(r, imsg);
		break;
	case RELAY_RULE:
		take_rule(r, imsg);
		break;
	case RELAY_LIST:
		take_list(r, imsg);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}
