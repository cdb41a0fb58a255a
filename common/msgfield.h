/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_MSGFIELD_H
#define COMMON_MSGFIELD_H

#include <stddef.h>
#include <stdint.h>

#include "common/tlsfiles.h"
#include "compat/imsg.h"

/*
 * What the messages of several processes are made of.  0, or -1: memory is
 * short, or the message is not of the form that it must have.
 */

/* A length in two bytes, then as many bytes. */
int	msgfield_add_string(struct ibuf *, const char *);
/* Without NULs, and not longer than fits into size bytes with one. */
int	msgfield_get_string(struct ibuf *, char *, size_t size);

/* What a child says of a TLS file: two bytes and a string; it ends a message. */
int	msgfield_add_verdict(struct ibuf *, enum tlsfile,
	    enum tlsfile_severity, const char *text);
int	msgfield_get_verdict(struct ibuf *, enum tlsfile *,
	    enum tlsfile_severity *, char *text, size_t size);

/* Queues the message, or frees it if it could not be filled. */
int	msgfield_finish(struct imsgbuf *, struct ibuf *, int ok);

/* Opens the body of a message if it is of that type. */
int	msgfield_begin(struct imsg *, uint32_t type, struct ibuf *);
/* A message of that type without a body; fd -1: nor a descriptor. */
int	msgfield_send(struct imsgbuf *, uint32_t type, int fd);

#endif /* COMMON_MSGFIELD_H */
