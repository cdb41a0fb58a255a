/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_TLSPEM_H
#define COMMON_TLSPEM_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>

/* PEM texts in memory, as OpenSSL is to read them. */

/*
 * A pem_password_cb: OpenSSL would ask the terminal for the password of an
 * encrypted block, whatever is in it.
 */
static inline int
tlspem_no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return (0);
}

/* To be freed with BIO_free().  NULL also where the text is empty. */
static inline BIO *
tlspem_open(const uint8_t *text, size_t len)
{
	return (len > 0 && len <= INT_MAX ?
	    BIO_new_mem_buf(text, (int)len) : NULL);
}

#endif /* COMMON_TLSPEM_H */
