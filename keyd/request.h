/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef KEYD_REQUEST_H
#define KEYD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/u256.h"

/*
 * What keyd can be asked for, as decoded from a message: a client's name, a
 * method and its fields, each marked as present or not.  Nothing here has
 * been checked beyond its encoding.
 */
#define ADDRESS_SIZE	20
#define HASH_SIZE	32
#define CLIENT_MAX	253	/* bytes of a DNS name */

enum request_method {
	METHOD_TRANSACTION = 1,
	METHOD_PAYLOAD = 2
};

/* Bits of tx.has. */
#define TX_FROM			(1U << 0)
#define TX_TO			(1U << 1)
#define TX_GAS			(1U << 2)
#define TX_GASPRICE		(1U << 3)	/* value not carried */
#define TX_MAXFEE		(1U << 4)
#define TX_MAXPRIORITYFEE	(1U << 5)
#define TX_VALUE		(1U << 6)
#define TX_NONCE		(1U << 7)
#define TX_DATA			(1U << 8)
#define TX_INPUT		(1U << 9)
#define TX_ACCESSLIST		(1U << 10)
#define TX_CHAINID		(1U << 11)
#define TX_BLOBHASHES		(1U << 12)
#define TX_MAXBLOBFEE		(1U << 13)
#define TX_AUTHLIST		(1U << 14)
#define TX_TYPE			(1U << 15)
#define TX_HASBITS		((1U << 16) - 1)

/* An entry of an access list (EIP-2930). */
struct tx_access {
	uint8_t		 address[ADDRESS_SIZE];
	size_t		 nkeys;
	const uint8_t	*keys;		/* nkeys times HASH_SIZE bytes */
};

/* A signed authorization (EIP-7702). */
struct tx_auth {
	struct u256	 chain_id;
	uint8_t		 address[ADDRESS_SIZE];
	uint64_t	 nonce;
	uint8_t		 y_parity;
	struct u256	 r;
	struct u256	 s;
};

struct tx {
	uint32_t	 has;		/* TX_ bits */
	uint8_t		 from[ADDRESS_SIZE];
	uint8_t		 to[ADDRESS_SIZE];
	uint64_t	 gas;
	uint64_t	 nonce;
	uint64_t	 type;
	struct u256	 max_fee;		/* per gas, wei */
	struct u256	 max_priority_fee;
	struct u256	 max_blob_fee;
	struct u256	 value;
	struct u256	 chain_id;
	const uint8_t	*data;
	size_t		 datalen;
	const uint8_t	*input;
	size_t		 inputlen;
	struct tx_access *access;
	size_t		 naccess;
	const uint8_t	*blobs;			/* nblobs * HASH_SIZE bytes */
	size_t		 nblobs;
	struct tx_auth	*auths;
	size_t		 nauths;
};

/* Bits of payload.has. */
#define PAYLOAD_SENDER		(1U << 0)
#define PAYLOAD_CHAIN		(1U << 1)
#define PAYLOAD_CHAINRANGE	(1U << 2)	/* given, but over 256 bits */
#define PAYLOAD_HASH		(1U << 3)
#define PAYLOAD_HASHLENGTH	(1U << 4)	/* given, but not 32 bytes */
#define PAYLOAD_HASBITS		((1U << 5) - 1)

struct payload {
	uint32_t	 has;		/* PAYLOAD_ bits */
	uint8_t		 domain[HASH_SIZE];	/* zeros where absent */
	struct u256	 chain_id;
	uint8_t		 hash[HASH_SIZE];
	uint8_t		 sender[ADDRESS_SIZE];
};

struct request {
	uint64_t		 id;		/* the asker's own */
	uint64_t		 deadline;	/* clock_us() */
	uint32_t		 via;		/* as in struct rule */
	char			 client[CLIENT_MAX + 1];
	enum request_method	 method;
	union {
		struct tx	 tx;
		struct payload	 payload;
	};
};

/*
 * Why a request was not signed.  Values, not texts, travel between the
 * processes; refusal_code() and refusal_text() give what clients see.
 */
enum refusal {
	REFUSAL_NONE,
	/* No rule of this client: -32000. */
	REFUSAL_FORBIDDEN,
	/* Arguments of a transaction: -32010. */
	REFUSAL_GAS,
	REFUSAL_GASPRICE,
	REFUSAL_FEES,
	REFUSAL_FEEORDER,
	REFUSAL_NONCE,
	REFUSAL_DATAINPUT,
	REFUSAL_CREATION,
	REFUSAL_CHAIN,
	REFUSAL_BLOBSEMPTY,
	REFUSAL_BLOBFEE,
	REFUSAL_NOBLOBS,
	REFUSAL_AUTHSEMPTY,
	REFUSAL_CHAINZERO,
	REFUSAL_BLOBTO,
	REFUSAL_AUTHTO,
	REFUSAL_BLOBAUTH,
	REFUSAL_TYPE,
	/* Policy, for a transaction: -32010, then -32011. */
	REFUSAL_FROM,
	REFUSAL_METHOD,
	REFUSAL_TXCHAIN,
	REFUSAL_TO,
	REFUSAL_VALUE,
	REFUSAL_FEE,
	/* Arguments of a payload: -32012. */
	REFUSAL_PCHAIN,
	REFUSAL_PCHAINRANGE,
	REFUSAL_PHASH,
	REFUSAL_PHASHLENGTH,
	/* Policy, for a payload: -32013. */
	REFUSAL_CHAINID,
	REFUSAL_DOMAIN,
	/* Neither the request's nor the policy's fault: answered with 503. */
	REFUSAL_DEADLINE,	/* it came too late to be looked at */
	REFUSAL_INTERNAL,	/* signing failed or did not verify */
	REFUSAL_AUDIT,		/* it could not be recorded now */
	REFUSAL_MAX
};

/* JSON-RPC error code (section "eth_signTransaction" of the protocol). */
int		 refusal_code(enum refusal);
/*
 * The message that a client gets, and a short name for logs.  FORBIDDEN and
 * FEEORDER hold a value: their text here is without it.
 */
const char	*refusal_text(enum refusal);
const char	*refusal_name(enum refusal);

#endif /* KEYD_REQUEST_H */
