/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_ROUTE_H
#define PROXYD_ROUTE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/policy.h"
#include "keyd/request.h"
#include "proxyd/config.h"

/*
 * Who may have what signed, and by which signers: the rules and the signers
 * of the configuration, and nothing of what happens to be connected.
 */

/* A signer, and what the configuration says that it serves. */
struct route_signer {
	char		 name[CONFIG_NAME_MAX + 1];
	char		 certname[CLIENT_MAX + 1];
	uint32_t	 methods;	/* RULE_ bits; none: any */
	uint8_t		(*addresses)[ADDRESS_SIZE];
	size_t		 naddresses;
	struct u256	*chains;	/* none: any */
	size_t		 nchains;
};

struct route_rule {
	struct rule	 rule;
	uint8_t		(*addresses)[ADDRESS_SIZE];	/* none: any */
	size_t		 naddresses;
	uint32_t	*signers;	/* indices; none: any */
	size_t		 nsigners;
};

/* The rules of one client, in the order of the file. */
struct route_client {
	SLIST_ENTRY(route_client) entry;
	char		 name[CLIENT_MAX + 1];
	uint32_t	 index;		/* from 0, without gaps */
	uint32_t	*rules;		/* indices */
	size_t		 nrules;
};

/* The signers that are to hold one address, in the order of the file. */
struct route_address {
	SLIST_ENTRY(route_address) entry;
	uint8_t		 address[ADDRESS_SIZE];
	uint32_t	*signers;	/* indices */
	size_t		 nsigners;
};

#define ROUTE_BUCKETS	4096

struct route;

struct route_table {
	struct route_signer	*signers;
	size_t			 nsigners;
	struct route_rule	*rules;
	size_t			 nrules;
	uint32_t		 nclients;
	SLIST_HEAD(, route_client) clients[ROUTE_BUCKETS];
	SLIST_HEAD(, route_address) addresses[ROUTE_BUCKETS];
	/*
	 * Does the signer serve this with route->address, by what it last
	 * said of itself?  True where it has never said anything.  For the
	 * choice among addresses alone; NULL: true.
	 */
	bool			(*offers)(const struct route_table *,
				    uint32_t signer, const struct route *);
};

/* What is to be signed, with which key, and by which signers in turn. */
struct route {
	const struct route_client *client;
	const struct route_rule	*rule;
	uint32_t		 method;	/* RULE_ bit */
	uint8_t			 address[ADDRESS_SIZE];
	struct u256		 chain;
	const struct route_address *holders;
};

/* Empty; its memory may be anything before. */
void	route_init(struct route_table *);
/*
 * Add one after the other, and an item to a list of the last of them.  What
 * they point to becomes the table's.  -1 where memory is short.
 */
int	route_add_signer(struct route_table *, const struct route_signer *);
int	route_add_rule(struct route_table *, const struct route_rule *);
/*
 * All have been added: makes the indices.  -1 where memory is short or a
 * rule names a signer that there is not.
 */
int	route_finish(struct route_table *);
void	route_clear(struct route_table *);

/*
 * Decides on a client's request, in the order of signerd: a rule of the
 * client; the arguments (tx_check, payload_check); the sender; the first rule
 * that permits and that a configured signer can serve.  REFUSAL_NONE and
 * *route filled: where the request names no address, route->address is the
 * first of the rule, or else of its first signer, that serves the request
 * (one that the signer offers for it goes before one that it does not).
 * Else the refusal, and *rule is the rule's index or POLICY_NORULE.
 */
enum refusal route_decide(const struct route_table *, const struct request *,
	    struct route *, uint32_t *rule);

/* Does the configuration let this signer serve the route? */
bool	route_permits(const struct route_table *, const struct route *,
	    uint32_t signer);

/* Index of the signer with that name in its certificate, or UINT32_MAX. */
uint32_t route_signer_by_certname(const struct route_table *, const char *);
/* Does the list hold the chain, or any for an empty one? */
bool	route_chain_listed(const struct u256 *chains, size_t n,
	    const struct u256 *chain);

#endif /* PROXYD_ROUTE_H */
