/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_DIAL_FILES_H
#define SIGNERD_DIAL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signerd/dial_address.h"

/*
 * What resolv.conf(5) and hosts(5) say.  Their authors mean well, so a line
 * that is not understood is left out; every length and count has a limit all
 * the same.
 */
#define DIAL_RESOLVCONF_MAX	65536		/* bytes that are read */
#define DIAL_HOSTS_MAX		(1024 * 1024)
#define DIAL_MAXLISTED		3	/* name servers, as in the libc */
#define DIAL_MAXSEARCH		6

struct dial_resolvconf {
	struct dial_address	 servers[DIAL_MAXNAMESERVERS];
	uint32_t		 nservers;
	char			 search[DIAL_MAXSEARCH][DIAL_HOST_MAX + 1];
	uint32_t		 nsearch;
	uint32_t		 ndots;		/* 0 to 15, default 1 */
	uint32_t		 timeout;	/* s, 1 to 30, default 5 */
	uint32_t		 attempts;	/* 1 to 5, default 2 */
};

/*
 * len bytes of a resolv.conf; none of them: the defaults.  Where it names no
 * server the one on this host is meant; where none of those that it names can
 * be used, nservers is 0.
 */
void	dial_resolvconf_parse(const char *, size_t len,
	    struct dial_resolvconf *);

/*
 * The addresses that len bytes of a hosts file have for a name, with that
 * port.  False if the name is not there; "localhost" always is.
 */
bool	dial_hosts_find(const char *, size_t len, const char *name,
	    uint16_t port, struct dial_addresses *in6,
	    struct dial_addresses *in);

/*
 * Reads a file to its end or, with *cut, to max bytes; the last line is then
 * left out, unless it is the only one.  NULL with errno; to be freed.
 */
char	*dial_file_read(int fd, size_t max, size_t *len, bool *cut);

#endif /* SIGNERD_DIAL_FILES_H */
