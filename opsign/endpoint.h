/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef OPSIGN_ENDPOINT_H
#define OPSIGN_ENDPOINT_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stdbool.h>

#include "common/url.h"
#include "opsign/fault.h"

struct tlsctx;

#define ENDPOINT_ADDRESSES	8	/* of the host, that are tried */

/* Whom to ask, and what to show them. */
struct endpoint {
	struct url		 url;
	char			 host[URL_HOST_MAX + 16];	/* for Host: */
	const char		*tlsname;	/* in the server's certificate */
	struct tlsctx		*tls;
	bool			 cert;		/* a certificate is shown */
	unsigned int		 timeout_ms;
	struct sockaddr_storage	 addrs[ENDPOINT_ADDRESSES];
	socklen_t		 addrlens[ENDPOINT_ADDRESSES];
	size_t			 naddrs;
};

/* Files of flags; name is NULL for the host of the url. */
struct endpoint_files {
	const char	*ca;
	const char	*cert;		/* NULL, with key: none is shown */
	const char	*key;
};

/*
 * The URL and the files.  Returns STATUS_OK, or STATUS_USAGE having said on
 * standard error what is wrong.
 */
enum status	endpoint_init(struct endpoint *, const char *url,
		    const char *tlsname, const struct endpoint_files *,
		    unsigned int timeout_ms);
/* Looks the host up; -1 and the fault.  Blocks. */
int		endpoint_resolve(struct endpoint *, struct fault *);
void		endpoint_clear(struct endpoint *);
/* "127.0.0.1:8545", for texts. */
void		endpoint_address(const struct endpoint *, size_t i, char *,
		    size_t);

#endif /* OPSIGN_ENDPOINT_H */
