/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/ctlmsg.h"
#include "common/gather.h"
#include "common/proc.h"
#include "compat/imsg.h"

struct event;
struct event_base;
struct control;
struct reload;

/*
 * The control socket of a parent: who may connect to it is for the file
 * system to say; whoever may is not trusted further than that, and keeps
 * nobody from being served.  What is asked for is in common/ctlmsg.h.
 */

/* Connections at once: all; of others than root; of one such user. */
#define CONTROL_CONNECTIONS	8
#define CONTROL_OTHERS		6
#define CONTROL_SAME		4
/* Requests of others than root: in a second, and at once. */
#define CONTROL_RATE		50
#define CONTROL_BURST		100
/* Milliseconds of a reload after which it is told what it waits for. */
#define CONTROL_NOTE		1000
/* Bytes of samples that one answer has; what is over is left out. */
#define CONTROL_SAMPLES		(16 * 1024 * 1024)
/* Faults of one reload that are told. */
#define CONTROL_FAULTS		256

#define CONTROL_NOTESIZE	160

enum control_state {
	CONTROL_READS,		/* a request */
	CONTROL_SHOWS,
	CONTROL_GATHERS,	/* samples of metrics */
	CONTROL_WAITS,		/* for a reload to begin */
	CONTROL_RELOADS,	/* for its end */
	CONTROL_CHECKS		/* for a child */
};

/* What is being shown, and how far that is. */
struct control_show {
	enum ctl_show	 what;
	unsigned int	 step;		/* from 0 */
	const void	*cursor;	/* NULL at the beginning */
	unsigned int	 generation;	/* when it began */
};

struct control_conn {
	TAILQ_ENTRY(control_conn) entry;
	struct control		*control;
	uint32_t		 id;
	uid_t			 uid;
	pid_t			 pid;
	struct imsgbuf		 ibuf;
	struct event		*read;
	struct event		*write;
	struct event		*gone;		/* while nothing is read */
	struct event		*turn;		/* goes on in another turn */
	struct event		*timer;
	enum control_state	 state;
	bool			 paced;		/* its requests wait */
	bool			 held;		/* so does this one: not now */
	struct control_show	 show;
	struct gather_ask	 ask;
	size_t			 sampled;	/* bytes */
	bool			 trial;		/* of a reload */
	unsigned int		 nfaults;
	char			 note[CONTROL_NOTESIZE];	/* the last */
	struct ctl_row		 row;		/* being made */
	char			 number[CTL_FIELDS][24];
};

struct control_cb {
	/*
	 * Whether nothing can be asked now; control_go_on() tells when it can
	 * again.
	 */
	bool	(*busy)(void *arg);
	/*
	 * Says the next rows of what is shown, few of them, or that it is all
	 * said (true).
	 */
	bool	(*show)(struct control_conn *, struct control_show *,
		    void *arg);
	void	(*reload)(void *arg);
	/* The same with reload_try(): false where that is not possible now. */
	bool	(*try)(void *arg);
	void	(*log)(bool verbose, void *arg);
	/*
	 * Asks a child; control_checked() is to follow.  NULL, or why it
	 * cannot be asked.
	 */
	const char *(*check)(uint32_t id, const struct ctl_check *,
		    void *arg);
	/* NULL, or what is wrong. */
	const char *(*link)(const struct ctl_link *, void *arg);
};

/* A socket that is bound, or fd -1. */
struct control_socket {
	char		*path;
	int		 fd;
	dev_t		 dev;
	ino_t		 ino;
};

struct control {
	struct event_base	*base;
	const struct control_cb	*cb;
	void			*arg;
	struct reload		*reload;
	struct gather		*gather;	/* the parent's */
	struct proc_user	 user;		/* of the children */
	uid_t			 keyd;		/* of one of them */
	struct control_socket	 now;
	struct control_socket	 next;		/* of a candidate */
	bool			 moves;		/* there is a candidate */
	struct event		*accept;
	struct event		*pace;
	struct event		*again;		/* the next reload */
	uint64_t		 reload_began;	/* us */
	uint64_t		 next_reload;	/* us; of others than root */
	TAILQ_HEAD(, control_conn) conns;
	unsigned int		 nconns;
	uint32_t		 ids;
	unsigned int		 budget;	/* of requests */
	uint64_t		 refilled;	/* us */
	/* Milliseconds without a request, or while the answer is not read. */
	uint32_t		 idle;
	/* The same for a child to say how it would decide. */
	uint32_t		 check;
	unsigned int		 generation;
	uint64_t		 loaded;	/* us: it came in force */
	char			 warning[512];	/* of the beginning */
};

/* ---- common/control_socket.c ------------------------------------------ */

/* Nothing is open.  keyd: the user of that child; 0: it is the same. */
void		 control_init(struct control *, const struct proc_user *,
		    uid_t keyd);
/* What can be told without making it.  0 or -1, after faults. */
int		 control_check(const struct conf_control *);
/*
 * Makes it.  One that nobody answers on any more is replaced.  0 or -1, after
 * faults.  That the default cannot be had is no fault: there is a warning in
 * the log, by control_start().
 */
int		 control_open(struct control *, const struct conf_control *,
		    const char *standard);
/*
 * Before privileges are dropped: files that are made from here on are made
 * with the mode and the group that a socket of a reload is to have.
 */
void		 control_confine(const struct control *);
/*
 * Of a candidate.  control_commit() or control_discard() have to follow,
 * whether it was well or not.  The first tells whether it has moved: then
 * control_listen() is next.
 */
int		 control_prepare(struct control *,
		    const struct conf_control *, const char *standard);
bool		 control_commit(struct control *,
		    const struct conf_control *);
void		 control_discard(struct control *);
/* Closes and removes both. */
void		 control_remove(struct control *);

/* ---- common/control.c -------------------------------------------------- */

/* The end of it all. */
void		 control_close(struct control *);
/* From now on it is answered.  Ends the process where memory is short. */
void		 control_start(struct control *, struct event_base *,
		    const struct control_cb *, void *arg);
/* There is another socket, or none. */
void		 control_listen(struct control *);

/* Its answer is complete. */
void		 control_end(struct control_conn *, enum ctl_result,
		    const char *text);
/* What had to wait need not any more. */
void		 control_go_on(struct control *);

/* The connection that asked, if it still waits for it; else NULL. */
struct control_conn *control_asker(struct control *, uint32_t id);
/* Its rows have been said. */
void		 control_checked(struct control_conn *, bool good);

/* Of a request that changes something: it is logged. */
void		 control_record(const struct control_conn *,
		    const char *command, const char *what);
/* Milliseconds until on_timer(). */
void		 control_arm(struct control_conn *, uint32_t ms);

/* ---- common/control_reload.c ------------------------------------------- */

/* Who waits for a reload gets its faults and its end. */
void		 control_watch(struct control *, struct reload *);
/* A request for one.  -1: malformed. */
int		 control_take_reload(struct control_conn *, struct imsg *);
/* It still waits: it is told for whom, where that is not what it knows. */
void		 control_note(struct control_conn *);
/* Pauses are over: of ctl->again. */
void		 control_again(int, short, void *ctl);

#endif /* COMMON_CONTROL_H */
