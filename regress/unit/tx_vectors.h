/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* Made by regress/lib/vectors.py. */

#ifndef REGRESS_UNIT_TX_VECTORS_H
#define REGRESS_UNIT_TX_VECTORS_H

static const struct tx_vector {
	const char	*name;
	int		 type;
	const char	*chain;
	const char	*nonce;
	const char	*tip;
	const char	*fee;
	const char	*gas;
	const char	*to;		/* NULL: a creation */
	const char	*value;
	const char	*blobfee;
	size_t		 datalen;
	size_t		 nblobs;
	size_t		 nauths;
	size_t		 naccess;
	size_t		 nkeys[5];	/* of each entry */
	const char	*digest;
	const char	*hash;		/* of the signed transaction */
	size_t		 len;		/* its bytes */
} tx_vectors[] = {
	{ "data of 0", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x18327191ec879a7ba95d037b4f32c2ae"
	    "35a8a2bdfffac7d8c29e60b70706df71",
	    "0x47e7bffd64f160125943c8a1c868aec9"
	    "166541fd5b0a753da7b454c9f1e217ac",
	    105 },
	{ "data of 1", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    1, 0, 0, 0, { 0 },
	    "0xd64c642c2ccd2d3ec323a05fb414ebd9"
	    "f3d5fa7b70e5400de536f4ba2f19baea",
	    "0x2ba8cbef2c4c9cda63b0be9d209f8747"
	    "f1f0838e103cb9ec2b70bee85b1288cb",
	    105 },
	{ "data of 54", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    54, 0, 0, 0, { 0 },
	    "0x5fcd4e2fa87916b01fc3c510a563e5ff"
	    "65b4e07622c325870aec4356916be5be",
	    "0x09a88eb9fe1e572f8fb4c59bdb81fd11"
	    "4d9fa0b07369305d9f79207e794e0624",
	    159 },
	{ "data of 55", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    55, 0, 0, 0, { 0 },
	    "0xd22da7687a4ddfb8e8d27f04f6ef86ab"
	    "f3ae5224e02fe43bbe42e3398b63fa8a",
	    "0x45b9537948f5a5016f90f99f62d87c09"
	    "6f98ceba93bbfa4f8ed13faa6fb17910",
	    160 },
	{ "data of 56", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    56, 0, 0, 0, { 0 },
	    "0x6836c5d86ea0578184fe6295e970386e"
	    "59898ffc01369a90ffe17fae08453673",
	    "0x5435501849510c87813ba986755995b1"
	    "fce326030cdf4cf405042404838d4097",
	    162 },
	{ "data of 57", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    57, 0, 0, 0, { 0 },
	    "0x88d7679340da9746a2adc27ade9d44e7"
	    "fa73833daa5cb1fc6726ebd1c1988266",
	    "0xedbe9cacd4e3df745dc78b165edee49c"
	    "8a11ae76eb6051cccfe62d85bffe3f62",
	    163 },
	{ "data of 255", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    255, 0, 0, 0, { 0 },
	    "0x8eea9ef3f8175f80c9845d4e77e869dd"
	    "cb6884a7b42d22a7c9782f2d278a8de3",
	    "0xaa1b3093393d3157d943885a30946419"
	    "7bdc51434cc673bc50075edee2de4b6b",
	    362 },
	{ "data of 256", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    256, 0, 0, 0, { 0 },
	    "0xc639460b47cc4bb99a581b6c466211f5"
	    "927b96ba78689ed7ea356fcbb964fcf9",
	    "0x72a801f86967e2732ec9901213e03551"
	    "f8fc1bb5e9f12bf0e43e9ed694775344",
	    364 },
	{ "data of 257", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    257, 0, 0, 0, { 0 },
	    "0x82e8e4b25bcd1cb6cb4ec5ba591e9be7"
	    "afa170c58b76dd8bd03cd46ad1bcd8ae",
	    "0x91a85937e05e4bb24c26f22caf3c11ea"
	    "1b7a2667939be8e9e0457c78ce151848",
	    365 },
	{ "data of 65535", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    65535, 0, 0, 0, { 0 },
	    "0x9d94056a94ec2f3ff73f21b3791c2934"
	    "68b4736111f4d6047427a15f1224832e",
	    "0x1a9c909bd176b3e1f397b323a48b1513"
	    "7431a8ea28c2ca259a6215396eee4dd6",
	    65644 },
	{ "data of 65536", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    65536, 0, 0, 0, { 0 },
	    "0x63734a6969c6629caefedbf814031023"
	    "6a4f9a0d47c1096ea28e2f2603781c19",
	    "0xb31ffe7352c4e3d03e6659226bbe76d6"
	    "75967acc0e0380d736a8c29bdc41a738",
	    65646 },
	{ "chain of 1", 2,
	    "0x1", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x10509224e2e8bca3d3d06514dbda3ba3"
	    "43af58af007ed76f27618d41173c79b8",
	    "0xf9c301889f73f36629cef369ff1f791d"
	    "d329608ba79958b8820f0dd2366d936c",
	    105 },
	{ "chain of 127", 2,
	    "0x7f", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x5988456fb05aadee4552af4b4f00813d"
	    "fa73f6164468c5cc2b75752abf1dd65e",
	    "0xa4dff947470cdc7b6579815fa8b29ab3"
	    "01775e961da31296e36a382960eda41a",
	    105 },
	{ "chain of 128", 2,
	    "0x80", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xd009675f959693f021d639f9e49a4676"
	    "556afbd1cdcd7cfcbc2107e68612c564",
	    "0xef1326521b0d987bc69778c5ccc03ab0"
	    "0dc08d31288dc508a259b6ffd87cbb3c",
	    106 },
	{ "chain of 255", 2,
	    "0xff", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xbf3a63f54de451f338282c56ab3e7e48"
	    "5b776153ca3bc3af5e5ccfe8a2884aca",
	    "0x264d8425396758c2525bade392344450"
	    "d2f5f3deff520a4c7da62fdfafe28df9",
	    106 },
	{ "chain of 2^8", 2,
	    "0x100", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x1dc6fc1cbdb1f8cacdf8da39a173b25c"
	    "3373159a1e84aad39ebd9ed61e5d6596",
	    "0x374294003f95a624a17a33a8ddcb510b"
	    "e434124c3bb9598fb814f9cfbae8af74",
	    107 },
	{ "chain of 2^64 - 1", 2,
	    "0xffffffffffffffff", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x7b7ff3276b849a6f133a1cc17b84420a"
	    "54843ccdcb5fd8a5274a0d3043ef7fee",
	    "0xc657e440015206e412c9b6cbf4ad84d2"
	    "a5eedf64d715240c668e76883ee7f878",
	    113 },
	{ "chain of 2^64", 2,
	    "0x10000000000000000", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x7a82aac85607e5ed746ac596225b4b7d"
	    "b7cac4830fe812c625f299559dc4a8df",
	    "0x5c5528356015863dfbcd3093560db8a9"
	    "3cfb00f5cf3b17ab7d1b18847d783d4b",
	    114 },
	{ "chain of 2^256 - 2", 2,
	    "0xffffffffffffffffffffffffffffffff"
	    "fffffffffffffffffffffffffffffffe", "0x0", "0x1", "0x3b9aca00",
	    "0x7530", "0x000000000000000000000000000000000000aaaa", "0x1",
	    "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x5dda49c90a326e8af140430908c73c4d"
	    "d23ca78d60b0c1019bb1264271677efc",
	    "0x1e6eb763ab64ee1ecbdce1e48602b230"
	    "8f36c968e3d1e90b48be76527796001e",
	    137 },
	{ "chain of 2^256 - 1", 2,
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff", "0x0", "0x1", "0x3b9aca00",
	    "0x7530", "0x000000000000000000000000000000000000aaaa", "0x1",
	    "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x5be5f013ca0f682f014112590904357a"
	    "acd1ad0bd975fd80c9f45a6d89295f34",
	    "0x47d10deae636b6884420e06ada45c746"
	    "48f393753febc1c00092f91b420f4df7",
	    137 },
	{ "nonce of 1", 2,
	    "0xa", "0x1", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x33656b7e090f41c94fc55ff6334baf30"
	    "a143b92bfe3c7de6e855acc3b59308aa",
	    "0xfb36fd23910f90db7517f40a617a68ea"
	    "7221525fbe9eb1e3c3d2e1cb222bbfa2",
	    105 },
	{ "nonce of 127", 2,
	    "0xa", "0x7f", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x6aa8e8d7a10176dca82260093e92fd7d"
	    "280b455e5ce9f3cfb5850f160292a104",
	    "0xb57e06899821b6fdec7b54ee042269cd"
	    "8d0f5e63e423fff3ad4d17eb093d4ab2",
	    104 },
	{ "nonce of 128", 2,
	    "0xa", "0x80", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xafa2fd0f5b71a526ec410592fc2e5e48"
	    "38c45f4a21d1fb1693e4d838a78d5e96",
	    "0xf6f9614d622fed951c1bb7e0755df949"
	    "52d2c9c7c3cc05c0f537d7cbff79c8da",
	    106 },
	{ "nonce of 2^32", 2,
	    "0xa", "0x100000000", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x4262c428e435a50a0eb0056278ed4b88"
	    "0fd688870b5bc721dd33914d26ed9aa5",
	    "0xa65d46833d2dae7738963c13d82c21a8"
	    "2d2e94e2716f4195cc3e44aa7881d926",
	    110 },
	{ "nonce of 2^64 - 1", 2,
	    "0xa", "0xffffffffffffffff", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xd078afd304f552e4988ba4fd7583efef"
	    "b92d3894756f8c2600d97d0ffb812c3e",
	    "0xe3094fdebc93bcfdf7f8b5cdbcb40e15"
	    "49fe97df9108cedeb8b9e6294dbe05d0",
	    113 },
	{ "value of 0", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x0", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xea1cb5e6892235a7a94df49d05146aea"
	    "19eb90ad23f6d20d3d40b84f31f77621",
	    "0x0fb054e904a029008f8168fc264e221b"
	    "e179596f712dcd17ae3a0314fccabb6d",
	    105 },
	{ "value of 127", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x7f", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x16a6cf9a4fde1b09f13f952e459f9cbb"
	    "2ffece3b6020960d367050da67d210a6",
	    "0x60c57af1bf1d7ea354ce23ea9c1998eb"
	    "036b5f1d268b62643f370bf4b8e3ae62",
	    104 },
	{ "value of 128", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x80", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x158d88e97470a567c86ef0580f82d9d6"
	    "64ca4ab475c257223551af4f7bf5e311",
	    "0x04accb9cfd279e2ac17b123fc3c44f0d"
	    "dfc03e04df9a33d42b8494ac07e52d72",
	    106 },
	{ "value of 2^248", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa",
	    "0x10000000000000000000000000000000"
	    "0000000000000000000000000000000", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xf189044d9ee822bb228b77cf3089c443"
	    "ce12fa1bcdab91b13e6b36a299bbd7b8",
	    "0xa937e69d6027ba887c044b164eabb10a"
	    "294ae5f980aeafdb65a57c0978ba4f0b",
	    137 },
	{ "value of 2^248 - 1", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa",
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffff", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x8807a3b718a30eea059e0fdf80fe4003"
	    "91f15ec27428a7dc7707ae61b2a3f11e",
	    "0xe71f390625d4f9872721715b01027164"
	    "14c15794dd653bbdccd261e5a01a6c5d",
	    136 },
	{ "value of 2^256 - 1", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa",
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x3536e4b7c9cfbf4121175abef344b792"
	    "274099d26a867f5e481f01d05c2ac57a",
	    "0x8339017661a43e7637be9db5cefb69dd"
	    "9948f59525e74b23754a6b8704e0e885",
	    137 },
	{ "fees of nothing", 2,
	    "0xa", "0x0", "0x0", "0x0", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xdb916a41b868feb8ef2d602ca8b93940"
	    "37a5589488160a63e875c203e7ff3b8d",
	    "0x9741560b42c47fdc64187e08ace89be7"
	    "3c29f0e049101473f0182babafdeedb4",
	    101 },
	{ "fees of all", 2,
	    "0xa", "0x0", "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff",
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x2d694ed21def3ed4fd4fc31b8468f793"
	    "a0a26aa1c540bac241d8f9282fac2bad",
	    "0xa6d89f0445c7f918ed22a9ab9854f983"
	    "c0df0e3a070b004c977768737ecbbedc",
	    165 },
	{ "gas of nothing", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x0",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0xdd8d614af09257f21b30a9ab7c9d2100"
	    "e03f0482f2381d556312855c48afd1f2",
	    "0xf22a8647e7b30d888f766c70789f4328"
	    "4ba3c39026caab77681ba9b8e6158ba8",
	    103 },
	{ "gas of all", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0xffffffffffffffff",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x26d544ce7c9dd534416ea49498964811"
	    "36f606b351397405b5aebf09e41b54f6",
	    "0x0999c420b92ebd4861ec84586faec9e7"
	    "e2af7517a499bcb1d4d80b5492b7cfd0",
	    111 },
	{ "to of zeros", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x0000000000000000000000000000000000000000", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x89a2b432394a75817683e677c1f735a9"
	    "59b46bcaee39953280968eaf772b5ac7",
	    "0x6f838c68ea4ad53175db82805f086640"
	    "aa77ff5750615b9666b9bb146e7282e6",
	    105 },
	{ "to of ones", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0xffffffffffffffffffffffffffffffffffffffff", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x657026c707108aaec7291b3c27f98eea"
	    "1bd05cc0cc005fc0bf6c8d68108cf48f",
	    "0xdd892907f2284cc4c25ee20d999fefa0"
	    "15358f561f8e80e95830670265a0df87",
	    105 },
	{ "creation", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530", NULL, "0x1", "0x0",
	    1, 0, 0, 0, { 0 },
	    "0x292c5126165d5e7212974c06afff2de9"
	    "240769da4e1e28d8409a09a17eeef8bf",
	    "0xf42f1f08ff11faed9528c76aa7a92486"
	    "887973799963b017c8e53e963396a8e5",
	    85 },
	{ "large creation", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530", NULL, "0x0", "0x0",
	    49152, 0, 0, 0, { 0 },
	    "0x3d0637fbe8b87626488da621be742669"
	    "c9f7cad3fff3940492c4eb11d8384f27",
	    "0x7d9001fa273ea4d13879a9303a9fb90a"
	    "7e86181867667722a69494713f189e82",
	    49240 },
	{ "access without keys", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 1, { 0 },
	    "0xf8909ac2717e335a6c43921854b65c39"
	    "afaa401faff5f2a987e7af73a24b9c51",
	    "0xca46894ec68590dc13d9425ec9aab5a9"
	    "5f5c538f864e783a0b51f4edaee926bc",
	    128 },
	{ "access with one key", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 1, { 1 },
	    "0xe032794c785aa8f90926f8c5d00b9fe1"
	    "2074ea55ecb14377b6b667bfe1de3b1a",
	    "0xa01271806125661990fcddf86c53f170"
	    "6125b6e5a2e4c896fb0cc3de6deebaad",
	    162 },
	{ "access of 55 and more", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 2, { 0, 0 },
	    "0x7dbac61870092dea232b47b46e534f8a"
	    "41e59138db34213a1c0e85c9b49a053c",
	    "0xedbe2a4b1916f617e3225aaf6724fae6"
	    "9795e9a0b4095c69b45a40d36f6aedf8",
	    151 },
	{ "access of all kinds", 2,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 5, { 0, 1, 2, 30, 0 },
	    "0x6d716bd3f04013c013dd07410ac479b2"
	    "424eeabbc98880c65528888997cbadc1",
	    "0xa5be07c6958ae2d2bf5c283db4de6392"
	    "bfdfcf9ce43eea5e15a86612ab3d8a65",
	    1318 },
	{ "one blob", 3,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x1",
	    0, 1, 0, 0, { 0 },
	    "0xcf2a73caf829d25aac1e66f9eaffddd3"
	    "f76f9a094a32b7f139d29e34cbbd0102",
	    "0x5c1684b5614099d02986272c8e197d4b"
	    "aeb9283a34d739c678ea7bc64b9723a7",
	    140 },
	{ "six blobs", 3,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1",
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff",
	    0, 6, 0, 0, { 0 },
	    "0x47601faeb4c20240a95f683583cb7802"
	    "96c808b7c77c3eb102ac0f7b3a2414a7",
	    "0x834f9922298824f839df95ec8f38c61d"
	    "b7d6207485f6a7ea792d7a7233780507",
	    339 },
	{ "blobs for nothing", 3,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 2, 0, 1, { 2 },
	    "0x0c302d89464b761d78ce72197de674e3"
	    "73667cabb9cca37e661b3504d334b614",
	    "0xac1a6e26b57f58544abdc25cad4633f0"
	    "12285888de4508423bb15d7f0be28f12",
	    267 },
	{ "blobs and data", 3,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x80",
	    300, 1, 0, 0, { 0 },
	    "0xa63797a6a799a005bbe7491cf34a419d"
	    "ea875622053c8cd8e12d6fc4a4644fda",
	    "0x00435763312febe77ef73e8320c3302b"
	    "13f8dbff110b8472b148e8e5b0fbf2ca",
	    444 },
	{ "chain of all, blobs", 3,
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff", "0x0", "0x1", "0x3b9aca00",
	    "0x7530", "0x000000000000000000000000000000000000aaaa", "0x1",
	    "0x1",
	    0, 1, 0, 0, { 0 },
	    "0x9239693b7adedc125bd796c051f3ee55"
	    "d54fb428df1ee8591b3d37e315a31985",
	    "0x4a8d755b062ab4fa69731f682141eded"
	    "8b0234878825fed3820ef6c1d2ec0e2a",
	    172 },
	{ "one authorization", 4,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 1, 0, { 0 },
	    "0x35a2dcd7cf77dc7d798f687600936b13"
	    "3733a6ebacc4ec26b7390e41eeeb91cf",
	    "0x07b6216b0120caeab1f8fc6f310e4ec0"
	    "a75ca60e338de07c5ef6dcb9491bcb2a",
	    167 },
	{ "authorizations of all kinds", 4,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 40, 0, { 0 },
	    "0x3e9fdefd7d1a4120afe85a71155c4f8a"
	    "69bf75f5771d1b6a83e5ed1ed2be7754",
	    "0xf46153906e70d2d977062d25a5fcffa3"
	    "404c5f3ed12079a5a418b319ac6cfa43",
	    2961 },
	{ "hundreds of authorizations", 4,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    56, 0, 300, 0, { 0 },
	    "0x527985807abdff27933cacc8fcf0d712"
	    "2787f8db62da2761e841a0d90c477162",
	    "0x46ed7decdf42bbba7d5220f2041f3a75"
	    "02b380dddb3f298de545e8763456bd7c",
	    20307 },
	{ "authorizations and access", 4,
	    "0xa", "0x0", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 2, 2, { 1, 0 },
	    "0x3fbcbb776d8f41ed3097cb136869a256"
	    "4d72eeff6d0890487e096b332fcc58ae",
	    "0x665c45f8c9ff9f83cc8f8ad1e4876e15"
	    "e95b977c5492ea17ce1de64a9299b413",
	    378 },
	{ "chain of all, authorization", 4,
	    "0xffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff", "0x0", "0x1", "0x3b9aca00",
	    "0x7530", "0x000000000000000000000000000000000000aaaa", "0x1",
	    "0x0",
	    0, 0, 1, 0, { 0 },
	    "0x1dbc97ed5c1688109e02f836293baad1"
	    "7eda561028ed067b7405b1324177afc4",
	    "0xd4af7c9c7d9c44ee078214848d6cb79f"
	    "f1815f2d956e19aa2ff40fc6c44c6965",
	    199 },
	{ "a short r", 2,
	    "0xa", "0x85", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x75ef43a1a71b784b26495f39544fa5ab"
	    "7eae7d818a501da5c919ecda4db778ac",
	    "0xe891a9eb078e983a0893b0fde70f0dfd"
	    "df3e0f80c3b3ee4fac54c515be78cd35",
	    105 },
	{ "a short s", 2,
	    "0xa", "0x9e", "0x1", "0x3b9aca00", "0x7530",
	    "0x000000000000000000000000000000000000aaaa", "0x1", "0x0",
	    0, 0, 0, 0, { 0 },
	    "0x38b995ccdf14f13f6b05dd4e3eec1d9f"
	    "249d25e54910b9b52935e2efda7800c9",
	    "0x97861c0b4922a5646b2378ec32520aba"
	    "c49a920692a8e647c2228e472960ed23",
	    105 },
};

#endif /* REGRESS_UNIT_TX_VECTORS_H */
