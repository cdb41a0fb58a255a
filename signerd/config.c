/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "keyd/keymsg.h"
#include "signerd/parse.h"

#ifndef CHROOTDIR
#define CHROOTDIR	"/var/empty/signerd"
#endif
#define USER		"_signerd"
#define PROTOCOLS	"tlsv1.3"

#define TLSV12	(1U << 0)
#define TLSV13	(1U << 1)

static char *
copy(const char *text)
{
	char *p;

	p = strdup(text);
	if (p == NULL)
		fatal("configuration");
	return (p);
}

static void
replace(char **old, char *text)
{
	free(*old);
	*old = text;
}

/* ---- The whole -------------------------------------------------------- */

struct config *
config_new(void)
{
	struct config *conf;

	conf = calloc(1, sizeof(*conf));
	if (conf == NULL)
		fatal("configuration");
	STAILQ_INIT(&conf->listens);
	STAILQ_INIT(&conf->keys);
	STAILQ_INIT(&conf->rules);
	SLIST_INIT(&conf->names);
	conf->ca.fd = conf->cert.fd = conf->key.fd = conf->crl.fd = -1;
	conf->user = copy(USER);
	conf->chroot = copy(CHROOTDIR);
	conf->protocols = copy(PROTOCOLS);
	settings_default(conf);
	return (conf);
}

void
config_free(struct config *conf)
{
	struct config_listen *listen;
	struct config_key *key;
	struct config_rule *rule;

	if (conf == NULL)
		return;
	config_close(conf);
	while ((listen = STAILQ_FIRST(&conf->listens)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->listens, entry);
		free(listen->host);
		free(listen);
	}
	while ((key = STAILQ_FIRST(&conf->keys)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->keys, entry);
		free(key->name);
		free(key->file.path);
		free(key);
	}
	while ((rule = STAILQ_FIRST(&conf->rules)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->rules, entry);
		config_rule_free(rule);
	}
	free(conf->user);
	free(conf->keyd_user);
	free(conf->chroot);
	free(conf->ca.path);
	free(conf->cert.path);
	free(conf->key.path);
	free(conf->crl.path);
	free(conf->protocols);
	lexer_names_free(&conf->names);
	free(conf);
}

static struct config_key *
find_key(const struct config *conf, const char *name)
{
	struct config_key *key;

	STAILQ_FOREACH(key, &conf->keys, entry) {
		if (key->name != NULL && strcmp(key->name, name) == 0)
			return (key);
	}
	return (NULL);
}

const char *
config_key_name(const struct config *conf, uint32_t index)
{
	const struct config_key *key;

	STAILQ_FOREACH(key, &conf->keys, entry) {
		if (key->index == index)
			return (key->name);
	}
	return (NULL);
}

/* ---- Statements ------------------------------------------------------- */

bool
parser_once(struct parser *p, unsigned int single, const char *what,
    const struct lexer_pos *pos)
{
	struct lexer_pos *first = &p->singles[single];

	if (first->file != NULL) {
		lexer_error(p->lexer, pos, "%s repeated, first at %s:%d",
		    what, first->file, first->line);
		return (false);
	}
	*first = *pos;
	return (true);
}

char *
parser_text(struct parser *p, const struct lexer_token *t, const char *what,
    size_t max)
{
	if (t->text[0] == '\0') {
		lexer_error(p->lexer, &t->pos, "%s is empty", what);
		return (NULL);
	}
	if (strlen(t->text) > max) {
		lexer_error(p->lexer, &t->pos, "%s is over %zu bytes", what,
		    max);
		return (NULL);
	}
	return (copy(t->text));
}

void
parser_ignore(struct parser *p, const struct lexer_token *t)
{
	(void)p;
	(void)t;
}

static void
parse_user(struct parser *p, unsigned int single, const char *what,
    const struct lexer_token *t, char **user)
{
	char *name;

	if (!parser_once(p, single, what, &t->pos))
		return;
	name = parser_text(p, t, what, CONFIG_NAME_MAX);
	if (name != NULL)
		replace(user, name);
}

void
parser_user(struct parser *p, const struct lexer_token *t)
{
	parse_user(p, SINGLE_USER, "user", t, &p->conf->user);
}

void
parser_keyduser(struct parser *p, const struct lexer_token *t)
{
	parse_user(p, SINGLE_KEYDUSER, "keyd user", t, &p->conf->keyd_user);
}

void
parser_chroot(struct parser *p, const struct lexer_token *t)
{
	char *path;

	if (!parser_once(p, SINGLE_CHROOT, "chroot", &t->pos))
		return;
	path = parser_text(p, t, "chroot", CONFIG_PATH_MAX);
	if (path == NULL)
		return;
	if (path[0] != '/')
		lexer_error(p->lexer, &t->pos,
		    "chroot is not an absolute path");
	replace(&p->conf->chroot, path);
}

/*
 * Rewrites an address in the form that inet_ntop gives it, so that equal
 * ones are the same text; NULL if it is none.
 */
static char *
parse_host(const char *text)
{
	char buf[INET6_ADDRSTRLEN], *host;
	struct in6_addr in6;
	struct in_addr in;
	const char *scope, *c;
	char *bare;

	if (inet_pton(AF_INET, text, &in) == 1)
		return (copy(inet_ntop(AF_INET, &in, buf, sizeof(buf))));
	scope = strchr(text, '%');
	if (scope == NULL) {
		if (inet_pton(AF_INET6, text, &in6) != 1)
			return (NULL);
		return (copy(inet_ntop(AF_INET6, &in6, buf, sizeof(buf))));
	}
	for (c = scope + 1; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
			return (NULL);
	}
	bare = strndup(text, (size_t)(scope - text));
	if (bare == NULL)
		fatal("configuration");
	host = NULL;
	if (scope[1] != '\0' && inet_pton(AF_INET6, bare, &in6) == 1 &&
	    asprintf(&host, "%s%s",
	    inet_ntop(AF_INET6, &in6, buf, sizeof(buf)), scope) == -1)
		fatal("configuration");
	free(bare);
	return (host);
}

static bool
parse_port(const char *text, uint16_t *port)
{
	uint32_t n = 0;
	const char *c;

	for (c = text; *c != '\0'; c++) {
		if (!isdigit((unsigned char)*c))
			return (false);
		n = n * 10 + (uint32_t)(*c - '0');
		if (n > UINT16_MAX)
			return (false);
	}
	*port = (uint16_t)n;
	return (c != text);
}

/* Port 0 is another one each time. */
static bool
is_repeated(struct parser *p, const struct config_listen *listen,
    const struct lexer_pos *pos)
{
	const struct config_listen *l;
	size_t n = 0;

	STAILQ_FOREACH(l, &p->conf->listens, entry) {
		n++;
		if (l->port == 0 || l->port != listen->port ||
		    strcmp(l->host, listen->host) != 0)
			continue;
		lexer_error(p->lexer, pos,
		    "listen on %s port %u repeated, first at %s:%d",
		    l->host, l->port, l->conf, l->line);
		return (true);
	}
	if (n == CONFIG_LISTENS)
		lexer_error(p->lexer, pos, "over %d listen on",
		    CONFIG_LISTENS);
	return (n >= CONFIG_LISTENS);
}

void
parser_listen(struct parser *p, const struct lexer_token *host,
    const struct lexer_token *port)
{
	struct config_listen *listen;
	bool fault = false;

	p->seen |= STATEMENT_LISTEN;
	listen = calloc(1, sizeof(*listen));
	if (listen == NULL)
		fatal("configuration");
	listen->fd = -1;
	listen->conf = host->pos.file;
	listen->line = host->pos.line;
	listen->host = parse_host(host->text);
	if (listen->host == NULL) {
		lexer_error(p->lexer, &host->pos,
		    "\"%s\" is not a numeric address such as 127.0.0.1, "
		    "or 0.0.0.0 for all", host->text);
		fault = true;
	}
	if (!parse_port(port->text, &listen->port)) {
		lexer_error(p->lexer, &port->pos,
		    "port \"%s\" is not a number from 0 to 65535",
		    port->text);
		fault = true;
	}
	if (fault || is_repeated(p, listen, &host->pos)) {
		free(listen->host);
		free(listen);
		return;
	}
	STAILQ_INSERT_TAIL(&p->conf->listens, listen, entry);
}

static bool
parse_file(struct parser *p, struct config_file *file,
    const struct lexer_token *t, const char *what)
{
	char *path;

	file->fd = -1;
	file->conf = t->pos.file;
	file->line = t->pos.line;
	path = parser_text(p, t, what, CONFIG_PATH_MAX);
	replace(&file->path, path);
	return (path != NULL);
}

void
parser_tls(struct parser *p, unsigned int single,
    const struct lexer_token *t)
{
	bool ca = single == SINGLE_CA;
	const char *what = ca ? "tls ca" : "tls crl";

	if (parser_once(p, single, what, &t->pos))
		parse_file(p, ca ? &p->conf->ca : &p->conf->crl, t, what);
}

void
parser_certificate(struct parser *p, const struct lexer_token *file,
    const struct lexer_token *key)
{
	if (!parser_once(p, SINGLE_CERTIFICATE, "tls certificate",
	    &file->pos))
		return;
	parse_file(p, &p->conf->cert, file, "tls certificate");
	parse_file(p, &p->conf->key, key, "tls key");
}

static unsigned int
protocol_bit(const char *name, size_t len)
{
	if (len == 7 && strncasecmp(name, "tlsv1.2", len) == 0)
		return (TLSV12);
	if (len == 7 && strncasecmp(name, "tlsv1.3", len) == 0)
		return (TLSV13);
	return (0);
}

static void
protocol_item(struct parser *p, const struct lexer_token *t)
{
	const char *name = t->text;
	unsigned int bit;
	size_t len, end;

	for (;;) {
		name += strspn(name, " ");
		end = len = strcspn(name, ",");
		while (len > 0 && name[len - 1] == ' ')
			len--;
		bit = protocol_bit(name, len);
		if (bit == 0)
			lexer_error(p->lexer, &t->pos, "tls protocol "
			    "\"%.*s\" is not tlsv1.2 or tlsv1.3", (int)len,
			    name);
		p->protocols |= bit;
		if (name[end] == '\0')
			break;
		name += end + 1;
	}
	if (p->protocols == (TLSV12 | TLSV13))
		replace(&p->conf->protocols, copy("tlsv1.2,tlsv1.3"));
	else if (p->protocols != 0)
		replace(&p->conf->protocols,
		    copy(p->protocols == TLSV12 ? "tlsv1.2" : "tlsv1.3"));
}

void
parser_protocols(struct parser *p, const struct lexer_pos *pos)
{
	p->item = parser_ignore;
	if (parser_once(p, SINGLE_PROTOCOLS, "tls protocols", pos))
		p->item = protocol_item;
}

void
parser_key(struct parser *p, const struct lexer_token *name,
    const struct lexer_token *file)
{
	struct config *conf = p->conf;
	struct config_key *key, *other;

	p->seen |= STATEMENT_KEY;
	other = find_key(conf, name->text);
	if (other != NULL) {
		lexer_error(p->lexer, &name->pos,
		    "key \"%s\" repeated, first at %s:%d", name->text,
		    other->file.conf, other->file.line);
		return;
	}
	if (conf->nkeys >= KEYD_MAXKEYS) {
		if (conf->nkeys++ == KEYD_MAXKEYS)
			lexer_error(p->lexer, &name->pos, "over %d keys",
			    KEYD_MAXKEYS);
		/* A rule that names it is no fault of its own. */
		p->broken |= STATEMENT_KEY;
		return;
	}
	key = calloc(1, sizeof(*key));
	if (key == NULL)
		fatal("configuration");
	key->order = name->pos.order;
	key->index = conf->nkeys++;
	key->name = parser_text(p, name, "key name", CONFIG_NAME_MAX);
	parse_file(p, &key->file, file, "key file");
	key->file.line = name->pos.line;
	STAILQ_INSERT_TAIL(&conf->keys, key, entry);
}

/* ---- Checks ----------------------------------------------------------- */

static void
check_missing(struct parser *p)
{
	const struct lexer_pos *last = lexer_last(p->lexer);
	unsigned int known = p->seen | p->broken;

	if (lexer_incomplete(p->lexer))
		return;
	if ((known & STATEMENT_LISTEN) == 0)
		lexer_error(p->lexer, last,
		    "no \"listen on\": at least one is needed");
	if ((known & STATEMENT_TLS) == 0) {
		if (p->singles[SINGLE_CA].file == NULL)
			lexer_error(p->lexer, last,
			    "no \"tls ca\": it is needed");
		if (p->singles[SINGLE_CERTIFICATE].file == NULL)
			lexer_error(p->lexer, last,
			    "no \"tls certificate\": it is needed");
	}
	if ((known & STATEMENT_KEY) == 0)
		lexer_error(p->lexer, last,
		    "no \"key\": at least one is needed");
}

/* Finds the keys that rules name. */
static void
check_keys(struct parser *p, bool used[KEYD_MAXKEYS])
{
	struct config_rule *rule;
	struct config_key *key;
	struct lexer_pos pos;

	STAILQ_FOREACH(rule, &p->conf->rules, entry) {
		if (rule->keyname == NULL)
			continue;
		key = find_key(p->conf, rule->keyname);
		if (key != NULL) {
			rule->rule.key = key->index;
			used[key->index] = true;
			continue;
		}
		if (lexer_incomplete(p->lexer) ||
		    (p->broken & STATEMENT_KEY) != 0)
			continue;
		pos.file = rule->conf;
		pos.line = rule->line;
		pos.order = rule->order;
		lexer_error(p->lexer, &pos, "key \"%s\" is not defined",
		    rule->keyname);
	}
}

/* ---- What is odd ------------------------------------------------------ */

static const struct config_key *
same_file(const struct config *conf, const struct config_key *key)
{
	const struct config_key *other;

	STAILQ_FOREACH(other, &conf->keys, entry) {
		if (other == key)
			return (NULL);
		if (strcmp(other->file.path, key->file.path) == 0)
			return (other);
	}
	return (NULL);
}

static void
warn_keys(struct parser *p, const bool used[KEYD_MAXKEYS])
{
	const struct config_key *key, *other;
	struct lexer_pos pos;

	STAILQ_FOREACH(key, &p->conf->keys, entry) {
		pos.file = key->file.conf;
		pos.line = key->file.line;
		pos.order = key->order;
		if (!used[key->index] && p->conf->nrules > 0)
			lexer_warn(p->lexer, &pos, "no rule uses key \"%s\"",
			    key->name);
		other = same_file(p->conf, key);
		if (other != NULL)
			lexer_warn(p->lexer, &pos, "key \"%s\" has the same "
			    "file as key \"%s\"", key->name, other->name);
	}
}

/* Only root can change the user and the root directory. */
static void
warn_user(struct parser *p)
{
	static const struct {
		unsigned int	 single;
		const char	*name;
	} of_root[] = {
		{ SINGLE_USER, "user" },
		{ SINGLE_KEYDUSER, "keyd user" },
		{ SINGLE_CHROOT, "chroot" }
	};
	const struct lexer_pos *pos;
	size_t i;

	if (geteuid() == 0)
		return;
	for (i = 0; i < sizeof(of_root) / sizeof(of_root[0]); i++) {
		pos = &p->singles[of_root[i].single];
		if (pos->file != NULL)
			lexer_warn(p->lexer, pos, "%s has no effect: signerd "
			    "is not started by root", of_root[i].name);
	}
}

void
parser_check(struct parser *p)
{
	bool used[KEYD_MAXKEYS] = { false };

	check_missing(p);
	check_keys(p, used);
	settings_check(p);
	/* What is odd can come of an error, and must not crowd it out. */
	if (lexer_nerrors(p->lexer) > 0)
		return;
	warn_user(p);
	warn_keys(p, used);
	if (p->conf->nrules == 0)
		lexer_warn(p->lexer, lexer_last(p->lexer),
		    "no \"allow\": every request is refused");
	rules_check(p);
}
