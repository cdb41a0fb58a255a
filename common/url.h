/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_URL_H
#define COMMON_URL_H

#include <stdint.h>

/*
 * URLs (RFC 3986) of what speaks TLS: host, port (443 where there is none),
 * path and query.  No user name, no fragment.
 */
#define URL_HOST_MAX	253	/* bytes of a name or an address */
#define URL_TARGET_MAX	255	/* path and query */

enum url_scheme {
	URL_WSS,
	URL_HTTPS
};

struct url {
	char		 host[URL_HOST_MAX + 1];	/* without brackets */
	uint16_t	 port;
	char		 target[URL_TARGET_MAX + 1];
};

/* Of that scheme alone.  NULL, or what is wrong with it. */
const char	*url_parse(const char *, enum url_scheme, struct url *);
/* A name of DNS or a numeric address; NULL, or what is wrong with it. */
const char	*url_host(const char *, char out[URL_HOST_MAX + 1]);

#endif /* COMMON_URL_H */
