/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYFILE_CURVE_H
#define REGRESS_UNIT_KEYFILE_CURVE_H

#include "regress/unit/keyfile_case.h"

static const struct keyfile_case curve_cases[] = {
	{ "P-256", KEYFILE_CURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHcCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAoGCCqGSM49\n"
	    "AwEHoUQDQgAEpGv7ZWfO1fsS8dCtl1XJpKtdRGOTf+dqUiR38HqSf/BrD67RAluh\n"
	    "vFpRLUt3X2AS6JgsDUaXVg2nbbqN3GVmvQ==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "P-384", KEYFILE_CURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIGkAgEBBDBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWl7C51paWlpa\n"
	    "WlpaWlpaWlqgBwYFK4EEACKhZANiAAQELt04UcwYRlamL4K2uMjFzPXYANuRhxY2\n"
	    "qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYy7dOFHMGEZW\n"
	    "pi+CtrjIxcz12ADbkYcWNqj0Gx2+eIQ=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "curve name longer than ours", KEYFILE_CURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHUCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAgGBiuBBAAK\n"
	    "AaFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/I\n"
	    "bHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "no curve", KEYFILE_NOCURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MGsCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoUQDQgAELt04\n"
	    "UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKu\n"
	    "noHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "NULL curve", KEYFILE_NOCURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MG8CAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAIFAKFEA0IA\n"
	    "BC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPU\n"
	    "omGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "NULL with a byte", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHACAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAMFAQChRANC\n"
	    "AAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxyHcVD\n"
	    "1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, another prime", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wt\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, another a", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABBCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, another b", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABQRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, b in another place", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAHAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAARBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, a of no bytes", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBMQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggcMwgcAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MCQEAAQgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcEQQR5vmZ++dy7\n"
	    "rFWgYpXOhwsHApv82y3OKNlZ8oFbFvgXmEg62ncmo8RlXaT7/A4RCKj9F7RIpoVU\n"
	    "GZxH0I/7ENS4AiEA/////////////////////rqu3OavSKA7v9JejNA2QUECAQGh\n"
	    "RANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxy\n"
	    "HcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, b of 33 bytes", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUgIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeQwgeEC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEUEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCEAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcEQQR5vmZ++dy7rFWgYpXOhwsHApv82y3O\n"
	    "KNlZ8oFbFvgXmEg62ncmo8RlXaT7/A4RCKj9F7RIpoVUGZxH0I/7ENS4AiEA////\n"
	    "/////////////////rqu3OavSKA7v9JejNA2QUECAQGhRANCAAQu3ThRzBhGVqYv\n"
	    "gra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwb\n"
	    "mzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, another generator", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBC7dOFHMGEZWpi+CtrjIxcz12ADbkYcW\n"
	    "Nqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2MCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, the other generator", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBMQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggcMwgcAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwQhA3m+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYAiEA/////////////////////rqu3OavSKA7v9JejNA2QUECAQGh\n"
	    "RANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxy\n"
	    "HcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, generator of another form", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBnm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, generator cut off", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUAIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeIwgd8C\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRABHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1AIhAP//////\n"
	    "//////////////66rtzmr0igO7/SXozQNkFBAgEBoUQDQgAELt04UcwYRlamL4K2\n"
	    "uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5sw\n"
	    "X/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, another order", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQwIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, cofactor 2", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAqFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, cofactor 0", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAKFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, a seed", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBaAIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggfowgfcC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MFsEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwMVAAAAAAAAAAAAAAAAAAAAAAAAAAAABEEE\n"
	    "eb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k+/wOEQio\n"
	    "/Re0SKaFVBmcR9CP+xDUuAIhAP////////////////////66rtzmr0igO7/SXozQ\n"
	    "NkFBAgEBoUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgR\n"
	    "QR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, version 2", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQIwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, a hash after the cofactor", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBXAIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqgge4wgesC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBATAJBgcqhkjOPQIBoUQDQgAE\n"
	    "Lt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9Si\n"
	    "YbKunoHChBw8G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, a binary field", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAgIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAaFEA0IABC7dOFHMGEZWpi+C\n"
	    "trjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBub\n"
	    "MF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, more in the field", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUwIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeUwgeIC\n"
	    "AQEwLgYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "BQAwRAQgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEIAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHBEEEeb5mfvncu6xVoGKVzocLBwKb/Nst\n"
	    "zijZWfKBWxb4F5hIOtp3JqPEZV2k+/wOEQio/Re0SKaFVBmcR9CP+xDUuAIhAP//\n"
	    "//////////////////66rtzmr0igO7/SXozQNkFBAgEBoUQDQgAELt04UcwYRlam\n"
	    "L4K2uMjFzPXYANuRhxY2qPQbHb54hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8\n"
	    "G5swX/ELYw==\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, a second cofactor", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBVAIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeYwgeMC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////////////////////////////////////7///wv\n"
	    "MEQEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAABwRBBHm+Zn753LusVaBilc6HCwcCm/zbLc4o\n"
	    "2VnygVsW+BeYSDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj/sQ1LgCIQD/////\n"
	    "///////////////+uq7c5q9IoDu/0l6M0DZBQQIBAQIBAaFEA0IABC7dOFHMGEZW\n"
	    "pi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQc\n"
	    "PBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit P-256", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MIIBUQIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqggeMwgeAC\n"
	    "AQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////\n"
	    "MEQEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57Pr\n"
	    "vVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwRBBGsX0fLhLEJH+Lzm5WOkQPJ3A32BLesz\n"
	    "oPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfUCIQD/////\n"
	    "AAAAAP//////////vOb6racXnoTzucrC/GMlUQIBAaFEA0IABKRr+2VnztX7EvHQ\n"
	    "rZdVyaSrXURjk3/nalIkd/B6kn/waw+u0QJbobxaUS1Ld19gEuiYLA1Gl1YNp226\n"
	    "jdxlZr0=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "explicit, nothing in it", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MG8CAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaoAIwAKFEA0IA\n"
	    "BC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPU\n"
	    "omGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END EC PRIVATE KEY-----\n") },
	{ "PKCS 8 version 3", KEYFILE_VERSION, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGEAgECMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, RSA", KEYFILE_ALGORITHM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MBcCAQAwDQYJKoZIhvcNAQEBBQAEAwQBeA==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, Ed25519", KEYFILE_ALGORITHM, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MC4CAQAwBQYDK2VwBCIEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, P-256", KEYFILE_CURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXsLnWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlpaWlqhRANCAASka/tlZ87V+xLx0K2XVcmkq11EY5N/\n"
	    "52pSJHfwepJ/8GsPrtECW6G8WlEtS3dfYBLomCwNRpdWDadtuo3cZWa9\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, no curve", KEYFILE_NOCURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MH0CAQAwCQYHKoZIzj0CAQRtMGsCAQEEIF7C51paWlpaWlpaWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaoUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54hGv5\n"
	    "TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, NULL in both", KEYFILE_NOCURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGDAgEAMAsGByqGSM49AgEFAARxMG8CAQEEIF7C51paWlpaWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaoAIFAKFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0\n"
	    "Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, P-256 inside", KEYFILE_CURVE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGQAgEAMBAGByqGSM49AgEGBSuBBAAKBHkwdwIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqgCgYIKoZIzj0DAQehRANCAAQu3ThRzBhGVqYvgra4\n"
	    "yMXM9dgA25GHFjao9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf\n"
	    "8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, wrong explicit inside", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIIBbgIBADAQBgcqhkjOPQIBBgUrgQQACgSCAVUwggFRAgEBBCBewudaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWqCB4zCB4AIBATAsBgcqhkjOPQEBAiEA////\n"
	    "/////////////////////////////////v///C8wRAQgAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAHBEEEeb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k\n"
	    "+/wOEQio/Re0SKaFVBmcR9CP+xDUuAIhAP////////////////////66rtzmr0ig\n"
	    "O7/SXozQNkFBAgEDoUQDQgAELt04UcwYRlamL4K2uMjFzPXYANuRhxY2qPQbHb54\n"
	    "hGv5TfgRQR1vb8hsch3FQ9SiYbKunoHChBw8G5swX/ELYw==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, wrong explicit outside", KEYFILE_PARAMETERS, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIIBagIBADCB7AYHKoZIzj0CATCB4AIBATAsBgcqhkjOPQEBAiEA////////////\n"
	    "/////////////////////////v///C8wRAQgAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHBEEE\n"
	    "eb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k+/wOEQio\n"
	    "/Re0SKaFVBmcR9CP+xDUuAIhAP////////////////////66rtzmr0igO7/SXozQ\n"
	    "NkFBAgEDBHYwdAIBAQQgXsLnWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlqg\n"
	    "BwYFK4EEAAqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao9BsdvniEa/lN\n"
	    "+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8Qtj\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, a byte after the inner key", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGFAgEAMBAGByqGSM49AgEGBSuBBAAKBG4wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjAA==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, inner key is none", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MBkCAQAwEAYHKoZIzj0CAQYFK4EEAAoEAgQA\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8 version 1 with a public key", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIHIAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjgUIABC7dOFHM\n"
	    "GEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6B\n"
	    "woQcPBubMF/xC2M=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, two public keys that differ", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIHIAgEBMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjgUIABKfdgPsm\n"
	    "MALPO9CXqu9+QkMM2vOz7/zO8/4+mV/j4jwqOH9xByED2dEIGDSUKZsmrACfrRn6\n"
	    "rmM0V+uF+t6fbIE=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, the inner of two public keys is wrong", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIHIAgEBMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAASn3YD7JjACzzvQl6rvfkJDDNrzs+/8zvP+\n"
	    "Pplf4+I8Kjh/cQchA9nRCBg0lCmbJqwAn60Z+q5jNFfrhfren2yBgUIABC7dOFHM\n"
	    "GEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6B\n"
	    "woQcPBubMF/xC2M=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, outer public key of another", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGCAgEBMBAGByqGSM49AgEGBSuBBAAKBCcwJQIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqBQgAEp92A+yYwAs870Jeq735CQwza87Pv/M7z/j6Z\n"
	    "X+PiPCo4f3EHIQPZ0QgYNJQpmyasAJ+tGfquYzRX64X63p9sgQ==\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, inner public key of another", KEYFILE_MISMATCH, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAASn3YD7JjACzzvQl6rvfkJDDNrzs+/8zvP+\n"
	    "Pplf4+I8Kjh/cQchA9nRCBg0lCmbJqwAn60Z+q5jNFfrhfren2yB\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, something after it all", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGGAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgXsLnWlpaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlqhRANCAAQu3ThRzBhGVqYvgra4yMXM9dgA25GHFjao\n"
	    "9BsdvniEa/lN+BFBHW9vyGxyHcVD1KJhsq6egcKEHDwbmzBf8QtjBQA=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, two things in the parameters", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIGGAgEAMBIGByqGSM49AgEGBSuBBAAKBQAEbTBrAgEBBCBewudaWlpaWlpaWlpa\n"
	    "WlpaWlpaWlpaWlpaWlpaWlpaWqFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcW\n"
	    "Nqj0Gx2+eIRr+U34EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, no algorithm", KEYFILE_DER, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MHsCAQAEdjB0AgEBBCBewudaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWqAH\n"
	    "BgUrgQQACqFEA0IABC7dOFHMGEZWpi+CtrjIxcz12ADbkYcWNqj0Gx2+eIRr+U34\n"
	    "EUEdb2/IbHIdxUPUomGyrp6BwoQcPBubMF/xC2M=\n"
	    "-----END PRIVATE KEY-----\n") },
	{ "PKCS 8, scalar zero", KEYFILE_RANGE, 1,
	    KEY_NONE, 0,
	    TEXT(
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MD4CAQAwEAYHKoZIzj0CAQYFK4EEAAoEJzAlAgEBBCAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AAAAAAAAAAAAAAAAAAAAAA==\n"
	    "-----END PRIVATE KEY-----\n") },
};

#endif /* REGRESS_UNIT_KEYFILE_CURVE_H */
