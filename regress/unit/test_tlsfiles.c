/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/handshake.o common/tlsconn.o common/tlsctx.o common/tlsio.o
 * common/tlspeer.o common/tlstrust.o
 * common/tlscheck.o common/tlsfiles.o regress/unit/tlspair.o */
/* libs: libtls libssl libcrypto libevent */

/* What is said of TLS files that clients could not connect with. */

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
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

#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/tlsfiles.h"
#include "regress/unit/tlspair.h"

#define DAY	86400

/* ---- What is told ------------------------------------------------------ */

#define TOLD_MAX	8

static struct told {
	enum tlsfile		 file;
	enum tlsfile_severity	 severity;
	char			 text[512];
} told[TOLD_MAX];
static int	 ntold;
static int	 mark;	/* given along */

static void
take(enum tlsfile file, enum tlsfile_severity severity, const char *text,
    void *arg)
{
	assert_ptr_equal(arg, &mark);
	assert_true(ntold < TOLD_MAX);
	told[ntold].file = file;
	told[ntold].severity = severity;
	snprintf(told[ntold].text, sizeof(told[ntold].text), "%s", text);
	ntold++;
}

/* ---- Files ------------------------------------------------------------- */

/* Text of the files, as much as a test puts together; NULL: none. */
struct set {
	char	*texts[TLSFILE_COUNT];
};

static char			 not_after[TLSFILES_TIME];
static enum tlsfiles_role	 role = TLSFILES_SERVER;

static int
a_file(const char *text)
{
	FILE	*f;
	int	 fd;

	assert_non_null(f = tmpfile());
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fflush(f), 0);
	assert_true((fd = dup(fileno(f))) != -1);
	fclose(f);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

/* Whether a context came of it; the files are closed whatever came. */
static bool
load(const struct set *set)
{
	struct tlsctx	*ctx;
	int		 fds[TLSFILE_COUNT], was[TLSFILE_COUNT], i;

	ntold = 0;
	for (i = 0; i < TLSFILE_COUNT; i++)
		was[i] = fds[i] = set->texts[i] == NULL ? -1 :
		    a_file(set->texts[i]);
	memset(not_after, 'x', sizeof(not_after));
	ctx = tlsfiles_load(fds, role, "tlsv1.3", not_after, take, &mark);
	assert_true(ERR_peek_error() == 0);
	for (i = 0; i < TLSFILE_COUNT; i++) {
		assert_int_equal(fds[i], -1);
		if (was[i] != -1) {
			errno = 0;
			assert_int_equal(fcntl(was[i], F_GETFD), -1);
			assert_int_equal(errno, EBADF);
		}
	}
	tlsctx_unref(ctx);
	return (ctx != NULL);
}

static char *
text_of(const char *pem, size_t len)
{
	char	*text;

	assert_non_null(text = strndup(pem, len));
	return (text);
}

static char *
join(const char *a, const char *b)
{
	char	*text;

	assert_true(asprintf(&text, "%s%s", a, b) >= 0);
	return (text);
}

static void
set_good(struct set *set)
{
	memset(set, 0, sizeof(*set));
	set->texts[TLSFILE_CA] = text_of(ca.pem, ca.pemlen);
	set->texts[TLSFILE_CERT] = text_of(server.pem, server.pemlen);
	set->texts[TLSFILE_KEY] = text_of(server.keypem, server.keypemlen);
}

static void
set_free(struct set *set)
{
	int	 i;

	for (i = 0; i < TLSFILE_COUNT; i++)
		free(set->texts[i]);
}

/* One of the files another; the text becomes the set's. */
static void
set_text(struct set *set, enum tlsfile file, char *text)
{
	free(set->texts[file]);
	set->texts[file] = text;
}

/* The one thing told; there is no context if it is a fault. */
static void
expect(const struct set *set, enum tlsfile file,
    enum tlsfile_severity severity, const char *text)
{
	assert_int_equal(load(set), severity != TLSFILE_FAULT);
	if (ntold > 0)
		assert_string_equal(told[0].text, text);
	assert_int_equal(ntold, 1);
	assert_int_equal(told[0].file, file);
	assert_int_equal(told[0].severity, severity);
}

static void
expect_nothing(const struct set *set)
{
	bool	 good = load(set);

	if (ntold > 0)
		fail_msg("told: %s", told[0].text);
	assert_true(good);
}

/* The good set with one other file in it. */
static void
expect_with(enum tlsfile file, char *text, enum tlsfile where,
    enum tlsfile_severity severity, const char *want)
{
	struct set	 set;

	set_good(&set);
	set_text(&set, file, text);
	expect(&set, where, severity, want);
	set_free(&set);
}

/* ---- Certificates ------------------------------------------------------ */

static const struct san	 local[] = { DNS("localhost") };

/* Signs what was changed anew. */
static char *
resigned(struct cert *c, const struct cert *issuer)
{
	BIO	*bio;

	assert_true(X509_sign(c->x509, issuer->key, EVP_sha256()) > 0);
	free(c->pem);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, c->x509);
	copy_bio(bio, &c->pem, &c->pemlen);
	return (text_of(c->pem, c->pemlen));
}

static char *
dated(struct cert *c, const struct cert *issuer, time_t from, time_t to)
{
	ASN1_TIME_set(X509_getm_notBefore(c->x509), from);
	ASN1_TIME_set(X509_getm_notAfter(c->x509), to);
	return (resigned(c, issuer));
}

static char *
with_extension(struct cert *c, const struct cert *issuer, int nid,
    const char *value)
{
	X509_EXTENSION	*ext;

	assert_non_null(ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value));
	X509_add_ext(c->x509, ext, -1);
	X509_EXTENSION_free(ext);
	return (resigned(c, issuer));
}

static void
set_cert(struct set *set, const struct cert *c, char *text)
{
	set_text(set, TLSFILE_CERT, text);
	set_text(set, TLSFILE_KEY, text_of(c->keypem, c->keypemlen));
}

/* What is told, with the time in it. */
static char *
with_time(char buf[128], const char *before, time_t when, const char *after)
{
	char		 text[32];
	struct tm	 tm;

	assert_non_null(gmtime_r(&when, &tm));
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(buf, 128, "%s%s%s", before, text, after);
	return (buf);
}

static char *
make_crl(const struct cert *issuer, time_t from, time_t to)
{
	char	*pem, *text;
	size_t	 len;

	revocation_list(issuer, from, to, &pem, &len);
	text = text_of(pem, len);
	free(pem);
	return (text);
}

/* ---- Tests ------------------------------------------------------------- */

static void
test_good(void **state)
{
	time_t		 now = time(NULL);
	struct set	 set;

	(void)state;
	set_good(&set);
	expect_nothing(&set);
	assert_string_equal(not_after, "2100-01-01T00:00:00Z");
	set_text(&set, TLSFILE_CRL, make_crl(&ca, now - 60, now + DAY));
	expect_nothing(&set);
	/* Such a list never ends. */
	set_text(&set, TLSFILE_CRL, make_crl(&ca, now - 60, 0));
	expect_nothing(&set);
	set_free(&set);
}

/* Something else in each of the places. */
static void
test_no_pem(void **state)
{
	static const char	 words[] = "nothing of the kind\n";

	(void)state;
	expect_with(TLSFILE_CERT, strdup(words), TLSFILE_CERT, TLSFILE_FAULT,
	    "no certificate in PEM form");
	expect_with(TLSFILE_CERT, text_of(server.keypem, server.keypemlen),
	    TLSFILE_CERT, TLSFILE_FAULT, "no certificate in PEM form");
	expect_with(TLSFILE_CA, strdup(words), TLSFILE_CA, TLSFILE_FAULT,
	    "no certificate in PEM form");
	expect_with(TLSFILE_KEY, strdup(words), TLSFILE_KEY, TLSFILE_FAULT,
	    "no private key in PEM form");
	expect_with(TLSFILE_KEY, text_of(server.pem, server.pemlen),
	    TLSFILE_KEY, TLSFILE_FAULT, "no private key in PEM form");
	expect_with(TLSFILE_CRL, strdup(words), TLSFILE_CRL, TLSFILE_FAULT,
	    "no certificate revocation list in PEM form");
	expect_with(TLSFILE_CRL, text_of(ca.pem, ca.pemlen), TLSFILE_CRL,
	    TLSFILE_FAULT, "no certificate revocation list in PEM form");
	expect_with(TLSFILE_CA, strdup(""), TLSFILE_CA, TLSFILE_FAULT, "empty");
}

static void
test_damaged(void **state)
{
	static const char	 cert[] = "-----BEGIN CERTIFICATE-----\n"
	    "AAAA\n-----END CERTIFICATE-----\n";
	static const char	 key[] = "-----BEGIN PRIVATE KEY-----\n"
	    "AAAA\n-----END PRIVATE KEY-----\n";
	static const char	 crl[] = "-----BEGIN X509 CRL-----\n"
	    "AAAA\n-----END X509 CRL-----\n";
	char			*text;

	(void)state;
	expect_with(TLSFILE_CERT, strdup(cert), TLSFILE_CERT, TLSFILE_FAULT,
	    "certificate 1 of the file cannot be read");
	text = text_of(ca.pem, ca.pemlen);
	expect_with(TLSFILE_CA, join(text, cert), TLSFILE_CA, TLSFILE_FAULT,
	    "certificate 2 of the file cannot be read");
	/* Cut off within the last line but one. */
	text[strlen(text) - 30] = '\0';
	expect_with(TLSFILE_CA, text, TLSFILE_CA, TLSFILE_FAULT,
	    "certificate 1 of the file cannot be read");
	expect_with(TLSFILE_KEY, strdup(key), TLSFILE_KEY, TLSFILE_FAULT,
	    "no private key in PEM form that can be read");
	expect_with(TLSFILE_CRL, strdup(crl), TLSFILE_CRL, TLSFILE_FAULT,
	    "certificate revocation list 1 of the file cannot be read");
}

/* Nobody is asked for a password. */
static void
test_encrypted(void **state)
{
	static const char	 header[] = "-----BEGIN CERTIFICATE-----\n"
	    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
	    "-----END CERTIFICATE-----\n";
	static const char	 want[] = "an encrypted private key: decrypt "
	    "it with \"openssl pkey\"";
	char			*pem, password[] = "secret";
	size_t			 len;
	BIO			*bio = BIO_new(BIO_s_mem());

	(void)state;
	PEM_write_bio_PKCS8PrivateKey(bio, server.key, EVP_aes_128_cbc(),
	    NULL, 0, NULL, password);
	copy_bio(bio, &pem, &len);
	expect_with(TLSFILE_KEY, text_of(pem, len), TLSFILE_KEY,
	    TLSFILE_FAULT, want);
	free(pem);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey_traditional(bio, server.key,
	    EVP_aes_128_cbc(), NULL, 0, NULL, password);
	copy_bio(bio, &pem, &len);
	expect_with(TLSFILE_KEY, text_of(pem, len), TLSFILE_KEY,
	    TLSFILE_FAULT, want);
	free(pem);
	expect_with(TLSFILE_CA, strdup(header), TLSFILE_CA, TLSFILE_FAULT,
	    "an encrypted PEM block: expected one in the clear");
	expect_with(TLSFILE_CERT, strdup(header), TLSFILE_CERT, TLSFILE_FAULT,
	    "an encrypted PEM block: expected one in the clear");
}

static void
test_wrong_key(void **state)
{
	char	*own, *next;

	(void)state;
	expect_with(TLSFILE_KEY, text_of(named.keypem, named.keypemlen),
	    TLSFILE_KEY, TLSFILE_FAULT, "does not belong to the certificate");
	/* The first of the file is the server's own. */
	own = text_of(server.pem, server.pemlen);
	next = text_of(named.pem, named.pemlen);
	expect_with(TLSFILE_CERT, join(next, own), TLSFILE_KEY, TLSFILE_FAULT,
	    "does not belong to the certificate");
	free(own);
	free(next);
}

/* All that is wrong is told at once, each with its file. */
static void
test_several(void **state)
{
	struct set	 set;

	(void)state;
	set_good(&set);
	set_text(&set, TLSFILE_CA, strdup("x"));
	set_text(&set, TLSFILE_CRL, strdup("y"));
	set_text(&set, TLSFILE_KEY, text_of(ca.keypem, ca.keypemlen));
	assert_false(load(&set));
	assert_int_equal(ntold, 3);
	assert_int_equal(told[0].file, TLSFILE_CA);
	assert_int_equal(told[1].file, TLSFILE_CRL);
	assert_int_equal(told[2].file, TLSFILE_KEY);
	set_free(&set);
}

static void
test_server_dates(void **state)
{
	time_t		 now = time(NULL), when;
	struct cert	 c;
	struct set	 set;
	char		 want[128];

	(void)state;
	make_cert(&c, &ca, "localhost", local, 1);
	set_good(&set);
	set_cert(&set, &c, dated(&c, &ca, now - 2 * DAY, now - DAY));
	expect(&set, TLSFILE_CERT, TLSFILE_STALE,
	    with_time(want, "expired on ", now - DAY, ""));
	set_cert(&set, &c, dated(&c, &ca, now + DAY, now + 90 * DAY));
	expect(&set, TLSFILE_CERT, TLSFILE_WARNING,
	    with_time(want, "not valid before ", now + DAY, ""));
	when = now + 14 * DAY - 3600;
	set_cert(&set, &c, dated(&c, &ca, now - DAY, when));
	expect(&set, TLSFILE_CERT, TLSFILE_WARNING,
	    with_time(want, "expires on ", when, ""));
	assert_string_equal(not_after, with_time(want, "", when, ""));
	when = now + 14 * DAY + 3600;
	set_cert(&set, &c, dated(&c, &ca, now - DAY, when));
	expect_nothing(&set);
	assert_string_equal(not_after, with_time(want, "", when, ""));
	set_free(&set);
	free_cert(&c);
}

static void
test_chain_dates(void **state)
{
	time_t		 now = time(NULL);
	struct cert	 sub;
	struct set	 set;
	char		 want[128], *first, *second;

	(void)state;
	make_cert(&sub, NULL, "sub", NULL, 0);
	set_good(&set);
	first = text_of(server.pem, server.pemlen);
	second = dated(&sub, &sub, now - 2 * DAY, now - DAY);
	set_text(&set, TLSFILE_CERT, join(first, second));
	expect(&set, TLSFILE_CERT, TLSFILE_WARNING, with_time(want,
	    "certificate 2 of the chain expired on ", now - DAY, ""));
	assert_string_equal(not_after, "2100-01-01T00:00:00Z");
	free(first);
	free(second);
	set_free(&set);
	free_cert(&sub);
}

static void
test_server_usage(void **state)
{
	static const struct {
		const char	*usage;
		bool		 good;
	} cases[] = {
		{ "serverAuth", true },
		{ "clientAuth,serverAuth", true },
		{ "anyExtendedKeyUsage", true },
		{ "clientAuth", false },
		{ "codeSigning", false }
	};
	struct cert	 c;
	struct set	 set;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_cert(&c, &ca, "localhost", local, 1);
		set_good(&set);
		set_cert(&set, &c, with_extension(&c, &ca,
		    NID_ext_key_usage, cases[i].usage));
		if (cases[i].good)
			expect_nothing(&set);
		else
			expect(&set, TLSFILE_CERT, TLSFILE_FAULT,
			    "extendedKeyUsage without serverAuth: clients "
			    "refuse it");
		set_free(&set);
		free_cert(&c);
	}
}

static void
test_server_names(void **state)
{
	static const struct san	 ip[] = { { GEN_IPADD, "\x7f\0\0\1", 4 } };
	static const struct san	 mail[] = { { GEN_EMAIL, "a@b", 3 } };
	struct cert		 c;
	struct set		 set;

	(void)state;
	set_good(&set);
	set_cert(&set, &unnamed, text_of(unnamed.pem, unnamed.pemlen));
	expect(&set, TLSFILE_CERT, TLSFILE_WARNING,
	    "no subjectAltName: Go clients refuse it");
	make_cert(&c, &ca, "localhost", mail, 1);
	set_cert(&set, &c, text_of(c.pem, c.pemlen));
	expect(&set, TLSFILE_CERT, TLSFILE_WARNING, "no DNS name and no "
	    "address in its subjectAltName: clients refuse it");
	free_cert(&c);
	make_cert(&c, &ca, "localhost", ip, 1);
	set_cert(&set, &c, text_of(c.pem, c.pemlen));
	expect_nothing(&set);
	free_cert(&c);
	set_free(&set);
}

static void
test_no_ca(void **state)
{
	struct set	 set;
	char		*a, *b;

	(void)state;
	expect_with(TLSFILE_CA, text_of(named.pem, named.pemlen), TLSFILE_CA,
	    TLSFILE_FAULT, "holds no certificate of a CA (basicConstraints)");
	/* One among others is enough. */
	a = text_of(named.pem, named.pemlen);
	b = text_of(ca.pem, ca.pemlen);
	set_good(&set);
	set_text(&set, TLSFILE_CA, join(a, b));
	expect_nothing(&set);
	set_free(&set);
	free(a);
	free(b);
}

static void
test_ca_expired(void **state)
{
	time_t		 now = time(NULL);
	struct cert	 old;
	char		*text, *good;

	(void)state;
	make_cert(&old, NULL, "old", NULL, 0);
	text = dated(&old, &old, now - 2 * DAY, now - DAY);
	expect_with(TLSFILE_CA, strdup(text), TLSFILE_CA, TLSFILE_FAULT, "CA "
	    "/CN=old: certificate has expired: no client of it can connect");
	/* Those of the other one can. */
	good = text_of(ca.pem, ca.pemlen);
	expect_with(TLSFILE_CA, join(text, good), TLSFILE_CA, TLSFILE_WARNING,
	    "CA /CN=old: certificate has expired: no client of it can connect");
	free(text);
	free(good);
	free_cert(&old);
}

/* OpenSSL goes on to the root, and does not find it. */
static void
test_ca_without_root(void **state)
{
	struct cert	 sub;
	struct set	 set;
	char		*text, *root;

	(void)state;
	make_cert(&sub, &ca, "sub", NULL, 0);
	text = with_extension(&sub, &ca, NID_basic_constraints,
	    "critical,CA:TRUE");
	expect_with(TLSFILE_CA, strdup(text), TLSFILE_CA, TLSFILE_FAULT, "CA "
	    "/CN=sub: unable to get local issuer certificate: no client of "
	    "it can connect");
	root = text_of(ca.pem, ca.pemlen);
	set_good(&set);
	set_text(&set, TLSFILE_CA, join(text, root));
	expect_nothing(&set);
	set_free(&set);
	free(text);
	free(root);
	free_cert(&sub);
}

static void
test_crl_dates(void **state)
{
	time_t		 now = time(NULL);
	struct set	 set;
	char		 want[128], *old, *new;

	(void)state;
	old = make_crl(&ca, now - 2 * DAY, now - DAY);
	new = make_crl(&ca, now - DAY, now + DAY);
	set_good(&set);
	set_text(&set, TLSFILE_CRL, strdup(old));
	expect(&set, TLSFILE_CRL, TLSFILE_FAULT, with_time(want, "the CRL of "
	    "CA /CN=ca has expired on ", now - DAY, ": no client of it can "
	    "connect"));
	/* A newer one makes up for it, wherever it is. */
	set_text(&set, TLSFILE_CRL, join(old, new));
	expect_nothing(&set);
	set_text(&set, TLSFILE_CRL, join(new, old));
	expect_nothing(&set);
	set_text(&set, TLSFILE_CRL, make_crl(&ca, now + DAY, now + 2 * DAY));
	expect(&set, TLSFILE_CRL, TLSFILE_FAULT, with_time(want, "the CRL of "
	    "CA /CN=ca is not valid before ", now + DAY, ": no client of it "
	    "can connect"));
	free(old);
	free(new);
	set_free(&set);
}

static void
test_crl_issuer(void **state)
{
	time_t		 now = time(NULL);
	struct cert	 same;
	char		*good, *stray;

	(void)state;
	stray = make_crl(&other_ca, now - DAY, now + DAY);
	good = make_crl(&ca, now - DAY, now + DAY);
	expect_with(TLSFILE_CRL, strdup(stray), TLSFILE_CRL, TLSFILE_FAULT,
	    "its issuer /CN=other is not in \"tls ca\"");
	expect_with(TLSFILE_CRL, join(good, stray), TLSFILE_CRL, TLSFILE_FAULT,
	    "its issuer /CN=other is not in \"tls ca\"");
	make_cert(&same, NULL, "ca", NULL, 0);
	expect_with(TLSFILE_CRL, make_crl(&same, now - DAY, now + DAY),
	    TLSFILE_CRL, TLSFILE_FAULT,
	    "not signed with the key of CA /CN=ca in \"tls ca\"");
	free_cert(&same);
	free(good);
	free(stray);
}

static void
test_crl_usage(void **state)
{
	time_t		 now = time(NULL);
	struct cert	 c;
	struct set	 set;

	(void)state;
	make_cert(&c, NULL, "mute", NULL, 0);
	set_good(&set);
	set_text(&set, TLSFILE_CA, with_extension(&c, &c, NID_key_usage,
	    "critical,keyCertSign"));
	expect_nothing(&set);
	set_text(&set, TLSFILE_CRL, make_crl(&c, now - DAY, now + DAY));
	expect(&set, TLSFILE_CRL, TLSFILE_FAULT,
	    "its issuer /CN=mute is not one to sign CRLs (keyUsage)");
	set_free(&set);
	free_cert(&c);
}

/* With a list for one CA there has to be one for each. */
static void
test_crl_missing(void **state)
{
	time_t		 now = time(NULL);
	struct set	 set;
	char		*a, *b;

	(void)state;
	a = text_of(ca.pem, ca.pemlen);
	b = text_of(other_ca.pem, other_ca.pemlen);
	set_good(&set);
	set_text(&set, TLSFILE_CA, join(a, b));
	expect_nothing(&set);
	set_text(&set, TLSFILE_CRL, make_crl(&ca, now - DAY, now + DAY));
	expect(&set, TLSFILE_CRL, TLSFILE_WARNING,
	    "no CRL of CA /CN=other: no client of it can connect");
	free(a);
	a = set.texts[TLSFILE_CRL];
	set.texts[TLSFILE_CRL] = NULL;
	free(b);
	b = make_crl(&other_ca, now - DAY, now + DAY);
	set_text(&set, TLSFILE_CRL, join(a, b));
	expect_nothing(&set);
	free(a);
	free(b);
	set_free(&set);
}

/* A root's missing list is in the way of those below, too. */
static void
test_crl_of_root_missing(void **state)
{
	time_t		 now = time(NULL);
	struct cert	 sub;
	struct set	 set;
	char		*text, *root;

	(void)state;
	make_cert(&sub, &ca, "sub", NULL, 0);
	text = with_extension(&sub, &ca, NID_basic_constraints,
	    "critical,CA:TRUE");
	root = text_of(ca.pem, ca.pemlen);
	set_good(&set);
	set_text(&set, TLSFILE_CA, join(text, root));
	set_text(&set, TLSFILE_CRL, make_crl(&sub, now - DAY, now + DAY));
	assert_false(load(&set));
	assert_int_equal(ntold, 2);
	assert_int_equal(told[0].file, TLSFILE_CRL);
	assert_string_equal(told[0].text, "CA /CN=sub: unable to get "
	    "certificate CRL: no client of it can connect");
	assert_int_equal(told[1].file, TLSFILE_CRL);
	assert_string_equal(told[1].text,
	    "no CRL of CA /CN=ca: no client of it can connect");
	free(text);
	free(root);
	set_free(&set);
	free_cert(&sub);
}

/* The name of a CA is not to be trusted on a terminal. */
static void
test_hostile_name(void **state)
{
	struct cert	 c;
	struct set	 set;
	time_t		 now = time(NULL);
	char		 name[65];
	size_t		 i;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, "\x1b[2J\n", 5);
	name[sizeof(name) - 1] = '\0';
	make_cert(&c, NULL, name, NULL, 0);
	for (i = 0; i < 10; i++)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x509),
		    "OU", MBSTRING_ASC, (unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c.x509, X509_get_subject_name(c.x509));
	set_good(&set);
	set_text(&set, TLSFILE_CA, dated(&c, &c, now - 2, now - 1));
	assert_false(load(&set));
	assert_int_equal(ntold, 1);
	assert_non_null(strstr(told[0].text, "\\x1B[2J\\x0A"));
	assert_null(strpbrk(told[0].text, "\x1b\n"));
	assert_non_null(strstr(told[0].text, "has expired"));
	set_free(&set);
	free_cert(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_no_pem),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_server_dates),
		cmocka_unit_test(test_chain_dates),
		cmocka_unit_test(test_server_usage),
		cmocka_unit_test(test_server_names),
		cmocka_unit_test(test_no_ca),
		cmocka_unit_test(test_ca_expired),
		cmocka_unit_test(test_ca_without_root),
		cmocka_unit_test(test_crl_dates),
		cmocka_unit_test(test_crl_issuer),
		cmocka_unit_test(test_crl_usage),
		cmocka_unit_test(test_crl_missing),
		cmocka_unit_test(test_crl_of_root_missing),
		cmocka_unit_test(test_hostile_name)
	};

	return (cmocka_run_group_tests_name("tlsfiles", tests, pair_setup,
	    pair_teardown));
}
