/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ADVERTISE_PEER_H
#define REGRESS_UNIT_ADVERTISE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/request.h"

/*
 * For test_advertise.c: what proxyd makes of a text (proxyd/advert.h, whose
 * configuration has names that signerd's has, too).
 */
struct advert;

/* Fails the test where proxyd does not take it. */
struct advert	*peer_parse(const char *text);
void		 peer_free(struct advert *);
size_t		 peer_keys(const struct advert *);
/* Does it have both features and that name of its software? */
bool		 peer_knows(const struct advert *, const char *software);
bool		 peer_permits(const struct advert *,
		    const uint8_t address[ADDRESS_SIZE], uint32_t method,
		    const struct u256 *chain);

#endif /* REGRESS_UNIT_ADVERTISE_PEER_H */
