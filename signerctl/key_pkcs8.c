/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "keyd/keystore.h"
#include "signerctl/key.h"

#define WRONG	"wrong password, or the file is damaged"

static int
nid_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT	*object;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return (OBJ_obj2nid(object));
}

/* Only PBKDF2 can be told to take but so long. */
static const char *
check_kdf(const X509_ALGOR *kdf)
{
	PBKDF2PARAM	*params;
	const char	*why = NULL;
	int64_t		 count;

	if (nid_of(kdf) != NID_id_pbkdf2)
		return ("it is encrypted in another way than PBES2 with "
		    "PBKDF2: \"openssl pkcs8 -topk8\" makes one that is");
	params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM),
	    kdf->parameter);
	if (params == NULL)
		return ("malformed parameters of PBKDF2");
	if (ASN1_INTEGER_get_int64(&count, params->iter) != 1 || count < 1)
		why = "malformed parameters of PBKDF2";
	else if (count > KEYSTORE_PBKDF2_COUNT)
		why = "it asks for too many iterations of PBKDF2";
	PBKDF2PARAM_free(params);
	return (why);
}

static const char *
check_algorithm(const X509_ALGOR *algorithm)
{
	PBE2PARAM	*params;
	const char	*why;

	if (nid_of(algorithm) != NID_pbes2)
		return ("it is encrypted in another way than PBES2 with "
		    "PBKDF2: \"openssl pkcs8 -topk8\" makes one that is");
	params = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM),
	    algorithm->parameter);
	if (params == NULL)
		return ("malformed parameters of PBES2");
	why = check_kdf(params->keyfunc);
	PBE2PARAM_free(params);
	return (why);
}

/* Straight from one buffer to the other: no copy is left on the heap. */
static const char *
decrypt(const X509_SIG *sig, const struct password *pw, uint8_t *out,
    size_t size, size_t *outlen)
{
	const X509_ALGOR	*algorithm;
	const ASN1_OCTET_STRING	*data;
	EVP_CIPHER_CTX		*ctx;
	const char		*why;
	int			 n = 0, last = 0, ok;

	X509_SIG_get0(sig, &algorithm, &data);
	if ((why = check_algorithm(algorithm)) != NULL)
		return (why);
	/* The last block is not written beyond what went in. */
	if (ASN1_STRING_length(data) < 1 ||
	    (size_t)ASN1_STRING_length(data) > size)
		return (WRONG);
	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return ("out of memory");
	ok = EVP_PBE_CipherInit(algorithm->algorithm, pw->text, (int)pw->len,
	    algorithm->parameter, ctx, 0) == 1;
	why = ok ? WRONG : "its cipher is not one that libcrypto has";
	ok = ok && EVP_CipherUpdate(ctx, out, &n,
	    ASN1_STRING_get0_data(data), ASN1_STRING_length(data)) == 1 &&
	    EVP_CipherFinal_ex(ctx, out + n, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	*outlen = (size_t)n + (size_t)last;
	return (ok ? NULL : why);
}

/* The encrypted form is no secret: a BIO may copy it. */
static X509_SIG *
read_sig(const char *text, size_t len, bool pem)
{
	const unsigned char	*p = (const unsigned char *)text;
	X509_SIG		*sig;
	BIO			*bio;

	if (!pem) {
		sig = d2i_X509_SIG(NULL, &p, (long)len);
		if (sig != NULL && (const char *)p != text + len) {
			X509_SIG_free(sig);
			return (NULL);
		}
		return (sig);
	}
	if ((bio = BIO_new_mem_buf(text, (int)len)) == NULL)
		return (NULL);
	sig = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return (sig);
}

const char *
pkcs8_decrypt(const char *text, size_t len, bool pem,
    const struct password *pw, uint8_t *out, size_t *outlen)
{
	X509_SIG	*sig;
	const char	*why;

	if ((sig = read_sig(text, len, pem)) == NULL)
		return ("malformed encrypted PKCS#8");
	why = decrypt(sig, pw, out, len, outlen);
	X509_SIG_free(sig);
	return (why);
}
