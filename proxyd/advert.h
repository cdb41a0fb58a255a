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

struct advert_key {
	uint8_t		 address[ADDRESS_SIZE];
	uint32_t	 methods;	/* RULE_ bits */
	struct u256	*chains;	/* none: any */
	size_t		 nchains;
};

struct advert {
	bool		 given;		/* false: a signer of 2025 */
	uint32_t	 version;
	char		 software[ADVERT_SOFTWARE_MAX + 1];
	bool		 client;	/* features */
	bool		 deadline;
	struct advert_key *keys;
	size_t		 nkeys;
};

/*
 * arg NULL: there was none.  0, or -1 and what is wrong with it ("keys[3]:
 * address: ..."); either way to be freed with advert_clear().
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

#endif /* PROXYD_ADVERT_H */
