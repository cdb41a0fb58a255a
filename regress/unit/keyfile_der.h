/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYFILE_DER_H
#define REGRESS_UNIT_KEYFILE_DER_H

#include "regress/unit/keyfile_case.h"

static const struct keyfile_case der_cases[] = {
	{ "DER cut off", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/EL\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "a byte after the DER", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYwA=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "one byte of DER", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MA==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "indefinite length", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIACAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYwAA\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "long length where a short one does", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIF0AgEBBCBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWqAHBgUrgQQA\n"
	    "CqFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/I\n"
	    "bHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "two length octets where one does", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIAdAIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqgBwYFK4EE\n"
	    "AAqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9v\n"
	    "yGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "length beyond the end", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHUCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "length of eight octets", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIj//////////wIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqg\n"
	    "BwYFK4EEAAqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN\n"
	    "+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "no SEQUENCE", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MXQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "inner length beyond the outer", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MCUCAQEEIV7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "empty version", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC0CAAQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqgBwYFK4EEAAo=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "negative version", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC4CAf8EIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "version with a leading zero", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC8CAgABBCBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWqAHBgUrgQQA\n"
	    "Cg==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "version 0", KEYFILE_VERSION, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQAEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "version 2", KEYFILE_VERSION, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQIEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "version 257", KEYFILE_VERSION, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHUCAgEBBCBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWqAHBgUrgQQA\n"
	    "CqFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/I\n"
	    "bHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "PKCS 8 labelled SEC 1", KEYFILE_VERSION, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1 labelled PKCS 8", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "31 bytes of scalar", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC0CAQEEH17C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqgBwYFK4EEAAo=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "33 bytes of scalar", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC8CAQEEIQBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWqAHBgUrgQQA\n"
	    "Cg==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "no scalar", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MA4CAQEEAKAHBgUrgQQACg==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "something after the public key", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHgCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELY6ICBQA=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "public key before the parameters", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoUQDQgAELt04\n"
	    "UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKu\n"
	    "noHChBw8G5swX/ELY6AHBgUrgQQACg==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "two parameters", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHsCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoA4GBSuBBAAK\n"
	    "BgUrgQQACqFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34\n"
	    "EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "empty parameters", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MG0CAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAChRANCAAQu\n"
	    "3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJh\n"
	    "sq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "parameters of another tag", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHACAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAMCAQGhRANC\n"
	    "AAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxyHcVD\n"
	    "1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "unused bits in the public key", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgEELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "empty BIT STRING", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MDICAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oQIDAA==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "public key of 64 bytes", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHMCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUMDQQAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/EL\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "public key of a byte", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MDQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oQQDAgAA\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "two public keys inside", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIG5AgEBBCBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWqAHBgUrgQQA\n"
	    "CqGBiANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9v\n"
	    "yGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjA0IABC7dOFHMGEZWpi+CtrjIxcz12ADb\n"
	    "kYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "scalar zero", KEYFILE_RANGE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC4CAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoAcGBSuBBAAK\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "scalar of the order", KEYFILE_RANGE, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "text\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC4CAQEEIP////////////////////66rtzmr0igO7/SXozQNkFBoAcGBSuBBAAK\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "another public key", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAEp92A+yYwAs870Jeq735CQwza87Pv/M7z/j6ZX+PiPCo4f3EHIQPZ0QgY\n"
	    "NJQpmyasAJ+tGfquYzRX64X63p9sgQ==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "another public key, compressed", KEYFILE_MISMATCH, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MFQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oSQDIgADp92A+yYwAs870Jeq735CQwza87Pv/M7z/j6ZX+PiPCo=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "public key of the other sign", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MFQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oSQDIgACLt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGs=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "public key off the curve", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYg==\n"
	    "-----END EC PRIVATE KEY-----\n") },
};

#endif /* REGRESS_UNIT_KEYFILE_DER_H */
