/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYFILE_TEXT_H
#define REGRESS_UNIT_KEYFILE_TEXT_H

#include "regress/unit/keyfile_case.h"

static const struct keyfile_case text_cases[] = {
	{ "nothing", KEYFILE_EMPTY, 0,
	    KEY_NONE, 0,
	    TEXT(
	    "") },
	{ "white space", KEYFILE_EMPTY, 0,
	    KEY_NONE, 0,
	    TEXT(
	    " \r\n"
	    "\t\n") },
	{ "no key", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "hello\n") },
	{ "0x", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "0x5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "5a5a5a5a5a5a5a5a") },
	{ "a space before the digits", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    " 5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
	    "a5a5a5a5a5a5a5a") },
	{ "a blank line before the digits", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "\n"
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "5a5a5a5a5a5a5a") },
	{ "63 digits", KEYFILE_HEXLENGTH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
	    "a5a5a5a5a5a5a") },
	{ "65 digits", KEYFILE_HEXLENGTH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "5a5a5a5a5a5a5a0") },
	{ "66 digits", KEYFILE_HEXLENGTH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a00"
	    "\n") },
	{ "1 digit", KEYFILE_HEXLENGTH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "a") },
	{ "a digit that is none", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "5a5a5a5a5a5a5g") },
	{ "digits in two lines", KEYFILE_TWO, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a\n"
	    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a") },
	{ "two hexadecimal keys", KEYFILE_TWO, 3,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n"
	    "\n"
	    "5ec2e8a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
	    "a5a5a5a5a5a5a5\n") },
	{ "digits and text", KEYFILE_FORM, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n"
	    "sequencer\n") },
	{ "a NUL after the digits", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "5ec2e75a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	    "\000") },
	{ "DER without PEM", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "0!\002\001\001\004") },
	{ "hexadecimal zero", KEYFILE_RANGE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "00000000000000000000000000000000000000000000000000"
	    "00000000000000") },
	{ "hexadecimal order", KEYFILE_RANGE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbf"
	    "d25e8cd0364141") },
	{ "hexadecimal order and one", KEYFILE_RANGE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbf"
	    "d25e8cd0364142") },
	{ "hexadecimal 2^256 - 1", KEYFILE_RANGE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "ffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "ffffffffffffff") },
	{ "hexadecimal order less one", KEYFILE_OK, 1,
	    KEY_LARGEST, 0,
	    TEXT(
	    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBF"
	    "D25E8CD0364140") },
	{ "hexadecimal one", KEYFILE_OK, 1,
	    KEY_ONE, 0,
	    TEXT(
	    "00000000000000000000000000000000000000000000000000"
	    "00000000000001") },
	{ "PUBLIC KEY", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PUBLIC KEY-----\n"
	    "eA==\n"
	    "-----END PUBLIC KEY-----\n") },
	{ "CERTIFICATE", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN CERTIFICATE-----\n"
	    "eA==\n"
	    "-----END CERTIFICATE-----\n") },
	{ "RSA PRIVATE KEY", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN RSA PRIVATE KEY-----\n"
	    "eA==\n"
	    "-----END RSA PRIVATE KEY-----\n") },
	{ "label in lower case", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN ec private key-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END ec private key-----\n") },
	{ "label with a space more", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY -----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY -----\n") },
	{ "empty label", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN -----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END -----\n") },
	{ "a certificate after the key", KEYFILE_LABEL, 6,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "-----BEGIN CERTIFICATE-----\n"
	    "eA==\n"
	    "-----END CERTIFICATE-----\n") },
	{ "parameters alone", KEYFILE_LABEL, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PARAMETERS-----\n"
	    "BgUrgQQACg==\n"
	    "-----END EC PARAMETERS-----\n") },
	{ "ENCRYPTED PRIVATE KEY", KEYFILE_ENCRYPTED, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	    "eA==\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n") },
	{ "Proc-Type", KEYFILE_ENCRYPTED, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "Proc-Type: 4,ENCRYPTED\n"
	    "DEK-Info: AES-128-CBC,00\n"
	    "\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "another header", KEYFILE_BASE64, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "Comment: key\n"
	    "\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "no dashes after BEGIN", KEYFILE_FORM, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "text\n"
	    "-----BEGIN EC PRIVATE KEY\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "four dashes after BEGIN", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "four dashes before BEGIN", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "a space before BEGIN", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    " -----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "an END line first", KEYFILE_FORM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----END EC PRIVATE KEY-----\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "no END line", KEYFILE_NOEND, 3,
	    KEY_NONE, 0,
	    TEXT(
	    "\n"
	    "\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n") },
	{ "BEGIN line alone", KEYFILE_NOEND, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n") },
	{ "another END line", KEYFILE_NOEND, 5,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "END line cut off", KEYFILE_NOEND, 5,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY----") },
	{ "parameters without END", KEYFILE_NOEND, 3,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PARAMETERS-----\n"
	    "BgUrgQQACg==\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "two keys", KEYFILE_TWO, 6,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MC4CAQEEIF7C6KWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWloAcGBSuBBAAK\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "the same key twice", KEYFILE_TWO, 7,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "\n"
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "a character that is no base64", KEYFILE_BASE64, 3,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQ*AELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "URL alphabet", KEYFILE_BASE64, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCA_EEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "a space inside", KEYFILE_BASE64, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCA EEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "a NUL inside", KEYFILE_BASE64, 2,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCA\000EEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAA"
	    "K\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "padding missing", KEYFILE_BASE64, 4,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "padding in the middle", KEYFILE_BASE64, 4,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAAK\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8h=\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "a character missing", KEYFILE_BASE64, 4,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHQCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAcGBSuBBAA\n"
	    "oUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hs\n"
	    "ch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "an empty block", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "-----END PRIVATE KEY-----\n") },
};

#endif /* REGRESS_UNIT_KEYFILE_TEXT_H */
