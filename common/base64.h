/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Standard alphabet with padding, RFC 4648 section 4, read strictly: no
 * white space, no missing or extra padding, unused bits zero.  Works between
 * the caller's buffers alone (keyd decodes private keys with it) and touches
 * no heap.  out must have room for base64_size(len) bytes.  Returns the
 * number of bytes, or -1.
 */
size_t	base64_size(size_t len);
ssize_t	base64_decode(uint8_t *out, const char *, size_t len);

/*
 * The reverse, in the same form; it does not look up what may be a private
 * key either.  Writes base64_encoded_size(len) bytes, the NUL that ends them
 * among these; len is at most SIZE_MAX / 2.
 */
size_t	base64_encoded_size(size_t len);
void	base64_encode(char *out, const uint8_t *, size_t len);

#endif /* COMMON_BASE64_H */
