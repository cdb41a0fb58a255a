/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stddef.h>

#include <openssl/ssl.h>

#include "common/tlsidle.h"

/*
 * libtls has no call for it and does not give out its SSL; but whoever has
 * data of his own with each SSL is told of each new one.
 */
static void
on_new(void *ssl, void *data, CRYPTO_EX_DATA *all, int index, long l, void *p)
{
	(void)data;
	(void)all;
	(void)index;
	(void)l;
	(void)p;
	(void)SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
}

int
tlsidle_init(void)
{
	return (SSL_get_ex_new_index(0, NULL, on_new, NULL, NULL) == -1 ? -1 :
	    0);
}
