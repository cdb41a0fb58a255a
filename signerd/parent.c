/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <signal.h>
#include <string.h>

#include <event2/event.h>

#include "common/privdrop.h"
#include "common/sandbox.h"
#include "keyd/keymsg.h"
#include "signerd/frontmsg.h"
#include "signerd/parent.h"

/* Until children are ready; and, over their own time, until they are gone. */
#define START_SECONDS	30
#define STOP_SECONDS	3

static void
log_pid(enum log_level level, const char *msg, const struct child *c,
    const char *how)
{
	struct log_record	 r;

	if (!log_start(&r, level, msg))
		return;
	log_str(&r, "child", c->name);
	log_num(&r, "pid", (uint64_t)c->proc.pid);
	if (how != NULL)
		log_str(&r, "how", how);
	log_end(&r);
}

/* ---- The end ---------------------------------------------------------- */

static bool
all_gone(const struct parent *p)
{
	int	 i;

	for (i = 0; i < CHILD_COUNT; i++)
		if (p->children[i].running)
			return (false);
	return (true);
}

static void
kill_children(struct parent *p)
{
	int	 i;

	for (i = 0; i < CHILD_COUNT; i++)
		if (p->children[i].running)
			kill(p->children[i].proc.pid, SIGKILL);
}

/* A child leaves when the parent's end of its socketpair is closed. */
static void
release(struct parent *p, enum child_role role)
{
	struct child	*c = &p->children[role];

	if (!c->iev.dead)
		imsgev_clear(&c->iev);
}

static void
set_deadline(struct parent *p, unsigned int seconds)
{
	struct timeval	 tv;

	tv.tv_sec = (time_t)seconds;
	tv.tv_usec = 0;
	event_add(p->deadline, &tv);
}

/* In order: what is in flight is answered, then the keys go. */
static void
stop(struct parent *p)
{
	struct child	*front = &p->children[CHILD_FRONTEND];

	if (p->stopping)
		return;
	p->stopping = true;
	set_deadline(p, STOP_SECONDS +
	    p->config->limits.timeout_request / 1000);
	if (p->ready && front->running && !front->iev.dead) {
		if (frontmsg_send(&front->iev.ibuf, FRONT_STOP, -1) == 0) {
			imsgev_flush(&front->iev);
			return;
		}
		log_errno("cannot tell the frontend to stop");
	}
	release(p, CHILD_FRONTEND);
	release(p, CHILD_KEYD);
}

static void
give_up(struct parent *p)
{
	p->status = 1;
	p->stopping = true;
	p->ready = true;
	kill_children(p);
	if (all_gone(p))
		event_base_loopbreak(p->base);
}

static void
on_deadline(int fd, short what, void *arg)
{
	struct parent	*p = arg;
	struct child	*c;

	(void)fd;
	(void)what;
	for (c = p->children; c < p->children + CHILD_COUNT; c++) {
		if (!c->running)
			continue;
		if (p->stopping)
			log_pid(LOG_LVL_ERROR, "child does not stop: killed",
			    c, NULL);
		else if (c->iev.dead)
			log_pid(LOG_LVL_ERROR, "child does not speak any "
			    "more: killed", c, NULL);
		else if (!c->answered)
			log_pid(LOG_LVL_ERROR, "child is not ready: killed",
			    c, NULL);
	}
	give_up(p);
}

/* ---- Children --------------------------------------------------------- */

static void
child_gone(struct parent *p, struct child *c, int status)
{
	char	 how[64];

	c->running = false;
	proc_status(status, how, sizeof(how));
	if (!p->stopping) {
		/* What it had still to say comes before the word of its end. */
		log_pid(LOG_LVL_ERROR, "child died", c, how);
		give_up(p);
		return;
	}
	if (status != 0 && p->status == 0) {
		log_pid(LOG_LVL_ERROR, "child died", c, how);
		p->status = 1;
	}
	if (c == &p->children[CHILD_FRONTEND])
		release(p, CHILD_KEYD);
	if (all_gone(p))
		event_base_loopbreak(p->base);
}

static void
reap(struct parent *p)
{
	int	 i, status;
	pid_t	 pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < CHILD_COUNT; i++)
			if (p->children[i].running &&
			    p->children[i].proc.pid == pid)
				child_gone(p, &p->children[i], status);
	}
}

static void
on_signal(int sig, short what, void *arg)
{
	struct parent	*p = arg;

	(void)what;
	switch (sig) {
	case SIGCHLD:
		reap(p);
		break;
	case SIGUSR1:
	case SIGUSR2:
		log_info("%s: nothing to do", strsignal(sig));
		break;
	case SIGHUP:
		log_warn("SIGHUP: to take up a changed configuration, "
		    "restart signerd");
		break;
	default:
		log_info("stopping: %s", strsignal(sig));
		stop(p);
		if (all_gone(p))
			event_base_loopbreak(p->base);
		break;
	}
}

static void
log_keys(const struct config *config)
{
	struct config_key	*key;
	struct log_record	 r;

	STAILQ_FOREACH(key, &config->keys, entry) {
		if (!log_start(&r, LOG_LVL_INFO, "key"))
			return;
		log_str(&r, "key", key->name);
		log_hex(&r, "address", key->address, ADDRESS_SIZE);
		log_end(&r);
	}
}

static void
now_ready(struct parent *p)
{
	p->ready = true;
	event_del(p->deadline);
	if (p->failed) {
		give_up(p);
		return;
	}
	if (p->check) {
		/* Nothing is served: there is nothing to finish. */
		p->stopping = true;
		release(p, CHILD_FRONTEND);
		release(p, CHILD_KEYD);
		set_deadline(p, STOP_SECONDS);
		return;
	}
	config_close(p->config);
	log_keys(p->config);
	if (p->on_ready != NULL)
		p->on_ready();
	log_info("ready");
}

/* And speak still: who has fallen silent has a deadline to die. */
static bool
all_answered(const struct parent *p)
{
	int	 i;

	for (i = 0; i < CHILD_COUNT; i++)
		if (!p->children[i].answered || p->children[i].iev.dead)
			return (false);
	return (true);
}

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	struct child	*c = arg;
	struct parent	*p = c->parent;
	enum child_role	 role = (enum child_role)(c - p->children);

	(void)iev;
	if (imsg_get_type(imsg) == LOG_MSG) {
		log_child(imsg, c->name, &c->rate);
		return;
	}
	if (p->stopping)
		return;
	if (setup_answer(p, role, imsg) == -1) {
		log_error("a message of %s that was not expected", c->name);
		give_up(p);
		return;
	}
	if (!p->ready && all_answered(p))
		now_ready(p);
}

/* Its death is reported when it is waited for; but it may live. */
static void
on_closed(struct imsgev *iev, const char *why, void *arg)
{
	struct child	*c = arg;

	(void)iev;
	if (c->parent->stopping)
		return;
	if (why != NULL) {
		log_error("messages of %s: %s", c->name, why);
		give_up(c->parent);
	} else
		set_deadline(c->parent, STOP_SECONDS);
}

static int
start_child(struct parent *p, enum child_role role, const char *name,
    const struct proc_user *user, uint32_t maxsize)
{
	static const struct imsgev_cb	 cb = { on_message, NULL, on_closed };
	struct child			*c = &p->children[role];

	c->parent = p;
	c->name = name;
	if (proc_start(&c->proc, p->libexec, name, user,
	    log_get_level()) == -1) {
		log_errno("cannot start %s/%s", p->libexec, name);
		return (-1);
	}
	c->running = true;
	if (imsgev_init(&c->iev, p->base, c->proc.fd, maxsize, &cb, c) == -1) {
		log_errno("imsgev_init");
		return (-1);
	}
	imsgbuf_allow_fdpass(&c->iev.ibuf);
	if (!p->check)
		log_pid(LOG_LVL_INFO, "started", c, NULL);
	return (0);
}

static int
catch_signals(struct parent *p)
{
	static const int	 caught[] = {
		SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2
	};
	size_t			 i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		p->signals[i] = evsignal_new(p->base, caught[i], on_signal, p);
		if (p->signals[i] == NULL ||
		    event_add(p->signals[i], NULL) == -1)
			return (-1);
	}
	return (0);
}

/* keyd gets its end now; the frontend's end waits for keyd's word. */
static void
connect_children(struct parent *p, const int pair[2])
{
	struct imsgev	*keyd = &p->children[CHILD_KEYD].iev;

	setup_keyd(p);
	if (pair[0] != -1 &&
	    keymsg_send_channel(&keyd->ibuf, KEYD_DIRECT, pair[0]) == -1)
		fatal("keyd's configuration");
	p->channel = pair[1];
	if (keymsg_send_end(&keyd->ibuf) == -1)
		fatal("keyd's configuration");
	imsgev_flush(keyd);
	setup_frontend(p);
}

int
parent_run(struct parent *p, const struct proc_user *frontend,
    const struct proc_user *keyd)
{
	int	 pair[2] = { -1, -1 };

	if ((p->base = event_base_new()) == NULL ||
	    (p->deadline = evtimer_new(p->base, on_deadline, p)) == NULL ||
	    catch_signals(p) == -1)
		fatal("event loop");
	if (start_child(p, CHILD_KEYD, "keyd", keyd, KEYD_CONFIGSIZE) == -1 ||
	    start_child(p, CHILD_FRONTEND, "frontend", frontend,
	    FRONT_MSGSIZE) == -1) {
		give_up(p);
		return (1);
	}
	if (!p->check && proc_socketpair(pair) == -1)
		fatal("socketpair");
	privdrop_parent();
	sandbox_start(&sandbox_parent);
	connect_children(p, pair);
	set_deadline(p, START_SECONDS);
	if (event_base_dispatch(p->base) == -1)
		fatalx("event loop");
	if (!p->check && p->status == 0)
		log_info("stopped");
	return (p->status);
}
