/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_DER_H
#define KEYD_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The part of DER (X.690) that key files need, read strictly: tags of one
 * byte, definite lengths in their shortest form, contents that end where the
 * length says.  Nothing is copied: what is taken points into the input.
 */
#define DER_INTEGER	0x02
#define DER_BITSTRING	0x03
#define DER_OCTETSTRING	0x04
#define DER_NULL	0x05
#define DER_OID		0x06
#define DER_SEQUENCE	0x30
#define DER_EXPLICIT(n)	(0xa0 | (n))	/* constructed [n] */
#define DER_IMPLICIT(n)	(0x80 | (n))	/* primitive [n] */

struct der {
	const uint8_t	*p;
	size_t		 len;
};

/* The next element has this tag; false at the end. */
bool	 der_is(const struct der *, uint8_t tag);
bool	 der_equal(const struct der *, const void *, size_t);
/*
 * Take the next element, which must have this tag, off the front.  -1 if it
 * does not or is malformed; then neither struct has a meaning.
 */
int	 der_take(struct der *from, uint8_t tag, struct der *content);
/* INTEGER of 0 or more, as big endian bytes without leading zeros. */
int	 der_take_uint(struct der *from, struct der *bytes);
/* BIT STRING (or what is tagged so) of whole bytes. */
int	 der_take_bits(struct der *from, uint8_t tag, struct der *bytes);

#endif /* KEYD_DER_H */
