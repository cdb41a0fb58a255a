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
struct handshake_source;
struct tls;

/*
 * A TLS connection (libtls) driven by libevent: non-blocking handshake,
 * decrypted input and output in evbuffers, writes gathered to the end of the
 * loop's turn so that answers that are ready together leave in one record.
 */

/* ---- Contexts --------------------------------------------------------- */

/*
 * A configured libtls server, or what makes a libtls client for each
 * connection.  libtls keeps pointers from a connection to its server context,
 * so each connection holds a reference and the context lives until the last
 * of them is gone.
 */
struct tlsctx;

struct tlsctx_config {
	const uint8_t	*ca;		/* PEM bundle for peers */
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
/*
 * The same for connections that are begun here: the server's certificate is
 * required and verified against ca (and crl) and the name that is given to
 * tlsconn_connect(); cert and key are what is shown to it, or, where these are
 * NULL, nothing.  A copy of the key
 * lives as long as the context, for libtls reads it for each connection.
 */
struct tlsctx	*tlsctx_client(const struct tlsctx_config *, char *err,
		    size_t errsize);
struct tlsctx	*tlsctx_ref(struct tlsctx *);
void		 tlsctx_unref(struct tlsctx *);	/* NULL is fine */
/* When what it is made of is out of date, in Unix time; 0: never, or unknown. */
struct tlsctx_times {
	int64_t		certificate;	/* ours */
	int64_t		ca;		/* the first of them */
	int64_t		crl;		/* the first of them */
};
void		 tlsctx_set_times(struct tlsctx *, const struct tlsctx_times *);
const struct tlsctx_times *tlsctx_times(const struct tlsctx *);
/* What has been told of these: see common/tlsexpiry.h, whose it is. */
struct tlsctx_told {
	int64_t		since;		/* Unix time, or 0: nothing yet */
	uint8_t		stages[3];
};
struct tlsctx_told *tlsctx_told(struct tlsctx *);
/*
 * Whether peers are shown the same certificate, with the same key and
 * protocols.
 */
bool		 tlsctx_shows_same(const struct tlsctx *,
		    const struct tlsctx *);
/* See tlstrust_verify(). */
bool		 tlsctx_trusts(struct tlsctx *, const uint8_t *chain, size_t,
		    char *why, size_t size);
/*
 * For tlsconn.c: a server's context itself, or NULL; what is to be a client's
 * new connection, or NULL.
 */
struct tls	*tlsctx_tls(struct tlsctx *);
struct tls	*tlsctx_client_tls(struct tlsctx *);

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
/*
 * The client's side, on a socket that is connected already.  name is the
 * server's: a DNS name (sent as SNI) or a numeric address that the
 * subjectAltName of its certificate must hold, be it by a wildcard; the CN
 * does not count.  Otherwise as tlsconn_accept(), but EINVAL where the
 * context is not a client's, and it must not be NULL.
 *
 * Since TLS 1.3 the client is ready before the server has judged the client's
 * certificate: that it was refused comes later, as TLSCONN_FAILED.
 */
struct tlsconn	*tlsconn_connect(struct event_base *, struct tlsctx *, int fd,
		    const char *name, size_t max_input,
		    const struct tlsconn_cb *, void *arg);
/*
 * Whose handshake it is, for the turns that these take (handshake.h): the
 * source must not go before the connection.  At once after tlsconn_accept().
 */
void		 tlsconn_set_source(struct tlsconn *,
		    struct handshake_source *);
/* Whether its handshake waits for its turn. */
bool		 tlsconn_waits(const struct tlsconn *);
/*
 * Another owner takes over, from within a callback or outside of one.  What
 * tlsconn_input() holds by then is not told again.
 */
void		 tlsconn_set_cb(struct tlsconn *, const struct tlsconn_cb *,
		    void *arg);
/*
 * The kernel gives up on a peer that does not acknowledge what was sent for
 * so long (TCP_USER_TIMEOUT, RFC 5482).  A failure is nobody's concern, but
 * the sandbox must let setsockopt(2) through for it.
 */
void		 tlsconn_user_timeout(struct tlsconn *, uint32_t ms);
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
 * Whether this context, a newer one than the connection's own, would trust
 * the peer's certificate too; a peer that has shown none is trusted by any.
 * If not, why says what is wrong.
 */
bool		 tlsconn_trusted(const struct tlsconn *, struct tlsctx *,
		    char *why, size_t size);

/*
 * Text of the failure, in an operator's words, printable ASCII; after
 * TLSCONN_FAILED.  Where the peer's certificate is not good it says why, and
 * where the peer refused ours it says what the peer's alert was.
 */
const char	*tlsconn_error(const struct tlsconn *);
/*
 * What kind of failure that was, for counting: "unknown-ca", "expired",
 * "revoked", "crl", "certificate" (another fault of the peer's), "refused"
 * (ours is what the peer does not want), "alert", "protocol", "http", "other".
 */
const char	*tlsconn_cause(const struct tlsconn *);
/* "TLSv1.3", or NULL before the handshake and on plain connections. */
const char	*tlsconn_version(const struct tlsconn *);

/*
 * Loads what OpenSSL would load on first use (algorithms, error strings,
 * random), to be called before the sandbox closes; ignores SIGPIPE.
 */
int		 tlsconn_init(void);

#endif /* COMMON_TLSCONN_H */
