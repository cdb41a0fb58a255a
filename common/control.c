/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/log.h"
#include "keyd/keymsg.h"

#define SECOND		1000000

static void	 resume(struct control_conn *);

/* ---- The end of a connection ------------------------------------------ */

static void
conn_free(struct control_conn *c)
{
	struct control	*ctl = c->control;

	if (c->state == CONTROL_GATHERS)
		gather_forget(ctl->gather, &c->ask);
	TAILQ_REMOVE(&ctl->conns, c, entry);
	ctl->nconns--;
	if (c->read != NULL)
		event_free(c->read);
	if (c->write != NULL)
		event_free(c->write);
	if (c->gone != NULL)
		event_free(c->gone);
	if (c->turn != NULL)
		event_free(c->turn);
	if (c->timer != NULL)
		event_free(c->timer);
	imsgbuf_clear(&c->ibuf);
	close(c->ibuf.fd);
	free(c);
}

static void
drop(struct control_conn *c, const char *why)
{
	struct log_record	 r;

	if (why != NULL && log_start_noise(&r, LOG_LVL_WARN,
	    "control connection closed")) {
		log_str(&r, "reason", why);
		log_num(&r, "uid", c->uid);
		log_num(&r, "pid", (uint64_t)c->pid);
		log_end(&r);
	}
	conn_free(c);
}

void
control_arm(struct control_conn *c, uint32_t ms)
{
	struct timeval	 tv = clock_in_ms(ms);

	event_add(c->timer, &tv);
}

/* ---- Answers ---------------------------------------------------------- */

/* In another turn of the loop: others come first. */
static void
later(struct control_conn *c)
{
	event_active(c->turn, EV_TIMEOUT, 0);
}

void
control_end(struct control_conn *c, enum ctl_result result, const char *text)
{
	/* It may be due in this very turn. */
	event_del(c->timer);
	if (ctlmsg_send_end(&c->ibuf, result, text) == -1)
		log_errno("cannot answer on the control socket");
	c->state = CONTROL_READS;
	later(c);
}

static void
on_samples(const void *samples, size_t len, void *arg)
{
	struct control_conn	*c = arg;

	if ((c->sampled += len) <= CONTROL_SAMPLES &&
	    ctlmsg_send_samples(&c->ibuf, samples, len) == -1)
		log_errno("cannot answer on the control socket");
}

static void
on_sampled(void *arg)
{
	control_end(arg, CTL_GOOD, "");
}

/* What processes have counted comes after what is configured. */
static void
gather(struct control_conn *c)
{
	c->state = CONTROL_GATHERS;
	c->sampled = 0;
	c->ask.samples = on_samples;
	c->ask.done = on_sampled;
	c->ask.arg = c;
	gather_begin(c->control->gather, &c->ask);
}

static void
show_more(struct control_conn *c)
{
	struct control	*ctl = c->control;

	if (c->show.generation != ctl->generation) {
		control_end(c, CTL_FAILED,
		    "the configuration has changed meanwhile: ask again");
		return;
	}
	if (ctl->cb->show(c, &c->show, ctl->arg))
		gather(c);
	else
		later(c);
}

/* ---- Requests --------------------------------------------------------- */

/*
 * What changes something is recorded, always: requests have a rate of their
 * own, and one could be hidden behind others.
 */
void
control_record(const struct control_conn *c, const char *command, const char *what)
{
	struct log_record	 r;

	if (!log_start(&r, LOG_LVL_INFO, "control"))
		return;
	log_str(&r, "command", command);
	if (what != NULL)
		log_str(&r, "what", what);
	log_num(&r, "uid", c->uid);
	log_num(&r, "pid", (uint64_t)c->pid);
	log_end(&r);
}

static int
take_show(struct control_conn *c, struct imsg *imsg)
{
	memset(&c->show, 0, sizeof(c->show));
	if (ctlmsg_get_show(imsg, &c->show.what) == -1)
		return (-1);
	c->show.generation = c->control->generation;
	c->state = CONTROL_SHOWS;
	show_more(c);
	return (0);
}

static int
take_log(struct control_conn *c, struct imsg *imsg)
{
	bool	 verbose;

	if (ctlmsg_get_log(imsg, &verbose) == -1)
		return (-1);
	control_record(c, "log", verbose ? "verbose" : "brief");
	c->control->cb->log(verbose, c->control->arg);
	control_end(c, CTL_GOOD, "");
	return (0);
}

static int
take_check(struct control_conn *c, struct imsg *imsg)
{
	struct ctl_check	 check;
	const char		*error;

	if (ctlmsg_get_check(imsg, &check) == -1)
		return (-1);
	c->state = CONTROL_CHECKS;
	error = c->control->cb->check(c->id, &check, c->control->arg);
	request_clear(&check.request);
	if (error != NULL)
		control_end(c, CTL_FAILED, error);
	else
		control_arm(c, c->control->check);
	return (0);
}

static int
take_link(struct control_conn *c, struct imsg *imsg)
{
	struct ctl_link	 link;
	const char	*error;

	if (ctlmsg_get_link(imsg, &link) == -1)
		return (-1);
	error = c->control->cb->link(&link, c->control->arg);
	if (error == NULL)
		control_record(c, link.up ? "link up" : "link down", link.name);
	control_end(c, error != NULL ? CTL_FAILED : CTL_GOOD,
	    error != NULL ? error : "");
	return (0);
}

static int
take_request(struct control_conn *c, struct imsg *imsg)
{
	if (imsg_get_len(imsg) > CTL_ASKSIZE)
		return (-1);
	switch (imsg_get_type(imsg)) {
	case CTL_SHOW:
		return (take_show(c, imsg));
	case CTL_RELOAD:
	case CTL_TRY:
		return (control_take_reload(c, imsg));
	case CTL_LOG:
		return (take_log(c, imsg));
	case CTL_CHECK:
		return (take_check(c, imsg));
	case CTL_LINK:
		return (take_link(c, imsg));
	}
	return (-1);
}

/* ---- How much of it ---------------------------------------------------- */

/* Others than root cannot keep the parent, and keyd, at work all the time. */
static bool
may_ask(struct control_conn *c)
{
	struct control	*ctl = c->control;
	struct timeval	 tv = { 0, SECOND / CONTROL_RATE };
	uint64_t	 now = clock_us(), n;

	if (c->uid == 0)
		return (true);
	n = (now - ctl->refilled) * CONTROL_RATE / SECOND;
	if (n > 0) {
		ctl->refilled = now;
		ctl->budget = n + ctl->budget > CONTROL_BURST ?
		    CONTROL_BURST : ctl->budget + (unsigned int)n;
	}
	if (ctl->budget > 0)
		return (true);
	event_del(c->read);
	c->paced = true;
	event_add(ctl->pace, &tv);
	return (false);
}

/* Requests that have come, and while none is being answered. */
static void
serve(struct control_conn *c)
{
	struct control	*ctl = c->control;
	struct imsg	 imsg;
	ssize_t		 n;
	int		 r;

	if (ctl->cb->busy(ctl->arg)) {
		c->held = true;
		event_del(c->read);
		event_add(c->gone, NULL);
		return;
	}
	if ((n = imsg_get(&c->ibuf, &imsg)) == -1) {
		drop(c, "a malformed message");
		return;
	}
	if (n == 0) {
		control_arm(c, c->control->idle);
		event_del(c->gone);
		event_add(c->read, NULL);
		return;
	}
	event_del(c->read);
	event_add(c->gone, NULL);
	event_del(c->timer);
	if (c->uid != 0 && ctl->budget > 0)
		ctl->budget--;
	r = take_request(c, &imsg);
	imsg_free(&imsg);
	if (r == -1)
		drop(c, "a malformed request");
}

/* As far as its state lets it. */
static void
resume(struct control_conn *c)
{
	if (imsgbuf_queuelen(&c->ibuf) > 0) {
		if (imsgbuf_write(&c->ibuf) == -1 && errno != EAGAIN) {
			drop(c, NULL);
			return;
		}
		if (imsgbuf_queuelen(&c->ibuf) > 0) {
			event_add(c->write, NULL);
			control_arm(c, c->control->idle);
			return;
		}
	}
	switch (c->state) {
	case CONTROL_READS:
		event_del(c->timer);
		if (may_ask(c))
			serve(c);
		break;
	case CONTROL_SHOWS:
		event_del(c->timer);
		show_more(c);
		break;
	case CONTROL_GATHERS:
		event_del(c->timer);
		break;
	case CONTROL_WAITS:
	case CONTROL_RELOADS:
	case CONTROL_CHECKS:
		/* For what others do. */
		break;
	}
}

static void
on_turn(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	resume(arg);
}

static void
on_read(int fd, short what, void *arg)
{
	struct control_conn	*c = arg;

	(void)fd;
	(void)what;
	switch (imsgbuf_read(&c->ibuf)) {
	case 0:
		drop(c, NULL);
		return;
	case -1:
		if (errno == EAGAIN)
			return;
		drop(c, errno == ECONNRESET ? NULL : strerror(errno));
		return;
	}
	resume(c);
}

/* It does not wait for its answer: another can have its place. */
static void
on_gone(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drop(arg, NULL);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct control_conn	*c = arg;

	(void)fd;
	(void)what;
	if (event_pending(c->write, EV_WRITE, NULL))
		drop(c, "the answer is not read");
	else if (c->state == CONTROL_WAITS || c->state == CONTROL_RELOADS) {
		control_note(c);
		resume(c);
	} else if (c->state == CONTROL_CHECKS)
		control_end(c, CTL_FAILED, "no answer in time");
	else if (c->paced || c->held)
		control_arm(c, c->control->idle);
	else
		drop(c, "idle");
}

void
control_go_on(struct control *ctl)
{
	struct control_conn	*c;

	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (!c->held)
			continue;
		c->held = false;
		later(c);
	}
}

static void
on_pace(int fd, short what, void *arg)
{
	struct control		*ctl = arg;
	struct control_conn	*c;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(c, &ctl->conns, entry) {
		if (!c->paced)
			continue;
		c->paced = false;
		later(c);
	}
	if (ctl->accept != NULL)
		event_add(ctl->accept, NULL);
}

/* ---- Connections ------------------------------------------------------ */

static int
peer_of(int fd, uid_t *uid, pid_t *pid)
{
#ifdef __linux__
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return (-1);
	*uid = cred.uid;
	*pid = cred.pid;
	return (0);
#else
	gid_t	 gid;

	*pid = 0;
	return (getpeereid(fd, uid, &gid));
#endif
}

/*
 * NULL, or why not.  The children's own group has access; they are not the
 * ones whom it was made for.
 */
static const char *
is_refused(const struct control *ctl, uid_t uid)
{
	const struct control_conn	*c;
	unsigned int			 same = 0, others = 0;

	if (uid != 0 && (uid == ctl->user.uid || uid == ctl->keyd))
		return ("the daemon's own users have no access");
	if (uid != 0 && geteuid() != 0 && uid != geteuid())
		return ("only root and who has started the daemon have "
		    "access");
	TAILQ_FOREACH(c, &ctl->conns, entry) {
		same += c->uid == uid;
		others += c->uid != 0;
	}
	if (ctl->nconns >= CONTROL_CONNECTIONS || (uid != 0 &&
	    (same >= CONTROL_SAME || others >= CONTROL_OTHERS)))
		return ("too many connections");
	return (NULL);
}

/* Some may have gone just now: it is not told yet. */
static void
sweep(struct control *ctl)
{
	struct control_conn	*c, *next;
	char			 byte;

	for (c = TAILQ_FIRST(&ctl->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (recv(c->ibuf.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
			drop(c, NULL);
	}
}

static void
refuse(int fd, uid_t uid, pid_t pid, const char *why)
{
	struct log_record	 r;
	struct imsgbuf		 ibuf;

	if (log_start_noise(&r, LOG_LVL_WARN, "control connection refused")) {
		log_str(&r, "reason", why);
		log_num(&r, "uid", uid);
		log_num(&r, "pid", (uint64_t)pid);
		log_end(&r);
	}
	if (imsgbuf_init(&ibuf, fd) == 0) {
		if (ctlmsg_send_end(&ibuf, CTL_FAILED, why) == 0)
			(void)imsgbuf_write(&ibuf);
		imsgbuf_clear(&ibuf);
	}
	close(fd);
}

static int
conn_events(struct control_conn *c, struct event_base *base, int fd)
{
	c->read = event_new(base, fd, EV_READ | EV_PERSIST, on_read, c);
	c->write = event_new(base, fd, EV_WRITE, on_turn, c);
	c->gone = event_new(base, fd, EV_CLOSED | EV_PERSIST, on_gone, c);
	c->turn = evtimer_new(base, on_turn, c);
	c->timer = evtimer_new(base, on_timer, c);
	if (c->read == NULL || c->write == NULL || c->gone == NULL ||
	    c->turn == NULL || c->timer == NULL || event_add(c->read, NULL) == -1)
		return (-1);
	return (0);
}

static void
greet(struct control *ctl, int fd, uid_t uid, pid_t pid)
{
	struct control_conn	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    imsgbuf_init(&c->ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(&c->ibuf, CTL_MSGSIZE) == -1) {
		free(c);
		refuse(fd, uid, pid, "out of memory");
		return;
	}
	c->control = ctl;
	c->id = ++ctl->ids;
	c->uid = uid;
	c->pid = pid;
	TAILQ_INSERT_TAIL(&ctl->conns, c, entry);
	ctl->nconns++;
	if (conn_events(c, ctl->base, fd) == -1) {
		drop(c, "out of memory");
		return;
	}
	control_arm(c, c->control->idle);
}

static void
on_accept(int listener, short what, void *arg)
{
	struct control	*ctl = arg;
	struct timeval	 tv = { 1, 0 };
	const char	*why;
	uid_t		 uid;
	pid_t		 pid;
	int		 fd;

	(void)what;
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1) {
		/* Short of descriptors it would come up again at once. */
		if (errno != EAGAIN && errno != EINTR &&
		    errno != ECONNABORTED) {
			log_errno("control socket");
			event_del(ctl->accept);
			event_add(ctl->pace, &tv);
		}
		return;
	}
	if (peer_of(fd, &uid, &pid) == -1) {
		log_errno("control socket");
		close(fd);
		return;
	}
	if ((why = is_refused(ctl, uid)) != NULL) {
		sweep(ctl);
		why = is_refused(ctl, uid);
	}
	if (why != NULL)
		refuse(fd, uid, pid, why);
	else
		greet(ctl, fd, uid, pid);
}

static void
log_socket(struct control *ctl)
{
	struct log_record	 r;

	if (ctl->warning[0] != '\0')
		log_warn("%s", ctl->warning);
	ctl->warning[0] = '\0';
	if (ctl->now.path == NULL || !log_start(&r, LOG_LVL_INFO,
	    "control socket"))
		return;
	log_str(&r, "path", ctl->now.path);
	log_end(&r);
}

void
control_listen(struct control *ctl)
{
	if (ctl->accept != NULL)
		event_free(ctl->accept);
	ctl->accept = NULL;
	log_socket(ctl);
	if (ctl->now.fd == -1)
		return;
	ctl->accept = event_new(ctl->base, ctl->now.fd,
	    EV_READ | EV_PERSIST, on_accept, ctl);
	if (ctl->accept == NULL || event_add(ctl->accept, NULL) == -1)
		log_errno("control socket");
}

void
control_start(struct control *ctl, struct event_base *base,
    const struct control_cb *cb, void *arg)
{
	ctl->base = base;
	ctl->cb = cb;
	ctl->arg = arg;
	ctl->budget = CONTROL_BURST;
	ctl->refilled = ctl->loaded = clock_us();
	ctl->generation = 1;
	if ((ctl->pace = evtimer_new(base, on_pace, ctl)) == NULL ||
	    (ctl->again = evtimer_new(base, control_again, ctl)) == NULL)
		fatal("evtimer_new");
	control_listen(ctl);
}

/* ---- Checks ----------------------------------------------------------- */

struct control_conn *
control_asker(struct control *ctl, uint32_t id)
{
	struct control_conn	*c;

	TAILQ_FOREACH(c, &ctl->conns, entry)
		if (c->id == id && c->state == CONTROL_CHECKS)
			return (c);
	return (NULL);
}

void
control_checked(struct control_conn *c, bool good)
{
	event_del(c->timer);
	control_end(c, good ? CTL_GOOD : CTL_BAD, "");
}

/* ---- The end ---------------------------------------------------------- */

void
control_close(struct control *ctl)
{
	struct control_conn	*c, *next;

	for (c = TAILQ_FIRST(&ctl->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		conn_free(c);
	}
	if (ctl->accept != NULL)
		event_free(ctl->accept);
	if (ctl->pace != NULL)
		event_free(ctl->pace);
	if (ctl->again != NULL)
		event_free(ctl->again);
	ctl->accept = ctl->pace = ctl->again = NULL;
	control_remove(ctl);
}
