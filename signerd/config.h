/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_CONFIG_H
#define SIGNERD_CONFIG_H

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/conf.h"
#include "common/lexer.h"
#include "common/log.h"
#include "common/url.h"
#include "keyd/keymsg.h"

/*
 * signerd.conf(5), parsed: what the file says and the defaults for what it
 * does not.  Only the parent has one.
 */

#define CONFIG_NAME_MAX	CONF_NAME_MAX	/* of keys and proxies */
#define CONFIG_PROXIES	64
/* Numbers that proxies can have, counted from 0: see config_number(). */
#define CONFIG_NUMBERS	KEYD_MAXVIAS
#define CONFIG_TARGET_MAX	255	/* of a url: path and query */
#define CONFIG_NAMESERVERS	8
#define CONFIG_WORKERS	16	/* of keyd */
#define CONFIG_FRONTENDS	16
#define CONFIG_SPIN_MAX	KEYD_MAXSPIN

/* A socket: of `listen on`, or of `metrics on`. */
struct config_listen {
	STAILQ_ENTRY(config_listen) entry;
	char		*host;		/* numeric address */
	uint16_t	 port;
	uint16_t	 given;		/* port, as it is written */
	const char	*conf;
	int		 line;
	unsigned int	 order;		/* lexer_pos.order of the statement */
	int		 fd;		/* listening, or -1 */
	bool		 taken;		/* the next configuration keeps it */
	bool		 kept;		/* it goes on from what ran before */
	uint32_t	 number;	/* the frontend's of it */
	uint32_t	 other;		/* that of more frontends */
};
STAILQ_HEAD(config_listens, config_listen);

struct config_key {
	STAILQ_ENTRY(config_key) entry;
	char		*name;
	struct conf_file file;
	unsigned int	 order;		/* lexer_pos.order of the statement */
	uint32_t	 index;		/* in the order of the file */
	uint8_t		 address[ADDRESS_SIZE];	/* keyd's answer */
	bool		 has_address;
};

/* A proxy to dial. */
struct config_proxy {
	STAILQ_ENTRY(config_proxy) entry;
	char		*name;
	uint32_t	 index;		/* see config_number() */
	bool		 down;		/* an operator has said so */
	char		*host;		/* of the url, without brackets */
	uint16_t	 port;
	char		*target;	/* "/ws" */
	char		*tlsname;	/* that its certificate must hold */
	uint32_t	 up;		/* gather.id that last saw it up */
	/*
	 * Those of the tls block where it has none of its own; that block's
	 * crl only with its ca.  The descriptors are its own in any case.
	 */
	struct conf_file ca;
	struct conf_file cert;
	struct conf_file key;
	struct conf_file crl;
	const char	*conf;
	int		 line;
	unsigned int	 order;		/* lexer_pos.order of the statement */
};

struct config_nameserver {
	STAILQ_ENTRY(config_nameserver) entry;
	char		*host;		/* numeric address */
	uint16_t	 port;
};

struct config_rule {
	STAILQ_ENTRY(config_rule) entry;
	struct rule	 rule;		/* rule.key: index of config_key */
	char		*keyname;
	char		*vianame;	/* NULL: direct; else rule.via is set */
	const char	*conf;
	int		 line;
	unsigned int	 order;		/* lexer_pos.order of the statement */
};

/* The audit trail. */
struct config_audit {
	struct conf_file file;		/* path NULL: none; fd: to append */
	int		 tail;		/* the same, to read; or -1 */
	bool		 sync;
	uint64_t	 dev;		/* which file it is, once it is open */
	uint64_t	 ino;
	bool		 kept;		/* it goes on from what ran before */
};

/* Limits; the keyword of each stands beside it. */
struct config_limits {
	uint32_t	max_connections;	/* max connections */
	uint32_t	max_per_address;	/* connections-per-address */
	uint32_t	max_handshake;		/* max handshake-percent */
	uint32_t	max_header;		/* max header, bytes */
	uint32_t	max_body;		/* max body, bytes */
	uint32_t	max_bodies;		/* max bodies, bytes, all */
	uint32_t	max_batch;		/* max batch, requests */
	uint32_t	max_response;		/* max response, bytes */
	uint32_t	max_values;		/* max values, of one body */
	uint32_t	max_transaction;	/* max transaction, bytes */
	uint32_t	max_queue;		/* max queue, HTTP requests */
	uint32_t	max_waiting;		/* max waiting, in keyd, each */
	uint32_t	max_link_requests;	/* max link-requests, each link */
	uint32_t	max_metrics;		/* max metrics-connections */
	uint32_t	timeout_handshake;	/* timeout handshake, ms */
	uint32_t	timeout_header;		/* timeout header, ms */
	uint32_t	timeout_body;		/* timeout body, ms */
	uint32_t	timeout_idle;		/* timeout idle, ms */
	uint32_t	timeout_write;		/* timeout write, ms */
	uint32_t	timeout_request;	/* timeout request, ms */
	uint32_t	timeout_keyd;		/* timeout keyd, ms */
	uint32_t	timeout_connect;	/* timeout connect, ms */
	uint32_t	timeout_register;	/* timeout register, ms */
	uint32_t	timeout_renew;		/* timeout renew, ms */
	uint32_t	timeout_ping;		/* timeout ping, ms */
	uint32_t	timeout_dead;		/* timeout dead, ms */
	uint32_t	timeout_backoff;	/* timeout backoff, ms */
	uint32_t	timeout_stable;		/* timeout stable, ms */
	uint32_t	timeout_metrics;	/* timeout metrics, ms */
	uint32_t	spin;			/* spin, us; 0: off */
	/* Of one of several frontends, not of the text: which it is, from 0, */
	uint32_t	place;
	/* and how many requests it may have in each keyd; 0: all there can. */
	uint32_t	window;
};

struct config {
	char		*user;
	char		*keyd_user;		/* NULL: not named */
	char		*chroot;
	struct conf_control control;
	struct config_listens listens;
	struct config_listens metrics;
	/* Paths can be NULL where there is no listen. */
	struct conf_file ca;
	struct conf_file cert;
	struct conf_file key;
	struct conf_file crl;
	char		*protocols;
	enum log_format	 log_format;
	enum log_level	 log_level;
	uint32_t	 log_rate;		/* records a second and child */
	uint32_t	 watch;			/* watch interval, ms; 0: off */
	struct config_limits limits;
	uint32_t	 prefork;		/* frontends */
	uint32_t	 workers;		/* keyd workers */
	bool		 workers_auto;
	struct config_audit audit;		/* of the first of them */
	struct config_audit audits[CONFIG_WORKERS - 1];	/* the others */
	uint32_t	 audit_queue;		/* max audit-queue */
	uint32_t	 audit_head;		/* timeout audit-head, ms */
	STAILQ_HEAD(, config_proxy) proxies;
	uint32_t	 nproxies;
	STAILQ_HEAD(, config_nameserver) nameservers;
	uint32_t	 nnameservers;
	STAILQ_HEAD(, config_key) keys;
	uint32_t	 nkeys;
	STAILQ_HEAD(, config_rule) rules;
	uint32_t	 nrules;
	struct lexer_names names;	/* what every conf points to */
};

/* What a running daemon cannot change: how it was started. */
struct config_started {
	bool		 root;
	char		*user;
	char		*keyd_user;	/* whoever that is */
	const char	*keyd_default;	/* where the file names none */
	char		*chroot;
	bool		 frontend;	/* there is one */
	bool		 proxies;	/* there is a link process */
	bool		 audit;		/* there is an audit process */
	uint32_t	 workers;	/* of keyd */
	uint32_t	 prefork;
	uint64_t	 files;		/* limit of open ones */
};

/*
 * -D name=value, before config_parse; it holds for every later one.  -1 if it
 * is not of that form.
 */
int		 config_define(const char *);

/*
 * Parses the file and its includes and checks all that can be told from the
 * text (names that are used and not defined, repeated names, missing
 * statements, chains that a rule needs).  Every fault is written to stderr
 * as "FILE:LINE: text", in the order of the file; NULL if there was one.  What
 * is odd but no fault is written as "FILE:LINE: warning: text".
 */
struct config	*config_parse(const char *path);
/*
 * The same while the daemon runs: what of it would need a restart is a fault,
 * too.
 */
struct config	*config_parse_again(const char *path,
		    const struct config_started *);
void		 config_free(struct config *);

/*
 * The canonical form: every setting, defaults included, one statement a
 * line; it parses to itself.
 */
void		 config_print(const struct config *, FILE *);

/* With room for the longest. */
#define CONFIG_URLSIZE	(URL_HOST_MAX + CONFIG_TARGET_MAX + 32)
void		 config_proxy_url(const struct config_proxy *, char *,
		    size_t size);
/* That of a rule, with its newline. */
void		 config_print_rule(FILE *, const struct config_rule *);

/*
 * Opens every file that the configuration names and checks it: a regular file
 * that nobody else can write to (see lexer_untrusted), and one that holds
 * secrets gives no access to group and others.  Every fault is written as
 * above; -1 if there was one.
 */
int		 config_open(struct config *);
/*
 * Opens the audit file, and one with its name and ".worker2" for the second
 * worker of keyd, and so on.  They are made where there are none, but not for
 * check.  Each is a regular file with one name, of root or us, that nobody else
 * can write to, at the end of a path that nobody else decides on.  While the
 * daemon runs, that which is in force goes on (`kept`), and another one has to
 * be empty, for check, too.  Every fault is written as above; -1 if there was one.
 */
int		 config_audit_open(struct config *, const struct config *running,
		    bool check);
void		 config_audit_close(struct config_audit *);
/* That of a worker of keyd, from 0. */
static inline struct config_audit *
config_audit_of(const struct config *conf, unsigned int worker)
{
	return ((struct config_audit *)(uintptr_t)(worker == 0 ?
	    &conf->audit : &conf->audits[worker - 1]));
}
/*
 * Binds and listens on every `listen on` and `metrics on`.  The same way.  The
 * port that the kernel chose for port 0 is put in the place of the 0.
 */
int		 config_bind(struct config *);
/*
 * The same, but sockets that are open in what runs go on: `kept`, and with the
 * number of that one.
 */
int		 config_bind_again(struct config *, struct config *running);
/* Open files that a process needs for it. */
uint64_t	 config_files(const struct config *);
/*
 * Numbers the proxies, in the first configuration (running is NULL) in the
 * order of the file.  Later a proxy keeps its number as long as there is one
 * of its name in the same place, and others get those that were given longest
 * ago, so that nothing that was asked by an old number is taken for another
 * proxy's.
 * *next is where to go on.
 */
void		 config_number(struct config *, const struct config *running,
		    uint32_t *next);
/* Their links lead to the same. */
bool		 config_same_place(const struct config_proxy *,
		    const struct config_proxy *);
/* Closes what config_open and config_bind opened; config_free does it, too. */
void		 config_close(struct config *);

struct config_proxy *config_find_proxy(const struct config *,
		    const char *name);

#endif /* SIGNERD_CONFIG_H */
