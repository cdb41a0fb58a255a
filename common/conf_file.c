/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/xattr.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <endian.h>
#endif
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_parse.h"
#include "common/report.h"

#define BACKLOG	(SOMAXCONN > 512 ? SOMAXCONN : 512)
#define FEW	64

static void	fault(const char *, int, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

static void
fault(const char *conf, int line, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_fault("%s:%d: %s", conf, line, text);
}

void
conf_fd_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* ---- Files ------------------------------------------------------------ */

#ifdef __linux__
#define ACLS	32

/* What an access control list adds to the mode is for us alone. */
static bool
names_us_alone(const struct posix_acl_xattr_entry *e, size_t n,
    const struct stat *st)
{
	uint32_t id;
	size_t i;

	for (i = 0; i < n; i++) {
		id = le32toh(e[i].e_id);
		switch (le16toh(e[i].e_tag)) {
		case ACL_USER:
			if (id != geteuid())
				return (false);
			break;
		case ACL_GROUP:
			if (id != getegid())
				return (false);
			break;
		case ACL_GROUP_OBJ:
			if (e[i].e_perm != 0 && st->st_gid != getegid())
				return (false);
			break;
		}
	}
	return (true);
}

/* The group's bits of the mode are those of the group, unless there is one. */
static bool
is_read_by_us_alone(int fd, const struct stat *st)
{
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entry[ACLS];
	} acl;
	ssize_t n;

	n = fgetxattr(fd, "system.posix_acl_access", &acl, sizeof(acl));
	if (n == -1)
		return ((errno == ENODATA || errno == EOPNOTSUPP) &&
		    st->st_gid == getegid());
	return ((size_t)n >= sizeof(acl.header) &&
	    le32toh(acl.header.a_version) == POSIX_ACL_XATTR_VERSION &&
	    names_us_alone(acl.entry, ((size_t)n - sizeof(acl.header)) /
	    sizeof(acl.entry[0]), st));
}
#else
static bool
is_read_by_us_alone(int fd, const struct stat *st)
{
	(void)fd;
	return (st->st_gid == getegid());
}
#endif

/* As Kubernetes and systemd hand secrets to a daemon without root. */
static bool
is_handed(const struct stat *st)
{
	return (geteuid() != 0 && st->st_uid == 0 &&
	    (st->st_mode & 07037) == 0);
}

/* Both faults are told, if there are both; the owner is put right first. */
static int
check_secret(const struct conf_file *file, const struct stat *st)
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
	if ((mode & 077) != 0 && is_handed(st)) {
		if (is_read_by_us_alone(file->fd, st))
			return (status);
		if (st->st_gid == getegid())
			fault(file->conf, file->line, "\"%s\" holds a secret "
			    "and has an access control list by which others "
			    "may read it: setfacl -b \"%s\"", file->path,
			    file->path);
		else
			fault(file->conf, file->line, "\"%s\" holds a secret "
			    "and others than group %u can read it: chgrp %u "
			    "\"%s\"", file->path, (unsigned int)getegid(),
			    (unsigned int)getegid(), file->path);
		status = -1;
	} else if ((mode & 077) != 0) {
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
check_public(const struct conf_file *file, const struct stat *st)
{
	char *why = lexer_untrusted(st, file->path);

	if (why == NULL)
		return (0);
	fault(file->conf, file->line, "%s: %s", file->path, why);
	free(why);
	return (-1);
}

static int
check_file(const struct conf_file *file, bool secret)
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
int
conf_file_open(struct conf_file *file, bool secret)
{
	if (file->path == NULL)
		return (0);
	conf_fd_close(&file->fd);
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd == -1) {
		fault(file->conf, file->line, "cannot open \"%s\": %s",
		    file->path, strerror(errno));
		return (-1);
	}
	if (check_file(file, secret) == -1) {
		conf_fd_close(&file->fd);
		return (-1);
	}
	return (0);
}

/* Whether conf_tls_inherit put it there. */
static bool
is_inherited(const struct conf_file *file, const struct conf_file *other)
{
	return (file->path != NULL && file->conf == other->conf &&
	    file->line == other->line);
}

static int
open_tls_file(struct conf_file *file, const struct conf_file *other,
    bool secret)
{
	if (other != NULL && is_inherited(file, other) && other->fd == -1)
		return (-1);
	return (conf_file_open(file, secret));
}

int
conf_tls_open(const struct conf_tls *tls, const struct conf_tls *other)
{
	bool all = other != NULL;
	int status = 0;

	if (open_tls_file(tls->ca, all ? other->ca : NULL, false) == -1)
		status = -1;
	if (open_tls_file(tls->cert, all ? other->cert : NULL, false) == -1)
		status = -1;
	if (open_tls_file(tls->key, all ? other->key : NULL, true) == -1)
		status = -1;
	if (open_tls_file(tls->crl, all ? other->crl : NULL, false) == -1)
		status = -1;
	return (status);
}

void
conf_tls_close(const struct conf_tls *tls)
{
	conf_fd_close(&tls->ca->fd);
	conf_fd_close(&tls->cert->fd);
	conf_fd_close(&tls->key->fd);
	conf_fd_close(&tls->crl->fd);
}

/* ---- Blocks ----------------------------------------------------------- */

void
conf_tls_init(const struct conf_tls *tls)
{
	tls->ca->fd = tls->cert->fd = tls->key->fd = tls->crl->fd = -1;
}

void
conf_tls_free(const struct conf_tls *tls)
{
	conf_tls_close(tls);
	free(tls->ca->path);
	free(tls->cert->path);
	free(tls->key->path);
	free(tls->crl->path);
}

static void
inherit(struct conf_file *file, const struct conf_file *other)
{
	*file = *other;
	file->fd = -1;
	file->path = other->path == NULL ? NULL : conf_copy(other->path);
}

void
conf_tls_inherit(const struct conf_tls *tls, const struct conf_tls *other)
{
	if (tls->ca->conf == NULL) {
		inherit(tls->ca, other->ca);
		if (tls->crl->conf == NULL)
			inherit(tls->crl, other->crl);
	}
	if (tls->cert->conf == NULL) {
		inherit(tls->cert, other->cert);
		inherit(tls->key, other->key);
	}
}

/* ---- Sockets ---------------------------------------------------------- */

static int
resolve(const char *host, uint16_t port, struct addrinfo **ai)
{
	struct addrinfo hints;
	char service[8];

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
	snprintf(service, sizeof(service), "%u", port);
	return (getaddrinfo(host, service, &hints, ai));
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

static bool
is_any(const char *host)
{
	return (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0);
}

bool
conf_in_the_way(const char *host, uint16_t port, const char *other,
    uint16_t otherport)
{
	if (port != otherport)
		return (false);
	if (strcmp(host, other) == 0)
		return (true);
	return ((is_any(host) || is_any(other)) &&
	    (strchr(host, ':') != NULL) == (strchr(other, ':') != NULL));
}

/* What a failure of bind means here. */
static const char *
bind_fault(uint16_t port, int error)
{
	if (error == EADDRINUSE)
		return ("in use by another process");
	if (error == EACCES && port < 1024)
		return ("ports under 1024 need root or CAP_NET_BIND_SERVICE");
	return (strerror(error));
}

int
conf_bind(const char *statement, const char *conf, int line, const char *host,
    uint16_t *port)
{
	struct addrinfo *ai;
	uint16_t given = *port;
	int error, fd;

	error = resolve(host, given, &ai);
	if (error != 0) {
		fault(conf, line, "%s %s port %u: %s", statement, host, given,
		    gai_strerror(error));
		return (-1);
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd != -1 && bind_socket(fd, ai) == 0 && real_port(fd, port) == 0) {
		freeaddrinfo(ai);
		return (fd);
	}
	error = errno;
	freeaddrinfo(ai);
	conf_fd_close(&fd);
	fault(conf, line, "%s %s port %u: %s", statement, host, given,
	    bind_fault(given, error));
	return (-1);
}

int
conf_bind_few(const char *statement, const char *conf, int line,
    const char *host, uint16_t *port)
{
	int fd = conf_bind(statement, conf, line, host, port);

	if (fd == -1 || listen(fd, FEW) == 0)
		return (fd);
	fault(conf, line, "%s %s port %u: %s", statement, host, *port,
	    strerror(errno));
	conf_fd_close(&fd);
	return (-1);
}
