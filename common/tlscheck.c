/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/tlscheck.h"
#include "common/tlspem.h"

#define NAME_SIZE	160	/* of a subject, in a text */

/* What the texts say of the other side, and the checks ask of this one. */
struct side {
	uint32_t	 usage;
	const char	*usage_fault;
	const char	*peer;
	const char	*lost;		/* what cannot happen without its CA */
};

static const struct side sides[] = {
	[TLSFILES_SERVER] = {
		XKU_SSL_SERVER | XKU_ANYEKU,
		"extendedKeyUsage without serverAuth: clients refuse it",
		"client", "can connect"
	},
	[TLSFILES_CLIENT] = {
		XKU_SSL_CLIENT | XKU_ANYEKU,
		"extendedKeyUsage without clientAuth: proxies refuse it",
		"proxy", "is trusted"
	}
};

struct check {
	enum tlsfiles_role	 role;
	const struct side	*side;
	STACK_OF(X509)		*chain;		/* ours, leaf first */
	STACK_OF(X509)		*cas;
	STACK_OF(X509_CRL)	*crls;		/* NULL: none was given */
	EVP_PKEY		*key;
	X509_STORE		*store;		/* for the peers */
	time_t			 now;
	tlsfiles_cb		*cb;
	void			*arg;
	bool			 failed;
};

static void
tell(struct check *, enum tlsfile, enum tlsfile_severity, const char *, ...)
    __attribute__((format(printf, 4, 5)));

static void
tell(struct check *c, enum tlsfile file, enum tlsfile_severity severity,
    const char *fmt, ...)
{
	char	 text[TLSFILES_TEXT];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (severity == TLSFILE_FAULT)
		c->failed = true;
	c->cb(file, severity, text, c->arg);
}

static void
out_of_memory(struct check *c, enum tlsfile file)
{
	tell(c, file, TLSFILE_FAULT, "out of memory");
}

static const char *
name_text(const X509_NAME *name, char buf[NAME_SIZE])
{
	if (X509_NAME_oneline(name, buf, NAME_SIZE) == NULL || buf[0] == '\0')
		snprintf(buf, NAME_SIZE, "without a name");
	return (buf);
}

/* RFC 3339, as in the log. */
static const char *
time_text(const ASN1_TIME *when, char buf[TLSFILES_TIME])
{
	struct tm	 tm;

	if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1 ||
	    strftime(buf, TLSFILES_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, TLSFILES_TIME, "an unreadable time");
	return (buf);
}

/* What cannot be compared is past. */
static bool
is_past(const ASN1_TIME *when, time_t now)
{
	return (X509_cmp_time(when, &now) <= 0);
}

/* ---- Reading ---------------------------------------------------------- */

static bool
contains(const struct tlscheck_text *t, const char *what)
{
	return (memmem(t->data, t->len, what, strlen(what)) != NULL);
}

static bool
is_encrypted(const struct tlscheck_text *t)
{
	return (contains(t, "Proc-Type:") ||
	    contains(t, "BEGIN ENCRYPTED PRIVATE KEY"));
}

static BIO *
open_text(struct check *c, enum tlsfile file,
    const struct tlscheck_text *t)
{
	BIO	*bio = NULL;

	if (t->len <= INT_MAX)
		bio = BIO_new_mem_buf(t->data, (int)t->len);
	if (bio == NULL)
		out_of_memory(c, file);
	ERR_clear_error();
	return (bio);
}

/*
 * After a block could not be read: 0 if that was because n were all, and
 * there was one at least.
 */
static int
end_of_blocks(struct check *c, enum tlsfile file, const char *what, int n)
{
	unsigned long	 error = ERR_peek_last_error();

	ERR_clear_error();
	if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
	    ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		tell(c, file, TLSFILE_FAULT, "%s %d of the file cannot be read",
		    what, n + 1);
	else if (n <= 0)
		tell(c, file, TLSFILE_FAULT, "no %s in PEM form", what);
	else
		return (0);
	return (-1);
}

/* All of them, or NULL and a fault. */
static STACK_OF(X509) *
read_certs(struct check *c, enum tlsfile file,
    const struct tlscheck_text *t)
{
	STACK_OF(X509)	*certs = sk_X509_new_null();
	X509		*cert;
	BIO		*bio;

	if ((bio = open_text(c, file, t)) == NULL) {
		sk_X509_free(certs);
		return (NULL);
	}
	while ((cert = PEM_read_bio_X509(bio, NULL, tlspem_no_password,
	    NULL)) != NULL)
		if (sk_X509_push(certs, cert) <= 0) {
			X509_free(cert);
			break;
		}
	if (end_of_blocks(c, file, "certificate",
	    sk_X509_num(certs)) == -1) {
		sk_X509_pop_free(certs, X509_free);
		certs = NULL;
	}
	BIO_free(bio);
	return (certs);
}

static STACK_OF(X509_CRL) *
read_crls(struct check *c, enum tlsfile file,
    const struct tlscheck_text *t)
{
	STACK_OF(X509_CRL)	*crls = sk_X509_CRL_new_null();
	X509_CRL		*crl;
	BIO			*bio;

	if ((bio = open_text(c, file, t)) == NULL) {
		sk_X509_CRL_free(crls);
		return (NULL);
	}
	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, tlspem_no_password,
	    NULL)) != NULL)
		if (sk_X509_CRL_push(crls, crl) <= 0) {
			X509_CRL_free(crl);
			break;
		}
	if (end_of_blocks(c, file, "certificate revocation list",
	    sk_X509_CRL_num(crls)) == -1) {
		sk_X509_CRL_pop_free(crls, X509_CRL_free);
		crls = NULL;
	}
	BIO_free(bio);
	return (crls);
}

static EVP_PKEY *
read_key(struct check *c, const struct tlscheck_text *t)
{
	EVP_PKEY	*key;
	BIO		*bio;

	if (is_encrypted(t)) {
		tell(c, TLSFILE_KEY, TLSFILE_FAULT, "an encrypted private "
		    "key: decrypt it with \"openssl pkey\"");
		return (NULL);
	}
	if ((bio = open_text(c, TLSFILE_KEY, t)) == NULL)
		return (NULL);
	key = PEM_read_bio_PrivateKey(bio, NULL, tlspem_no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL)
		tell(c, TLSFILE_KEY, TLSFILE_FAULT, "no private key in PEM "
		    "form%s", contains(t, "PRIVATE KEY") ?
		    " that can be read" : "");
	return (key);
}

/* What could not be read is NULL afterwards, and told. */
static void
read_all(struct check *c, const struct tlscheck_text texts[TLSFILE_COUNT])
{
	static const enum tlsfile	 clear[] = {
		TLSFILE_CERT, TLSFILE_CA, TLSFILE_CRL
	};
	size_t				 i;

	for (i = 0; i < sizeof(clear) / sizeof(clear[0]); i++)
		if (texts[clear[i]].data != NULL &&
		    is_encrypted(&texts[clear[i]]))
			tell(c, clear[i], TLSFILE_FAULT, "an encrypted PEM "
			    "block: expected one in the clear");
	if (c->failed)
		return;
	c->chain = read_certs(c, TLSFILE_CERT, &texts[TLSFILE_CERT]);
	c->key = read_key(c, &texts[TLSFILE_KEY]);
	c->cas = read_certs(c, TLSFILE_CA, &texts[TLSFILE_CA]);
	if (texts[TLSFILE_CRL].data != NULL)
		c->crls = read_crls(c, TLSFILE_CRL, &texts[TLSFILE_CRL]);
}

/* ---- Our certificate -------------------------------------------------- */

static void
check_time(struct check *c, const X509 *cert, int n)
{
	const ASN1_TIME	*begin = X509_get0_notBefore(cert);
	const ASN1_TIME	*end = X509_get0_notAfter(cert);
	const time_t	 later = c->now + TLSCHECK_DAYS * 86400;
	char		 which[64] = "", when[TLSFILES_TIME];

	if (n > 0)
		snprintf(which, sizeof(which), "certificate %d of the chain ",
		    n + 1);
	if (!is_past(begin, c->now))
		tell(c, TLSFILE_CERT, TLSFILE_WARNING, "%snot valid before %s",
		    which, time_text(begin, when));
	else if (is_past(end, c->now))
		/* Peers may know another way than by an old one of the chain. */
		tell(c, TLSFILE_CERT, n == 0 ? TLSFILE_STALE : TLSFILE_WARNING,
		    "%sexpired on %s", which, time_text(end, when));
	else if (is_past(end, later))
		tell(c, TLSFILE_CERT, TLSFILE_WARNING, "%sexpires on %s", which,
		    time_text(end, when));
}

static void
check_names(struct check *c, const X509 *cert)
{
	GENERAL_NAMES	*names;
	bool		 found = false;
	int		 i, type;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		type = sk_GENERAL_NAME_value(names, i)->type;
		/* Proxies know their signers by DNS names alone. */
		if (type == GEN_DNS ||
		    (type == GEN_IPADD && c->role == TLSFILES_SERVER))
			found = true;
	}
	if (!found && c->role == TLSFILES_CLIENT)
		tell(c, TLSFILE_CERT, TLSFILE_WARNING, "no DNS name in its "
		    "subjectAltName: proxies refuse it");
	else if (names == NULL)
		tell(c, TLSFILE_CERT, TLSFILE_WARNING, "no subjectAltName: Go "
		    "clients refuse it");
	else if (!found)
		tell(c, TLSFILE_CERT, TLSFILE_WARNING, "no DNS name and no "
		    "address in its subjectAltName: clients refuse it");
	GENERAL_NAMES_free(names);
}

static void
check_own(struct check *c, char not_after[TLSFILES_TIME])
{
	X509	*leaf;
	int	 i;

	if (c->chain == NULL)
		return;
	leaf = sk_X509_value(c->chain, 0);
	time_text(X509_get0_notAfter(leaf), not_after);
	if (c->key != NULL && X509_check_private_key(leaf, c->key) != 1)
		tell(c, TLSFILE_KEY, TLSFILE_FAULT, "does not belong to the "
		    "certificate");
	/* Without the extension all bits are set. */
	if ((X509_get_extended_key_usage(leaf) &
	    c->side->usage) == 0)
		tell(c, TLSFILE_CERT, TLSFILE_FAULT, "%s",
		    c->side->usage_fault);
	check_names(c, leaf);
	for (i = 0; i < sk_X509_num(c->chain); i++)
		check_time(c, sk_X509_value(c->chain, i), i);
}

/* ---- CRLs ------------------------------------------------------------- */

static bool
is_ca(X509 *cert)
{
	return (X509_check_ca(cert) != 0);
}

static bool
has_issuer_name(const X509_CRL *crl, const X509 *ca)
{
	return (X509_NAME_cmp(X509_CRL_get_issuer(crl),
	    X509_get_subject_name(ca)) == 0);
}

static bool
has_signed(X509 *ca, X509_CRL *crl)
{
	EVP_PKEY	*key = X509_get0_pubkey(ca);

	return (key != NULL && X509_CRL_verify(crl, key) == 1);
}

/* 0 if there is a CA for it. */
static int
check_crl(struct check *c, X509_CRL *crl)
{
	char	 name[NAME_SIZE];
	X509	*ca;
	bool	 named = false;
	int	 i;

	name_text(X509_CRL_get_issuer(crl), name);
	for (i = 0; i < sk_X509_num(c->cas); i++) {
		ca = sk_X509_value(c->cas, i);
		if (!has_issuer_name(crl, ca))
			continue;
		named = true;
		if (!has_signed(ca, crl))
			continue;
		if ((X509_get_key_usage(ca) & KU_CRL_SIGN) != 0)
			return (0);
		tell(c, TLSFILE_CRL, TLSFILE_FAULT, "its issuer %s is not one "
		    "to sign CRLs (keyUsage)", name);
		return (-1);
	}
	if (named)
		tell(c, TLSFILE_CRL, TLSFILE_FAULT, "not signed with the key "
		    "of CA %s in \"tls ca\"", name);
	else
		tell(c, TLSFILE_CRL, TLSFILE_FAULT, "its issuer %s is not in "
		    "\"tls ca\"", name);
	return (-1);
}

/* ---- CAs -------------------------------------------------------------- */

/* What keeps the peers of a CA from being trusted. */
struct obstacle {
	enum tlsfile	 file;		/* where it is */
	bool		 alone;		/* a fault whatever other CAs do */
	char		 text[TLSFILES_TEXT];
};

/* Of the CRLs of the CA one has to be in its time. */
static bool
crl_obstacle(struct check *c, X509 *ca, const char *name, struct obstacle *o)
{
	X509_CRL	*crl, *old = NULL, *early = NULL;
	char		 when[TLSFILES_TIME];
	int		 i;

	for (i = 0; i < sk_X509_CRL_num(c->crls); i++) {
		crl = sk_X509_CRL_value(c->crls, i);
		if (!has_issuer_name(crl, ca) || !has_signed(ca, crl))
			continue;
		if (!is_past(X509_CRL_get0_lastUpdate(crl), c->now))
			early = crl;
		else if (X509_CRL_get0_nextUpdate(crl) != NULL &&
		    is_past(X509_CRL_get0_nextUpdate(crl), c->now))
			old = crl;
		else
			return (false);
	}
	o->file = TLSFILE_CRL;
	o->alone = old != NULL || early != NULL;
	if (old != NULL)
		snprintf(o->text, sizeof(o->text), "the CRL of CA %s has "
		    "expired on %s: no %s of it %s", name,
		    time_text(X509_CRL_get0_nextUpdate(old), when),
		    c->side->peer, c->side->lost);
	else if (early != NULL)
		snprintf(o->text, sizeof(o->text), "the CRL of CA %s is not "
		    "valid before %s: no %s of it %s", name,
		    time_text(X509_CRL_get0_lastUpdate(early), when),
		    c->side->peer, c->side->lost);
	else
		snprintf(o->text, sizeof(o->text), "no CRL of CA %s: no %s "
		    "of it %s", name, c->side->peer, c->side->lost);
	return (true);
}

static bool
is_crl_error(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
	case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
		return (true);
	}
	return (false);
}

/* The way from the CA to a trusted end, as it is gone for its peers. */
static bool
path_obstacle(struct check *c, X509 *ca, const char *name, struct obstacle *o)
{
	X509_STORE_CTX	*ctx;
	int		 error = X509_V_ERR_OUT_OF_MEM;

	if ((ctx = X509_STORE_CTX_new()) != NULL &&
	    X509_STORE_CTX_init(ctx, c->store, ca, NULL) == 1) {
		X509_STORE_CTX_set_time(ctx, 0, c->now);
		if (X509_verify_cert(ctx) == 1)
			error = X509_V_OK;
		else
			error = X509_STORE_CTX_get_error(ctx);
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	o->file = is_crl_error(error) ? TLSFILE_CRL : TLSFILE_CA;
	o->alone = false;
	snprintf(o->text, sizeof(o->text), "CA %s: %s: no %s of it %s", name,
	    X509_verify_cert_error_string(error), c->side->peer,
	    c->side->lost);
	return (error != X509_V_OK);
}

static bool
has_obstacle(struct check *c, X509 *ca, struct obstacle *o)
{
	char	 name[NAME_SIZE];

	name_text(X509_get_subject_name(ca), name);
	return ((c->crls != NULL && crl_obstacle(c, ca, name, o)) ||
	    path_obstacle(c, ca, name, o));
}

static int
make_store(struct check *c)
{
	int	 i;

	if ((c->store = X509_STORE_new()) == NULL)
		return (-1);
	for (i = 0; i < sk_X509_num(c->cas); i++)
		if (X509_STORE_add_cert(c->store,
		    sk_X509_value(c->cas, i)) != 1)
			return (-1);
	for (i = 0; i < sk_X509_CRL_num(c->crls); i++)
		if (X509_STORE_add_crl(c->store,
		    sk_X509_CRL_value(c->crls, i)) != 1)
			return (-1);
	/* As libtls does. */
	if (c->crls != NULL)
		X509_STORE_set_flags(c->store, X509_V_FLAG_CRL_CHECK |
		    X509_V_FLAG_CRL_CHECK_ALL);
	return (0);
}

/* One CA with peers that are trusted is enough. */
static void
check_cas(struct check *c)
{
	struct obstacle	 o;
	X509		*ca;
	bool		 usable = false;
	int		 i, ncas = 0;

	for (i = 0; i < sk_X509_num(c->cas); i++) {
		ca = sk_X509_value(c->cas, i);
		ncas += is_ca(ca);
		usable = usable || (is_ca(ca) && !has_obstacle(c, ca, &o));
	}
	if (ncas == 0)
		tell(c, TLSFILE_CA, TLSFILE_FAULT, "holds no certificate of a "
		    "CA (basicConstraints)");
	for (i = 0; i < sk_X509_num(c->cas); i++) {
		ca = sk_X509_value(c->cas, i);
		if (is_ca(ca) && has_obstacle(c, ca, &o))
			tell(c, o.file, usable && !o.alone ? TLSFILE_WARNING :
			    TLSFILE_FAULT, "%s", o.text);
	}
}

static void
check_peers(struct check *c)
{
	int	 i, r = 0;

	if (make_store(c) == -1) {
		out_of_memory(c, TLSFILE_CA);
		return;
	}
	for (i = 0; i < sk_X509_CRL_num(c->crls); i++)
		if (check_crl(c, sk_X509_CRL_value(c->crls, i)) == -1)
			r = -1;
	/* What is wrong with a CRL would be told of each CA again. */
	if (r == 0)
		check_cas(c);
}

static int64_t
unix_time(const ASN1_TIME *when)
{
	struct tm	 tm;

	if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1)
		return (0);
	return ((int64_t)timegm(&tm));
}

static void
note_first(int64_t *first, int64_t when)
{
	if (when != 0 && (*first == 0 || when < *first))
		*first = when;
}

static void
note_times(const struct check *c, struct tlsctx_times *times)
{
	int	 i;

	memset(times, 0, sizeof(*times));
	if (c->chain != NULL)
		times->certificate = unix_time(X509_get0_notAfter(
		    sk_X509_value(c->chain, 0)));
	for (i = 0; i < sk_X509_num(c->cas); i++)
		note_first(&times->ca, unix_time(X509_get0_notAfter(
		    sk_X509_value(c->cas, i))));
	for (i = 0; i < sk_X509_CRL_num(c->crls); i++)
		note_first(&times->crl, unix_time(X509_CRL_get0_nextUpdate(
		    sk_X509_CRL_value(c->crls, i))));
}

int
tlscheck(const struct tlscheck_text texts[TLSFILE_COUNT],
    enum tlsfiles_role role, char not_after[TLSFILES_TIME],
    struct tlsctx_times *times, tlsfiles_cb *cb, void *arg)
{
	struct check	 c;

	memset(&c, 0, sizeof(c));
	c.role = role;
	c.side = &sides[role];
	c.now = time(NULL);
	c.cb = cb;
	c.arg = arg;
	not_after[0] = '\0';
	read_all(&c, texts);
	note_times(&c, times);
	check_own(&c, not_after);
	if (c.cas != NULL &&
	    (c.crls != NULL || texts[TLSFILE_CRL].data == NULL))
		check_peers(&c);
	sk_X509_pop_free(c.chain, X509_free);
	sk_X509_pop_free(c.cas, X509_free);
	sk_X509_CRL_pop_free(c.crls, X509_CRL_free);
	EVP_PKEY_free(c.key);
	X509_STORE_free(c.store);
	ERR_clear_error();
	return (c.failed ? -1 : 0);
}
