/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYSTORE_VECTORS_H
#define REGRESS_UNIT_KEYSTORE_VECTORS_H

#include "keyd/keystore.h"

/*
 * V3 keystores with their passwords and keys: those of the definition, and
 * those by which implementations are tested.
 */
struct vector {
	const char		*name;
	const char		*text;
	const char		*password;
	const char		*secret;
};

static const struct vector vectors[] = {
	{ "the definition's, scrypt",
	    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\""
	    "iv\":\"83dbcc02d8ccb40e466191a123791e0e\"},\"ciphertext\":\""
	    "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde"
	    "479c\",\"kdf\":\"scrypt\",\"kdfparams\":{\"dklen\":32,\"n\":"
	    "262144,\"r\":1,\"p\":8,\"salt\":\"ab0c7876052600dd703518d6fc"
	    "3fe8984592145b591fc8fb5c6d43190334ba19\"},\"mac\":\"2103ac29"
	    "920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\"},"
	    "\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":"
	    "3}",
	    "testpassword",
	    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514"
	    "fe9d" },
	{ "the definition's, PBKDF2",
	    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\""
	    "iv\":\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":\""
	    "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869"
	    "aa46\",\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":262144,\"dkle"
	    "n\":32,\"prf\":\"hmac-sha256\",\"salt\":\"ae3cd4e7013836a3df"
	    "6bd7241b12db061dbe2c6785853cce422d148a624ce0bd\"},\"mac\":\""
	    "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205"
	    "e9b2\"},\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"ve"
	    "rsion\":3}",
	    "testpassword",
	    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514"
	    "fe9d" },
	{ "a key of 31 bytes",
	    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\""
	    "iv\":\"e0c41130a323adc1446fc82f724bca2f\"},\"ciphertext\":\""
	    "9517cd5bdbe69076f9bf5057248c6c050141e970efa36ce53692d5d59a39"
	    "84\",\"kdf\":\"scrypt\",\"kdfparams\":{\"dklen\":32,\"n\":2,"
	    "\"r\":8,\"p\":1,\"salt\":\"711f816911c92d649fb4c84b047915679"
	    "933555030b3552c1212609b38208c63\"},\"mac\":\"d5e116151c6aa71"
	    "470e67a7d42c9620c75c4d23229847dcc127794f0732b0db5\"},\"id\":"
	    "\"fecfc4ce-e956-48fd-953b-30f8b52ed66c\",\"version\":3}",
	    "foo",
	    "00fa7b3db73dc7dfdf8c5fbdb796d741e4488628c41fc4febd9160a866ba"
	    "0f35" },
	{ "a key of 30 bytes",
	    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\""
	    "iv\":\"3ca92af36ad7c2cd92454c59cea5ef00\"},\"ciphertext\":\""
	    "108b7d34f3442fc26ab1ab90ca91476ba6bfa8c00975a49ef9051dc675aa"
	    "\",\"kdf\":\"scrypt\",\"kdfparams\":{\"dklen\":32,\"n\":2,\""
	    "r\":8,\"p\":1,\"salt\":\"d0769e608fb86cda848065642a9c6fa0468"
	    "45c928175662b8e356c77f914cd3b\"},\"mac\":\"75d0e6759f7b3cefa"
	    "319c3be41680ab6beea7d8328653474bd06706d4cc67420\"},\"id\":\""
	    "a37e1559-5955-450d-8075-7b8931b392b2\",\"version\":3}",
	    "foo",
	    "000081c29e8142bb6a81bef5a92bda7a8328a5c85bb2f9542e76f9b0f94f"
	    "c018" },
	{ "members in another order, and one that is not known",
	    "{\"version\":3,\"crypto\":{\"ciphertext\":\"ee75456c006b1e46"
	    "8133c5d2a916bacd3cf515ced4d9b021b5c59978007d1e87\",\"version"
	    "\":1,\"kdf\":\"pbkdf2\",\"kdfparams\":{\"dklen\":32,\"c\":26"
	    "2144,\"prf\":\"hmac-sha256\",\"salt\":\"504490577620f64f43d7"
	    "3f29479c2cf0\"},\"mac\":\"196815708465de9af7504144a1360d0887"
	    "4fc3c30bb0e648ce88fbc36830d35d\",\"cipherparams\":{\"iv\":\""
	    "514ccc8c4fb3e60e5538e0cf1e27c233\"},\"cipher\":\"aes-128-ctr"
	    "\"},\"id\":\"98d193c7-5174-4c7c-5345-c1daf95477b5\"}",
	    "foo",
	    "010101010101010101010101010101010101010101010101010101010101"
	    "0101" },
	{ "a counter that runs over",
	    "{\"version\":3,\"crypto\":{\"ciphertext\":\"d69313b6470ac194"
	    "2f75d72ebf8818a0d484ac78478a132ee081cd954d6bd7a9\",\"cipherp"
	    "arams\":{\"iv\":\"ffffffffffffffffffffffffffffffff\"},\"kdf"
	    "\":\"pbkdf2\",\"kdfparams\":{\"dklen\":32,\"c\":262144,\"prf"
	    "\":\"hmac-sha256\",\"salt\":\"c82ef14476014cbf438081a42709e2"
	    "ed\"},\"mac\":\"cf6bfbcc77142a22c4a908784b4a16f1023a1d0e2aff"
	    "404c20158fa4f1587177\",\"cipher\":\"aes-128-ctr\",\"version"
	    "\":1},\"id\":\"abb67040-8dbe-0dad-fc39-2b082ef0ee5f\"}",
	    "bar",
	    "020202020202020202020202020202020202020202020202020202020202"
	    "0202" },
};

/* go-ethereum's, with an empty password, at the least cost. */
static const char light[] =
    "{\"address\":\"45dea0fb0bba44f4fcf290bba71fd57d7117cbb8\",\""
    "crypto\":{\"cipher\":\"aes-128-ctr\",\"ciphertext\":\"b87781"
    "948a1befd247bff51ef4063f716cf6c2d3481163e9a8f42e1f9bb74145\""
    ",\"cipherparams\":{\"iv\":\"dc4926b48a105133d2f16b96833abf1e"
    "\"},\"kdf\":\"scrypt\",\"kdfparams\":{\"dklen\":32,\"n\":2,"
    "\"p\":1,\"r\":8,\"salt\":\"004244bbdc51cadda545b1cfa43cff9ed"
    "2ae88e08c61f1479dbb45410722f8f0\"},\"mac\":\"39990c168455744"
    "7940d4c69e06b1b82b2aceacb43f284df65c956daf3046b85\"},\"id\":"
    "\"ce541d8d-c79b-40f8-9f8c-20f59616faba\",\"version\":3}";

/* A part of it, and what is wrong with something else in its place. */
static const struct {
	const char		*old;
	const char		*new;
	enum keystore_error	 error;
} broken[] = {
	{ "\"version\":3", "\"version\":1",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"version\":4",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"version\":\"3\"",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"version\":3.0",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"version\":-3",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"version\":null",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"version\":1000000000000000003",
	    KEYSTORE_VERSION },
	{ ",\"version\":3", "",
	    KEYSTORE_VERSION },
	{ "\"version\":3", "\"VERSION\":3",
	    KEYSTORE_VERSION },
	{ "\"version\":3}", "\"version\":3} ",
	    KEYSTORE_OK },
	{ "\"version\":3}", "\"version\":3}x",
	    KEYSTORE_JSON },
	{ "\"version\":3", "\"version\":3,\"version\":3",
	    KEYSTORE_JSON },
	{ "\"version\":3",
	    "\"version\":3,\"more\":{\"a\":[1,{\"b\":2}]}",
	    KEYSTORE_OK },
	{ "\"version\":3", "\"version\":3,\"more\":{\"a\":1,\"a\":2}",
	    KEYSTORE_JSON },
	{ "\"version\":3",
	    "\"version\":3,\"a\":[[[[[[[[1]]]]]]]]",
	    KEYSTORE_JSON },
	{ "{\"address\"", "[\"address\"",
	    KEYSTORE_JSON },
	{ "\"crypto\":{", "\"Crypto\":{",
	    KEYSTORE_OK },
	{ "\"crypto\":{", "\"CRYPTO\":{",
	    KEYSTORE_CRYPTO },
	{ "\"crypto\":{", "\"Crypto\":1,\"crypto\":{",
	    KEYSTORE_JSON },
	{ "\"crypto\":{\"cipher\"",
	    "\"crypto\":7,\"more\":{\"cipher\"",
	    KEYSTORE_CRYPTO },
	{ "\"aes-128-ctr\"", "\"aes-128-cbc\"",
	    KEYSTORE_CIPHER },
	{ "\"aes-128-ctr\"", "\"AES-128-CTR\"",
	    KEYSTORE_CIPHER },
	{ "\"aes-128-ctr\"", "128",
	    KEYSTORE_CIPHER },
	{ "\"cipher\":\"aes-128-ctr\",", "",
	    KEYSTORE_CIPHER },
	{ "\"aes-128-ctr\"", "\"aes-128-ctr\\u0000\"",
	    KEYSTORE_JSON },
	{ "\"iv\":\"dc", "\"iv\":\"",
	    KEYSTORE_IV_FORM },
	{ "\"iv\":\"dc", "\"iv\":\"dcdc",
	    KEYSTORE_IV_FORM },
	{ "\"iv\":\"dc", "\"iv\":\"d",
	    KEYSTORE_IV_FORM },
	{ "\"iv\":\"dc", "\"iv\":\"zz",
	    KEYSTORE_IV_FORM },
	{ "\"iv\":\"dc", "\"iv\":\"0xdc",
	    KEYSTORE_OK },
	{ "\"iv\":\"dc4926b48a105133d2f16b96833abf1e\"",
	    "\"iv\":7",
	    KEYSTORE_IV_FORM },
	{ "\"cipherparams\":{\"iv\":\"dc4926b48a105133d2f16b96833abf1e"
	    "\"}",
	    "\"cipherparams\":7",
	    KEYSTORE_IV_FORM },
	{ "\"ciphertext\":\"b8", "\"ciphertext\":\"",
	    KEYSTORE_OK },
	{ "\"ciphertext\":\"b8", "\"ciphertext\":\"b8b8",
	    KEYSTORE_TEXT_FORM },
	{ "\"ciphertext\":\"b8", "\"ciphertext\":\"8",
	    KEYSTORE_TEXT_FORM },
	{ "\"ciphertext\":\"b8", "\"ciphertext\":\"g8",
	    KEYSTORE_TEXT_FORM },
	{ "\"b87781948a1befd247bff51ef4063f716cf6c2d3481163e9a8f42e1f9b"
	    "b74145\"",
	    "\"\"",
	    KEYSTORE_TEXT_FORM },
	{ "\"mac\":\"39", "\"mac\":\"",
	    KEYSTORE_MAC_FORM },
	{ "\"mac\":\"39", "\"mac\":\"3939",
	    KEYSTORE_MAC_FORM },
	{ "\"mac\":\"39", "\"mac\":\"3 ",
	    KEYSTORE_MAC_FORM },
	{ "\"mac\":\"39", "\"Mac\":\"39",
	    KEYSTORE_MAC_FORM },
	{ "\"kdf\":\"scrypt\"", "\"kdf\":\"argon2\"",
	    KEYSTORE_KDF },
	{ "\"kdf\":\"scrypt\"", "\"kdf\":\"pbkdf2\"",
	    KEYSTORE_PRF },
	{ "\"kdf\":\"scrypt\",", "",
	    KEYSTORE_KDF },
	{ "\"kdfparams\":{", "\"params\":{",
	    KEYSTORE_KDF },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha512\",\"c\":1,",
	    KEYSTORE_PRF },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",\"c\":1,",
	    KEYSTORE_OK },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",\"c\":0,",
	    KEYSTORE_NUMBERS },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",",
	    KEYSTORE_NUMBERS },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",\"c\":1677"
	    "7216,",
	    KEYSTORE_OK },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",\"c\":1677"
	    "7217,",
	    KEYSTORE_COST },
	{ "\"scrypt\",\"kdfparams\":{",
	    "\"pbkdf2\",\"kdfparams\":{\"prf\":\"hmac-sha256\",\"c\":9999"
	    "9999999999999999,",
	    KEYSTORE_NUMBERS },
	{ "\"dklen\":32", "\"dklen\":31",
	    KEYSTORE_LENGTH },
	{ "\"dklen\":32", "\"dklen\":33",
	    KEYSTORE_LENGTH },
	{ "\"dklen\":32", "\"dklen\":\"32\"",
	    KEYSTORE_LENGTH },
	{ "\"dklen\":32,", "",
	    KEYSTORE_LENGTH },
	{ "\"n\":2,", "\"n\":3,",
	    KEYSTORE_NUMBERS },
	{ "\"n\":2,", "\"n\":1,",
	    KEYSTORE_NUMBERS },
	{ "\"n\":2,", "\"n\":0,",
	    KEYSTORE_NUMBERS },
	{ "\"n\":2,", "\"n\":2e0,",
	    KEYSTORE_NUMBERS },
	{ "\"n\":2,", "\"n\":-2,",
	    KEYSTORE_NUMBERS },
	{ "\"n\":2,", "",
	    KEYSTORE_NUMBERS },
	{ "\"r\":8", "\"r\":0",
	    KEYSTORE_NUMBERS },
	{ "\"p\":1,", "\"p\":0,",
	    KEYSTORE_NUMBERS },
	{ "\"p\":1,", "\"p\":[1],",
	    KEYSTORE_NUMBERS },
	{ "\"salt\":\"00", "\"salt\":\"0",
	    KEYSTORE_SALT },
	{ "\"salt\":\"00", "\"salt\":\"xx",
	    KEYSTORE_SALT },
	{ "\"004244bbdc51cadda545b1cfa43cff9ed2ae88e08c61f1479dbb454107"
	    "22f8f0\"",
	    "\"\"",
	    KEYSTORE_SALT },
	{ "\"salt\":\"00",
	    "\"salt\":\"0000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000"
	    "0000000000000000000000000",
	    KEYSTORE_OK },
	{ "\"salt\":\"00",
	    "\"salt\":\"0000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000",
	    KEYSTORE_SALT },
	{ "\"45dea", "\"0x45dea",
	    KEYSTORE_OK },
	{ "\"45dea", "\"5dea",
	    KEYSTORE_ADDRESS_FORM },
	{ "\"45dea", "\"4545dea",
	    KEYSTORE_ADDRESS_FORM },
	{ "\"address\":\"45dea0fb0bba44f4fcf290bba71fd57d7117cbb8\"",
	    "\"address\":null",
	    KEYSTORE_ADDRESS_FORM },
};

/* Numbers of scrypt at what is allowed, and beyond. */
static const struct {
	unsigned long long	 n, r, p;
	enum keystore_error	 error;
} costs[] = {
	{ 262144, 8, 1, KEYSTORE_OK },
	{ 4096, 8, 6, KEYSTORE_OK },
	{ 524288, 8, 1, KEYSTORE_OK },
	{ 1048576, 8, 1, KEYSTORE_COST },
	{ 524288, 8, 4, KEYSTORE_OK },
	{ 524288, 8, 5, KEYSTORE_COST },
	{ 4194304, 1, 1, KEYSTORE_OK },
	{ 8388608, 1, 1, KEYSTORE_COST },
	{ 2, 8192, 1, KEYSTORE_OK },
	{ 2, 8193, 1, KEYSTORE_COST },
	{ 2, 1, 8192, KEYSTORE_OK },
	{ 2, 1, 8193, KEYSTORE_COST },
	{ 2, 64, 129, KEYSTORE_COST },
	{ 1ULL << 59, 1ULL << 58, 1ULL << 58, KEYSTORE_COST },
	{ 2, 1ULL << 57, 128, KEYSTORE_COST },
	{ 1ULL << 32, 4096, 4096, KEYSTORE_COST },
	{ 999999999999999999ULL, 1, 1, KEYSTORE_NUMBERS }
};

#endif /* REGRESS_UNIT_KEYSTORE_VECTORS_H */
