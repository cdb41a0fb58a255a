/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "signerd/parse.h"

void
config_proxy_url(const struct config_proxy *proxy, char *out, size_t size)
{
	bool v6 = strchr(proxy->host, ':') != NULL;

	snprintf(out, size, "wss://%s%s%s:%u%s", v6 ? "[" : "", proxy->host,
	    v6 ? "]" : "", proxy->port, proxy->target);
}

static void
print_proxy(FILE *f, const struct config_proxy *proxy)
{
	char url[CONFIG_URLSIZE];

	config_proxy_url(proxy, url, sizeof(url));
	conf_print_named(f, "proxy ", proxy->name);
	fprintf(f, " { url \"%s\"", url);
	conf_print_tls(f, " ", &proxy->ca, &proxy->cert, &proxy->key,
	    &proxy->crl);
	conf_print_named(f, " tls name ", proxy->tlsname);
	fputs(" }\n", f);
}

void
config_print_rule(FILE *f, const struct config_rule *r)
{
	fputs("allow", f);
	if (r->vianame != NULL)
		conf_print_named(f, " via ", r->vianame);
	if (r->rule.client[0] != '\0')
		conf_print_named(f, " client ", r->rule.client);
	conf_print_named(f, " key ", r->keyname);
	conf_print_clauses(f, &r->rule);
	fputc('\n', f);
}

static void
print_head(FILE *f, const struct config *conf)
{
	const struct config_listen *listen;

	conf_print_named(f, "user ", conf->user);
	if (conf->keyd_user != NULL)
		conf_print_named(f, "\nkeyd user ", conf->keyd_user);
	if (conf->workers_auto)
		fputs("\nkeyd workers auto", f);
	else if (conf->workers > 1)
		fprintf(f, "\nkeyd workers %u", conf->workers);
	if (conf->prefork > 1)
		fprintf(f, "\nprefork %u", conf->prefork);
	conf_print_named(f, "\nchroot ", conf->chroot);
	STAILQ_FOREACH(listen, &conf->listens, entry)
		fprintf(f, "\nlisten on %s port %u", listen->host,
		    listen->port);
	STAILQ_FOREACH(listen, &conf->metrics, entry)
		fprintf(f, "\nmetrics on %s port %u", listen->host,
		    listen->port);
}

void
config_print(const struct config *conf, FILE *f)
{
	const struct config_nameserver *ns;
	const struct config_key *key;
	const struct config_rule *rule;
	const struct config_proxy *proxy;

	print_head(f, conf);
	conf_print_tls(f, "\n", &conf->ca, &conf->cert, &conf->key,
	    &conf->crl);
	conf_print_named(f, "\ntls protocols ", conf->protocols);
	fputc('\n', f);
	conf_print_control(f, &conf->control);
	conf_print_settings(f, &config_settings, conf);
	if (conf->limits.spin != 0)
		fprintf(f, "spin %u us\n", conf->limits.spin);
	if (conf->audit.file.path != NULL) {
		conf_print_named(f, "audit file ", conf->audit.file.path);
		fputc('\n', f);
	}
	if (conf->audit.sync)
		fputs("audit sync\n", f);
	STAILQ_FOREACH(ns, &conf->nameservers, entry)
		fprintf(f, "nameserver %s port %u\n", ns->host, ns->port);
	STAILQ_FOREACH(proxy, &conf->proxies, entry)
		print_proxy(f, proxy);
	STAILQ_FOREACH(key, &conf->keys, entry) {
		conf_print_named(f, "key ", key->name);
		conf_print_named(f, " file ", key->file.path);
		fputc('\n', f);
	}
	STAILQ_FOREACH(rule, &conf->rules, entry)
		config_print_rule(f, rule);
}
