/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "keyd/keyd.h"
#include "keyd/keyfile.h"

static void
setup_config(struct keyd *k, struct imsg *imsg)
{
	if (k->phase != KEYD_STARTING)
		fatalx("configured twice");
	if (keymsg_get_config(imsg, &k->config) == -1)
		fatalx("bad configuration message");
	k->max_data = k->config.max_message - (uint32_t)IMSG_HEADER_SIZE;
	/* One more than needed: calloc(0) may give NULL. */
	k->keys = calloc(k->config.nkeys + 1, sizeof(*k->keys));
	k->loaded = calloc(k->config.nkeys + 1, sizeof(*k->loaded));
	k->policy.rules = calloc(k->config.nrules + 1,
	    sizeof(*k->policy.rules));
	k->policy.addresses = calloc(k->config.nkeys + 1,
	    sizeof(*k->policy.addresses));
	if (k->keys == NULL || k->loaded == NULL || k->policy.rules == NULL ||
	    k->policy.addresses == NULL)
		fatal("calloc");
	k->phase = KEYD_FILLING;
}

static void
refuse_key(struct keyd *k, uint32_t index, enum keyfile_error error,
    unsigned int line)
{
	struct keyd_badkey	 bad = { index, (uint32_t)error, line };

	k->failed = true;
	if (keymsg_send_badkey(&k->parent, &bad) == -1)
		fatal("cannot answer the parent");
}

static void
setup_key(struct keyd *k, struct imsg *imsg)
{
	struct keyd_address	 answer;
	struct keyfile		 kf;
	enum keyfile_error	 error;
	uint32_t		 index;
	int			 fd;

	if (keymsg_get_key(imsg, &index, &fd) == -1 ||
	    index >= k->config.nkeys || k->loaded[index])
		fatalx("bad key message");
	error = keyfile_read(&kf, fd);
	close(fd);
	if (error != KEYFILE_OK) {
		refuse_key(k, index, error, kf.line);
		return;
	}
	/* keyfile_read() has checked it so. */
	if (sign_key(&k->keys[index], kf.secret) == -1)
		fatalx("a key that was checked is not valid");
	k->loaded[index] = true;
	memcpy(k->policy.addresses[index], k->keys[index].address,
	    ADDRESS_SIZE);
	answer.key = index;
	memcpy(answer.address, k->keys[index].address, ADDRESS_SIZE);
	if (keymsg_send_address(&k->parent, &answer) == -1)
		fatal("cannot answer the parent");
}

static void
setup_rule(struct keyd *k, struct imsg *imsg)
{
	struct keyd_rule	 msg;

	if (keymsg_get_rule(imsg, &msg) == -1 ||
	    msg.index != k->nrules || msg.index >= k->config.nrules ||
	    msg.rule.key >= k->config.nkeys)
		fatalx("bad rule message");
	k->policy.rules[k->nrules++] = msg.rule;
}

/* Appends count items of size bytes to a list of n. */
static void *
append_items(void *list, size_t *n, const struct keyd_rulelist *msg,
    size_t size)
{
	uint8_t	*grown;

	grown = reallocarray(list, *n + msg->count, size);
	if (grown == NULL)
		fatal("reallocarray");
	memcpy(grown + *n * size, msg->items, msg->count * size);
	*n += msg->count;
	return (grown);
}

static void
setup_rulelist(struct keyd *k, struct imsg *imsg)
{
	struct keyd_rulelist	 msg;
	struct rule		*rule;

	if (keymsg_get_rulelist(imsg, &msg) == -1 || k->nrules == 0 ||
	    msg.index != k->nrules - 1)
		fatalx("bad list message");
	rule = &k->policy.rules[msg.index];
	switch (msg.list) {
	case KEYD_LIST_CHAIN:
		rule->chains = append_items(rule->chains, &rule->nchains,
		    &msg, U256_SIZE);
		break;
	case KEYD_LIST_DOMAIN:
		rule->domains = append_items(rule->domains, &rule->ndomains,
		    &msg, HASH_SIZE);
		break;
	case KEYD_LIST_TO:
		rule->to = append_items(rule->to, &rule->nto, &msg,
		    ADDRESS_SIZE);
		break;
	}
}

static void
setup_channel(struct keyd *k, struct imsg *imsg)
{
	struct channel	*c;
	enum keyd_role	 role;
	int		 fd;

	if (keymsg_get_channel(imsg, &role, &fd) == -1 ||
	    k->nchannels == KEYD_MAXCHANNELS)
		fatalx("bad channel message");
	c = &k->channels[k->nchannels];
	if (imsgbuf_init(&c->ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(&c->ibuf, k->max_data) == -1)
		fatal("imsgbuf_init");
	c->role = role;
	c->open = true;
	k->nchannels++;
}

/* What the parent should have seen to before; NULL if nothing is wrong. */
static const char *
find_fault(const struct keyd *k)
{
	const struct rule	*rule;
	uint32_t		 i;

	for (i = 0; i < k->config.nkeys; i++)
		if (!k->loaded[i])
			return ("a key is missing");
	if (k->nrules != k->config.nrules)
		return ("a rule is missing");
	for (i = 0; i < k->nrules; i++) {
		rule = &k->policy.rules[i];
		if (rule->methods & RULE_PAYLOAD && rule->nchains == 0)
			return ("a rule for block payloads without a chain");
		if (rule->has & RULE_TO && rule->nto == 0)
			return ("a rule with an empty list of addresses");
	}
	return (NULL);
}

static void
setup_end(struct keyd *k, struct imsg *imsg)
{
	const char	*fault;

	if (keymsg_get_empty(imsg) == -1)
		fatalx("bad end message");
	if ((fault = find_fault(k)) != NULL || k->failed) {
		if (fault == NULL)
			fault = "a key was refused";
		if (keymsg_send_badconfig(&k->parent, fault) == -1)
			fatal("cannot answer the parent");
		return;
	}
	k->policy.nrules = k->nrules;
	k->policy.nkeys = k->config.nkeys;
	k->phase = KEYD_SERVING;
	if (keymsg_send_ready(&k->parent) == -1)
		fatal("cannot answer the parent");
}

void
setup_message(struct keyd *k, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);

	if (type != KEYD_CONFIG && k->phase != KEYD_FILLING)
		fatalx("message %u from the parent out of turn", type);
	switch (type) {
	case KEYD_CONFIG:
		setup_config(k, imsg);
		break;
	case KEYD_KEY:
		setup_key(k, imsg);
		break;
	case KEYD_RULE:
		setup_rule(k, imsg);
		break;
	case KEYD_RULELIST:
		setup_rulelist(k, imsg);
		break;
	case KEYD_CHANNEL:
		setup_channel(k, imsg);
		break;
	case KEYD_END:
		setup_end(k, imsg);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

void
setup_clear(struct keyd *k)
{
	k->policy.nrules = k->nrules;
	policy_clear(&k->policy);
	free(k->keys);
	free(k->loaded);
	k->keys = NULL;
	k->loaded = NULL;
}
