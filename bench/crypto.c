/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * What libsecp256k1 alone costs here, on one core: signing as keyd does, with
 * a randomized context and RFC 6979; verifying; recovering the key, which
 * verifies as well; and a pair, signing and then verifying, which costs more
 * than the sum of many of one kind: each finds the cache full of the other's
 * tables.
 *
 * objects: keyd/keccak.o
 * libs: libsecp256k1
 */

#include <sys/random.h>

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "keyd/keccak.h"

#define BLOCK	16		/* of one kind, before the next */

enum work { SIGN, VERIFY, RECOVER, PAIR, WORKS };

struct spent {
	double	wall;		/* seconds */
	double	cpu;
};

static secp256k1_context *context;
static secp256k1_pubkey pubkey;
static uint8_t secret[32];
static uint8_t digests[BLOCK][KECCAK_SIZE];
static secp256k1_ecdsa_recoverable_signature signatures[BLOCK];

static double
seconds(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) == -1)
		err(1, "clock_gettime");
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
prepare(void)
{
	uint8_t seed[32];

	context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	if (getentropy(seed, sizeof(seed)) == -1)
		err(1, "getentropy");
	if (!secp256k1_context_randomize(context, seed))
		errx(1, "cannot randomize");
	keccak256(secret, seed, sizeof(seed));
	if (!secp256k1_ec_pubkey_create(context, &pubkey, secret))
		errx(1, "not a key");
}

static int
sign_one(size_t i)
{
	return (secp256k1_ecdsa_sign_recoverable(context, &signatures[i],
	    digests[i], secret, secp256k1_nonce_function_rfc6979, NULL));
}

static int
verify_one(size_t i)
{
	secp256k1_ecdsa_signature plain;

	return (secp256k1_ecdsa_recoverable_signature_convert(context, &plain,
	    &signatures[i]) && secp256k1_ecdsa_verify(context, &plain,
	    digests[i], &pubkey));
}

static int
recover_one(size_t i)
{
	secp256k1_pubkey found;

	return (secp256k1_ecdsa_recover(context, &found, &signatures[i],
	    digests[i]) && secp256k1_ec_pubkey_cmp(context, &found,
	    &pubkey) == 0);
}

static int
pair_one(size_t i)
{
	return (sign_one(i) && verify_one(i));
}

static void
block(enum work w, struct spent *spent)
{
	static int (*const one[WORKS])(size_t) = {
		sign_one, verify_one, recover_one, pair_one
	};
	double wall = seconds(CLOCK_MONOTONIC);
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	size_t i;

	for (i = 0; i < BLOCK; i++)
		if (!one[w](i))
			errx(1, "libsecp256k1 failed");
	spent->wall += seconds(CLOCK_MONOTONIC) - wall;
	spent->cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

static void
show(const char *name, const struct spent *spent, double n)
{
	printf("\"%s_us\":%.3f,\"%s_cpu_us\":%.3f,", name,
	    spent->wall / n * 1e6, name, spent->cpu / n * 1e6);
}

int
main(int argc, char **argv)
{
	struct spent spent[WORKS];
	double until, ms;
	uint64_t n;
	size_t i;
	int w;

	ms = argc == 2 ? strtod(argv[1], NULL) : 0;
	if (ms < 1)
		errx(2, "usage: crypto milliseconds");
	memset(spent, 0, sizeof(spent));
	prepare();
	until = seconds(CLOCK_MONOTONIC) + ms / 1e3;
	for (n = 0; n == 0 || seconds(CLOCK_MONOTONIC) < until; n += BLOCK) {
		for (i = 0; i < BLOCK; i++)
			keccak256(digests[i], digests[(i + 1) % BLOCK],
			    KECCAK_SIZE);
		for (w = 0; w < WORKS; w++)
			block((enum work)w, &spent[w]);
	}
	printf("{");
	show("sign", &spent[SIGN], (double)n);
	show("verify", &spent[VERIFY], (double)n);
	show("recover", &spent[RECOVER], (double)n);
	show("pair", &spent[PAIR], (double)n);
	printf("\"count\":%llu}\n", (unsigned long long)n);
	secp256k1_context_destroy(context);
	return (0);
}
