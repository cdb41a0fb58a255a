/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include "proxyd/parse.h"

static void
print_listen(FILE *f, const struct config_listen *l)
{
	static const char *const words[WHOM_COUNT] = {
		"listen", "signers", "metrics"
	};

	fprintf(f, "\n%s on %s port %u", words[l->whom], l->host, l->port);
	if (l->whom == WHOM_SIGNERS) {
		fputs(" {", f);
		conf_print_tls(f, " ", &l->ca, &l->cert, &l->key, &l->crl);
		fputs(" }", f);
	}
}

static void
print_signer(FILE *f, const struct config_signer *signer)
{
	struct rule clauses = {
		.methods = signer->methods,
		.chains = signer->chains,
		.nchains = signer->nchains
	};

	conf_print_named(f, "signer ", signer->name);
	conf_print_named(f, " name ", signer->certname);
	conf_print_bytes(f, "address", signer->addresses, signer->naddresses,
	    ADDRESS_SIZE);
	conf_print_chains(f, &clauses);
	if (signer->methods != 0)
		conf_print_methods(f, &clauses);
	fputc('\n', f);
}

void
config_print_rule(FILE *f, const struct config_rule *r)
{
	conf_print_named(f, "allow client ", r->rule.client);
	conf_print_clauses(f, &r->rule);
	if (r->naddresses > 0)
		conf_print_bytes(f, "address", r->addresses, r->naddresses,
		    ADDRESS_SIZE);
	if (r->nsigners > 0)
		conf_print_names(f, "signer", r->signernames, r->nsigners);
	fputc('\n', f);
}

void
config_print(const struct config *conf, FILE *f)
{
	const struct config_listen *l;
	const struct config_signer *signer;
	const struct config_rule *rule;

	conf_print_named(f, "user ", conf->user);
	conf_print_named(f, "\nchroot ", conf->chroot);
	STAILQ_FOREACH(l, &conf->listens, entry)
		print_listen(f, l);
	conf_print_tls(f, "\n", &conf->ca, &conf->cert, &conf->key,
	    &conf->crl);
	conf_print_named(f, "\ntls protocols ", conf->protocols);
	fputc('\n', f);
	conf_print_control(f, &conf->control);
	conf_print_settings(f, &config_settings, conf);
	STAILQ_FOREACH(signer, &conf->signers, entry)
		print_signer(f, signer);
	STAILQ_FOREACH(rule, &conf->rules, entry)
		config_print_rule(f, rule);
}
