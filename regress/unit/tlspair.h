/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_TLSPAIR_H
#define REGRESS_TLSPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/clock.h"
#include "common/tlsconn.h"

/*
 * For the tests of tlsconn: an owner of a connection and a client of it in
 * one process and one thread, and certificates for both.
 */

#define INPUT_SIZE	65536
#define PAST		946684800	/* 2000-01-01 */
#define FUTURE		4102444800	/* 2100-01-01 */
#define EXPIRY		FUTURE		/* of what make_cert makes */

struct event_base;
struct evbuffer;

struct cert {
	X509		*x509;
	EVP_PKEY	*key;
	char		*pem;
	size_t		 pemlen;
	char		*keypem;
	size_t		 keypemlen;
};

struct san {
	int		 type;
	const char	*data;
	size_t		 len;
};

#define DNS(s)	{ GEN_DNS, s, sizeof(s) - 1 }

extern struct cert ca, other_ca, server, named, unnamed, stranger, revoked;

/* Calls of tls_read and tls_write. */
extern unsigned int tls_reads, tls_writes;
/* Check that a write that was not taken is repeated as it was. */
extern bool watch_retry;

enum when { NEVER, READY, INPUT, DRAINED, END };

struct owner {
	struct tlsconn	*c;		/* NULL once freed */
	enum when	 free_in;
	enum when	 close_in;
	bool		 echo;
	bool		 keep;		/* input is left where it is */
	bool		 pause_ready;
	int		 ready;
	int		 input;
	int		 drained;
	int		 ended;
	enum tlsconn_end end;
	size_t		 got;
	char		 error[128];
};

/* A client whose TLS writes to memory; the test moves the bytes. */
struct client {
	SSL_CTX		*ctx;
	SSL		*ssl;		/* NULL: plain */
	BIO		*net;		/* what SSL has written */
	int		 fd;
	bool		 noread;
	size_t		 piece;		/* moved at once; 0: all */
	bool		 up;
	bool		 eof;		/* close_notify or a plain end */
	bool		 fin;
	bool		 failed;
	struct evbuffer	*tx;		/* to be encrypted */
	struct evbuffer	*raw;		/* to be sent */
	struct evbuffer	*rx;		/* decrypted */
	size_t		 rawin;
};

struct pair {
	struct event_base	*base;
	struct owner		 o;
	struct client		 cl;
};

extern int calling;	/* depth of tlsconn_ calls by the owner */

#define OWN(call)	do {						\
	calling++;							\
	call;								\
	calling--;							\
} while (0)

/* Turns until the condition holds; fails after a long time. */
#define UNTIL(p, cond)	do {						\
	uint64_t begun = clock_us();					\
	while (!(cond)) {						\
		pair_turn(p);						\
		if (clock_us() - begun > 30 * 1000000)			\
			fail_msg("not reached: %s", #cond);		\
	}								\
} while (0)

int	pair_setup(void **state);
int	pair_teardown(void **state);
/* issuer NULL: a CA. */
void	make_cert(struct cert *c, const struct cert *issuer, const char *cn,
	    const struct san *sans, size_t nsans);
void	free_cert(struct cert *c);
/* Signs it anew; c->pem is still the old one. */
void	set_dates(struct cert *c, const struct cert *issuer, time_t from,
	    time_t to);
/*
 * A CRL of that issuer, with the serial number of `revoked` in it; to 0: one
 * that never ends.
 */
void	revocation_list(const struct cert *issuer, time_t from, time_t to,
	    char **pem, size_t *len);
/* Two connected sockets, non-blocking, over loopback. */
void	tcp_pair(int fds[2]);
/* Takes what is in a memory BIO, and frees it. */
void	copy_bio(BIO *bio, char **out, size_t *len);
void	server_config(struct tlsctx_config *c);
struct tlsctx *server_ctx(const char *protocols);
/* One with that CRL. */
struct tlsctx *server_ctx_crl(const struct cert *issuer, time_t from,
	    time_t to);
/* Both ends of a new connection; ctx NULL: plain.  The base is kept. */
void	pair_start(struct pair *p, struct tlsctx *ctx, const struct cert *cert,
	    size_t max_input);
void	pair_stop(struct pair *p);
/* The client's turn and one of the loop. */
void	pair_turn(struct pair *p);
/* Enough turns for whatever is under way on loopback to arrive. */
void	pair_settle(struct pair *p);
void	pair_say(struct pair *p, const char *text);
size_t	pair_received(struct pair *p);
/* pair_start, and turns until the handshake is done. */
void	pair_up(struct pair *p, struct tlsctx *ctx, const struct cert *cert);
/* Five bytes to the owner and back. */
void	pair_round_trip(struct pair *p);
/* From here on the client sends what is in cl.tx as it is. */
void	pair_drop_tls(struct pair *p);
/*
 * Turns until the handshake has failed, with that error (NULL: any), and
 * stops.
 */
void	pair_refused(struct pair *p, const char *error);

#endif /* REGRESS_TLSPAIR_H */
