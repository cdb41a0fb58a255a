/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_PARENT_H
#define SIGNERD_PARENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/children.h"
#include "common/control.h"
#include "common/daemon.h"
#include "common/gather.h"
#include "common/proc.h"
#include "common/reload.h"
#include "common/watch.h"
#include "signerd/config.h"

/*
 * The first of each; there can be several frontends, and several of keyd, each
 * with an audit process of its own.  The dialer and the link process only where
 * there are proxies to dial.
 */
enum child_role {
	CHILD_KEYD,
	CHILD_FRONTEND = CHILD_KEYD + CONFIG_WORKERS,
				/* only where there is listen or metrics */
	CHILD_DIALER = CHILD_FRONTEND + CONFIG_FRONTENDS,
				/* not with -n: it has nothing to check */
	CHILD_LINK,
	CHILD_AUDIT,		/* only where there is an audit file */
	CHILD_COUNT = CHILD_AUDIT + CONFIG_WORKERS
};

/* Unix times, for the metrics. */
struct parent_times {
	int64_t			 started;
	int64_t			 loaded;	/* what is in force */
	int64_t			 failed;	/* the last reload that did */
	bool			 last_failed;
	uint64_t		 failures;
};

/* The parent's state, from the start of its children to the end. */
struct parent {
	const struct daemon_options *options;
	struct config_started	 started;
	struct config		*config;	/* that is in force */
	struct config		*candidate;	/* of a reload, or NULL */
	struct reload		 reload;
	struct gather		 gather;
	struct parent_times	 times;
	struct watch		 watch;		/* of the TLS files */
	uint32_t		 next_number;	/* of a proxy */
	/* FRONT_LISTEN and _METRICS: of the first frontend, of each other. */
	uint32_t		 nlistens;
	uint32_t		 nothers;
	struct control		 control;
	struct children		 set;
	struct child		 children[CHILD_COUNT];
	unsigned int		 nworkers;	/* of keyd */
	unsigned int		 naudits;	/* as many, with -n, too */
	unsigned int		 nfrontends;
	/* Whose addresses each has told, of what it was told last. */
	bool			 told[CONFIG_WORKERS][KEYD_MAXKEYS];
	bool			 unable;	/* one of them was */
	/* Ends that go to children when keyd is ready, or -1; by worker. */
	int			 front_channels[CONFIG_FRONTENDS]
				    [CONFIG_WORKERS];
	int			 link_channels[CONFIG_WORKERS];
	int			 audit_channels[CONFIG_WORKERS];
	int			 dialer_end;	/* between those two */
	int			 link_end;
	/* Answers to the dialer's DIAL_NEEDFILES, of that second. */
	uint64_t		 files_second;
	unsigned int		 files_count;
};

/*
 * Starts the children, hands over what the configuration has opened, drops
 * what the parent itself does not need and serves until the end.  Returns
 * the exit status.  Faults that children find are written to stderr in the
 * manner of config_parse().  From the caller: options, started, config,
 * set.libexec, set.check.
 */
int	parent_run(struct parent *, const struct proc_user *user,
	    const struct proc_user *keyd);

/* ---- signerd/parent_reload.c: SIGHUP ----------------------------------- */

/* After children_init(). */
void	parent_reload_init(struct parent *);
/* As reload_try(). */
bool	parent_try(struct parent *);
/* What the configuration says of the log. */
struct daemon_log parent_log(const struct config *);
/* whom: NULL, or what it is for. */
void	parent_log_listen(const struct config_listen *, const char *msg,
	    const char *whom);

/* ---- signerd/parent_metrics.c ------------------------------------------ */

/* After children_init(). */
void	parent_metrics_init(struct parent *);
/* A reload has come to its end. */
void	parent_metrics_reloaded(struct parent *, bool good);

/* ---- signerd/parent_control.c: the control socket --------------------- */

/* Where it is, if the configuration does not say. */
#ifndef RUNDIR
#define RUNDIR		"/run"
#endif
#define CONTROL_SOCKET	RUNDIR "/signerd.sock"

/* The daemon is ready. */
void	parent_control_start(struct parent *);
/* keyd's answer to what the socket has asked.  -1: malformed. */
int	parent_checked(struct parent *, struct imsg *);
/* Proxies that an operator has taken down stay so. */
void	parent_keep_down(struct config *, const struct config *old);
/* Tells the link process, once a candidate is in force. */
void	parent_tell_down(struct parent *);

/* ---- signerd/parent_watch.c: files that change by themselves ----------- */

/* After parent_reload_init(). */
void	parent_watch_init(struct parent *);
/* The files of this configuration are open: they are to be watched. */
void	parent_watch(struct parent *, struct config *);
/*
 * What a child says of one of the files that have changed; proxy NULL: one of
 * those for listening.  -1: it was not asked.
 */
int	parent_watch_tell(struct parent *, const struct config_proxy *,
	    const struct conf_file *, enum tlsfile_severity, const char *text);

/* ---- signerd/setup.c: what children are told, and answer -------------- */

/* The configuration that children are being told of. */
static inline struct config *
setup_subject(const struct parent *p)
{
	return (p->candidate != NULL ? p->candidate : p->config);
}
/* Which kind of child it is. */
enum child_role setup_role(const struct parent *, const struct child *);
/*
 * A child has said whether that is good, which may be the end of the
 * candidate.  -1: it was not asked.
 */
int	setup_answered(struct parent *, struct child *, bool good);
/* A descriptor of each worker, from the first: FRONT_CHANNEL, FRONT_WORKER. */
void	setup_channels(struct parent *, struct imsgev *,
	    int channels[CONFIG_WORKERS]);
/* The fd goes with the message and is closed when it has been sent. */
int	setup_give(struct conf_file *);
/*
 * The same for a process that has `more` after it to be given the file.  They
 * have the offset in it in common: it is read with pread(2).
 */
int	setup_share(struct conf_file *, unsigned int more);
/* FRONT_CONFIG with these limits, and each FRONT_KEY. */
void	setup_limits(struct parent *, struct imsgev *,
	    const struct config_limits *);
void	setup_keys(struct parent *, struct imsgev *);
/* What keyd, each of it, and the frontend need before keyd is ready. */
void	setup_keyd(struct parent *);
void	setup_frontend(struct parent *);
/* The same where files alone have changed. */
void	setup_renew_frontend(struct parent *);
/* One message of a child, other than a log record.  -1: out of order. */
int	setup_answer(struct parent *, struct child *, struct imsg *);

/* ---- signerd/setup_link.c: the same for the other two ------------------ */

/* All of it, with the word to begin; serve: with its channels. */
void	setup_link(struct parent *, bool serve);
/* The proxies whose files have changed. */
void	setup_renew_link(struct parent *);
int	setup_link_answer(struct parent *, struct imsg *);

/* ---- signerd/setup_dialer.c -------------------------------------------- */

/* Files that the dialer asks for. */
#ifndef RESOLVCONF
#define RESOLVCONF	"/etc/resolv.conf"
#endif
#ifndef HOSTSFILE
#define HOSTSFILE	"/etc/hosts"
#endif

void	setup_dialer(struct parent *);
int	setup_dialer_answer(struct parent *, struct imsg *);

/* ---- signerd/setup_audit.c --------------------------------------------- */

/* For a worker of keyd; and for its audit process, with its channel or -1. */
void	setup_audit_names(struct parent *, unsigned int worker);
void	setup_audit(struct parent *, unsigned int worker, int channel);
int	setup_audit_answer(struct parent *, struct child *, struct imsg *);

#endif /* SIGNERD_PARENT_H */
