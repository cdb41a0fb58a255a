/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/conf_parse.h"
#include "common/report.h"

#define TLSV12	(1U << 0)
#define TLSV13	(1U << 1)

char *
conf_copy(const char *text)
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

void *
conf_grow(void *items, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return (items);
	items = reallocarray(items, n == 0 ? 1 : n * 2, size);
	if (items == NULL)
		fatal("configuration");
	return (items);
}

/* ---- The whole -------------------------------------------------------- */

void
conf_begin(struct conf_parser *p, const struct conf_language *language,
    void *config, struct lexer *lexer)
{
	memset(p, 0, sizeof(*p));
	p->language = language;
	p->config = config;
	p->lexer = lexer;
	p->item = conf_ignore;
}

static void
tell(const char *line, bool warning, void *arg)
{
	(void)arg;
	report_line(line, warning);
}

int
conf_end(struct conf_parser *p, struct lexer_names *names)
{
	int status;

	lexer_tell(p->lexer, tell, NULL);
	status = lexer_nerrors(p->lexer) > 0 ? -1 : 0;
	lexer_close(p->lexer, names);
	return (status);
}

bool
conf_once(struct conf_parser *p, unsigned int single, const char *what,
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

void
conf_same(struct conf_parser *p, unsigned int single, const char *what,
    const char *now, const char *before)
{
	const struct lexer_pos *pos = &p->singles[single];

	if (strcmp(now, before) == 0)
		return;
	if (pos->file == NULL)
		pos = lexer_last(p->lexer);
	lexer_error(p->lexer, pos, "%s \"%s\" in the place of \"%s\" needs a "
	    "restart", what, now, before);
}

void
conf_ignore(struct conf_parser *p, const struct lexer_token *t)
{
	(void)p;
	(void)t;
}

void
conf_missing(struct conf_parser *p, const char *statement, const char *needed)
{
	lexer_error(p->lexer, lexer_last(p->lexer), "no \"%s\": %s needed",
	    statement, needed);
}

void
conf_missing_tls(struct conf_parser *p, bool ca, bool cert)
{
	if (ca && p->tls.ca->conf == NULL)
		conf_missing(p, "tls ca", "it is");
	if (cert && p->tls.cert->conf == NULL)
		conf_missing(p, "tls certificate", "it is");
}

/* Only root can change the user and the root directory. */
void
conf_warn_root(struct conf_parser *p, unsigned int single, const char *what)
{
	const struct lexer_pos *pos = &p->singles[single];

	if (pos->file != NULL && geteuid() != 0)
		lexer_warn(p->lexer, pos, "%s has no effect: %s is not "
		    "started by root", what, p->language->daemon);
}

/* ---- Texts ------------------------------------------------------------ */

static bool
check_length(struct conf_parser *p, const struct lexer_token *t,
    const char *what, size_t max)
{
	if (t->text[0] == '\0')
		lexer_error(p->lexer, &t->pos, "%s is empty", what);
	else if (strlen(t->text) > max)
		lexer_error(p->lexer, &t->pos, "%s is over %zu bytes", what,
		    max);
	else
		return (true);
	return (false);
}

char *
conf_text(struct conf_parser *p, const struct lexer_token *t,
    const char *what, size_t max)
{
	if (!check_length(p, t, what, max))
		return (NULL);
	return (conf_copy(t->text));
}

bool
conf_ascii(struct conf_parser *p, const struct lexer_token *t,
    const char *what, char *out, size_t max)
{
	const char *c;

	if (!check_length(p, t, what, max))
		return (false);
	for (c = t->text; *c >= 0x20 && *c <= 0x7e; c++)
		continue;
	if (*c != '\0') {
		lexer_error(p->lexer, &t->pos, "%s is not printable ASCII",
		    what);
		return (false);
	}
	memcpy(out, t->text, strlen(t->text) + 1);
	return (true);
}

void
conf_user(struct conf_parser *p, const struct lexer_token *t,
    unsigned int single, const char *what, char **user)
{
	char *name;

	if (!conf_once(p, single, what, &t->pos))
		return;
	name = conf_text(p, t, what, CONF_NAME_MAX);
	if (name != NULL)
		replace(user, name);
}

void
conf_chroot(struct conf_parser *p, const struct lexer_token *t, char **chroot)
{
	char *path;

	if (!conf_once(p, SINGLE_CHROOT, "chroot", &t->pos))
		return;
	path = conf_text(p, t, "chroot", CONF_PATH_MAX);
	if (path == NULL)
		return;
	if (path[0] != '/')
		lexer_error(p->lexer, &t->pos,
		    "chroot is not an absolute path");
	replace(chroot, path);
}

/* It is used later, when the working directory may be another. */
void
conf_control(struct conf_parser *p, const struct lexer_token *t,
    struct conf_control *control)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	char *path;

	if (!conf_once(p, SINGLE_CONTROL, "control", &t->pos))
		return;
	control->conf = t->pos.file;
	control->line = t->pos.line;
	if (strcmp(t->text, "off") == 0) {
		control->off = true;
		return;
	}
	path = conf_text(p, t, "control socket", max);
	if (path == NULL)
		return;
	if (path[0] != '/')
		lexer_error(p->lexer, &t->pos,
		    "control socket is not an absolute path");
	control->path = path;
}

/* ---- Addresses and ports ---------------------------------------------- */

char *
conf_address(const char *text)
{
	char buf[INET6_ADDRSTRLEN], *host;
	struct in6_addr in6;
	struct in_addr in;
	const char *scope, *c;
	char *bare;

	if (inet_pton(AF_INET, text, &in) == 1)
		return (conf_copy(inet_ntop(AF_INET, &in, buf, sizeof(buf))));
	scope = strchr(text, '%');
	if (scope == NULL) {
		if (inet_pton(AF_INET6, text, &in6) != 1)
			return (NULL);
		return (conf_copy(inet_ntop(AF_INET6, &in6, buf,
		    sizeof(buf))));
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

bool
conf_port(struct conf_parser *p, const struct lexer_token *t,
    unsigned int min, uint16_t *port)
{
	if (parse_port(t->text, port) && *port >= min)
		return (true);
	lexer_error(p->lexer, &t->pos,
	    "port \"%s\" is not a number from %u to 65535", t->text, min);
	return (false);
}

/* Port 0 is another one each time. */
static bool
is_repeated(struct conf_parser *p, const char *statement, const char *host,
    uint16_t port, const struct lexer_pos *pos)
{
	unsigned int i;

	for (i = 0; i < p->nlistens; i++) {
		if (port == 0 || p->listens[i].port != port ||
		    strcmp(p->listens[i].host, host) != 0)
			continue;
		lexer_error(p->lexer, pos,
		    "%s %s port %u repeated, first at %s:%d", statement, host,
		    port, p->listens[i].pos.file, p->listens[i].pos.line);
		return (true);
	}
	if (p->nlistens == CONF_LISTENS)
		lexer_error(p->lexer, pos, "over %d %s", CONF_LISTENS,
		    statement);
	return (p->nlistens == CONF_LISTENS);
}

char *
conf_listen(struct conf_parser *p, const char *statement,
    const struct lexer_token *host, const struct lexer_token *port,
    uint16_t *number)
{
	char *address;
	bool fault = false;

	address = conf_address(host->text);
	if (address == NULL) {
		lexer_error(p->lexer, &host->pos,
		    "\"%s\" is not a numeric address such as 127.0.0.1, "
		    "or 0.0.0.0 for all", host->text);
		fault = true;
	}
	if (!conf_port(p, port, 0, number))
		fault = true;
	if (fault || is_repeated(p, statement, address, *number,
	    &host->pos)) {
		free(address);
		return (NULL);
	}
	p->listens[p->nlistens].host = address;
	p->listens[p->nlistens].port = *number;
	p->listens[p->nlistens++].pos = host->pos;
	return (address);
}

/* ---- TLS -------------------------------------------------------------- */

void
conf_path(struct conf_parser *p, struct conf_file *file,
    const struct lexer_token *t, const char *what)
{
	file->fd = -1;
	file->conf = t->pos.file;
	file->line = t->pos.line;
	replace(&file->path, conf_text(p, t, what, CONF_PATH_MAX));
}

static bool
tls_once(struct conf_parser *p, const struct conf_file *file,
    const struct lexer_token *t, const char *what)
{
	if (file->conf == NULL)
		return (true);
	lexer_error(p->lexer, &t->pos, "%s repeated, first at %s:%d", what,
	    file->conf, file->line);
	return (false);
}

void
conf_tls_ca(struct conf_parser *p, const struct lexer_token *t)
{
	if (tls_once(p, p->tls.ca, t, "tls ca"))
		conf_path(p, p->tls.ca, t, "tls ca");
}

void
conf_tls_crl(struct conf_parser *p, const struct lexer_token *t)
{
	if (tls_once(p, p->tls.crl, t, "tls crl"))
		conf_path(p, p->tls.crl, t, "tls crl");
}

void
conf_tls_certificate(struct conf_parser *p, const struct lexer_token *file,
    const struct lexer_token *key)
{
	if (!tls_once(p, p->tls.cert, file, "tls certificate"))
		return;
	conf_path(p, p->tls.cert, file, "tls certificate");
	conf_path(p, p->tls.key, key, "tls key");
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
protocol_item(struct conf_parser *p, const struct lexer_token *t)
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
		p->bits |= bit;
		if (name[end] == '\0')
			break;
		name += end + 1;
	}
	if (p->bits == (TLSV12 | TLSV13))
		replace(p->protocols, conf_copy("tlsv1.2,tlsv1.3"));
	else if (p->bits != 0)
		replace(p->protocols,
		    conf_copy(p->bits == TLSV12 ? "tlsv1.2" : "tlsv1.3"));
}

void
conf_protocols(struct conf_parser *p, const struct lexer_pos *pos)
{
	p->item = conf_ignore;
	if (conf_once(p, SINGLE_PROTOCOLS, "tls protocols", pos))
		p->item = protocol_item;
}
