/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: opsign/txdecode.o opsign/rlpread.o keyd/tx.o keyd/rlp.o
 * keyd/keccak.o common/u256.o
 */

/* max_len: 70000 */

/*
 * What a signer sends as a signed transaction.  There is one encoding of each:
 * what is taken and encoded again, by keyd's encoder, is the same bytes, with
 * the same digest; and what that encoder makes of any fields is taken.
 */

#include "keyd/keccak.h"
#include "opsign/txdecode.h"
#include "regress/fuzz/maketx.h"

static void
check_again(const struct txsigned *t, const uint8_t *raw, size_t len)
{
	uint8_t	 hash[HASH_SIZE];
	uint8_t	*again;
	size_t	 n;

	must(t->tx.type == raw[0] && t->sig.v <= 1);
	must(tx_type(&t->tx) == t->tx.type);
	must(tx_encode(&t->tx, &t->sig, &again, &n) == 0);
	must(n == len && memcmp(again, raw, len) == 0);
	keccak256(hash, again, n);
	must(memcmp(hash, t->hash, sizeof(hash)) == 0);
	free(again);
	must(tx_encode(&t->tx, NULL, &again, &n) == 0);
	keccak256(hash, again, n);
	must(memcmp(hash, t->digest, sizeof(hash)) == 0);
	free(again);
}

/* In a buffer of its own size: a read past the end is seen. */
static bool
decodes(const uint8_t *data, size_t size)
{
	struct txsigned	 t;
	uint8_t		*raw = fuzz_copy(data, size);
	const char	*why;

	if ((why = txdecode(&t, raw, size)) == NULL)
		check_again(&t, raw, size);
	else
		must(why[0] != '\0');
	txdecode_clear(&t);
	free(raw);
	return (why == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take		 t = { data, size };
	struct signature	 sig;
	struct maketx		 m;
	struct tx		 tx;
	uint8_t			*raw;
	size_t			 len;

	(void)decodes(data, size);
	make_tx(&t, &tx, &m);
	take_bytes(&t, sig.r, sizeof(sig.r));
	take_bytes(&t, sig.s, sizeof(sig.s));
	sig.v = take_u8(&t) & 1;
	/* The encoder takes both; there is no type that has them. */
	if (tx.has & TX_AUTHLIST)
		tx.has &= ~(uint32_t)TX_BLOBHASHES;
	must(tx_encode(&tx, &sig, &raw, &len) == 0);
	must(decodes(raw, len));
	/* No other one begins as it does. */
	must(!decodes(raw, len - 1));
	free(raw);
	return (0);
}
