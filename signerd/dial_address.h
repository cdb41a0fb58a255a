/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_DIAL_ADDRESS_H
#define SIGNERD_DIAL_ADDRESS_H

#include <sys/socket.h>
#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>

#include "signerd/dialmsg.h"

/*
 * Addresses of IPv4 and IPv6, read and written without the resolver of the
 * libc, which would open files.  A scope ("fe80::1%2") must be a number: to
 * look up the name of an interface takes a call that the sandbox forbids.
 */
struct dial_address {
	union {
		struct sockaddr		 sa;
		struct sockaddr_in	 in;
		struct sockaddr_in6	 in6;
	};
	socklen_t	 len;
};

#define DIAL_MAXADDRESSES	16	/* of each family */

struct dial_addresses {
	struct dial_address	 address[DIAL_MAXADDRESSES];
	size_t			 n;
};

/* "192.0.2.1", "2001:db8::1".  0, or -1. */
int	dial_address_parse(const char *, uint16_t port, struct dial_address *);
/* The same, also as "192.0.2.1:53", "[2001:db8::1]", "[2001:db8::1]:53". */
int	dial_server_parse(const char *, uint16_t port, struct dial_address *);
/* From the bytes that the DNS has. */
void	dial_address_set(struct dial_address *, int family, const void *,
	    uint16_t port);
/* "192.0.2.1:9989", "[2001:db8::1]:9989". */
void	dial_address_text(const struct dial_address *,
	    char [DIAL_PEER_MAX + 1]);
/* What is too much is left out. */
void	dial_addresses_add(struct dial_addresses *,
	    const struct dial_address *);

#endif /* SIGNERD_DIAL_ADDRESS_H */
