/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_TX_CASES_H
#define REGRESS_UNIT_TX_CASES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What op-signer answered to eth_signTransaction (regress/conform holds the
 * requests): the members of each request, and the transaction or, of a long
 * one, its hash.
 */
enum key_name {
	KEY_SEQUENCER,
	KEY_BATCHER,
	KEY_MULTI10,
	NKEYS
};

struct tx_case {
	const char	*name;
	enum key_name	 key;
	const char	*to;
	const char	*gas;
	const char	*nonce;
	const char	*max_fee;
	const char	*max_priority_fee;
	const char	*max_blob_fee;
	const char	*value;
	const char	*chain_id;
	const char	*input;
	const char	*access_address;	/* one entry */
	const char	*access_key;		/* of one key */
	bool		 hundred;		/* of three keys each */
	const char	*blobs;
	size_t		 nauths;		/* of the test's two */
	const char	*result;
	const char	*hash;			/* of a long result */
};

static const struct tx_case tx_cases[] = {
	{ .name = "transfer", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c080a0e1676b644b68e973b42b2a958f2452f35b60f5"
	    "20ff3eb29d2bd92b2e6bc9dd28a03fd189fb233548be2ef1ccfea82a3b0e"
	    "efb3eda033b47b22c6cf8a98b8f279a7" },
	{ .name = "transfer as batcher", .key = KEY_BATCHER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c080a001bfda9c2fb8ecfed8505a25fce5afedddaf69"
	    "2d3b9b7a5272c4c0a18705523ca045c66cd2f3143a84b0d28afd17ed2875"
	    "18d4ef3b314c0bca9992efb759932693" },
	{ .name = "input 1 byte low", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x00",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0100c001a02de5d2d4b2a56bd3ef365c9fc7dcec9b104a62"
	    "143b8ca6513a049ec45f39b6a3a002ca464f1bb379506cfabc63120a3e25"
	    "b52ab5fe898a2860b26ddbb3ae1d67ad" },
	{ .name = "input 1 byte high", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x80",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8670a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa018180c080a0889b58307796bdac08b042e5b62e949dcf62"
	    "66289a6f0b115e9dd99f5475aee7a03678a600ce09fba39e57deeb0a3de6"
	    "ffcbbfa9370a2e27a5c207d73047b947d6" },
	{ .name = "input 55 bytes", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input =
	    "0x1111111111111111111111111111111111111111111111111111111111"
	    "1111111111111111111111111111111111111111111111111111",
	    .chain_id = "0xa",
	    .result =
	    "0x02f89d0a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa01b711111111111111111111111111111111111111111111"
	    "111111111111111111111111111111111111111111111111111111111111"
	    "111111c080a0afba8a806afce1e780c817d6076ade16b3a598b55fc39863"
	    "57a7d6d558135a17a066c25e8e9ed0e9772001ac6f00b97b09ba9b7da5dc"
	    "a0d87684343a64d58c2235" },
	{ .name = "input 300 bytes", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input =
	    "0xababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "ab",
	    .chain_id = "0xa",
	    .result =
	    "0x02f901940a8001843b9aca008275309400000000000000000000000000"
	    "0000000000aaaa01b9012cababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababababababababababababababababababababab"
	    "abababababababababababc001a0d583896173dce7dedbc62fef5829b832"
	    "894095db31936d56a390df16bd62338aa016cda466839f7b593066454df5"
	    "a90ac9a3e48728b74b7e8dc0651acaef9c03bf" },
	{ .name = "contract creation", .key = KEY_SEQUENCER,
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x6001",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8540a8001843b9aca008275308001826001c001a09fb58c8122bfaa"
	    "a2f67d76104c7bdf5b45ee8b502d48198ea993afe519b257b9a06a13f7f9"
	    "0a6f5cef23cafa13266c775c56376bb14e6955660f87ff3b125f0125" },
	{ .name = "nonce 1", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x1",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a0101843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c001a06579f84f40d41afcbd72c6bba67b0ed8e4890e"
	    "95fb53c60c6806ea7751941075a079f0c91a75caec2725ae4226bec66855"
	    "c321d743f8561af78e912045f5784cb9" },
	{ .name = "nonce 128", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x80",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8670a818001843b9aca008275309400000000000000000000000000"
	    "0000000000aaaa0180c080a018d2f8dfa77f2215cf857b0b73eafc2b5599"
	    "89051d30dd53a4f5f1bc4eebf975a064401c7a47b2db73074d57fec592c9"
	    "0d744816322ad385d274801fef70800e0d" },
	{ .name = "nonce max", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0xffffffffffffffff",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f86e0a88ffffffffffffffff01843b9aca0082753094000000000000"
	    "000000000000000000000000aaaa0180c080a08afdac0085ca31441d6275"
	    "0e2e669ddbde9443952ffdc6ddbabc6f3dfe870bdaa04c82cb4b29efac29"
	    "e73fc04132cddc3d56e9b7dd106882ecf843a85a06a26b08" },
	{ .name = "gas zero", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x0",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8640a8001843b9aca00809400000000000000000000000000000000"
	    "0000aaaa0180c080a07feea084ad8b86e464c74d2228d608614f705cb5a8"
	    "7989df6f50af39aace58c1a009a73e3d0365a1df6032e1fac8b51cd790e1"
	    "1d2a21cddfab3989f8f3be579572" },
	{ .name = "gas max", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0xffffffffffffffff",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f86c0a8001843b9aca0088ffffffffffffffff940000000000000000"
	    "00000000000000000000aaaa0180c080a0639041d0d2b8d3361a38c3aa49"
	    "bcb3123f11c933180202780ae6da431a2fca5fa0605c28474ef9a5ea59b8"
	    "2bde45d5d9aa46827d9cf911f85b27bf769556b57534" },
	{ .name = "maxFee equals tip", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x2",
	    .max_priority_fee = "0x2",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8620a80020282753094000000000000000000000000000000000000"
	    "aaaa0180c001a0497722223494c036774a1e8ebfb5da32517ce8601c36c0"
	    "de54d6a06bdc9c834aa07f63b0d2c7de9af634228faca17d47fc22beb823"
	    "da0b35a1a3c3189fe4616630" },
	{ .name = "maxFee 2^256-1", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee =
	    "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "ffffff",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8820a8001a0ffffffffffffffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffff8275309400000000000000000000000000000000"
	    "0000aaaa0180c080a0a142460232e2747964028369f765f6110c37ca88b3"
	    "2ac274ced67f682b63915ba018ffa63b10ffa8515e2a03651cf20bb998ae"
	    "089769ddabb4452a6a7db5b43f5d" },
	{ .name = "maxFee zero", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x0",
	    .max_priority_fee = "0x0",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8620a80808082753094000000000000000000000000000000000000"
	    "aaaa0180c080a0bd2ce55c43ab3479c6babb4d2dc633db985c645f771f9a"
	    "fdf02e1a4197cb75a6a074521ddeb55e94cc64ee01ce606871f851fed904"
	    "35aac8eb453ffbe1df22df11" },
	{ .name = "value missing", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa8080c001a01949b752315e11308a0d2aeb9028e455eb7f06"
	    "57112f6f23691ca0b5b74f8c8da04d62b2c5ed7640ba0f441c736f08aeb8"
	    "154990c68cc1e45b636a41f8ff710008" },
	{ .name = "value one ether", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0xde0b6b3a7640000",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f86e0a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa880de0b6b3a764000080c080a0fb56e33cd98ddca5b9990d"
	    "53d7f99f66a52141f69029954ed4429271b45964b6a03d9fb1dcd7e15c00"
	    "077cafb61807179f8925f7465201dcfcf46d46bf485a6d45" },
	{ .name = "value 2^256-1", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value =
	    "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "ffffff",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8860a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaaa0ffffffffffffffffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffff80c080a06a13fbc0429ede133c338bf2919f49fb37"
	    "73a76eb64d5207ef273f5e67026227a043c578c3df99e0e9f3da182e893d"
	    "1ef7f3d3ca14fb2dea7a238ef6e86d8ccae4" },
	{ .name = "chainId 2^64", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0x10000000000000000",
	    .result =
	    "0x02f86f890100000000000000008001843b9aca00827530940000000000"
	    "00000000000000000000000000aaaa0180c001a0cf3137440e680bc78686"
	    "30342e46a319573f93907dd29a97e1b91aca4f6a4786a04466b44261d051"
	    "abd5ebedbffc339774376c889d2f4863e3fc7cb45b8a96d4db" },
	{ .name = "accessList one", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .access_address = "0x000000000000000000000000000000000000aaaa",
	    .access_key =
	    "0x0000000000000000000000000000000000000000000000000000000000"
	    "000000",
	    .result =
	    "0x02f89f0a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180f838f794000000000000000000000000000000000000"
	    "aaaae1a00000000000000000000000000000000000000000000000000000"
	    "00000000000080a02f361621c675bdce4cc280bd96763c81ea80dda60417"
	    "b3155beae0b8b654abffa03190e5994806ba63f4272879d1aa79e8af5f9d"
	    "91272fc4b2a893eabd59e0f636" },
	{ .name = "accessList 100 entries", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .hundred = true,
	    .hash =
	    "0x0fd0afbdb33b6095753f16f24e382c8189c3b297d2356775b38952521a"
	    "1d425f" },
	{ .name = "blob", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .blobs =
	    "0x01abababababababababababababababababababababababababababab"
	    "ababab",
	    .max_blob_fee = "0x5",
	    .result =
	    "0x03f8890a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c005e1a001ababababababababababababababababab"
	    "abababababababababababababab80a0accd5a0bcc36a36df7834f243245"
	    "a651506ec93e9a324d55a2fdfe2b07ba73a2a00829248616590bf1bc790d"
	    "543c25eff9f3dcbec2c5cd6750ed3f84861cd78fa9" },
	{ .name = "two blobs", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .blobs =
	    "0x01abababababababababababababababababababababababababababab"
	    "ababab01abababababababababababababababababababababababababab"
	    "ababababab",
	    .max_blob_fee = "0x5",
	    .result =
	    "0x03f8ab0a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c005f842a001abababababababababababababababab"
	    "abababababababababababababababa001ababababababababababababab"
	    "abababababababababababababababababab80a064abb5729236e74e3bc0"
	    "fa3c1c6a42490470b0d9182ebcd7900d5d1fbb22ee20a00518e4d43989ce"
	    "d7b7638c4a17bad9e29052cc92f15d791ee6ab5580de8dc7ef" },
	{ .name = "blob hash of another version", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .blobs =
	    "0x02abababababababababababababababababababababababababababab"
	    "ababab",
	    .max_blob_fee = "0x5",
	    .result =
	    "0x03f8890a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c005e1a002ababababababababababababababababab"
	    "abababababababababababababab80a03d510b65559089ddbcb75f1b36c2"
	    "5ba667ac13471599c5da29419a2aa27c1af0a036ff3dabb965e0316917f2"
	    "f451baaa5e37f87412a4b932794c9673db1faddf86" },
	{ .name = "blob with access list", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .blobs =
	    "0x01abababababababababababababababababababababababababababab"
	    "ababab",
	    .max_blob_fee = "0x5",
	    .access_address = "0x1111111111111111111111111111111111111111",
	    .access_key =
	    "0x0101010101010101010101010101010101010101010101010101010101"
	    "010101",
	    .result =
	    "0x03f8c20a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180f838f794111111111111111111111111111111111111"
	    "1111e1a00101010101010101010101010101010101010101010101010101"
	    "01010101010105e1a001abababababababababababababababababababab"
	    "ababababababababababab80a08cb9d24028e8005fdaf3684650eec7cc05"
	    "088bc7d377471ac2a7616cb28b9484a0459f119ee811d67e0cee45024b6d"
	    "696130000877522c09762400e3bcba82859a" },
	{ .name = "blob fee zero", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .blobs =
	    "0x01abababababababababababababababababababababababababababab"
	    "ababab",
	    .max_blob_fee = "0x0",
	    .result =
	    "0x03f8890a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c080e1a001ababababababababababababababababab"
	    "abababababababababababababab01a036e7262567849a96fdd7abccd94a"
	    "188783c539c64136ad776e7b399bec8ac1d0a02246d132869a62854ea326"
	    "2e8512760b64ee9630c56e579846493dd55cb50fd7" },
	{ .name = "set code", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .nauths = 1,
	    .result =
	    "0x04f8820a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c0dbda0a943333333333333333333333333333333333"
	    "3333330180010280a04bd0b09386ffbd1e7ae393f2ebc3dc2cdef89475e1"
	    "c94113f073cd04c02cc8a2a05a4d63a836b55b574f262c542021aec195be"
	    "2a0a647a73121c0288072a11b938" },
	{ .name = "set code two", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .nauths = 2,
	    .result =
	    "0x04f8a00a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c0f838da0a9433333333333333333333333333333333"
	    "3333333301800102dc809433333333333333333333333333333333333333"
	    "3382ffff01010201a02b0764a882387aac3e7d77861d97f688ab0e9291d9"
	    "a1e04e5c7e6f6cd8bf5ccaa06764b3b905e9be36b3259c05fcbb943972ef"
	    "21af48498cdfeeb24bdd9b201bea" },
	{ .name = "set code with access list", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .nauths = 1,
	    .access_address = "0x1111111111111111111111111111111111111111",
	    .access_key =
	    "0x0101010101010101010101010101010101010101010101010101010101"
	    "010101",
	    .result =
	    "0x04f8bb0a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180f838f794111111111111111111111111111111111111"
	    "1111e1a00101010101010101010101010101010101010101010101010101"
	    "010101010101dbda0a943333333333333333333333333333333333333333"
	    "0180010280a09442c7ba1a7c212066f59907c22668cd4972483787b0d0c5"
	    "95601b3de4259c7ca004df20c1c8928fdf0c854189c672c8aa60b9e56fa6"
	    "8abfc1fd2fcc893d939eef" },
	{ .name = "client with two rules", .key = KEY_MULTI10,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .input = "0x",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c001a01e5403e7bf3efb5c4fd8590549d087503a2e22"
	    "2cc118d8c13786f3a6d47e2d05a07e8c849ff01d47942411bdaa970200a9"
	    "639a55c9cbdd4e0e0bb48ae0689f85f3" },
	{ .name = "no data at all", .key = KEY_SEQUENCER,
	    .to = "0x000000000000000000000000000000000000aaaa",
	    .gas = "0x7530",
	    .max_fee = "0x3b9aca00",
	    .max_priority_fee = "0x1",
	    .value = "0x1",
	    .nonce = "0x0",
	    .chain_id = "0xa",
	    .result =
	    "0x02f8660a8001843b9aca00827530940000000000000000000000000000"
	    "00000000aaaa0180c080a0e1676b644b68e973b42b2a958f2452f35b60f5"
	    "20ff3eb29d2bd92b2e6bc9dd28a03fd189fb233548be2ef1ccfea82a3b0e"
	    "efb3eda033b47b22c6cf8a98b8f279a7" },
};

#endif /* REGRESS_UNIT_TX_CASES_H */
