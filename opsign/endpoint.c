/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/tlsconn.h"
#include "common/tlsfiles.h"
#include "opsign/endpoint.h"

#define PROTOCOLS	"tlsv1.2,tlsv1.3"

/* ---- Files ------------------------------------------------------------ */

static int
open_file(const char *flag, const char *path)
{
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		warn("%s %s", flag, path);
	return (fd);
}

static void
on_finding(enum tlsfile file, enum tlsfile_severity severity,
    const char *text, void *arg)
{
	const struct endpoint_files *files = arg;
	const char *const paths[TLSFILE_COUNT] = {
		[TLSFILE_CA] = files->ca,
		[TLSFILE_CERT] = files->cert,
		[TLSFILE_KEY] = files->key
	};

	warnx("%s%s: %s", severity != TLSFILE_FAULT ? "warning: " : "",
	    paths[file], text);
}

static struct tlsctx *
load_all(const struct endpoint_files *files)
{
	struct endpoint_files copy = *files;
	char not_after[TLSFILES_TIME];
	int fds[TLSFILE_COUNT] = { -1, -1, -1, -1 };

	fds[TLSFILE_CA] = open_file("--tls.ca", files->ca);
	fds[TLSFILE_CERT] = open_file("--tls.cert", files->cert);
	fds[TLSFILE_KEY] = open_file("--tls.key", files->key);
	if (fds[TLSFILE_CA] != -1 && fds[TLSFILE_CERT] != -1 &&
	    fds[TLSFILE_KEY] != -1)
		return (tlsfiles_load(fds, TLSFILES_CLIENT, PROTOCOLS,
		    not_after, on_finding, &copy));
	if (fds[TLSFILE_CA] != -1)
		close(fds[TLSFILE_CA]);
	if (fds[TLSFILE_CERT] != -1)
		close(fds[TLSFILE_CERT]);
	if (fds[TLSFILE_KEY] != -1)
		close(fds[TLSFILE_KEY]);
	return (NULL);
}

/* A whole file of at most TLSFILES_MAX bytes; to be freed. */
static uint8_t *
read_file(int fd, size_t *len)
{
	uint8_t *data;
	ssize_t n = 1;

	*len = 0;
	if ((data = malloc(TLSFILES_MAX)) == NULL)
		return (NULL);
	while (*len < TLSFILES_MAX && n != 0) {
		n = read(fd, data + *len, TLSFILES_MAX - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			free(data);
			return (NULL);
		}
		*len += (size_t)n;
	}
	return (data);
}

/* Without a certificate of our own. */
static struct tlsctx *
load_ca(const struct endpoint_files *files)
{
	struct tlsctx_config config = { .protocols = PROTOCOLS };
	struct tlsctx *ctx = NULL;
	char why[400];
	uint8_t *data;
	int fd;

	if ((fd = open_file("--tls.ca", files->ca)) == -1)
		return (NULL);
	if ((data = read_file(fd, &config.calen)) == NULL)
		warn("--tls.ca %s", files->ca);
	close(fd);
	config.ca = data;
	if (data != NULL &&
	    (ctx = tlsctx_client(&config, why, sizeof(why))) == NULL)
		warnx("--tls.ca %s: %s", files->ca, why);
	free(data);
	return (ctx);
}

/* ---- The whole -------------------------------------------------------- */

enum status
endpoint_init(struct endpoint *e, const char *url, const char *tlsname,
    const struct endpoint_files *files, unsigned int timeout_ms)
{
	const char *why;
	char port[8];

	memset(e, 0, sizeof(*e));
	if ((why = url_parse(url, URL_HTTPS, &e->url)) != NULL) {
		warnx("--endpoint: %s", why);
		return (STATUS_USAGE);
	}
	snprintf(port, sizeof(port), ":%u", e->url.port);
	snprintf(e->host, sizeof(e->host),
	    strchr(e->url.host, ':') != NULL ? "[%s]%s" : "%s%s",
	    e->url.host, e->url.port == 443 ? "" : port);
	e->tlsname = tlsname != NULL ? tlsname : e->url.host;
	e->timeout_ms = timeout_ms;
	e->cert = files->cert != NULL;
	e->tls = e->cert ? load_all(files) : load_ca(files);
	return (e->tls != NULL ? STATUS_OK : STATUS_USAGE);
}

int
endpoint_resolve(struct endpoint *e, struct fault *f)
{
	struct addrinfo hints, *list, *ai;
	char port[8];
	int error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	snprintf(port, sizeof(port), "%u", e->url.port);
	if ((error = getaddrinfo(e->url.host, port, &hints, &list)) != 0) {
		fault_set(f, FAULT_CONNECT, "cannot resolve %s: %s",
		    e->url.host, gai_strerror(error));
		return (-1);
	}
	e->naddrs = 0;
	for (ai = list; ai != NULL && e->naddrs < ENDPOINT_ADDRESSES;
	    ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(e->addrs[0]))
			continue;
		memcpy(&e->addrs[e->naddrs], ai->ai_addr, ai->ai_addrlen);
		e->addrlens[e->naddrs++] = ai->ai_addrlen;
	}
	freeaddrinfo(list);
	if (e->naddrs == 0)
		fault_set(f, FAULT_CONNECT, "cannot resolve %s: no address",
		    e->url.host);
	return (e->naddrs > 0 ? 0 : -1);
}

void
endpoint_address(const struct endpoint *e, size_t i, char *text, size_t size)
{
	char host[NI_MAXHOST];

	if (getnameinfo((const struct sockaddr *)&e->addrs[i],
	    e->addrlens[i], host, sizeof(host), NULL, 0,
	    NI_NUMERICHOST) != 0)
		snprintf(host, sizeof(host), "?");
	snprintf(text, size, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    host, e->url.port);
}

void
endpoint_clear(struct endpoint *e)
{
	tlsctx_unref(e->tls);
	memset(e, 0, sizeof(*e));
}
