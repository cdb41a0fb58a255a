/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signerd/config.h"

#define BACKLOG	(SOMAXCONN > 512 ? SOMAXCONN : 512)

static void	fault(const char *, int, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

static void
fault(const char *conf, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", conf, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* ---- Files ------------------------------------------------------------ */

/* Both faults are told, if there are both; the owner is put right first. */
static int
check_secret(const struct config_file *file, const struct stat *st)
{
	unsigned int mode = st->st_mode & 07777;
	int status = 0;

	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		fault(file->conf, file->line, "\"%s\" holds a secret and "
		    "belongs to user %u, not to root or user %u: "
		    "chown %u \"%s\"", file->path, (unsigned int)st->st_uid,
		    (unsigned int)geteuid(), (unsigned int)geteuid(),
		    file->path);
		status = -1;
	}
	if ((mode & 077) != 0) {
		fault(file->conf, file->line, "\"%s\" holds a secret and "
		    "has mode %04o, which gives group or others access: "
		    "chmod %04o \"%s\"", file->path, mode, mode & 0700,
		    file->path);
		status = -1;
	}
	return (status);
}

/* Who can change it says whom we trust, or can keep us from starting. */
static int
check_public(const struct config_file *file, const struct stat *st)
{
	char *why = lexer_untrusted(st, file->path);

	if (why == NULL)
		return (0);
	fault(file->conf, file->line, "%s: %s", file->path, why);
	free(why);
	return (-1);
}

static int
check_file(const struct config_file *file, bool secret)
{
	struct stat st;

	if (fstat(file->fd, &st) == -1) {
		fault(file->conf, file->line, "cannot read \"%s\": %s",
		    file->path, strerror(errno));
		return (-1);
	}
	if (!S_ISREG(st.st_mode)) {
		fault(file->conf, file->line, "\"%s\" is not a regular file",
		    file->path);
		return (-1);
	}
	return (secret ? check_secret(file, &st) : check_public(file, &st));
}

/*
 * O_NONBLOCK: a FIFO must not keep the daemon waiting before it can be told
 * from a file.
 */
static int
open_file(struct config_file *file, bool secret)
{
	if (file->path == NULL)
		return (0);
	close_fd(&file->fd);
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd == -1) {
		fault(file->conf, file->line, "cannot open \"%s\": %s",
		    file->path, strerror(errno));
		return (-1);
	}
	if (check_file(file, secret) == -1) {
		close_fd(&file->fd);
		return (-1);
	}
	return (0);
}

int
config_open(struct config *conf)
{
	struct config_key *key;
	int status = 0;

	if (open_file(&conf->ca, false) == -1)
		status = -1;
	if (open_file(&conf->cert, false) == -1)
		status = -1;
	if (open_file(&conf->key, true) == -1)
		status = -1;
	if (open_file(&conf->crl, false) == -1)
		status = -1;
	STAILQ_FOREACH(key, &conf->keys, entry) {
		if (open_file(&key->file, true) == -1)
			status = -1;
	}
	return (status);
}

/* ---- Sockets ---------------------------------------------------------- */

static int
resolve(const struct config_listen *listener, struct addrinfo **ai)
{
	struct addrinfo hints;
	char port[8];
	int error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
	snprintf(port, sizeof(port), "%u", listener->port);
	error = getaddrinfo(listener->host, port, &hints, ai);
	if (error == 0)
		return (0);
	fault(listener->conf, listener->line, "listen on %s port %u: %s",
	    listener->host, listener->port, gai_strerror(error));
	return (-1);
}

/* -1 with errno. */
static int
bind_socket(int fd, const struct addrinfo *ai)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		return (-1);
	if (ai->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == -1)
		return (-1);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		return (-1);
	return (listen(fd, BACKLOG));
}

static int
real_port(int fd, uint16_t *port)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return (-1);
	if (ss.ss_family == AF_INET6) {
		memcpy(&sin6, &ss, sizeof(sin6));
		*port = ntohs(sin6.sin6_port);
	} else {
		memcpy(&sin, &ss, sizeof(sin));
		*port = ntohs(sin.sin_port);
	}
	return (0);
}

/* What a failure of bind means here. */
static const char *
bind_fault(const struct config_listen *listener, int error)
{
	if (error == EADDRINUSE)
		return ("in use by another process");
	if (error == EACCES && listener->port < 1024)
		return ("ports under 1024 need root or CAP_NET_BIND_SERVICE");
	return (strerror(error));
}

static int
bind_listen(struct config_listen *listener)
{
	struct addrinfo *ai;
	uint16_t port = listener->port;
	int error;

	close_fd(&listener->fd);
	if (resolve(listener, &ai) == -1)
		return (-1);
	listener->fd = socket(ai->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd != -1 && bind_socket(listener->fd, ai) == 0 &&
	    real_port(listener->fd, &port) == 0) {
		listener->port = port;
		freeaddrinfo(ai);
		return (0);
	}
	error = errno;
	freeaddrinfo(ai);
	close_fd(&listener->fd);
	fault(listener->conf, listener->line, "listen on %s port %u: %s",
	    listener->host, listener->port, bind_fault(listener, error));
	return (-1);
}

int
config_bind(struct config *conf)
{
	struct config_listen *listener;
	int status = 0;

	STAILQ_FOREACH(listener, &conf->listens, entry) {
		if (bind_listen(listener) == -1)
			status = -1;
	}
	return (status);
}

void
config_close(struct config *conf)
{
	struct config_listen *listener;
	struct config_key *key;

	close_fd(&conf->ca.fd);
	close_fd(&conf->cert.fd);
	close_fd(&conf->key.fd);
	close_fd(&conf->crl.fd);
	STAILQ_FOREACH(key, &conf->keys, entry)
		close_fd(&key->file.fd);
	STAILQ_FOREACH(listener, &conf->listens, entry)
		close_fd(&listener->fd);
}
