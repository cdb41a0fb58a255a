/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_RULESET_H
#define PROXYD_RULESET_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxyd/advert.h"
#include "proxyd/count.h"
#include "proxyd/relaymsg.h"
#include "proxyd/route.h"

struct link;
struct relaying;

/*
 * A configuration in force: its limits, its routes, and what lives longer
 * than one configuration, signers and clients.  Each message of a client
 * holds the ruleset that decided on it until it is answered, so that a
 * reload changes nothing for what is under way.
 */

/*
 * A signer of the configuration, as it is now.  Rulesets whose words for it
 * are the same share it.
 */
struct signer {
	unsigned int	 refs;
	char		 name[CONFIG_NAME_MAX + 1];
	struct link	*link;		/* registered, or NULL */
	struct advert	 advert;	/* as it last said; kept without it */
	bool		 known;		/* it has registered before */
	bool		 down;		/* an operator has taken it down */
	struct signer	*heir;		/* has its link by now, or NULL */
	struct signer_counts counts;	/* the heir's, where there is one */
};

/* A client by name: its calls, of all its connections. */
struct client {
	unsigned int		 refs;
	TAILQ_ENTRY(client)	 entry;
	uint32_t		 in_flight;	/* calls at signers */
	uint32_t		 nwaiting;	/* its part of relay's */
	size_t			 held;		/* and of that */
	bool			 pumping;
	TAILQ_HEAD(messages, relaying) messages; /* that wait for an answer */
	TAILQ_HEAD(, relaying)	 turn;		/* with calls to start */
	struct client_counts	 counts;
};

TAILQ_HEAD(clients, client);

struct ruleset {
	unsigned int		 refs;
	struct relay_config	 config;
	struct route_table	 routes;
	struct signer		**signers;	/* routes.nsigners */
	struct client		**names;	/* routes.nclients */
	struct clients		*clients;	/* where all of them are */
};

/* Empty, with one reference; NULL where memory is short. */
struct ruleset	*ruleset_new(struct clients *);
/*
 * Signers and rules have been added to the routes: completes them.  What old
 * (NULL: there is none) has in common with it is shared.  -1 where memory is
 * short; then there is ruleset_unref() alone.
 */
int		 ruleset_finish(struct ruleset *, const struct ruleset *old);
struct ruleset	*ruleset_ref(struct ruleset *);
void		 ruleset_unref(struct ruleset *);	/* NULL is fine */

/* The signer with that name in its certificate, or NULL; and its words. */
struct signer	*ruleset_signer(const struct ruleset *, const char *certname,
		    const struct route_signer **);

/* Who has taken its place since, or itself. */
struct signer	*signer_now(struct signer *);
/* The link of that one, or NULL. */
struct link	*ruleset_link(const struct ruleset *, uint32_t signer);
/*
 * The second one takes the place of the first, which has other words, in what
 * goes by these yet.
 */
void		 signer_bequeath(struct signer *, struct signer *);

struct client	*client_ref(struct client *);
void		 client_unref(struct client *, struct clients *);

#endif /* PROXYD_RULESET_H */
