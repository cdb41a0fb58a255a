/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/url.h"
#include "signerd/parse.h"

_Static_assert(URL_TARGET_MAX <= CONFIG_TARGET_MAX, "the target of a url");

#define NAMESERVER_PORT	53

struct conf_tls
config_proxy_tls(struct config_proxy *proxy)
{
	struct conf_tls tls = {
		&proxy->ca, &proxy->cert, &proxy->key, &proxy->crl
	};

	return (tls);
}

void
config_proxy_free(struct config_proxy *proxy)
{
	struct conf_tls tls;

	if (proxy == NULL)
		return;
	tls = config_proxy_tls(proxy);
	conf_tls_free(&tls);
	free(proxy->name);
	free(proxy->host);
	free(proxy->target);
	free(proxy->tlsname);
	free(proxy);
}

struct config_proxy *
config_find_proxy(const struct config *conf, const char *name)
{
	struct config_proxy *proxy;

	STAILQ_FOREACH(proxy, &conf->proxies, entry) {
		if (proxy->name != NULL && strcmp(proxy->name, name) == 0)
			return (proxy);
	}
	return (NULL);
}

/* ---- Statements ------------------------------------------------------- */

void
parser_proxy(struct parser *p, const struct lexer_token *name)
{
	const struct config_proxy *other;
	struct config_proxy *proxy;

	p->common.seen |= STATEMENT_PROXY;
	proxy = calloc(1, sizeof(*proxy));
	if (proxy == NULL)
		fatal("configuration");
	proxy->conf = name->pos.file;
	proxy->line = name->pos.line;
	proxy->order = name->pos.order;
	proxy->name = conf_text(&p->common, name, "proxy name",
	    CONFIG_NAME_MAX);
	other = config_find_proxy(p->conf, name->text);
	if (other != NULL)
		lexer_error(p->common.lexer, &name->pos,
		    "proxy \"%s\" repeated, first at %s:%d", name->text,
		    other->conf, other->line);
	p->proxy = proxy;
	p->hasurl = false;
	p->common.tls = config_proxy_tls(proxy);
	conf_tls_init(&p->common.tls);
}

void
parser_url(struct parser *p, const struct lexer_token *t)
{
	struct config_proxy *proxy = p->proxy;
	const char *why;
	struct url url;

	if (p->hasurl) {
		lexer_error(p->common.lexer, &t->pos,
		    "url repeated in a proxy");
		return;
	}
	p->hasurl = true;
	why = url_parse(t->text, URL_WSS, &url);
	if (why != NULL) {
		/* Without the text: it may hold a password. */
		lexer_error(p->common.lexer, &t->pos, "url: %s", why);
		return;
	}
	proxy->host = conf_copy(url.host);
	proxy->port = url.port;
	proxy->target = conf_copy(url.target);
}

void
parser_tlsname(struct parser *p, const struct lexer_token *t)
{
	char host[URL_HOST_MAX + 1];
	const char *why;

	if (p->proxy->tlsname != NULL) {
		lexer_error(p->common.lexer, &t->pos,
		    "tls name repeated in a proxy");
		return;
	}
	why = url_host(t->text, host);
	if (why != NULL)
		lexer_error(p->common.lexer, &t->pos, "tls name: %s", why);
	p->proxy->tlsname = conf_copy(why == NULL ? host : t->text);
}

static struct lexer_pos
proxy_pos(const struct config_proxy *proxy)
{
	struct lexer_pos pos;

	pos.file = proxy->conf;
	pos.line = proxy->line;
	pos.order = proxy->order;
	return (pos);
}

void
parser_proxy_end(struct parser *p)
{
	struct config_proxy *proxy = p->proxy;
	struct config *conf = p->conf;
	struct lexer_pos pos;

	if (proxy == NULL)
		return;
	pos = proxy_pos(proxy);
	if (!p->hasurl)
		lexer_error(p->common.lexer, &pos, "a proxy needs a url");
	if (proxy->tlsname == NULL && proxy->host != NULL)
		proxy->tlsname = conf_copy(proxy->host);
	if (conf->nproxies >= CONFIG_PROXIES) {
		if (conf->nproxies++ == CONFIG_PROXIES)
			lexer_error(p->common.lexer, &pos, "over %d proxies",
			    CONFIG_PROXIES);
		/* A rule that names it is no fault of its own. */
		p->common.broken |= STATEMENT_PROXY;
		parser_proxy_drop(p);
		return;
	}
	proxy->index = conf->nproxies++;
	STAILQ_INSERT_TAIL(&conf->proxies, proxy, entry);
	p->proxy = NULL;
	p->common.tls = config_tls(conf);
}

void
parser_proxy_drop(struct parser *p)
{
	config_proxy_free(p->proxy);
	p->proxy = NULL;
	p->common.tls = config_tls(p->conf);
}

void
parser_nameserver(struct parser *p, const struct lexer_token *host,
    const struct lexer_token *port)
{
	struct config_nameserver *ns;
	struct config *conf = p->conf;
	uint16_t number = NAMESERVER_PORT;
	char *address;

	p->nameserver = host->pos;
	address = conf_address(host->text);
	if (address == NULL)
		lexer_error(p->common.lexer, &host->pos, "nameserver \"%s\" "
		    "is not a numeric address such as 127.0.0.1", host->text);
	if ((port != NULL && !conf_port(&p->common, port, 1, &number)) ||
	    address == NULL) {
		free(address);
		return;
	}
	STAILQ_FOREACH(ns, &conf->nameservers, entry) {
		if (ns->port == number && strcmp(ns->host, address) == 0)
			lexer_error(p->common.lexer, &host->pos,
			    "nameserver %s port %u repeated", address,
			    number);
	}
	if (conf->nnameservers++ == CONFIG_NAMESERVERS)
		lexer_error(p->common.lexer, &host->pos,
		    "over %d nameservers", CONFIG_NAMESERVERS);
	ns = calloc(1, sizeof(*ns));
	if (ns == NULL)
		fatal("configuration");
	ns->host = address;
	ns->port = number;
	STAILQ_INSERT_TAIL(&conf->nameservers, ns, entry);
}

/* ---- Checks ----------------------------------------------------------- */

static void
check_files(struct parser *p, struct config_proxy *proxy)
{
	struct lexer_pos pos = proxy_pos(proxy);

	if (proxy->ca.conf == NULL)
		lexer_error(p->common.lexer, &pos, "proxy \"%s\" needs a "
		    "\"tls ca\": there is none for all", proxy->name);
	if (proxy->cert.conf == NULL)
		lexer_error(p->common.lexer, &pos, "proxy \"%s\" needs a "
		    "\"tls certificate\": there is none for all",
		    proxy->name);
}

void
proxies_check(struct parser *p)
{
	unsigned int known = p->common.seen | p->common.broken;
	const struct conf_tls all = config_tls(p->conf);
	struct config_proxy *proxy;
	struct conf_tls own;

	STAILQ_FOREACH(proxy, &p->conf->proxies, entry) {
		own = config_proxy_tls(proxy);
		conf_tls_inherit(&own, &all);
		/* With a listener, the block itself has been asked for. */
		if ((known & (STATEMENT_LISTEN | STATEMENT_TLS)) == 0 &&
		    !lexer_incomplete(p->common.lexer) && proxy->name != NULL)
			check_files(p, proxy);
	}
}

void
proxies_warn(struct parser *p)
{
	bool used[CONFIG_PROXIES] = { false };
	const struct config_proxy *proxy;
	const struct config_rule *rule;
	struct lexer_pos pos;

	STAILQ_FOREACH(rule, &p->conf->rules, entry) {
		if (rule->rule.via != 0)
			used[rule->rule.via - 1] = true;
	}
	STAILQ_FOREACH(proxy, &p->conf->proxies, entry) {
		pos = proxy_pos(proxy);
		if (!used[proxy->index] && p->conf->nrules > 0)
			lexer_warn(p->common.lexer, &pos, "no rule is for "
			    "proxy \"%s\": nothing would be signed for it",
			    proxy->name);
	}
	if (p->conf->nnameservers > 0 && p->conf->nproxies == 0)
		lexer_warn(p->common.lexer, &p->nameserver,
		    "nameserver has no effect: there is no proxy");
}
