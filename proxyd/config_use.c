/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "proxyd/parse.h"

/*
 * Which signers a rule can use.  That a request is allowed and nobody could
 * ever answer it is a mistake of whoever wrote the rule.
 */

struct holder {
	const uint8_t	*address;
	uint32_t	 signer;
};

struct use {
	struct parser	*p;
	const struct config_signer **signers;	/* by index */
	struct holder	*holders;		/* sorted by address */
	size_t		 nholders;
	bool		*named;			/* of a rule: by index */
	bool		*fits;			/* of a rule: by index */
	bool		*used;			/* of all rules */
};

static int
by_address(const void *a, const void *b)
{
	const struct holder *h = a, *i = b;

	return (memcmp(h->address, i->address, ADDRESS_SIZE));
}

static void *
table(size_t n, size_t size)
{
	void *p;

	p = calloc(n == 0 ? 1 : n, size);
	if (p == NULL)
		fatal("configuration");
	return (p);
}

static void
use_begin(struct use *use, struct parser *p)
{
	const struct config_signer *signer;
	struct config *conf = p->conf;
	struct holder *h;
	size_t i;

	memset(use, 0, sizeof(*use));
	use->p = p;
	STAILQ_FOREACH(signer, &conf->signers, entry)
		use->nholders += signer->naddresses;
	use->signers = table(conf->nsigners, sizeof(*use->signers));
	use->holders = h = table(use->nholders, sizeof(*use->holders));
	use->fits = table(conf->nsigners, sizeof(*use->fits));
	use->used = table(conf->nsigners, sizeof(*use->used));
	STAILQ_FOREACH(signer, &conf->signers, entry) {
		use->signers[signer->index] = signer;
		for (i = 0; i < signer->naddresses; i++, h++) {
			h->address = signer->addresses[i];
			h->signer = signer->index;
		}
	}
	qsort(use->holders, use->nholders, sizeof(*use->holders), by_address);
}

static void
use_end(struct use *use)
{
	free(use->signers);
	free(use->holders);
	free(use->fits);
	free(use->used);
}

/* No chains: any. */
static bool
share_chain(const struct rule *rule, const struct config_signer *signer)
{
	size_t i, j;

	if (rule->nchains == 0 || signer->nchains == 0)
		return (true);
	for (i = 0; i < rule->nchains; i++) {
		for (j = 0; j < signer->nchains; j++) {
			if (u256_cmp(&rule->chains[i],
			    &signer->chains[j]) == 0)
				return (true);
		}
	}
	return (false);
}

static bool
fits(const struct config_rule *rule, const struct config_signer *signer)
{
	return ((signer->methods == 0 ||
	    (rule->rule.methods & signer->methods) != 0) &&
	    share_chain(&rule->rule, signer));
}

/* The signers that the rule names; false after messages. */
static bool
find_named(struct use *use, struct config_rule *rule,
    const struct lexer_pos *pos)
{
	const struct config_signer *signer;
	bool all = true;
	size_t i;

	if (rule->nsigners == 0)
		return (true);
	rule->signers = table(rule->nsigners, sizeof(*rule->signers));
	for (i = 0; i < rule->nsigners; i++) {
		signer = config_find_signer(use->p->conf,
		    rule->signernames[i]);
		if (signer != NULL)
			rule->signers[i] = signer->index;
		else
			lexer_error(use->p->common.lexer, pos,
			    "signer \"%s\" is not defined",
			    rule->signernames[i]);
		all = all && signer != NULL;
	}
	return (all);
}

/* Whether one of those that fit holds it; all of them are used. */
static bool
is_held(struct use *use, const uint8_t *address)
{
	struct holder key = { address, 0 };
	const struct holder *h, *end = use->holders + use->nholders;
	bool held = false;

	h = bsearch(&key, use->holders, use->nholders, sizeof(*h),
	    by_address);
	if (h == NULL)
		return (false);
	while (h > use->holders && by_address(h - 1, &key) == 0)
		h--;
	for (; h < end && by_address(h, &key) == 0; h++) {
		if (!use->fits[h->signer])
			continue;
		use->used[h->signer] = true;
		held = true;
	}
	return (held);
}

static void
check_addresses(struct use *use, const struct config_rule *rule,
    const struct lexer_pos *pos)
{
	char text[HEX_ADDRESSSIZE];
	size_t i;

	for (i = 0; i < rule->naddresses; i++) {
		if (is_held(use, rule->addresses[i]))
			continue;
		hex_from_address(text, rule->addresses[i]);
		lexer_error(use->p->common.lexer, pos,
		    "no signer that the rule can use holds address %s", text);
	}
}

static void
check_rule(struct use *use, struct config_rule *rule)
{
	const struct config *conf = use->p->conf;
	struct lexer_pos pos = { rule->conf, rule->line, rule->order };
	uint32_t i, index, n = conf->nsigners;
	bool any = false;

	if (!find_named(use, rule, &pos) || use->p->unsure)
		return;
	if (rule->nsigners > 0)
		n = (uint32_t)rule->nsigners;
	memset(use->fits, 0, conf->nsigners * sizeof(*use->fits));
	for (i = 0; i < n; i++) {
		index = rule->nsigners > 0 ? rule->signers[i] : i;
		if (!fits(rule, use->signers[index]))
			continue;
		any = use->fits[index] = true;
		if (rule->naddresses == 0)
			use->used[index] = true;
	}
	if (any)
		check_addresses(use, rule, &pos);
	else
		lexer_error(use->p->common.lexer, &pos, "no signer that the "
		    "rule can use serves its methods and chains");
}

static void
warn_signers(struct use *use)
{
	const struct config_signer *signer;
	struct lexer_pos pos;

	STAILQ_FOREACH(signer, &use->p->conf->signers, entry) {
		pos = config_signer_pos(signer);
		conf_name_warn(&use->p->common, "name", signer->certname,
		    &pos);
		if (!use->used[signer->index] && use->p->conf->nrules > 0)
			lexer_warn(use->p->common.lexer, &pos,
			    "no rule uses signer \"%s\"", signer->name);
	}
}

void
signers_check(struct parser *p)
{
	struct config_rule *rule;
	struct use use;

	/* What signers there are is not known for certain. */
	if (lexer_incomplete(p->common.lexer) ||
	    (p->common.broken & STATEMENT_SIGNER) != 0 ||
	    STAILQ_EMPTY(&p->conf->signers))
		return;
	use_begin(&use, p);
	STAILQ_FOREACH(rule, &p->conf->rules, entry)
		check_rule(&use, rule);
	if (lexer_nerrors(p->common.lexer) == 0)
		warn_signers(&use);
	use_end(&use);
}
