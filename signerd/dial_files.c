/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "signerd/dial_files.h"

#define DNS_PORT	53

/* A part of a file. */
struct span {
	const char	*p;
	size_t		 len;
};

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\f' ||
	    c == '\v');
}

/* False at the end. */
static bool
next_line(struct span *rest, struct span *line)
{
	const char	*newline;

	if (rest->len == 0)
		return (false);
	line->p = rest->p;
	newline = memchr(rest->p, '\n', rest->len);
	if (newline == NULL) {
		line->len = rest->len;
		rest->len = 0;
		return (true);
	}
	line->len = (size_t)(newline - rest->p);
	rest->p += line->len + 1;
	rest->len -= line->len + 1;
	return (true);
}

/*
 * The next word as a string; false at the end of the line.  One that is too
 * long or holds a NUL comes as an empty string.
 */
static bool
next_word(struct span *line, char *word, size_t size)
{
	size_t	 n = 0;

	while (line->len > 0 && is_blank(*line->p)) {
		line->p++;
		line->len--;
	}
	if (line->len == 0)
		return (false);
	while (n < line->len && !is_blank(line->p[n]))
		n++;
	word[0] = '\0';
	if (n < size && memchr(line->p, '\0', n) == NULL) {
		memcpy(word, line->p, n);
		word[n] = '\0';
	}
	line->p += n;
	line->len -= n;
	return (true);
}

static void
cut_comment(struct span *line, const char *marks)
{
	size_t	 i;

	for (i = 0; i < line->len; i++) {
		if (line->p[i] == '\0' || strchr(marks, line->p[i]) == NULL)
			continue;
		line->len = i;
		return;
	}
}

/* ---- resolv.conf ------------------------------------------------------ */

/* Words longer than a name are of no use. */
typedef char	 word_t[DIAL_HOST_MAX + 2];

static void
parse_search(struct dial_resolvconf *conf, struct span *line, uint32_t max)
{
	word_t	 word;
	char	*name;
	size_t	 len;

	conf->nsearch = 0;
	while (conf->nsearch < max && next_word(line, word, sizeof(word))) {
		for (name = word; *name == '.'; name++)
			continue;
		len = strlen(name);
		while (len > 0 && name[len - 1] == '.')
			len--;
		if (len == 0 || len > DIAL_HOST_MAX)
			continue;
		memcpy(conf->search[conf->nsearch], name, len);
		conf->search[conf->nsearch++][len] = '\0';
	}
}

/* NAME and a number; what is out of range becomes the nearest that is not. */
static void
parse_option(const char *word, const char *name, uint32_t min, uint32_t max,
    uint32_t *value)
{
	size_t		 len = strlen(name);
	uint32_t	 n = 0;

	if (strncmp(word, name, len) != 0 || word[len] == '\0')
		return;
	for (word += len; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return;
		n = n * 10 + (uint32_t)(*word - '0');
		if (n > max)
			n = max;
	}
	*value = n < min ? min : n;
}

static void
parse_options(struct dial_resolvconf *conf, struct span *line)
{
	word_t	 word;

	while (next_word(line, word, sizeof(word))) {
		parse_option(word, "ndots:", 0, 15, &conf->ndots);
		parse_option(word, "timeout:", 1, 30, &conf->timeout);
		parse_option(word, "attempts:", 1, 5, &conf->attempts);
	}
}

void
dial_resolvconf_parse(const char *text, size_t len,
    struct dial_resolvconf *conf)
{
	struct span	 rest = { text, len }, line;
	word_t		 word;
	bool		 named = false;

	memset(conf, 0, sizeof(*conf));
	conf->ndots = 1;
	conf->timeout = 5;
	conf->attempts = 2;
	while (next_line(&rest, &line)) {
		/* A '#' may stand within a word. */
		if (line.len > 0 && (line.p[0] == '#' || line.p[0] == ';'))
			continue;
		if (!next_word(&line, word, sizeof(word)))
			continue;
		if (strcmp(word, "nameserver") == 0) {
			named = true;
			if (conf->nservers < DIAL_MAXLISTED &&
			    next_word(&line, word, sizeof(word)) &&
			    dial_server_parse(word, DNS_PORT,
			    &conf->servers[conf->nservers]) == 0)
				conf->nservers++;
		} else if (strcmp(word, "domain") == 0)
			parse_search(conf, &line, 1);
		else if (strcmp(word, "search") == 0)
			parse_search(conf, &line, DIAL_MAXSEARCH);
		else if (strcmp(word, "options") == 0)
			parse_options(conf, &line);
	}
	if (!named)
		conf->nservers = dial_address_parse("127.0.0.1", DNS_PORT,
		    &conf->servers[0]) == 0;
}

/* ---- hosts ------------------------------------------------------------ */

static bool
same_name(const char *a, const char *b, size_t blen)
{
	size_t	 alen = strlen(a);

	if (alen > 1 && a[alen - 1] == '.')
		alen--;
	return (alen == blen && strncasecmp(a, b, alen) == 0);
}

/* Whether the rest of a line has that name. */
static bool
line_names(struct span *line, const char *name, size_t len)
{
	word_t	 word;

	while (next_word(line, word, sizeof(word)))
		if (same_name(word, name, len))
			return (true);
	return (false);
}

static void
add(struct dial_addresses *in6, struct dial_addresses *in,
    const struct dial_address *a)
{
	dial_addresses_add(a->sa.sa_family == AF_INET6 ? in6 : in, a);
}

static bool
add_localhost(uint16_t port, struct dial_addresses *in6,
    struct dial_addresses *in)
{
	struct dial_address	 a;

	if (dial_address_parse("::1", port, &a) == 0)
		add(in6, in, &a);
	if (dial_address_parse("127.0.0.1", port, &a) == 0)
		add(in6, in, &a);
	return (true);
}

bool
dial_hosts_find(const char *text, size_t len, const char *name,
    uint16_t port, struct dial_addresses *in6, struct dial_addresses *in)
{
	struct span		 rest = { text, len }, line;
	struct dial_address	 a;
	size_t			 namelen = strlen(name);
	word_t			 word;
	bool			 found = false;

	if (namelen > 1 && name[namelen - 1] == '.')
		namelen--;
	while (next_line(&rest, &line)) {
		cut_comment(&line, "#");
		if (!next_word(&line, word, sizeof(word)) ||
		    !line_names(&line, name, namelen) ||
		    dial_address_parse(word, port, &a) == -1)
			continue;
		add(in6, in, &a);
		found = true;
	}
	/* RFC 6761 section 6.3 */
	if (!found && same_name("localhost", name, namelen))
		return (add_localhost(port, in6, in));
	return (found);
}

/* ---- Reading ---------------------------------------------------------- */

char *
dial_file_read(int fd, size_t max, size_t *len, bool *cut)
{
	char	*text;
	ssize_t	 n;
	size_t	 end;
	int	 saved;

	*len = 0;
	*cut = false;
	/* One byte more, to see whether there is one. */
	if ((text = malloc(max + 1)) == NULL)
		return (NULL);
	while (*len < max + 1) {
		n = read(fd, text + *len, max + 1 - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			saved = errno;
			free(text);
			errno = saved;
			return (NULL);
		}
		if (n == 0)
			return (text);
		*len += (size_t)n;
	}
	*cut = true;
	*len = max;
	for (end = max; end > 0; end--) {
		if (text[end - 1] == '\n') {
			*len = end;
			break;
		}
	}
	return (text);
}
