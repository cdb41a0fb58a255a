/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSIO_H
#define COMMON_TLSIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls;

#define TLSIO_ERROR	400	/* bytes of a failure's text */

/*
 * One non-blocking step on a connected socket, through libtls or plain, with
 * one set of outcomes for both.  For tlsconn.c.
 *
 * libtls would read the head of a record, its body, and then once more to
 * learn that there is nothing else: here as much as there is, up to
 * TLSIO_AHEAD bytes, is read at once, and kept where it is not taken.
 */
struct tlsio {
	struct tls	*tls;		/* NULL: plain */
	struct tls	*verifier;	/* tells why it does not verify */
	bool		 client;	/* this side */
	int		 fd;
	char		 error[TLSIO_ERROR];	/* text of the last failure */
	const char	*cause;		/* of a few: see tlsconn_cause() */
	uint8_t		*kept;		/* read ahead, or NULL */
	size_t		 keptlen;
	size_t		 keptpos;	/* taken of it */
};

enum tlsio_result {
	TLSIO_DONE,
	TLSIO_WANT_IN,
	TLSIO_WANT_OUT,
	TLSIO_EOF,		/* the peer is gone, in order or not */
	TLSIO_FAILED		/* error[] tells why */
};

#define TLSIO_MAX	16384	/* bytes of a step: one record */
#define TLSIO_AHEAD	4096

/*
 * TLS begins, of a server by its context, of a client to that name; io must
 * stay where it is.  0, or -1: tls is then still the caller's.
 */
int	tlsio_accept(struct tlsio *, struct tls *context);
int	tlsio_connect(struct tlsio *, struct tls *, const char *name);
/* Ends it, and forgets what was read ahead. */
void	tlsio_clear(struct tlsio *);

enum tlsio_result tlsio_handshake(struct tlsio *);
/* At most TLSIO_MAX bytes, at least one where it is TLSIO_DONE. */
enum tlsio_result tlsio_read(struct tlsio *, void *, size_t, size_t *len);
/*
 * Whether something was read ahead and is still to be taken, of which the
 * socket does not tell.  All else that there is to be read after a
 * tlsio_read() of fewer bytes than there was room for, it does.
 */
bool	tlsio_has_kept(const struct tlsio *);
/* After TLSIO_WANT_* the same bytes have to be passed again. */
enum tlsio_result tlsio_write(struct tlsio *, const void *, size_t,
		    size_t *len);
/* Sends close_notify; a failure to do so is nobody's concern. */
enum tlsio_result tlsio_notify(struct tlsio *);
/* Reads from the socket itself, past TLS. */
enum tlsio_result tlsio_read_raw(struct tlsio *, void *, size_t, size_t *len);
/*
 * After a write that failed: what the peer had to say before, if that was an
 * alert.  Otherwise the text of the write's failure stays.
 */
void	tlsio_last_words(struct tlsio *);
/* Notes a failure that is not the socket's. */
enum tlsio_result tlsio_failed(struct tlsio *, const char *text);

#endif /* COMMON_TLSIO_H */
