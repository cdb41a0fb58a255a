/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * common/tlscheck.o common/tlsfiles.o regress/unit/tlspair.o */
/* libs: libtls libssl libcrypto libevent */

/* TLS files of a client: what is said of them differs from a server's. */

#include <sys/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/tlsconn.h"
#include "common/tlsfiles.h"
#include "regress/unit/tlspair.h"

static int			 ntold;
static enum tlsfile		 told_file;
static enum tlsfile_severity	 told_severity;
static char			 told[TLSFILES_TEXT];

static void
take(enum tlsfile file, enum tlsfile_severity severity, const char *text,
    void *arg)
{
	(void)arg;
	ntold++;
	told_file = file;
	told_severity = severity;
	snprintf(told, sizeof(told), "%s", text);
}

static int
a_file(const char *text, size_t len)
{
	FILE	*f;
	int	 fd;

	assert_non_null(f = tmpfile());
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fflush(f), 0);
	assert_true((fd = dup(fileno(f))) != -1);
	fclose(f);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

/* crl NULL: none. */
static struct tlsctx *
load(const struct cert *cert, enum tlsfiles_role role, const char *crl,
    size_t crllen)
{
	struct tlsctx	*ctx;
	char		 not_after[TLSFILES_TIME];
	int		 fds[TLSFILE_COUNT], i;

	ntold = 0;
	fds[TLSFILE_CA] = a_file(ca.pem, ca.pemlen);
	fds[TLSFILE_CERT] = a_file(cert->pem, cert->pemlen);
	fds[TLSFILE_KEY] = a_file(cert->keypem, cert->keypemlen);
	fds[TLSFILE_CRL] = crl == NULL ? -1 : a_file(crl, crllen);
	ctx = tlsfiles_load(fds, role, "tlsv1.3", not_after, take, NULL);
	for (i = 0; i < TLSFILE_COUNT; i++)
		assert_int_equal(fds[i], -1);
	assert_string_equal(not_after, "2100-01-01T00:00:00Z");
	assert_int_equal(ERR_peek_error(), 0);
	return (ctx);
}

static void
expect(const struct cert *cert, enum tlsfiles_role role, const char *crl,
    size_t crllen, enum tlsfile file, enum tlsfile_severity severity,
    const char *want)
{
	struct tlsctx	*ctx = load(cert, role, crl, crllen);

	assert_int_equal(ctx == NULL, severity == TLSFILE_FAULT);
	assert_int_equal(ntold, 1);
	assert_string_equal(told, want);
	assert_int_equal(told_file, file);
	assert_int_equal(told_severity, severity);
	tlsctx_unref(ctx);
}

static void
test_good(void **state)
{
	struct tlsctx	*ctx;

	(void)state;
	assert_non_null(ctx = load(&named, TLSFILES_CLIENT, NULL, 0));
	assert_int_equal(ntold, 0);
	/* A client's, that is. */
	assert_null(tlsctx_tls(ctx));
	tlsctx_unref(ctx);
	assert_non_null(ctx = load(&named, TLSFILES_SERVER, NULL, 0));
	assert_non_null(tlsctx_tls(ctx));
	tlsctx_unref(ctx);
}

static void
add_usage(struct cert *c, const char *usage)
{
	X509_EXTENSION	*ext;
	BIO		*bio;

	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);
	assert_non_null(ext);
	X509_add_ext(c->x509, ext, -1);
	X509_EXTENSION_free(ext);
	assert_true(X509_sign(c->x509, ca.key, EVP_sha256()) > 0);
	free(c->pem);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, c->x509);
	copy_bio(bio, &c->pem, &c->pemlen);
}

static void
test_usage(void **state)
{
	static const struct {
		const char	*usage;
		bool		 client, server;
	} cases[] = {
		{ "clientAuth", true, false },
		{ "serverAuth", false, true },
		{ "clientAuth,serverAuth", true, true },
		{ "anyExtendedKeyUsage", true, true },
		{ "codeSigning", false, false }
	};
	static const struct san	 dns[] = { DNS("signer.example") };
	struct tlsctx		*ctx;
	struct cert		 c;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_cert(&c, &ca, "signer", dns, 1);
		add_usage(&c, cases[i].usage);
		ctx = load(&c, TLSFILES_SERVER, NULL, 0);
		assert_int_equal(ctx != NULL, cases[i].server);
		tlsctx_unref(ctx);
		if (cases[i].client) {
			ctx = load(&c, TLSFILES_CLIENT, NULL, 0);
			assert_non_null(ctx);
			assert_int_equal(ntold, 0);
			tlsctx_unref(ctx);
		} else
			expect(&c, TLSFILES_CLIENT, NULL, 0, TLSFILE_CERT,
			    TLSFILE_FAULT, "extendedKeyUsage without "
			    "clientAuth: proxies refuse it");
		free_cert(&c);
	}
}

/* An address is a name for a server, and none for a client. */
static void
test_names(void **state)
{
	static const struct san	 ip[] = { { GEN_IPADD, "\x7f\0\0\1", 4 } };
	static const char	 want[] = "no DNS name in its "
	    "subjectAltName: proxies refuse it";
	struct tlsctx		*ctx;
	struct cert		 c;

	(void)state;
	expect(&unnamed, TLSFILES_CLIENT, NULL, 0, TLSFILE_CERT,
	    TLSFILE_WARNING, want);
	make_cert(&c, &ca, "ip", ip, 1);
	expect(&c, TLSFILES_CLIENT, NULL, 0, TLSFILE_CERT, TLSFILE_WARNING,
	    want);
	assert_non_null(ctx = load(&c, TLSFILES_SERVER, NULL, 0));
	assert_int_equal(ntold, 0);
	tlsctx_unref(ctx);
	free_cert(&c);
}

static void
test_crl(void **state)
{
	size_t	 len;
	char	*crl;

	(void)state;
	revocation_list(&ca, PAST, PAST + 86400, &crl, &len);
	expect(&named, TLSFILES_CLIENT, crl, len, TLSFILE_CRL, TLSFILE_FAULT,
	    "the CRL of CA /CN=ca has expired on 2000-01-02T00:00:00Z: no "
	    "proxy of it is trusted");
	expect(&named, TLSFILES_SERVER, crl, len, TLSFILE_CRL, TLSFILE_FAULT,
	    "the CRL of CA /CN=ca has expired on 2000-01-02T00:00:00Z: no "
	    "client of it can connect");
	free(crl);
	revocation_list(&ca, FUTURE, FUTURE + 86400, &crl, &len);
	expect(&named, TLSFILES_CLIENT, crl, len, TLSFILE_CRL, TLSFILE_FAULT,
	    "the CRL of CA /CN=ca is not valid before 2100-01-01T00:00:00Z: "
	    "no proxy of it is trusted");
	free(crl);
	revocation_list(&other_ca, PAST, FUTURE, &crl, &len);
	expect(&named, TLSFILES_CLIENT, crl, len, TLSFILE_CRL, TLSFILE_FAULT,
	    "its issuer /CN=other is not in \"tls ca\"");
	free(crl);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_crl)
	};

	return (cmocka_run_group_tests_name("tlsfilesclient", tests,
	    pair_setup, pair_teardown));
}
