/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <tls.h>

#include "common/tlsio.h"

enum tlsio_result
tlsio_failed(struct tlsio *io, const char *text)
{
	snprintf(io->error, sizeof(io->error), "%s",
	    text != NULL ? text : "unknown failure");
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

static enum tlsio_result
tls_result(struct tlsio *io, ssize_t n)
{
	if (n == TLS_WANT_POLLIN)
		return (TLSIO_WANT_IN);
	if (n == TLS_WANT_POLLOUT)
		return (TLSIO_WANT_OUT);
	if (n >= 0)
		return (TLSIO_DONE);
	tlsio_failed(io, tls_error(io->tls));
	return (is_gone(io) ? TLSIO_EOF : TLSIO_FAILED);
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
	return (tls_result(io, tls_handshake(io->tls)));
}

enum tlsio_result
tlsio_read(struct tlsio *io, void *buf, size_t size, size_t *len)
{
	enum tlsio_result result;
	ssize_t n;

	if (io->tls == NULL)
		return (tlsio_read_raw(io, buf, size, len));
	ERR_clear_error();
	n = tls_read(io->tls, buf, size);
	*len = n > 0 ? (size_t)n : 0;
	result = tls_result(io, n);
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
		ERR_clear_error();
		n = tls_write(io->tls, buf, size);
		result = tls_result(io, n);
	} else {
		n = send(io->fd, buf, size, MSG_NOSIGNAL);
		result = plain_result(io, n, TLSIO_WANT_OUT);
	}
	*len = n > 0 ? (size_t)n : 0;
	return (result);
}

enum tlsio_result
tlsio_notify(struct tlsio *io)
{
	int n;

	if (io->tls == NULL)
		return (TLSIO_DONE);
	ERR_clear_error();
	n = tls_close(io->tls);
	if (n == TLS_WANT_POLLIN)
		return (TLSIO_WANT_IN);
	return (n == TLS_WANT_POLLOUT ? TLSIO_WANT_OUT : TLSIO_DONE);
}
