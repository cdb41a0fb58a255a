/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/log.h"
#include "common/report.h"
#include "common/trusted.h"

#define BACKLOG	16
/* Root's is for the daemon's group, another user's for that user alone. */
#define MASK_ROOT	(S_IXUSR | S_IXGRP | S_IRWXO)
#define MASK_OTHER	(S_IXUSR | S_IRWXG | S_IRWXO)

struct place {
	const struct conf_control	*conf;
	const char			*path;
	char				*warning;	/* NULL: faults */
	size_t				 size;
};

static void	 fault(const struct place *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

/* One that nobody asked for does not keep the daemon from starting. */
static void
fault(const struct place *p, const char *fmt, ...)
{
	char	 text[1536];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (p->warning != NULL)
		snprintf(p->warning, p->size, "no control socket: %s", text);
	else
		report_fault("%s:%d: %s", p->conf->conf, p->conf->line, text);
}

/*
 * Where it is to be: what the configuration names, else, where root is who
 * starts the daemon, the default; NULL: nowhere.
 */
static const char *
path_of(const struct conf_control *conf, const char *standard)
{
	if (conf->off)
		return (NULL);
	if (conf->path != NULL)
		return (conf->path);
	return (geteuid() == 0 ? standard : NULL);
}

/* ---- Where it is ------------------------------------------------------ */

/* Nobody else may put something there, or take away what is. */
static int
check_place(const struct place *p)
{
	char		 dir[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char		 why[1024];
	const char	*slash = strrchr(p->path, '/');

	snprintf(dir, sizeof(dir), "%.*s", slash == p->path ? 1 :
	    (int)(slash - p->path), p->path);
	if (trusted_directory(dir, why, sizeof(why)) == 0)
		return (0);
	fault(p, "control \"%s\": %s", p->path, why);
	return (-1);
}

static void
address(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	/* Its length was checked where it was read. */
	snprintf(sun->sun_path, sizeof(sun->sun_path), "%s", path);
}

static int
new_socket(void)
{
	return (socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0));
}

/* Whether somebody takes connections at a socket; one may wait for that. */
static bool
is_answered(const struct sockaddr_un *sun)
{
	bool	 answered;
	int	 fd;

	if ((fd = new_socket()) == -1)
		return (true);
	answered = connect(fd, (const struct sockaddr *)sun,
	    sizeof(*sun)) == 0 || errno != ECONNREFUSED;
	close(fd);
	return (answered);
}

/* What a daemon has left that did not come to its end in order. */
static int
remove_stale(const struct place *p, const struct sockaddr_un *sun)
{
	struct stat	 st;

	if (lstat(p->path, &st) == -1)
		fault(p, "control \"%s\": %s", p->path, strerror(errno));
	else if (!S_ISSOCK(st.st_mode))
		fault(p, "control \"%s\": there is something that is not a "
		    "socket: it stays", p->path);
	else if (st.st_uid != geteuid())
		fault(p, "control \"%s\": there is a socket of user %u: it "
		    "stays", p->path, (unsigned int)st.st_uid);
	else if (is_answered(sun))
		fault(p, "control \"%s\": another daemon answers there",
		    p->path);
	else if (unlink(p->path) == -1)
		fault(p, "control \"%s\": a socket that nobody answers on "
		    "cannot be removed: %s", p->path, strerror(errno));
	else
		return (0);
	return (-1);
}

/* ---- Making and removing ---------------------------------------------- */

static void
forget(struct control_socket *s)
{
	free(s->path);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

/* If it is still ours. */
static void
remove_socket(struct control_socket *s)
{
	struct stat	 st;

	if (s->fd != -1)
		close(s->fd);
	if (s->path != NULL && lstat(s->path, &st) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino &&
	    unlink(s->path) == -1)
		log_errno("cannot remove the control socket %s", s->path);
	forget(s);
}

static int
bind_socket(const struct place *p, int fd)
{
	struct sockaddr_un	 sun;

	address(&sun, p->path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return (0);
	if (errno == EADDRINUSE) {
		if (remove_stale(p, &sun) == -1)
			return (-1);
		if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return (0);
	}
	fault(p, "control \"%s\": %s", p->path, strerror(errno));
	return (-1);
}

/* Its mode and group are those that files get: see control_confine(). */
static int
make(const struct place *p, struct control_socket *s)
{
	struct stat	 st;
	int		 fd;

	if (check_place(p) == -1)
		return (-1);
	if ((fd = new_socket()) == -1) {
		fault(p, "control \"%s\": %s", p->path, strerror(errno));
		return (-1);
	}
	if (bind_socket(p, fd) == -1) {
		close(fd);
		return (-1);
	}
	s->fd = fd;
	if (listen(fd, BACKLOG) == -1 || lstat(p->path, &st) == -1 ||
	    (s->path = strdup(p->path)) == NULL) {
		fault(p, "control \"%s\": %s", p->path, strerror(errno));
		close(fd);
		(void)unlink(p->path);
		forget(s);
		return (-1);
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return (0);
}

/* ---- The beginning ---------------------------------------------------- */

static void
describe(struct place *p, struct control *ctl,
    const struct conf_control *conf, const char *standard)
{
	memset(p, 0, sizeof(*p));
	p->conf = conf;
	p->path = path_of(conf, standard);
	if (conf->path == NULL) {
		p->warning = ctl->warning;
		p->size = sizeof(ctl->warning);
	}
}

int
control_check(const struct conf_control *conf)
{
	struct place	 p = { conf, conf->path, NULL, 0 };

	return (conf->path == NULL ? 0 : check_place(&p));
}

void
control_init(struct control *ctl, const struct proc_user *user, uid_t keyd)
{
	memset(ctl, 0, sizeof(*ctl));
	ctl->now.fd = ctl->next.fd = -1;
	ctl->user = *user;
	ctl->keyd = keyd;
	TAILQ_INIT(&ctl->conns);
}

static void
take_times(struct control *ctl, const struct conf_control *conf)
{
	ctl->idle = conf->idle;
	ctl->check = conf->check;
}

int
control_open(struct control *ctl, const struct conf_control *conf,
    const char *standard)
{
	struct place	 p;
	mode_t		 mask;
	gid_t		 gid = getegid();
	bool		 root = geteuid() == 0;
	int		 r;

	take_times(ctl, conf);
	describe(&p, ctl, conf, standard);
	if (p.path == NULL)
		return (0);
	if (root && setegid(ctl->user.gid) == -1) {
		fault(&p, "control \"%s\": %s", p.path, strerror(errno));
		return (-1);
	}
	mask = umask(root ? MASK_ROOT : MASK_OTHER);
	r = make(&p, &ctl->now);
	umask(mask);
	if (root && setegid(gid) == -1)
		fatal("setegid");
	return (p.warning != NULL ? 0 : r);
}

void
control_confine(const struct control *ctl)
{
	bool	 root = geteuid() == 0;

	umask(root ? MASK_ROOT : MASK_OTHER);
	/* The saved one, too: there is a way back from the real one. */
	if (root && setregid((gid_t)-1, ctl->user.gid) == -1)
		fatal("setregid");
}

/* ---- Another configuration -------------------------------------------- */

int
control_prepare(struct control *ctl, const struct conf_control *conf,
    const char *standard)
{
	struct place	 p;

	describe(&p, ctl, conf, standard);
	ctl->warning[0] = '\0';
	/* One that could not be made at the start is tried once more. */
	if (p.path != NULL && ctl->now.path != NULL &&
	    strcmp(p.path, ctl->now.path) == 0) {
		ctl->moves = false;
		return (0);
	}
	ctl->moves = true;
	if (p.path == NULL || make(&p, &ctl->next) == 0 || p.warning != NULL)
		return (0);
	return (-1);
}

bool
control_commit(struct control *ctl, const struct conf_control *conf)
{
	take_times(ctl, conf);
	if (!ctl->moves)
		return (false);
	ctl->moves = false;
	remove_socket(&ctl->now);
	ctl->now = ctl->next;
	ctl->next.path = NULL;
	forget(&ctl->next);
	return (true);
}

void
control_discard(struct control *ctl)
{
	if (ctl->moves)
		remove_socket(&ctl->next);
	ctl->moves = false;
	ctl->warning[0] = '\0';
}

void
control_remove(struct control *ctl)
{
	remove_socket(&ctl->now);
	remove_socket(&ctl->next);
}
