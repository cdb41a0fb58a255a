/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <tls.h>

#include "common/tlsio.h"

enum tlsio_result
tlsio_failed(struct tlsio *io, const char *text)
{
	snprintf(io->error, sizeof(io->error), "%s",
	    text != NULL ? text : "unknown failure");
	io->cause = "other";
	return (TLSIO_FAILED);
}

static bool
is_unexpected_eof(unsigned long error)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
	return (ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
#else
	(void)error;
	return (false);
#endif
}

/*
 * libtls does not keep errno.  Where OpenSSL has no error of its own to
 * tell, it was the socket's, and the socket says whether it is at its end.
 */
static bool
is_gone(const struct tlsio *io)
{
	unsigned long error;
	ssize_t n;
	char byte;

	if ((error = ERR_peek_error()) != 0)
		return (is_unexpected_eof(error));
	n = recv(io->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return (n == 0 || (n == -1 && errno != EAGAIN &&
	    errno != EWOULDBLOCK && errno != EINTR));
}

/* ---- Texts of failures ------------------------------------------------ */

#define ALERT_BASE	1000	/* reasons from here on: the peer's alerts */

static const char *
peer(const struct tlsio *io)
{
	return (io->client ? "server" : "client");
}

/* What follows the mark, or all of it. */
static const char *
after(const char *text, const char *mark)
{
	const char *p = strstr(text, mark);

	return (p != NULL ? p + strlen(mark) : text);
}

static bool
is_verify_text(const char *text, int code)
{
	return (strcmp(text, X509_verify_cert_error_string(code)) == 0);
}

static bool
is_unknown_ca(const char *text)
{
	static const int codes[] = {
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
		X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
		X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
		X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (is_verify_text(text, codes[i]))
			return (true);
	return (false);
}

static const char *
crl_text(const struct tlsio *io, const char *text)
{
	if (is_verify_text(text, X509_V_ERR_CRL_HAS_EXPIRED))
		return (io->client ? "the CRL has expired: no server is "
		    "trusted" : "the CRL has expired: no client can connect");
	if (is_verify_text(text, X509_V_ERR_CRL_NOT_YET_VALID))
		return (io->client ? "the CRL is not yet valid: no server is "
		    "trusted" : "the CRL is not yet valid: no client can "
		    "connect");
	if (is_verify_text(text, X509_V_ERR_UNABLE_TO_GET_CRL))
		return (io->client ? "no CRL of the server certificate's CA: "
		    "no server of that CA is trusted" : "no CRL of the "
		    "client certificate's CA: no client of that CA can "
		    "connect");
	return (NULL);
}

/*
 * OpenSSL's queue tells that the verification failed.  Why, libtls tells by
 * the context that its callback was set up with: the server's, not the
 * connection's; of a client the two are one.
 */
static void
explain_verify(struct tlsio *io)
{
	const char *text, *what;

	if (io->verifier == NULL || (text = tls_error(io->verifier)) == NULL)
		text = "verification failed";
	text = after(text, " failed: ");
	if ((what = crl_text(io, text)) != NULL) {
		tlsio_failed(io, what);
		io->cause = "crl";
		return;
	}
	snprintf(io->error, sizeof(io->error), "%s certificate: %s%s",
	    peer(io), is_unknown_ca(text) ? "unknown CA: " : "", text);
	if (is_unknown_ca(text))
		io->cause = "unknown-ca";
	else if (is_verify_text(text, X509_V_ERR_CERT_HAS_EXPIRED))
		io->cause = "expired";
	else if (is_verify_text(text, X509_V_ERR_CERT_REVOKED))
		io->cause = "revoked";
	else
		io->cause = "certificate";
}

static void
explain_alert(struct tlsio *io, int alert, const char *reason)
{
	bool ours;

	/* RFC 8446, 6.2: bad_certificate to unknown_ca. */
	ours = (alert >= 42 && alert <= 46) || alert == 48;
	/* What servers alone may say: access_denied, certificate_required. */
	if (io->client)
		ours = ours || alert == 49 || alert == 116;
	snprintf(io->error, sizeof(io->error), "the %s %s: %s", peer(io),
	    ours ? "refused our certificate" : "sent an alert",
	    after(reason, "alert "));
	io->cause = ours ? "refused" : "alert";
}

static void
explain_error(struct tlsio *io, unsigned long error)
{
	const char *reason = ERR_reason_error_string(error), *text;
	int code = ERR_GET_REASON(error);

	if (error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL) {
		if (code == SSL_R_HTTP_REQUEST) {
			tlsio_failed(io, "plain HTTP on a TLS port");
			io->cause = "http";
			return;
		}
		if (code == SSL_R_UNSUPPORTED_PROTOCOL) {
			snprintf(io->error, sizeof(io->error), "%s offers no "
			    "protocol of \"tls protocols\"", peer(io));
			io->cause = "protocol";
			return;
		}
		if (code == SSL_R_WRONG_VERSION_NUMBER && io->client) {
			tlsio_failed(io, "what the server answers is not "
			    "TLS");
			return;
		}
		if (code >= ALERT_BASE && reason != NULL) {
			explain_alert(io, code - ALERT_BASE, reason);
			return;
		}
	}
	if (error != 0 && reason != NULL)
		tlsio_failed(io, reason);
	else if ((text = tls_error(io->tls)) != NULL)
		tlsio_failed(io, after(text, " failed: "));
	else
		tlsio_failed(io, NULL);
}

/* Takes the queue: what failed in the verification comes before its word. */
static void
explain(struct tlsio *io)
{
	unsigned long error, first;

	for (first = 0; (error = ERR_get_error()) != 0;) {
		if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		    ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
			explain_verify(io);
			ERR_clear_error();
			return;
		}
		if (first == 0)
			first = error;
	}
	explain_error(io, first);
}

/* ---- The socket, for libtls ------------------------------------------- */

/*
 * One step at a time reads ahead, into this; what is left of it at the end of
 * the step moves to memory of its own.
 */
static uint8_t ahead[TLSIO_AHEAD];
static size_t aheadlen, aheadpos;

/* From a buffer that was filled before. */
static size_t
take(void *buf, size_t size, const uint8_t *from, size_t len, size_t *pos)
{
	size_t n = len - *pos;

	if (n > size)
		n = size;
	memcpy(buf, from + *pos, n);
	*pos += n;
	return (n);
}

static void
forget_kept(struct tlsio *io)
{
	free(io->kept);
	io->kept = NULL;
	io->keptlen = io->keptpos = 0;
}

static ssize_t
socket_read(struct tlsio *io, void *buf, size_t size)
{
	ssize_t n;

	n = read(io->fd, buf, size);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return (TLS_WANT_POLLIN);
	return (n);
}

static ssize_t
on_read(struct tls *tls, void *buf, size_t size, void *arg)
{
	struct tlsio *io = arg;
	ssize_t n;

	(void)tls;
	if (io->kept != NULL) {
		n = (ssize_t)take(buf, size, io->kept, io->keptlen,
		    &io->keptpos);
		if (io->keptpos == io->keptlen)
			forget_kept(io);
		return (n);
	}
	if (aheadpos == aheadlen) {
		/* The body of a long record goes where it belongs. */
		if (size >= sizeof(ahead))
			return (socket_read(io, buf, size));
		n = socket_read(io, ahead, sizeof(ahead));
		if (n <= 0)
			return (n);
		aheadpos = 0;
		aheadlen = (size_t)n;
	}
	return ((ssize_t)take(buf, size, ahead, aheadlen, &aheadpos));
}

static ssize_t
on_write(struct tls *tls, const void *buf, size_t size, void *arg)
{
	struct tlsio *io = arg;
	ssize_t n;

	(void)tls;
	n = write(io->fd, buf, size);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return (TLS_WANT_POLLOUT);
	return (n);
}

/* A step is over: the next may be another connection's. */
static enum tlsio_result
keep(struct tlsio *io, enum tlsio_result result)
{
	size_t n = aheadlen - aheadpos;
	const uint8_t *from = ahead + aheadpos;

	if (n == 0)
		return (result);
	aheadlen = aheadpos = 0;
	if ((io->kept = malloc(n)) == NULL)
		return (tlsio_failed(io, "out of memory"));
	memcpy(io->kept, from, n);
	io->keptlen = n;
	io->keptpos = 0;
	return (result);
}

int
tlsio_accept(struct tlsio *io, struct tls *context)
{
	ERR_clear_error();
	return (tls_accept_cbs(context, &io->tls, on_read, on_write, io));
}

int
tlsio_connect(struct tlsio *io, struct tls *tls, const char *name)
{
	ERR_clear_error();
	if (tls_connect_cbs(tls, on_read, on_write, io, name) == -1)
		return (-1);
	io->tls = tls;
	return (0);
}

void
tlsio_clear(struct tlsio *io)
{
	tls_free(io->tls);
	io->tls = NULL;
	io->verifier = NULL;
	forget_kept(io);
}

bool
tlsio_has_kept(const struct tlsio *io)
{
	return (io->kept != NULL);
}

#define LAST_READS	8

/* Where last words are read into. */
static uint8_t last[TLSIO_MAX];

/* ---- Steps ------------------------------------------------------------ */

static enum tlsio_result
tls_result(struct tlsio *io, ssize_t n)
{
	bool gone;

	if (n == TLS_WANT_POLLIN)
		return (TLSIO_WANT_IN);
	if (n == TLS_WANT_POLLOUT)
		return (TLSIO_WANT_OUT);
	if (n >= 0)
		return (TLSIO_DONE);
	gone = is_gone(io);
	explain(io);
	return (gone ? TLSIO_EOF : TLSIO_FAILED);
}

static enum tlsio_result
plain_result(struct tlsio *io, ssize_t n, enum tlsio_result want)
{
	if (n >= 0)
		return (TLSIO_DONE);
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return (want);
	tlsio_failed(io, strerror(errno));
	if (errno == ECONNRESET || errno == EPIPE)
		return (TLSIO_EOF);
	return (TLSIO_FAILED);
}

enum tlsio_result
tlsio_handshake(struct tlsio *io)
{
	/* The queue of errors is one for all: each step begins with none. */
	ERR_clear_error();
	return (keep(io, tls_result(io, tls_handshake(io->tls))));
}

enum tlsio_result
tlsio_read(struct tlsio *io, void *buf, size_t size, size_t *len)
{
	enum tlsio_result result;
	ssize_t n;

	if (io->tls == NULL)
		return (tlsio_read_raw(io, buf, size, len));
	/* libtls empties the queue of errors itself, here and to write. */
	n = tls_read(io->tls, buf, size);
	*len = n > 0 ? (size_t)n : 0;
	result = keep(io, tls_result(io, n));
	return (n == 0 ? TLSIO_EOF : result);
}

enum tlsio_result
tlsio_read_raw(struct tlsio *io, void *buf, size_t size, size_t *len)
{
	ssize_t n;

	n = recv(io->fd, buf, size, 0);
	*len = n > 0 ? (size_t)n : 0;
	return (n == 0 ? TLSIO_EOF : plain_result(io, n, TLSIO_WANT_IN));
}

enum tlsio_result
tlsio_write(struct tlsio *io, const void *buf, size_t size, size_t *len)
{
	enum tlsio_result result;
	ssize_t n;

	if (io->tls != NULL) {
		n = tls_write(io->tls, buf, size);
		result = keep(io, tls_result(io, n));
	} else {
		n = send(io->fd, buf, size, MSG_NOSIGNAL);
		result = plain_result(io, n, TLSIO_WANT_OUT);
	}
	*len = n > 0 ? (size_t)n : 0;
	return (result);
}

void
tlsio_last_words(struct tlsio *io)
{
	unsigned long error;
	int i;

	if (io->tls == NULL)
		return;
	/* What it sent before the alert is of no more use to anybody. */
	for (i = 0; i < LAST_READS; i++) {
		ERR_clear_error();
		if (tls_read(io->tls, last, sizeof(last)) <= 0)
			break;
	}
	aheadlen = aheadpos = 0;
	error = ERR_peek_error();
	if (error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    ERR_GET_REASON(error) >= ALERT_BASE)
		explain(io);
	ERR_clear_error();
}

enum tlsio_result
tlsio_notify(struct tlsio *io)
{
	int n;

	if (io->tls == NULL)
		return (TLSIO_DONE);
	ERR_clear_error();
	n = tls_close(io->tls);
	aheadlen = aheadpos = 0;
	if (n == TLS_WANT_POLLIN)
		return (TLSIO_WANT_IN);
	return (n == TLS_WANT_POLLOUT ? TLSIO_WANT_OUT : TLSIO_DONE);
}
