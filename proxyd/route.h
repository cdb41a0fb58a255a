/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_ROUTE_H
#define PROXYD_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/policy.h"
#include "keyd/request.h"
#include "proxyd/config.h"
#include "proxyd/holders.h"

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
	struct u256	*chains;	/* none: any; route_finish() sorts */
	size_t		 nchains;
};

struct route_rule {
	struct rule	 rule;
	uint8_t		(*addresses)[ADDRESS_SIZE];	/* none: any */
	size_t		 naddresses;
	uint32_t	*signers;	/* indices; none: any */
	size_t		 nsigners;
	/* By route_finish(): entries of the addresses, as listed; sorted. */
	uint32_t	*listed;
	uint32_t	*sorted;
};

/*
 * What can be said of a rule at a glance, side by side with the client's
 * other rules.  Of chains and addresses there is one of 64 bits each, so a
 * bit that is missing says no, one that is there says nothing.
 */
struct route_sieve {
	uint32_t	 rule;		/* index */
	uint8_t		 methods;
	bool		 anyaddress;
	uint64_t	 chains;
	uint64_t	 addresses;
};

/* The rules of one client, in the order of the file. */
struct route_client {
	const char		*name;
	uint32_t		 index;	/* from 0, without gaps */
	uint32_t		 next;	/* with the same hash, index + 1 */
	struct route_sieve	*rules;
	size_t			 nrules;
};

static inline uint64_t
route_bit(uint32_t n)
{
	return ((uint64_t)1 << n % 64);
}

struct route;

#define ROUTE_WORDS	((CONFIG_SIGNERS + 63) / 64)

struct route_table {
	struct route_signer	*signers;
	size_t			 nsigners;
	struct route_rule	*rules;
	size_t			 nrules;
	struct route_client	*clients;
	uint32_t		 nclients;
	/*
	 * What signers last said of themselves, for the choice among
	 * addresses alone.  NULL: that they serve everything, as is to be
	 * said of one that has never said anything.
	 *
	 * Does the signer serve this with route->address?
	 */
	bool			(*offers)(const struct route_table *,
				    uint32_t signer, const struct route *);
	/*
	 * The first of its addresses in the configuration with which it
	 * serves this (an index), whatever route->address is; SIZE_MAX: none.
	 */
	size_t			(*first)(const struct route_table *,
				    uint32_t signer, const struct route *);

	/* The rest is made by route_finish(). */
	uint32_t		*buckets;	/* of clients, index + 1 */
	size_t			 nbuckets;
	struct route_sieve	*sieves;	/* client by client */
	struct holders_index	 addresses;	/* those of rules, too */
	struct holders_index	 chains;
	size_t			 words;		/* of a set of signers */
	/* For each rule the signers that have one of its addresses. */
	uint64_t		*reach;
	uint64_t		 anychain[ROUTE_WORDS];
	uint64_t		 transactions[ROUTE_WORDS];
	uint64_t		 payloads[ROUTE_WORDS];
};

/* What is to be signed, with which key, and by which signers in turn. */
struct route {
	const struct route_client *client;
	const struct route_rule	*rule;
	uint32_t		 method;	/* RULE_ bit */
	uint8_t			 address[ADDRESS_SIZE];
	struct u256		 chain;
	const struct holders	*holders;	/* of the address */
};

/* Empty; its memory may be anything before. */
void	route_init(struct route_table *);
/*
 * Add one after the other; lists can grow until route_finish().  What they
 * point to becomes the table's.  -1 where memory is short, or where there are
 * CONFIG_SIGNERS or CONFIG_RULES of them.
 */
int	route_add_signer(struct route_table *, const struct route_signer *);
int	route_add_rule(struct route_table *, const struct route_rule *);
/*
 * All have been added: makes the indices.  -1 where memory is short or a
 * rule names a signer that there is not; then there is route_clear() alone.
 */
int	route_finish(struct route_table *);
void	route_clear(struct route_table *);

/*
 * Decides on a client's request, in the order of signerd: a rule of the
 * client; the arguments (tx_check, payload_check); the sender; the first rule
 * that permits and that a configured signer can serve.  REFUSAL_NONE and
 * *route filled.  Else the refusal, and *rule is the rule's index or
 * POLICY_NORULE.
 *
 * Where the request names no address, route->address is
 * - of a rule with addresses: the first that a signer offers for the request,
 *   else the first that a signer can serve it with;
 * - of one without: the first address that its first signer to offer any
 *   offers; else the first address of its first signer that can serve it.
 * Of offers ROUTE_LOOKS at most are looked at.
 */
#define ROUTE_LOOKS	4096
enum refusal route_decide(const struct route_table *, const struct request *,
	    struct route *, uint32_t *rule);

/*
 * Does the configuration let this signer, one of route->holders, serve the
 * route?
 */
bool	route_permits(const struct route_table *, const struct route *,
	    uint32_t signer);

/* NULL: no rule is for it. */
const struct route_client *route_client_by_name(const struct route_table *,
	    const char *);
/* Index of the signer with that name in its certificate, or UINT32_MAX. */
uint32_t route_signer_by_certname(const struct route_table *, const char *);

#endif /* PROXYD_ROUTE_H */
