/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/keyfile.o keyd/keyfile_error.o keyd/eckey.o keyd/der.o
 * keyd/sign.o keyd/keccak.o common/secret.o common/base64.o common/hex.o
 * common/u256.o
 * libs: libsecp256k1
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base64.h"
#include "keyd/keyfile.h"
#include "regress/unit/secrets_util.h"

/*
 * Key structures in the ways in which suites such as Wycheproof bend them:
 * scalars and points at the ends of their ranges, and DER as BER would have
 * it.  In hexadecimal, put together from these parts.
 */
#define ZEROS31	"00000000000000000000000000000000000000000000000000000000000000"
#define ONE	ZEROS31 "01"
#define N_LOW	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd03641"
#define GX	"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define GY	"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
/* Of the key n - 1: -G. */
#define MINUS_GY \
	"b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777"
#define CURVE	"a00706052b8104000a"
#define POINT	"a14403420004" GX GY
#define EC	"06072a8648ce3d0201"
#define NAMED	"06052b8104000a"

#define SEC1	"EC PRIVATE KEY"
#define PKCS8	"PRIVATE KEY"

struct key_case {
	const char		*name;
	const char		*label;
	const char		*der;
	enum keyfile_error	 error;
	const char		*secret;	/* of a good one */
};

static const struct key_case cases[] = {
	{ "one", SEC1, "30740201010420" ONE CURVE POINT, KEYFILE_OK, ONE },
	{ "n - 1", SEC1, "30740201010420" N_LOW "40" CURVE
	    "a14403420004" GX MINUS_GY, KEYFILE_OK, N_LOW "40" },
	{ "n - 1 without its point", SEC1, "302e0201010420" N_LOW "40" CURVE,
	    KEYFILE_OK, N_LOW "40" },
	{ "n - 1, the point of 1", SEC1, "30740201010420" N_LOW "40" CURVE
	    POINT, KEYFILE_MISMATCH, NULL },
	{ "n", SEC1, "302e0201010420" N_LOW "41" CURVE, KEYFILE_RANGE, NULL },
	{ "n + 1, which is 1", SEC1, "302e0201010420" N_LOW "42" CURVE,
	    KEYFILE_RANGE, NULL },
	{ "n + 1, the point of 1", SEC1, "30740201010420" N_LOW "42" CURVE
	    POINT, KEYFILE_RANGE, NULL },
	{ "2^256 - 1", SEC1, "302e0201010420ffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff" CURVE, KEYFILE_RANGE, NULL },
	{ "zero", SEC1, "302e0201010420" ZEROS31 "00" CURVE, KEYFILE_RANGE,
	    NULL },
	{ "no bytes for zero", SEC1, "300e0201010400" CURVE, KEYFILE_DER,
	    NULL },
	{ "one in one byte", SEC1, "300f020101040101" CURVE, KEYFILE_DER,
	    NULL },
	{ "a zero before n - 1", SEC1, "302f020101042100" N_LOW "40" CURVE,
	    KEYFILE_DER, NULL },
	{ "the scalar as an INTEGER", SEC1, "302e0201010220" ONE CURVE,
	    KEYFILE_DER, NULL },
	{ "the scalar in pieces", SEC1, "30320201012424" "0410"
	    "00000000000000000000000000000000" "0410"
	    "00000000000000000000000000000001" CURVE, KEYFILE_DER, NULL },

	{ "version -1", SEC1, "302e0201ff0420" ONE CURVE, KEYFILE_DER, NULL },
	{ "version 00 01", SEC1, "302f020200010420" ONE CURVE, KEYFILE_DER,
	    NULL },
	{ "version of 65 bits", SEC1, "303602090100000000000000010420" ONE
	    CURVE, KEYFILE_VERSION, NULL },

	{ "a hybrid point of the right sign", SEC1, "30740201010420" ONE
	    CURVE "a14403420006" GX GY, KEYFILE_OK, ONE },
	{ "a hybrid point of the wrong sign", SEC1, "30740201010420" ONE
	    CURVE "a14403420007" GX GY, KEYFILE_MISMATCH, NULL },
	{ "a compressed point", SEC1, "30540201010420" ONE CURVE
	    "a124032200" "02" GX, KEYFILE_OK, ONE },
	{ "a compressed point of the other sign", SEC1, "30540201010420" ONE
	    CURVE "a124032200" "03" GX, KEYFILE_MISMATCH, NULL },
	{ "a compressed point as 04", SEC1, "30540201010420" ONE CURVE
	    "a124032200" "04" GX, KEYFILE_MISMATCH, NULL },
	{ "the point at infinity", SEC1, "30340201010420" ONE CURVE
	    "a10403020000", KEYFILE_DER, NULL },
	{ "x of p", SEC1, "30540201010420" ONE CURVE "a12403220002"
	    "ffffffffffffffffffffffffffffffff"
	    "fffffffffffffffffffffffefffffc2f", KEYFILE_MISMATCH, NULL },
	{ "y of no point", SEC1, "30740201010420" ONE CURVE "a14403420004" GX
	    GX, KEYFILE_MISMATCH, NULL },
	{ "a point and a byte", SEC1, "30750201010420" ONE CURVE
	    "a14503430004" GX GY "00", KEYFILE_DER, NULL },
	{ "seven unused bits", SEC1, "30740201010420" ONE CURVE
	    "a14403420704" GX GY, KEYFILE_DER, NULL },
	{ "a point without [1]", SEC1, "30720201010420" ONE CURVE
	    "03420004" GX GY, KEYFILE_DER, NULL },
	{ "a point in primitive [1]", SEC1, "30720201010420" ONE CURVE
	    "81420004" GX GY, KEYFILE_DER, NULL },

	{ "secp256r1", SEC1, "30310201010420" ONE "a00a06082a8648ce3d030107",
	    KEYFILE_CURVE, NULL },
	{ "secp256k1 and an arc more", SEC1, "302f0201010420" ONE
	    "a00806062b8104000a00", KEYFILE_CURVE, NULL },
	{ "secp256k1, an arc with a leading 80", SEC1, "302f0201010420" ONE
	    "a00806062b810400800a", KEYFILE_CURVE, NULL },
	{ "the next arc", SEC1, "302e0201010420" ONE "a00706052b8104000b",
	    KEYFILE_CURVE, NULL },
	{ "a name of no bytes", SEC1, "30290201010420" ONE "a0020600",
	    KEYFILE_CURVE, NULL },
	{ "something after the name", SEC1, "30300201010420" ONE
	    "a00906052b8104000a0500", KEYFILE_DER, NULL },

	{ "long form for 46", SEC1, "30812e0201010420" ONE CURVE, KEYFILE_DER,
	    NULL },
	{ "longer form for 46", SEC1, "3082002e0201010420" ONE CURVE,
	    KEYFILE_DER, NULL },
	{ "longest form for 46", SEC1, "30840000002e0201010420" ONE CURVE,
	    KEYFILE_DER, NULL },
	{ "long form for the scalar", SEC1, "302f020101048120" ONE CURVE,
	    KEYFILE_DER, NULL },
	{ "indefinite, with an end", SEC1, "30800201010420" ONE CURVE "0000",
	    KEYFILE_DER, NULL },
	{ "reserved length", SEC1, "30ff0201010420" ONE CURVE, KEYFILE_DER,
	    NULL },
	{ "a length of 2^64 - 1", SEC1, "3088ffffffffffffffff0201010420" ONE
	    CURVE, KEYFILE_DER, NULL },
	{ "a SET", SEC1, "312e0201010420" ONE CURVE, KEYFILE_DER, NULL },
	{ "a tag of two bytes", SEC1, "3f102e0201010420" ONE CURVE,
	    KEYFILE_DER, NULL },
	{ "zeros after it", SEC1, "302e0201010420" ONE CURVE "0000",
	    KEYFILE_DER, NULL },
	{ "NULL in it", SEC1, "30300201010420" ONE CURVE "0500", KEYFILE_DER,
	    NULL },
	{ "twice", SEC1, "302e0201010420" ONE CURVE "302e0201010420" ONE
	    CURVE, KEYFILE_DER, NULL },

	{ "PKCS 8", PKCS8, "303e0201003010" EC NAMED "042730250201010420" ONE,
	    KEYFILE_OK, ONE },
	{ "PKCS 8, n", PKCS8, "303e0201003010" EC NAMED "042730250201010420"
	    N_LOW "41", KEYFILE_RANGE, NULL },
	{ "PKCS 8, 31 bytes", PKCS8, "303d0201003010" EC NAMED
	    "04263024020101041f" ZEROS31, KEYFILE_DER, NULL },
	{ "PKCS 8, version -1", PKCS8, "303e0201ff3010" EC NAMED
	    "042730250201010420" ONE, KEYFILE_DER, NULL },
	{ "PKCS 8, version 00 00", PKCS8, "303f020200003010" EC NAMED
	    "042730250201010420" ONE, KEYFILE_DER, NULL },
	{ "PKCS 8, no inner key", PKCS8, "30170201003010" EC NAMED "0400",
	    KEYFILE_DER, NULL },
	{ "PKCS 8, the scalar itself", PKCS8, "30370201003010" EC NAMED
	    "0420" ONE, KEYFILE_DER, NULL },
	{ "PKCS 8, long form for the inner key", PKCS8, "303f0201003010" EC
	    NAMED "04812730250201010420" ONE, KEYFILE_DER, NULL },
	{ "PKCS 8, ecPublicKey and an arc more", PKCS8, "303f0201003011"
	    "06082a8648ce3d020100" NAMED "042730250201010420" ONE,
	    KEYFILE_ALGORITHM, NULL },
	{ "PKCS 8, secp256r1", PKCS8, "30410201003013" EC
	    "06082a8648ce3d030107" "042730250201010420" ONE, KEYFILE_CURVE,
	    NULL },
	{ "PKCS 8, attributes alone", PKCS8, "30400201003010" EC NAMED
	    "042730250201010420" ONE "a000", KEYFILE_OK, ONE },
	{ "PKCS 8, attributes twice", PKCS8, "30420201003010" EC NAMED
	    "042730250201010420" ONE "a000a000", KEYFILE_DER, NULL },
};

#define NCASES	(sizeof(cases) / sizeof(cases[0]))

/* The PEM file of those bytes. */
static size_t
make_pem(char *text, size_t size, const char *label, const char *hex)
{
	uint8_t	 der[512];
	char	 base64[1024];
	size_t	 i, n = strlen(hex) / 2;

	assert_true(n <= sizeof(der) && strlen(hex) % 2 == 0);
	for (i = 0; i < n; i++)
		der[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 |
		    hex_digit(hex[2 * i + 1]));
	assert_true(base64_encoded_size(n) <= sizeof(base64));
	base64_encode(base64, der, n);
	return ((size_t)snprintf(text, size, "-----BEGIN %s-----\n%s\n"
	    "-----END %s-----\n", label, base64, label));
}

static void
run_case(const struct key_case *c)
{
	struct keyfile		 kf;
	enum keyfile_error	 error;
	uint8_t			 secret[SECRET_SIZE];
	char			 text[2048], hex[2 + 2 * SECRET_SIZE + 1];
	size_t			 len;
	int			 fd[2];

	len = make_pem(text, sizeof(text), c->label, c->der);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], text, len), len);
	close(fd[1]);
	error = keyfile_read(&kf, fd[0]);
	close(fd[0]);
	if (error != c->error)
		fail_msg("%s: %s", c->name, keyfile_strerror(error));
	if (error != KEYFILE_OK) {
		assert_null(kf.secret);
		return;
	}
	snprintf(hex, sizeof(hex), "0x%s", c->secret);
	unhex(secret, hex, sizeof(secret));
	if (memcmp(kf.secret, secret, sizeof(secret)) != 0)
		fail_msg("%s: another key", c->name);
	secret_free(kf.secret, SECRET_SIZE);
}

static void
test_cases(void **state)
{
	size_t	 i;

	(void)state;
	for (i = 0; i < NCASES; i++)
		run_case(&cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return (cmocka_run_group_tests_name("keyvectors", tests, secrets_setup,
	    secrets_teardown));
}
