/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSCONN_H
#define COMMON_TLSCONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct evbuffer;
struct tls;

/*
 * A TLS connection (libtls) driven by libevent: non-blocking handshake,
 * decrypted input and output in evbuffers, writes gathered to the end of the
 * loop's turn so that answers that are ready together leave in one record.
 */

/* ---- Server contexts -------------------------------------------------- */

/*
 * A configured libtls server.  libtls keeps pointers from a connection to
 * its server context, so each connection holds a reference and the context
 * lives until the last of them is gone.
 */
struct tlsctx;

struct tlsctx_config {
	const uint8_t	*ca;		/* PEM bundle for clients */
	size_t		 calen;
	const uint8_t	*cert;		/* PEM chain, leaf first */
	size_t		 certlen;
	const uint8_t	*key;		/* PEM */
	size_t		 keylen;
	const uint8_t	*crl;		/* PEM, or NULL */
	size_t		 crllen;
	const char	*protocols;	/* tls_config_parse_protocols(3) */
};

/*
 * Client certificates are asked for, verified when they come and not
 * required; ALPN http/1.1; no session resumption.  NULL and a text in err on
 * failure.  The buffers are copied; the caller wipes the key.
 */
struct tlsctx	*tlsctx_server(const struct tlsctx_config *, char *err,
		    size_t errsize);
struct tlsctx	*tlsctx_ref(struct tlsctx *);
void		 tlsctx_unref(struct tlsctx *);	/* NULL is fine */
/* The context itself, for tlsconn.c. */
struct tls	*tlsctx_tls(struct tlsctx *);

/* ---- Connections ------------------------------------------------------ */

struct tlsconn;

/*
 * TLSCONN_EOF comes once the input before it has been handed over and the
 * output of that time has been sent.  An owner that still has an answer to
 * give to a peer that closed its side in order may, instead of freeing,
 * append it later and call tlsconn_close().  After TLSCONN_FAILED
 * tlsconn_close() does the half-close and the discarding alone, so that the
 * peer can read the alert.
 */
enum tlsconn_end {
	TLSCONN_EOF,		/* the peer closed, in order or not */
	TLSCONN_FAILED,		/* TLS or socket error: tlsconn_error() */
	TLSCONN_CLOSED		/* our tlsconn_close() is through */
};

/*
 * Callbacks run from the event loop, never from within a tlsconn_ call of
 * the owner.  Within any of them the owner may call tlsconn_free.
 */
struct tlsconn_cb {
	/* The handshake is done; the peer's name can be asked. */
	void	(*ready)(struct tlsconn *, void *arg);
	/* New bytes were appended to tlsconn_input(). */
	void	(*input)(struct tlsconn *, void *arg);
	/* All output has been handed to the kernel. */
	void	(*drained)(struct tlsconn *, void *arg);
	/* The connection is of no more use: free it. */
	void	(*end)(struct tlsconn *, enum tlsconn_end, void *arg);
};

/*
 * Takes fd, a connected non-blocking socket, and begins the server's side of
 * a handshake on it.  ctx NULL: plain TCP, ready at once.  max_input bounds
 * what is held decrypted and not yet taken by the owner; reading pauses at
 * it and goes on when the owner has drained tlsconn_input() and called
 * tlsconn_resume().  NULL with errno on failure; fd is then still the
 * caller's.
 */
struct tlsconn	*tlsconn_accept(struct event_base *, struct tlsctx *, int fd,
		    size_t max_input, const struct tlsconn_cb *, void *arg);
/* Closes at once, without a word to the peer.  NULL is fine. */
void		 tlsconn_free(struct tlsconn *);

struct evbuffer	*tlsconn_input(struct tlsconn *);
/*
 * What is appended here is sent at the end of this turn of the loop, after
 * tlsconn_flush() has been called.
 */
struct evbuffer	*tlsconn_output(struct tlsconn *);
void		 tlsconn_flush(struct tlsconn *);
/* Stop and go on taking bytes from the peer. */
void		 tlsconn_pause(struct tlsconn *);
void		 tlsconn_resume(struct tlsconn *);
/*
 * Sends what is left, then close_notify and a half-close; input that still
 * comes is discarded (at most max_discard bytes) until the peer closes, so
 * that it can read the last answer before a reset could destroy it.  Ends
 * with TLSCONN_CLOSED, or _EOF or _FAILED.  The owner sets the time limit.
 */
void		 tlsconn_close(struct tlsconn *, size_t max_discard);

/*
 * First DNS entry of the verified leaf's subjectAltName.  TLSCONN_NOCERT: no
 * certificate; TLSCONN_NODNS: no such entry, or one with bytes outside of
 * printable ASCII or longer than 253.
 */
enum tlsconn_peer { TLSCONN_NAMED, TLSCONN_NOCERT, TLSCONN_NODNS };
enum tlsconn_peer tlsconn_peer(const struct tlsconn *);
const char	*tlsconn_peer_name(const struct tlsconn *);	/* or NULL */
/*
 * "/C=.../CN=...", for logs: no bytes outside of printable ASCII, at most 255
 * bytes with "..." where it was cut.  NULL without a certificate or with an
 * empty subject.
 */
const char	*tlsconn_peer_subject(const struct tlsconn *);
/* The same as tlsconn_peer_name, for one certificate in PEM (its first). */
enum tlsconn_peer tlsconn_san(const uint8_t *pem, size_t, char *name,
		    size_t size);
/* End of the peer certificate's validity, Unix time; 0 without one. */
int64_t		 tlsconn_peer_expiry(const struct tlsconn *);

/*
 * Text of the failure, in an operator's words; after TLSCONN_FAILED.  Where
 * the client's certificate is not good it says why.
 */
const char	*tlsconn_error(const struct tlsconn *);
/* "TLSv1.3", or NULL before the handshake and on plain connections. */
const char	*tlsconn_version(const struct tlsconn *);
int		 tlsconn_fd(const struct tlsconn *);

/*
 * Loads what OpenSSL would load on first use (algorithms, error strings,
 * random), to be called before the sandbox closes; ignores SIGPIPE.
 */
int		 tlsconn_init(void);

#endif /* COMMON_TLSCONN_H */
