/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_PARENT_H
#define PROXYD_PARENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/children.h"
#include "common/control.h"
#include "common/gather.h"
#include "common/proc.h"
#include "common/reload.h"
#include "common/watch.h"
#include "proxyd/config.h"

struct daemon_options;

/* The parent's state, from the start of its child to the end. */
struct parent {
	struct config		*config;
	struct config		*next;		/* during a reload, or NULL */
	const struct daemon_options *options;
	struct config_started	 started;
	struct reload		 reload;
	struct gather		 gather;
	time_t			 begun;		/* the daemon */
	time_t			 loaded;	/* what is in force */
	time_t			 failed;	/* the last reload, or 0 */
	bool			 good;		/* was the last one */
	uint64_t		 nreloads;	/* good ones */
	uint64_t		 nfailures;
	struct control		 control;
	struct watch		 watch;		/* of the TLS files */
	struct children		 set;
	struct child		 relay;
};

/*
 * Starts the relay, hands over what the configuration has opened, drops what
 * the parent itself does not need and serves until the end.  Returns the exit
 * status.  Faults that the relay finds are written to stderr in the manner of
 * config_parse().  From the caller: config, options, started, set.libexec,
 * set.check.
 */
int	parent_run(struct parent *, const struct proc_user *);

/* ---- proxyd/setup.c: what the relay is told, and answers -------------- */

void	setup_relay(struct parent *, struct config *);
/* The same where files alone have changed. */
void	setup_renew(struct parent *);
/* One message of it, other than a log record.  -1: out of order. */
int	setup_answer(struct parent *, struct imsg *);

/* ---- proxyd/parent_metrics.c ------------------------------------------ */

/* After children_init(). */
void	parent_metrics_init(struct parent *);

/* ---- proxyd/reload.c -------------------------------------------------- */

extern const struct reload_cb parent_reload_cb;
/* As reload_try(). */
bool	parent_try(struct parent *);

/* ---- proxyd/parent_control.c: the control socket ----------------------- */

/* Where it is, if the configuration does not say. */
#ifndef RUNDIR
#define RUNDIR		"/run"
#endif
#define CONTROL_SOCKET	RUNDIR "/proxyd.sock"

/* The daemon is ready. */
void	parent_control_start(struct parent *);
/* The relay's answer to what the socket has asked.  -1: malformed. */
int	parent_checked(struct parent *, struct imsg *);
/* Signers that an operator has taken down stay so. */
void	parent_keep_down(struct config *, const struct config *old);
/* Tells the relay, once a candidate is in force. */
void	parent_tell_down(struct parent *);

/* ---- proxyd/renew.c: files that change by themselves -------------------- */

/* After reload_init(). */
void	parent_watch_init(struct parent *);
/* The files of this configuration are open: they are to be watched. */
void	parent_watch(struct parent *, struct config *);

/* ---- proxyd/proxyd.c -------------------------------------------------- */

/* Tells of each socket. */
void	proxyd_log_listening(const struct config *);

#endif /* PROXYD_PARENT_H */
