/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYFILE_GOOD_H
#define REGRESS_UNIT_KEYFILE_GOOD_H

#include "regress/unit/keyfile_case.h"

static const struct keyfile_case good_cases[] = {
	{ "SEC 1", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1 without a public key", KEYFILE_OK, 1,
	    KEY_ORDINARY, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC4CAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1, compressed public key", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MFQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oSQDIgADLt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGs=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1 after parameters", KEYFILE_OK, 4,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PARAMETERS-----\n"
	    "BgUrgQQACg==\n"
	    "-----END EC PARAMETERS-----\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1 before parameters", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "-----BEGIN EC PARAMETERS-----\n"
	    "BgUrgQQACg==\n"
	    "-----END EC PARAMETERS-----\n") },
	{ "SEC 1 with CRLF", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\r\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\r"
	    "\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\r"
	    "\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\r\n"
	    "-----END EC PRIVATE KEY-----\r\n") },
	{ "SEC 1 with spaces at the ends", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY----- \t\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK "
	    "\t\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs "
	    "\t\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw== \t\n"
	    "-----END EC PRIVATE KEY----- \t\n") },
	{ "SEC 1 without a newline at the end", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----") },
	{ "SEC 1 and blank lines", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "\n"
	    " \r\n"
	    "\n") },
	{ "SEC 1 after text lines", KEYFILE_OK, 4,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "Bag Attributes\n"
	    "    friendlyName: sequencer\n"
	    "\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "text\n") },
	{ "SEC 1 on one line", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAKoU"
	    "QDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3F"
	    "Q9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1 on short lines", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQE\n"
	    "EIF7C51\n"
	    "paWlpaW\n"
	    "lpaWlpa\n"
	    "WlpaWlp\n"
	    "aWlpaWl\n"
	    "paWlpaW\n"
	    "lpaoAcG\n"
	    "BSuBBAA\n"
	    "KoUQDQg\n"
	    "AELt04U\n"
	    "cwYRlam\n"
	    "L4K2uMj\n"
	    "FzPXYAN\n"
	    "uRhxY2q\n"
	    "PQbHb54\n"
	    "hGv5Tfg\n"
	    "RQR1vb8\n"
	    "hsch3FQ\n"
	    "9SiYbKu\n"
	    "noHChBw\n"
	    "8G5swX/\n"
	    "ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "SEC 1, explicit", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, no cofactor", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBTgIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeAwgd0C\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQaFEA0IABC7dOFHMGEZWpi+CtrjI\n"
	    "xcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/x\n"
	    "C2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, compressed generator", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBMQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggcMwgcAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwQhAnm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYAiEA/////////////////////rqu3OavSKA7v9JejNA2QUECAQGh\n"
	    "RANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxy\n"
	    "HcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, short a and b", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBEwIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggaUwgaIC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MAYEAQAEAQcEQQR5vmZ++dy7rFWgYpXOhwsHApv82y3OKNlZ8oFbFvgXmEg62ncm\n"
	    "o8RlXaT7/A4RCKj9F7RIpoVUGZxH0I/7ENS4AiEA/////////////////////rqu\n"
	    "3OavSKA7v9JejNA2QUECAQGhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "PKCS 8", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, inner public key absent", KEYFILE_OK, 1,
	    KEY_ORDINARY, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MD4CAQAwEAYHKoZIzj0CAQYFK4EEAAoEJzAlAgEBBCBewudaWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWg==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, curve in both places", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGNAgEAMBAGByqGSM49AgEGBSuBBAAKBHYwdAIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqgBwYFK4EEAAqhRANCAAQu3ThRzBhGVqYvgra4yMXM\n"
	    "9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, curve in both, one explicit", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIIBbgIBADAQBgcqhkjOPQIBBgUrgQQACgSCAVUwggFRAgEBBCBewudaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWqCB4zCB4AIBATAsBgcqhkjOPQEBAiEA////\n"
	    "/////////////////////////////////v///C8wRAQgAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAHBEEEeb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k\n"
	    "+/wOEQio/Re0SKaFVBmcR9CP+xDUuAIhAP////////////////////66rtzmr0ig\n"
	    "O7/SXozQNkFBAgEBoUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54\n"
	    "hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, curve inside alone", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGGAgEAMAkGByqGSM49AgEEdjB0AgEBBCBewudaWlpaWlpaWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWqAHBgUrgQQACqFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcW\n"
	    "Nqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, NULL outside", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGIAgEAMAsGByqGSM49AgEFAAR2MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaoAcGBSuBBAAKoUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuR\n"
	    "hxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, explicit", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIIBYQIBADCB7AYHKoZIzj0CATCB4AIBATAsBgcqhkjOPQEBAiEA////////////\n"
	    "/////////////////////////v///C8wRAQgAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHBEEE\n"
	    "eb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k+/wOEQio\n"
	    "/Re0SKaFVBmcR9CP+xDUuAIhAP////////////////////66rtzmr0igO7/SXozQ\n"
	    "NkFBAgEBBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqh\n"
	    "RANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxy\n"
	    "HcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8 with attributes", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGaAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjoBQwEgYHKoZI\n"
	    "zj0CATEHBgUrgQQACg==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8 version 2", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGEAgEBMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8 version 2 with a public key", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGCAgEBMBAGByqGSM49AgEGBSuBBAAKBCcwJQIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqBQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQb\n"
	    "Hb54hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8 version 2, both public keys", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGoAgEBMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjgSIAAy7dOFHM\n"
	    "GEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8 version 2, attributes too", KEYFILE_OK, 1,
	    KEY_ORDINARY, 1,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIHKAgEBMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjoACBQgAELt04\n"
	    "UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKu\n"
	    "noHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "hexadecimal", KEYFILE_OK, 1,
	    KEY_ORDINARY, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "5a5a5a5a5a5a5a\n") },
	{ "hexadecimal, upper case", KEYFILE_OK, 1,
	    KEY_ORDINARY, 0,
	    TEXT(
	    "5EC2E75A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A"
	    "5A5A5A5A5A5A5A") },
	{ "hexadecimal, white space after", KEYFILE_OK, 1,
	    KEY_ORDINARY, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a "
	    "\t\r\n"
	    "\n"
	    " \n") },
};

#endif /* REGRESS_UNIT_KEYFILE_GOOD_H */
