/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_CONFIG_H
#define PROXYD_CONFIG_H

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/conf.h"
#include "common/lexer.h"
#include "common/log.h"
#include "keyd/policy.h"

/*
 * proxyd.conf(5), parsed: what the file says and the defaults for what it
 * does not.  Only the parent has one.
 */

#define CONFIG_NAME_MAX		CONF_NAME_MAX	/* of a signer's label */
#define CONFIG_SIGNERS		1024
#define CONFIG_RULES		65536
#define CONFIG_ADDRESSES	4096	/* of one signer or rule */

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
	uint32_t	max_links;		/* max links, signers' */
	uint32_t	max_queue;		/* max queue, calls in flight */
	uint32_t	max_waiting;		/* max waiting, of a client */
	uint32_t	max_link_requests;	/* max link-requests, each link */
	uint32_t	max_metrics;		/* max metrics-connections */
	uint32_t	timeout_handshake;	/* timeout handshake, ms */
	uint32_t	timeout_header;		/* timeout header, ms */
	uint32_t	timeout_body;		/* timeout body, ms */
	uint32_t	timeout_idle;		/* timeout idle, ms */
	uint32_t	timeout_write;		/* timeout write, ms */
	uint32_t	timeout_request;	/* timeout request, ms: 3 s */
	uint32_t	timeout_attempt;	/* timeout attempt, ms: 1 s */
	uint32_t	timeout_register;	/* timeout register, ms: 10 s */
	uint32_t	timeout_ping;		/* timeout ping, ms: 4 s */
	uint32_t	timeout_dead;		/* timeout dead, ms: 12 s */
	uint32_t	timeout_metrics;	/* timeout metrics, ms */
	uint32_t	timeout_stable;		/* timeout stable, ms: 5 s */
};

/* Whom a socket is for. */
enum config_whom {
	WHOM_CLIENTS,		/* listen on */
	WHOM_SIGNERS,		/* signers on */
	WHOM_METRICS,		/* metrics on: without TLS */
	WHOM_COUNT
};

/* In logs and metrics. */
static inline const char *
config_whom_name(enum config_whom whom)
{
	return (whom == WHOM_CLIENTS ? "clients" : whom == WHOM_SIGNERS ?
	    "signers" : "metrics");
}

/* One `listen on`, `signers on` or `metrics on`. */
struct config_listen {
	STAILQ_ENTRY(config_listen) entry;
	enum config_whom whom;
	char		*host;		/* numeric address */
	uint16_t	 given;		/* as in the file; 0: any */
	uint16_t	 port;		/* the real one, once it is open */
	uint32_t	 id;		/* of the socket, once it is open */
	bool		 open;		/* with the relay already */
	const char	*conf;
	int		 line;
	int		 fd;		/* listening, or -1 */
	/*
	 * Those of the tls block where it has none of its own; that block's
	 * crl only with its ca.  The descriptors are its own in any case.
	 */
	struct conf_file ca;
	struct conf_file cert;
	struct conf_file key;
	struct conf_file crl;
};

/* A signer that may register, and what it must hold and may be asked. */
struct config_signer {
	STAILQ_ENTRY(config_signer) entry;
	char		*name;		/* label in this file */
	char		*certname;	/* DNS name in its certificate */
	uint32_t	 index;		/* in the order of the file */
	bool		 down;		/* an operator has said so */
	uint8_t		(*addresses)[ADDRESS_SIZE];
	size_t		 naddresses;	/* at least 1 */
	struct u256	*chains;	/* none: any */
	size_t		 nchains;
	uint32_t	 methods;	/* RULE_ bits; none named: any */
	const char	*conf;
	int		 line;
	unsigned int	 order;
};

struct config_rule {
	STAILQ_ENTRY(config_rule) entry;
	struct rule	 rule;		/* via and key are 0 */
	uint8_t		(*addresses)[ADDRESS_SIZE];	/* none: any */
	size_t		 naddresses;
	uint32_t	*signers;	/* indices; none: any */
	char		**signernames;	/* the same by label */
	size_t		 nsigners;
	const char	*conf;
	int		 line;
	unsigned int	 order;
};

struct config {
	char		*user;
	char		*chroot;
	struct conf_control control;
	STAILQ_HEAD(, config_listen) listens;	/* of all kinds */
	/* Not left open: each listener has its own, see above. */
	struct conf_file ca;
	struct conf_file cert;
	struct conf_file key;
	struct conf_file crl;
	char		*protocols;
	enum log_format	 log_format;
	enum log_level	 log_level;
	uint32_t	 log_rate;		/* records a second and child */
	uint32_t	 watch;			/* watch interval, ms; 0: off */
	uint32_t	 hedge;			/* hedge after, ms; 0: off */
	struct config_limits limits;
	STAILQ_HEAD(, config_signer) signers;
	uint32_t	 nsigners;
	STAILQ_HEAD(, config_rule) rules;
	uint32_t	 nrules;
	struct lexer_names names;	/* what every conf points to */
};

/* What a running daemon cannot change: how it was started. */
struct config_started {
	bool		 root;
	const char	*user;
	const char	*chroot;
	uint64_t	 files;		/* limit of open ones */
};

/* These are as in signerd/config.h. */
int		 config_define(const char *);
struct config	*config_parse(const char *path);
struct config	*config_parse_again(const char *path,
		    const struct config_started *);
/* Open files that the relay needs for it. */
uint64_t	 config_files(const struct config *);
void		 config_free(struct config *);
void		 config_print(const struct config *, FILE *);
void		 config_print_rule(FILE *, const struct config_rule *);
/*
 * Every listener that has TLS has descriptors of its own, the tls block has
 * none.
 */
int		 config_open(struct config *);
int		 config_bind(struct config *);
/*
 * Of sockets that the configuration in force has open too: they go on, and
 * are not bound again.  Reports those that cannot be bound while it has.
 */
void		 config_adopt(struct config *, const struct config *running);
void		 config_close(struct config *);

#endif /* PROXYD_CONFIG_H */
