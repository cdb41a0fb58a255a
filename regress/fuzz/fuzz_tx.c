/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/tx.o keyd/rlp.o keyd/sign.o keyd/keccak.o common/secret.o
 * common/u256.o
 * libs: libsecp256k1
 */

/* max_len: 70000 */

#include "common/secret.h"
#include "keyd/keccak.h"
#include "keyd/sign.h"
#include "regress/fuzz/maketx.h"
#include "regress/fuzz/txread.h"

/*
 * Transactions of all types, as keyd makes, hashes and signs them: what is
 * encoded reads back as what was asked for, and the signature leads to the
 * key.
 */

static struct sign_key	 key;

/* As a 320-bit sum, least significant digit first. */
static void
add_product(uint32_t sum[12], const struct u256 *n, uint64_t by)
{
	uint64_t	 carry;
	uint32_t	 digit, factor;
	size_t		 i, k;

	for (k = 0; k < 2; k++) {
		factor = (uint32_t)(by >> 32 * k);
		carry = 0;
		for (i = 0; i + k < 12; i++) {
			digit = 0;
			if (i < 8)
				digit = (uint32_t)n->b[31 - 4 * i] |
				    (uint32_t)n->b[30 - 4 * i] << 8 |
				    (uint32_t)n->b[29 - 4 * i] << 16 |
				    (uint32_t)n->b[28 - 4 * i] << 24;
			carry += (uint64_t)digit * factor + sum[i + k];
			sum[i + k] = (uint32_t)carry;
			carry >>= 32;
		}
	}
}

static void
check_cost(const struct tx *tx)
{
	uint32_t	 sum[12] = { 0 };
	struct u256	 cost, n;
	size_t		 i;
	int		 r;

	add_product(sum, &tx->max_fee, tx->gas);
	if (tx->has & TX_BLOBHASHES && !(tx->has & TX_AUTHLIST))
		add_product(sum, &tx->max_blob_fee, tx->nblobs * 131072);
	r = tx_max_cost(tx, &cost);
	must((r == -1) == ((sum[8] | sum[9] | sum[10] | sum[11]) != 0));
	for (i = 0; i < 32; i++)
		n.b[31 - i] = (uint8_t)(sum[i / 4] >> 8 * (i % 4));
	must(r == -1 || memcmp(&n, &cost, sizeof(n)) == 0);
}

/* In the words of the protocol: what a transaction that passes has. */
static void
check_passed(const struct tx *tx)
{
	size_t	 len;

	must(tx->has & TX_GAS && tx->has & TX_NONCE && tx->has & TX_CHAINID);
	must(tx->has & TX_MAXFEE && tx->has & TX_MAXPRIORITYFEE);
	must(!(tx->has & TX_GASPRICE));
	must(u256_cmp(&tx->max_fee, &tx->max_priority_fee) >= 0);
	must(!u256_is_zero(&tx->chain_id));
	tx_calldata(tx, &len);
	must(tx->has & TX_TO || (len > 0 && tx_type(tx) == 2));
	must(!(tx->has & TX_BLOBHASHES) || tx->nblobs > 0);
	must(!(tx->has & TX_AUTHLIST) || tx->nauths > 0);
	must(!(tx->has & TX_BLOBHASHES) == !(tx->has & TX_MAXBLOBFEE));
	must(!(tx->has & TX_BLOBHASHES) || !(tx->has & TX_AUTHLIST));
	must(!(tx->has & TX_TYPE) || tx->type == tx_type(tx));
}

static void
check_signed(const struct tx *tx)
{
	struct signature	 sig, read;
	uint8_t			 digest[HASH_SIZE], address[ADDRESS_SIZE];
	uint8_t			*raw, *again;
	size_t			 len, n;

	must(tx_encode(tx, NULL, &raw, &len) == 0);
	txread(raw, len, tx, NULL);
	keccak256(digest, raw, len);
	must(sign_digest(&key, digest, &sig) == 0);
	must(tx_encode(tx, &sig, &again, &n) == 0);
	txread(again, n, tx, &read);
	must(memcmp(&read, &sig, sizeof(sig)) == 0);
	must(sign_recover(digest, &read, address) == 0);
	must(memcmp(address, key.address, ADDRESS_SIZE) == 0);
	free(raw);
	free(again);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t	*secret;

	(void)argc;
	(void)argv;
	must(secret_init(4096) == 0 && sign_init() == 0);
	must((secret = secret_alloc(SECRET_SIZE)) != NULL);
	memset(secret, 0x5a, SECRET_SIZE);
	must(sign_key(&key, secret) == 0);
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take		 t = { data, size };
	struct signature	 sig, read;
	struct maketx		 m;
	struct tx		 tx;
	uint8_t			*raw;
	size_t			 len;

	make_tx(&t, &tx, &m);
	check_cost(&tx);
	if (tx_check(&tx) == REFUSAL_NONE) {
		check_passed(&tx);
		check_signed(&tx);
		return (0);
	}
	/* Its form does not hang on what it means; nor on the signature. */
	take_bytes(&t, sig.r, sizeof(sig.r));
	take_bytes(&t, sig.s, sizeof(sig.s));
	sig.v = take_u8(&t) & 1;
	must(tx_encode(&tx, &sig, &raw, &len) == 0);
	txread(raw, len, &tx, &read);
	must(memcmp(&read, &sig, sizeof(sig)) == 0);
	free(raw);
	return (0);
}
