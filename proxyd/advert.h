/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_ADVERT_H
#define PROXYD_ADVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "proxyd/route.h"

/*
 * What a signer says of itself: the argument of opsignerproxy_serveSigner.
 * Unknown members, features and methods are ignored.
 */
#define ADVERT_VERSION		1
#define ADVERT_SOFTWARE_MAX	63	/* bytes that are kept */
#define ADVERT_KEYS		65536	/* entries of "keys" */
#define ADVERT_CHAINS		65536	/* of all of them */

/*
 * The entries of "keys", taken apart: for each address one without a chain,
 * and one for each of its chains; sorted, none twice.
 */
struct advert_item {
	uint8_t		 address[ADDRESS_SIZE];
	uint8_t		 listed;	/* 0: without a chain */
	struct u256	 chain;
	/* RULE_ bits: served on this chain; not listed: on any chain. */
	uint8_t		 methods;
	uint8_t		 all;		/* not listed: on one chain or more */
	bool		 bound;		/* for advert_bind() */
};

/* The first addresses in the configuration that serve a chain. */
struct advert_first {
	struct u256	 chain;
	uint32_t	 transaction;	/* UINT32_MAX: none */
	uint32_t	 payload;
};

struct advert {
	bool		 given;		/* false: a signer of 2025 */
	uint32_t	 version;
	char		 software[ADVERT_SOFTWARE_MAX + 1];
	bool		 client;	/* features */
	bool		 deadline;
	size_t		 nkeys;		/* entries that were given */
	struct advert_item *items;
	size_t		 nitems;
	/* By advert_bind(). */
	bool		 bound;
	struct advert_first any;	/* on any chain */
	struct advert_first *firsts;	/* sorted by chain */
	size_t		 nfirsts;
};

/*
 * arg NULL: there was none.  0, or -1 and what is wrong with it ("keys[3]:
 * address: ..."), where errno is ENOMEM if it is just that memory is short;
 * either way to be freed with advert_clear().
 */
int	advert_parse(struct advert *, const struct json_doc *,
	    const cJSON *arg, char *why, size_t size);
void	advert_clear(struct advert *);

/*
 * Does the signer hold all that the configuration says that it serves?
 * True for one of 2025.  False and what it lacks, for both operators.
 */
bool	advert_covers(const struct advert *, const struct route_signer *,
	    char *why, size_t size);
/* Can it be asked for this, by what it advertises? */
bool	advert_permits(const struct advert *, const struct route *);

/* Any chain with this address and method? */
bool	advert_serves(const struct advert *,
	    const uint8_t address[ADDRESS_SIZE], uint32_t method);

/*
 * Notes which of the signer's addresses the advert serves what with, for
 * advert_first(): the index of the first one that can be asked for this
 * method and chain, whatever route->address is; SIZE_MAX: none.  Where there
 * was no memory for the notes, or never an advert_bind(), it is 0.
 */
void	advert_bind(struct advert *, const struct route_signer *);
size_t	advert_first(const struct advert *, const struct route *);

#endif /* PROXYD_ADVERT_H */
