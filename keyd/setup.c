/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/metrics.h"
#include "common/ping.h"
#include "common/secret.h"
#include "keyd/keyd.h"
#include "keyd/keyfile.h"

/* ---- Sets ------------------------------------------------------------- */

/* One that is not in force.  Where it lacks memory it is of no use. */
static struct keyd_set *
set_new(struct keyd *k, const struct keyd_config *config)
{
	struct keyd_set	*set = &k->sets[k->now == &k->sets[0] ? 1 : 0];

	memset(set, 0, sizeof(*set));
	set->config = *config;
	/* One more than needed: calloc(0) may give NULL. */
	set->keys = calloc(config->nkeys + 1, sizeof(*set->keys));
	set->loaded = calloc(config->nkeys + 1, sizeof(*set->loaded));
	set->policy.rules = calloc(config->nrules + 1,
	    sizeof(*set->policy.rules));
	set->policy.addresses = calloc(config->nkeys + 1,
	    sizeof(*set->policy.addresses));
	if (set->keys == NULL || set->loaded == NULL ||
	    set->policy.rules == NULL || set->policy.addresses == NULL)
		set->fault = "out of memory";
	return (set);
}

static void
set_clear(struct keyd_set *set)
{
	uint32_t	 i;

	if (set == NULL)
		return;
	for (i = 0; set->loaded != NULL && set->keys != NULL &&
	    i < set->config.nkeys; i++)
		if (set->loaded[i])
			secret_free((void *)(uintptr_t)set->keys[i].secret,
			    SECRET_SIZE);
	count_clear(set);
	set->policy.nrules = set->nrules;
	policy_clear(&set->policy);
	trail_set_free(set->trail);
	free(set->keys);
	free(set->loaded);
	memset(set, 0, sizeof(*set));
}

/* What is said of one that is at fault is not looked at. */
static bool
set_usable(const struct keyd_set *set)
{
	return (set->fault == NULL);
}

/* ---- What it is told -------------------------------------------------- */

static void
setup_config(struct keyd *k, struct imsg *imsg)
{
	struct keyd_config	 config;

	if (k->next != NULL)
		fatalx("configured twice");
	if (keymsg_get_config(imsg, &config) == -1)
		fatalx("bad configuration message");
	k->next = set_new(k, &config);
	if (k->now == NULL)
		k->max_data = config.max_message - (uint32_t)IMSG_HEADER_SIZE;
}

static void
refuse_key(struct keyd *k, uint32_t index, enum keyfile_error error,
    unsigned int line)
{
	struct keyd_badkey	 bad = { index, (uint32_t)error, line };

	k->next->failed = true;
	if (keymsg_send_badkey(&k->parent, &bad) == -1)
		fatal("cannot answer the parent");
}

static void
load_key(struct keyd *k, uint32_t index, int fd)
{
	struct keyd_set		*set = k->next;
	struct keyd_address	 answer;
	struct keyfile		 kf;
	enum keyfile_error	 error;

	if ((error = keyfile_read(&kf, fd)) != KEYFILE_OK) {
		refuse_key(k, index, error, kf.line);
		return;
	}
	/* keyfile_read() has checked it so. */
	if (sign_key(&set->keys[index], kf.secret) == -1)
		fatalx("a key that was checked is not valid");
	set->loaded[index] = true;
	memcpy(set->policy.addresses[index], set->keys[index].address,
	    ADDRESS_SIZE);
	answer.key = index;
	memcpy(answer.address, set->keys[index].address, ADDRESS_SIZE);
	if (keymsg_send_address(&k->parent, &answer) == -1)
		fatal("cannot answer the parent");
}

static void
setup_key(struct keyd *k, struct imsg *imsg)
{
	uint32_t	 index;
	int		 fd;

	if (keymsg_get_key(imsg, &index, &fd) == -1 ||
	    index >= k->next->config.nkeys)
		fatalx("bad key message");
	if (set_usable(k->next)) {
		if (k->next->loaded[index])
			fatalx("bad key message");
		load_key(k, index, fd);
	}
	close(fd);
}

static void
setup_rule(struct keyd *k, struct imsg *imsg)
{
	struct keyd_set		*set = k->next;
	struct keyd_rule	 msg;

	if (keymsg_get_rule(imsg, &msg) == -1)
		fatalx("bad rule message");
	if (!set_usable(set))
		return;
	if (msg.index != set->nrules || msg.index >= set->config.nrules ||
	    msg.rule.key >= set->config.nkeys)
		fatalx("bad rule message");
	set->policy.rules[set->nrules++] = msg.rule;
}

/* Appends count items of size bytes to a list of n. */
static void *
append_items(struct keyd_set *set, void *list, size_t *n,
    const struct keyd_rulelist *msg, size_t size)
{
	uint8_t	*grown;

	grown = reallocarray(list, *n + msg->count, size);
	if (grown == NULL) {
		set->fault = "out of memory";
		return (list);
	}
	memcpy(grown + *n * size, msg->items, msg->count * size);
	*n += msg->count;
	return (grown);
}

static void
setup_rulelist(struct keyd *k, struct imsg *imsg)
{
	struct keyd_set		*set = k->next;
	struct keyd_rulelist	 msg;
	struct rule		*rule;

	if (keymsg_get_rulelist(imsg, &msg) == -1)
		fatalx("bad list message");
	if (!set_usable(set))
		return;
	if (set->nrules == 0 || msg.index != set->nrules - 1)
		fatalx("bad list message");
	rule = &set->policy.rules[msg.index];
	switch (msg.list) {
	case KEYD_LIST_CHAIN:
		rule->chains = append_items(set, rule->chains,
		    &rule->nchains, &msg, U256_SIZE);
		break;
	case KEYD_LIST_DOMAIN:
		rule->domains = append_items(set, rule->domains,
		    &rule->ndomains, &msg, HASH_SIZE);
		break;
	case KEYD_LIST_TO:
		rule->to = append_items(set, rule->to, &rule->nto, &msg,
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

	if (k->now != NULL ||
	    keymsg_get_channel(imsg, &role, &fd) == -1 ||
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

/* ---- The end of it ---------------------------------------------------- */

/* What the parent should have seen to before; NULL if nothing is wrong. */
static const char *
find_fault(const struct keyd_set *set)
{
	const struct rule	*rule;
	uint32_t		 i;

	if (set->fault != NULL)
		return (set->fault);
	if (set->failed)
		return ("a key was refused");
	for (i = 0; i < set->config.nkeys; i++)
		if (!set->loaded[i])
			return ("a key is missing");
	if (set->nrules != set->config.nrules)
		return ("a rule is missing");
	for (i = 0; i < set->nrules; i++) {
		rule = &set->policy.rules[i];
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
	struct keyd_set	*set = k->next;
	const char	*fault;

	if (keymsg_get_empty(imsg) == -1)
		fatalx("bad end message");
	set->ended = true;
	if ((fault = find_fault(set)) == NULL && count_prepare(set) == -1)
		fault = "out of memory";
	if (fault != NULL) {
		if (keymsg_send_badconfig(&k->parent, fault) == -1)
			fatal("cannot answer the parent");
		return;
	}
	set->policy.nrules = set->nrules;
	set->policy.nkeys = set->config.nkeys;
	set->ready = true;
	if (k->now == NULL)
		setup_begin(k);
	else if (keymsg_send_ready(&k->parent) == -1)
		fatal("cannot answer the parent");
}

/* The first has none to wait for, but for the head of the audit trail. */
void
setup_begin(struct keyd *k)
{
	struct keyd_set	*set = k->next;

	if (k->now != NULL || set == NULL || !set->ready ||
	    (k->trail.on && !k->trail.begun && k->trail.lost == 0))
		return;
	k->now = set;
	k->next = NULL;
	if (k->trail.lost == 0)
		trail_commit(k, set->trail);
	if (keymsg_send_ready(&k->parent) == -1)
		fatal("cannot answer the parent");
}

static void
setup_spin(struct keyd *k, struct imsg *imsg)
{
	if (keymsg_get_spin(imsg, &k->next->spin) == -1)
		fatalx("bad spin message");
}

static void
setup_trail(struct keyd *k, struct imsg *imsg)
{
	int	 fd;

	if (imsg_get_type(imsg) != AUDIT_CHANNEL) {
		if (!set_usable(k->next) ||
		    trail_set_message(&k->next->trail, imsg) == 0)
			return;
		if (errno != ENOMEM)
			fatalx("bad message about the audit trail");
		k->next->fault = "out of memory";
		return;
	}
	if (k->now != NULL || k->trail.on ||
	    auditmsg_get_fd(imsg, &fd) == -1)
		fatalx("bad channel message");
	if (trail_channel(&k->trail, fd) == -1)
		fatal("imsgbuf_init");
}

/*
 * Askers may send longer messages before they hear of a lower limit, and keyd
 * hears of a higher one first: it is never lowered.
 */
static void
raise_max_data(struct keyd *k, uint32_t max_data)
{
	size_t	 i;

	if (max_data <= k->max_data)
		return;
	k->max_data = max_data;
	for (i = 0; i < k->nchannels; i++)
		if (k->channels[i].open &&
		    imsgbuf_set_maxsize(&k->channels[i].ibuf, max_data) == -1)
			fatal("imsgbuf_set_maxsize");
}

/* After the answers by the old one, of which some may wait. */
static int
tell_switched(struct keyd *k, struct channel *c)
{
	if (c->held > 0)
		return (trail_hold_switched(&k->trail, c));
	return (keymsg_send_empty(&c->ibuf, KEYD_SWITCHED));
}

/* Between two requests: this is no part of one. */
static void
setup_commit(struct keyd *k, struct imsg *imsg)
{
	struct keyd_set	*old = k->now;
	size_t		 i;

	if (keymsg_get_empty(imsg) == -1 || !k->next->ready)
		fatalx("bad commit message");
	k->now = k->next;
	k->next = NULL;
	count_switch(old, k->now);
	trail_commit(k, k->now->trail);
	set_clear(old);
	raise_max_data(k, k->now->config.max_message -
	    (uint32_t)IMSG_HEADER_SIZE);
	for (i = 0; i < k->nchannels; i++)
		if (k->channels[i].open &&
		    tell_switched(k, &k->channels[i]) == -1)
			fatal("cannot tell the askers");
	if (keymsg_send_empty(&k->parent, KEYD_COMMITTED) == -1)
		fatal("cannot answer the parent");
}

static void
setup_discard(struct keyd *k, struct imsg *imsg)
{
	if (keymsg_get_empty(imsg) == -1 || !k->next->ended)
		fatalx("bad discard message");
	set_clear(k->next);
	k->next = NULL;
}

/* ---- What the rules in force say -------------------------------------- */

static void
setup_check(struct keyd *k, struct imsg *imsg)
{
	struct keyd_checked	 checked;
	struct request		 request;

	memset(&checked, 0, sizeof(checked));
	errno = 0;
	if (k->now != NULL && keymsg_get_check(imsg, &request) == 0) {
		checked.refusal = policy_decide(&k->now->policy, &request,
		    &checked.rule);
		checked.nverdicts = policy_explain(&k->now->policy, &request,
		    checked.verdicts);
		request_clear(&request);
	} else if (k->now != NULL && errno == ENOMEM) {
		checked.refusal = REFUSAL_INTERNAL;
		checked.rule = POLICY_NORULE;
	} else
		fatalx("bad check message");
	checked.id = request.id;
	/* Who asked does not wait for ever. */
	if (keymsg_send_checked(&k->parent, &checked) == -1)
		log_errno("cannot answer the parent");
}

void
setup_message(struct keyd *k, struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);

	if (type == LOG_SETLEVEL) {
		if (log_take_level(imsg) == -1)
			fatalx("bad level message");
		return;
	}
	if (type == METRICS_ASK) {
		if (count_say(k, imsg) == -1)
			fatalx("bad message for metrics");
		return;
	}
	if (type == CHILD_PING) {
		if (ping_answer(&k->parent, imsg) == -1)
			fatalx("bad ping message");
		return;
	}
	if (type == KEYD_CHECK) {
		setup_check(k, imsg);
		return;
	}
	if (type != KEYD_CONFIG && (k->next == NULL || k->next->ended !=
	    (type == KEYD_COMMIT || type == KEYD_DISCARD)))
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
	case KEYD_SPIN:
		setup_spin(k, imsg);
		break;
	case AUDIT_CONFIG:
	case AUDIT_KEY:
	case AUDIT_LINK:
	case AUDIT_WORKER:
	case AUDIT_CHANNEL:
		setup_trail(k, imsg);
		break;
	case KEYD_END:
		setup_end(k, imsg);
		break;
	case KEYD_COMMIT:
		setup_commit(k, imsg);
		break;
	case KEYD_DISCARD:
		setup_discard(k, imsg);
		break;
	default:
		fatalx("unknown message %u from the parent", type);
	}
}

void
setup_clear(struct keyd *k)
{
	set_clear(k->now);
	set_clear(k->next);
	k->now = k->next = NULL;
}
